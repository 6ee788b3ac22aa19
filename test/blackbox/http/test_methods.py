# SPDX-License-Identifier: MIT
"""OPTIONS, HEAD, wrong methods, wrong media types, bounds of the head, errors as JSON."""

import json

import pytest

from support.raw_http import OCTETS, path_of

TARGETS = ["/videos/upload.json", "/v2/videos/upload.json", "/videos.json", "/healthz", "location"]


def target_of(client, word):
    return path_of(client.create(9)) if word == "location" else word


def allowed(response):
    return {word.strip() for word in response.header("Allow").split(",")}


@pytest.mark.parametrize("word", TARGETS)
def test_options_names_the_methods(client, word):
    response = client.request("OPTIONS", target_of(client, word))
    assert response.status in (200, 204), response
    methods = allowed(response)
    expected = {
        "location": {"PUT", "POST", "DELETE", "GET"},
        "/videos.json": {"GET"},
        "/healthz": {"GET"},
    }.get(word, {"POST"})
    assert expected <= methods


@pytest.mark.parametrize("word", ["location", "/videos.json", "/healthz", "/readyz", "/metrics", "/nothing"])
def test_head_is_get_without_the_body(connect, client, word):
    target = target_of(client, word)
    connection = connect()
    head = connection.request("HEAD", target)
    get = connection.request("GET", target)
    assert head.status == get.status
    assert head.body == b""
    assert head.header("Content-Type") == get.header("Content-Type")
    if word not in ("/metrics",):
        assert head.header("Content-Length") == get.header("Content-Length")


@pytest.mark.parametrize(
    "method, word",
    [
        ("GET", "/videos/upload.json"),
        ("PUT", "/videos/upload.json"),
        ("DELETE", "/videos/upload.json"),
        ("PATCH", "/videos.json"),
        ("GET", "/files"),
        ("DELETE", "/files"),
        ("TRACE", "location"),
        ("BREW", "location"),
        ("PUT", "/videos.json"),
        ("DELETE", "/videos.json"),
        ("POST", "/healthz"),
        ("POST", "/videos/0123456789abcdef0123456789abcdef.json"),
        ("PUT", "/videos/0123456789abcdef0123456789abcdef/metadata.json"),
    ],
)
def test_wrong_method(client, method, word):
    response = client.request(method, target_of(client, word), [("Content-Type", OCTETS)], b"x")
    assert response.status in (405, 501), response
    if method != "BREW":
        assert response.status == 405
    assert method not in allowed(response)
    assert response.json()["error"] == "MethodNotAllowed"


@pytest.mark.parametrize("media_type", ["text/plain", "application/json", "application/x-www-form-urlencoded", "video/mp4;"])
def test_wrong_media_type_of_a_file(client, media_type):
    location = client.create(9)
    response = client.request("POST", path_of(location), [("Content-Type", media_type)], b"abcdefghi")
    assert response.status == 415, response
    assert response.json()["error"] == "UnsupportedMediaType"
    assert OCTETS in response.json()["message"]
    assert client.stored(location, 9) == 0


def test_media_type_without_case_and_with_parameters(client):
    location = client.create(9)
    fields = [("Content-Type", "Application/Octet-Stream; charset=binary"), ("Content-Range", "bytes 0-4/9")]
    assert client.request("PUT", path_of(location), fields, b"abcde").status == 204


def test_only_json_is_a_format(client):
    for target in ("/videos.xml", "/videos/upload.xml"):
        response = client.request("POST" if "upload" in target else "GET", target)
        assert response.status in (400, 404), response
        assert response.json()["message"]


def test_errors_are_json_on_one_line(client):
    for method, target in (("GET", "/nothing"), ("PATCH", "/healthz"), ("POST", "/videos/upload.json")):
        response = client.request(method, target)
        assert response.header("Content-Type").startswith("application/json")
        assert b"\n" not in response.body.rstrip(b"\n")
        error = json.loads(response.body)
        assert set(error) == {"error", "message"}
        assert error["error"] and error["message"]


def test_head_just_below_its_bound(connect):
    connection = connect()
    response = connection.request("GET", "/healthz", [("X-Filler", "a" * 15_000)])
    assert response.status == 200


def test_target_just_below_its_bound(connect):
    response = connect().request("GET", "/healthz?" + "a" * 8000)
    assert response.status == 200


def test_clients_bytes_never_reach_a_field_unescaped(client):
    response = client.request("POST", "/videos/upload.json?file_size=9&file_name=a", host="evil.localhost")
    assert response.status == 201
    response = client.request("GET", "/nothing%0d%0aX-Injected:%20yes")
    assert response.status == 404
    assert response.header("X-Injected") is None


@pytest.mark.parametrize("host", ["a b", "a/b", "a@b", "a\\b", "a<script>", "a:b:c", "", 'a"b'])
def test_host_that_is_none(connect, host):
    connection = connect()
    connection.send(
        b"POST /videos/upload.json?file_size=9&file_name=a HTTP/1.1\r\nHost: " + host.encode() + b"\r\nContent-Length: 0\r\n\r\n"
    )
    response = connection.read_final()
    assert response.status == 400, response
