# SPDX-License-Identifier: MIT
"""HTTP/1.1 connections: keep-alive, pipelining, Expect, chunked bodies, errors between requests."""

import pytest

from support.raw_http import OCTETS, Connection, chunked, path_of

CREATE = b"file_size=9&file_name=clip.mp4"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
RAW = ("Content-Type", OCTETS)


def assert_alive(connection):
    """The next request on the connection is read from its first byte on."""
    response = connection.request("GET", "/healthz")
    assert response.status == 200, response


def test_keep_alive(connect):
    connection = connect()
    for _ in range(50):
        assert connection.request("POST", "/videos/upload.json", [FORM], CREATE).status == 201
    assert_alive(connection)


def test_connection_close(connect):
    connection = connect()
    response = connection.request("GET", "/healthz", [("Connection", "close")])
    assert response.status == 200 and response.closes
    connection.expect_close()


def test_http_1_0_closes(connect):
    connection = connect()
    connection.send(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
    response = connection.read_final()
    assert response.status == 200
    connection.expect_close()


def test_pipelined_requests_are_answered_in_order(connect, client):
    location = client.create(9)
    target = path_of(location).encode()
    connection = connect()
    host = connection.host.encode()
    stream = b""
    for start, piece in ((0, b"abc"), (3, b"def"), (6, b"ghi")):
        stream += b"PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/octet-stream\r\n" % (target, host)
        stream += b"Content-Range: bytes %d-%d/9\r\nContent-Length: 3\r\n\r\n%s" % (start, start + 2, piece)
    stream += b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, host)
    stream += b"HEAD /healthz HTTP/1.1\r\nHost: %s\r\n\r\n" % host
    stream += b"GET /nothing HTTP/1.1\r\nHost: %s\r\n\r\n" % host
    stream += b"GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n" % host
    connection.send(stream)
    assert connection.read_final().header("Range") == "0-2"
    assert connection.read_final().header("Range") == "0-5"
    assert connection.read_final().status == 200
    assert connection.read_final().json()["file_size"] == 9
    assert connection.read_final("HEAD").status == 200
    assert connection.read_final().status == 404
    assert connection.read_final().status == 200


def test_request_in_single_bytes(connect, client):
    location = client.create(9)
    connection = connect()
    head = Connection.head(
        "PUT",
        path_of(location),
        [("Host", connection.host), RAW, ("Content-Range", "bytes 0-8/9"), ("Content-Length", "9")],
    )
    for byte in head + b"abcdefghi":
        connection.send(bytes([byte]))
    assert connection.read_final().status == 200


def test_empty_lines_before_a_request(connect):
    connection = connect()
    assert_alive(connection)
    connection.send(b"\r\n")
    assert_alive(connection)


@pytest.mark.parametrize("form", ["length", "chunked"])
def test_error_with_a_body_leaves_the_next_request_intact(connect, client, form):
    location = client.create(9)
    client.piece(location, 0, b"abcde", 9)
    # If the body of a refused request were read as a request, this would answer in its place.
    body = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"
    framing = ("Content-Length", str(len(body))) if form == "length" else ("Transfer-Encoding", "chunked")
    sent = body if form == "length" else chunked(body[:5], body[5:])
    connection = connect()
    cases = [
        (409, path_of(location), [RAW, ("Content-Range", "bytes 0-8/9")]),
        (404, path_of(location)[:-1], [RAW, ("Content-Range", "bytes 0-8/9")]),
        (404, "/nothing", [RAW]),
        (400, path_of(location), [RAW, ("Content-Range", "bytes 0-8/10")]),
        (400, path_of(location), [RAW, ("Content-Range", "rubbish")]),
        (415, "/videos/upload.json", [("Content-Type", "text/plain")]),
    ]
    for status, target, fields in cases:
        connection.send_head("POST", target, [*fields, framing])
        connection.send(sent)
        response = connection.read_final()
        assert response.status == status, response
        assert set(response.json()) >= {"error", "message"}
        assert not response.closes
        assert_alive(connection)


def test_gap_with_a_body_leaves_the_next_request_intact(connect, client):
    location = client.create(9)
    connection = connect()
    response = connection.request("PUT", path_of(location), [RAW, ("Content-Range", "bytes 4-8/9")], b"efghi")
    assert response.status == 204
    assert_alive(connection)


def test_expect_continue(connect, client):
    location = client.create(9)
    connection = connect()
    fields = [RAW, ("Content-Range", "bytes 0-8/9"), ("Content-Length", "9"), ("Expect", "100-continue")]
    connection.send_head("PUT", path_of(location), fields)
    interim = connection.read_response()
    assert interim.status == 100 and interim.body == b""
    connection.send(b"abcdefghi")
    assert connection.read_response().status == 200
    assert_alive(connection)


def test_expect_continue_when_the_body_is_already_there(connect, client):
    location = client.create(9)
    connection = connect()
    fields = [RAW, ("Content-Range", "bytes 0-8/9"), ("Content-Length", "9"), ("Expect", "100-Continue")]
    connection.send(Connection.head("PUT", path_of(location), [("Host", connection.host), *fields]) + b"abcdefghi")
    assert connection.read_final().status == 200
    assert_alive(connection)


@pytest.mark.parametrize(
    "status, fields",
    [
        (404, [RAW, ("Content-Range", "bytes 0-8/9")]),
        (400, [RAW, ("Content-Range", "bytes 0-8/10")]),
        (400, [RAW, ("Content-Range", "rubbish")]),
        (400, [RAW]),
        (415, [("Content-Type", "text/plain")]),
    ],
    ids=["unknown", "other_total", "malformed_range", "other_size", "media_type"],
)
def test_refusal_comes_before_the_100(connect, client, status, fields):
    location = client.create(9)
    target = path_of(location)[:-1] if status == 404 else path_of(location)
    connection = connect()
    length = "8" if len(fields) == 1 else "9"
    connection.send_head("POST", target, [*fields, ("Content-Length", length), ("Expect", "100-continue")])
    response = connection.read_response()
    assert response.status == status, response


def test_refused_session_comes_before_the_100(connect):
    connection = connect()
    fields = [("Content-Type", "text/plain"), ("Content-Length", "9"), ("Expect", "100-continue")]
    connection.send_head("POST", "/videos/upload.json", fields)
    assert connection.read_response().status == 415


def test_unknown_expectation(connect, client):
    connection = connect()
    fields = [RAW, ("Content-Length", "9"), ("Expect", "200-maybe")]
    connection.send_head("PUT", path_of(client.create(9)), fields)
    response = connection.read_response()
    assert response.status == 417, response
    assert response.json()["error"] == "ExpectationFailed"


def test_huge_unwanted_body_ends_the_connection(connect, client):
    connection = connect()
    fields = [RAW, ("Content-Range", "bytes 0-8/9"), ("Content-Length", str(10**12))]
    connection.send_head("PUT", path_of(client.create(9))[:-1], fields)
    response = connection.read_response()
    assert response.status == 404
    assert response.closes


def test_every_answer_carries_a_request_id(connect):
    connection = connect()
    seen = {connection.request("GET", "/healthz").header("X-Request-Id") for _ in range(3)}
    seen.add(connection.request("GET", "/nothing").header("X-Request-Id"))
    assert None not in seen and len(seen) == 4


def test_chunk_extensions_and_trailers_are_dropped(connect, client):
    location = client.create(9)
    connection = connect()
    connection.send_head("PUT", path_of(location), [RAW, ("Transfer-Encoding", "chunked")])
    connection.send(b'5;name=value;other="x"\r\nabcde\r\n4\r\nfghi\r\n0\r\nContent-Range: bytes 0-4/10\r\nX: y\r\n\r\n')
    assert connection.read_final().status == 200
    assert_alive(connection)


def test_peer_that_says_nothing_costs_nobody_else(connect):
    quiet = [connect() for _ in range(50)]
    half = connect()
    half.send(b"GET /healthz HTTP/1.1\r\nHo")
    assert_alive(connect())
    half.send(b"st: localhost\r\n\r\n")
    assert half.read_final().status == 200
    assert_alive(quiet[0])


def test_head_that_never_ends_is_given_up(new_server, connected):
    server = new_server(toml='[timeouts]\nhead = "200ms"\n')
    connection = connected(server).connection
    connection.send(b"GET /healthz HTTP/1.1\r\nHo")
    response = connection.read_final()
    assert response.status == 408, response
    connection.expect_close()


def test_idle_connection_is_closed(new_server, connected):
    server = new_server(toml='[timeouts]\nidle = "200ms"\n')
    connection = connected(server).connection
    assert_alive(connection)
    connection.expect_close()


def test_stalled_body_is_given_up_and_its_bytes_are_kept(new_server, connected):
    server = new_server(toml='[timeouts]\nbody = "300ms"\n')
    client = connected(server)
    location = client.create(9)
    stalled = connected(server).connection
    stalled.send_head("PUT", path_of(location), [RAW, ("Content-Range", "bytes 0-8/9"), ("Content-Length", "9")])
    stalled.send(b"abcd")
    response = stalled.read_final()
    assert response.status == 408, response
    assert client.stored(location, 9) == 4
