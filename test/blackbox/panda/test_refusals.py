# SPDX-License-Identifier: MIT
"""Every refusal that a client can provoke: its status, its error, a message, and that it has changed nothing."""

import json
import re

import pytest

from support.raw_http import OCTETS, Client, Connection, multipart, path_of
from support.waiting import wait_until

TARGET = "/videos/upload.json"
RAW = ("Content-Type", OCTETS)
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")
PARTS = ("Content-Type", "multipart/form-data; boundary=b")
UNKNOWN = "/uploads/" + "A" * 43
NO_VIDEO = "/videos/" + "0" * 32
ANY = object()  # The location of the upload that has bytes already.
SIZE = 9
STORED = b"abcd"


def ranged(value):
    return [RAW, ("Content-Range", value)]


def file_part(content, name="file"):
    return multipart("b", (name, "clip.mp4", content))


# name: method, target, fields, body, status, error, a word of the message
REFUSALS = {
    "no_size": ("POST", TARGET, [FORM], b"file_name=a", 400, "BadRequest", "file_size"),
    "no_name": ("POST", TARGET, [FORM], b"file_size=1", 400, "BadRequest", "file_name"),
    "empty_name": ("POST", TARGET, [FORM], b"file_size=1&file_name=", 400, "BadRequest", "file_name"),
    "long_name": ("POST", TARGET, [FORM], b"file_size=1&file_name=" + b"x" * 16_385, 400, "BadRequest", "file_name"),
    "size_no_number": ("POST", TARGET, [FORM], b"file_size=x&file_name=a", 400, "BadRequest", "file_size"),
    "size_too_large": ("POST", TARGET, [FORM], b"file_size=4398046511105&file_name=a", 413, "FileSizeLimitExceeded", "4398046511104"),
    "two_values": ("POST", TARGET + "?file_size=2", [FORM], b"file_size=1&file_name=a", 400, "BadRequest", "file_size"),
    "broken_escape": ("POST", TARGET, [FORM], b"file_size=1&file_name=%zz", 400, "BadRequest", ""),
    "broken_json": ("POST", TARGET, [JSON], b'{"file_size":', 400, "BadRequest", "JSON"),
    "json_list": ("POST", TARGET, [JSON], b"[]", 400, "BadRequest", "JSON"),
    "deep_json": ("POST", TARGET, [JSON], b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", 400, "BadRequest", ""),
    "many_fields": ("POST", TARGET, [FORM], b"&".join(b"a%d=b" % i for i in range(101)), 400, "BadRequest", ""),
    "long_form": ("POST", TARGET, [FORM], b"file_name=" + b"x" * 65_536, 413, "FileSizeLimitExceeded", ""),
    "form_type": ("POST", TARGET, [("Content-Type", "text/xml")], b"<a/>", 415, "UnsupportedMediaType", "expected"),
    "session_with_file": ("POST", TARGET, [PARTS], file_part(b"abc"), 400, "BadRequest", ""),
    "session_no_boundary": ("POST", TARGET, [("Content-Type", "multipart/form-data")], b"x", 400, "BadRequest", "boundary"),
    "unknown_path": ("GET", "/nothing", [], b"", 404, "RecordNotFound", "/nothing"),
    "broken_path": ("GET", "/videos/%zz.json", [], b"", 400, "BadRequest", ""),
    "no_json": ("GET", "/videos.xml", [], b"", 400, "BadRequest", ".json"),
    "unknown_location_put": ("PUT", UNKNOWN, [RAW], b"x", 404, "RecordNotFound", ""),
    "unknown_location_get": ("GET", UNKNOWN, [], b"", 404, "RecordNotFound", ""),
    "unknown_location_delete": ("DELETE", UNKNOWN, [], b"", 404, "RecordNotFound", ""),
    "unknown_video": ("GET", NO_VIDEO + ".json", [], b"", 404, "RecordNotFound", "0" * 32),
    "unknown_video_delete": ("DELETE", NO_VIDEO + ".json", [], b"", 404, "RecordNotFound", "0" * 32),
    "unknown_video_metadata": ("GET", NO_VIDEO + "/metadata.json", [], b"", 404, "RecordNotFound", "0" * 32),
    "unknown_video_source": ("DELETE", NO_VIDEO + "/source.json", [], b"", 404, "RecordNotFound", "0" * 32),
    "video_without_file": ("POST", "/videos.json", [PARTS], multipart("b", ("file", None, b"@/a.mp4")), 400, "BadRequest", "@/a.mp4"),
    "video_of_nothing": ("POST", "/videos.json", [], b"", 400, "BadRequest", "file"),
    "video_by_url": ("POST", "/videos.json", [FORM], b"source_url=http%3A%2F%2Fa%2Fb.mp4", 400, "BadRequest", "does not fetch"),
    "video_type": ("POST", "/videos.json", [("Content-Type", "video/mp4")], b"abc", 415, "UnsupportedMediaType", "multipart/form-data"),
    "video_no_name": ("POST", "/videos.json", [RAW], b"abc", 400, "BadRequest", "X-File-Name"),
    "video_query_params": ("POST", "/videos.json", [RAW, ("X-File-Name", "a"), ("X-Query-Params", "[]")], b"abc", 400, "BadRequest", "X-Query-Params"),
    "video_form_cut_off": ("POST", "/videos.json", [PARTS], file_part(b"abcdefghi")[:-6], 400, "BadRequest", ""),
    "video_two_files": ("POST", "/videos.json", [PARTS], multipart("b", ("file", "a", b"x"), ("file", "b", b"y")), 400, "BadRequest", "one file"),
    "video_two_values": ("POST", "/videos.json?a=1", [PARTS], multipart("b", ("file", "a", b"x"), ("a", None, b"2")), 400, "BadRequest", "twice"),
    "video_no_boundary": ("POST", "/videos.json", [("Content-Type", "multipart/form-data")], b"x", 400, "BadRequest", "boundary"),
    "video_many_parameters": ("POST", "/videos.json", [PARTS], multipart("b", ("file", "a", b"x"), ("p", None, b"x" * 70_000)), 413, "FileSizeLimitExceeded", "65536"),
    "list_page": ("GET", "/videos.json?page=0", [], b"", 400, "BadRequest", "page"),
    "list_per_page": ("GET", "/videos.json?per_page=101", [], b"", 400, "BadRequest", "per_page"),
    "list_status": ("GET", "/videos.json?status=lost", [], b"", 400, "BadRequest", "status"),
    "method_of_session": ("PUT", TARGET, [], b"", 405, "MethodNotAllowed", "POST"),
    "method_of_location": ("BREW", ANY, [], b"", 405, "MethodNotAllowed", "PUT"),
    "method_of_page": ("POST", "/healthz", [], b"", 405, "MethodNotAllowed", "GET"),
    "piece_type": ("POST", ANY, [("Content-Type", "video/mp4")], b"efghi", 415, "UnsupportedMediaType", OCTETS),
    "piece_no_range": ("PUT", ANY, [RAW], b"efghi", 400, "BadRequest", "Content-Range"),
    "piece_gap_of_a_stranger": ("PUT", ANY, [("Content-Type", "video/mp4"), ("Content-Range", "bytes 6-8/9")], b"ghi", 409, "OffsetMismatch", "4"),
    "piece_gap_of_a_stranger_untyped": ("PUT", ANY, [("Content-Range", "bytes 6-8/9")], b"ghi", 409, "OffsetMismatch", "4"),
    "piece_wrong_total": ("PUT", ANY, ranged("bytes 4-8/10"), b"efghi", 400, "BadRequest", "10"),
    "piece_unit": ("PUT", ANY, ranged("octets 4-8/9"), b"efghi", 400, "BadRequest", "octets"),
    "piece_backwards": ("PUT", ANY, ranged("bytes 8-4/9"), b"efghi", 400, "BadRequest", "8-4"),
    "piece_overflow": ("PUT", ANY, ranged("bytes 4-99999999999999999999/9"), b"efghi", 400, "BadRequest", ""),
    "piece_words": ("PUT", ANY, ranged("four to eight"), b"efghi", 400, "BadRequest", "four to eight"),
    "two_ranges": ("PUT", ANY, [RAW, ("Content-Range", "bytes 4-8/9"), ("Content-Range", "bytes 4-7/9")], b"efghi", 400, "BadRequest", ""),
    "status_with_bytes": ("PUT", ANY, ranged("bytes */9"), b"efghi", 400, "BadRequest", ""),
    "status_wrong_total": ("PUT", ANY, ranged("bytes */8"), b"", 400, "BadRequest", "8"),
    "whole_wrong_size": ("PUT", ANY, [RAW], b"abcdefghijk", 400, "BadRequest", ""),
    "other_bytes": ("PUT", ANY, ranged("bytes 0-8/9"), b"abXdefghi", 409, "ContentMismatch", "2"),
    "form_with_range": ("POST", ANY, [PARTS, ("Content-Range", "bytes 8-0/9")], file_part(b"abcdefghi"), 400, "BadRequest", "Content-Range"),
    "form_without_file": ("POST", ANY, [PARTS], multipart("b", ("a", None, b"b")), 400, "BadRequest", "file"),
    "form_wrong_size": ("POST", ANY, [PARTS], file_part(b"abcdefgh"), 400, "BadRequest", "9"),
    "form_too_large": ("POST", ANY, [PARTS], file_part(b"abcdefghij"), 400, "BadRequest", "9"),
    "form_cut_off": ("POST", ANY, [PARTS], file_part(b"abcdefghi")[:-6], 400, "BadRequest", ""),
    "form_no_boundary": ("POST", ANY, [("Content-Type", "multipart/form-data")], b"x", 400, "BadRequest", "boundary"),
    "expectation": ("PUT", ANY, [*ranged("bytes 4-8/9"), ("Expect", "a-miracle")], b"efghi", 417, "ExpectationFailed", ""),
    "long_target": ("GET", "/" + "a" * 9000, [], b"", 414, "UriTooLong", ""),
    "large_head": ("GET", "/healthz", [("X-A", "a" * 25_000)], b"", 431, "RequestHeaderFieldsTooLarge", ""),
    "many_head_fields": ("GET", "/healthz", [("X-A", "a")] * 120, b"", 431, "RequestHeaderFieldsTooLarge", ""),
}


@pytest.fixture(scope="module")
def upload(server):
    """An upload of which a part is stored; every refusal leaves it as it is."""
    with Client(server.address) as client:
        location = client.create(SIZE)
        assert client.piece(location, 0, STORED, SIZE).status == 204
        client.close()
        yield location
        # The state was sound all the time.
        assert client.piece(location, len(STORED), b"efghi", SIZE).status == 200


def state(client, location):
    """The state of the upload, of all uploads and of all videos, as a client can see it."""
    told = client.get(path_of(location)).json()
    told.pop("expires_at")
    page = client.get("/metrics").body.decode()
    uploads = sorted(line for line in page.splitlines() if line.startswith("sluice_uploads{"))
    return told, client.stored(location, SIZE), uploads, client.get("/videos.json").body


def assert_refused(response, status, error, word=""):
    assert response.status == status, response
    assert response.header("Content-Type").startswith("application/json")
    body = response.json()
    assert body["error"] == error and word in body["message"], response
    assert body["message"]
    assert b"\n" not in response.body.rstrip(b"\n")
    retryable = response.status >= 500
    assert (response.header("Retry-After") is not None) == retryable, response
    assert response.header("X-Request-Id")


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal_is_json_and_changes_nothing(client, server, upload, case):
    method, target, fields, body, status, error, word = REFUSALS[case]
    before = state(client, upload)
    with Connection(server.address) as connection:
        target = path_of(upload) if target is ANY else target
        try:
            connection.request(method, target, fields, body, read=False)
        except OSError:
            pass  # Refused before it was read.
        response = connection.read_final(method)
    assert_refused(response, status, error, word)
    if status == 405:
        assert word in response.header("Allow")
    assert state(client, upload) == before


FRAMING = {
    "length_and_coding": ([("Content-Length", "5"), ("Transfer-Encoding", "chunked")], b"0\r\n\r\n", 400, "BadRequest"),
    "length_no_number": ([("Content-Length", "five")], b"efghi", 400, "BadRequest"),
    "coding": ([("Transfer-Encoding", "gzip")], b"", 501, "NotImplemented"),
    "chunk_size": ([("Transfer-Encoding", "chunked")], b"x\r\nefghi\r\n0\r\n\r\n", 400, "BadRequest"),
}


@pytest.mark.parametrize("case", FRAMING)
def test_refused_framing_changes_nothing_and_ends_the_connection(client, server, upload, case):
    fields, body, status, error = FRAMING[case]
    before = state(client, upload)
    with Connection(server.address) as connection:
        connection.send_head("PUT", path_of(upload), [*ranged("bytes 4-8/9"), *fields])
        connection.send(body)
        response = connection.read_final()
        assert response.status == status and response.json()["error"] == error, response
        assert response.json()["message"] and response.closes
        connection.expect_close()
    assert state(client, upload) == before


TUS = [("Tus-Resumable", "1.0.0"), ("Content-Type", "application/offset+octet-stream")]
DRAFT = [("Upload-Draft-Interop-Version", "8"), ("Content-Type", "application/partial-upload")]
# name: method, target, fields of a request with five bytes, status
KNOWN_BY_THE_HEAD = {
    "no_upload": ("PUT", UNKNOWN, ranged("bytes 0-4/9"), 404),
    "other_size": ("PUT", ANY, ranged("bytes 4-8/10"), 400),
    "tus_offset": ("PATCH", ANY, [*TUS, ("Upload-Offset", "3")], 409),
    "draft_offset": ("PATCH", ANY, [*DRAFT, ("Upload-Offset", "3"), ("Upload-Complete", "?0")], 409),
}


@pytest.mark.parametrize("case", KNOWN_BY_THE_HEAD)
def test_refusal_does_not_wait_for_the_body(client, server, upload, case):
    method, target, fields, status = KNOWN_BY_THE_HEAD[case]
    before = state(client, upload)
    with Connection(server.address) as connection:
        target = path_of(upload) if target is ANY else target
        connection.send_head(method, target, [*fields, ("Content-Length", "5")])
        response = connection.read_final(method)
        assert response.status == status and not response.closes, response
        assert state(client, upload) == before
        connection.send(b"other")
        assert connection.request("GET", "/healthz").status == 200
    assert state(client, upload) == before


@pytest.mark.parametrize(
    "line, status, error",
    [
        (b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n", 505, "HttpVersionNotSupported"),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400, "BadRequest"),
        (b"\x16\x03\x01\x00\xff\r\n\r\n", 400, "BadRequest"),
    ],
)
def test_refused_head_is_json_that_other_origins_can_read(server, line, status, error):
    with Connection(server.address) as connection:
        connection.send(line)
        response = connection.read_final()
        assert response.status == status and response.json()["error"] == error, response
        assert response.header("Access-Control-Allow-Origin") == "*"
        connection.expect_close()


def test_aborted_upload_is_gone_for_every_method(client):
    location = client.create(SIZE)
    assert client.delete(location).status == 200
    for response in (
        client.piece(location, 0, STORED, SIZE),
        client.status(location, SIZE),
        client.get(path_of(location)),
        client.whole(location, b"abcdefghi"),
    ):
        assert_refused(response, 404, "RecordNotFound", "aborted")


def test_finished_upload_refuses_other_bytes_and_keeps_its_answer(client):
    location = client.create(SIZE)
    answer = client.whole(location, b"abcdefghi")
    assert answer.status == 200
    videos = client.get("/videos.json").body
    assert client.piece(location, 0, b"efghi", 10).status == 400
    assert client.status(location, SIZE).body == answer.body
    assert client.get("/videos.json").body == videos


def test_full_disk_and_too_many_uploads_can_be_repeated(new_server, connected):
    client = connected(new_server(toml='[data]\nlow_water = "1048575TiB"\n'))
    assert_refused(client.request("POST", TARGET, [FORM], b"file_size=9&file_name=a"), 507, "InsufficientStorage", "room")
    assert b"sluice_uploads{" not in client.get("/metrics").body or b'state="receiving"} 0' in client.get("/metrics").body
    client = connected(new_server(toml="[limits]\nuploads = 1\n"))
    client.create(9)
    assert_refused(client.request("POST", TARGET, [FORM], b"file_size=9&file_name=a"), 503, "Overloaded", "1 unfinished")


def test_head_and_body_that_stop_are_408_and_keep_what_came(new_server, connected):
    server = new_server(toml='[timeouts]\nhead = "200ms"\nbody = "200ms"\n')
    client = connected(server)
    with Connection(server.address) as stalled:
        stalled.send(b"GET / HT")
        response = stalled.read_final()
        assert response.status == 408 and response.json()["error"] == "RequestTimeout", response
        stalled.expect_close()
    location = client.create(SIZE)
    with Connection(server.address) as stalled:
        stalled.send_head("PUT", path_of(location), [*ranged("bytes 0-8/9"), ("Content-Length", "9")])
        stalled.send(STORED)
        response = stalled.read_final()
        assert response.status == 408 and response.json()["error"] == "RequestTimeout", response
        stalled.expect_close()
    assert client.stored(location, SIZE) == len(STORED)


def received_bytes(client):
    return re.search(rb"^sluice_received_bytes_total (\S+)$", client.get("/metrics").body, re.M).group(1)


def test_older_request_is_told_who_took_over(client, server):
    location = client.create(SIZE)
    before = received_bytes(client)
    with Connection(server.address) as older:
        older.send_head("PUT", path_of(location), [*ranged("bytes 0-8/9"), ("Content-Length", "9")])
        older.send(STORED)
        wait_until(lambda: received_bytes(client) != before, "the older request's bytes")
        assert client.whole(location, b"abcdefghi").status == 200
        assert_refused(older.read_final(), 503, "TakenOver")
    assert json.loads(client.status(location, SIZE).body)["status"]
