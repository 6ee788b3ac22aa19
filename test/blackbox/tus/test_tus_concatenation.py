# SPDX-License-Identifier: MIT
"""tus 1.0.0 byte by byte: files that are made of partial uploads."""

import pytest

from support.raw_http import path_of
from support.tus import Tus, expect, metadata
from support.waiting import wait_until


@pytest.fixture
def tus(client):
    return Tus(client)


def stored(server, video_path, tus, location):
    with open(video_path(server, tus.answer(location).json()), "rb") as file:
        return file.read()


# T17, T18
def test_concatenation(client, server, video_path, tus, noise):
    data = noise(2_500_001)
    cuts = [0, 1_000_003, 1_000_003, 2_500_001]
    partials = []
    for begin, end in zip(cuts, cuts[1:]):
        location = tus.create(end - begin, ("Upload-Concat", "partial"))
        if end > begin:
            expect(tus.patch(location, 0, data[begin:end]), 204, end - begin)
        response = tus.head(location)
        expect(response, 200, end - begin)
        assert response.header("Upload-Concat") == "partial"
        partials.append(location)
    concat = ("Upload-Concat", "final;" + " ".join([partials[0], path_of(partials[1]), partials[2]]))
    response = tus.post(concat, metadata(filename="made.bin"))
    expect(response, 201, len(data))
    location = response.header("Location")
    again = tus.post(concat)
    expect(again, 201, len(data))
    assert again.header("Location") == location
    response = tus.head(location)
    expect(response, 200, len(data))
    assert response.header("Upload-Concat") == concat[1] and response.header("Upload-Length") == str(len(data))
    expect(tus.patch(location, len(data), b""), 403)
    assert tus.answer(location).json()["original_filename"] == "made.bin"
    assert stored(server, video_path, tus, location) == data
    other = tus.post(("Upload-Concat", f"final;{partials[2]} {partials[0]}"))
    assert other.header("Location") != location
    assert stored(server, video_path, tus, other.header("Location")) == data[1_000_003:] + data[:1_000_003]


# T19
def test_concatenation_of_unfinished_uploads(new_server, connected, video_path, noise):
    data = noise(300_000)
    server = new_server()
    tus = Tus(connected(server))
    first = tus.create(100_000, ("Upload-Concat", "partial"))
    last = tus.post(("Upload-Defer-Length", "1"), ("Upload-Concat", "partial")).header("Location")
    concat = ("Upload-Concat", f"final;{path_of(first)} {path_of(last)}")
    response = tus.post(concat, metadata(filename="made.bin"))
    expect(response, 201)
    location = response.header("Location")
    response = tus.head(location)
    expect(response, 200)
    assert response.header("Upload-Length") is None and response.header("Upload-Defer-Length") is None
    expect(tus.patch(location, 0, data), 403)
    expect(tus.patch(last, 0, data[100_000:], ("Upload-Length", "200000")), 204, 200_000)
    expect(tus.head(location), 200)
    assert tus.answer(location).status == 503
    server.restart()
    tus = Tus(connected(server))
    expect(tus.patch(first, 0, data[:100_000]), 204, 100_000)
    # It is made without a further request; this one waits for it.
    response = tus.post(concat)
    expect(response, 201, len(data))
    assert path_of(response.header("Location")) == path_of(location)
    expect(tus.head(location), 200, len(data))
    assert stored(server, video_path, tus, location) == data
    assert tus.answer(location).json()["original_filename"] == "made.bin"


def test_a_partial_upload_that_ends_ends_the_file(server, tus):
    unfinished = tus.create(3, ("Upload-Concat", "partial"))
    location = tus.post(("Upload-Concat", f"final;{unfinished}")).header("Location")
    expect(tus.delete(unfinished), 204)
    wait_until(lambda: tus.head(location).status == 410, "the end of the file")
    assert b"a partial upload of this file was aborted" in tus.patch(location, 0, b"abc").body
    assert server.logged("upload aborted")


@pytest.mark.parametrize("more", [(), (("Upload-Length", "3"),)])
def test_concatenation_of_what_cannot_be(tus, more):
    whole = tus.upload(b"abc")
    for url, status in ((whole, 400), ("/uploads/" + "x" * 43, 400 if more else 404), ("/x", 400)):
        expect(tus.post(("Upload-Concat", f"final;{url}"), *more), status)
    expect(tus.post(("Upload-Concat", "final;"), *more), 400)
    expect(tus.post(("Upload-Concat", "whole"), ("Upload-Length", "3")), 400)
