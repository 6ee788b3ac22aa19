# SPDX-License-Identifier: MIT
import pytest

from fake_panda import FakePanda
from support.fault_proxy import FaultProxy
from support.sluice_server import SluiceServer
from upload_harness import PIECE, Command, make_file


@pytest.fixture
def command(tmp_path):
    return Command(tmp_path / "cache")


@pytest.fixture
def panda():
    with FakePanda() as server:
        yield server


@pytest.fixture
def proxy(panda):
    with FaultProxy("127.0.0.1", panda.port) as between:
        yield between


@pytest.fixture
def server(tmp_path):
    with SluiceServer(tmp_path / "data") as running:
        yield running


@pytest.fixture
def line(server):
    with FaultProxy(server.host, server.port) as between:
        yield between


@pytest.fixture
def source(tmp_path):
    return make_file(tmp_path / "a video.mp4", 10 * PIECE + 123)
