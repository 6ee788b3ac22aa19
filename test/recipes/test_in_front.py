# SPDX-License-Identifier: MIT
"""from-tusd.md and behind-cloudflare.md: their settings, their proxies and their commands."""

import hashlib
import json
import os
import subprocess

import pytest

from nginx import Nginx
from recipe_harness import RECIPES, SECRET, Shell, blocks, replaced
from support.document import SERVER
from support.raw_http import Client
from support.scripted_backend import ScriptedBackend, answer, signature_fits
from support.sluice_server import SluiceServer, die_with_parent

TUS = ("Tus-Resumable", "1.0.0")
REQUEST_MAX = 100_000_000
FILM_SIZE = 150_000_000
# The worst that Cloudflare does, as behind-cloudflare.md tells it.
CLOUDFLARE = f"""
server {{
  listen 80;
  client_max_body_size {REQUEST_MAX};
  proxy_request_buffering on;
  proxy_read_timeout 120s;
  proxy_send_timeout 30s;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  location / {{
    proxy_pass SLUICE;
  }}
}}
"""


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)


class Application:
    """What from-tusd.md asks of an application: it may be asked before an upload, and moves each file."""

    def __init__(self, directory):
        self.taken = directory / "taken"
        self.asked = []
        self.handed_over = []

    def __call__(self, connection, request):
        if request.target == "/may-upload":
            self.asked.append(request.json())
            return answer(200, b"{}")(connection, request)
        upload = request.json()
        os.rename(upload["path"], self.taken)
        self.handed_over.append(request)
        return answer(body=json.dumps({"file": upload["file_name"]}).encode())(connection, request)


def test_from_tusd(shell, tmp_path):
    """New uploads come to Sluice and its application, and those that tusd has begun go on with tusd."""
    (config,), (check, see), (proxy,) = (blocks("from-tusd.md", language) for language in ("toml", "sh", "nginx"))
    (tmp_path / "backend-secret").write_text(SECRET + "\n", encoding="utf-8")
    (tmp_path / "incoming").mkdir()
    application = Application(tmp_path)
    old_upload = answer(204, b"", [TUS, ("Upload-Offset", "7")], framing="close")
    with ScriptedBackend(application) as backend, ScriptedBackend(old_upload) as tusd:
        config = replaced(config, ("http://127.0.0.1:3000", backend.url("")), ("/srv/incoming", tmp_path / "incoming"),
                          ('"backend-secret"', f'"{tmp_path / "backend-secret"}"'))
        (tmp_path / "sluice.toml").write_text(config, encoding="utf-8")
        checked = shell.run(check)
        assert checked.returncode == 0, checked.stderr
        with SluiceServer(tmp_path / "data", args=["--config", tmp_path / "sluice.toml"]) as sluice:
            proxy = replaced(proxy, ("http://127.0.0.1:8080", sluice.url), ("http://127.0.0.1:1080", tusd.url("")))
            with Nginx(tmp_path / "nginx", proxy) as front:
                done = shell.run(replaced(see, ("http://uploads.example", front.url)))
                assert (done.returncode, json.loads(done.stdout)) == (0, {"file": "hello.txt"}), done.stderr
                with Client(("127.0.0.1", front.port)) as client:
                    old = client.request("PATCH", "/files/2f1c+old", [TUS, ("Upload-Offset", "0")], b"content")
                    assert (old.status, old.header("Upload-Offset")) == (204, "7")
                    for path in ("/files", "/files/"):
                        new = client.request("POST", path, [TUS, ("Upload-Length", "5")])
                        assert new.status == 201 and new.header("Location").startswith(f"{front.url}/uploads/"), new
    assert application.taken.read_bytes() == b"hello"
    (request,) = application.handed_over
    assert signature_fits(request, SECRET)
    assert [one.target for one in tusd.requests] == ["/files/2f1c+old"]
    # The table of hooks: where a hook finds what tusd told it.
    first = application.asked[0]
    assert (first["event"], first["file_name"], first["file_size"]) == ("authorize", "hello.txt", 5)
    assert first["parameters"]["filename"] == "hello.txt" and first["client_address"] == "127.0.0.1"


@pytest.fixture
def behind_cloudflare(shell, tmp_path):
    """What stands in for Cloudflare, and the server behind it."""
    (config,) = blocks("behind-cloudflare.md", "toml")
    path = tmp_path / "sluice.toml"
    path.write_text(config, encoding="utf-8")
    checked = shell.run("sluice check --config sluice.toml")
    assert checked.returncode == 0, checked.stderr
    # The address of a tunnel, and the name of the stand-in.
    path.write_text(replaced(config, ('trusted_proxies = "', 'trusted_proxies = "127.0.0.1, '),
                             (f'public_url = "{SERVER}"\n', "")), encoding="utf-8")
    with SluiceServer(tmp_path / "data", args=["--config", path, "--backend-kind", "files"]) as sluice:
        with Nginx(tmp_path / "nginx", replaced(CLOUDFLARE, ("SLUICE", sluice.url))) as front:
            yield sluice, front


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.mxf"
    path.write_bytes(bytes(range(256)) * (FILM_SIZE // 256))
    return path


def test_a_film_behind_cloudflare(shell, behind_cloudflare, film):
    sluice, front = behind_cloudflare
    with Client(("127.0.0.1", front.port)) as client:
        location = client.create(film.stat().st_size)
        assert location.startswith(front.url)
        # In one request the head is enough for a refusal.
        whole = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-T", film, location],
                               capture_output=True, text=True, timeout=120, check=False, preexec_fn=die_with_parent)
        assert whole.stdout == "413"
    (commands,) = blocks("behind-cloudflare.md", "sh")
    done = shell.run(replaced(commands, (SERVER, front.url)))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sha256"] == hashlib.sha256(film.read_bytes()).hexdigest()
    requests = [record for record in sluice.logged("request") if record["method"] == "PUT" and record["bytes"] > 0]
    assert max(record["bytes"] for record in requests) == 64 * 1024 * 1024
    assert {record["peer"] for record in requests} == {"127.0.0.1"}


def test_fetch_behind_cloudflare(behind_cloudflare, film, tmp_path):
    _, front = behind_cloudflare
    (_, example) = blocks("browser.md", "js")
    (tmp_path / "fetch.mjs").symlink_to(RECIPES / "fetch.mjs")
    (tmp_path / "example.mjs").write_text(replaced(example, (SERVER, front.url), ("holiday.mp4", film.name)), encoding="utf-8")
    done = subprocess.run(["node", "example.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
                          preexec_fn=die_with_parent)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.partition(" ")[2])["sha256"] == hashlib.sha256(film.read_bytes()).hexdigest()
