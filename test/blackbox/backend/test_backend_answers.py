# SPDX-License-Identifier: MIT
"""Backends that are slow, broken or die, clients that go away, and the answer that stays the same."""

import threading

import pytest

from support.raw_http import OCTETS, Client, Connection, path_of
from support.scripted_backend import ScriptedBackend, after, answer, in_pieces, raw
from support.waiting import wait_until

QUICK = '[delivery]\nwait = "20s"\nretry_first = "20ms"\nretry_max = "50ms"\n'
IMPATIENT = '[delivery]\nwait = "50ms"\nretry_first = "20ms"\nretry_max = "50ms"\n'
GOOD = b'{"id":"v1","status":"processing"}'


@pytest.fixture
def serve(new_server):
    def start(backend, delivery=QUICK, settings=""):
        return new_server(toml=f'[backend]\nurl = "{backend.url()}"\n{settings}\n{delivery}')

    return start


def answer_of(client, location, size):
    """The answer that a client gets at last by repeating its request."""
    return wait_until(lambda: (found := client.status(location, size)).status != 204 and found, "no answer")


@pytest.mark.parametrize("step", [
    answer(body=GOOD),
    in_pieces(answer(body=GOOD)),
    answer(body=GOOD, framing="chunked"),
    answer(body=GOOD, framing="close"),
], ids=["whole", "in pieces", "chunked", "without a length"])
def test_a_whole_answer_is_the_clients_answer(serve, connected, step):
    with ScriptedBackend(step) as backend:
        client = connected(serve(backend))
        location = client.create(3)
        response = client.whole(location, b"abc")
        assert (response.status, response.body) == (200, GOOD)
        assert client.status(location, 3).body == GOOD
        assert client.piece(location, 2, b"c", 3).body == GOOD
    assert len(backend.requests) == 1


@pytest.mark.parametrize("step", [
    answer(500, b"broken"),
    raw(b""),
    raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
    raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":"),
    raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"id\""),
    raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
    raw(b"220 mail.example ESMTP\r\n"),
    answer(302, b"", [("Location", "http://127.0.0.1:1/")]),
], ids=["500", "dies after it acted", "within the head", "within the body", "within a chunk", "two lengths",
        "another protocol", "redirect"])
def test_what_is_no_answer_is_tried_again_with_the_same_key(serve, connected, step):
    with ScriptedBackend(step, step, answer(body=GOOD)) as backend:
        server = serve(backend)
        response = connected(server).whole(connected(server).create(3), b"abc")
        assert (response.status, response.body) == (200, GOOD)
    assert len(backend.requests) == 3 and len(backend.keys) == 1
    assert [request.headers["x-sluice-attempt"] for request in backend.requests] == ["1", "2", "3"]


def test_a_refusal_is_final(serve, connected):
    with ScriptedBackend(answer(422, b'{"error":"Bitrate"}')) as backend:
        server = serve(backend)
        client = connected(server)
        location = client.create(3)
        assert client.whole(location, b"abc").status == 422
        server.restart()
        again = connected(server).piece(location, 2, b"c", 3)
        assert (again.status, again.body) == (422, b'{"error":"Bitrate"}')
    assert len(backend.requests) == 1


def test_nobody_sees_success_while_the_backend_thinks(serve, connected):
    may_answer = threading.Event()
    with ScriptedBackend(after(may_answer, answer(body=GOOD))) as backend:
        server = serve(backend, IMPATIENT)
        client = connected(server)
        location = client.create(3)
        pending = client.whole(location, b"abc")
        assert pending.status == 503 and pending.header("Retry-After")
        backend.wait_for(1)
        assert client.stored(location, 3) == 2  # The last byte is withheld.
        assert client.piece(location, 2, b"c", 3).status == 503
        may_answer.set()
        assert answer_of(client, location, 3).body == GOOD
    assert len(backend.requests) == 1


def test_two_clients_finish_the_same_upload(serve, connected):
    may_answer = threading.Event()
    with ScriptedBackend(after(may_answer, answer(body=GOOD))) as backend:
        server = serve(backend)
        location = connected(server).create(3)
        responses = []
        threads = []
        for _ in range(2):
            client = connected(server)
            threads.append(threading.Thread(target=lambda c=client: responses.append(c.whole(location, b"abc"))))
            threads[-1].start()
        backend.wait_for(1)
        may_answer.set()
        for thread in threads:
            thread.join(60)
        final = [answer_of(connected(server), location, 3), *(r for r in responses if r.status == 200)]
        assert len(final) >= 2 and {response.body for response in final} == {GOOD}
        assert {response.status for response in responses} <= {200, 503}
    assert len(backend.requests) == 1


def test_the_client_is_gone_before_the_answer(serve, connected):
    may_answer = threading.Event()
    with ScriptedBackend(after(may_answer, answer(body=GOOD))) as backend:
        server = serve(backend)
        client = connected(server)
        location = client.create(3)
        leaving = Connection((server.host, server.port))
        leaving.request("PUT", path_of(location), [("Content-Type", OCTETS)], b"abc", read=False)
        backend.wait_for(1)
        leaving.abort()
        may_answer.set()
        assert answer_of(client, location, 3).body == GOOD
    assert len(backend.requests) == 1


def test_a_restart_between_every_two_steps(serve):
    """The backend acts, and its answer is lost with the process; the next process asks with the same key."""
    may_answer = threading.Event()
    with ScriptedBackend(after(may_answer, answer(body=GOOD)), answer(503, b""), answer(body=GOOD)) as backend:
        server = serve(backend, IMPATIENT)

        def ask(*call):
            with Client((server.host, server.port)) as client:
                return getattr(client, call[0])(*call[1:])

        location = path_of(ask("create", 6))
        server.restart()
        assert ask("piece", location, 0, b"abc", 6).status == 204
        server.restart()
        assert ask("piece", location, 3, b"def", 6).status == 503
        backend.wait_for(1)
        server.restart()
        may_answer.set()
        backend.wait_for(2)
        server.restart()
        with Client((server.host, server.port)) as client:
            assert answer_of(client, location, 6).body == GOOD
        server.restart()
        assert ask("piece", location, 5, b"f", 6).body == GOOD
        assert ask("status", location, 6).body == GOOD
    assert len(backend.keys) == 1
    assert all(request.body == b"abcdef" for request in backend.requests)


def test_the_browser_uploader_ends_with_the_same_json(serve, connected):
    """Status query, pieces, the 200 lost, status query, the last byte again."""
    fields = [("Cache-Control", "no-cache"), ("X-Requested-With", "XMLHttpRequest"), ("Content-Type", OCTETS)]
    data = bytes(range(256)) * 8
    may_answer = threading.Event()
    with ScriptedBackend(after(may_answer, answer(body=GOOD))) as backend:
        server = serve(backend, IMPATIENT)
        client = connected(server)
        target = path_of(client.create(len(data)))

        def put(content_range, body=b""):
            return client.request("PUT", target, [*fields, ("Content-Range", f"bytes {content_range}")], body)

        assert put("*/2048").status == 204
        assert put("0-1023/2048", data[:1024]).header("Range") == "0-1023"
        with Connection((server.host, server.port)) as losing:
            losing.request("PUT", target, [*fields, ("Content-Range", "bytes 1024-2047/2048")], data[1024:], read=False)
            backend.wait_for(1)
        waiting = put("*/2048")
        assert (waiting.status, waiting.header("Range")) == (204, "0-2046")
        may_answer.set()
        last = wait_until(lambda: (r := put("2047-2047/2048", data[2047:])).status != 503 and r, "no answer")
        assert (last.status, last.body) == (200, GOOD)
        assert put("*/2048").body == GOOD
    assert len(backend.requests) == 1


def test_an_attempt_has_an_end(serve, connected):
    never = threading.Event()
    with ScriptedBackend(after(never, answer()), answer(body=GOOD)) as backend:
        server = serve(backend, settings='timeout = "300ms"')
        client = connected(server)
        assert client.whole(client.create(3), b"abc").body == GOOD
        never.set()
    assert len(backend.keys) == 1


def test_the_end_of_the_server_cuts_a_hand_off_and_the_next_one_repeats_it(serve, connected):
    never = threading.Event()
    with ScriptedBackend(after(never, answer()), answer(body=GOOD)) as backend:
        server = serve(backend, IMPATIENT)
        location = path_of(connected(server).create(3))
        assert connected(server).whole(location, b"abc").status == 503
        backend.wait_for(1)
        assert server.terminate() == 0, server.log()
        server.start()
        assert answer_of(connected(server), location, 3).body == GOOD
        never.set()
    assert len(backend.requests) == 2 and len(backend.keys) == 1


def test_an_answer_of_ten_megabytes(serve, connected, noise):
    body = noise(10_000_000)
    with ScriptedBackend(answer(body=body, headers=[("Content-Type", "application/x")])) as backend:
        server = serve(backend)
        client = connected(server)
        location = path_of(client.create(3))
        assert client.whole(location, b"abc").body == body
        server.restart()
        assert connected(server).status(location, 3).body == body
    assert len(backend.requests) == 1


@pytest.mark.parametrize("media_type, told", [
    ("application/json", "application/json"),
    ("application/problem+json; charset=utf-8", "application/problem+json; charset=utf-8"),
    ("text/html", "text/plain; charset=utf-8"),
    ("image/svg+xml", "text/plain; charset=utf-8"),
    ("Text/JavaScript; charset=utf-8", "text/plain; charset=utf-8"),
])
def test_no_page_of_the_backend_runs_on_the_origin_of_uploads(serve, connected, media_type, told):
    with ScriptedBackend(answer(body=GOOD, headers=[("Content-Type", media_type)])) as backend:
        client = connected(serve(backend))
        location = client.create(3)
        for response in (client.whole(location, b"abc"), client.status(location, 3)):
            assert (response.status, response.body) == (200, GOOD)
            assert response.header("Content-Type") == told
            assert response.header("X-Content-Type-Options") == "nosniff"
