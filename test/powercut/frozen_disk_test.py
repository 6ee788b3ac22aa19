# SPDX-License-Identifier: MIT
"""A disk that takes no write for a while: requests that write wait for it, all others are answered."""

import contextlib
import random
import select

import pytest

from file_systems import MIB, LoopFileSystem
from support.raw_http import OCTETS, Client, Connection, path_of
from support.sluice_server import SluiceServer

# More than there are storage threads, on all event loops.
WRITERS = 24
PIECE = random.Random(20261126).randbytes(64 * 1024)
SIZE = 4 * len(PIECE)
# A request that does not wait for the disk is answered in this time however slow the machine is.
PROMPT_SECONDS = 20


@pytest.fixture
def disk(tmp_path):
    with LoopFileSystem("ext4", tmp_path / "disk", 256 * MIB) as disk:
        yield disk


@pytest.fixture(params=["none", "interval", "commit"])
def server(request, disk, tmp_path):
    env = {"SLUICE_DATA_DURABILITY": request.param, "SLUICE_DATA_LOW_WATER": "0"}
    server = SluiceServer(disk.path / "data", env=env)
    server.log_path = str(tmp_path / "server.log")
    with server:
        yield server


def begin_piece(connection, location, start):
    fields = [("Content-Type", OCTETS), ("Content-Range", f"bytes {start}-{start + len(PIECE) - 1}/{SIZE}")]
    connection.request("PUT", path_of(location), fields, PIECE, read=False)


def test_requests_that_need_no_disk_are_answered_beside_writes_that_wait(server, disk):
    with contextlib.ExitStack() as open_ones:
        writers = [open_ones.enter_context(Connection(server.address)) for _ in range(WRITERS)]
        with Client(server.address) as client:
            locations = [client.create(SIZE) for _ in writers]
        for writer, location in zip(writers, locations):
            begin_piece(writer, location, 0)
            assert writer.read_response("PUT").status == 204

        with disk.frozen():
            for writer, location in zip(writers, locations):
                begin_piece(writer, location, len(PIECE))
            for location in locations:
                # On a connection of its own, so on every event loop.
                with Client(server.address, timeout=PROMPT_SECONDS) as client:
                    assert client.get("/healthz").status == 200
                    assert client.stored(location) == len(PIECE)
            answered, _, _ = select.select([writer.socket for writer in writers], [], [], 0)
            assert answered == [], "no disk took these pieces"

        for writer, location in zip(writers, locations):
            assert writer.read_response("PUT").status == 204
        with Client(server.address) as client:
            assert [client.stored(location) for location in locations] == [2 * len(PIECE)] * WRITERS
