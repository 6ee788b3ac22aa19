# SPDX-License-Identifier: MIT
"""The examples of the Upload API specification, byte for byte."""

import json
import re

import pytest

from support.raw_http import path_of

RANGE_REGEXP = re.compile(r"^(\d+)-(\d+)$")


@pytest.fixture
def exchange(connect):
    connection = connect()

    def send(*lines, body=b"", method="PUT"):
        head = "\r\n".join([lines[0], f"Host: {connection.host}", *lines[1:]]) + "\r\n\r\n"
        connection.send(head.encode() + body)
        return connection.read_final(method)

    return send


def assert_video_json(response):
    assert response.status == 200
    assert response.header("Content-Type").startswith("application/json")
    assert b"\n" not in response.body.rstrip(b"\n")
    video = json.loads(response.body)
    assert re.fullmatch(r"[0-9a-f]{32}", video["id"])
    return video


def assert_incomplete(response, range_text):
    assert response.status == 204
    assert response.header("Range") == range_text
    assert response.body == b""


def test_create_an_upload_session(exchange):
    body = b"file_size=9&file_name=clip.mp4"
    response = exchange(
        "POST /videos/upload.json HTTP/1.1",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        body=body,
    )
    assert response.status == 201
    assert isinstance(response.json()["id"], int)
    assert isinstance(response.json()["location"], str)


def test_streaming_example_of_two_chunks(exchange, client):
    target = path_of(client.create(9))
    first = exchange(f"PUT {target} HTTP/1.1", "Content-Length: 5", "Content-Range: bytes 0-4/9", body=b"abcde")
    assert_incomplete(first, "0-4")
    second = exchange(f"PUT {target} HTTP/1.1", "Content-Length: 4", "Content-Range: bytes 5-8/9", body=b"fghi")
    assert_video_json(second)
    assert second.body.startswith(b"{")


def test_streaming_protocol_with_content_type(exchange, client, video_path, server):
    target = path_of(client.create(9))
    octets = "Content-Type: application/octet-stream"
    first = exchange(f"PUT {target} HTTP/1.1", octets, "Content-Range: bytes 0-4/9", "Content-Length: 5", body=b"abcde")
    assert_incomplete(first, "0-4")
    second = exchange(f"PUT {target} HTTP/1.1", octets, "Content-Range: bytes 5-8/9", "Content-Length: 4", body=b"fghi")
    video = assert_video_json(second)
    with open(video_path(server, video), "rb") as file:
        assert file.read() == b"abcdefghi"


def test_missing_content_range_means_the_whole_file(exchange, client):
    target = path_of(client.create(9))
    assert_video_json(
        exchange(
            f"PUT {target} HTTP/1.1", "Content-Type: application/octet-stream", "Content-Length: 9", body=b"abcdefghi"
        )
    )


def test_method_can_also_be_post(exchange, client):
    target = path_of(client.create(9))
    octets = "Content-Type: application/octet-stream"
    first = exchange(f"POST {target} HTTP/1.1", octets, "Content-Length: 5", "Content-Range: bytes 0-4/9", body=b"abcde")
    assert_incomplete(first, "0-4")
    second = exchange(f"POST {target} HTTP/1.1", octets, "Content-Length: 4", "Content-Range: bytes 5-8/9", body=b"fghi")
    assert_video_json(second)


def test_range_matches_the_regexp_of_the_client_notes(exchange, client):
    target = path_of(client.create(9))
    response = exchange(f"PUT {target} HTTP/1.1", "Content-Length: 5", "Content-Range: bytes 0-4/9", body=b"abcde")
    assert RANGE_REGEXP.fullmatch(response.header("Range")).groups() == ("0", "4")


def test_upload_status_with_total(exchange, client):
    location = client.create(9)
    client.piece(location, 0, b"abcde", 9)
    assert_incomplete(exchange(f"PUT {path_of(location)} HTTP/1.1", "Content-Range: bytes */9"), "0-4")
    response = exchange(f"PUT {path_of(location)} HTTP/1.1", "Content-Range: bytes */9", "Content-Length: 0")
    assert_incomplete(response, "0-4")


def test_upload_status_as_the_prose_writes_it(exchange, client):
    location = client.create(9)
    client.piece(location, 0, b"abcde", 9)
    response = exchange(f"PUT {path_of(location)} HTTP/1.1", "Content-Range: bytes *", "Content-Length: 0")
    assert_incomplete(response, "0-4")


def test_upload_status_with_the_misspelt_header_of_the_prose(exchange, client):
    location = client.create(9)
    client.piece(location, 0, b"abcde", 9)
    response = exchange(f"PUT {path_of(location)} HTTP/1.1", "Content-Range: bytes *", "Content-Lenght: 0")
    assert_incomplete(response, "0-4")


def test_abort_the_upload(exchange, client):
    location = client.create(9)
    client.piece(location, 0, b"abcde", 9)
    response = exchange(f"DELETE {path_of(location)} HTTP/1.1", method="DELETE")
    assert response.status == 200
    assert response.body == b""


def test_multipart_with_the_parameter_file(exchange, client):
    target = path_of(client.create(9))
    body = (
        b"------\r\n"
        b'Content-Disposition: form-data; name="file"; filename="clip.mp4"\r\n'
        b"Content-Type: video/mp4\r\n"
        b"\r\n"
        b"abcdefghi\r\n"
        b"--------\r\n"
    )
    response = exchange(
        f"POST {target} HTTP/1.1",
        "Content-Type: multipart/form-data; boundary=----",
        f"Content-Length: {len(body)}",
        body=body,
    )
    assert_video_json(response)


def test_location_of_each_response_leads_on(client):
    location = client.create(9)
    for start, data in ((0, b"abc"), (3, b"def")):
        response = client.piece(location, start, data, 9)
        assert response.status == 204
        location = response.header("Location")
        assert location.startswith("http://")
    assert_video_json(client.piece(location, 6, b"ghi", 9))
