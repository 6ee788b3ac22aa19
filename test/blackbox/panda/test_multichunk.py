# SPDX-License-Identifier: MIT
"""Multi-chunk sessions as the SDKs of version 3 use them: how each opens one, sends its parts and asks for the missing ones."""

import json
import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest

from support.generated_file import GeneratedFile
from support.raw_http import OCTETS, Client, Connection, chunked, path_of
from support.waiting import wait_until

PART = 5 << 20
FILM = GeneratedFile(2 * PART + 12_345, seed=1)
SUBTITLES = GeneratedFile(PART + 678, seed=2)
JSON = ("Content-Type", "application/json")
API_KEY = ("X-Api-Key", "tlcs_key")


@dataclass
class Sdk:
    """The differences between the SDKs on the wire."""

    name: str
    verb: str
    in_json: bool = True
    tags_main_file: bool = False  # X-Extra-File-Tag, empty, with the main file's parts.
    tags_questions: bool = True
    asks_before: bool = True
    part_fields: list = field(default_factory=list)
    get_fields: list = field(default_factory=list)

    def open(self, client, files):
        main, *extra = files
        size, extra_files = main[2].size, [{"tag": t, "file_name": n, "file_size": f.size} for t, n, f in extra]
        if self.name == "TPY1":
            listed = quote(json.dumps(extra_files))
            query = f"file_name=film.mp4&file_size={size}&multi_chunk=True&profiles=h264&extra_files={listed}"
            return client.request("POST", f"/v3.0/videos/upload.json?{query}&access_key=a&signature=s%3D")
        if self.name == "TRB0":
            body = f"file_size={size}&file_name=film.mp4&multi_chunk=true&extra_files={quote(json.dumps(extra_files))}"
            fields = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "*/*")]
            return client.request("POST", "/v3.0/videos/upload.json", fields, body.encode())
        if self.name == "TGO0":
            body = {"extra_files": extra_files or None, "file_name": "film.mp4", "file_size": str(size)}
            body |= {"multi_chunk": "true", "profiles": ["h264"]}
            query = "access_key=a&checksum=c0ffee&cloud_id=c&signature_version=2&signature=s"
            return client.request("POST", f"/v3.0/videos/upload.json?{query}", [JSON], json.dumps(body).encode())
        body = {"file_size": size, "file_name": "film.mp4", "multi_chunk": True, "extra_files": extra_files}
        text = json.dumps(body, indent=4 if self.name == "TPHP" else None).encode()
        return client.request("POST", "/flip/3.1/videos/upload.json?factory_id=f", [JSON, API_KEY], text)

    def head(self, number, tag):
        fields = [("Content-Type", OCTETS), *self.part_fields]
        if number is not None:
            fields.append(("X-Part", str(number)))
        if tag or self.tags_main_file:
            fields.append(("X-Extra-File-Tag", tag))
        return fields

    def part(self, client, location, number, data, tag=""):
        return client.request(self.verb, path_of(location), self.head(number, tag), data)

    def ask(self, client, location, tag=""):
        fields = list(self.get_fields)
        if self.tags_questions and (tag or self.tags_main_file):
            fields.append(("X-Extra-File-Tag", tag))
        response = client.request("GET", path_of(location), fields)
        assert response.status == 200 and response.header("Content-Type") == "application/json", response
        return response.json()


NO_CACHE = [("Cache-Control", "no-cache")]
TGO = Sdk("TGO", "PUT", tags_main_file=True)
SDKS = [
    Sdk("TPY1", "POST", in_json=False, tags_questions=False, asks_before=False, part_fields=NO_CACHE),
    Sdk("TRB0", "PUT", in_json=False, tags_questions=False, asks_before=False),
    Sdk("TGO0", "PUT", tags_main_file=True),
    TGO,
    Sdk("TRB", "PUT", part_fields=[("Accept", "*/*"), ("User-Agent", "Ruby")]),
    Sdk("TPY", "POST", tags_main_file=True, tags_questions=False, asks_before=False, part_fields=NO_CACHE),
    Sdk("TPHP", "PUT"),
    Sdk("TJV", "POST", asks_before=False, get_fields=[JSON]),
    Sdk("TNET", "PUT", part_fields=[("Expect", "100-continue")]),
]
by_name = pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)


def strings_alone(value):
    return all(map(strings_alone, value.values())) if isinstance(value, dict) else isinstance(value, str)


def part_of(file, number):
    return file.read(number * PART, min((number + 1) * PART, file.size))


def part_count(file):
    return -(-file.size // PART)


def send_all(sdk, server, location, jobs, connections):
    """Sends (tag, number, file) from so many connections at once; the answers, in the order of their arrival."""
    answers, lock, left = [], threading.Lock(), list(jobs)

    def work():
        with Client(server.address) as client:
            while True:
                with lock:
                    if not left:
                        return
                    tag, number, file = left.pop()
                response = sdk.part(client, location, number, part_of(file, number), tag)
                with lock:
                    answers.append((tag, response))

    with ThreadPoolExecutor(connections) as pool:
        for worker in [pool.submit(work) for _ in range(connections)]:
            worker.result()
    return answers


def files_of(server, video):
    base = os.path.join(server.data_dir, "videos", video["id"])
    return [base + video["extname"]] + [
        f"{base}-{number}{extra['extname']}" for number, extra in enumerate(video.get("extra_files", []), 1)
    ]


def blobs(server):
    return {name for _, _, names in os.walk(os.path.join(server.data_dir, "uploads")) for name in names}


@by_name
def test_sdk_uploads_a_film_with_subtitles(server, client, sdk):
    files = [("", "film.mp4", FILM), ("subtitles.index-0", "s.SRT", SUBTITLES)]
    opened = sdk.open(client, files)
    assert opened.status == 201, opened
    session = opened.json()
    assert strings_alone(session), "Go decodes nothing but strings"
    assert (session["parts"], session["part_size"], session["max_connections"]) == ("3", str(PART), "8")
    extra = {"tag": "subtitles.index-0", "name": "s.SRT", "parts": "2", "part_size": str(PART)}
    assert session["extra_files"] == {"subtitles.index-0": extra}
    location = session["location"]
    before = sdk.ask(client, location)
    assert before["missing_parts"] == [0, 1, 2]
    if sdk.tags_questions:
        assert sdk.ask(client, location, "subtitles.index-0")["missing_parts"] == [0, 1]

    jobs = [(tag, number, file) for tag, _, file in files for number in range(part_count(file))]
    random.Random(7).shuffle(jobs)
    answers = send_all(sdk, server, location, jobs, int(session["max_connections"]))
    assert {response.status for _, response in answers} == {200}
    videos = [response.json() for _, response in answers if response.body]
    assert {tag for tag, response in answers if response.body} == {"", "subtitles.index-0"}
    for video in videos:
        assert (video["id"], video["status"]) == (before["media_id"], "processing")
        assert "error" not in video
    assert all(b"\n" not in response.body for _, response in answers)

    for tag, _, file in files:
        after = sdk.ask(client, location, tag)
        assert after == ({"missing_parts": []} if sdk.in_json else {}) | {"media_id": before["media_id"]}
        again = sdk.part(client, location, 0, part_of(file, 0), tag)
        assert (again.status, again.json()["id"]) == (200, before["media_id"])
    stored = client.get(f"/videos/{before['media_id']}.json").json()
    listed = [(extra["tag"], extra["original_filename"], extra["file_size"]) for extra in stored["extra_files"]]
    assert listed == [("subtitles.index-0", "s.SRT", SUBTITLES.size)]
    for path, file in zip(files_of(server, stored), [FILM, SUBTITLES], strict=True):
        with open(path, "rb") as content:
            assert content.read() == file.read(0, file.size), path


def test_php_sends_parts_without_a_number(server, client):
    """Once its list of missing parts is exhausted it sends part 0 without X-Part."""
    sdk = SDKS[6]
    location = sdk.open(client, [("", "film.mp4", FILM)]).json()["location"]
    stray = client.request("PUT", path_of(location), sdk.head(None, ""), part_of(FILM, 0))
    assert (stray.status, stray.body) == (200, b"")
    assert sdk.ask(client, location)["missing_parts"] == [0, 1, 2]
    for number in (0, 1, 2):
        last = sdk.part(client, location, number, part_of(FILM, number))
    for _ in range(4):
        stray = client.request("PUT", path_of(location), sdk.head(None, ""), part_of(FILM, 0))
        assert (stray.status, stray.body) == (200, last.body), stray
    with open(files_of(server, last.json())[0], "rb") as content:
        assert content.read() == FILM.read(0, FILM.size)


def test_parts_answer_nothing_before_the_file_is_complete(client):
    location = TGO.open(client, [("", "film.mp4", FILM)]).json()["location"]
    for number in (2, 0, 2, 0):
        response = TGO.part(client, location, number, part_of(FILM, number))
        assert (response.status, response.body) == (200, b"")
    assert TGO.ask(client, location)["missing_parts"] == [1]
    assert TGO.part(client, location, 1, part_of(FILM, 1)).json()["status"] == "processing"


def test_a_real_film_is_a_success_in_the_library(client, mp4):
    body = {"file_size": len(mp4), "file_name": "film.mp4", "multi_chunk": True}
    location = client.request("POST", "/flip/3.1/videos/upload.json", [JSON], json.dumps(body).encode()).json()["location"]
    told = TGO.part(client, location, 0, mp4).json()
    assert (told["status"], told["width"], told["fps"]) == ("processing", 320, 25)
    assert client.get(f"/videos/{told['id']}.json").json()["status"] == "success"


def test_a_part_of_another_length_stores_nothing(client):
    location = TGO.open(client, [("", "film.mp4", FILM)]).json()["location"]
    for body in (part_of(FILM, 2)[:-1], part_of(FILM, 2) + b"x", b""):
        response = TGO.part(client, location, 2, body)
        assert (response.status, response.json()["error"]) == (400, "BadRequest")
        assert "12345 bytes" in response.json()["message"]
        fields = [*TGO.head(2, ""), ("Transfer-Encoding", "chunked")]
        with Connection((client.address)) as connection:
            connection.send_head("PUT", path_of(location), fields)
            connection.send(chunked(body) if body else chunked())
            assert connection.read_final().status == 400
    assert TGO.ask(client, location)["missing_parts"] == [0, 1, 2]
    with Connection((client.address)) as connection:
        connection.send_head("PUT", path_of(location), fields)
        connection.send(chunked(part_of(FILM, 2)))
        assert connection.read_final().status == 200
    assert TGO.ask(client, location)["missing_parts"] == [0, 1]


def test_other_bytes_for_a_part_are_refused(client):
    location = TGO.open(client, [("", "film.mp4", FILM)]).json()["location"]
    TGO.part(client, location, 2, part_of(FILM, 2))
    other = bytearray(part_of(FILM, 2))
    other[100] ^= 1
    response = TGO.part(client, location, 2, bytes(other))
    assert (response.status, response.json()["error"]) == (409, "ContentMismatch")


def test_wrong_part_and_tag_are_told_apart(client):
    location = TGO.open(client, [("", "film.mp4", FILM), ("s", "s.srt", SUBTITLES)]).json()["location"]
    beyond = TGO.part(client, location, 3, b"x")
    assert (beyond.status, "from 0 to 2" in beyond.json()["message"]) == (400, True)
    unknown = TGO.part(client, location, 0, b"x", tag="t")
    assert (unknown.status, '"s"' in unknown.json()["message"]) == (400, True)
    single = client.create(5)
    assert TGO.part(client, single, 0, b"abcde").status == 400


def test_abort_as_often_as_it_comes(server, client):
    before = blobs(server)
    location = TGO.open(client, [("", "film.mp4", FILM)]).json()["location"]
    TGO.part(client, location, 1, part_of(FILM, 1))
    for _ in range(3):
        response = client.delete(location)
        assert (response.status, response.body) == (200, b"")
    assert client.request("GET", path_of(location)).status == 404
    assert TGO.part(client, location, 1, part_of(FILM, 1)).status == 404
    assert blobs(server) == before


def test_files_without_bytes(server, client):
    """Go sends no part and asks twice."""
    nothing = GeneratedFile(0)
    session = TGO.open(client, [("", "film.mp4", nothing)]).json()
    assert session["parts"] == "0"
    first = TGO.ask(client, session["location"])
    assert first["missing_parts"] == [] and TGO.ask(client, session["location"]) == first
    video = client.get(f"/videos/{first['media_id']}.json").json()
    assert os.path.getsize(files_of(server, video)[0]) == 0

    session = TGO.open(client, [("", "film.mp4", FILM), ("none", "n", nothing)]).json()
    assert session["extra_files"]["none"]["parts"] == "0"
    for number in range(3):
        last = TGO.part(client, session["location"], number, part_of(FILM, number))
    assert [os.path.getsize(path) for path in files_of(server, last.json())] == [FILM.size, 0]


def test_deleting_the_video_deletes_its_extra_files(server, client):
    small = GeneratedFile(1000)
    location = TGO.open(client, [("", "film.mp4", small), ("s", "s.srt", small)]).json()["location"]
    TGO.part(client, location, 0, small.read(0, 1000), "s")
    video = TGO.part(client, location, 0, small.read(0, 1000)).json()
    assert all(map(os.path.exists, files_of(server, video)))
    assert client.request("DELETE", f"/videos/{video['id']}.json").status == 200
    assert not any(map(os.path.exists, files_of(server, video)))


def test_a_stalled_part_is_taken_over_and_its_bytes_are_kept(server, client, connect):
    location = TGO.open(client, [("", "film.mp4", FILM)]).json()["location"]
    stalled = connect()
    stalled.send_head("PUT", path_of(location), [*TGO.head(1, ""), ("Content-Length", str(PART))])
    with client.until_body_bytes_arrive(3 << 20):
        stalled.send(part_of(FILM, 1)[: 3 << 20])
    assert TGO.part(client, location, 0, part_of(FILM, 0)).status == 200, "another part waits for nothing"
    assert TGO.part(client, location, 1, part_of(FILM, 1)).status == 200
    cut = stalled.read_final()
    assert (cut.status, cut.json()["error"]) == (503, "TakenOver")
    assert TGO.ask(client, location)["missing_parts"] == [2]


def test_a_kill_keeps_what_was_acknowledged(new_server, connected):
    server = new_server()
    client = connected(server)
    files = [("", "film.mp4", FILM), ("s", "s.srt", SUBTITLES)]
    location = TGO.open(client, files).json()["location"]
    assert TGO.part(client, location, 1, part_of(FILM, 1)).status == 200
    assert TGO.part(client, location, 1, part_of(SUBTITLES, 1), "s").status == 200
    sender = connected(server).connection
    sender.send_head("PUT", path_of(location), [*TGO.head(0, ""), ("Content-Length", str(PART))])
    sender.send(part_of(FILM, 0)[: 3 << 20])
    server.kill()
    server.start()
    client = connected(server)
    assert TGO.ask(client, location)["missing_parts"] == [0, 2]
    assert TGO.ask(client, location, "s")["missing_parts"] == [0]
    jobs = [("", 0, FILM), ("", 2, FILM), ("s", 0, SUBTITLES)]
    answers = send_all(TGO, server, location, jobs, 3)
    video = next(response.json() for _, response in answers if response.body)
    wait_until(lambda: TGO.ask(client, location)["missing_parts"] == [], "an answer")
    stored = client.get(f"/videos/{video['id']}.json").json()
    for path, file in zip(files_of(server, stored), [FILM, SUBTITLES], strict=True):
        with open(path, "rb") as content:
            assert content.read() == file.read(0, file.size)
