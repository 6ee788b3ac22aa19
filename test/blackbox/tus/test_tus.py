# SPDX-License-Identifier: MIT
"""tus 1.0.0 byte by byte: versions, offsets, statuses, what is stored."""

import json
from email.utils import parsedate_to_datetime

import pytest

from support.raw_http import chunked, path_of
from support.tus import CHUNK, VERSION, Tus, metadata, offset_in

DATA = b"abcdefghi"


@pytest.fixture
def tus(client):
    return Tus(client)


def stored(server, video_path, tus, location):
    with open(video_path(server, tus.answer(location).json()), "rb") as file:
        return file.read()


def expect(response, status, offset=None):
    assert response.status == status, response
    assert response.header("Tus-Resumable") == "1.0.0"
    assert offset_in(response) == offset, response


# T1
@pytest.mark.parametrize("asked", ["0.2.2", "2.0.0", ""])
def test_another_version_is_refused(client, tus, asked):
    location = tus.create(9)
    for method, target in (("POST", "/files"), ("HEAD", path_of(location)), ("DELETE", path_of(location))):
        response = client.request(method, target, [("Tus-Resumable", asked), ("Upload-Length", "9")])
        assert response.status == 412, response
        assert response.header("Tus-Version") == "1.0.0"
    assert tus.offset(location) == 0


def test_an_upload_of_tus_asks_for_the_version(client, tus):
    location = tus.create(9)
    assert client.request("HEAD", path_of(location)).status == 412
    assert client.request("PATCH", path_of(location), [CHUNK, ("Upload-Offset", "0")], DATA).status == 412
    assert client.request("DELETE", path_of(location)).status == 412
    assert tus.offset(location) == 0


# T2
def test_method_override(client, server, video_path, tus):
    location = tus.create(9)
    fields = [CHUNK, ("Upload-Offset", "0"), ("X-HTTP-Method-Override", "PATCH")]
    expect(tus.request("POST", path_of(location), fields, DATA), 204, 9)
    assert stored(server, video_path, tus, location) == DATA
    location = tus.create(9)
    assert tus.request("POST", path_of(location), [("X-HTTP-Method-Override", "DELETE")]).status == 204
    assert tus.head(location).status == 410


# T3
def test_head(tus):
    location = tus.create(9)
    response = tus.head(location)
    expect(response, 200, 0)
    assert response.header("Upload-Length") == "9"
    assert response.header("Cache-Control") == "no-store"
    expect(tus.patch(location, 0, b"abc"), 204, 3)
    expect(tus.head(location), 200, 3)
    expect(tus.patch(location, 3, b"defghi"), 204, 9)
    response = tus.head(location)
    expect(response, 200, 9)
    assert response.header("Upload-Length") == "9"
    expect(tus.head("/uploads/" + "x" * 43), 404)


# T4
@pytest.mark.parametrize("content_type", [None, "application/octet-stream", "text/plain"])
def test_patch_of_another_type(tus, content_type):
    location = tus.create(9)
    fields = [("Upload-Offset", "0")] + ([("Content-Type", content_type)] if content_type else [])
    expect(tus.request("PATCH", path_of(location), fields, DATA), 415)
    assert tus.offset(location) == 0


@pytest.mark.parametrize("offset", ["", "-1", "1.0", "0x0", "a", "0, 0"])
def test_patch_with_an_offset_that_is_no_number(tus, offset):
    location = tus.create(9)
    expect(tus.patch(location, offset, DATA), 400)
    assert tus.offset(location) == 0


@pytest.mark.parametrize("offset", ["0", "2", "4", "9", "10", "99999999999999999999999"])
def test_patch_at_another_offset(tus, offset):
    location = tus.create(9)
    tus.patch(location, 0, b"abc")
    expect(tus.patch(location, offset, b"x"), 409, 3)
    expect(tus.patch(location, 3, b"defghi"), 204, 9)


def test_bytes_behind_the_file(server, video_path, tus):
    location = tus.create(9)
    expect(tus.patch(location, 0, DATA + b"j"), 413)
    expect(tus.patch(location, 0, DATA), 204, 9)
    expect(tus.patch(location, 9, b"j"), 413)
    expect(tus.patch(location, 9, b""), 204, 9)
    assert stored(server, video_path, tus, location) == DATA


# T5
def test_chunks_of_any_size(server, video_path, tus, noise):
    data = noise(100_000)
    for chunk in (100_000, 33_333, 1_001):
        location = tus.upload(data, chunk, metadata(filename="a.bin"))
        assert stored(server, video_path, tus, location) == data


def test_a_chunked_body(server, video_path, tus):
    location = tus.create(9)
    head = [VERSION, CHUNK, ("Upload-Offset", "0"), ("Transfer-Encoding", "chunked")]
    connection = tus.client.connection
    connection.send_head("PATCH", path_of(location), head)
    connection.send(chunked(b"abcd", b"e"))
    expect(connection.read_final(), 204, 5)
    connection.send_head("PATCH", path_of(location), [*head[:2], ("Upload-Offset", "5"), head[3]])
    connection.send(chunked(b"fghi"))
    expect(connection.read_final(), 204, 9)
    assert stored(server, video_path, tus, location) == DATA


def test_expect_continue(tus):
    location = tus.create(9)
    connection = tus.client.connection
    fields = [VERSION, CHUNK, ("Upload-Offset", "0"), ("Content-Length", "9"), ("Expect", "100-continue")]
    connection.send_head("PATCH", path_of(location), fields)
    assert connection.read_response().status == 100
    connection.send(DATA)
    expect(connection.read_final(), 204, 9)


# T6
@pytest.mark.parametrize("fields", [(), (("Tus-Resumable", "0.1"),), (("Origin", "https://a"),)])
def test_options(client, tus, fields):
    for target in ("/files", "/files/", path_of(tus.create(9))):
        response = client.request("OPTIONS", target, fields)
        assert response.status == 204
        assert response.header("Tus-Version") == "1.0.0"
        assert int(response.header("Tus-Max-Size")) > 0
        extensions = response.header("Tus-Extension").split(",")
        assert {"creation", "creation-with-upload", "expiration", "termination"} <= set(extensions)


# T7
@pytest.mark.parametrize(
    "fields, status",
    [
        ((), 400),
        ((("Upload-Length", "x"),), 400),
        ((("Upload-Length", "-9"),), 400),
        ((("Upload-Length", "9"), ("Upload-Length", "9")), 400),
        ((("Upload-Defer-Length", "0"),), 400),
        ((("Upload-Length", "9"), ("Upload-Defer-Length", "1")), 400),
        ((("Upload-Length", "9007199254740993"),), 413),
        ((("Upload-Length", "9" * 30),), 413),
    ],
)
def test_creation_without_a_size(tus, fields, status):
    expect(tus.post(*fields), status)


def test_an_empty_file_is_complete_at_once(server, video_path, tus):
    location = tus.create(0, metadata(filename="empty.bin"))
    expect(tus.head(location), 200, 0)
    assert stored(server, video_path, tus, location) == b""


# T8
def test_location_is_absolute(server, tus):
    location = tus.create(9)
    assert location.startswith(f"http://{server.host}:{server.port}/uploads/")


def test_the_path_is_a_setting(new_server, connected):
    server = new_server(toml='[dialects]\npath = "/api/tus"\n')
    tus = Tus(connected(server), files="/api/tus/")
    tus.upload(DATA)
    assert Tus(connected(server)).post(("Upload-Length", "9")).status == 404


def test_it_can_be_left_out(new_server, connected):
    server = new_server(toml='[dialects]\nenabled = "panda"\n')
    assert Tus(connected(server)).post(("Upload-Length", "9")).status in (404, 405)


# T9
def test_metadata_is_what_the_backend_hears(tus):
    location = tus.create(9, metadata(filename="päth/a b.mp4", filetype="video/mp4", relativePath="null"))
    tus.patch(location, 0, DATA)
    assert tus.answer(location).json()["original_filename"] == "a b.mp4"


@pytest.mark.parametrize("text", ["filename !", "filename YQ==,filename YQ==", ",", "a b c", "filename YQ"])
def test_metadata_that_cannot_be_read(tus, text):
    expect(tus.post(("Upload-Length", "9"), ("Upload-Metadata", text)), 400)


def test_empty_metadata_is_none(tus):
    expect(tus.post(("Upload-Length", "9"), ("Upload-Metadata", "")), 201, 0)


# T11
def test_creation_with_upload(server, video_path, tus):
    response = tus.post(("Upload-Length", "9"), CHUNK, body=b"abcd")
    expect(response, 201, 4)
    location = response.header("Location")
    expect(tus.patch(location, 4, b"efghi"), 204, 9)
    assert stored(server, video_path, tus, location) == DATA
    response = tus.post(("Upload-Length", "9"), CHUNK, body=DATA)
    expect(response, 201, 9)
    assert stored(server, video_path, tus, response.header("Location")) == DATA


def test_creation_with_bytes_that_are_none(tus):
    expect(tus.post(("Upload-Length", "9"), ("Content-Type", "text/plain"), body=b"abcd"), 415)
    expect(tus.post(("Upload-Length", "3"), CHUNK, body=b"abcd"), 413)


# T12
def test_expiration_is_renewed(tus):
    response = tus.post(("Upload-Length", "9"))
    first = parsedate_to_datetime(response.header("Upload-Expires"))
    location = response.header("Location")
    assert parsedate_to_datetime(tus.head(location).header("Upload-Expires")) == first
    later = parsedate_to_datetime(tus.patch(location, 0, b"abc").header("Upload-Expires"))
    assert later > first


# T16
def test_termination(tus):
    location = tus.create(9)
    tus.patch(location, 0, b"abc")
    expect(tus.delete(location), 204)
    expect(tus.head(location), 410)
    expect(tus.patch(location, 3, b"def"), 410)
    expect(tus.delete("/uploads/" + "x" * 43), 404)


def test_the_answer_of_the_backend(client, tus):
    location = tus.create(9)
    assert tus.answer(location).status == 503
    described = client.get(path_of(location)).json()
    assert described["state"] == "receiving"
    tus.patch(location, 0, DATA)
    response = tus.answer(location)
    assert response.status == 200 and response.header("Sluice-Answer") == "backend"
    assert json.loads(response.body)["file_size"] == 9
    assert client.get(path_of(location)).json()["state"] == "delivered"


def test_one_upload_in_two_dialects(client, server, video_path, tus):
    location = tus.create(9)
    expect(tus.patch(location, 0, b"abc"), 204, 3)
    assert client.piece(location, 3, b"def", 9).header("Range") == "0-5"
    expect(tus.head(location), 200, 6)
    expect(tus.patch(location, 6, b"ghi"), 204, 9)
    assert client.status(location, 9).status == 200
    assert stored(server, video_path, tus, location) == DATA
    location = client.create(9)
    expect(tus.patch(location, 0, DATA), 204, 9)


def test_pages_of_other_origins_read_every_answer(client, tus):
    location = tus.create(9)
    origin = ("Origin", "https://page.example")
    for response in (
        tus.request("HEAD", path_of(location), [origin]),
        tus.patch(location, 5, b"", origin),
        tus.request("PATCH", path_of(location), [origin]),
        tus.request("HEAD", "/uploads/" + "x" * 43, [origin]),
    ):
        assert response.header("Access-Control-Allow-Origin") == "*", response
        assert "Upload-Offset" in response.header("Access-Control-Expose-Headers")
    asked = [origin, ("Access-Control-Request-Method", "PATCH")]
    response = client.request("OPTIONS", path_of(location), asked)
    assert "PATCH" in response.header("Access-Control-Allow-Methods")
    assert "tus-resumable" in response.header("Access-Control-Allow-Headers")
