# SPDX-License-Identifier: MIT
"""The video library over the API: list, find, metadata, delete."""

import json
import os
import re

import pytest

from support.raw_http import Client
from support.sluice_server import SluiceServer

DATE = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d [+-]\d{4}")
NUMBERS = ("duration", "width", "height", "file_size", "video_bitrate", "audio_bitrate", "audio_channels",
           "audio_sample_rate", "fps")


def upload(client, data, name):
    response = client.whole(client.create(len(data), name), data)
    assert response.status == 200, response
    return response.json()


@pytest.fixture(scope="module")
def library(tmp_path_factory, mp4):
    """A server of its own with five videos, two of which can be played: the counts below are exact."""
    with SluiceServer(tmp_path_factory.mktemp("library") / "data") as server:
        with Client((server.host, server.port)) as client:
            videos = [upload(client, mp4 if index % 2 else b"no video %d" % index, f"clip{index}.mp4") for index in range(5)]
            yield server, client, videos


def ids(videos):
    return [video["id"] for video in videos]


def test_list_is_an_array_newest_first(library):
    _, client, videos = library
    response = client.get("/videos.json")
    assert response.status == 200
    assert response.header("Content-Type").startswith("application/json")
    assert response.json() == list(reversed(videos))


def test_list_pages(library):
    _, client, videos = library
    newest_first = list(reversed(ids(videos)))
    assert ids(client.get("/videos.json?per_page=2").json()) == newest_first[:2]
    assert ids(client.get("/v2/videos.json?page=2&per_page=2").json()) == newest_first[2:4]
    assert ids(client.get("/videos.json?page=3&per_page=2").json()) == newest_first[4:]
    assert client.get("/videos.json?page=4&per_page=2").json() == []


@pytest.mark.parametrize("root", ["true", "1"])
def test_list_with_root(library, root):
    _, client, videos = library
    answer = client.get(f"/videos.json?include_root={root}&page=2&per_page=3").json()
    assert ids(answer["videos"]) == list(reversed(ids(videos)))[3:]
    assert (int(answer["page"]), int(answer["per_page"]), int(answer["total"])) == (2, 3, 5)


@pytest.mark.parametrize("prefix", ["/flip/3.1", "/api/flip/3.1"])
def test_list_of_3_1_has_a_root(library, prefix):
    _, client, _ = library
    answer = client.get(f"{prefix}/videos.json").json()
    assert len(answer["videos"]) == 5 and int(answer["total"]) == 5


@pytest.mark.parametrize("status, count", [("success", 2), ("fail", 3), ("processing", 0)])
def test_list_by_status(library, status, count):
    _, client, _ = library
    videos = client.get(f"/videos.json?status={status}").json()
    assert len(videos) == count
    assert {video["status"] for video in videos} <= {status}


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=0", "per_page=-1", "status=unknown"])
def test_list_with_a_bad_parameter(library, query):
    _, client, _ = library
    response = client.get(f"/videos.json?{query}")
    assert response.status == 400, response
    assert query.split("=")[0] in response.json()["message"]


def test_per_page_is_at_most_100(library):
    _, client, _ = library
    response = client.get("/videos.json?per_page=101&include_root=1")
    assert response.status == 400 or int(response.json()["per_page"]) == 100


def test_find(library):
    _, client, videos = library
    for video in videos:
        response = client.get(f"/videos/{video['id']}.json")
        assert response.status == 200
        assert response.json() == video


def test_fields_of_a_video(library, mp4):
    _, _, videos = library
    for index, video in enumerate(videos):
        assert re.fullmatch(r"[0-9a-f]{32}", video["id"])
        assert video["status"] == ("success" if index % 2 else "fail")
        assert video["original_filename"] == f"clip{index}.mp4"
        assert video["extname"] == ".mp4"
        assert video["path"] == video["id"]
        assert video["source_url"] is None
        assert video["file_size"] == (len(mp4) if index % 2 else 10)
        assert DATE.fullmatch(video["created_at"]) and DATE.fullmatch(video["updated_at"])
        for field in NUMBERS:
            assert isinstance(video[field], (int, float)) and not isinstance(video[field], bool), field
        assert "error" not in video
        assert ("error_class" in video) == (video["status"] == "fail")


@pytest.mark.parametrize("suffix", [".json", "/metadata.json"])
@pytest.mark.parametrize("video_id", ["0" * 32, "f" * 31, "G" * 32, "..%2f..%2fjournal", "%00"])
def test_unknown_video(library, video_id, suffix):
    _, client, _ = library
    for method in ("GET",) if "metadata" in suffix else ("GET", "DELETE"):
        response = client.request(method, f"/videos/{video_id}{suffix}")
        assert response.status == 404, response
        assert response.json()["error"] == "RecordNotFound"


def test_unknown_video_in_the_words_of_the_api(library):
    _, client, _ = library
    message = client.get(f"/videos/{'0' * 32}.json").json()["message"]
    assert message == f"Couldn't find Video with ID={'0' * 32}"


def test_metadata(library):
    _, client, videos = library
    response = client.get(f"/videos/{videos[1]['id']}/metadata.json")
    assert response.status == 200
    metadata = response.json()
    assert isinstance(metadata, dict) and metadata
    assert "320" in json.dumps(metadata)


def test_list_and_find_survive_a_restart(library):
    server, client, videos = library
    client.close()
    server.kill()
    server.start()
    client.address = (server.host, server.port)
    assert client.get("/videos.json").json() == list(reversed(videos))


def test_delete_removes_file_and_record(client, server, video_path):
    video = upload(client, b"content", "a.bin")
    assert os.path.exists(video_path(server, video))
    response = client.request("DELETE", f"/videos/{video['id']}.json")
    assert response.status == 200
    assert response.json() == {"deleted": True}
    assert not os.path.exists(video_path(server, video))
    assert client.get(f"/videos/{video['id']}.json").status == 404
    assert video["id"] not in ids(client.get("/videos.json").json())
    assert client.request("DELETE", f"/videos/{video['id']}.json").status == 404


def test_delete_of_the_source_keeps_the_record(client, server, video_path):
    video = upload(client, b"content", "a.bin")
    for _ in range(2):
        response = client.request("DELETE", f"/videos/{video['id']}/source.json")
        assert response.status == 200, response
        assert response.json() == {"deleted": True}
    assert not os.path.exists(video_path(server, video))
    assert client.get(f"/videos/{video['id']}.json").status == 200
    assert client.request("DELETE", f"/videos/{video['id']}.json").status == 200


@pytest.mark.parametrize(
    "name, extname",
    [
        ("clip.mov", ".mov"),
        ("clip.tar.gz", ".gz"),
        ("no-extension", ""),
        ("%2Fetc%2Fpasswd", ""),
        ("a.mp4%2F..%2F..%2Fx", ""),
        ("..", ""),
        ("a.%2E%2E%2F%2E%2E%2Fx", ""),
    ],
)
def test_file_name_never_leads_out_of_the_library(client, server, name, extname):
    video = upload(client, b"content", name)
    assert video["extname"] == extname
    stored = os.path.join(server.data_dir, "videos", video["id"] + video["extname"])
    assert os.path.isfile(stored)


@pytest.mark.parametrize("name", ["a.%0Ab", "a.%00", "a.b%20c", "a." + "x" * 300, "a.%E2%99%A5", "a.%2E"])
def test_odd_extension_is_harmless(client, server, name):
    video = upload(client, b"content", name)
    assert len(video["extname"]) < 100
    files = [file for file in os.listdir(os.path.join(server.data_dir, "videos")) if file.startswith(video["id"])]
    assert len(files) == 1 and files[0].isascii() and files[0].isprintable()
