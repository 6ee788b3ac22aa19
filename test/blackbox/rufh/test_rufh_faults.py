# SPDX-License-Identifier: MIT
"""The IETF draft over bad networks and through the server's death: what was told stays, nothing is a false success."""

import random
import threading

import pytest

from support.raw_http import Client, Connection, path_of
from support.rufh import Rufh, completeness, offset_in, version_field
from support.scripted_backend import ScriptedBackend, after, answer
from support.waiting import wait_until

SIZE = 3 * 1024 * 1024


def settings(backend, more=""):
    return f'[backend]\nurl = "{backend.url()}"\n[delivery]\nretry_first = "10ms"\n{more}'


def begin(connection, version, size, is_complete=True):
    """Sends the head of a creation; returns the location that 104 names."""
    fields = [version_field(version), completeness(version, is_complete), ("Content-Length", str(size))]
    connection.send_head("POST", "/files", fields)
    informed = connection.read_response()
    assert informed.status == 104, informed
    return informed.header("Location")


def stored(server, video_path, response):
    with open(video_path(server, response.json()), "rb") as file:
        return file.read()


@pytest.mark.parametrize("version", [3, 6, 10])
def test_cut_at_random_bytes(server, client, video_path, noise, version):
    data = noise(SIZE)
    rufh = Rufh(client, version)
    dice = random.Random(version)
    location = None
    offset = sent = 0
    while offset < SIZE - 1:
        count = min(dice.randrange(1, SIZE // 3), SIZE - 1 - offset)
        with Connection(server.address) as cut:
            if location is None:
                location = begin(cut, version, SIZE)
            else:
                fields = [*rufh.part_fields(offset, True), ("Content-Length", str(SIZE - offset))]
                cut.send_head("PATCH", path_of(location), fields)
            cut.send(data[offset : offset + count])
            if dice.random() < 0.5:
                cut.abort()
        # Bytes of an earlier connection may still have been on their way.
        sent = max(sent, offset + count)
        told = rufh.offset(location)
        assert offset <= told <= sent
        offset = told
    response = rufh.patch(location, offset, data[offset:], True)
    assert rufh.told(response) == (200, SIZE, True)
    assert stored(server, video_path, response) == data


# R16
def test_the_offset_that_is_told_is_the_next_one(server, client, noise):
    data = noise(SIZE)
    rufh = Rufh(client)
    with Connection(server.address) as older:
        location = begin(older, 10, SIZE)
        older.send(data[: SIZE // 2])
        wait_until(lambda: rufh.client.get(path_of(location)).json()["received"] == SIZE // 2, "half of the file")
        assert rufh.offset(location) == SIZE // 2
        response = older.read_final()
        assert response.status == 503 and response.header("Upload-Complete") == "?0"
        assert rufh.told(rufh.patch(location, SIZE // 2, data[SIZE // 2 :], True)) == (200, SIZE, True)


def test_killed_in_the_middle(new_server, connected, noise, video_path):
    data = noise(SIZE)
    server = new_server()
    with Connection(server.address) as cut:
        location = begin(cut, 10, SIZE)
        cut.send(data[: SIZE // 3])
        told = Rufh(connected(server)).offset(location)
        server.kill()
    server.start()
    rufh = Rufh(connected(server))
    offset = rufh.offset(location)
    assert offset >= told
    response = rufh.patch(location, offset, data[offset:], True)
    assert rufh.told(response) == (200, SIZE, True)
    assert stored(server, video_path, response) == data


@pytest.mark.parametrize("size", [SIZE, None])
def test_killed_ten_times(new_server, connected, noise, video_path, size):
    data = noise(SIZE)
    server = new_server()
    rufh = Rufh(connected(server))
    location = rufh.create(size)
    chunk = SIZE // 10
    for turn in range(10):
        offset = rufh.offset(location)
        assert offset == turn * chunk
        response = rufh.patch(location, offset, data[offset : offset + chunk], False)
        assert rufh.told(response) == (204, offset + chunk, False)
        server.restart()
        rufh = Rufh(connected(server))
    offset = rufh.offset(location)
    response = rufh.patch(location, offset, data[offset:], True)
    assert rufh.told(response) == (200, SIZE, True)
    server.restart()
    rufh = Rufh(connected(server))
    assert rufh.told(rufh.head(location)) == (204, SIZE, True)
    assert stored(server, video_path, rufh.patch(location, SIZE, b"", True)) == data


@pytest.mark.parametrize("version", [3, 6, 10])
@pytest.mark.parametrize("sent", [b"i", b""])
def test_the_final_answer_is_lost(new_server, connected, version, sent):
    with ScriptedBackend(answer(body=b'{"id":"once"}')) as backend:
        server = new_server(toml=settings(backend))
        rufh = Rufh(connected(server), version)
        with Connection(server.address) as lost:
            location = begin(lost, version, 9)
            lost.send(b"abcdefghi")
        wait_until(lambda: rufh.offset(location) == 9, "the whole offset")
        response = rufh.patch(location, 9 - len(sent), sent, True)
        assert rufh.told(response) == (200, 9, True)
        assert response.json() == {"id": "once"}
        assert len(backend.requests) == 1


@pytest.mark.parametrize("version", [3, 6, 10])
def test_no_success_before_the_backend_has_answered(new_server, connected, version):
    answers = threading.Event()
    with ScriptedBackend(after(answers, answer())) as backend:
        server = new_server(toml=settings(backend, 'wait = "200ms"\n'))
        rufh = Rufh(connected(server), version)
        response = rufh.post(b"abcdefghi", True)
        location = response.header("Location")
        assert rufh.told(response) == (503, 8, False) and response.header("Retry-After")
        assert rufh.told(rufh.head(location)) == (204, 8, False)
        server.restart()
        rufh = Rufh(connected(server), version)
        assert rufh.told(rufh.head(location)) == (204, 8, False)
        assert rufh.told(rufh.patch(location, 8, b"i", True)) == (503, 8, False)
        answers.set()
        wait_until(lambda: rufh.offset(location) == 9, "the whole offset")
        assert rufh.told(rufh.patch(location, 8, b"i", True)) == (200, 9, True)


def test_the_answer_of_a_refusal_is_final(new_server, connected):
    words = [("Content-Type", "text/plain"), ("Location", "https://elsewhere.example/1")]
    with ScriptedBackend(answer(422, b"not this one", words)) as backend:
        server = new_server(toml=settings(backend))
        rufh = Rufh(connected(server))
        response = rufh.post(b"abcdefghi", True)
        location = rufh.interims[0].header("Location")
        for _ in range(2):
            assert rufh.told(response) == (422, None, True)
            assert response.body == b"not this one"
            assert response.header("Location") == "https://elsewhere.example/1"
            assert rufh.told(rufh.head(location)) == (204, 8, False)
            server.restart()
            rufh = Rufh(connected(server))
            response = rufh.patch(location, 8, b"i", True)
        assert len(backend.requests) == 1


def test_two_senders_at_once(server, noise):
    """Each of two clients goes on where the server says; every byte comes from one of them."""
    data = noise(SIZE)
    with Client(server.address) as first:
        location = Rufh(first).create(SIZE)

    def send():
        with Client(server.address) as client:
            rufh = Rufh(client)
            while (offset := rufh.offset(location)) < SIZE:
                piece = data[offset : offset + 300_000]
                response = rufh.patch(location, offset, piece, offset + len(piece) == SIZE)
                assert response.status in (200, 204, 409, 503), response

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
        assert not sender.is_alive()
    with Client(server.address) as client:
        response = Rufh(client).patch(location, SIZE, b"", True)
        assert response.json()["file_size"] == SIZE and offset_in(response) == SIZE
