# SPDX-License-Identifier: MIT
"""Disks that are full, or become so in the middle of an upload."""

import contextlib
import os
import random
import shutil

import pytest

from file_systems import MIB, LoopFileSystem, Tmpfs
from resuming import refused, resume, stored_or_none
from support.raw_http import Client, stored_bytes
from support.sluice_server import SluiceServer
from support.waiting import wait_until

DISK = 64 * MIB
SIZE = 12 * MIB
FIRST = 2 * MIB
DATA = random.Random(20150313).randbytes(SIZE)
LOW_WATER = 2 * MIB
ROOM = {"SLUICE_DATA_LOW_WATER": str(LOW_WATER)}
NO_LOW_WATER = {"SLUICE_DATA_LOW_WATER": "0"}


@contextlib.contextmanager
def server_on(disk, tmp_path, env):
    """The whole data directory lies on the disk."""
    server = SluiceServer(disk.path / "data", env=env)
    server.log_path = str(tmp_path / "server.log")
    with server:
        yield server


@pytest.fixture
def tmpfs(tmp_path):
    with Tmpfs(tmp_path / "disk", DISK) as disk:
        yield disk


@pytest.fixture
def without_preallocation(tmp_path):
    """Uploads and videos on a disk where the lack of room is seen only when a byte is written; the journal
    has a disk of its own."""
    data = tmp_path / "data"
    data.mkdir()
    with LoopFileSystem("ext4 without extents", tmp_path / "disk", DISK) as disk:
        for name in ("uploads", "videos"):
            (disk.path / name).mkdir()
            (data / name).symlink_to(disk.path / name)
        with SluiceServer(data, env=NO_LOW_WATER) as server:
            yield disk, server
    shutil.rmtree(data)


def ask_for_session(client, size):
    return client.request("POST", f"/videos/upload.json?file_size={size}&file_name=clip.mp4")


def wait_until_refused(client):
    """The server measures the free space now and then, and may open a session until it has measured again."""
    wait_until(lambda: ask_for_session(client, SIZE).status == 507, "sessions on a full disk", seconds=10)
    refused(ask_for_session(client, SIZE), 507)


def check_video(server, video, data):
    path = os.path.join(server.data_dir, "videos", video["id"] + video["extname"])
    with open(path, "rb") as file:
        assert file.read() == data, f"{path} is not what was sent"


def test_session_that_can_never_fit_is_refused_at_once(tmpfs, tmp_path):
    with server_on(tmpfs, tmp_path, ROOM) as server, Client((server.host, server.port)) as client:
        refused(ask_for_session(client, DISK), 507)
        refused(ask_for_session(client, 1 << 40), 507)
        check_video(server, resume(client, client.create(SIZE), DATA), DATA)


def test_refused_session_leaves_nothing_on_the_disk(tmpfs, tmp_path):
    with server_on(tmpfs, tmp_path, ROOM) as server, Client((server.host, server.port)) as client:
        refused(ask_for_session(client, DISK), 507)
        assert not [name for _, _, names in os.walk(os.path.join(server.data_dir, "uploads")) for name in names]


def test_disk_that_fills_up_keeps_the_stored_prefix(without_preallocation):
    disk, server = without_preallocation
    with Client((server.host, server.port)) as client:
        location = client.create(SIZE)
        assert client.piece(location, 0, DATA[:FIRST], SIZE).status == 204
        disk.ballast.fill()
        refused(client.piece(location, FIRST, DATA[FIRST:], SIZE), 507)
        stored = client.stored(location, SIZE)
        assert FIRST <= stored < SIZE
        refused(client.piece(location, stored, DATA[stored:], SIZE), 507)
        disk.ballast.drop()
        check_video(server, resume(client, location, DATA), DATA)


def test_disk_that_fills_up_keeps_what_is_stored_over_a_restart(without_preallocation):
    disk, server = without_preallocation
    with Client((server.host, server.port)) as client:
        location = client.create(SIZE)
        disk.ballast.fill()
        refused(client.piece(location, 0, DATA, SIZE), 507)
        stored = client.stored(location, SIZE)
    server.kill()
    disk.ballast.drop()
    disk.remount()
    server.start()
    with Client((server.host, server.port)) as client:
        assert client.stored(location, SIZE) == stored
        check_video(server, resume(client, location, DATA), DATA)


def test_full_disk_under_everything_loses_nothing(tmpfs, tmp_path):
    """Journal and uploads on the disk that fills up: whatever still goes, goes; the rest is refused for now."""
    with server_on(tmpfs, tmp_path, NO_LOW_WATER) as server:
        with Client((server.host, server.port)) as client:
            promised = {client.create(SIZE): FIRST, client.create(SIZE): 0}
            assert client.piece(next(iter(promised)), 0, DATA[:FIRST], SIZE).status == 204
            tmpfs.ballast.fill()
            wait_until_refused(client)
            for location, begin in promised.items():
                response = client.piece(location, begin, DATA[begin:-1], SIZE)
                if response.status == 204:
                    promised[location] = stored_bytes(response)
                else:
                    refused(response)
                known = stored_or_none(client, location, SIZE)
                assert known is None or known >= promised[location]
        server.kill()
        tmpfs.ballast.drop()
        server.start()
        with Client((server.host, server.port)) as client:
            for location, stored in promised.items():
                assert client.stored(location, SIZE) >= stored
                check_video(server, resume(client, location, DATA), DATA)


def test_create_is_possible_again_when_there_is_room(tmpfs, tmp_path):
    with server_on(tmpfs, tmp_path, ROOM) as server, Client((server.host, server.port)) as client:
        tmpfs.ballast.fill()
        wait_until(lambda: client.get("/readyz").status == 503, "the full disk is not said")
        refused(ask_for_session(client, SIZE), 507)
        tmpfs.ballast.drop()
        wait_until(lambda: client.get("/readyz").status == 200, "the room is not seen")
        wait_until(lambda: ask_for_session(client, SIZE).status == 201, "the room is not used", seconds=10)


def test_sessions_that_are_open_have_their_room(tmpfs, tmp_path):
    size = 20 * MIB
    data = random.Random(1).randbytes(size)
    with server_on(tmpfs, tmp_path, ROOM) as server, Client((server.host, server.port)) as client:
        locations = []
        while (response := ask_for_session(client, size)).status == 201:
            locations.append(response.json()["location"])
            assert len(locations) * size <= DISK - LOW_WATER, "more was promised than there is"
        refused(response, 507)
        for location in locations:
            check_video(server, resume(client, location, data), data)


def test_aborted_session_gives_its_room_back(tmpfs, tmp_path):
    size = 40 * MIB
    with server_on(tmpfs, tmp_path, ROOM) as server, Client((server.host, server.port)) as client:
        location = client.create(size)
        refused(ask_for_session(client, size), 507)
        assert client.delete(location).status == 200
        wait_until(lambda: ask_for_session(client, size).status == 201, "the room did not come back", seconds=10)


def test_full_disk_under_everything_is_survived(tmpfs, tmp_path):
    """Journal and uploads on the disk that fills up: whatever still goes, goes; the rest is refused for now."""
    with server_on(tmpfs, tmp_path, NO_LOW_WATER) as server, Client((server.host, server.port)) as client:
        location, untouched = client.create(SIZE), client.create(SIZE)
        assert client.piece(location, 0, DATA[:FIRST], SIZE).status == 204
        tmpfs.ballast.fill()
        wait_until_refused(client)
        stored = FIRST
        for upload in (location, untouched):
            begin = stored if upload is location else 0
            response = client.piece(upload, begin, DATA[begin:-1], SIZE)
            if response.status != 204:
                refused(response)
        known = stored_or_none(client, location, SIZE)
        assert known is None or known >= stored
        tmpfs.ballast.drop()
        for upload in (location, untouched):
            check_video(server, resume(client, upload, DATA), DATA)
