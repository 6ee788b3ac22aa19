# SPDX-License-Identifier: MIT
"""Uploaders of others, unmodified from npm, on bad networks: UpChunk and jQuery File Upload at a location, the latter, Dropzone and
Resumable.js with form chunks."""

import json
import random

import pytest

from conftest import SUCCESS, World
from support.fault_proxy import Refuse
from support.faults import ENVIRONMENT, FAULTS, nth, strike
from support.raw_http import Client

MIB = 1_048_576
SETTINGS = """
dialects.enabled = "panda, formchunks, filepond"
cors.api_origins = "*"
"""


class ClientsWorld(World):
    def __init__(self, chromium, directory):
        config = directory / "sluice.toml"
        config.write_text(SETTINGS, encoding="utf-8")
        super().__init__(chromium, directory, args=("--config", config), page="clients.html", env=ENVIRONMENT)

    @property
    def files(self):
        return f"http://{self.proxy.host}:{self.proxy.port}/files"

    def start(self, name, data, options=None):
        """`name` of the uploader; the file is chosen already."""
        target = self.files
        if name in ("UpChunk", "Blueimp"):
            target = self.site.authorize({"payload": json.dumps({"filename": "clip.mp4", "filesize": len(data)})})["upload_url"]
        self.page(f"start{name}({json.dumps(target)}, {json.dumps(options or {})})")

    @property
    def video(self):
        """The backend's answer as the uploader gave it to its page."""
        answers = [answer for answer in self.page("upload.answers") if answer and '"id"' in answer]
        return json.loads(answers[-1])

    def assert_uploaded(self, data):
        assert self.finish() == SUCCESS
        assert self.stored() == data
        with Client(self.server.address) as client:
            assert [video["id"] for video in client.get("/videos.json").json()] == [self.video["id"]]


@pytest.fixture
def world(chromium, tmp_path):
    made = ClientsWorld(chromium, tmp_path)
    yield made
    made.close()


# Their pages have them try for as long as a server needs to start again. By default UpChunk takes an answer that breaks
# off for final, and tells an error.
UPLOADERS = {
    "UpChunk": {"retryCodes": [0, 408, 502, 503, 504], "attempts": 300},
    "Dropzone": {"retryChunksLimit": 3000},
    "Resumable": {"maxChunkRetries": 300},
    "Blueimp": {},
    "BlueimpForms": {},
}


def chunks(request):
    return request.method in ("PUT", "POST")


def is_later_patch(request):
    return request.method == "PATCH" and request.headers["upload-offset"] != "0"


@pytest.mark.parametrize("uploader", UPLOADERS)
def test_a_network_without_faults(world, uploader):
    data = world.choose(3 * MIB + 1000)
    world.start(uploader, data)
    world.assert_uploaded(data)


@pytest.mark.parametrize("number", [1, 2, 4])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("uploader", UPLOADERS)
def test_a_chunk_that_fails_is_sent_again(world, uploader, fault, number):
    data = world.choose(3 * MIB + 300_000)
    number = min(number, 3) if uploader == "Resumable" else number  # Its last chunk takes the rest.
    act = strike(world, fault, random.Random(f"{uploader} {fault} {number}"), nth(number, chunks))
    world.start(uploader, data, UPLOADERS[uploader])
    act()
    world.assert_uploaded(data)


def test_dropzone_sends_all_chunks_at_once(world):
    data = world.choose(5 * MIB + 1)
    world.start("Dropzone", data, {"parallelChunkUploads": True})
    world.assert_uploaded(data)


@pytest.mark.parametrize("uploader", ["Blueimp", "BlueimpForms"])
def test_jquery_file_upload_sends_a_small_file_as_a_plain_form(world, uploader):
    data = world.choose(1000)
    world.start(uploader, data)
    world.assert_uploaded(data)
    assert len(world.sent("POST")) == 1


def test_jquery_file_upload_sends_the_file_itself(world):
    data = world.choose(3 * MIB + 1000)
    world.start("Blueimp", data, {"multipart": False})
    world.assert_uploaded(data)


def test_chunks_that_do_not_say_of_which_file_are_refused(world):
    """Two people may well have a file of one name and size each."""
    data = world.choose(3 * MIB)
    world.start("BlueimpForms", data, {"formData": {"title": "t"}})
    assert world.finish()["state"] == "error"
    assert "jQuery File Upload" in world.page("upload.message")


@pytest.mark.parametrize("fault", [None, *FAULTS])
@pytest.mark.parametrize("size", [2 * MIB, 2 * MIB + 300_000])
def test_filepond(world, size, fault):
    data = world.choose(size)
    act = strike(world, fault, random.Random(f"FilePond {fault} {size}"), is_later_patch) if fault else lambda: None
    world.page(f"startFilePond({json.dumps(world.files.removesuffix('/files'))})")
    act()
    assert world.finish() == SUCCESS, world.proxy.requests
    with Client(world.server.address) as client:
        assert client.get("/uploads/" + world.page("upload.answers")[0]).json()["state"] == "delivered"
        (video,) = client.get("/videos.json").json()
    with open(f"{world.server.data_dir}/videos/{video['id']}{video['extname']}", "rb") as file:
        assert file.read() == data


def test_resumable_skips_what_is_there(world):
    data = world.choose(4 * MIB)
    world.proxy.script(Refuse(503, on=lambda request: request.method == "POST" and "ChunkNumber=3" in request.target, times=None))
    world.start("Resumable", data, {"simultaneousUploads": 1, "maxChunkRetries": 1})
    assert world.finish()["state"] == "error"
    world.chromium.open(world.site.url + "/clients.html")
    world.proxy.script()
    assert world.choose(4 * MIB) == data
    before = len(world.sent("POST"))
    world.start("Resumable", data)
    world.assert_uploaded(data)
    assert len(world.sent("POST")) == before + 2, "the first two chunks were there"


def test_a_page_of_another_origin_is_told_why_its_chunk_is_refused(world):
    world.choose(1000)
    world.page(f"startDropzone({json.dumps(world.files)}, {{forceChunking: false, retryChunks: false}})")
    assert world.finish()["state"] == "error"
    assert "forceChunking" in world.page("upload.message")
