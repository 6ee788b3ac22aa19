# SPDX-License-Identifier: MIT
"""The page on which people drop files, as the program serves it, in Chromium and on bad networks."""

import hashlib
import json
import os
import random
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from accessibility import assert_accessible
from support.fault_proxy import FaultProxy
from support.faults import ENVIRONMENT, stall
from support.media import make_mp4
from support.raw_http import Client
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import SluiceServer

MIB = 1_048_576
# Uppy has one input for files and one for folders.
INPUT = ".uppy-Dashboard-input:not([webkitdirectory])"
READY = f"document.querySelector('{INPUT}')"
RESULTS = "[...document.querySelectorAll('#results > li')]"
KEY = '[[credentials]]\nowner = "ann"\napi_key = "key of ann"\n'


def has_page(server):
    with Client(server.address) as client:
        return client.get("/").status == 200


class PageWorld:
    """A server, and behind a proxy in front of it the page that it serves."""

    def __init__(self, chromium, directory, *args, toml=""):
        self.chromium = chromium
        self.directory = directory
        config = directory / "sluice.toml"
        config.write_text(toml, encoding="utf-8")
        self.server = SluiceServer(directory / "data", args=("--config", config, *args), env=ENVIRONMENT).start()
        self.proxy = FaultProxy(self.server.host, self.server.port)
        if not has_page(self.server):
            self.close()
            if os.environ.get("CI") == "true":
                pytest.fail("the program was built without pages; scripts/setup runs npm ci in web/")
            pytest.skip("the program was built without pages")
        self.open()

    def open(self):
        self.chromium.open(self.proxy.url + "/")
        self.chromium.wait(READY)

    def close(self):
        self.chromium.open("about:blank")
        self.proxy.close()
        self.server.kill()
        shutil.rmtree(self.server.data_dir, ignore_errors=True)

    def restart(self):
        self.server.restart()
        self.proxy.upstream = (self.server.host, self.server.port)

    def file(self, size, name="letters.bin"):
        path = self.directory / name
        path.write_bytes(random.Random(size).randbytes(size))
        return path

    def drop(self, *paths):
        self.chromium.wait(READY)
        self.chromium.choose(INPUT, *paths)

    def results(self, count=1):
        """What the page lists, the newest first, once there is so much."""
        self.chromium.wait(f"{RESULTS}.length >= {count}")
        results = self.chromium.evaluate(
            f"{RESULTS}.map((item) => ({{ className: item.className, text: item.innerText,"
            " link: item.querySelector('a')?.href ?? '' }))")
        assert len(results) == count
        return results

    def sent(self, method):
        return [request for request in self.proxy.requests if request.method == method]

    def assert_good_manners(self):
        """The policy was kept, and nothing was asked of another host."""
        seen = self.chromium.seen()
        assert [text for text in seen["messages"] if "Content Security Policy" in text] == []
        foreign = [url for url in seen["requested"] if not url.startswith((self.proxy.url + "/", "data:", "blob:"))]
        assert foreign == []


@pytest.fixture
def new_world(chromium, tmp_path):
    worlds = []

    def make(*args, toml=""):
        worlds.append(PageWorld(chromium, tmp_path, *args, toml=toml))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


def read(world, url):
    with Client(world.server.address) as client:
        return client.get(urlsplit(url).path)


def test_files_are_listed_with_a_link(new_world):
    world = new_world("--backend-kind", "files")
    paths = [world.file(3 * MIB), world.file(5, "note.txt")]
    world.drop(*paths)
    results = {item["text"].split("\n")[0]: item for item in world.results(2)}
    for path in paths:
        data = path.read_bytes()
        item = results[path.name]
        assert item["className"] == "taken"
        assert hashlib.sha256(data).hexdigest() in item["text"]
        assert read(world, item["link"]).body == data
    world.chromium.reload()
    assert len(world.results(2)) == 2
    world.assert_good_manners()


def test_folders_keep_their_names(new_world):
    world = new_world("--backend-kind", "files")
    (world.directory / "holiday" / "sea").mkdir(parents=True)
    world.file(7, "holiday/sea/one.txt")
    world.chromium.choose(".uppy-Dashboard-input[webkitdirectory]", world.directory / "holiday")
    assert world.results()[0]["text"].startswith("holiday/sea/one.txt\n")


def test_videos_are_described(new_world):
    world = new_world()
    world.drop(make_mp4(world.directory / "clip.mp4"))
    text = world.results()[0]["text"]
    for fact in ("320 × 240 pixels", "0:02 long", "h264 and aac"):
        assert fact in text


def test_a_refusal_is_told_in_the_applications_words(new_world):
    with ScriptedBackend(answer(422, b'{"message":"No holidays, please."}')) as backend:
        world = new_world("--backend", backend.url("/take"))
        world.drop(world.file(1000))
        item = world.results()[0]
    assert item["className"] == "refused"
    assert "Refused by the application" in item["text"]
    assert "No holidays, please." in item["text"]
    # The place is free for the next file.
    world.chromium.wait("document.querySelectorAll('.uppy-Dashboard-Item').length === 0")


def test_names_and_answers_are_text(new_world):
    bold = "<b onmouseover=alert(1)>bold</b>"
    with ScriptedBackend(answer(200, json.dumps({"status": "stored", "url": "javascript:alert(1)"}).encode()),
                         answer(422, bold.encode())) as backend:
        world = new_world("--backend", backend.url("/take"))
        world.drop(world.file(10, f"{bold.replace('/', '')}.txt"))
        stored = world.results()[0]
        assert stored["text"].startswith("<b onmouseover=alert(1)>bold<b>.txt\n")
        assert stored["link"] == ""
        world.drop(world.file(11))
        assert bold in world.results(2)[0]["text"]
    assert world.chromium.evaluate("document.querySelector('#results b')") is None


def start_and_stall(world, size):
    world.proxy.script(*stall(MIB))
    path = world.file(size)
    with Client(world.server.address) as client, client.until_body_bytes_arrive(MIB):
        world.drop(path)
    return path


def assert_resumed(world, path):
    item = world.results()[0]
    assert read(world, item["link"]).body == path.read_bytes()
    assert len(world.sent("POST")) == 1
    assert int(world.sent("PATCH")[-1].headers["upload-offset"]) > 0


# Golden Retriever has the file and where its upload is.
KEPT = """(async () => {
  const names = (await indexedDB.databases()).map(({ name }) => name);
  const counts = await Promise.all(names.map((name) => new Promise((done) => {
    const opening = indexedDB.open(name);
    opening.onsuccess = async () => {
      const base = opening.result;
      const rows = await Promise.all([...base.objectStoreNames].map((store) => new Promise((found) => {
        const all = base.transaction(store).objectStore(store).getAll();
        all.onsuccess = () => found(all.result);
      })));
      base.close();
      const text = JSON.stringify(rows);
      done((text.includes('uploadUrl') ? 1 : 0) + (rows.flat().some(({ data }) => data instanceof Blob) ? 1 : 0));
    };
  })));
  return counts.reduce((sum, count) => sum + count, 0) === 2;
})()"""
FORGET_BYTES = """new Promise((done) => {
  const opening = indexedDB.open('uppy-blobs');
  opening.onsuccess = () => {
    const base = opening.result;
    const [store] = base.objectStoreNames;
    const change = base.transaction(store, 'readwrite');
    change.objectStore(store).clear();
    change.oncomplete = () => { base.close(); done(true); };
  };
})"""


def test_it_goes_on_after_a_reload(new_world):
    world = new_world("--backend-kind", "files")
    path = start_and_stall(world, 3 * MIB)
    world.chromium.wait(KEPT)
    world.chromium.reload()
    world.proxy.script()
    assert_resumed(world, path)


def test_a_file_that_the_browser_could_not_keep_is_chosen_again(new_world):
    world = new_world("--backend-kind", "files")
    path = start_and_stall(world, 3 * MIB)
    world.chromium.wait(KEPT)
    world.chromium.evaluate(FORGET_BYTES)
    world.chromium.reload()
    world.proxy.script()
    world.chromium.click(".uppy-Dashboard-Item-reSelect")
    world.drop(path)
    assert_resumed(world, path)


def test_it_goes_on_after_the_server_was_killed(new_world):
    world = new_world("--backend-kind", "files")
    path = start_and_stall(world, 3 * MIB)
    # With this answer the bytes are durable.
    with Client(world.server.address) as client:
        head = client.request("HEAD", world.sent("PATCH")[0].target, [("Tus-Resumable", "1.0.0")])
    assert int(head.header("Upload-Offset")) > 0
    world.server.kill()
    world.proxy.cut_all()
    world.chromium.wait("document.querySelector('#trouble').textContent.includes('cannot be reached')")
    world.proxy.script()
    world.restart()
    assert_resumed(world, path)
    assert world.chromium.evaluate("document.querySelector('#trouble').hidden")
    world.assert_good_manners()


def test_two_tabs_do_not_disturb_each_other(new_world):
    world = new_world("--backend-kind", "files")
    world.proxy.script(*stall(MIB))
    names = "[...document.querySelectorAll('.uppy-Dashboard-Item-name')].map((item) => item.innerText)"
    paths = [world.file(3 * MIB, "first.bin"), world.file(4 * MIB, "second.bin")]
    with Client(world.server.address) as client:
        with client.until_body_bytes_arrive(MIB):
            world.drop(paths[0])
        world.chromium.wait(KEPT)
        world.chromium.tab(world.proxy.url + "/")
        with client.until_body_bytes_arrive(MIB):
            world.drop(paths[1])
    # The second tab neither goes on with the file of the first, nor takes it away when it is opened anew.
    assert world.chromium.evaluate(names) == ["second.bin"]
    world.chromium.reload()
    world.chromium.wait(READY)
    assert world.chromium.evaluate(names) == []
    world.drop(paths[1])
    world.chromium.turn(0)
    assert world.chromium.evaluate(names) == ["first.bin"]
    world.proxy.script()
    for tab, path in enumerate(paths):
        world.chromium.turn(tab)
        [item] = world.results()
        assert item["text"].split("\n")[0] == path.name
        assert read(world, item["link"]).body == path.read_bytes()
    world.chromium.turn(0)
    world.chromium.reload()
    assert len(world.results()) == 1
    assert len(world.sent("POST")) == 2
    world.assert_good_manners()


def test_pause_and_resume(new_world):
    world = new_world("--backend-kind", "files")
    path = start_and_stall(world, 3 * MIB)
    world.chromium.click(".uppy-StatusBar-actionCircleBtn[title=Pause]")
    world.proxy.script()
    assert world.proxy.wait_until(lambda proxy: all(request.over for request in proxy.requests))
    world.chromium.click(".uppy-StatusBar-actionCircleBtn[title=Resume]")
    assert_resumed(world, path)


def test_a_key_is_asked_for_and_used_to_open_uploads_alone(new_world):
    world = new_world("--backend-kind", "files", toml=KEY)
    world.drop(world.file(2000))
    for words, key in (("", "wrong key"), ("not known", "key of ann")):
        world.chromium.wait("document.querySelector('#ask').open")
        assert words in world.chromium.evaluate("document.querySelector('#ask-words').textContent").lower()
        assert world.chromium.evaluate("document.activeElement.id") == "key"
        world.chromium.type(key)
        world.chromium.press("Enter")
    world.results()
    # Another file of this tab needs no question.
    world.drop(world.file(3000, "second.bin"))
    world.results(2)
    assert [request.headers.get("x-api-key") for request in world.sent("POST")] == [
        None, "wrong key", "key of ann", "key of ann"]
    assert all("x-api-key" not in request.headers for request in world.proxy.requests if request.method != "POST")
    world.assert_good_manners()


def test_it_is_off_where_the_operator_says_so(tmp_path):
    with SluiceServer(tmp_path / "data", env={"SLUICE_PAGES_UPLOAD": "false"}) as server:
        assert not has_page(server)


def test_every_size_and_color(new_world):
    world = new_world("--backend-kind", "files")
    pictures = Path(os.environ.get("SLUICE_TEST_PICTURES", world.directory))
    start_and_stall(world, 24 * MIB)
    world.chromium.wait("!document.querySelector('#rate').hidden")
    assert "per second" in world.chromium.evaluate("document.querySelector('#rate').textContent")
    for width, height in ((1280, 800), (360, 740)):
        world.chromium.size(width, height)
        for scheme in ("light", "dark"):
            world.chromium.colors(scheme)
            world.chromium.picture(pictures / f"uploading {width} {scheme}.png")
    world.proxy.script()
    world.results()
    world.chromium.wait("document.querySelectorAll('.uppy-Dashboard-Item').length === 0")
    for width, height in ((1280, 800), (360, 740)):
        world.chromium.size(width, height)
        for scheme in ("light", "dark"):
            world.chromium.colors(scheme)
            world.chromium.picture(pictures / f"finished {width} {scheme}.png")
            assert world.chromium.evaluate("document.documentElement.scrollWidth") <= width
            assert_accessible(world.chromium)
    world.assert_good_manners()
