# SPDX-License-Identifier: MIT
"""tus 1.0.0 byte by byte: versions, offsets, statuses, what is stored."""

import base64
import hashlib
import json
import zlib
from email.utils import parsedate_to_datetime

import pytest

from support.raw_http import Connection, chunked, path_of
from support.tus import CHUNK, VERSION, Tus, expect, metadata

DATA = b"abcdefghi"


@pytest.fixture
def tus(client):
    return Tus(client)


def stored(server, video_path, tus, location):
    with open(video_path(server, tus.answer(location).json()), "rb") as file:
        return file.read()


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


def test_metadata_is_repeated(tus):
    field = metadata(filename="ä" * 2000, more="x" * 8000)
    assert len(field[1]) > 15_000
    location = tus.create(9, field)
    assert tus.head(location).header("Upload-Metadata") == field[1]


@pytest.mark.parametrize("text", ["filename !", "filename YQ==,filename YQ==", ",", "a b c", "filename YQ"])
def test_metadata_that_cannot_be_read(tus, text):
    expect(tus.post(("Upload-Length", "9"), ("Upload-Metadata", text)), 400)


def test_empty_metadata_is_none(tus):
    expect(tus.post(("Upload-Length", "9"), ("Upload-Metadata", "")), 201, 0)


# T10
def test_deferred_length(new_server, connected, noise, video_path):
    data = noise(2_000_000)
    server = new_server()
    tus = Tus(connected(server))
    response = tus.post(("Upload-Defer-Length", "1"), metadata(filename="late.bin"))
    expect(response, 201, 0)
    location = response.header("Location")
    expect(tus.patch(location, 0, data[:1_000_000]), 204, 1_000_000)
    server.restart()
    tus = Tus(connected(server))
    response = tus.head(location)
    expect(response, 200, 1_000_000)
    assert response.header("Upload-Defer-Length") == "1" and response.header("Upload-Length") is None
    length = ("Upload-Length", str(len(data)))
    expect(tus.patch(location, 1_000_000, data[1_000_000:1_500_000], length), 204, 1_500_000)
    response = tus.head(location)
    assert response.header("Upload-Length") == length[1] and response.header("Upload-Defer-Length") is None
    expect(tus.patch(location, 1_500_000, data[1_500_000:], ("Upload-Length", "9000000")), 400)
    server.restart()
    tus = Tus(connected(server))
    expect(tus.patch(location, 1_500_000, data[1_500_000:]), 204, len(data))
    assert stored(server, video_path, tus, location) == data


def test_the_length_may_come_with_nothing_else(server, video_path, tus):
    location = tus.post(("Upload-Defer-Length", "1")).header("Location")
    expect(tus.patch(location, 0, DATA), 204, 9)
    expect(tus.patch(location, 9, b"", ("Upload-Length", "9")), 204, 9)
    assert stored(server, video_path, tus, location) == DATA


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


def checksum(name, data):
    digest = zlib.crc32(data).to_bytes(4, "big") if name == "crc32" else hashlib.new(name, data).digest()
    return f"{name} {base64.b64encode(digest).decode()}"


# T13, T14
@pytest.mark.parametrize("name", ["sha1", "sha256", "md5", "crc32"])
def test_checksums(client, server, video_path, tus, noise, name):
    assert name in client.request("OPTIONS", "/files").header("Tus-Checksum-Algorithm").split(",")
    data = noise(3_000_000)
    half = len(data) // 2
    location = tus.create(len(data))
    wrong = ("Upload-Checksum", checksum(name, data))
    expect(tus.patch(location, 0, data[:half], wrong), 460)
    expect(tus.patch(location, 0, data[:half], ("Upload-Checksum", checksum(name, data[:half]))), 204, half)
    expect(tus.patch(location, half, data[half:], wrong), 460)
    expect(tus.head(location), 200, half)
    expect(tus.patch(location, half, data[half:], ("Upload-Checksum", checksum(name, data[half:]))), 204, len(data))
    assert stored(server, video_path, tus, location) == data


@pytest.mark.parametrize("value", ["sha1", "sha1 !", "sha1 AAAA", "sha512 AAAA", "AAAA", ""])
def test_checksums_that_cannot_be_read(tus, value):
    location = tus.create(9)
    expect(tus.patch(location, 0, DATA, ("Upload-Checksum", value)), 400)
    assert tus.offset(location) == 0


def test_a_broken_chunk_with_a_checksum_counts_for_nothing(server, client, tus, noise):
    data = noise(1_000_000)
    location = tus.create(len(data))
    with Connection(server.address) as cut:
        fields = [VERSION, CHUNK, ("Upload-Offset", "0"), ("Content-Length", str(len(data)))]
        cut.send_head("PATCH", path_of(location), [*fields, ("Upload-Checksum", checksum("sha1", data))])
        with tus.client.until_body_bytes_arrive(700_000):
            cut.send(data[:700_000])
    assert tus.offset(location) == 0
    expect(tus.patch(location, 0, data), 204, len(data))


# T15
def test_a_checksum_in_a_trailer(tus):
    location = tus.create(9)
    fields = [VERSION, CHUNK, ("Upload-Offset", "0"), ("Transfer-Encoding", "chunked"), ("Trailer", "Upload-Checksum")]

    def send(trailer):
        connection = tus.client.connection
        connection.send_head("PATCH", path_of(location), fields)
        connection.send(chunked(DATA)[:-2] + trailer.encode() + b"\r\n")
        return connection.read_final()

    expect(send(f"Upload-Checksum: {checksum('sha1', b'x')}\r\n"), 460)
    expect(send(""), 400)
    assert tus.offset(location) == 0
    expect(send(f"Upload-Checksum: {checksum('sha1', DATA)}\r\n"), 204, 9)


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
    described = client.get(path_of(location)).json()
    assert described["state"] == "delivered"
    assert described["answer"] == {"status": 200, "content_type": "application/json", "body": json.loads(response.body)}


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
