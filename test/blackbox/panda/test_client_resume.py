# SPDX-License-Identifier: MIT
"""How the libraries resume, end and abort: one byte of overlap, ranges past the end, queries without a length."""

import json
import re

import pytest

from support.raw_http import path_of

OCTETS = ("Content-Type", "application/octet-stream")
NO_CACHE = ("Cache-Control", "no-cache")
FIVE_MIB = 5_242_880


def ranged(start, end, total):
    return ("Content-Range", f"bytes {start}-{end}/{total}")


def stored_file(server, video_path, response):
    assert response.status == 200, response
    with open(video_path(server, response.json()), "rb") as file:
        return file.read()


def assert_video(response):
    """The fields of which the libraries make their object, in the answer to any request."""
    video = json.loads(response.body.split(b"\n")[0])
    assert "error" not in video and re.fullmatch("[0-9a-f]{32}", video["id"])
    for name in ("duration", "width", "height", "fps", "video_bitrate", "audio_bitrate", "audio_channels",
                 "audio_sample_rate", "file_size"):
        assert isinstance(video.get(name, 0), (int, float)), name
    assert response.header("Content-Type").startswith("application/json")
    return video


def test_python_client_resumes_one_byte_early(client, server, video_path, noise):
    data = noise(6_000_000)
    target = path_of(client.create(len(data)))
    client.request("POST", target, [OCTETS, NO_CACHE, ranged(0, 99_999, 6_000_000)], data[:100_000])
    status = client.request("POST", target, [OCTETS, NO_CACHE, ("Content-Range", "bytes */6000000")])
    assert (status.status, status.header("Range")) == (204, "0-99999")
    start = int(status.header("Range").split("-")[1])
    body = data[start : start + FIVE_MIB]
    response = client.request("POST", target, [OCTETS, NO_CACHE, ranged(start, start + FIVE_MIB - 1, 6_000_000)], body)
    assert (response.status, response.header("Range")) == (204, "0-5342878")
    fields = [OCTETS, NO_CACHE, ranged(5_342_879, 10_585_758, 6_000_000)]
    done = client.request("POST", target, fields, data[5_342_879:])
    assert stored_file(server, video_path, done) == data
    assert_video(done)


def test_java_sdk_sends_posts_with_an_end_past_the_file(client, server, video_path, noise):
    data = noise(6_000_000)
    target = path_of(client.create(len(data)))
    fields = [OCTETS, NO_CACHE, ("Pragma", "no-cache"), ("User-Agent", "Java/1.8.0_181"),
              ("Accept", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2")]
    first = client.request("POST", target, [*fields, ranged(0, FIVE_MIB - 1, 6_000_000)], data[:FIVE_MIB])
    assert (first.status, first.header("Range")) == (204, f"0-{FIVE_MIB - 1}")
    status = client.request("POST", target, [*fields, ("Content-Range", "bytes */6000000")], body=None)
    start = int(status.header("Range").split("-")[1])
    done = client.request("POST", target, [*fields, ranged(start, start + FIVE_MIB - 1, 6_000_000)], data[start:])
    assert stored_file(server, video_path, done) == data
    assert_video(done)


def test_dotnet_sdk_resumes_with_its_own_reading_of_range(client, server, video_path, noise):
    """PUT with one digit before the dash, and a body that is the whole buffer of 5 MiB even for a shorter range."""
    data = noise(6_000_000)
    target = path_of(client.create(len(data)))
    client.request("PUT", target, [OCTETS, NO_CACHE, ranged(0, FIVE_MIB - 1, 6_000_000)], data[:FIVE_MIB])
    status = client.request("PUT", target, [OCTETS, NO_CACHE, ("Content-Range", "bytes */6000000")])
    start = int(re.fullmatch(r"\d-(\d*)", status.header("Range")).group(1))
    body = data[start:] + b"\xee" * (FIVE_MIB - (len(data) - start))
    done = client.request("PUT", target, [OCTETS, NO_CACHE, ranged(start, 5_999_999, 6_000_000)], body)
    assert stored_file(server, video_path, done) == data
    assert_video(done)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_status_query_after_the_end(client, method):
    """Libraries read Range in answers of any status, and send the last byte again."""
    target = path_of(client.create(9))
    done = client.request(method, target, [OCTETS, ranged(0, 8, 9)], b"abcdefghi")
    status = client.request(method, target, [OCTETS, NO_CACHE, ("Content-Range", "bytes */9")])
    assert (status.status, status.header("Range"), status.body) == (200, "0-8", done.body)
    again = client.request(method, target, [OCTETS, ranged(8, 102_407, 9)], b"i")
    assert (again.status, again.body) == (200, done.body)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_empty_session_has_no_range(client, method):
    """Some libraries would like 0-0 here; a browser that believes it loses the first byte."""
    target = path_of(client.create(9))
    status = client.request(method, target, [OCTETS, NO_CACHE, ("Content-Range", "bytes */9")])
    assert (status.status, status.header("Range")) == (204, None)
    assert status.header("Location")


@pytest.mark.parametrize("times", [1, 2])
def test_abort(client, times):
    """Python, Java and .NET send a bare DELETE and want 200, some of them twice."""
    location = client.create(9)
    client.piece(location, 0, b"abc", 9, method="POST")
    for _ in range(times):
        response = client.request("DELETE", path_of(location), [("Accept", "*/*")])
        assert (response.status, response.body) == (200, b"")
    assert client.status(location, 9, method="POST").status == 404


def test_node_and_curl_users_send_the_file_in_one_request(client, server, video_path, noise):
    for method in ("PUT", "POST"):
        data = noise(300_000)
        fields = [("User-Agent", "curl/7.88.1"), ("Accept", "*/*"), OCTETS]
        response = client.request(method, path_of(client.create(len(data))), fields, data)
        assert stored_file(server, video_path, response) == data
