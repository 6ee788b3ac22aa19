# SPDX-License-Identifier: MIT
"""examples/backend: takes uploads in every mode, each once, and refuses requests without the signature of Sluice."""

import hashlib
import http.client
import json
import subprocess

import pytest

from support.example_backend import EXAMPLE, ExampleBackend
from support.raw_http import path_of
from support.sluice_server import environment, sluice_binary
from support.waiting import wait_until

SECRET = "the secret of both sides"


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n", encoding="utf-8")
    return path


@pytest.fixture
def backend(tmp_path, secret_file):
    running = ExampleBackend(tmp_path / "files", secret_file)
    yield running
    running.end()


def settings(backend, secret_file, mode="body"):
    return (f'[backend]\nurl = "{backend.url}/videos"\nsecret_file = "{secret_file}"\nmode = "{mode}"\n'
            'digest = "sha256"\n[delivery]\nretry_first = "50ms"\nretry_max = "100ms"\n')


@pytest.mark.parametrize("mode", ["body", "form", "reference"])
def test_takes_a_file_once_and_answers_video_json(new_server, connected, backend, secret_file, tmp_path, noise, mode):
    data = noise(3_000_000)
    client = connected(new_server(toml=settings(backend, secret_file, mode)))
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    body = f"file_size={len(data)}&file_name=sea%22side.mp4&title=caf%C3%A9".encode()
    location = client.request("POST", "/videos/upload.json", form, body).json()["location"]
    response = client.whole(location, data)
    assert response.status == 200, response
    video = response.json()
    assert video["original_filename"] == 'sea"side.mp4' and video["extname"] == ".mp4"
    assert video["parameters"] == {"title": "café"} and video["file_size"] == len(data)
    assert video["sha256"] == hashlib.sha256(data).hexdigest()
    assert (tmp_path / "files" / f"{video['id']}.bin").read_bytes() == data
    assert client.status(location, len(data)).body == response.body
    assert sorted(path.suffix for path in (tmp_path / "files").iterdir()) == [".bin", ".json"]


@pytest.mark.parametrize("mode", ["form", "reference"])
def test_takes_extra_files(new_server, connected, backend, secret_file, tmp_path, noise, mode):
    files = {"": noise(6_000_000), "subtitles": noise(5_300_000), "none": b"", 'a "tag"': b"third"}
    client = connected(new_server(toml=settings(backend, secret_file, mode)))
    extra = [{"tag": tag, "file_name": f"{index}.srt", "file_size": len(data)} for index, (tag, data) in enumerate(files.items()) if tag]
    body = json.dumps({"file_size": len(files[""]), "file_name": "film.mp4", "multi_chunk": True, "extra_files": extra})
    session = client.request("POST", "/flip/3.1/videos/upload.json", [("Content-Type", "application/json")], body.encode())
    assert session.status == 201, session
    part_size = int(session.json()["part_size"])
    answers = []
    for tag, data in reversed(files.items()):
        for number in range(-(-len(data) // part_size)):
            fields = [("Content-Type", "application/octet-stream"), ("X-Part", str(number)), ("X-Extra-File-Tag", tag)]
            piece = data[number * part_size : (number + 1) * part_size]
            answers.append(client.request("PUT", path_of(session.json()["location"]), fields, piece))
    assert {answer.status for answer in answers} == {200}
    video = answers[-1].json()
    assert (video["file_size"], video["sha256"]) == (len(files[""]), hashlib.sha256(files[""]).hexdigest())
    told = [(one["tag"], one["original_filename"], one["file_size"], one["sha256"]) for one in video["extra_files"]]
    assert told == [(one["tag"], one["file_name"], one["file_size"], hashlib.sha256(files[one["tag"]]).hexdigest()) for one in extra]
    stored = tmp_path / "files"
    assert (stored / f"{video['id']}.bin").read_bytes() == files[""]
    for number, one in enumerate(extra, 1):
        assert (stored / f"{video['id']}-{number}.bin").read_bytes() == files[one["tag"]]
    assert not list(stored.glob("*.part*"))


def test_extra_files_are_refused_where_the_file_is_the_body(new_server, connected, backend, secret_file):
    client = connected(new_server(toml=settings(backend, secret_file, "body")))
    body = {"file_size": 5, "file_name": "a", "multi_chunk": True, "extra_files": [{"tag": "t", "file_name": "b", "file_size": 1}]}
    refused = client.request("POST", "/videos/upload.json", [("Content-Type", "application/json")], json.dumps(body).encode())
    assert (refused.status, refused.json()["error"]) == (400, "BadRequest")
    assert "extra_files" in refused.json()["message"]


def test_believes_only_the_secret(new_server, connected, backend, tmp_path):
    other = tmp_path / "other"
    other.write_text("a secret that does not fit\n", encoding="utf-8")
    server = new_server(toml=settings(backend, other) + 'wait = "50ms"\n')
    client = connected(server)
    assert client.whole(client.create(3), b"abc").status == 503
    wait_until(lambda: "503" in server.log(), "no failed hand-off")
    assert list((tmp_path / "files").iterdir()) == []


def test_refuses_a_request_without_a_signature(backend):
    connection = http.client.HTTPConnection(backend.url.partition("//")[2], timeout=60)
    connection.request("POST", "/videos", b"abc", {"Idempotency-Key": "0" * 32, "X-Sluice-File-Size": "3"})
    assert connection.getresponse().status == 503
    connection.close()


@pytest.mark.parametrize("mode", ["body", "form", "reference"])
def test_the_command_of_the_readme(mode):
    done = subprocess.run([EXAMPLE.parent / "run"], env={**environment(), "SLUICE": sluice_binary(), "MODE": mode},
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    video = json.loads(done.stdout.strip().splitlines()[-1])
    assert video["original_filename"] == "hello.txt" and video["file_size"] == 15
