# SPDX-License-Identifier: MIT
"""POST multipart/form-data of a file to its location."""

import os

import pytest

from support.generated_file import GeneratedFile, sha256_of_file
from support.raw_http import chunked, multipart, path_of
from support.waiting import wait_until

DATA = b"abcdefghi"


def media_type(boundary):
    return ("Content-Type", f"multipart/form-data; boundary={boundary}")


def post(client, location, body, boundary="b"):
    return client.request("POST", path_of(location), [media_type(boundary)], body)


def assert_content(server, video_path, response, data=DATA):
    assert response.status == 200, response
    with open(video_path(server, response.json()), "rb") as file:
        assert file.read() == data


FILE = ("file", "clip.mp4", DATA, ["Content-Type: video/mp4"])


@pytest.mark.parametrize(
    "parts",
    [
        (FILE,),
        (("a", None, b"1"), ("b", None, b""), FILE),
        (FILE, ("access_key", None, b"k"), ("signature", None, b"s" * 300)),
        (("before", None, b"1"), FILE, ("after", None, b"2")),
        (("file", "clip.mp4", DATA),),
        (("file", "clip.mp4", DATA, ["Content-Length: 9", "Content-Transfer-Encoding: binary"]),),
    ],
    ids=["alone", "fields_before", "fields_after", "around", "no_media_type", "more_part_fields"],
)
def test_parts_before_and_after_the_file(client, server, video_path, parts):
    assert_content(server, video_path, post(client, client.create(9), multipart("b", *parts)))


@pytest.mark.parametrize(
    "boundary, parameter",
    [
        ("simple", "simple"),
        ("----WebKitFormBoundaryabc", "----WebKitFormBoundaryabc"),
        ("quoted boundary", '"quoted boundary"'),
        ("^{odd}^", "^{odd}^"),
        ("'()+_,-./:=?", "\"'()+_,-./:=?\""),
        ("x" * 70, "x" * 70),
    ],
)
def test_any_boundary(client, server, video_path, boundary, parameter):
    body = multipart(boundary, FILE)
    assert_content(server, video_path, post(client, client.create(9), body, parameter))


@pytest.mark.parametrize("preamble, epilogue", [(b"\r\n", b""), (b"preamble\r\n", b"epilogue\r\n--b--\r\n")])
def test_preamble_and_epilogue(client, server, video_path, preamble, epilogue):
    body = multipart("b", FILE, preamble=preamble, epilogue=epilogue)
    assert_content(server, video_path, post(client, client.create(9), body))


def test_content_that_looks_like_a_boundary(client, server, video_path):
    data = b"\r\n--b\r\n--boundar\r\n--boundar\r\n\r\n--boundarx--\r\n-\r\n--boundar"
    body = multipart("boundary", ("file", "clip.mp4", data))
    response = post(client, client.create(len(data)), body, "boundary")
    assert_content(server, video_path, response, data)


def test_body_in_single_bytes(connect, client, server, video_path):
    body = multipart("b", ("a", None, b"1"), FILE, ("c", None, b"2"))
    connection = connect()
    connection.send_head("POST", path_of(client.create(9)), [media_type("b"), ("Content-Length", str(len(body)))])
    for index in range(len(body)):
        connection.send(body[index : index + 1])
    assert_content(server, video_path, connection.read_final())


def test_chunked_multipart(connect, client, server, video_path):
    body = multipart("b", ("a", None, b"1"), FILE)
    connection = connect()
    connection.send_head("POST", path_of(client.create(9)), [media_type("b"), ("Transfer-Encoding", "chunked")])
    connection.send(chunked(*[body[at : at + 7] for at in range(0, len(body), 7)]))
    assert_content(server, video_path, connection.read_final())


@pytest.mark.parametrize("data", [DATA[:-1], DATA + b"X", b""])
def test_size_that_differs_from_file_size_names_both(client, server, video_path, data):
    location = client.create(9)
    response = post(client, location, multipart("b", ("file", "clip.mp4", data), ("after", None, b"1")))
    assert response.status == 400, response
    assert response.json()["error"] == "BadRequest"
    assert "9" in response.json()["message"] and str(len(data)) in response.json()["message"]
    assert_content(server, video_path, post(client, location, multipart("b", FILE)))


def test_file_of_size_zero(client, server, video_path):
    response = post(client, client.create(0), multipart("b", ("file", "empty.mp4", b"")))
    assert_content(server, video_path, response, b"")


@pytest.mark.parametrize(
    "body",
    [
        multipart("b", ("a", None, b"1")),
        b"--b--\r\n",
        b"",
        b"no boundary at all",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabcdefghi',
        b"--b\r\n" + b"X: y\r\n" * 5000 + b"\r\nabcdefghi\r\n--b--\r\n",
        b"".join(b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' for _ in range(300)) + b"--b--\r\n",
    ],
    ids=["no_file", "no_part", "empty", "no_boundary", "no_end", "part_head_too_long", "too_many_parts"],
)
def test_body_without_a_whole_file_part(client, body):
    location = client.create(9)
    response = post(client, location, body)
    assert response.status == 400, response
    assert response.json()["error"] == "BadRequest"
    assert client.status(location, 9).status == 204


@pytest.mark.parametrize("value", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "x" * 71])
def test_unusable_boundary(client, value):
    location = client.create(9)
    response = client.request("POST", path_of(location), [("Content-Type", value)], multipart("b", FILE))
    assert response.status == 400, response
    assert "boundary" in response.json()["message"]


def test_form_repeated_after_the_end_gets_the_same_answer(client):
    location = client.create(9)
    body = multipart("b", FILE)
    first = post(client, location, body)
    assert first.status == 200
    assert post(client, location, body).body == first.body


def test_form_sent_again_whole_after_a_cut(connect, client, server, video_path, noise):
    data = noise(2_000_000)
    location = client.create(len(data))
    body = multipart("b", ("a", None, b"1"), ("file", "clip.mp4", data))
    cut = connect()
    cut.send_head("POST", path_of(location), [media_type("b"), ("Content-Length", str(len(body)))])
    cut.send(body[:1_000_000])
    cut.close()
    wait_until(lambda: client.stored(location) > 900_000, "the bytes before the cut")
    assert_content(server, video_path, post(client, location, body), data)


def test_large_form_is_streamed_to_disk(new_server, connected, video_path):
    """Its bytes are in the blob before the form has ended, and the server does not grow by them."""
    server = new_server()
    source = GeneratedFile(200 << 20)
    connection = connected(server).connection
    location = connected(server).create(source.size)
    empty = multipart("b", ("a", None, b"1"), ("file", "large.mp4", b""), ("after", None, b"2"))
    split = empty.index(b"large.mp4") + len(b'large.mp4"\r\n\r\n')
    fields = [media_type("b"), ("Content-Length", str(len(empty) + source.size))]
    connection.send_head("POST", path_of(location), fields)
    connection.send(empty[:split])
    before = server.memory_kib("VmHWM")
    for piece in source.pieces():
        connection.send(piece)
    uploads = os.path.join(server.data_dir, "uploads")

    def largest():
        sizes = [os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(uploads) for name in names]
        return max(sizes, default=0)

    wait_until(lambda: largest() > source.size - (8 << 20), largest)
    connection.send(empty[split:])
    response = connection.read_final()
    assert response.status == 200, response
    assert server.memory_kib("VmHWM") - before < 48 * 1024
    assert sha256_of_file(video_path(server, response.json())) == source.sha256()
