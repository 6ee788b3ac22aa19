# SPDX-License-Identifier: MIT
"""Fixtures: one server for the tests of a file, own servers for tests that end or configure one."""

import os
import shutil

import pytest

from support import media
from support.raw_http import Client, Connection
from support.server_fixtures import connected, new_server, noise  # noqa: F401  (fixtures of the tests)
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
