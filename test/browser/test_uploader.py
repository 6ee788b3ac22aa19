# SPDX-License-Identifier: MIT
"""The browser uploader on a page of one origin, Sluice on another, a network without faults."""

import pytest

from conftest import PIECE, SUCCESS


def test_pieces_of_5_mib(world):
    data = world.choose(2 * PIECE + 1000)
    world.start()
    assert world.finish() == SUCCESS
    assert world.stored() == data
    size = len(data)
    assert [(entry["range"], entry["status"]) for entry in world.log] == [
        (f"bytes */{size}", 204),
        (f"bytes 0-{PIECE - 1}/{size}", 204),
        (f"bytes {PIECE}-{2 * PIECE - 1}/{size}", 204),
        (f"bytes {2 * PIECE}-{size - 1}/{size}", 200),
    ]


def test_the_browser_asks_for_permission_once(world):
    world.choose(1000)
    world.start("{chunkSize: 100}")
    assert world.finish() == SUCCESS
    assert len(world.sent("PUT")) == 11
    questions = world.sent("OPTIONS")
    assert len(questions) == 1
    assert questions[0].headers["access-control-request-method"] == "PUT"
    assert questions[0].headers["access-control-request-headers"] == (
        "cache-control,content-range,content-type,x-requested-with")


@pytest.mark.parametrize("name", ["Übung ♥ 日本語 🎬.mp4", "a'b (1)!*~ &%41.mp4", "..mp4"])
def test_name_of_the_file(world, name):
    data = world.choose(1000, name)
    world.start()
    assert world.finish() == SUCCESS
    assert world.video["original_filename"] == name
    assert world.stored() == data


def test_empty_file(world):
    world.choose(0)
    world.start()
    assert world.finish() == SUCCESS
    assert world.video["file_size"] == 0 and world.stored() == b""


def test_the_sites_own_last_word(world):
    world.site.session = {"postprocess_url": "/panda/processed"}
    world.choose(1000)
    world.start()
    assert world.finish() == SUCCESS
    assert world.page("upload.processed") == {"seen": world.video["id"]}
    assert world.site.processed == [world.video]


@pytest.mark.parametrize("name", ["file", "upload[file]"])
def test_multipart(world, name):
    world.site.session = {"upload_content_type": "multipart/form-data", "upload_var_name": name}
    data = world.choose(PIECE + 1000, "Übung ♥.mp4")
    world.start()
    assert world.finish() == SUCCESS
    assert world.stored() == data
    assert [entry["method"] for entry in world.log] == ["POST"]
    assert world.sent("OPTIONS")[0].headers["access-control-request-headers"] == "cache-control,x-requested-with"


def test_form_without_a_script(world):
    """A form without a script: the browser sends it and shows the answer."""
    data = world.choose(300_000, "Übung.mp4", selector="#form-file")
    location = world.site.authorize({"payload": f'{{"filename": "Übung.mp4", "filesize": {len(data)}}}'})["upload_url"]
    world.page(f"document.getElementById('form').action = '{location}'")
    world.chromium.click("#send")
    world.chromium.wait("document.body.innerText.startsWith('{')")
    assert world.page("JSON.parse(document.body.innerText).file_size") == len(data)
    assert world.page("JSON.parse(document.body.innerText).original_filename") == "Übung.mp4"
    assert world.sent("POST")[0].status == 200
