# SPDX-License-Identifier: MIT
"""The request sequences of the clients in the field, as measured on the wire."""

import json

import pytest

from support.raw_http import Connection, multipart, path_of, stored_bytes

OCTETS = ("Content-Type", "application/octet-stream")
NO_CACHE = ("Cache-Control", "no-cache")
XHR = ("X-Requested-With", "XMLHttpRequest")
FIVE_MIB = 5_242_880


def stored_file(server, video_path, response):
    assert response.status == 200, response
    with open(video_path(server, response.json()), "rb") as file:
        return file.read()


def browser_piece(client, target, start, data, total):
    fields = [NO_CACHE, XHR, OCTETS, ("Content-Range", f"bytes {start}-{start + len(data) - 1}/{total}")]
    return client.request("PUT", target, fields, data)


def browser_status(client, target, total):
    return client.request("PUT", target, [NO_CACHE, XHR, OCTETS, ("Content-Range", f"bytes */{total}")])


def test_browser_v2(client, server, video_path, noise):
    data = noise(2 * FIVE_MIB + 1000)
    target = path_of(client.create(len(data)))
    response = browser_status(client, target, len(data))
    # Without a readable Location on the first 204 the browser loops for ever.
    assert response.status == 204 and response.header("Range") is None
    target = path_of(response.header("Location"))
    assert "Location" in response.header("Access-Control-Expose-Headers")
    assert "Range" in response.header("Access-Control-Expose-Headers")
    offset = 0
    while response.status == 204:
        response = browser_piece(client, target, offset, data[offset : offset + FIVE_MIB], len(data))
        if response.status == 204:
            offset = stored_bytes(response)
            assert response.header("Location")
    assert stored_file(server, video_path, response) == data


def test_browser_v2_asks_again_after_the_end(client, noise):
    data = noise(1000)
    target = path_of(client.create(len(data)))
    done = browser_piece(client, target, 0, data, len(data))
    assert done.status == 200
    # Its answer was lost: the page queries, and a 204 with the full range would make it send the last byte again.
    again = browser_status(client, target, len(data))
    assert again.body == done.body and again.header("Range") == "0-999"
    last_byte = browser_piece(client, target, 999, data[999:], len(data))
    assert last_byte.status == 200 and last_byte.body == done.body


def test_browser_v2_heals_itself_after_a_gap(client, server, video_path, noise):
    data = noise(3000)
    target = path_of(client.create(len(data)))
    browser_piece(client, target, 0, data[:1000], len(data))
    response = browser_piece(client, target, 2000, data[2000:], len(data))
    assert (response.status, response.header("Range")) == (204, "0-999")
    assert stored_file(server, video_path, browser_piece(client, target, 1000, data[1000:], len(data))) == data


def test_browser_v2_empty_file(client, server, video_path):
    target = path_of(client.create(0))
    response = browser_status(client, target, 0)
    if response.status == 204:
        fields = [NO_CACHE, XHR, OCTETS, ("Content-Range", "bytes 0--1/0")]
        response = client.request("PUT", target, fields)
    assert stored_file(server, video_path, response) == b""


def test_browser_repeats_a_piece_by_itself_after_a_reset(client, server, video_path, noise):
    data = noise(2 * FIVE_MIB)
    target = path_of(client.create(len(data)))
    first = data[:FIVE_MIB]
    for _ in range(2):
        response = browser_piece(client, target, 0, first, len(data))
        assert (response.status, response.header("Range")) == (204, f"0-{FIVE_MIB - 1}")
    assert stored_file(server, video_path, browser_piece(client, target, FIVE_MIB, data[FIVE_MIB:], len(data))) == data


def test_browser_v2_cancel(client):
    target = path_of(client.create(1000))
    browser_piece(client, target, 0, b"x" * 100, 1000)
    response = client.request("DELETE", target, [XHR, ("Content-Type", "text/plain;charset=UTF-8")])
    assert response.status == 200 and response.body == b""


def test_browser_v2_multipart_fallback(client, server, video_path, noise):
    data = noise(300_000)
    boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
    body = multipart(boundary, ("file", "clip.mp4", data, ["Content-Type: video/mp4"]))
    fields = [NO_CACHE, XHR, ("Content-Type", f"multipart/form-data; boundary={boundary}")]
    response = client.request("POST", path_of(client.create(len(data))), fields, body)
    assert stored_file(server, video_path, response) == data


@pytest.mark.parametrize(
    "method, headers",
    [
        ("PUT", "cache-control,content-range,content-type,x-requested-with"),
        ("POST", "cache-control,x-requested-with"),
        ("DELETE", "x-requested-with"),
    ],
)
def test_browser_preflight(client, method, headers):
    fields = [("Origin", "https://app.example.org"), ("Access-Control-Request-Method", method)]
    fields.append(("Access-Control-Request-Headers", headers))
    response = client.request("OPTIONS", path_of(client.create(9)), fields)
    assert response.status in (200, 204), response
    assert response.header("Access-Control-Allow-Origin") in ("*", "https://app.example.org")
    assert method in [word.strip() for word in response.header("Access-Control-Allow-Methods").split(",")]
    allowed = [word.strip().lower() for word in response.header("Access-Control-Allow-Headers").split(",")]
    assert set(headers.split(",")) <= set(allowed)
    assert int(response.header("Access-Control-Max-Age")) > 0


@pytest.mark.parametrize("case", ["status", "done", "not_found", "bad_request", "mismatch", "media_type"])
def test_browser_can_read_every_answer_across_origins(client, case):
    origin = ("Origin", "https://app.example.org")
    location = client.create(9)
    client.piece(location, 0, b"abc", 9)
    ranged = ("Content-Range", "bytes 0-8/9")
    response = {
        "status": lambda: client.request("PUT", path_of(location), [origin, ("Content-Range", "bytes */9")]),
        "done": lambda: client.request("PUT", path_of(location), [origin, OCTETS, ranged], b"abcdefghi"),
        "not_found": lambda: client.request("PUT", path_of(location)[:-1], [origin, OCTETS], b"abc"),
        "bad_request": lambda: client.request("PUT", path_of(location), [origin, ("Content-Range", "bytes */10")]),
        "media_type": lambda: client.request("POST", path_of(location), [origin, ("Content-Type", "text/plain")], b"x"),
        "mismatch": lambda: client.request("PUT", path_of(location), [origin, OCTETS, ranged], b"Xbcdefghi"),
    }[case]()
    assert response.header("Access-Control-Allow-Origin") in ("*", "https://app.example.org"), response
    exposed = [word.strip().lower() for word in response.header("Access-Control-Expose-Headers").split(",")]
    assert {"location", "range"} <= set(exposed)


def test_ruby_gem(server, video_path, client, noise):
    """POST, pieces of 100 KiB, the end of the last range past the file, a connection for each request."""
    data = noise(250_000)
    location = client.create(len(data), "/home/me/My%20clip.mp4")
    for offset in range(0, len(data), 102_400):
        body = data[offset : offset + 102_400]
        fields = [OCTETS, NO_CACHE, ("Connection", "close")]
        fields.append(("Content-Range", f"bytes {offset}-{offset + 102_399}/{len(data)}"))
        with Connection((server.host, server.port)) as connection:
            response = connection.request("POST", path_of(location), fields, body)
            assert response.closes
            connection.expect_close()
        if offset + 102_400 < len(data):
            assert (response.status, response.header("Range")) == (204, f"0-{offset + 102_399}")
    assert stored_file(server, video_path, response) == data


def test_ruby_gem_resumes_one_byte_early(client, server, video_path, noise):
    data = noise(250_000)
    target = path_of(client.create(len(data)))
    client.request("POST", target, [OCTETS, ("Content-Range", "bytes 0-99999/250000")], data[:100_000])
    status = client.request("POST", target, [OCTETS, NO_CACHE, ("Content-Range", "bytes */250000")])
    start = int(status.header("Range").split("-")[1])
    assert start == 99_999
    fields = [OCTETS, NO_CACHE, ("Content-Range", f"bytes {start}-{start + 102_399}/250000")]
    response = client.request("POST", target, fields, data[start : start + 102_400])
    assert (response.status, response.header("Range")) == (204, "0-202398")
    fields = [OCTETS, NO_CACHE, ("Content-Range", "bytes 202399-304798/250000")]
    assert stored_file(server, video_path, client.request("POST", target, fields, data[202_399:])) == data


def test_ruby_gem_whole_file_without_content_range(client, server, video_path, noise):
    data = noise(400_000)
    session = client.request("POST", "/v2/videos/upload.json?", [], b"file_size=400000&file_name=a.mp4&use_all_profiles=true")
    assert session.status == 201
    response = client.request("PUT", path_of(session.json()["location"]), [OCTETS], data)
    assert stored_file(server, video_path, response) == data


def test_python_client(client, server, video_path, noise):
    data = noise(6_000_000)
    query = "file_name=clip.mp4&file_size=6000000&profiles=h264&access_key=a&cloud_id=c&signature=s%3D&timestamp=t"
    session = client.request("POST", f"/v2/videos/upload.json?{query}")
    target = path_of(session.json()["location"])
    fields = [OCTETS, NO_CACHE, ("Content-Range", "bytes 0-5242879/6000000")]
    response = client.request("POST", target, fields, data[:FIVE_MIB])
    assert (response.status, response.header("Range")) == (204, "0-5242879")
    fields = [OCTETS, NO_CACHE, ("Content-Range", "bytes 5242880-10485759/6000000")]
    response = client.request("POST", target, fields, data[FIVE_MIB:])
    assert stored_file(server, video_path, response) == data
    assert "error" not in response.json()


def test_dotnet_sdk_sends_its_whole_buffer(client, server, video_path, noise):
    data = noise(6_000_000)
    target = path_of(client.create(len(data)))
    buffer = bytearray(data[:FIVE_MIB])
    response = client.request("PUT", target, [OCTETS, NO_CACHE, ("Content-Range", "bytes 0-5242879/6000000")], bytes(buffer))
    assert (response.status, response.header("Range")) == (204, "0-5242879")
    buffer[: 6_000_000 - FIVE_MIB] = data[FIVE_MIB:]
    fields = [OCTETS, NO_CACHE, ("Content-Range", "bytes 5242880-5999999/6000000")]
    response = client.request("PUT", target, fields, bytes(buffer))
    assert stored_file(server, video_path, response) == data
    video = response.json()
    for field in ("duration", "width", "height", "fps", "video_bitrate", "audio_bitrate", "audio_channels",
                  "audio_sample_rate", "file_size"):
        assert isinstance(video.get(field, 0), (int, float)) and video.get(field, 0) is not None


def test_java_sdk_status_query_without_length(connect, client):
    location = client.create(1000)
    client.piece(location, 0, b"x" * 100, 1000, method="POST")
    connection = connect()
    fields = [OCTETS, NO_CACHE, ("Pragma", "no-cache"), ("Content-Range", "bytes */1000")]
    response = connection.request("POST", path_of(location), fields, body=None)
    assert (response.status, response.header("Range")) == (204, "0-99")
    assert connection.request("GET", path_of(location)).status == 200


def test_java_sdk_reads_one_line(client):
    target = path_of(client.create(9))
    response = client.request("POST", target, [OCTETS, ("Content-Range", "bytes 0-5242879/9")], b"abcdefghi")
    assert json.loads(response.body.split(b"\n")[0])["id"]


def test_dotnet_2011_multipart_with_preamble_and_expect(connect, client, server, video_path, noise):
    data = noise(50_000)
    target = path_of(client.create(len(data)))
    boundary = "---------------------8d1f5d2c3b4a596"
    parts = (("cloud_id", None, b"c"), ("file", "C:\\clips\\clip.mp4", data, ["Content-Type: video/mp4"]))
    body = multipart(boundary, *parts, preamble=b"\r\n")
    connection = connect()
    fields = [("Content-Type", f"multipart/form-data; boundary={boundary}"), ("Expect", "100-continue")]
    connection.send_head("POST", target, [*fields, ("Content-Length", str(len(body)))])
    assert connection.read_response().status == 100
    connection.send(body)
    assert stored_file(server, video_path, connection.read_final()) == data


def test_ruby_gem_file_part_comes_first_with_headers_of_its_own(client, server, video_path, noise):
    data = noise(10_000)
    boundary = "-----------RubyMultipartPost"
    own = ["Content-Length: 10000", "Content-Type: multipart/form-data", "Content-Transfer-Encoding: binary"]
    later = [(name, None, value) for name, value in (("profiles", b"h264"), ("access_key", b"a"), ("signature", b"s="))]
    body = multipart(boundary, ("file", "panda.mp4", data, own), *later)
    fields = [("Content-Type", f"multipart/form-data; boundary={boundary}"), ("Connection", "close")]
    response = client.request("POST", path_of(client.create(len(data))), fields, body)
    assert stored_file(server, video_path, response) == data


def test_go_client_odd_boundary_and_part_named_by_its_path(client, server, video_path, noise):
    data = noise(10_000)
    boundary = "^{8d1f-5d2c}^"
    body = multipart(boundary, ("/home/me/clip.mp4", "/home/me/clip.mp4", data))
    fields = [("Content-Type", f"multipart/form-data; boundary={boundary}")]
    response = client.request("POST", path_of(client.create(len(data))), fields, body)
    assert stored_file(server, video_path, response) == data


def test_curl_uploads_with_expect(connect, client, server, video_path, noise):
    data = noise(2_000_000)
    connection = connect()
    fields = [("User-Agent", "curl/7.88.1"), ("Accept", "*/*"), ("Expect", "100-continue")]
    connection.send_head("PUT", path_of(client.create(len(data))), [*fields, ("Content-Length", str(len(data)))])
    assert connection.read_response().status == 100
    connection.send(data)
    assert stored_file(server, video_path, connection.read_final()) == data
