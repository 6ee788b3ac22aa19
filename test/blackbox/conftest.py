# SPDX-License-Identifier: MIT
"""Fixtures: one server for the tests of a file, own servers for tests that end or configure one."""

import os
import random
import shutil

import pytest

from support import media
from support.raw_http import Client, Connection
from support.sluice_server import SluiceServer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with default settings, shared by the tests of a file."""
    with SluiceServer(tmp_path_factory.mktemp("server") / "data") as running:
        yield running
        assert running.running, f"the server died:\n{running.log()[-8000:]}"
        # Sanitizers report leaks through the exit code.
        assert running.terminate() == 0, running.log()[-8000:]
        shutil.rmtree(running.data_dir)


@pytest.fixture
def client(server):
    with Client((server.host, server.port)) as connected:
        yield connected


@pytest.fixture
def connect(server):
    """Opens raw connections to the shared server and closes them at the end."""
    opened = []

    def open_one(**options):
        opened.append(Connection((server.host, server.port), **options))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def new_server(tmp_path):
    """Makes servers of a test's own; toml is the text of their configuration file."""
    made = []

    def make(*args, toml=None, start=True, name=None, **options):
        number = len(made)
        if toml is not None:
            config = tmp_path / f"config{number}.toml"
            config.write_text(toml, encoding="utf-8")
            args = (*args, "--config", config)
        server = SluiceServer(tmp_path / (name or f"data{number}"), args=args, **options)
        made.append(server)
        return server.start() if start else server

    yield make
    for server in made:
        server.kill()
        shutil.rmtree(server.data_dir, ignore_errors=True)


@pytest.fixture
def connected():
    """Clients of a test's own servers."""
    opened = []

    def make(server, **options):
        opened.append(Client(server.address, **options))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def noise():
    """Bytes without a pattern, the same on every run."""
    return random.Random(20150313).randbytes


@pytest.fixture(scope="session")
def mp4(tmp_path_factory):
    return media.make_mp4(tmp_path_factory.mktemp("media") / "real.mp4").read_bytes()


@pytest.fixture(scope="session")
def webm(tmp_path_factory):
    return media.make_webm(tmp_path_factory.mktemp("media") / "real.webm").read_bytes()


def stored_video(server, video):
    """The path of a video's file in the library."""
    return os.path.join(server.data_dir, "videos", video["id"] + video["extname"])


@pytest.fixture
def video_path():
    return stored_video
