# SPDX-License-Identifier: MIT
"""The embedded backend for any file: its answer, lists, downloads by bytes, removal, crashes in between."""

import glob
import hashlib
import json
import os
import re
import subprocess

import pytest

from support.raw_http import Client, multipart, path_of
from support.sluice_server import SluiceServer, environment, sluice_binary
from support.tus import Tus, metadata
from support.waiting import wait_until

FILES = '[backend]\nkind = "files"\n'
KEYS = """
[[credentials]]
owner = "ann"
api_key = "the key of ann"

[[credentials]]
owner = "bob"
api_key = "the key of bob"
"""
CONTENT = bytes(range(256)) * 40
DIGEST = hashlib.sha256(CONTENT).hexdigest()
BOUNDARY = "----formdata"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    config = tmp_path_factory.mktemp("config") / "files.toml"
    config.write_text(FILES, encoding="utf-8")
    with SluiceServer(tmp_path_factory.mktemp("server") / "data", args=("--config", config)) as running:
        yield running


def upload(client, data=CONTENT, name="letter.pdf"):
    response = client.whole(client.create(len(data), name), data)
    assert response.status == 200, response
    return response.json()


def expect_stored(answer, name="letter.pdf"):
    assert (answer["status"], answer["file_name"]) == ("stored", name)
    assert (answer["file_size"], answer["sha256"]) == (len(CONTENT), DIGEST)
    assert re.fullmatch(r"[0-9a-f]{32}", answer["id"])
    assert re.fullmatch(r"/stored-files/[0-9a-f]{32}-[A-Za-z0-9_-]{43}", answer["url"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer["created_at"])


def test_an_upload_session_in_pieces(client):
    location = client.create(len(CONTENT), "letter.pdf")
    assert client.piece(location, 0, CONTENT[:4000], len(CONTENT)).status == 204
    done = client.piece(location, 4000, CONTENT[4000:], len(CONTENT))
    assert (done.status, done.header("Sluice-Answer")) == (200, "backend")
    expect_stored(done.json())
    assert client.status(location, len(CONTENT)).json() == done.json()
    assert client.get(done.json()["url"]).body == CONTENT


def test_a_form_of_a_browser(client):
    form = multipart(BOUNDARY, ("file", "letter.pdf", CONTENT, ["Content-Type: application/pdf"]))
    response = client.request("POST", "/videos.json", [("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")], form)
    assert response.status == 200, response
    expect_stored(response.json())
    assert response.json()["content_type"] == "application/pdf"
    assert client.get(response.json()["url"]).body == CONTENT


def test_tus(client):
    tus = Tus(client)
    location = tus.create(len(CONTENT), metadata(filename="letter.pdf", filetype="application/pdf"))
    assert tus.patch(location, 0, CONTENT).status == 204
    answer = tus.answer(location).json()
    expect_stored(answer)
    assert answer["content_type"] == "application/pdf"


def test_an_empty_file(client):
    answer = upload(client, b"", "nothing")
    assert (answer["file_size"], answer["sha256"]) == (0, hashlib.sha256(b"").hexdigest())
    response = client.get(answer["url"])
    assert (response.status, response.body) == (200, b"")
    assert client.request("GET", answer["url"], [("Range", "bytes=0-")]).status == 416


def test_a_download_and_its_custody(client):
    answer = upload(client, b"<script>alert(1)</script>", 'a "page".html')
    for path in (answer["url"], f"/stored-files/{answer['id']}/content"):
        response = client.get(path)
        assert (response.status, response.body) == (200, b"<script>alert(1)</script>")
        assert response.header("ETag") == f'"{answer["sha256"]}"'
        assert response.header("Accept-Ranges") == "bytes"
        assert response.header("Content-Disposition") == "attachment; filename*=UTF-8''a%20%22page%22.html"
        assert response.header("X-Content-Type-Options") == "nosniff"
        assert response.header("Content-Security-Policy") == "sandbox"
        head = client.request("HEAD", path)
        assert (head.status, head.header("Content-Length"), head.body) == (200, "25", b"")


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-0", 206, (0, 1)),
        ("bytes=100-199", 206, (100, 200)),
        ("bytes=10000-", 206, (10000, 10240)),
        ("bytes=-5", 206, (10235, 10240)),
        ("bytes=0-99999999999999999999", 206, (0, 10240)),
        ("bytes=10240-", 416, None),
        ("bytes=1-2,4-5", 200, (0, 10240)),
        ("bytes=5-2", 200, (0, 10240)),
    ],
)
def test_ranges(client, asked, status, part):
    url = upload(client)["url"]
    response = client.request("GET", url, [("Range", asked)])
    assert response.status == status
    if status == 416:
        assert response.header("Content-Range") == f"bytes */{len(CONTENT)}"
        return
    assert response.body == CONTENT[part[0] : part[1]]
    expected = f"bytes {part[0]}-{part[1] - 1}/{len(CONTENT)}" if status == 206 else None
    assert response.header("Content-Range") == expected


def test_conditions(client):
    url = upload(client)["url"]
    tag = f'"{DIGEST}"'
    not_modified = client.request("GET", url, [("If-None-Match", f'"x", W/{tag}')])
    assert (not_modified.status, not_modified.header("ETag"), not_modified.body) == (304, tag, b"")
    part = ("Range", "bytes=0-9")
    assert client.request("GET", url, [part, ("If-Range", tag)]).status == 206
    assert client.request("GET", url, [part, ("If-Range", '"x"')]).body == CONTENT


def test_a_large_file_is_sent_as_it_came(client, noise):
    data = noise(5_000_000)
    answer = upload(client, data, "noise.bin")
    assert answer["sha256"] == hashlib.sha256(data).hexdigest()
    assert client.get(answer["url"]).body == data


def test_lists_and_removal(new_server, connected):
    server = new_server(toml=FILES)
    client = connected(server)
    answers = [upload(client, b"%d" % index, f"{index}.txt") for index in range(3)]
    listed = client.get("/stored-files.json").json()
    assert listed == {"files": answers[::-1], "page": 1, "per_page": 100, "total": 3}
    assert client.get("/stored-files.json?page=2&per_page=2").json()["files"] == answers[:1]
    assert client.get("/stored-files.json?page=0").status == 400
    assert client.get("/videos.json").json() == [], "files are no videos"
    first = f"/stored-files/{answers[0]['id']}"
    assert client.get(first + ".json").json() == answers[0]
    assert client.get(f"/videos/{answers[0]['id']}.json").status == 404
    assert client.request("DELETE", f"/videos/{answers[0]['id']}.json").status == 404
    assert client.request("DELETE", answers[0]["url"]).status == 405
    assert client.request("DELETE", first + ".json").status == 204
    for path in (first + ".json", first + "/content", answers[0]["url"]):
        assert client.get(path).status == 404, path
    assert client.request("DELETE", first + ".json").status == 404
    assert client.get("/stored-files.json").json()["total"] == 2
    assert len(os.listdir(os.path.join(server.data_dir, "videos"))) == 2


def test_a_secret_url_is_the_right_to_read_and_nothing_else_is(new_server, connected):
    server = new_server(toml=FILES + KEYS)
    client = connected(server)
    ann, bob = ([("X-Api-Key", f"the key of {name}")] for name in ("ann", "bob"))
    form = multipart(BOUNDARY, ("file", "letter.pdf", CONTENT))
    kind = ("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    answer = client.request("POST", "/videos.json", [kind, *ann], form).json()
    assert client.get(answer["url"]).body == CONTENT
    wrong = answer["url"][:-1] + ("A" if answer["url"][-1] != "A" else "B")
    assert client.get(wrong).status == 404
    record = f"/stored-files/{answer['id']}"
    for method, path in (("GET", "/stored-files.json"), ("GET", record + ".json"), ("GET", record + "/content"), ("DELETE", record + ".json")):
        assert client.request(method, path).status == 400, "no credential at all, in the words of the API"
        refused = client.request(method, path, [("Authorization", "Bearer another key")])
        assert (refused.status, refused.header("WWW-Authenticate")) == (401, "Bearer"), path
    assert client.request("GET", "/stored-files.json", bob).json()["total"] == 0
    assert client.request("GET", record + "/content", bob).status == 404
    assert client.request("DELETE", record + ".json", bob).status == 404
    assert client.request("GET", record + "/content", ann).body == CONTENT
    assert client.request("GET", "/stored-files.json", ann).json()["files"] == [answer]
    assert client.request("DELETE", record + ".json", ann).status == 204
    assert answer["url"][-43:] not in server.log(), "the secret is not logged"


def digest32(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@pytest.mark.parametrize("moved", [False, True])
def test_a_crash_before_the_record_makes_one_file(new_server, connected, moved):
    """The file has no place, so that the hand-off waits; the process dies before the file is moved, or behind that."""
    server = new_server(toml=FILES + '[delivery]\nwait = "0s"\nretry_first = "10ms"\nretry_max = "20ms"\n')
    videos = os.path.join(server.data_dir, "videos")
    os.rename(videos, videos + ".away")
    client = connected(server)
    location = client.create(len(CONTENT), "letter.pdf")
    assert client.whole(location, CONTENT).status == 503
    server.kill()
    os.rename(videos + ".away", videos)
    file_id = digest32("video:" + digest32("handoff:" + location.rpartition("/")[2]))
    if moved:
        (blob,) = glob.glob(os.path.join(server.data_dir, "uploads", "*", "*.part"))
        os.rename(blob, os.path.join(videos, file_id + ".pdf"))
    server.start()
    with Client((server.host, server.port)) as again:
        wait_until(lambda: again.status(location, len(CONTENT)).status == 200, "the answer")
        answer = again.status(location, len(CONTENT)).json()
    expect_stored(answer)
    assert answer["id"] == file_id
    server.kill()
    server.start()
    with Client((server.host, server.port)) as again:
        assert again.status(location, len(CONTENT)).json() == answer
        assert again.get("/stored-files.json").json()["files"] == [answer]
        assert again.get(answer["url"]).body == CONTENT
    assert os.listdir(videos) == [file_id + ".pdf"]
    assert not glob.glob(os.path.join(server.data_dir, "uploads", "*", "*.part"))


def test_a_hand_off_that_one_kind_began_another_ends(new_server, connected):
    server = new_server(toml=FILES + '[delivery]\nwait = "0s"\nretry_first = "10ms"\nretry_max = "20ms"\n')
    videos = os.path.join(server.data_dir, "videos")
    os.rename(videos, videos + ".away")
    location = connected(server).create(len(CONTENT), "letter.pdf")
    assert connected(server).whole(location, CONTENT).status == 503
    server.kill()
    os.rename(videos + ".away", videos)
    server.args += ["--backend-kind", "videos"]
    server.start()
    with Client((server.host, server.port)) as again:
        wait_until(lambda: again.status(location, len(CONTENT)).status == 200, "the answer")
        assert again.status(location, len(CONTENT)).json()["error_class"] == "FormatNotRecognised"
        assert again.get("/stored-files.json").json()["files"] == []


def test_fsck_knows_files(new_server, connected):
    server = new_server(toml=FILES)
    answer = upload(connected(server))
    server.terminate()

    def fsck():
        return subprocess.run([sluice_binary(), "fsck", "--data", server.data_dir], env=environment(), capture_output=True, text=True, timeout=60, check=False)

    assert fsck().returncode == 0, fsck().stdout
    os.truncate(os.path.join(server.data_dir, "videos", answer["id"] + ".pdf"), 5)
    assert "has 5 bytes" in fsck().stdout


def test_the_location_gives_the_file_where_that_is_allowed(new_server, connected):
    client = connected(new_server(toml=FILES + '[dialects]\ndownloads = "capability"\n'))
    location = client.create(len(CONTENT), "letter.pdf")
    answer = client.whole(location, CONTENT).json()
    assert client.get(path_of(location) + "/content").body == CONTENT
    assert client.request("DELETE", f"/stored-files/{answer['id']}.json").status == 204
    assert client.get(path_of(location) + "/content").status == 404


def test_public_url_makes_urls_whole(new_server, connected):
    server = new_server("--public-url", "https://up.example", toml=FILES)
    answer = upload(connected(server))
    assert answer["url"].startswith("https://up.example/stored-files/")


def test_two_backends_are_refused(new_server):
    done = subprocess.run(
        [sluice_binary(), "check", "--backend", "http://127.0.0.1:1/", "--backend-kind", "files"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "backend.kind" in done.stderr + done.stdout and "backend.url" in done.stderr + done.stdout


def test_extra_files_have_no_place(client):
    session = {"file_name": "a", "file_size": 6_000_000, "multi_chunk": True, "extra_files": [{"tag": "t", "file_size": 3, "file_name": "s"}]}
    response = client.request("POST", "/videos/upload.json", [("Content-Type", "application/json")], json.dumps(session).encode())
    assert response.status == 400 and "extra_files" in response.json()["message"], response
