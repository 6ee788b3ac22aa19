# SPDX-License-Identifier: MIT
"""The whole story: a page with Uppy, a script with tuspy, a client of the Panda API and `sluice upload` send files through
one server into an application, while the server is killed ten times in the middle of each of them.
"""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import threading
import time

import pytest

from conftest import SUCCESS, World
from support.example_backend import ExampleBackend
from support.fault_proxy import Ration, RewriteResponse
from support.raw_http import BadResponse, Client, ConnectionClosed, path_of, stored_bytes
from support.sluice_server import die_with_parent, environment, sluice_binary
from support.waiting import wait_until

KILLS = 10
SIZE = 2_000_000
# So much of each upload passes in each life of the server: after the last kill every upload still lacks something.
BYTES_EACH_LIFE = SIZE // (KILLS + 1)
# Of a client, before it tries again: without it the proxy, a thread beside it, would starve.
PAUSE_SECONDS = 0.05
SECRET = "the secret of both sides"
SETTINGS = """
[cors]
api_origins = "*"
[backend]
url = "{backend}/videos"
secret_file = "{secret}"
digest = "sha256"
[delivery]
retry_first = "50ms"
retry_max = "100ms"
"""
TUSPY = f"""
import sys, tusclient.client
url, path, name = sys.argv[1:]
client = tusclient.client.TusClient(url)
upload = client.uploader(path, metadata={{"filename": name}}, chunk_size=900_000, retries=1000, retry_delay={PAUSE_SECONDS})
upload.upload()
print(upload.url, upload.offset)
"""


class Panda(threading.Thread):
    """A client of the Panda API: it sends pieces, and asks how far it got after whatever fails."""

    def __init__(self, address, name, data):
        super().__init__(daemon=True)
        self.address, self.file_name, self.data = address, name, data
        self.location = None
        self.answer = None

    def run(self):
        while self.answer is None:
            try:
                with Client(self.address) as client:
                    self._upload(client)
            except (OSError, BadResponse, ConnectionClosed):
                time.sleep(PAUSE_SECONDS)

    def _upload(self, client):
        self.location = self.location or client.create(len(self.data), self.file_name)
        response = client.status(self.location, len(self.data))
        while response.status == 204:
            begin = stored_bytes(response)
            response = client.piece(self.location, begin, self.data[begin : begin + 700_000], len(self.data))
        if response.status == 200:
            self.answer = response.json()


class Process:
    """A program that uploads a file and says in the end what it was told."""

    def __init__(self, *command, env=None):
        self._process = subprocess.Popen(
            [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(env), preexec_fn=die_with_parent)

    def end(self):
        out, errors = self._process.communicate(timeout=60)
        assert self._process.returncode == 0, errors
        return out


class Story(World):
    """`told` has the files of which a client of tus was told the whole offset, `told_early` those that the application had
    not answered by then."""

    def __init__(self, chromium, directory):
        secret, config = directory / "secret", directory / "sluice.toml"
        secret.write_text(SECRET + "\n", encoding="utf-8")
        self.backend = ExampleBackend(directory / "files", secret)
        config.write_text(SETTINGS.format(backend=self.backend.url, secret=secret), encoding="utf-8")
        super().__init__(chromium, directory, args=("--config", config), page="uppy.html")
        self.files = {}
        self.told, self.told_early = set(), set()
        self.ration = Ration(BYTES_EACH_LIFE)
        self.proxy.script(self.ration, RewriteResponse(self._see, times=None))

    def close(self):
        super().close()
        self.backend.end()

    def file(self, name):
        """Each file has a size of its own."""
        size = SIZE + len(self.files)
        self.files[name] = random.Random(size).randbytes(size)
        path = self.directory / name
        path.write_bytes(self.files[name])
        return path

    def _see(self, head, body):
        offset = re.search(rb"(?im)^upload-offset: *(\d+)", head)
        for name, data in self.files.items():
            if offset and int(offset[1]) == len(data):
                self.told.add(name)
                if name not in self.backend.answers():
                    self.told_early.add(name)
        return head + body

    def kill(self, number):
        """In the middle of each upload, when the server has told of the bytes that have come in this life."""
        wait_until(lambda: len(self.targets()) == len(self.files), lambda: self.proxy.requests)
        targets = self.targets()
        with Client(self.server.address) as client:
            for target in targets:
                # Chromium repeats a request by itself where its connection ends without an answer. The server has
                # the bytes and says so at once; Chromium reads that behind its last byte, which the ration holds back.
                if not self.proxy.wait_until(lambda _: client.stored(target) == number * BYTES_EACH_LIFE, 10):
                    self.proxy.cut_all()
                wait_until(lambda: client.stored(target) == number * BYTES_EACH_LIFE,
                           lambda: (client.status(target), [it for it in self.proxy.requests if it.target == target]))
        self.server.kill()
        self.proxy.cut_all()
        self.server.start()
        assert self.backend.answers() == {}
        with Client(self.server.address) as client:
            assert {client.stored(target) for target in targets} == {number * BYTES_EACH_LIFE}
        self.proxy.upstream = (self.server.host, self.server.port)
        self.ration.extend((number + 1) * BYTES_EACH_LIFE)

    def targets(self):
        """The uploads that have sent bytes."""
        return {request.target for request in list(self.proxy.requests)
                if request.body_bytes and request.method in ("PUT", "PATCH")}

    def answer_at(self, location):
        with Client(self.server.address) as client:
            response = client.get(path_of(location) + "/answer")
        assert (response.status, response.header("Sluice-Answer")) == (200, "backend")
        return response.json()


@pytest.fixture
def story(chromium, tmp_path):
    made = Story(chromium, tmp_path)
    yield made
    made.close()


def test_every_file_arrives_once_and_every_client_hears_of_it(story):
    pytest.importorskip("tusclient.client")
    endpoint = story.proxy.url + "/files/"
    panda = Panda((story.proxy.host, story.proxy.port), "panda.mp4", story.file("panda.mp4").read_bytes())
    panda.start()
    command = Process(sluice_binary(), "upload", story.file("command.mp4"), "--to", story.proxy.url, "--piece-size", "700KiB",
                      env={"XDG_CACHE_HOME": str(story.directory / "cache")})
    script = Process(sys.executable, "-c", TUSPY, endpoint, story.file("script.mp4"), "script.mp4")
    story.chromium.choose("#file", *(story.file(f"page {number}.mp4") for number in range(3)))
    options = {"endpoint": endpoint, "retryDelays": [100] * 100}
    story.page(f"startUppy({json.dumps(options)})")
    for number in range(1, KILLS + 1):
        story.kill(number)
    story.ration.extend(float("inf"))

    assert story.finish() == SUCCESS
    told = story.page("upload.answers")
    location, offset = script.end().split()
    assert int(offset) == len(story.files["script.mp4"])
    told["script.mp4"] = story.answer_at(location)
    told["command.mp4"] = json.loads(command.end())
    panda.join(60)
    told["panda.mp4"] = panda.answer
    assert story.told == {"script.mp4", "page 0.mp4", "page 1.mp4", "page 2.mp4"} and not story.told_early

    assert {name: [answer] for name, answer in told.items()} == story.backend.answers()
    for name, data in story.files.items():
        assert hashlib.sha256(story.backend.stored(told[name])).digest() == hashlib.sha256(data).digest()
    assert sorted(os.listdir(story.backend.files)) == sorted(
        answer["id"] + suffix for answer in told.values() for suffix in (".bin", ".json"))
    story.server.restart()
    assert story.answer_at(location) == told["script.mp4"]
    assert story.answer_at(panda.location) == panda.answer
