# SPDX-License-Identifier: MIT
"""POST /videos/upload.json: opening an upload session."""

import json
import re
from urllib.parse import urlsplit

import pytest

from support.raw_http import multipart, path_of

FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")
TARGET = "/videos/upload.json"
GOOD = b"file_size=9&file_name=clip.mp4"


def assert_created(response):
    assert response.status == 201, response
    assert response.header("Content-Type").startswith("application/json")
    session = response.json()
    assert isinstance(session["id"], int) and 0 < session["id"] < 2**53
    assert isinstance(session["location"], str)
    return session


def assert_bad_request(response, *words):
    assert response.status == 400, response
    body = response.json()
    assert body["error"] == "BadRequest"
    for word in words:
        assert word in body["message"], body
    return body


def file_of(client, session):
    response = client.get(path_of(session["location"]))
    assert response.status == 200, response
    return response.json()


def test_form_fields_open_a_session(client):
    session = assert_created(client.request("POST", TARGET, [FORM], GOOD))
    assert set(session) >= {"id", "location"}


def test_answer_is_one_line_of_json(client):
    response = client.request("POST", TARGET, [FORM], GOOD)
    assert b"\n" not in response.body.rstrip(b"\n")


def test_query_opens_a_session(client):
    assert_created(client.request("POST", TARGET + "?file_size=9&file_name=clip.mp4"))


def test_query_keeps_unescaped_marks_as_node_sends_them(client):
    session = assert_created(client.request("POST", TARGET + "?file_size=9&file_name=it's(a)*clip!.mp4"))
    assert file_of(client, session)["file_name"] == "it's(a)*clip!.mp4"


def test_multipart_fields_open_a_session_as_php_sends_them(client):
    body = multipart("----------------------------abc", ("file_size", None, b"9"), ("file_name", None, b"clip.mp4"))
    field = ("Content-Type", "multipart/form-data; boundary=----------------------------abc")
    session = assert_created(client.request("POST", TARGET, [field], body))
    assert file_of(client, session)["file_name"] == "clip.mp4"


def test_json_number_opens_a_session(client):
    assert_created(client.request("POST", TARGET, [JSON], b'{"file_size":9,"file_name":"clip.mp4"}'))


def test_json_string_opens_a_session(client):
    body = b'{"extra_files":null,"file_name":"f.mp4","file_size":"10","profiles":["h264"]}'
    session = assert_created(client.request("POST", TARGET, [JSON], body))
    assert file_of(client, session)["file_size"] == 10


def test_body_without_content_type_is_a_form_as_excon_sends_it(client):
    assert_created(client.request("POST", TARGET + "?", [], GOOD))


def test_same_parameters_in_query_and_body_as_dotnet_sends_them(client):
    assert_created(client.request("POST", TARGET + "?file_size=9&file_name=clip.mp4", [FORM], GOOD))


def test_form_in_chunks(connect):
    connection = connect()
    connection.send_head("POST", TARGET, [FORM, ("Transfer-Encoding", "chunked")])
    connection.send(b"b\r\nfile_size=9\r\n13;x=y\r\n&file_name=clip.mp4\r\n0\r\n\r\n")
    assert_created(connection.read_final())


@pytest.mark.parametrize("prefix", ["", "/v2", "/v2/", "/v3.0", "/v3.1", "/api/v3.1", "/flip/3.1", "/api/flip/3.1", "//v2/"])
def test_version_prefix(client, prefix):
    assert_created(client.request("POST", f"{prefix}/videos/upload.json", [FORM], GOOD))


@pytest.mark.parametrize(
    "escaped, name",
    [
        ("a+b.mp4", "a b.mp4"),
        ("a%20b.mp4", "a b.mp4"),
        ("%2Fhome%2Fme%2Fclip.mp4", "/home/me/clip.mp4"),
        ("..%2F..%2Fetc%2Fpasswd", "../../etc/passwd"),
        ("original%E2%99%A5.mp4", "original\u2665.mp4"),
        ("no-extension", "no-extension"),
    ],
)
def test_file_name_is_data(client, escaped, name):
    session = assert_created(client.request("POST", TARGET, [FORM], f"file_size=9&file_name={escaped}".encode()))
    assert file_of(client, session)["file_name"] == name


def test_unknown_and_optional_parameters_are_accepted(client):
    more = b"&profiles=h264&use_all_profiles=1&payload=%7B%22a%22%3A1%7D&path_format=%3Aid&signature=x&whatever=y"
    assert_created(client.request("POST", TARGET, [FORM], GOOD + more))


def test_ids_are_unique(client):
    sessions = [assert_created(client.request("POST", TARGET, [FORM], GOOD)) for _ in range(20)]
    assert len({session["id"] for session in sessions}) == 20
    assert len({session["location"] for session in sessions}) == 20


def test_location_is_absolute_on_the_host_of_the_request(client, server):
    location = client.create(9)
    assert location.startswith(server.url + "/")
    response = client.request("POST", TARGET, [FORM], GOOD, host="media.localhost:8443")
    assert response.json()["location"].startswith("http://media.localhost:8443/")


def test_location_has_256_random_bits_and_no_percent_escape(client):
    location = client.create(9)
    assert "%" not in location
    token = urlsplit(location).path.rsplit("/", 1)[1]
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)


def test_public_url_is_the_base_of_locations(new_server, connected):
    server = new_server("--public-url", "https://media.example.org/in")
    client = connected(server)
    body = b"file_size=9&file_name=clip.mp4"
    location = client.request("POST", TARGET, [FORM], body).json()["location"]
    assert location.startswith("https://media.example.org/in/")


@pytest.mark.parametrize(
    "body, words",
    [
        (b"file_name=clip.mp4", ["file_size"]),
        (b"file_size=9", ["file_name"]),
        (b"", ["file_size"]),
        (b"file_size=&file_name=clip.mp4", ["file_size"]),
        (b"file_size=ten&file_name=clip.mp4", ["file_size", "ten"]),
        (b"file_size=-1&file_name=clip.mp4", ["file_size", "-1"]),
        (b"file_size=%2B9&file_name=clip.mp4", ["file_size", "+9"]),
        (b"file_size=9.5&file_name=clip.mp4", ["file_size", "9.5"]),
        (b"file_size=0x10&file_name=clip.mp4", ["file_size", "0x10"]),
        (b"file_size=9+&file_name=clip.mp4", ["file_size"]),
        (b"file_size=9&file_name=", ["file_name"]),
    ],
)
def test_bad_form_parameter_is_named(client, body, words):
    assert_bad_request(client.request("POST", TARGET, [FORM], body), *words)


@pytest.mark.parametrize(
    "body, words",
    [
        (b"", []),
        (b"{", []),
        (b"[1,2]", []),
        (b'{"file_size":true,"file_name":"a"}', ["file_size"]),
        (b'{"file_size":-3,"file_name":"a"}', ["file_size", "-3"]),
        (b'{"file_size":1.5,"file_name":"a"}', ["file_size", "1.5"]),
        (b'{"file_size":9}', ["file_name"]),
        (b'{"file_size":9,"file_name":["a"]}', ["file_name"]),
        (b'{"file_size":9,"file_name":null}', ["file_name"]),
        (b"[" * 5000 + b"]" * 5000, []),
    ],
)
def test_bad_json_parameter_is_named(client, body, words):
    assert_bad_request(client.request("POST", TARGET, [JSON], body), *words)


def test_different_values_of_one_parameter(client):
    response = client.request("POST", TARGET + "?file_size=8&file_name=clip.mp4", [FORM], GOOD)
    assert_bad_request(response, "file_size")


def test_file_size_over_the_default_maximum(client):
    response = client.request("POST", TARGET, [FORM], b"file_size=%d&file_name=a" % (2**42 + 1))
    assert response.status == 413, response
    assert response.json()["error"] == "FileSizeLimitExceeded"
    assert str(2**42) in response.json()["message"]


@pytest.mark.parametrize("size", [2**53, 2**63, 2**64, 2**64 + 9, 10**30])
def test_file_size_that_overflows_is_the_clients_mistake(client, size):
    response = client.request("POST", TARGET, [FORM], b"file_size=%d&file_name=a" % size)
    assert response.status in (400, 413), response
    assert response.json()["error"] in ("BadRequest", "FileSizeLimitExceeded")


def test_form_that_is_too_long(client):
    body = GOOD + b"&payload=" + b"x" * (256 * 1024)
    response = client.request("POST", TARGET, [FORM], body)
    assert response.status in (400, 413), response
    assert_created(client.request("POST", TARGET, [FORM], GOOD))


def test_error_carries_the_clients_bytes_as_valid_json(client):
    response = client.request("POST", TARGET, [FORM], b"file_size=%22%5C%00%0A%FF%3Cb%3E&file_name=a")
    assert_bad_request(response, "file_size")
    assert json.loads(response.body)["message"]


def test_wrong_media_type_of_parameters(client):
    response = client.request("POST", TARGET, [("Content-Type", "text/plain")], GOOD)
    assert response.status == 415, response
    assert response.json()["error"] == "UnsupportedMediaType"
