# SPDX-License-Identifier: MIT
"""Signals whose default action ends a process: none of them ends the server."""

import os
import resource
import signal

import pytest

from support.raw_http import OCTETS, multipart, path_of
from support.waiting import wait_until

MIB = 1 << 20

MEANINGLESS = [
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGVTALRM,
    signal.SIGPROF,
    signal.SIGPOLL,
    signal.SIGPWR,
    signal.SIGSTKFLT,
    signal.SIGPIPE,
    signal.SIGXFSZ,
]


def disposition_bits(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        return int(next(line.split()[1] for line in status if line.startswith(field + ":")), 16)


def test_signals_that_mean_nothing_are_ignored(new_server, connected):
    server = new_server()
    client = connected(server)
    location = client.create(9)
    ignored = disposition_bits(server.pid, "SigIgn")
    for number in MEANINGLESS:
        assert ignored >> (number - 1) & 1, number
        os.kill(server.pid, number)
    assert client.piece(location, 0, b"abcdefghi", 9).status == 200
    assert server.running


def test_reader_of_the_log_may_go_away(new_server, connected):
    server = new_server(start=False)
    reader, server.stderr = os.pipe()
    server.start()
    os.close(server.stderr)
    client = connected(server)
    location = client.create(9)
    os.close(reader)
    assert client.piece(location, 0, b"abcde", 9).status == 204
    assert client.piece(location, 5, b"fghi", 9).status == 200
    assert client.get("/healthz").status == 200
    assert server.running
    client.close()
    assert server.terminate() == 0


def test_hangup_reads_again_and_ends_nothing(new_server, connected):
    server = new_server()
    os.kill(server.pid, signal.SIGHUP)
    assert connected(server).get("/healthz").status == 200
    assert server.running


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_second_wish_to_end_is_obeyed_at_once(new_server, connected, signal_number):
    server = new_server(toml='[server]\ndrain = "1h"\n')
    client = connected(server)
    location = path_of(client.create(9))
    running = connected(server).connection
    fields = [("Content-Type", OCTETS), ("Content-Length", "9"), ("Expect", "100-continue")]
    running.send_head("PUT", location, fields)
    assert running.read_response().status == 100
    server.signal(signal_number)
    wait_until(lambda: "draining" in server.log(), "the server to drain")
    server.signal(signal_number)
    assert server.wait(20) == -signal_number


@pytest.fixture
def limited(new_server):
    """A server that may write files of 4 MiB at the most."""
    server = new_server(toml='[delivery]\nretry_first = "10ms"\n')
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (4 * MIB, resource.RLIM_INFINITY))
    return server


def assert_no_room(response):
    assert response.status == 507, response
    assert response.json()["error"] == "InsufficientStorage"


@pytest.mark.parametrize("piece_bytes", [64 * 1024, 6 * MIB])
def test_limit_of_a_files_size_is_the_matter_of_one_upload(limited, connected, noise, piece_bytes):
    client, other = connected(limited), connected(limited)
    data, small = noise(6 * MIB), noise(100_000)
    beside = other.create(len(small))
    assert other.piece(beside, 0, small[:5], len(small)).status == 204

    location = client.create(len(data))
    at, response = 0, None
    while at < len(data) and (response is None or response.status == 204):
        response = client.piece(location, at, data[at : at + piece_bytes], len(data))
        at += piece_bytes
    assert_no_room(response)
    assert client.stored(location, len(data)) <= 4 * MIB

    assert other.piece(beside, 5, small[5:], len(small)).status == 200
    assert other.whole(other.create(9), b"abcdefghi").status == 200
    resource.prlimit(limited.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    held = client.stored(location, len(data))
    assert client.piece(location, held, data[held:], len(data)).status == 200


def test_limit_of_a_files_size_for_a_file_without_a_session(limited, connected, noise):
    data = noise(6 * MIB)
    form = [("Content-Type", "multipart/form-data; boundary=b")]
    response = connected(limited).request("POST", "/videos.json", form, multipart("b", ("file", "a.mp4", data)))
    assert_no_room(response)
    other = connected(limited)
    assert other.whole(other.create(9), b"abcdefghi").status == 200
