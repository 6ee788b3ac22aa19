# SPDX-License-Identifier: MIT
"""The pages of docs/recipes/browser.md as they stand there, in Chromium and on bad networks."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.document import SERVER
from support.fault_proxy import Cut, FaultProxy, Ration, Refuse
from support.raw_http import Client
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import SluiceServer
from support.waiting import wait_until

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs" / "recipes"
WEB = ROOT / "web"
TYPES = {".html": "text/html; charset=utf-8", ".mjs": "text/javascript", ".js": "text/javascript", ".css": "text/css"}
INPUTS = {"fetch.html": "#file", "uppy.html": ".uppy-Dashboard-input:not([webkitdirectory])"}
OUTPUTS = {"fetch.html": "#output", "uppy.html": "#answers li"}
SETTINGS = 'cors.api_origins = "*"\nbackend.kind = "files"\n'
SIZE = 20_000_000
# What Golden Retriever has written down by now: the locations, and the bytes of so many files.
KEPT = """(async () => {
  if (!(await indexedDB.databases()).some(({ name }) => name === 'uppy-blobs')) return false;
  const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const base = await done(indexedDB.open('uppy-blobs'));
  const records = base.transaction(['files', 'metadata']);
  const files = await done(records.objectStore('files').count());
  const described = JSON.stringify(await done(records.objectStore('metadata').getAll()));
  base.close();
  return described.includes('uploadUrl') && files === FILES;
})()"""


class Site:
    """Another origin than the server's, with texts by path."""

    def __init__(self, files):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = files.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Type", TYPES.get(Path(self.path).suffix, "text/plain"))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *unused):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def built(source, directory):
    """What a bundler makes of the module, with the packages of web/: a script and the styles that it imports."""
    if not (WEB / "node_modules" / "@uppy" / "dashboard").is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("web/node_modules is missing; scripts/setup runs npm ci there")
        pytest.skip("web/node_modules is missing; scripts/setup runs npm ci there")
    command = [Path(__file__).parent / "node_modules" / ".bin" / "esbuild", "--bundle", "--format=esm", "--log-level=warning",
               f"--outdir={directory}"]
    subprocess.run(command, input=source, cwd=WEB, check=True, timeout=60)
    return (directory / "stdin.js").read_bytes(), (directory / "stdin.css").read_bytes()


class RecipeWorld:
    def __init__(self, chromium, directory, page, settings=SETTINGS):
        self.chromium = chromium
        self.directory = directory
        self.page = page
        config = directory / "sluice.toml"
        config.write_text(settings, encoding="utf-8")
        self.server = SluiceServer(directory / "data", args=["--config", config]).start()
        self.proxy = FaultProxy(self.server.host, self.server.port)
        self.site = Site(self._files())
        chromium.open(f"{self.site.url}/{page}")
        chromium.wait(f"document.querySelector('{INPUTS[page]}')")

    def _files(self):
        files = {f"/{path.name}": path.read_bytes() for path in RECIPES.iterdir() if path.suffix in TYPES}
        addressed = "/fetch.html" if self.page == "fetch.html" else "/uppy.mjs"
        assert SERVER.encode() in files[addressed]
        files[addressed] = files[addressed].replace(SERVER.encode(), self.proxy.url.encode())
        if self.page == "uppy.html":
            files["/uppy.mjs"], styles = built(files["/uppy.mjs"], self.directory / "built")
            link = f"<style>{styles.decode()}</style></head>"
            files["/uppy.html"] = files["/uppy.html"].replace(b"</head>", link.encode())
        return files

    def close(self):
        self.chromium.open("about:blank")
        self.site.close()
        self.proxy.close()
        self.server.kill()
        shutil.rmtree(self.server.data_dir, ignore_errors=True)

    def restart(self):
        self.server.restart()
        self.proxy.upstream = (self.server.host, self.server.port)

    def choose(self, size=SIZE, name="holiday.mp4"):
        path = self.directory / name
        if not path.exists():
            path.write_bytes(random.Random(size).randbytes(size))
        self.chromium.choose(INPUTS[self.page], path)
        return path.read_bytes()

    def wait_for_bytes(self, count):
        """Until the server has so many bytes of the upload."""
        assert self.proxy.wait_until(lambda proxy: any(map(brings_bytes, proxy.requests)))
        target = next(filter(brings_bytes, self.proxy.requests)).target
        with Client(self.server.address) as client:
            wait_until(lambda: client.get(target).json()["received"] >= count, self.server.log)

    def said(self):
        """What the page says at the end."""
        output = f"document.querySelector('{OUTPUTS[self.page]}')?.textContent"
        self.chromium.wait(output)
        return self.chromium.evaluate(output)

    def expect_stored(self, data, name="holiday.mp4"):
        told = json.loads(self.said().partition(": ")[2])
        assert (told["file_name"], told["status"], told["file_size"]) == (name, "stored", len(data))
        assert told["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.fixture(params=INPUTS)
def world(request, chromium, tmp_path):
    made = RecipeWorld(chromium, tmp_path, request.param)
    yield made
    made.close()


@pytest.fixture
def fetch(chromium, tmp_path):
    made = RecipeWorld(chromium, tmp_path, "fetch.html")
    yield made
    made.close()


@pytest.fixture
def uppy(chromium, tmp_path):
    made = RecipeWorld(chromium, tmp_path, "uppy.html")
    yield made
    made.close()


def brings_bytes(request):
    return int(request.headers.get("content-length", "0")) > 1_000_000


def test_a_file_arrives_and_the_answer_is_shown(world):
    world.expect_stored(world.choose())


def test_a_file_without_bytes_arrives(world):
    world.expect_stored(world.choose(0, "empty.txt"), "empty.txt")


def test_broken_connections_and_refusals_of_a_gateway(world):
    refused = Refuse(503, headers=["Access-Control-Allow-Origin: *"], on=brings_bytes)
    cut = Cut(request_bytes=3_000_000, on=lambda request: brings_bytes(request) and refused.used_up)
    world.proxy.script(refused, cut)
    world.expect_stored(world.choose())
    assert refused.used_up and cut.used_up


def test_the_server_dies_in_the_middle(world):
    ration = Ration(12_000_000)
    world.proxy.script(ration)
    data = world.choose()
    world.wait_for_bytes(12_000_000)
    world.restart()
    ration.extend(SIZE)
    world.expect_stored(data)


def goes_on_after_a_reload(world, size, kept, meanwhile):
    """The bytes that have arrived are not sent again."""
    ration = Ration(4_000_000)
    world.proxy.script(ration)
    data = world.choose(size)
    world.wait_for_bytes(4_000_000)
    world.chromium.wait(kept)
    before = len(world.proxy.requests)
    world.chromium.reload()
    # The rest of the file may lie in the buffers between the page before and the proxy.
    world.proxy.cut_all()
    ration.extend(size)
    meanwhile()
    world.expect_stored(data)
    later = [request for request in world.proxy.requests[before:] if request.body_bytes]
    assert later and min(request.begin for request in later) >= 4_000_000, world.proxy.requests
    assert sum(request.body_bytes for request in later) <= size - 4_000_000, later


def test_fetch_goes_on_after_a_reload_when_the_file_is_chosen_again(fetch):
    goes_on_after_a_reload(fetch, SIZE, "localStorage.length === 1", fetch.choose)


def test_uppy_goes_on_after_a_reload(uppy):
    goes_on_after_a_reload(uppy, 9_000_000, KEPT.replace("FILES", "1"), lambda: None)


def test_uppy_asks_for_a_large_file_again_after_a_reload(uppy):
    def choose_again():
        uppy.chromium.click(".uppy-Dashboard-Item-reSelect")
        uppy.chromium.wait(f"document.querySelector('{INPUTS['uppy.html']}')")
        uppy.choose()

    goes_on_after_a_reload(uppy, SIZE, KEPT.replace("FILES", "0"), choose_again)


@pytest.mark.parametrize("page", INPUTS)
def test_what_the_application_refuses_is_shown_in_its_words(chromium, tmp_path, page):
    refusal = answer(422, b'{"message":"no films on Sundays"}')
    with ScriptedBackend(refusal) as backend:
        world = RecipeWorld(chromium, tmp_path, page, f'cors.api_origins = "*"\nbackend.url = "{backend.url()}"\n')
        try:
            world.choose(1000)
            assert "no films on Sundays" in world.said()
            assert len(backend.requests) == 1
        finally:
            world.close()


def test_fetch_stops_and_goes_on(fetch):
    ration = Ration(12_000_000)
    fetch.proxy.script(ration)
    data = fetch.choose()
    fetch.wait_for_bytes(12_000_000)
    fetch.chromium.click("#cancel")
    assert fetch.said().startswith("stopped")
    ration.extend(SIZE)
    before = len(fetch.proxy.requests)
    fetch.choose()
    fetch.chromium.wait("document.querySelector('#output').textContent.startsWith('taken')")
    fetch.expect_stored(data)
    assert fetch.proxy.requests[before].is_status_query


def test_fetch_begins_again_where_the_upload_has_expired(fetch):
    """The location that the page remembers is of another life of the server."""
    ration = Ration(12_000_000)
    fetch.proxy.script(ration)
    data = fetch.choose()
    fetch.wait_for_bytes(12_000_000)
    fetch.server.kill()
    shutil.rmtree(fetch.server.data_dir)
    fetch.server.start()
    fetch.proxy.upstream = (fetch.server.host, fetch.server.port)
    ration.extend(SIZE)
    fetch.expect_stored(data)
