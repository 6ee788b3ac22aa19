# SPDX-License-Identifier: MIT
"""What a supervisor like systemd hears of the server, and the sockets that it passes to it."""

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from support.sluice_server import die_with_parent, environment, sluice_binary

# Puts the descriptors of its first argument in their place, as a supervisor does between fork and exec.
PASS_SOCKETS = """
import fcntl, os, sys
passed = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 100) for number in sys.argv[1].split(",") if number]
for place, descriptor in enumerate(passed, 3):
    os.dup2(descriptor, place)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


class Supervisor:
    """Starts the server as a supervisor does."""

    def __init__(self, folder):
        self.folder = folder
        self.told = []
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.process = None

    def start(self, *args, sockets=(), names="", env=None, binary=None):
        given = {"NOTIFY_SOCKET": self.path, **(env or {})}
        if sockets:
            given |= {"LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": names}
        numbers = [one.fileno() for one in sockets]
        self.process = subprocess.Popen(
            [sys.executable, "-c", PASS_SOCKETS, ",".join(map(str, numbers)), binary or sluice_binary(), "serve",
             "--data", str(self.folder / "data"), *args],
            env=environment(given), pass_fds=numbers, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=die_with_parent)

    def hears(self, variable, seconds=60):
        """Waits for a datagram with a line that begins so, and returns the line."""
        deadline = time.monotonic() + seconds
        while True:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            datagram = self.socket.recv(4096).decode()
            self.told.append(datagram)
            for line in datagram.splitlines():
                if line.startswith(variable):
                    return line

    def end(self):
        if self.process is None:
            return "", ""
        if self.process.poll() is None:
            self.process.kill()
        out, err = self.process.communicate(timeout=60)
        return out.decode(), err.decode()


@pytest.fixture
def supervisor(tmp_path):
    made = Supervisor(tmp_path)
    yield made
    made.end()
    made.socket.close()


def listening():
    passed = socket.socket()
    passed.bind(("127.0.0.1", 0))
    passed.listen()
    return passed


def test_hears_of_the_servers_life(supervisor):
    supervisor.start("--listen", "127.0.0.1:0", env={"WATCHDOG_USEC": "200000"})
    assert supervisor.hears("STATUS=").startswith("STATUS=ready; uploads under way: 0")
    supervisor.hears("WATCHDOG=1")
    if not any("READY=1" in datagram for datagram in supervisor.told):
        supervisor.hears("READY=1")
    supervisor.hears("WATCHDOG=1")
    supervisor.process.send_signal(signal.SIGHUP)
    supervisor.hears("RELOADING=1")
    supervisor.hears("READY=1")
    supervisor.process.send_signal(signal.SIGTERM)
    supervisor.hears("STOPPING=1")
    assert supervisor.process.wait(60) == 0


def test_hears_why_the_server_is_not_ready(supervisor):
    supervisor.start("--listen", "127.0.0.1:0", env={"SLUICE_DATA_LOW_WATER": "1000TiB"})
    assert "bytes of disk are free" in supervisor.hears("STATUS=not ready: ")


def test_a_passed_socket_takes_the_place_of_the_address(supervisor):
    with listening() as passed:
        supervisor.start(sockets=[passed], names="http")
        supervisor.hears("READY=1")
        port = passed.getsockname()[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60) as answer:
            assert answer.status == 200
    out, _ = supervisor.end()
    assert out.splitlines()[0] == f"listening on http://127.0.0.1:{port}"


def refusal_of(supervisor, *args, **kwargs):
    supervisor.start(*args, **kwargs)
    assert supervisor.process.wait(60) != 0
    return supervisor.end()[1]


def test_a_socket_without_a_place_is_refused(supervisor):
    with listening() as passed:
        words = refusal_of(supervisor, sockets=[passed], names="sluice.socket")
    assert 'a socket named "sluice.socket" was passed, expected http or https' in words


def test_a_socket_for_tls_needs_its_settings(supervisor):
    with listening() as passed:
        words = refusal_of(supervisor, "--listen", "127.0.0.1:0", sockets=[passed], names="https")
    assert 'a socket named "https" was passed, but' in words


def test_a_passed_socket_that_others_reach_needs_credentials(supervisor):
    with socket.socket() as passed:
        passed.bind(("0.0.0.0", 0))
        passed.listen()
        words = refusal_of(supervisor, sockets=[passed], names="http")
    assert "which other machines reach, and there are no credentials" in words


def test_without_the_probe_the_server_starts_and_says_so(supervisor):
    alone = supervisor.folder / "sluice"
    shutil.copy2(sluice_binary(), alone)
    supervisor.start("--listen", "127.0.0.1:0", binary=str(alone))
    supervisor.hears("READY=1")
    supervisor.process.send_signal(signal.SIGTERM)
    supervisor.process.wait(60)
    assert "sluice-probe is not installed" in supervisor.end()[1]
