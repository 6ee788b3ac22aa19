# SPDX-License-Identifier: MIT
"""The file of a finished upload, asked for again."""

from support.raw_http import path_of
from support.tus import Tus, expect, metadata

DATA = b"abcdefghi"


def downloads(new_server, allowed="capability"):
    return new_server(toml=f'dialects.downloads = "{allowed}"\n')


def test_the_file_can_be_had_again(new_server, connected, noise):
    data = noise(300_000)
    server = downloads(new_server)
    client = connected(server)
    tus = Tus(client)
    location = path_of(tus.upload(data, 1 << 20, metadata(filename="ä.mp4", filetype="video/mp4")))
    for target in (location, location + "/content"):
        response = client.get(target)
        assert response.status == 200 and response.body == data
        assert response.header("Content-Disposition") == "attachment; filename*=UTF-8''%C3%A4.mp4"
        assert response.header("Content-Type") == "video/mp4"
        assert response.header("Content-Security-Policy") == "sandbox"
        assert response.header("X-Content-Type-Options") == "nosniff"
        part = client.request("GET", target, [("Range", "bytes=100000-199999"), ("If-Range", response.header("ETag"))])
        assert part.status == 206 and part.body == data[100_000:200_000]
        assert part.header("Content-Range") == "bytes 100000-199999/300000"
        assert client.request("GET", target, [("Range", "bytes=300000-")]).header("Content-Range") == "bytes */300000"
        assert client.request("GET", target, [("If-None-Match", response.header("ETag"))]).status == 304
    assert client.request("GET", location, [("Accept", "application/json")]).json()["state"] == "delivered"
    head = client.request("HEAD", location + "/content")
    assert head.status == 200 and head.header("Content-Length") == "300000"
    expect(tus.head(location), 200, len(data))
    # All that it needs is remembered.
    server.restart()
    client = connected(server)
    again = client.get(location)
    assert again.body == data and again.header("ETag") == response.header("ETag")
    assert again.header("Content-Type") == "video/mp4"
    (video,) = client.get("/videos.json").json()
    assert client.delete(f"/videos/{video['id']}/source.json").status == 200
    assert client.get(location + "/content").status == 404


def test_there_is_no_file_before_the_backend_has_it(new_server, connected):
    client = connected(downloads(new_server))
    tus = Tus(client)
    location = path_of(tus.create(9))
    tus.patch(location, 0, DATA[:8])
    assert client.get(location).status == 409
    assert client.get(location + "/content").json()["error"] == "NotDelivered"
    tus.delete(location)
    assert client.get(location + "/content").status == 404


def test_downloads_are_off_unless_allowed(client):
    location = path_of(Tus(client).upload(DATA))
    assert client.get(location).json()["state"] == "delivered"
    assert client.get(location + "/content").status == 404
