# SPDX-License-Identifier: MIT
"""A body with a Content-Encoding is refused in every request that may have a body: its bytes are not the file."""

import gzip

import pytest

from support.raw_http import OCTETS, chunked, multipart, path_of

DATA = b"abcdefghi"
PARAMETERS = b"file_size=9&file_name=a.mp4"
FORM = multipart("b", ("file", "a.mp4", DATA))
MULTIPART = ("Content-Type", "multipart/form-data; boundary=b")


def cases(location):
    return {
        "session": ("POST", "/videos/upload.json", ("Content-Type", "application/x-www-form-urlencoded"), PARAMETERS),
        "session_json": ("POST", "/videos/upload.json", ("Content-Type", "application/json"), b'{"file_size":9,"file_name":"a"}'),
        "piece": ("PUT", location, ("Content-Type", OCTETS), DATA),
        "form": ("POST", location, MULTIPART, FORM),
        "video": ("POST", "/v2/videos.json", MULTIPART, FORM),
        "nowhere": ("PUT", "/undefined", ("Content-Type", OCTETS), DATA),
    }


@pytest.mark.parametrize("case", cases(""))
@pytest.mark.parametrize("coding", ["gzip", "br, identity"])
def test_coded_body_is_refused(client, case, coding):
    location = client.create(9)
    method, target, media_type, body = cases(path_of(location))[case]
    videos = client.get("/videos.json").json()
    answer = client.request(method, target, [media_type, ("Content-Encoding", coding)], gzip.compress(body))
    assert (answer.status, answer.json()["error"]) == (415, "UnsupportedMediaType"), answer
    assert answer.header("Accept-Encoding") == "identity"
    assert client.stored(location, 9) == 0
    assert client.get("/videos.json").json() == videos


def test_coded_chunked_body_is_refused(connect, client):
    location = client.create(9)
    connection = connect()
    fields = [("Content-Type", OCTETS), ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked")]
    connection.send_head("PUT", path_of(location), fields)
    connection.send(chunked(gzip.compress(DATA)))
    assert connection.read_final().status == 415
    assert client.stored(location, 9) == 0


def test_page_can_read_why(client):
    fields = [("Origin", "https://app.example"), ("Content-Type", OCTETS), ("Content-Encoding", "gzip")]
    answer = client.request("PUT", path_of(client.create(9)), fields, gzip.compress(DATA))
    assert answer.status == 415 and answer.header("Access-Control-Allow-Origin") == "*"


@pytest.mark.parametrize("field", ["Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: quoted-printable", "Content-Encoding: gzip"])
@pytest.mark.parametrize("to_location", [True, False])
def test_coded_part_of_a_form_is_refused(client, field, to_location):
    location = client.create(12)
    target = path_of(location) if to_location else "/videos.json"
    videos = client.get("/videos.json").json()
    body = multipart("b", ("file", "a.mp4", b"YWJjZGVmZ2hp", [field]))
    answer = client.request("POST", target, [MULTIPART], body)
    assert (answer.status, answer.json()["error"]) == (415, "UnsupportedMediaType"), answer
    assert client.stored(location, 12) == 0
    assert client.get("/videos.json").json() == videos


def test_identity_is_no_coding(client):
    answer = client.request("PUT", path_of(client.create(9)), [("Content-Type", OCTETS), ("Content-Encoding", "identity")], DATA)
    assert answer.status == 200, answer
