# SPDX-License-Identifier: MIT
"""Clients of others against a server, through a fault proxy."""

import hashlib
import json
import os
import random
import shutil
import subprocess

import pytest

from support.fault_proxy import FaultProxy
from support.faults import ENVIRONMENT
from support.raw_http import Client, path_of
from support.sluice_server import SluiceServer, die_with_parent

HERE = os.path.dirname(os.path.abspath(__file__))


class World:
    """`proxy` stands in front of `server`."""

    def __init__(self, directory):
        self.directory = directory
        self.server = SluiceServer(directory / "data", env=ENVIRONMENT).start()
        self.proxy = FaultProxy(self.server.host, self.server.port)

    def close(self):
        self.proxy.close()
        self.server.kill()
        shutil.rmtree(self.server.data_dir, ignore_errors=True)

    @property
    def endpoint(self):
        return self.proxy.url + "/files/"

    def restart(self):
        """Kills the server and starts it again behind the same proxy."""
        self.server.restart()
        self.proxy.upstream = (self.server.host, self.server.port)

    def configure(self, toml):
        """Starts the server again, with these settings."""
        config = self.directory / "sluice.toml"
        config.write_text(toml, encoding="utf-8")
        self.server.args = ["--config", str(config)]
        self.restart()

    def file(self, size, name="clip.bin"):
        data = random.Random(size).randbytes(size)
        path = self.directory / name
        path.write_bytes(data)
        return path, data

    def expect_stored(self, location, data, uploads=1):
        """The backend has the file of the location as it was, once or as often as it was uploaded."""
        with Client(self.server.address) as client:
            video = client.get(path_of(location) + "/answer").json()
        self.expect_video(video, data, uploads)
        return video

    def expect_video(self, video, data, uploads=1):
        with Client(self.server.address) as client:
            count = client.request("GET", "/videos.json?include_root=true").json()["total"]
        assert count == uploads
        stored = os.path.join(self.server.data_dir, "videos", video["id"] + video["extname"])
        with open(stored, "rb") as file:
            assert hashlib.sha256(file.read()).digest() == hashlib.sha256(data).digest()


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


class NodeUpload:
    """tus-js-client in a process of its own."""

    def __init__(self, world, path, options):
        script = os.path.join(HERE, "tus_upload.mjs")
        self._process = subprocess.Popen(
            ["node", script, world.endpoint, str(path), json.dumps(options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )

    def end(self):
        out, errors = self._process.communicate(timeout=120)
        assert out, errors
        return json.loads(out)


@pytest.fixture
def tus_js(world):
    if not os.path.isdir(os.path.join(HERE, "node_modules", "tus-js-client")):
        if os.environ.get("CI") == "true":
            raise FileNotFoundError("tus-js-client is not installed: scripts/setup")
        pytest.skip("tus-js-client is not installed: scripts/setup")
    return lambda path, **options: NodeUpload(world, path, options)
