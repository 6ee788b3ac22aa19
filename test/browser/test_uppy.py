# SPDX-License-Identifier: MIT
"""Uppy with its plug-ins Tus and Golden Retriever, unmodified from npm, in Chromium and on bad networks."""

import hashlib
import json
import random

import pytest

from conftest import SUCCESS, World
from support.faults import ENVIRONMENT, FAULTS, nth, stall, strike
from support.raw_http import Client

MIB = 1_048_576
SETTINGS = '[cors]\napi_origins = "*"\n'


class UppyWorld(World):
    def __init__(self, chromium, directory):
        config = directory / "sluice.toml"
        config.write_text(SETTINGS, encoding="utf-8")
        super().__init__(chromium, directory, args=("--config", config), page="uppy.html", env=ENVIRONMENT)
        self.data = {}

    def choose(self, *sizes):
        paths = []
        for number, size in enumerate(sizes):
            path = self.directory / f"clip {number}.mp4"
            self.data[path.name] = random.Random(size + number).randbytes(size)
            path.write_bytes(self.data[path.name])
            paths.append(path)
        self.chromium.choose("#file", *paths)

    def start(self, *sizes):
        self.choose(*sizes)
        self.page(f"startUppy({json.dumps({'endpoint': self.proxy.url + '/files'})})")

    def assert_uploaded(self):
        """Each file is in the library once and as it was, and the page has the answer that tells of it."""
        assert self.finish() == SUCCESS
        answers = self.page("upload.answers")
        with Client(self.server.address) as client:
            videos = client.get("/videos.json?per_page=100").json()
        assert sorted(video["id"] for video in videos) == sorted(answer["id"] for answer in answers.values())
        for name, data in self.data.items():
            assert answers[name]["original_filename"] == name
            with open(f"{self.server.data_dir}/videos/{answers[name]['id']}.mp4", "rb") as file:
                assert hashlib.sha256(file.read()).digest() == hashlib.sha256(data).digest()


@pytest.fixture
def world(chromium, tmp_path):
    made = UppyWorld(chromium, tmp_path)
    yield made
    made.close()


def is_patch(request):
    return request.method == "PATCH"


@pytest.mark.parametrize("sizes", [[0], [1], [3 * MIB + 1]])
def test_a_network_without_faults(world, sizes):
    world.start(*sizes)
    world.assert_uploaded()


@pytest.mark.parametrize("fault", FAULTS)
def test_it_tries_again(world, fault):
    act = strike(world, fault, random.Random(fault), is_patch)
    world.start(3 * MIB)
    act()
    world.assert_uploaded()


def resumed(world):
    """The uploads whose last chunk goes on behind what had come before."""
    last = {request.target: int(request.headers["upload-offset"]) for request in world.sent("PATCH")}
    return [target for target, offset in last.items() if offset > 0]


def test_pause_and_resume(world):
    world.proxy.script(*stall(MIB))
    with Client(world.server.address) as client, client.until_body_bytes_arrive(MIB):
        world.start(3 * MIB)
    world.page("uppy.pauseAll()")
    world.proxy.script()
    assert world.proxy.wait_until(lambda proxy: all(request.over for request in proxy.requests))
    assert world.page("upload.state") == "uploading"
    world.page("uppy.resumeAll()")
    world.assert_uploaded()
    assert len(resumed(world)) == len(world.sent("POST")) == 1


def test_golden_retriever_goes_on_after_a_reload(world):
    world.proxy.script(*stall(MIB))
    with Client(world.server.address) as client, client.until_body_bytes_arrive(2 * MIB):
        world.start(3 * MIB, 2 * MIB)
    world.chromium.wait("kept().then(({ blobs, locations }) => blobs === 2 && locations === 2)")
    world.chromium.reload()
    world.proxy.script()
    world.assert_uploaded()
    assert len(resumed(world)) == len(world.sent("POST")) == 2


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_twenty_files_at_once(world, fault):
    act = strike(world, fault, random.Random(fault), nth(7, is_patch)) if fault else lambda: None
    world.start(*(210_000 + number for number in range(20)))
    act()
    world.assert_uploaded()
