# SPDX-License-Identifier: MIT
"""Bounds and deadlines that one client cannot stretch: connections, requests, uploads, slow bodies, slow readers."""

import contextlib
import json
import os
import re
import sqlite3

import pytest

from support.raw_http import OCTETS, Client, Connection, address_beyond_loopback, path_of
from support.waiting import wait_until

RAW = ("Content-Type", OCTETS)
FORM = ("Content-Type", "application/x-www-form-urlencoded")
TARGET = "/videos/upload.json"
GOOD = b"file_size=9&file_name=clip.mp4"


def open_connections(client):
    page = client.get("/metrics").body.decode()
    return int(re.search(r"^sluice_connections_open (\d+)$", page, re.M).group(1))


def begin_upload(client, connection):
    """A request that the server works on until its last byte is sent."""
    location = client.create(9)
    fields = [RAW, ("Content-Range", "bytes 0-8/9"), ("Content-Length", "9"), ("Expect", "100-continue")]
    connection.send_head("PUT", path_of(location), fields)
    assert connection.read_response().status == 100
    connection.send(b"abcdefgh")


def test_connections_beyond_the_bound_are_closed_while_all_are_at_work(new_server, connected):
    server = new_server(toml="[limits]\nconnections = 4\n")
    client = connected(server)
    with contextlib.ExitStack() as stack:
        busy = [stack.enter_context(Connection(server.address)) for _ in range(3)]
        for connection in busy:
            begin_upload(client, connection)
        busy.append(client.connection)
        begin_upload(client, client.connection)
        with Connection(server.address) as beyond:
            beyond.expect_close()
        for connection in busy:
            connection.send(b"i")
            assert connection.read_final().status == 200
        with Connection(server.address) as welcome:
            assert welcome.request("GET", "/healthz").status == 200


def test_the_longest_idle_connection_goes_for_a_new_one(new_server, connected):
    # One event loop: a connection is idle before the next one's request is read.
    server = new_server(toml="[server]\nworkers = 1\n[limits]\nconnections = 4\n")
    client = connected(server)
    with contextlib.ExitStack() as stack:
        busy, first, second = (stack.enter_context(Connection(server.address)) for _ in range(3))
        begin_upload(client, busy)
        for connection in (first, second):
            assert connection.request("GET", "/healthz").status == 200
        # The connection of `client` has been idle since its session, `first` since its answer.
        for oldest in (client.connection, first):
            newest = stack.enter_context(Connection(server.address))
            assert newest.request("GET", "/healthz").status == 200
            oldest.expect_close()
        assert second.request("GET", "/healthz").status == 200
        busy.send(b"i")
        assert busy.read_final().status == 200


def test_connections_that_say_nothing_shut_nobody_out(new_server, connected):
    server = new_server(toml="[limits]\nconnections = 8\n")
    with contextlib.ExitStack() as stack:
        for number in range(50):
            silent = stack.enter_context(Connection(server.address))
            silent.send(b"GET / HTTP/1.1\r\nX-Half" if number % 2 else b"")
            with Connection(server.address) as client:
                assert client.request("GET", "/healthz").status == 200


def test_loopback_does_not_count_for_its_address(new_server):
    server = new_server(toml="[limits]\nconnections_per_address = 1\n")
    with Connection(server.address) as first, Connection(server.address) as second:
        assert first.request("GET", "/healthz").status == 200
        assert second.request("GET", "/healthz").status == 200


def test_connections_of_one_address_are_bounded(new_server):
    host = address_beyond_loopback()
    if host is None:
        pytest.skip("this machine has no address beside loopback")
    server = new_server("--open", toml="[limits]\nconnections_per_address = 2\n", listen="0.0.0.0:0")
    address = (host, server.port)
    with Client(server.address) as client, contextlib.ExitStack() as stack:
        first, second = (stack.enter_context(Connection(address)) for _ in range(2))
        begin_upload(client, second)
        assert first.request("GET", "/healthz").status == 200
        third = stack.enter_context(Connection(address))
        begin_upload(client, third)
        first.expect_close()
        with Connection(address) as beyond:
            beyond.expect_close()
        for connection in (second, third):
            connection.send(b"i")
            assert connection.read_final().status == 200


def test_last_request_of_a_connection_says_close(new_server, connected):
    server = new_server(toml="[limits]\nrequests_per_connection = 3\n")
    client = connected(server)
    location = client.create(9)
    connection = client.connection
    assert not connection.request("PUT", path_of(location), [RAW, ("Content-Range", "bytes 0-3/9")], b"abcd").closes
    last = connection.request("PUT", path_of(location), [RAW, ("Content-Range", "bytes 4-5/9")], b"ef")
    assert last.status == 204 and last.closes
    connection.expect_close()
    client.close()
    assert client.stored(location, 9) == 6


def test_uploads_beyond_the_bound_are_refused_until_one_ends(new_server, connected):
    server = new_server(toml="[limits]\nuploads = 2\n")
    client = connected(server)
    first, second = client.create(9), client.create(9)

    def create():
        return client.request("POST", TARGET, [FORM], GOOD)

    def assert_refused():
        refused = create()
        assert refused.status == 503, refused
        assert refused.json()["error"] == "Overloaded" and "2 unfinished uploads" in refused.json()["message"]
        assert int(refused.header("Retry-After")) > 0

    assert_refused()
    assert client.piece(first, 0, b"abc", 9).status == 204
    assert_refused()
    assert client.piece(first, 3, b"defghi", 9).status == 200
    assert create().status == 201
    assert_refused()
    assert client.delete(second).status == 200
    assert client.delete(second).status == 200
    assert create().status == 201
    assert_refused()
    client.close()
    server.restart()
    client = connected(server)
    assert client.request("POST", TARGET, [FORM], GOOD).status == 503


# Their sum is 10, reckoned in 64 bits.
SUM_THAT_WRAPS_AROUND = (
    b'{"file_size":9007199254740992,"file_name":"a.mp4","multi_chunk":true,'
    b'"extra_files":[{"tag":"a","file_name":"a","file_size":18437736874454810634}]}'
)


def test_sizes_whose_sum_wraps_around_are_refused(new_server, connected):
    server = new_server()
    client = connected(server)
    for _ in range(2):
        refused = client.request("POST", TARGET, [("Content-Type", "application/json")], SUM_THAT_WRAPS_AROUND)
        assert refused.status == 413, refused
        assert refused.json()["error"] == "FileSizeLimitExceeded"
    assert client.get("/readyz").status == 200
    client.close()
    assert server.terminate() == 0, server.log()[-8000:]
    with contextlib.closing(sqlite3.connect(f"{server.data_dir}/journal.sqlite")) as journal:
        assert journal.execute("SELECT count(*) FROM uploads").fetchone() == (0,)


def test_sessions_that_are_opened_and_given_up_leave_a_small_journal(new_server, connected):
    server = new_server(toml='[data]\ndurability = "none"\n')
    client = connected(server)
    body = GOOD + b"&payload=" + b"x" * 20_000
    for _ in range(1200):
        session = client.request("POST", TARGET, [FORM], body)
        assert session.status == 201, session
        assert client.request("DELETE", path_of(session.json()["location"])).status == 200
    client.close()
    assert server.terminate() == 0
    journal = os.path.join(server.data_dir, "journal.sqlite")
    with contextlib.closing(sqlite3.connect(journal)) as database:
        rows, texts = database.execute(
            "SELECT count(*), sum(length(parameters) + length(origin) + length(file_name)) FROM uploads"
        ).fetchone()
    assert rows <= 1000
    assert texts == rows * len("{}{}")
    assert os.path.getsize(journal) < 4 << 20


PACE = '[timeouts]\nprogress_window = "400ms"\nprogress_bytes = "1MiB"\n'


def test_dribbled_body_ends_and_its_bytes_are_kept(new_server, connected):
    server = new_server(toml=PACE)
    client = connected(server)
    location = client.create(1000)
    with Connection(server.address) as slow:
        fields = [RAW, ("Content-Range", "bytes 0-999/1000"), ("Content-Length", "1000")]
        slow.send_head("PUT", path_of(location), fields)
        slow.socket.settimeout(0.02)  # The pace of the dribble.
        sent = 0
        while sent < 1000:
            slow.send(b"x")
            sent += 1
            try:
                if slow._fill():
                    break
            except TimeoutError:
                continue
        slow.socket.settimeout(60)
        response = slow.read_final()
        assert response.status == 408, response
        assert response.json()["error"] == "RequestTimeout" and "too slow" in response.json()["message"]
        assert response.closes
    stored = client.stored(location, 1000)
    assert 0 < stored <= sent < 1000
    rest = client.piece(location, stored, b"y" * (1000 - stored), 1000)
    assert rest.status == 200, rest


def test_slow_body_that_keeps_the_pace_goes_on(new_server, connected):
    """The body takes more than one window, and each brings enough bytes."""
    server = new_server(toml='[timeouts]\nprogress_window = "50ms"\nprogress_bytes = "1"\nbody = "30s"\n')
    client = connected(server)
    location = client.create(100)
    with Connection(server.address) as steady:
        fields = [RAW, ("Content-Range", "bytes 0-99/100"), ("Content-Length", "100")]
        steady.send_head("PUT", path_of(location), fields)
        for _ in range(100):
            steady.send(b"x")
        assert steady.read_final().status == 200


def pipeline_of(target, host, count):
    return b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, host.encode()) * count


@pytest.mark.parametrize("reads", [False, True])
def test_slow_readers_are_cut(new_server, connected, reads):
    """A client that reads no byte of an answer, or one now and then, holds the connection for a bounded time."""
    server = new_server(toml=PACE + 'write = "%s"\n' % ("1m" if reads else "300ms"))
    client = connected(server)
    assert open_connections(client) == 1
    name = "x" * 16000
    for _ in range(8):
        location = client.create(1, name)
        assert client.whole(location, b"v").status == 200
    with Connection(server.address, receive_buffer=4096) as greedy:
        greedy.socket.setblocking(False)
        pipeline = pipeline_of(b"/videos.json", greedy.host, 400)
        with contextlib.suppress(BlockingIOError):
            while pipeline:
                pipeline = pipeline[greedy.socket.send(pipeline) :]
        wait_until(lambda: open_connections(client) == 2, "the connection")

        def is_cut():
            if reads:
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    greedy.socket.recv(1)
            return open_connections(client) == 1

        wait_until(is_cut, "the end of the connection")
    wait_until(lambda: any(not r["answered"] for r in server.logged("request")), "the line of the request")
    unanswered = [r for r in server.logged("request") if not r["answered"]]
    assert len(unanswered) == 1 and unanswered[0]["route"] == "videos", unanswered


def test_json_depth_and_size_are_bounded(new_server, connected):
    client = connected(new_server())
    field = ("Content-Type", "application/json")

    def answer(body):
        return client.request("POST", TARGET, [field], body).status

    def nested(depth):
        return b'{"file_size":9,"file_name":"a","payload":' + b"[" * depth + b"]" * depth + b"}"

    def padded(size):
        body = json.dumps({"file_size": 9, "file_name": "a", "payload": ""}).encode()
        return body[:-2] + b"x" * (size - len(body)) + b'"}'

    assert answer(nested(15)) == 201 and answer(nested(16)) == 400
    assert answer(padded(64 * 1024)) == 201 and answer(padded(64 * 1024 + 1)) == 413
