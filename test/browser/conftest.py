# SPDX-License-Identifier: MIT
"""One Chromium for a file of tests; for each test a server, a fault proxy before it and a page on another origin."""

import os
import random
import shutil

import pytest

from chromium import CannotStart, Chromium
from customer_site import CustomerSite
from support.fault_proxy import FaultProxy
from support.raw_http import Client
from support.sluice_server import SluiceServer

PIECE = 5_242_880
FORM = ("Content-Type", "application/x-www-form-urlencoded")


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    try:
        running = Chromium(tmp_path_factory.mktemp("chromium") / "driver.log")
    except CannotStart as reason:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"Chromium cannot start, nothing is known about browsers: {reason}")
    yield running
    running.close()


class World:
    """`page` talks to `site` and, through `proxy`, to `server`."""

    def __init__(self, chromium, directory, args=(), page="index.html", env=None):
        self.chromium = chromium
        self.directory = directory
        self.server = SluiceServer(directory / "data", args=args, env=env).start()
        self.proxy = FaultProxy(self.server.host, self.server.port)
        self.site = CustomerSite(self._open_session)
        chromium.open(f"{self.site.url}/{page}")

    def close(self):
        self.site.close()
        self.proxy.close()
        self.server.kill()
        shutil.rmtree(self.server.data_dir, ignore_errors=True)

    def _open_session(self, form):
        with Client((self.server.host, self.server.port)) as client:
            host = f"{self.proxy.host}:{self.proxy.port}"
            response = client.request("POST", "/v2/videos/upload.json", [FORM], form, host=host)
            assert response.status == 201, response
            return response.json()["location"]

    def restart(self):
        """Kills the server and starts it again behind the same proxy."""
        self.server.restart()
        self.proxy.upstream = (self.server.host, self.server.port)

    def choose(self, size, name="clip.mp4", selector="#file"):
        data = random.Random(size).randbytes(size)
        path = self.directory / name
        path.write_bytes(data)
        self.chromium.choose(selector, path)
        return data

    def start(self, options="{}"):
        self.chromium.evaluate(f"startUpload({options})")

    def finish(self):
        """The state in which the upload ends."""
        self.chromium.wait("!['new', 'uploading', 'paused'].includes(upload.state)")
        return self.page("({state: upload.state, message: upload.message})")

    def page(self, expression):
        return self.chromium.evaluate(expression)

    @property
    def log(self):
        return self.page("upload.log")

    @property
    def video(self):
        return self.page("upload.video")

    def stored(self):
        video = self.video
        path = os.path.join(self.server.data_dir, "videos", video["id"] + video["extname"])
        with open(path, "rb") as file:
            return file.read()

    def sent(self, method="PUT"):
        return [request for request in self.proxy.requests if request.method == method]


@pytest.fixture
def world(chromium, tmp_path):
    made = World(chromium, tmp_path)
    yield made
    made.close()


def is_piece(request):
    return request.method == "PUT" and "*" not in (request.content_range or "*")


def piece(number):
    """Hits the piece of that number, counted as the proxy sees them, repeats and all."""
    seen = set()

    def matches(request):
        if is_piece(request):
            seen.add(request.number)
        return is_piece(request) and len(seen) == number
    return matches


SUCCESS = {"state": "success", "message": ""}
