# SPDX-License-Identifier: MIT
"""The IETF draft byte by byte, in every interop version: fields, statuses, interim answers, what is stored."""

import pytest

from support.raw_http import Connection, chunked, path_of
from support.rufh import PART, VERSIONS, Rufh, completeness, version_field

DATA = b"abcdefghi"


@pytest.fixture(params=VERSIONS)
def rufh(request, client):
    return Rufh(client, request.param)


@pytest.fixture
def newest(client):
    return Rufh(client)


def stored(server, video_path, response):
    with open(video_path(server, response.json()), "rb") as file:
        return file.read()


# R1 R2 R4
def test_a_whole_file(server, video_path, rufh):
    response = rufh.post(DATA, True)
    assert rufh.told(response) == (200, 9, True)
    assert stored(server, video_path, response) == DATA
    assert response.header("Sluice-Answer") == "backend"
    (informed,) = rufh.interims
    assert informed.status == 104 and informed.reason == "Upload Resumption Supported"
    assert informed.header("Upload-Draft-Interop-Version") == str(rufh.version)
    location = informed.header("Location")
    assert response.header("Location") == (location if rufh.version <= 6 else None)
    limit = informed.header("Upload-Limit")
    lifetime = {6: "expires"}.get(rufh.version, "max-age")
    assert limit is None if rufh.version <= 5 else limit.startswith("max-size=") and f", {lifetime}=" in limit
    assert rufh.told(rufh.head(location)) == (204, 9, True)


# R1
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_any_method_creates(server, video_path, newest, method):
    response = newest.post(DATA, True, method=method)
    assert stored(server, video_path, response) == DATA


# R1
def test_without_a_word_it_is_an_ordinary_upload(server, client, video_path, newest):
    response = client.request("POST", "/files", [("Content-Disposition", 'attachment; filename="a.mp4"')], DATA)
    assert response.status == 200 and response.header("Upload-Complete") is None
    assert stored(server, video_path, response) == DATA
    assert response.json()["original_filename"] == "a.mp4"
    response = newest.request("POST", "/files", [], DATA)
    assert response.status == 200 and newest.interims == []


# R2
@pytest.mark.parametrize("version", ["2", "11", "x"])
def test_a_version_that_is_not_spoken(client, newest, version):
    foreign = Rufh(client, version)
    response = foreign.post(DATA, True)
    assert response.status == 200 and foreign.interims == []
    assert response.header("Upload-Draft-Interop-Version") is None
    assert foreign.post(DATA, False).status == 400
    location = newest.create(9)
    for method in ("HEAD", "DELETE", "PATCH"):
        response = foreign.request(method, path_of(location), [PART, ("Upload-Offset", "0"), ("Upload-Complete", "?0")])
        assert response.status == 400 and response.header("Upload-Draft-Interop-Version") is None
    assert newest.offset(location) == 0


# R2
def test_104_does_not_stand_for_100(server):
    with Connection(server.address) as connection:
        fields = [version_field(10), completeness(10, True), ("Content-Length", "9"), ("Expect", "100-continue")]
        connection.send_head("POST", "/files", fields)
        assert connection.read_response().status == 104
        assert connection.read_response().status == 100
        connection.send(DATA)
        assert connection.read_response().status == 200


def test_http_1_0_hears_no_interim_answer(server):
    head = "POST /files HTTP/1.0\r\nHost: 127.0.0.1\r\nUpload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\n"
    with Connection(server.address) as connection:
        connection.send((head + "Content-Length: 9\r\n\r\n").encode() + DATA)
        assert connection.read_response().status == 200


# R3 R8 R9 R11
def test_in_parts(server, video_path, rufh):
    response = rufh.post(b"abc", False, ("Upload-Length", "9"))
    assert rufh.told(response) == (201, 3, False)
    location = response.header("Location")
    assert rufh.interims[0].header("Location") == location
    assert rufh.told(rufh.patch(location, 3, b"def", False)) == (201 if rufh.version <= 6 else 204, 6, False)
    response = rufh.head(location)
    assert rufh.told(response) == (204, 6, False)
    assert response.header("Upload-Length") == "9" and response.header("Cache-Control") == "no-store"
    response = rufh.patch(location, 6, b"ghi", True)
    assert rufh.told(response) == (200, 9, True)
    assert stored(server, video_path, response) == DATA


# R5
def test_of_unknown_length(server, video_path, rufh):
    location = rufh.create(None, b"abc")
    assert rufh.head(location).header("Upload-Length") is None
    fields = [*rufh.part_fields(3, True), ("Transfer-Encoding", "chunked")]
    with Connection(server.address) as connection:
        connection.send_head("PATCH", path_of(location), fields)
        connection.send(chunked(b"def", b"ghi"))
        response = connection.read_final()
    assert rufh.told(response) == (200, 9, True)
    assert stored(server, video_path, response) == DATA


# R5
@pytest.mark.parametrize("length,is_complete", [("8", True), ("10", True), ("8", False)])
def test_two_lengths(rufh, length, is_complete):
    response = rufh.post(DATA, is_complete, ("Upload-Length", length))
    assert rufh.told(response) == (400, None, False)
    assert response.header("Content-Type") == "application/problem+json"
    assert response.json()["type"].endswith("#inconsistent-upload-length")


def test_empty_files(rufh):
    response = rufh.post(b"", True)
    assert rufh.told(response) == (200, 0, True)
    response = rufh.post(b"", False, ("Upload-Length", "0"))
    if rufh.version <= 6:
        assert rufh.told(response) == (200, 0, True)
    else:
        assert rufh.told(response) == (201, 0, False)
        assert rufh.told(rufh.patch(response.header("Location"), 0, b"", True)) == (200, 0, True)


# R8
@pytest.mark.parametrize("field", [("Upload-Offset", "0"), ("Upload-Complete", "?0"), ("Upload-Incomplete", "?1")])
def test_state_belongs_to_appends(rufh, field):
    location = rufh.create(9)
    for method in ("HEAD", "DELETE"):
        assert rufh.request(method, path_of(location), [field]).status == 400
    assert rufh.offset(location) == 0


# R9
def test_what_an_append_needs(rufh):
    location = rufh.create(9)
    fields = rufh.part_fields(0, True)[1:]
    assert rufh.request("PATCH", path_of(location), [fields[0], fields[2]], DATA).status == 400
    typeless = rufh.request("PATCH", path_of(location), fields[1:], DATA)
    assert typeless.status == (415 if rufh.version >= 6 else 200)
    location = rufh.create(9)
    unsaid = rufh.request("PATCH", path_of(location), fields[:2], DATA)
    assert unsaid.status == (400 if rufh.version >= 7 else 200)


# R10
@pytest.mark.parametrize("offset", [0, 2, 4, 9, 10, 999_999_999_999_999])
def test_another_offset(rufh, offset):
    location = rufh.create(9, b"abc")
    response = rufh.patch(location, offset, b"x", False)
    assert rufh.told(response) == (409, 3, False)
    problem = response.json()
    assert problem["type"].endswith("#mismatching-upload-offset")
    assert (problem["expected-offset"], problem["provided-offset"]) == (3, offset)


# R12
def test_the_answer_is_repeated(rufh):
    location = rufh.create(9)
    first = rufh.patch(location, 0, DATA, True)
    again = rufh.patch(location, 9, b"", True)
    assert rufh.told(again) == (200, 9, True) and again.body == first.body
    refused = rufh.patch(location, 0, DATA, True)
    assert refused.status == (400 if 6 <= rufh.version <= 8 else 409)


# R13
def test_more_bytes_than_the_length(server, newest):
    location = newest.create(9, b"abc")
    assert newest.patch(location, 3, b"defghijkl", False).status == 400
    assert newest.offset(location) == 3
    with Connection(server.address) as connection:
        connection.send_head(
            "PATCH", path_of(location), [*newest.part_fields(3, True), ("Transfer-Encoding", "chunked")]
        )
        connection.send(chunked(b"defghi", b"jkl"))
        response = connection.read_final()
    assert response.status == 400 and response.json()["type"].endswith("#inconsistent-upload-length")
    assert newest.head(location).status == 404


# R14
@pytest.mark.parametrize("version", [4, 6, 10])
def test_progress_while_bytes_arrive(server, client, version):
    rufh = Rufh(client, version)
    step = 1 << 20
    size = 80 * step
    location = rufh.create(size)
    told = []
    with Connection(server.address) as connection:
        connection.send_head(
            "PATCH", path_of(location), [*rufh.part_fields(0, True), ("Content-Length", str(size))]
        )
        for _ in range(70):
            connection.send(bytes(step))
        if version >= 5:
            # Nothing but bytes that come makes the server look.
            connection.socket.settimeout(1)
            left = 10 * step
            while not told and left > 1:
                connection.send(b"\0")
                left -= 1
                try:
                    told.append(connection.read_response())
                except TimeoutError:
                    continue
            connection.socket.settimeout(60)
        else:
            left = 10 * step
        connection.send(bytes(left))
        while (response := connection.read_response()).status == 104:
            told.append(response)
    assert rufh.told(response) == (200, size, True)
    assert version < 5 or told
    offsets = [int(interim.header("Upload-Offset")) for interim in told]
    assert offsets == sorted(set(offsets)) and all(0 < offset < size for offset in offsets)
    assert all(interim.header("Location") is None for interim in told)


# R15
def test_cancel(rufh):
    location = rufh.create(9, b"abc")
    assert rufh.delete(location).status == 204
    assert rufh.head(location).status == 404


# R17
def test_options(client):
    response = client.request("OPTIONS", "/files")
    assert response.status == 204
    assert response.header("Upload-Limit").endswith("min-size=0")
    assert response.header("Accept-Patch") == "application/partial-upload"


# R18
def test_limits(new_server, connected):
    server = new_server(toml="[limits]\nfile_size = 1000\n[dialects]\nrufh_newest = 6\n")
    client = connected(server)
    response = Rufh(client, 6).post(b"", False, ("Upload-Length", "1001"))
    assert response.status == 413 and response.header("Upload-Limit") == "max-size=1000, min-size=0"
    assert Rufh(client, 7).post(DATA, False).status == 400


@pytest.mark.parametrize("field", [("Upload-Complete", "1"), ("Upload-Complete", "?2"), ("Upload-Length", "-1"), ("Upload-Length", "1.5"), ("Upload-Length", "9" * 16)])
def test_broken_fields(newest, field):
    name = field[0]
    fields = [field] + ([] if name == "Upload-Complete" else [("Upload-Complete", "?0")])
    response = newest.request("POST", "/files", fields, DATA)
    assert response.status == 400 and name in response.json()["message"]


def test_in_words_of_other_dialects(client, newest):
    """One URL, whoever asks; the answers are in the words of each request."""
    location = newest.create(9, b"abc")
    assert client.piece(location, 3, b"def", 9).header("Range") == "0-5"
    response = client.request("HEAD", path_of(location), [("Tus-Resumable", "1.0.0")])
    assert response.status == 200 and response.header("Upload-Offset") == "6"
    assert client.get(path_of(location)).json()["received"] == 6
    assert newest.told(newest.patch(location, 6, b"ghi", True)) == (200, 9, True)
    answer = client.status(location, 9)
    assert answer.status == 200
    assert client.get(path_of(location)).json()["answer"]["body"] == answer.json()
