# SPDX-License-Identifier: MIT
"""The requests of clients on phones, which no test can run: method, headers, order, quirks are theirs."""

import pytest

from support.raw_http import Connection, chunked, path_of
from support.rufh import Rufh
from support.tus import CHUNK, VERSION, Tus, metadata, offset_in
from support.waiting import wait_until

SIZE = 900_000
PART = SIZE // 3


def stored(server, video_path, video):
    with open(video_path(server, video), "rb") as file:
        return file.read()


@pytest.fixture
def data(noise):
    return noise(SIZE)


def break_off(server, client, location, method, fields, body):
    """Sends a request that breaks off when the server has PART bytes of the file."""
    with Connection(server.address) as connection:
        connection.send_head(method, path_of(location), fields)
        connection.send(body)
        wait_until(lambda: client.get(path_of(location)).json()["received"] == PART, "the bytes")


def test_tuskit(server, client, video_path, data):
    """One PATCH of the file; after a break a HEAD, of which it needs both numbers, and a PATCH of the rest."""
    tus = Tus(client)
    location = tus.create(SIZE, metadata(filename="holiday.mp4"), ("Upload-Extension", "creation"))
    fields = [VERSION, CHUNK, ("Upload-Offset", "0"), ("Content-Length", str(SIZE))]
    break_off(server, client, location, "PATCH", fields, data[:PART])
    told = tus.head(location)
    assert (told.status, offset_in(told), told.header("Upload-Length")) == (200, PART, str(SIZE))
    end = tus.patch(location, PART, data[PART:])
    assert (end.status, offset_in(end)) == (204, SIZE)
    answer = tus.answer(location)
    assert answer.status == 200 and stored(server, video_path, answer.json()) == data


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_tus_android_client(server, client, video_path, data, method):
    """A chunked PATCH, or a POST that says so, which asks before it sends; the offset has to be what it has counted."""
    tus = Tus(client)
    location = tus.create(SIZE, metadata(filename="holiday.mp4"))
    override = [("X-HTTP-Method-Override", "PATCH")] if method == "POST" else []
    fields = [VERSION, CHUNK, *override, ("Transfer-Encoding", "chunked")]
    without_end = chunked(data[:PART]).removesuffix(chunked())
    break_off(server, client, location, method, [*fields, ("Upload-Offset", "0")], without_end)
    assert tus.offset(location) == PART
    with Connection(server.address) as connection:
        fields += [("Upload-Offset", str(PART)), ("Expect", "100-continue")]
        connection.send_head(method, path_of(location), fields)
        assert connection.read_response().status == 100
        connection.send(chunked(*(data[begin : begin + 262_144] for begin in range(PART, SIZE, 262_144))))
        end = connection.read_final()
    assert (end.status, offset_in(end)) == (204, SIZE)
    assert stored(server, video_path, tus.answer(location).json()) == data


@pytest.mark.parametrize("version", [6, 8])
def test_urlsession(server, client, video_path, data, version):
    """The whole file in one POST, of which 104 tells the location; after a break HEAD, and PATCH of the rest."""
    rufh = Rufh(client, version)
    with Connection(server.address) as connection:
        fields = [("Upload-Draft-Interop-Version", str(version)), ("Upload-Complete", "?1"), ("Content-Type", "video/mp4"),
                  ("Content-Length", str(SIZE))]
        connection.send_head("POST", "/files?file_name=holiday.mp4", fields)
        informed = connection.read_response()
        assert informed.status == 104
        location = informed.header("Location")
        connection.send(data[:PART])
        wait_until(lambda: client.get(path_of(location)).json()["received"] == PART, "the bytes")
    assert rufh.told(rufh.head(location)) == (204, PART, False)
    end = rufh.patch(location, PART, data[PART:], True)
    assert rufh.told(end) == (200, SIZE, True)
    assert end.json()["original_filename"] == "holiday.mp4" and stored(server, video_path, end.json()) == data
