# SPDX-License-Identifier: MIT
"""tus over bad networks and through the server's death: what was acknowledged stays, nothing is a false success."""

import random
import threading

import pytest

from support.raw_http import Client, Connection, path_of
from support.scripted_backend import ScriptedBackend, after, answer
from support.tus import CHUNK, VERSION, Tus, offset_in
from support.waiting import wait_until

SIZE = 3 * 1024 * 1024


def settings(backend, more=""):
    return f'[backend]\nurl = "{backend.url()}"\n[delivery]\nretry_first = "10ms"\n{more}'


def wait_for_offset(tus, location, offset):
    wait_until(lambda: tus.offset(location) == offset, f"offset {offset}")


def test_cut_at_random_bytes(server, client, video_path, noise):
    data = noise(SIZE)
    tus = Tus(client)
    dice = random.Random(7)
    location = tus.create(SIZE)
    offset = sent = 0
    while offset < SIZE - 1:
        count = min(dice.randrange(1, SIZE // 3), SIZE - 1 - offset)
        with Connection(server.address) as cut:
            length = ("Content-Length", str(SIZE - offset))
            cut.send_head("PATCH", path_of(location), [VERSION, CHUNK, ("Upload-Offset", str(offset)), length])
            cut.send(data[offset : offset + count])
            if dice.random() < 0.5:
                cut.abort()
        # Bytes of an earlier connection may still have been on their way.
        sent = max(sent, offset + count)
        told = tus.offset(location)
        assert offset <= told <= sent
        offset = told
    assert offset_in(tus.patch(location, offset, data[offset:])) == SIZE
    with open(video_path(server, tus.answer(location).json()), "rb") as file:
        assert file.read() == data


def test_a_stalled_sender_is_told_of_and_taken_over(server, client, noise):
    data = noise(SIZE)
    tus = Tus(client)
    location = tus.create(SIZE)
    with Connection(server.address) as stalled:
        fields = [VERSION, CHUNK, ("Upload-Offset", "0"), ("Content-Length", str(SIZE))]
        stalled.send_head("PATCH", path_of(location), fields)
        stalled.send(data[: SIZE // 2])
        wait_for_offset(tus, location, SIZE // 2)
        response = tus.patch(location, SIZE // 2, data[SIZE // 2 :])
        assert (response.status, offset_in(response)) == (204, SIZE)


def test_killed_in_the_middle_of_a_chunk(new_server, connected, noise, video_path):
    data = noise(SIZE)
    server = new_server()
    tus = Tus(connected(server))
    location = tus.create(SIZE)
    acknowledged = offset_in(tus.patch(location, 0, data[: SIZE // 3]))
    with Connection(server.address) as cut:
        fields = [VERSION, CHUNK, ("Upload-Offset", str(acknowledged)), ("Content-Length", str(SIZE - acknowledged))]
        cut.send_head("PATCH", path_of(location), fields)
        cut.send(data[acknowledged : acknowledged + SIZE // 3])
        told = tus.offset(location)
        server.kill()
    server.start()
    tus = Tus(connected(server))
    offset = tus.offset(location)
    assert offset >= max(acknowledged, told)
    assert offset_in(tus.patch(location, offset, data[offset:])) == SIZE
    with open(video_path(server, tus.answer(location).json()), "rb") as file:
        assert file.read() == data


def test_killed_ten_times(new_server, connected, noise, video_path):
    data = noise(SIZE)
    server = new_server()
    tus = Tus(connected(server))
    location = tus.create(SIZE)
    chunk = SIZE // 10
    for turn in range(10):
        offset = tus.offset(location)
        assert offset == turn * chunk
        assert offset_in(tus.patch(location, offset, data[offset : offset + chunk])) == offset + chunk
        server.restart()
        tus = Tus(connected(server))
    offset = tus.offset(location)
    assert offset_in(tus.patch(location, offset, data[offset:])) == SIZE
    server.restart()
    tus = Tus(connected(server))
    assert tus.offset(location) == SIZE
    with open(video_path(server, tus.answer(location).json()), "rb") as file:
        assert file.read() == data


@pytest.mark.parametrize("sent", [b"i", b""])
def test_the_final_answer_is_lost(new_server, connected, sent):
    with ScriptedBackend(answer(body=b'{"id":"once"}')) as backend:
        server = new_server(toml=settings(backend))
        tus = Tus(connected(server))
        location = tus.create(9)
        with Connection(server.address) as lost:
            fields = [VERSION, CHUNK, ("Upload-Offset", "0"), ("Content-Length", "9")]
            lost.send_head("PATCH", path_of(location), fields)
            lost.send(b"abcdefghi")
        wait_until(lambda: tus.offset(location) == 9, "the whole offset")
        assert offset_in(tus.patch(location, 9 - len(sent), sent)) == 9
        assert tus.answer(location).json() == {"id": "once"}
        assert len(backend.requests) == 1


def test_no_whole_offset_before_the_backend_has_answered(new_server, connected):
    answers = threading.Event()
    with ScriptedBackend(after(answers, answer())) as backend:
        server = new_server(toml=settings(backend, 'wait = "200ms"\n'))
        tus = Tus(connected(server))
        location = tus.create(9)
        response = tus.patch(location, 0, b"abcdefghi")
        assert response.status == 503 and offset_in(response) is None and response.header("Retry-After")
        assert tus.offset(location) == 8
        server.restart()
        tus = Tus(connected(server))
        assert tus.offset(location) == 8
        assert tus.patch(location, 8, b"i").status == 503
        answers.set()
        wait_until(lambda: tus.offset(location) == 9, "the whole offset")
        assert offset_in(tus.patch(location, 8, b"i")) == 9


def test_the_patch_waits_for_the_backend(new_server, connected):
    answers = threading.Event()
    with ScriptedBackend(after(answers, answer())) as backend:
        server = new_server(toml=settings(backend))
        tus = Tus(connected(server))
        location = tus.create(9)
        threading.Timer(0.5, answers.set).start()
        response = tus.patch(location, 0, b"abcdefghi")
        assert (response.status, offset_in(response)) == (204, 9)


def test_the_backend_refuses_the_file(new_server, connected):
    with ScriptedBackend(answer(422, b"not this one", [("Content-Type", "text/plain")])) as backend:
        server = new_server(toml=settings(backend))
        tus = Tus(connected(server))
        location = tus.create(9)
        for _ in range(2):
            response = tus.patch(location, tus.offset(location), b"abcdefghi"[tus.offset(location) :])
            assert response.status == 422 and response.body == b"not this one"
            assert response.header("Tus-Resumable") == "1.0.0" and offset_in(response) is None
            assert tus.offset(location) == 8
            server.restart()
            tus = Tus(connected(server))
        assert len(backend.requests) == 1


def test_killed_while_a_file_is_made_of_partial_uploads(new_server, connected, noise, video_path):
    data = noise(48 * 1024 * 1024)
    half = len(data) // 2 + 1
    server = new_server()
    tus = Tus(connected(server))
    partials = [tus.create(half, ("Upload-Concat", "partial")), tus.create(len(data) - half, ("Upload-Concat", "partial"))]
    tus.patch(partials[0], 0, data[:half])
    tus.patch(partials[1], 0, data[half:])
    concat = ("Upload-Concat", "final;" + " ".join(path_of(url) for url in partials))
    dice = random.Random(3)
    for _ in range(3):
        with Connection(server.address) as cut:
            cut.send_head("POST", "/files", [VERSION, concat, ("Content-Length", "0")])
            threading.Event().wait(dice.random() * 0.05)
            server.restart()
    tus = Tus(connected(server))
    response = tus.post(concat)
    assert (response.status, offset_in(response)) == (201, len(data))
    location = response.header("Location")
    assert tus.post(concat).header("Location").endswith(path_of(location))
    with open(video_path(server, tus.answer(location).json()), "rb") as file:
        assert file.read() == data
    assert connected(server).get("/videos.json?include_root=true").json()["total"] == 1


def test_a_file_of_partial_uploads_needs_no_request_to_be_made(new_server, connected, noise):
    """The request that asks for it breaks off, and the server is killed."""
    data = noise(8 * 1024 * 1024)
    server = new_server()
    tus = Tus(connected(server))
    partial = tus.create(len(data), ("Upload-Concat", "partial"))
    tus.patch(partial, 0, data)
    with Connection(server.address) as cut:
        cut.send_head("POST", "/files", [VERSION, ("Upload-Concat", f"final;{partial}"), ("Content-Length", "0")])
        wait_until(lambda: len(server.logged("upload created")) == 2, "the upload")
    server.restart()
    client = connected(server)
    wait_until(lambda: client.get("/videos.json?include_root=true").json()["total"] == 1, "the video")
    (video,) = client.get("/videos.json").json()
    assert video["file_size"] == len(data)


def test_two_senders_at_once(server, noise):
    """Each of two clients goes on where the server says; every byte comes from one of them."""
    data = noise(SIZE)
    with Client(server.address) as first:
        location = Tus(first).create(SIZE)

    def send():
        with Client(server.address) as client:
            tus = Tus(client)
            while (offset := tus.offset(location)) < SIZE:
                response = tus.patch(location, offset, data[offset : offset + 100_000])
                assert response.status in (204, 409, 503), response

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
        assert not sender.is_alive()
    with Client(server.address) as client:
        assert Tus(client).offset(location) == SIZE
        assert Tus(client).answer(location).json()["file_size"] == SIZE
