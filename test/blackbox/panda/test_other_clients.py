# SPDX-License-Identifier: MIT
"""Uploaders that know nothing of this API and send pieces, or the file, as it takes them."""

import subprocess

import pytest

from support.raw_http import multipart, path_of, stored_bytes

CHUNK = 262_144
VIDEO = ("Content-Type", "video/mp4")


def stored_file(server, video_path, response):
    assert response.status == 200, response
    with open(video_path(server, response.json()), "rb") as file:
        return file.read()


def ranged(begin, data, total):
    return ("Content-Range", f"bytes {begin}-{begin + len(data) - 1}/{total}")


def upchunk(client, target, begin, data, total, kind=VIDEO):
    """A chunk of UpChunk: the file's own type, which is empty where the browser knows none."""
    return client.request("PUT", target, [kind, ranged(begin, data, total)], data)


@pytest.mark.parametrize("kind", ["video/mp4", "text/plain", "application/octet-stream", ""])
def test_upchunk(client, server, video_path, noise, kind):
    data = noise(2 * CHUNK + 1000)
    target = path_of(client.create(len(data)))
    for begin in range(0, len(data), CHUNK):
        response = upchunk(client, target, begin, data[begin : begin + CHUNK], len(data), ("Content-Type", kind))
        assert response.status in (200, 204), response
    assert stored_file(server, video_path, response) == data


def test_upchunk_sends_a_chunk_again_whole(client, connect, server, video_path, noise):
    data = noise(2 * CHUNK)
    target = path_of(client.create(len(data)))
    cut = connect()
    cut.send_head("PUT", target, [VIDEO, ranged(0, data[:CHUNK], len(data)), ("Content-Length", str(CHUNK))])
    cut.send(data[:100_000])
    cut.close()
    assert upchunk(client, target, 0, data[:CHUNK], len(data)).status == 204
    assert stored_file(server, video_path, upchunk(client, target, CHUNK, data[CHUNK:], len(data))) == data


@pytest.mark.parametrize("fields", [[VIDEO], [("Content-Type", "")], []], ids=["typed", "empty", "untyped"])
def test_a_client_that_cannot_read_range_is_never_told_that_a_gap_is_stored(client, fields):
    target = path_of(client.create(9))
    first = client.request("PUT", target, [*fields, ranged(0, b"abc", 9)], b"abc")
    assert (first.status, first.header("Range")) == (204, "0-2")
    gap = client.request("PUT", target, [*fields, ranged(6, b"ghi", 9)], b"ghi")
    assert (gap.status, gap.json()["error"], gap.header("Range")) == (409, "OffsetMismatch", "0-2")
    assert path_of(gap.header("Location")) == target
    short = client.request("PUT", target, [*fields, ("Content-Range", "bytes 3-8/9")], b"def")
    assert (short.status, short.header("Range")) == (409, "0-5")
    assert client.request("PUT", target, [*fields, ranged(6, b"ghi", 9)], b"ghi").status == 200


def test_jquery_file_upload_sends_the_file_itself(client, server, video_path, noise):
    """It posts, and goes on behind the number in Range."""
    data = noise(5000)
    target = path_of(client.create(len(data)))
    disposition = ("Content-Disposition", 'attachment; filename="a.mp4"')
    begin = 0
    while begin < len(data):
        piece = data[begin : begin + 2000]
        response = client.request("POST", target, [VIDEO, disposition, ranged(begin, piece, len(data))], piece)
        assert response.status in (200, 204), response
        begin = stored_bytes(response)
    assert stored_file(server, video_path, response) == data


def test_jquery_file_upload_sends_a_form_for_each_piece(client, connect, server, video_path, noise):
    """The same around a form; a piece that broke off comes again whole."""
    data = noise(5000)
    target = path_of(client.create(len(data)))
    fields = [("Content-Type", "multipart/form-data; boundary=b"), ("Content-Disposition", 'attachment; filename="a.mp4"')]

    def form(piece):
        return multipart("b", ("title", None, b"t"), ("files[]", "a.mp4", piece, ["Content-Type: video/mp4"]))

    cut = connect()
    whole = form(data[:2000])
    cut.send_head("POST", target, [*fields, ranged(0, data[:2000], len(data)), ("Content-Length", str(len(whole)))])
    cut.send(whole[:1000])
    cut.close()
    begin = 0
    while begin < len(data):
        piece = data[begin : begin + 2000]
        response = client.request("POST", target, [*fields, ranged(begin, piece, len(data))], form(piece))
        assert response.status in (200, 204), response
        begin = stored_bytes(response)
    assert stored_file(server, video_path, response) == data


def test_jquery_file_upload_may_send_the_name_across_origins(client):
    fields = [("Origin", "https://app.example.org"), ("Access-Control-Request-Method", "POST"),
              ("Access-Control-Request-Headers", "content-disposition,content-range,content-type")]
    response = client.request("OPTIONS", path_of(client.create(9)), fields)
    assert "content-disposition" in response.header("Access-Control-Allow-Headers")


def test_uppy_puts_the_file(client, server, video_path, noise):
    data = noise(5000)
    response = client.request("PUT", path_of(client.create(len(data))), [VIDEO], data)
    assert stored_file(server, video_path, response) == data


def test_curl_continues(client, server, tmp_path, noise, video_path):
    data = noise(5000)
    location = client.create(len(data))
    client.piece(location, 0, data[:3000], len(data))
    file = tmp_path / "clip.mp4"
    file.write_bytes(data)
    command = ["curl", "-sS", "-f", "-C", "4000", "-T", str(file), location]
    assert subprocess.run(command, capture_output=True).returncode == 22, "a gap is no success"
    command[command.index("4000")] = "3000"
    assert subprocess.run(command, capture_output=True).returncode == 0
    with open(video_path(server, client.status(location).json()), "rb") as stored:
        assert stored.read() == data


def test_filepond_sends_metadata_in_front(client, server, video_path, noise):
    data = noise(5000)
    form = multipart("b", ("file", None, b'{"a":1}'), ("file", "clip.mp4", data, ["Content-Type: video/mp4"]))
    target = path_of(client.create(len(data)))
    response = client.request("POST", target, [("Content-Type", "multipart/form-data; boundary=b")], form)
    assert stored_file(server, video_path, response) == data
