# SPDX-License-Identifier: MIT
"""PUT and POST of pieces: the stored bytes and the answers."""

import json

import pytest

from support.raw_http import OCTETS, Connection, chunked, path_of, stored_bytes
from support.waiting import wait_until

DATA = b"abcdefghi"


def assert_stored(response, count):
    assert response.status == 204, response
    assert response.header("Range") == (f"0-{count - 1}" if count else None)
    assert response.header("Location").startswith("http://")
    assert response.body == b""


def assert_finished(response):
    assert response.status == 200, response
    assert response.header("Content-Type").startswith("application/json")
    assert b"\n" not in response.body.rstrip(b"\n")
    video = response.json()
    assert "error" not in video and len(video["id"]) == 32
    return video


def content_of(server, video_path, response):
    with open(video_path(server, assert_finished(response)), "rb") as file:
        return file.read()


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_piece_that_is_not_the_last(client, method):
    location = client.create(9)
    response = client.piece(location, 0, b"abcde", 9, method=method)
    assert_stored(response, 5)
    assert path_of(response.header("Location")) == path_of(location)


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_piece_that_completes_the_file(client, server, video_path, method):
    location = client.create(9)
    client.piece(location, 0, b"abcde", 9, method=method)
    assert content_of(server, video_path, client.piece(location, 5, b"fghi", 9, method=method)) == DATA


def test_many_small_pieces(client, server, video_path, noise):
    data = noise(300)
    location = client.create(len(data))
    for offset in range(0, 300, 13):
        response = client.piece(location, offset, data[offset : offset + 13], 300)
    assert content_of(server, video_path, response) == data


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_no_content_range_is_the_whole_file(client, server, video_path, method):
    assert content_of(server, video_path, client.whole(client.create(9), DATA, method=method)) == DATA


@pytest.mark.parametrize("body", [b"abcdefgh", b"abcdefghij"])
def test_no_content_range_and_another_size(client, body):
    location = client.create(9)
    response = client.whole(location, body)
    assert response.status == 400, response
    assert response.json()["error"] == "BadRequest"
    assert "9" in response.json()["message"] and str(len(body)) in response.json()["message"]
    assert_stored(client.status(location, 9), 0)
    assert_finished(client.whole(location, DATA))


def test_no_content_range_repeated_after_an_interruption(client, server, video_path, connect):
    location = client.create(9)
    cut = connect()
    cut.send_head("PUT", path_of(location), [("Content-Type", OCTETS), ("Content-Length", "9")])
    cut.send(b"abcd")
    cut.close()
    wait_until(lambda: client.stored(location, 9) == 4, "the bytes before the cut")
    assert content_of(server, video_path, client.whole(location, DATA)) == DATA


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("total", ["", "9"])
def test_status_query(client, method, total):
    location = client.create(9)
    assert_stored(client.status(location, total, method=method), 0)
    client.piece(location, 0, b"abcde", 9)
    response = client.status(location, total, method=method)
    assert_stored(response, 5)
    assert path_of(response.header("Location")) == path_of(location)


@pytest.mark.parametrize("total", ["", "9"])
def test_status_query_on_a_finished_upload(client, total):
    location = client.create(9)
    done = client.whole(location, DATA)
    response = client.status(location, total)
    assert_finished(response)
    assert response.body == done.body
    assert response.header("Range") == "0-8"


def test_status_query_with_another_total(client):
    location = client.create(9)
    response = client.status(location, 10)
    assert response.status == 400, response
    assert "9" in response.json()["message"] and "10" in response.json()["message"]


def test_overlap_is_skipped_and_the_rest_appended(client, server, video_path):
    location = client.create(9)
    assert_stored(client.piece(location, 0, b"abcde", 9), 5)
    assert_stored(client.piece(location, 3, b"defg", 9), 7)
    assert content_of(server, video_path, client.piece(location, 0, DATA, 9)) == DATA


def test_repeated_piece_is_harmless(client):
    location = client.create(9)
    for _ in range(3):
        assert_stored(client.piece(location, 0, b"abcde", 9), 5)
    assert_stored(client.piece(location, 1, b"bc", 9), 5)
    assert_finished(client.piece(location, 5, b"fghi", 9))


@pytest.mark.parametrize(
    "start, data, offset",
    [(0, b"Xbcde", 0), (2, b"cdX", 4), (3, b"dXfghi", 4), (0, b"abcdXfghi", 4)],
)
def test_overlap_that_differs_is_refused_with_its_offset(client, server, video_path, start, data, offset):
    location = client.create(9)
    client.piece(location, 0, b"abcde", 9)
    response = client.piece(location, start, data, 9)
    assert response.status == 409, response
    assert response.json()["error"] == "ContentMismatch"
    assert str(offset) in response.json()["message"]
    assert_stored(client.status(location, 9), 5)
    assert content_of(server, video_path, client.piece(location, 5, b"fghi", 9)) == DATA


def test_overlap_that_differs_far_inside_changes_nothing(client, server, video_path, noise):
    data = noise(1_500_000)
    wrong = bytearray(data)
    wrong[900_000] ^= 1
    location = client.create(len(data))
    assert_stored(client.piece(location, 0, data[:1_000_000], len(data)), 1_000_000)
    response = client.piece(location, 0, bytes(wrong), len(data))
    assert response.status == 409, response
    assert "900000" in response.json()["message"]
    assert client.stored(location, len(data)) == 1_000_000
    assert content_of(server, video_path, client.piece(location, 1_000_000, data[1_000_000:], len(data))) == data


@pytest.mark.parametrize("stored", [0, 3])
def test_piece_beyond_what_is_stored(client, server, video_path, stored):
    location = client.create(9)
    if stored:
        client.piece(location, 0, DATA[:stored], 9)
    assert_stored(client.piece(location, 5, b"fghi", 9), stored)
    assert_stored(client.piece(location, 5, b"fg", 9), stored)
    assert content_of(server, video_path, client.piece(location, stored, DATA[stored:], 9)) == DATA


def test_large_piece_beyond_what_is_stored_leaves_the_connection_usable(client):
    location = client.create(20_000_000)
    assert_stored(client.piece(location, 1000, b"x" * 5_242_880, 20_000_000), 0)
    assert_stored(client.piece(location, 0, b"y" * 1000, 20_000_000), 1000)


def test_range_end_beyond_the_file_and_the_body(client, server, video_path):
    location = client.create(9)
    assert_stored(client.piece(location, 0, b"abcde", 9, end=4), 5)
    assert content_of(server, video_path, client.piece(location, 5, b"fghi", 9, end=9999)) == DATA


def test_range_end_beyond_the_body(client):
    location = client.create(9)
    assert_stored(client.piece(location, 0, b"abc", 9, end=7), 3)
    assert_stored(client.piece(location, 3, b"", 9, end=7), 3)


def test_body_longer_than_the_range_uses_the_range(client, server, video_path):
    location = client.create(9)
    assert_stored(client.piece(location, 0, b"abcdeXXXX", 9, end=4), 5)
    assert content_of(server, video_path, client.piece(location, 5, b"fghiXXXXXXXXXX", 9, end=8)) == DATA


def test_body_and_range_longer_than_the_file(client, server, video_path):
    location = client.create(9)
    assert content_of(server, video_path, client.piece(location, 0, DATA + b"XXXX", 9)) == DATA


def test_total_that_differs_from_file_size(client):
    location = client.create(9)
    response = client.piece(location, 0, b"abcde", 10)
    assert response.status == 400, response
    assert "9" in response.json()["message"] and "10" in response.json()["message"]
    assert_stored(client.status(location, 9), 0)


@pytest.mark.parametrize(
    "value",
    [
        "bytes 0-4",
        "bytes=0-4/9",
        "octets 0-4/9",
        "0-4/9",
        "bytes 4-0/9",
        "bytes 0-/9",
        "bytes -4/9",
        "bytes a-4/9",
        "bytes 0-4/nine",
        "bytes 0-4/-9",
        "bytes 0-4/9 ",
        "bytes 0-4/9x",
        "bytes 0-4/9, 5-8/9",
        "bytes 0x0-4/9",
        "bytes +0-4/9",
        "bytes 0-99999999999999999999/9",
        "bytes 18446744073709551616-18446744073709551620/9",
        "bytes",
        "*",
        "",
    ],
)
def test_malformed_content_range(client, value):
    location = client.create(9)
    fields = [("Content-Type", OCTETS), ("Content-Range", value)]
    response = client.request("PUT", path_of(location), fields, b"abcde")
    if value == "bytes 0-4/9 ":
        assert_stored(response, 5)  # White space around a field value is no part of it (RFC 9110 5.5).
        return
    assert response.status == 400, response
    assert response.json()["error"] == "BadRequest"
    assert_stored(client.status(location, 9), 0)


def test_two_content_ranges(client):
    location = client.create(9)
    fields = [("Content-Range", "bytes 0-4/9"), ("Content-Range", "bytes 2-6/9")]
    response = client.request("PUT", path_of(location), [("Content-Type", OCTETS), *fields], b"abcde")
    assert response.status == 400, response
    assert_stored(client.status(location, 9), 0)


@pytest.mark.parametrize("end", ["close", "abort"])
def test_connection_lost_in_the_middle_keeps_the_bytes(client, server, video_path, noise, end):
    data = noise(3_000_000)
    location = client.create(len(data))
    cut = Connection((server.host, server.port))
    fields = [("Content-Type", OCTETS), ("Content-Range", f"bytes 0-{len(data) - 1}/{len(data)}")]
    cut.send_head("PUT", path_of(location), [*fields, ("Content-Length", str(len(data)))])
    cut.send(data[:1_234_567])
    if end == "abort":
        # A reset discards bytes that the server has not read from its socket yet: it can only keep the others.
        wait_until(lambda: client.stored(location) >= 0, "a status")
        cut.abort()
        held = wait_until(lambda: client.stored(location), "some bytes")
    else:
        cut.close()
        held = wait_until(lambda: client.stored(location) == 1_234_567 and 1_234_567, lambda: client.status(location))
    assert held <= 1_234_567
    held = client.stored(location)
    assert content_of(server, video_path, client.piece(location, held, data[held:], len(data))) == data


def test_chunked_body_lost_in_the_middle_keeps_the_bytes(client, connect):
    location = client.create(9)
    cut = connect()
    fields = [("Content-Type", OCTETS), ("Content-Range", "bytes 0-8/9"), ("Transfer-Encoding", "chunked")]
    cut.send_head("PUT", path_of(location), fields)
    cut.send(b"4\r\nabcd\r\n5\r\nef")
    cut.close()
    wait_until(lambda: client.stored(location) == 6, lambda: client.status(location))


def test_chunked_pieces(client, connect, server, video_path):
    location = client.create(9)
    connection = connect()
    octets = [("Content-Type", OCTETS), ("Transfer-Encoding", "chunked")]
    connection.send_head("PUT", path_of(location), [*octets, ("Content-Range", "bytes 0-4/9")])
    connection.send(chunked(b"a", b"bcd", b"e"))
    assert_stored(connection.read_final(), 5)
    connection.send_head("PUT", path_of(location), [*octets, ("Content-Range", "bytes 5-8/9")])
    connection.send(chunked(b"fghi"))
    assert content_of(server, video_path, connection.read_final()) == DATA


def test_chunked_whole_file_of_another_size(client, connect):
    for body in (b"abcdefgh", b"abcdefghij"):
        connection = connect()
        location = client.create(9)
        connection.send_head("PUT", path_of(location), [("Content-Type", OCTETS), ("Transfer-Encoding", "chunked")])
        connection.send(chunked(body))
        response = connection.read_final()
        assert response.status == 400, response
        assert "9" in response.json()["message"]
        assert_finished(client.whole(location, DATA))


def test_newest_request_for_the_same_bytes_wins(client, connect, server, video_path):
    location = client.create(9)
    stalled = connect()
    fields = [("Content-Type", OCTETS), ("Content-Range", "bytes 0-8/9"), ("Content-Length", "9")]
    stalled.send_head("PUT", path_of(location), fields)
    stalled.send(b"abc")
    # A status query does not wait for the stalled request.
    assert client.stored(location) <= 3
    assert content_of(server, video_path, client.piece(location, 0, DATA, 9)) == DATA


def test_pieces_on_a_finished_upload_get_the_same_answer(client, server):
    location = client.create(9)
    client.piece(location, 0, b"abcde", 9)
    done = client.piece(location, 5, b"fghi", 9)
    for start, data in ((5, b"fghi"), (8, b"i"), (0, DATA), (0, b"abc")):
        assert client.piece(location, start, data, 9).body == done.body
    assert client.whole(location, DATA).body == done.body
    video = json.loads(done.body)
    listed = [entry["id"] for entry in client.get("/videos.json").json()]
    assert listed.count(video["id"]) == 1


def test_get_of_the_location(client):
    location = client.create(9, "my%20clip.mp4")
    client.piece(location, 0, b"abcde", 9)
    response = client.get(path_of(location))
    assert response.status == 200, response
    assert response.header("Content-Type").startswith("application/json")
    upload = response.json()
    assert isinstance(upload["id"], int)
    assert upload["file_name"] == "my clip.mp4"
    assert upload["file_size"] == 9
    assert upload["state"] == "receiving"
    assert upload["stored"] == [[0, 4]]
    assert upload["expires_at"]


def test_get_of_a_finished_location(client):
    location = client.create(9)
    answer = client.whole(location, DATA)
    upload = client.get(path_of(location)).json()
    assert upload["state"] == "delivered"
    assert upload["answer"]["status"] == 200
    assert upload["answer"]["body"] == answer.json()


@pytest.mark.parametrize(
    "way",
    [[], [("Content-Range", "bytes */0")], [("Content-Range", "bytes 0--1/0")]],
    ids=["empty_put", "status_form", "browser_form"],
)
def test_file_of_size_zero(client, server, video_path, way):
    location = client.create(0, "empty.mp4")
    response = client.request("PUT", path_of(location), [("Content-Type", OCTETS), *way])
    assert content_of(server, video_path, response) == b""
    assert client.request("PUT", path_of(location), [("Content-Type", OCTETS), *way]).body == response.body


def test_unknown_and_malformed_locations(client):
    known = path_of(client.create(9))
    base, token = known.rsplit("/", 1)
    other = ("A" if token[0] != "A" else "B") + token[1:]
    for target in (
        f"{base}/{other}",
        f"{base}/{token[:-1]}",
        f"{base}/{token}A",
        f"{base}/x",
        f"{base}/",
        f"{base}/..%2f..%2fetc%2fpasswd",
        f"{base}/%00",
        f"{base}/../../etc/passwd",
        "/nothing/here",
    ):
        for method in ("PUT", "GET", "DELETE"):
            response = client.request(method, target, [("Content-Type", OCTETS)] if method == "PUT" else [])
            assert response.status == 404, (method, target, response)
            assert response.json()["error"] == "RecordNotFound"


def test_delete_frees_the_bytes_and_is_idempotent(client, server):
    location = client.create(9)
    assert_stored(client.piece(location, 0, b"abcde", 9), 5)
    for _ in range(2):
        response = client.delete(location)
        assert response.status == 200, response
        assert response.body == b""
    for response in (client.piece(location, 5, b"fghi", 9), client.status(location, 9), client.whole(location, DATA)):
        assert response.status == 404, response
        assert response.json()["error"] == "RecordNotFound"


def test_delete_as_the_browser_sends_it(client):
    location = client.create(9)
    fields = [("X-Requested-With", "XMLHttpRequest"), ("Content-Type", "text/plain;charset=UTF-8")]
    connection_answer = client.request("DELETE", path_of(location), [*fields, ("Content-Length", "0")])
    assert connection_answer.status == 200, connection_answer


def test_late_bytes_of_an_aborted_piece_are_discarded(client, connect):
    location = client.create(9)
    late = connect()
    fields = [("Content-Type", OCTETS), ("Content-Range", "bytes 0-8/9"), ("Content-Length", "9")]
    late.send_head("PUT", path_of(location), fields)
    late.send(b"abcd")
    assert client.delete(location).status == 200
    try:
        late.send(b"efghi")
        assert late.read_final().status in (404, 503)
    except OSError:
        pass  # Cut off: just as good.
    assert client.status(location).status == 404


def test_delete_of_a_finished_upload_keeps_the_video(client, server, video_path):
    location = client.create(9)
    video = assert_finished(client.whole(location, DATA))
    response = client.delete(location)
    assert response.status == 200 and response.body == b""
    assert client.get(f"/videos/{video['id']}.json").status == 200
    with open(video_path(server, video), "rb") as file:
        assert file.read() == DATA


def test_stored_prefix_never_counts_bytes_of_the_future(client):
    location = client.create(9)
    assert stored_bytes(client.piece(location, 2, b"cde", 9)) == 0
    assert stored_bytes(client.piece(location, 0, b"ab", 9)) == 2
