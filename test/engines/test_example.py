# SPDX-License-Identifier: MIT
"""examples/cluster/run, for a short time: nothing is lost, and nothing is left running."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from support import ceph, postgres
from support.sluice_server import die_with_parent, environment, sluice_binary
from support.waiting import wait_until

RUN = Path(__file__).parents[2] / "examples" / "cluster" / "run"
sys.path.append(str(RUN.parent))

from witness import Tally, Upload  # noqa: E402  (the path above comes first)


@pytest.fixture
def place():
    """Everything of the example is below it. Its path is short, for sockets, and open to PostgreSQL's user."""
    missing = [*ceph.missing_programs(), *postgres.missing_programs(),
               *(program for program in ("haproxy", "node") if not shutil.which(program))]
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"not installed: {', '.join(missing)}")
    assert not missing
    folder = Path(tempfile.mkdtemp(prefix="example-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def start(place, *options):
    return subprocess.Popen([RUN, *map(str, options)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, start_new_session=True, preexec_fn=die_with_parent,
                            env=environment({"SLUICE_BINARY": sluice_binary(), "TMPDIR": str(place)}))


def processes_below(place):
    """Those that work in the folder, or were told of it when they were started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if str(place).encode() in told or str(place) in os.readlink(process / "cwd"):
                found.append(process.name)
        except OSError:
            pass  # It has ended, or is the kernel's.
    return found


def expect_nothing_left(place):
    wait_until(lambda: not processes_below(place), lambda: f"these still run: {processes_below(place)}")
    assert list(place.iterdir()) == []


def test_the_example_loses_nothing(place):
    with start(place, "--seconds", 15, "--clients", 3, "--largest", 6) as example:
        out, _ = example.communicate(timeout=400)
    assert example.returncode == 0, out
    assert "Nothing was lost" in out and "WRONG" not in out
    figures = dict(re.findall(r"^ {3}([a-z ]+?) {2,}([\d,.]+)", out, re.MULTILINE))
    assert int(figures["uploads"]) > 0 and figures["effects"] == figures["uploads"], out
    assert int(figures["nodes killed"]) > 0 and int(figures["nodes frozen"]) > 0, out
    assert figures["lost"] == "0" and figures["objects left"] == "0", out
    assert all(len(line) <= 80 for line in out.splitlines()), out
    expect_nothing_left(place)


def test_the_example_ends_at_once_when_it_is_told_to(place):
    """As Ctrl-C in a terminal does: every program of the example gets the signal."""
    with start(place, "--seconds", 600) as example:
        lines = []
        for line in example.stdout:
            lines.append(line)
            if "SIGKILL" in line:
                break
        os.killpg(example.pid, signal.SIGINT)
        rest = example.stdout.read()
        assert example.wait(60) == 130, "".join(lines) + rest
    expect_nothing_left(place)


class Forgetful(BaseHTTPRequestHandler):
    """Acknowledges one piece, breaks off the next one, and then knows of no byte; at last it takes everything."""

    protocol_version = "HTTP/1.1"
    pieces = 0

    def do_POST(self):
        self._read()
        self._answer(201, b'{"location":"http://127.0.0.1/uploads/x"}')

    def do_PUT(self):
        size = self._read()
        Forgetful.pieces += size > 0
        if Forgetful.pieces == 1:
            self._answer(204, fields={"Range": f"0-{size - 1}"})
        elif size > 0 and Forgetful.pieces == 2:
            self.close_connection = True
        elif size == 0:
            self._answer(204)
        else:
            self._answer(200, b'{"id":"1"}')

    def _read(self):
        size = int(self.headers.get("Content-Length", 0))
        self.rfile.read(size)
        return size

    def _answer(self, status, body=b"", fields=None):
        self.send_response(status)
        for name, value in (fields or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *unused):
        pass


def test_the_witness_notices_bytes_that_are_gone():
    with HTTPServer(("127.0.0.1", 0), Forgetful) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tally = Tally()
        Upload(server.server_address, "file", bytes(3000), 1000, tally, threading.Event()).run()
        server.shutdown()
    assert tally.lost == 1000
    assert tally.problems == ["file: 1000 bytes were acknowledged, now 0 are there"]


def test_the_document_shows_the_balancer_that_the_example_runs():
    config = (RUN.parent / "haproxy.cfg").read_text()
    document = RUN.parents[2] / "docs" / "cluster.md"
    assert f"```\n{config[config.index('defaults'):]}```\n" in document.read_text()
