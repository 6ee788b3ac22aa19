# SPDX-License-Identifier: MIT
"""The operator's console in Chromium: live uploads, acts, the token, every size and color."""

import json
import os
import random
import re
import shutil
from pathlib import Path

import pytest

from accessibility import assert_accessible
from support.event_stream import EventStream
from support.fault_proxy import FaultProxy
from support.raw_http import Client, Connection, path_of
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import SluiceServer

MIB = 1_048_576
TOKEN = "the token of the console, long enough"
ROWS = "[...document.querySelectorAll('#rows > tr')]"
OCTETS = ("Content-Type", "application/octet-stream")


class ConsoleWorld:
    """A server, and its console behind a proxy."""

    def __init__(self, chromium, directory, *args, toml=""):
        self.chromium = chromium
        self.directory = directory
        config = directory / "sluice.toml"
        config.write_text(f'{toml}\n[admin]\nlisten = "127.0.0.1:0"\n' + self.token_line(), encoding="utf-8")
        self.server = SluiceServer(directory / "data", args=("--config", config, *args)).start()
        port = int(re.search(r"^pages on http://127.0.0.1:(\d+)$", self.server.stdout_text, re.M).group(1))
        self.console = ("127.0.0.1", port)
        self.proxy = FaultProxy(*self.console)
        self.client = Client(self.server.address)
        with Client(self.console) as console:
            if console.get("/").status != 200:
                self.close()
                if os.environ.get("CI") == "true":
                    pytest.fail("the program was built without pages; scripts/setup runs npm ci in web/")
                pytest.skip("the program was built without pages")

    def token_line(self):
        return ""

    def open(self):
        self.chromium.open(self.proxy.url + "/")

    def close(self):
        self.chromium.open("about:blank")
        self.client.close()
        self.proxy.close()
        self.server.kill()
        shutil.rmtree(self.server.data_dir, ignore_errors=True)

    def rows(self, condition="rows.length > 0"):
        """The texts of the table's rows, once `condition` is true of them."""
        texts = f"{ROWS}.map((row) => row.innerText)"
        self.chromium.wait(f"((rows) => {condition})({texts})")
        return self.chromium.evaluate(texts)

    def click(self, label):
        self.chromium.click(f"button[aria-label={json.dumps(label)}]")

    def choose(self, which):
        self._select("#which", which)

    def sort(self, order):
        self._select("#sort", order)

    def order(self):
        return self.chromium.evaluate("document.querySelector('#sort').value")

    def _select(self, selector, value):
        self.chromium.evaluate(
            "((select) => { select.value = %s; select.dispatchEvent(new Event('input', { bubbles: true })); })"
            "(document.querySelector(%s))" % (json.dumps(value), json.dumps(selector)))

    def begin_upload(self, name, size, arrived):
        """An upload of which so much has come, and whose request goes on."""
        location = self.client.create(size, name)
        connection = Connection(self.server.address)
        connection.send_head("PUT", path_of(location), [
            OCTETS, ("Content-Length", str(size)), ("Content-Range", f"bytes 0-{size - 1}/{size}")])
        connection.send(random.Random(size).randbytes(arrived))
        return connection

    def assert_good_manners(self):
        """The policy was kept, nothing was asked of another host, and nothing was asked again and again."""
        seen = self.chromium.seen()
        assert [text for text in seen["messages"] if "Content Security Policy" in text or "Error:" in text] == []
        assert [url for url in seen["requested"] if not url.startswith(self.proxy.url + "/")] == []


class LockedWorld(ConsoleWorld):
    def token_line(self):
        secret = self.directory / "token"
        secret.write_text(TOKEN + "\n", encoding="utf-8")
        secret.chmod(0o600)
        return f'token_file = "{secret}"\n'


@pytest.fixture
def new_world(chromium, tmp_path):
    worlds = []

    def make(*args, kind=ConsoleWorld, **options):
        worlds.append(kind(chromium, tmp_path, *args, **options))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


def test_an_upload_is_seen_as_it_comes(new_world):
    world = new_world()
    running = world.begin_upload("Holiday.mp4", 4 * MIB, MIB)
    world.open()
    [row] = world.rows("rows.length === 1 && rows[0].includes('1 MB of 4')")
    assert "Holiday.mp4" in row and "127.0.0.1, panda" in row and "receiving" in row and "being written" in row
    running.send(random.Random(1).randbytes(MIB))
    [row] = world.rows("rows.length === 1 && rows[0].includes('2 MB of 4')")
    assert not row.split("/s")[0].endswith("0 B"), row
    world.chromium.wait("document.querySelector('#rows .spark path')?.getAttribute('d').includes('L')")
    world.chromium.wait("document.querySelectorAll('#plots figure').length === 7")
    assert world.chromium.evaluate("document.querySelector('#ready').textContent") == "Ready"
    # All of that came over one request.
    asked = [url.removeprefix(world.proxy.url) for url in world.chromium.seen()["requested"] if "/api/" in url]
    assert sorted(url.split("?")[0] for url in asked) == ["/api/events", "/api/owners"]
    running.close()
    world.assert_good_manners()


def test_an_upload_is_ended_from_the_page(new_world):
    world = new_world()
    location = world.client.create(9, "a.mp4")
    world.open()
    world.rows()
    world.click("Abort a.mp4")
    world.chromium.wait("document.querySelector('#confirm').open")
    assert "a.mp4" in world.chromium.evaluate("document.querySelector('#confirm').innerText")
    # Escape ends nothing.
    world.chromium.press("Escape")
    world.chromium.wait("!document.querySelector('#confirm').open")
    assert world.client.status(location).status in (200, 204)
    world.click("Abort a.mp4")
    world.chromium.click("#confirm-yes")
    world.rows("rows.length === 0")
    assert world.client.status(location).status == 404
    assert world.chromium.evaluate("document.querySelector('#said').textContent") == "a.mp4: aborted"
    world.choose("journal:aborted")
    world.rows("rows.length === 1 && rows[0].includes('aborted')")
    world.assert_good_manners()


def test_a_refused_file_is_handed_over_again_from_the_page(new_world):
    with ScriptedBackend(answer(422, b'{"message":"No holidays."}'), answer(200)) as backend:
        world = new_world("--backend", backend.url())
        assert world.client.whole(world.client.create(3, "a.mp4"), b"abc").status == 422
        world.open()
        world.choose("journal:refused")
        [row] = world.rows("rows.length === 1")
        assert "answer 422" in row
        world.click("Details of a.mp4")
        world.chromium.wait("document.querySelector('#details').open")
        assert "No holidays." in world.chromium.evaluate("document.querySelector('#facts').innerText")
        assert world.chromium.evaluate("document.querySelector('#details').scrollTop") == 0
        happened = world.chromium.evaluate("[...document.querySelectorAll('#events > li')].map((item) => item.innerText)")
        for line, words in zip(happened, ("Created", "Bytes begin to come, from byte 0", "Bytes came, 3 B", "All bytes are there",
                                          "The backend's answer, status 422"), strict=True):
            assert line.endswith(words)
        world.chromium.press("Escape")
        world.click("Retry a.mp4")
        world.chromium.click("#confirm-yes")
        world.rows("rows.length === 0")
        world.choose("all")
        world.rows("rows.length === 1 && rows[0].includes('delivered')")
    world.assert_good_manners()


def test_the_operator_decides_what_is_set_aside(new_world, tmp_path):
    program = tmp_path / "programs" / "look"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'it is odd'\nexit 2\n", encoding="utf-8")
    program.chmod(0o755)
    with ScriptedBackend(answer(200)) as backend:
        world = new_world("--backend", backend.url(), toml=f'[checks]\nprogram = "{program}"\n[delivery]\nwait = "50ms"\n')
        locations = {name: world.client.create(3, name) for name in ("a.mp4", "b.mp4")}
        for location in locations.values():
            assert world.client.whole(location, b"abc").status == 503
        world.open()
        for row in world.rows("rows.length === 2 && rows.every((row) => row.includes('set aside'))"):
            assert "it is odd" in row and "Abort" not in row
        world.chromium.wait("document.querySelector('#figure-set-aside').textContent === '2'")
        world.click("Details of a.mp4")
        world.chromium.wait("document.querySelector('#details').open")
        assert "it is odd" in world.chromium.evaluate("document.querySelector('#facts').innerText")
        world.chromium.press("Escape")
        world.click("Release a.mp4")
        assert not world.chromium.evaluate("document.querySelector('#confirm-text').checkVisibility()")
        world.chromium.click("#confirm-yes")
        world.rows("rows.length === 1")
        world.click("Refuse b.mp4")
        assert world.chromium.evaluate("document.activeElement.id") == "confirm-text"
        world.chromium.type("Not wanted: äöü & more")
        world.chromium.press("Enter")
        world.rows("rows.length === 0")
        assert world.client.whole(locations["a.mp4"], b"abc").status == 200
        refused = world.client.whole(locations["b.mp4"], b"abc")
        assert (refused.status, refused.json()["message"]) == (422, "Not wanted: äöü & more")
        acts = world.server.logged("audit", 2)
        assert [(act["act"], act["from"], act["credential"], act["result"]) for act in acts] == [
            ("release", "127.0.0.1", "none", "done"), ("refuse", "127.0.0.1", "none", "done")]
    world.assert_good_manners()


def test_names_are_text(new_world):
    world = new_world()
    world.client.create(9, "%3Cb%20onmouseover=alert(1)%3Ebold%3C/b%3E.mp4")
    world.open()
    assert "<b onmouseover=alert(1)>bold</b>.mp4" in world.rows()[0]
    assert world.chromium.evaluate("document.querySelector('#rows b')") is None


def test_a_search_reaches_every_upload(new_world):
    world = new_world()
    for number in range(1000):
        world.client.create(9, f"film{number}.mp4")
    world.open()
    assert len(world.rows("rows.length === 200")) == 200
    assert world.chromium.evaluate("document.querySelector('#shown').textContent") == "The first 200 of 1000 uploads"
    world.chromium.click("#search")
    world.chromium.type("film77")
    rows = world.rows("rows.length === 11")
    assert all("film77" in row for row in rows)
    # The server answers, and tells a second listener too.
    with EventStream(world.console) as events, Client(world.server.address) as client:
        assert events.wait_for("uploads")["matching"] == 1000
        assert client.get("/healthz").status == 200
    world.assert_good_manners()


def test_what_is_on_record_is_sorted_by_the_server(new_world):
    world = new_world()
    pictures = Path(os.environ.get("SLUICE_TEST_PICTURES", world.directory))
    for number in range(250):
        world.client.create(1000 + number * 7 % 250, f"film{number}.mp4")
    world.open()
    world.rows("rows.length === 200")
    assert world.order() == "active"
    world.choose("journal")
    names = "rows.slice(0, 3).map((row) => row.match(/film\\d+/)[0]).join()"
    world.rows(f"rows.length === 100 && {names} === 'film249,film248,film247'")
    assert world.order() == "id"
    world.sort("size")
    # 7 * 107 is 249 more than a multiple of 250.
    rows = world.rows(f"rows.length === 100 && {names} === 'film107,film214,film71'")
    assert "of 1.2 KB" in rows[0], rows[0]
    assert world.chromium.evaluate("document.querySelector('#shown').textContent") == "The first 100 of 250 uploads"
    world.chromium.picture(pictures / "console on record by size.png")
    world.chromium.click("#more")
    world.rows("rows.length === 200")
    world.chromium.click("#more")
    rows = world.rows("rows.length === 250")
    assert "film0.mp4" in rows[-1]
    assert world.chromium.evaluate("document.querySelector('#shown').textContent") == "250 uploads"
    world.chromium.click("#reverse")
    world.rows(f"rows.length === 100 && {names} === 'film0,film143,film36'")
    assert_accessible(world.chromium)
    world.choose("all")
    world.rows("rows.length === 200")
    assert world.order() == "active"
    world.assert_good_manners()


def test_a_token_is_asked_for_and_kept_by_the_tab(new_world):
    world = new_world(kind=LockedWorld)
    world.client.create(9, "a.mp4")
    world.open()
    for words, token in (("", "a wrong token"), ("does not know", TOKEN)):
        world.chromium.wait(
            f"document.querySelector('#ask').open && document.querySelector('#ask-words').textContent.includes('{words}')")
        assert world.chromium.evaluate("document.activeElement.id") == "token"
        world.chromium.type(token)
        world.chromium.press("Enter")
    world.rows("rows.length === 1")
    world.chromium.reload()
    world.rows("rows.length === 1")
    assert not world.chromium.evaluate("document.querySelector('#ask').open")
    assert TOKEN not in json.dumps([request.target for request in world.proxy.requests])
    world.assert_good_manners()


def test_it_goes_on_after_the_server_was_killed(new_world):
    world = new_world()
    world.client.create(9, "a.mp4")
    world.open()
    world.rows()
    world.proxy.upstream = ("127.0.0.1", 1)
    world.proxy.cut_all()
    world.chromium.wait("!document.querySelector('#trouble').hidden")
    assert world.chromium.evaluate("document.querySelector('#ready').textContent") == "Not connected"
    world.proxy.upstream = world.console
    world.chromium.wait("document.querySelector('#trouble').hidden")
    world.rows("rows.length === 1")


def test_every_size_and_color(new_world):
    with ScriptedBackend(answer(503, b"come back later")) as backend:
        world = new_world("--backend", backend.url(), toml='[delivery]\nretry_first = "1h"\nretry_max = "1h"\nwait = "1s"')
        pictures = Path(os.environ.get("SLUICE_TEST_PICTURES", world.directory))
        world.client.whole(world.client.create(3, "waits for the backend.mp4"), b"abc")
        world.client.create(700 * MIB, "A film with a rather long name, as cameras and people give them.mp4")
        running = world.begin_upload("Holiday at the sea.mp4", 40 * MIB, 11 * MIB)
        world.open()
        world.rows("rows.length === 3")
        for _ in range(3):
            running.send(random.Random(2).randbytes(3 * MIB))
            world.chromium.evaluate("new Promise((done) => setTimeout(done, 1100))")
        for width, height in ((1280, 800), (360, 740)):
            world.chromium.size(width, height)
            for scheme in ("light", "dark"):
                world.chromium.colors(scheme)
                world.chromium.picture(pictures / f"console {width} {scheme}.png")
                assert world.chromium.evaluate("document.documentElement.scrollWidth") <= width
                assert_accessible(world.chromium)
        running.close()
    world.assert_good_manners()
