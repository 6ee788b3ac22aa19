# SPDX-License-Identifier: MIT
"""Starts and ends the real server as a child process."""

import ctypes
import json
import os
import re
import selectors
import signal
import subprocess
import time

from support.waiting import wait_until

LISTENING = re.compile(r"listening on (?:(?P<scheme>https?)://(?P<host>.+):(?P<port>\d+)|unix:(?P<path>/.+))\n")

# Sanitizer builds start slowly on a loaded machine.
START_SECONDS = 60.0
STOP_SECONDS = 60.0

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """For preexec_fn: the child is killed when the thread that started it ends."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class ServerFailed(Exception):
    """The server did not come up, or printed another line than that it listens."""


def sluice_binary():
    return os.environ["SLUICE_BINARY"]


def environment(extra=None):
    """This process's environment without the name of the binary, which is no setting of the server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
    return {**kept, **(extra or {})}


class SluiceServer:
    """One data directory and the server process that runs on it.

    start() and kill() or terminate() may be called any number of times; the standard error of all
    runs goes to one log file.
    """

    def __init__(self, data_dir, args=(), env=None, binary=None, listen="127.0.0.1:0"):
        self.data_dir = str(data_dir)
        self.args = [str(arg) for arg in args]
        self.env = dict(env or {})
        self.binary = binary or sluice_binary()
        self.listen = listen
        self.log_path = self.data_dir.rstrip("/") + ".log"
        self.stderr = None  # A descriptor for the standard error, instead of the log file.
        self.host = "127.0.0.1"
        self.port = 0
        self.tls_port = 0
        self.socket_path = None  # Of the Unix socket that it listens on.
        self.stdout_text = ""
        self._process = None
        self._end_is_expected = True

    def __enter__(self):
        return self.start()

    def __exit__(self, *unused):
        self.kill()

    @property
    def command(self):
        return [self.binary, "serve", "--listen", self.listen, "--data", self.data_dir, *self.args]

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    @property
    def address(self):
        """The address that a Client connects to."""
        return self.socket_path or (self.host, self.port)

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    def start(self):
        """Returns when the server says that it listens; raises ServerFailed with its log otherwise."""
        assert not self.running, "the server already runs"
        with open(self.log_path, "ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log if self.stderr is None else self.stderr,
                env=environment(self.env),
                preexec_fn=die_with_parent,
            )
        self._end_is_expected = False
        line = self._first_line(time.monotonic() + START_SECONDS)
        # One line for each listener, written at once; that of admin.listen is up to the test.
        lines = [one for one in line.splitlines(keepends=True) if not one.startswith("pages on ")]
        matches = [LISTENING.fullmatch(one) for one in lines]
        if not matches or not all(matches):
            self._end_is_expected = True
            self.kill()
            raise ServerFailed(f"expected the listening line, got {line!r}; log:\n{self.log()[-4000:]}")
        for match in matches:
            if match["path"]:
                self.socket_path = match["path"]
            elif match["scheme"] == "https":
                self.tls_port = int(match["port"])
            else:
                self.host, self.port = match["host"], int(match["port"])
        self.stdout_text = line
        return self

    def _first_line(self, deadline):
        stream = self._process.stdout
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    break
                piece = os.read(stream.fileno(), 4096)
                if not piece:
                    break
                line += piece
        return line.decode("utf-8", "replace")

    def _collect(self):
        rest = self._process.stdout.read()
        self._process.stdout.close()
        self.stdout_text += rest.decode("utf-8", "replace")

    def signal(self, number):
        """Sends a signal that is to end the server."""
        self._end_is_expected = True
        self._process.send_signal(number)

    def wait(self, timeout=STOP_SECONDS):
        code = self._process.wait(timeout)
        if not self._process.stdout.closed:
            self._collect()
        return code

    def kill(self):
        """SIGKILL; returns when the process is gone. Raises ServerFailed if it had died by itself before."""
        if self._process is None:
            return
        died = self._process.poll() is not None and not self._end_is_expected
        self._end_is_expected = True
        if self._process.returncode is None:
            self._process.kill()
        code = self.wait()
        if died:
            raise ServerFailed(f"the server died by itself with exit code {code}; log:\n{self.log()[-8000:]}")

    def terminate(self, timeout=STOP_SECONDS):
        """SIGTERM; returns the exit code."""
        self._end_is_expected = True
        self._process.terminate()
        return self.wait(timeout)

    def restart(self):
        self.kill()
        return self.start()

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def log_records(self):
        """The JSON lines of the log; a line that is no JSON object fails the caller."""
        records = []
        for line in self.log().splitlines():
            record = json.loads(line)
            assert isinstance(record, dict), line
            records.append(record)
        return records

    def logged(self, event, count=1):
        """The records of the event, once there are `count` of them: the server writes its log on another thread."""

        def found():
            return [record for record in self.log_records() if record["event"] == event]

        wait_until(lambda: len(found()) >= count, f"{count} lines of {event!r}")
        return found()

    def memory_kib(self, field="VmHWM"):
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        raise KeyError(field)

    def pipes(self):
        """How many pipes the process has open."""
        links = set()
        for name in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                links.add(os.readlink(f"/proc/{self.pid}/fd/{name}"))
            except FileNotFoundError:
                pass  # Closed meanwhile.
        return sum(link.startswith("pipe:") for link in links)


def run_sluice(*args, env=None, timeout=60.0, binary=None, cwd=None):
    """Runs the binary to its end; returns CompletedProcess with text output."""
    return subprocess.run(
        [binary or sluice_binary(), *map(str, args)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd=cwd,
        env=environment(env),
        preexec_fn=die_with_parent,
    )
