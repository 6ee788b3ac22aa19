# SPDX-License-Identifier: MIT
"""Sessions with 308, as the SDKs of Google's services and ngx-uploadx speak them."""

import json

import pytest

from support.raw_http import Client, Connection, path_of
from support.waiting import wait_until

CHUNK = 262_144
JSON = ("Content-Type", "application/json; charset=UTF-8")


@pytest.fixture
def server(new_server):
    return new_server(toml='dialects.enabled = "panda, range308"\n')


@pytest.fixture
def client(server):
    with Client(server.address) as connected:
        yield connected


def create(client, size, name="clip.mp4"):
    fields = [JSON, ("X-Upload-Content-Length", str(size)), ("X-Upload-Content-Type", "video/mp4")]
    response = client.request("POST", "/files?uploadType=resumable", fields, json.dumps({"name": name}).encode())
    assert (response.status, response.body) == (200, b""), response
    return path_of(response.header("Location"))


def put(client, target, begin, data, total):
    fields = [("Content-Range", f"bytes {begin}-{begin + len(data) - 1}/{total}")]
    return client.request("PUT", target, fields, data)


def ask(client, target, total="*"):
    return client.request("PUT", target, [("Content-Range", f"bytes */{total}")])


def stored(response):
    """As an SDK reads it: the number of bytes that it need not send again."""
    assert response.status == 308, response
    value = response.header("Range")
    return int(value.removeprefix("bytes=0-")) + 1 if value else 0


def content_of(server, video_path, response):
    assert response.status == 200, response
    with open(video_path(server, response.json()), "rb") as file:
        return file.read()


def test_sdk_uploads_in_chunks(client, server, video_path, noise):
    data = noise(2 * CHUNK + 1000)
    target = create(client, len(data))
    offset = stored(ask(client, target, len(data)))
    assert offset == 0
    while True:
        response = put(client, target, offset, data[offset : offset + CHUNK], len(data))
        if response.status != 308:
            break
        offset = stored(response)
    assert content_of(server, video_path, response) == data
    assert response.json()["original_filename"] == "clip.mp4"


def test_a_broken_chunk_goes_on_where_it_broke_off(client, server, video_path, noise):
    data = noise(2 * CHUNK)
    target = create(client, len(data))
    with Connection(server.address) as cut:
        fields = [("Content-Range", f"bytes 0-{len(data) - 1}/{len(data)}"), ("Content-Length", str(len(data)))]
        cut.send_head("PUT", target, fields)
        cut.send(data[:100_000])
        wait_until(lambda: stored(ask(client, target, len(data))) == 100_000, "the broken chunk is stored")
    offset = stored(ask(client, target, len(data)))
    assert offset == 100_000
    assert content_of(server, video_path, put(client, target, offset, data[offset:], len(data))) == data


def test_the_answer_is_the_same_after_a_restart(client, server, noise):
    data = noise(1000)
    target = create(client, len(data))
    first = put(client, target, 0, data, len(data))
    assert first.status == 200
    client.close()
    server.restart()
    with Client(server.address) as after:
        assert after.get(target).json()["answer"]["body"] == first.json()
        assert ask(after, target, len(data)).body == first.body
        assert put(after, target, 999, data[999:], len(data)).body == first.body


def test_state_cancel_and_what_comes_after(client):
    target = create(client, 9)
    assert put(client, target, 0, b"abc", 9).status == 308
    assert client.get(target).json()["received"] == 3
    assert client.delete(target).status == 204
    assert ask(client, target).status == 410


def test_off_unless_enabled(new_server):
    for enabled, status in (("panda", 405), ("panda, tus", 412)):
        with Client(new_server(toml=f'[dialects]\nenabled = "{enabled}"\n').address) as client:
            fields = [JSON, ("X-Upload-Content-Length", "9")]
            assert client.request("POST", "/files?uploadType=resumable", fields, b"{}").status == status
