# SPDX-License-Identifier: MIT
"""A server that is killed again and again under load, and the checks when the load has ended."""

import dataclasses
import hashlib
import os
import random
import shutil
import threading
import time

from support.generated_file import sha256_of_file
from support.raw_http import Client
from support.sluice_server import SluiceServer
from support.waiting import wait_until
from workload import Gate, Uploader

# The kill comes this much later than the last counted answer at most, so that it hits any moment of a request.
LONGEST_LIFE_SECONDS = 0.5
# After the last kill every upload comes to its end within this time.
FINISH_SECONDS = 150
REAP_SOON = '[expiry]\nidle = "200ms"\nabsolute = "200ms"\nsweep = "100ms"\n'


@dataclasses.dataclass
class Tally:
    kills: int = 0
    answered: int = 0
    lost_requests: int = 0
    uploads: int = 0
    finished: int = 0
    bytes_finished: int = 0

    def __add__(self, other):
        return Tally(*(mine + theirs for mine, theirs in zip(dataclasses.astuple(self), dataclasses.astuple(other))))

    def __str__(self):
        return (
            f"{self.kills} kills, {self.answered} requests answered, {self.lost_requests} lost, "
            f"{self.uploads} uploads, {self.finished} finished ({self.bytes_finished} bytes)"
        )


class Answered:
    """Counts answered requests, so that each life of the server has work to lose."""

    def __init__(self):
        self._condition = threading.Condition()
        self._count = 0

    def add(self):
        with self._condition:
            self._count += 1
            self._condition.notify_all()

    @property
    def count(self):
        with self._condition:
            return self._count

    def wait_for(self, count, seconds):
        with self._condition:
            return self._condition.wait_for(lambda: self._count >= count, seconds)


def kill_and_start(server, gate, uploaders):
    """One kill, and the next life. Raises the failure of an uploader."""
    failed = [uploader for uploader in uploaders if uploader.failure]
    if failed:
        raise failed[0].failure
    gate.close()
    server.kill()
    server.start()
    gate.open(server.address)


def _kill_again_and_again(server, gate, answered, rng, uploaders, enough):
    kills = 0
    while not enough(kills):
        begun = answered.count
        # Some kills come in the first moments of a life, while it still recovers.
        if kills % 5:
            answered.wait_for(begun + rng.randrange(1, 60), 20)
        time.sleep(rng.random() ** 2 * LONGEST_LIFE_SECONDS)
        kill_and_start(server, gate, uploaders)
        kills += 1
    return kills


def _all_videos(client):
    videos = []
    page = 1
    while batch := client.get(f"/videos.json?page={page}&per_page=100").json():
        videos += batch
        page += 1
    return videos


def files_under(path):
    return sorted(os.path.join(at, name) for at, _, names in os.walk(path) for name in names)


def check_finished(server, client, uploads):
    """Every finished upload is exactly one video with its bytes, and says so again."""
    by_name = {}
    for video in _all_videos(client):
        by_name.setdefault(video["original_filename"], []).append(video)
    for upload in uploads:
        videos = by_name.pop(upload.name, [])
        if upload.aborted:
            assert not videos, f"{upload.name} was aborted and is a video: {videos}"
            continue
        assert upload.answer is not None, upload.name
        assert len(videos) == 1, f"{upload.name} has {len(videos)} videos"
        again = client.status(upload.location, len(upload.data))
        assert (again.status, again.body) == (200, upload.answer), upload.name
        path = os.path.join(server.data_dir, "videos", videos[0]["id"] + videos[0]["extname"])
        assert sha256_of_file(path) == hashlib.sha256(upload.data).hexdigest(), upload.name
        for number, extra in enumerate(upload.extra_files, 1):
            path = os.path.join(server.data_dir, "videos", f"{videos[0]['id']}-{number}")
            assert sha256_of_file(path) == hashlib.sha256(extra).hexdigest(), upload.name
    assert not by_name, f"videos of no upload: {list(by_name)}"


def _check_nothing_left_over(server, files):
    """Sessions whose creation was never answered expire; then only finished videos are on the disk."""
    uploads_folder = os.path.join(server.data_dir, "uploads")
    wait_until(lambda: not files_under(uploads_folder), lambda: files_under(uploads_folder)[:5])
    videos = files_under(os.path.join(server.data_dir, "videos"))
    assert len(videos) == files, f"{len(videos)} files in the library, {files} were sent"


def _under_load(server, seed, uploaders_count, enough):
    """Waits until all uploads are finished or aborted. Returns the numbers of the run."""
    gate, answered, finish = Gate(), Answered(), threading.Event()
    uploaders = [Uploader(number, seed + number, gate, finish, answered.add) for number in range(uploaders_count)]
    threads = [threading.Thread(target=uploader.run, daemon=True) for uploader in uploaders]
    gate.open((server.host, server.port))
    for thread in threads:
        thread.start()
    try:
        kills = _kill_again_and_again(server, gate, answered, random.Random(seed), uploaders, enough)
    finally:
        finish.set()
        for thread in threads:
            thread.join(FINISH_SECONDS)
    for uploader in uploaders:
        if uploader.failure:
            raise uploader.failure
    assert not any(thread.is_alive() for thread in threads), "an upload does not come to its end"
    uploads = [upload for uploader in uploaders for upload in uploader.uploads]
    finished = [upload for upload in uploads if upload.answer is not None]
    lost = sum(uploader.lost_requests for uploader in uploaders)
    size = sum(len(upload.data) for upload in finished)
    return uploads, Tally(kills, answered.count, lost, len(uploads), len(finished), size)


def kill_under_load(folder, seed, uploaders_count, enough, durability="commit"):
    """Kills the server until enough(kills), then lets every upload come to its end and compares the videos with the
    files that were sent. Raises when a promise was broken; the data then stay in `folder`, else they are removed."""
    with SluiceServer(folder / "data", env={"SLUICE_DATA_DURABILITY": durability}) as server:
        uploads, tally = _under_load(server, seed, uploaders_count, enough)
        server.restart()
        with Client((server.host, server.port)) as client:
            check_finished(server, client, uploads)
    config = folder / "soon.toml"
    config.write_text(REAP_SOON, encoding="utf-8")
    with SluiceServer(folder / "data", args=["--config", config]) as server:
        _check_nothing_left_over(server, sum(1 + len(upload.extra_files) for upload in uploads if upload.answer))
        with Client((server.host, server.port)) as client:
            assert len(_all_videos(client)) == tally.finished
    shutil.rmtree(folder / "data")
    return tally
