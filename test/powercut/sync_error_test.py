# SPDX-License-Identifier: MIT
"""Syncs that really fail: the image of the file system is sparse, and the tmpfs that holds it is full.

Writes go into the page cache as ever; only the sync fails, because their bytes find no room on the disk.
"""

import contextlib
import os
import random
import shutil

import pytest

from file_systems import MIB, LoopFileSystem, Tmpfs
from resuming import refused, resume, stored_or_none
from support.generated_file import sha256_of_file
from support.raw_http import Client
from support.sluice_server import SluiceServer

SIZE = 12 * MIB
FIRST = 2 * MIB
DATA = random.Random(20150313).randbytes(SIZE)
SESSIONS_MAX = 3000
NO_LOW_WATER = {"SLUICE_DATA_LOW_WATER": "0"}
# Sizes of the tmpfs and of the image on it. XFS writes its whole log, of 64 MiB, when it is made: a full tmpfs takes
# the blocks of files from it, not the log.
SIZES = {"ext4": (64 * MIB, 256 * MIB), "xfs": (160 * MIB, 512 * MIB)}


@pytest.fixture(params=SIZES)
def kind(request):
    return request.param


@contextlib.contextmanager
def disk_on_tmpfs(kind, tmp_path):
    """(the tmpfs, the file system whose image lies on it)"""
    tmpfs_size, size = SIZES[kind]
    with Tmpfs(tmp_path / "small", tmpfs_size) as small:
        with LoopFileSystem(kind, tmp_path / "disk", size, image_folder=small.path) as disk:
            try:
                yield small, disk
            finally:
                small.ballast.drop()


@pytest.fixture
def blobs_fail(kind, tmp_path):
    """The uploads and the videos lie on the failing disk, the journal does not."""
    data = tmp_path / "data"
    data.mkdir()
    with disk_on_tmpfs(kind, tmp_path) as (small, disk):
        for name in ("uploads", "videos"):
            (disk.path / name).mkdir()
            (data / name).symlink_to(disk.path / name)
        with SluiceServer(data, env=NO_LOW_WATER) as server:
            yield small, disk, server
    shutil.rmtree(data)


@pytest.fixture
def all_fails(kind, tmp_path):
    """The whole data directory lies on the failing disk."""
    with disk_on_tmpfs(kind, tmp_path) as (small, disk):
        server = SluiceServer(disk.path / "data", env=NO_LOW_WATER)
        server.log_path = str(tmp_path / "server.log")
        with server:
            yield small, disk, server


def restart_with_room(small, disk, server):
    """The pages that were never written are gone from memory too."""
    server.kill()
    small.ballast.drop()
    disk.remount()
    server.start()


def finish_and_compare(disk, server, location):
    with Client((server.host, server.port)) as client:
        video = resume(client, location, DATA)
    assert server.terminate() == 0
    disk.remount()
    path = os.path.join(server.data_dir, "videos", video["id"] + video["extname"])
    with open(path, "rb") as file:
        assert file.read() == DATA, f"{path} is not what was sent ({sha256_of_file(path)})"


def test_failed_sync_is_never_acknowledged(blobs_fail):
    small, disk, server = blobs_fail
    with Client((server.host, server.port)) as client:
        location = client.create(SIZE)
        assert client.piece(location, 0, DATA[:FIRST], SIZE).status == 204
        small.ballast.fill()
        refused(client.piece(location, FIRST, DATA[FIRST:], SIZE))
        assert stored_or_none(client, location, SIZE) in (None, FIRST)
        # A repeated sync would report success without having written anything.
        small.ballast.drop()
        refused(client.piece(location, FIRST, DATA[FIRST:], SIZE))
        assert stored_or_none(client, location, SIZE) in (None, FIRST)
        small.ballast.fill()
    restart_with_room(small, disk, server)
    with Client((server.host, server.port)) as client:
        assert client.stored(location, SIZE) == FIRST
    finish_and_compare(disk, server, location)


def test_failed_sync_of_one_upload_leaves_the_others_alone(blobs_fail):
    small, disk, server = blobs_fail
    with Client((server.host, server.port)) as client:
        failing, waiting = client.create(SIZE), client.create(SIZE)
        assert client.piece(failing, 0, DATA[:FIRST], SIZE).status == 204
        assert client.piece(waiting, 0, DATA[:FIRST], SIZE).status == 204
        small.ballast.fill()
        refused(client.piece(failing, FIRST, DATA[FIRST:], SIZE))
        assert client.stored(waiting, SIZE) == FIRST
    restart_with_room(small, disk, server)
    finish_and_compare(disk, server, waiting)


def test_failed_commit_stops_every_acknowledgement_until_the_restart(all_fails):
    small, disk, server = all_fails
    with Client((server.host, server.port)) as client:
        location = client.create(SIZE)
        assert client.piece(location, 0, DATA[:FIRST], SIZE).status == 204
        assert client.get("/readyz").status == 200
        small.ballast.fill()
        promised = [location]
        for _ in range(SESSIONS_MAX):
            response = client.request("POST", f"/videos/upload.json?file_size={SIZE}&file_name=clip.mp4")
            if response.status != 201:
                break
            promised.append(response.json()["location"])
        refused(response)
        ready = client.get("/readyz")
        assert ready.status == 503 and "journal" in ready.body.decode(), ready
        small.ballast.drop()
        refused(client.request("POST", f"/videos/upload.json?file_size={SIZE}&file_name=clip.mp4"))
        refused(client.piece(location, FIRST, DATA[FIRST:], SIZE))
        assert client.get("/readyz").status == 503
        small.ballast.fill()
    restart_with_room(small, disk, server)
    with Client((server.host, server.port)) as client:
        assert client.get("/readyz").status == 200
        assert client.stored(location, SIZE) == FIRST
        for other in promised[1:]:
            assert client.stored(other, SIZE) == 0
    finish_and_compare(disk, server, location)
