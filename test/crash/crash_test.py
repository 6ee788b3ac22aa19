# SPDX-License-Identifier: MIT
"""kill -9 at random moments under load: no acknowledged byte is lost, no success is false, nothing is left over.

The environment may give SLUICE_CRASH_SEED to repeat a run and SLUICE_CRASH_KILLS for a longer one.
"""

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

KILLS = int(os.environ.get("SLUICE_CRASH_KILLS", "50"))
UPLOADERS = 4
# Wherever in a request the answered requests have led, the kill comes this much later at most.
LONGEST_LIFE_SECONDS = 0.5
REAP_SOON = '[expiry]\nidle = "200ms"\nabsolute = "200ms"\nsweep = "100ms"\n'


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


def kill_again_and_again(server, gate, answered, rng, uploaders):
    for number in range(KILLS):
        begun = answered.count
        # Some kills come in the first moments of a life, while it still recovers.
        if number % 5:
            answered.wait_for(begun + rng.randrange(1, 60), 20)
        time.sleep(rng.random() ** 2 * LONGEST_LIFE_SECONDS)
        failed = [uploader for uploader in uploaders if uploader.failure]
        if failed:
            raise failed[0].failure
        gate.close()
        server.kill()
        server.start()
        gate.open((server.host, server.port))


def all_videos(client):
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
    for video in all_videos(client):
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
    assert not by_name, f"videos of no upload: {list(by_name)}"


def check_nothing_left_over(server, uploads):
    """Sessions whose creation was never answered expire; then only finished videos are on the disk."""
    uploads_folder = os.path.join(server.data_dir, "uploads")
    wait_until(lambda: not files_under(uploads_folder), lambda: files_under(uploads_folder)[:5])
    finished = sum(1 for upload in uploads if upload.answer is not None)
    videos = files_under(os.path.join(server.data_dir, "videos"))
    assert len(videos) == finished, f"{len(videos)} files for {finished} videos"


def test_kill_at_random_moments_under_load(tmp_path):
    seed = int(os.environ.get("SLUICE_CRASH_SEED", random.SystemRandom().randrange(2**32)))
    print(f"SLUICE_CRASH_SEED={seed}")
    gate, answered, finish = Gate(), Answered(), threading.Event()
    uploaders = [Uploader(number, seed + number, gate, finish, answered.add) for number in range(UPLOADERS)]
    threads = [threading.Thread(target=uploader.run, daemon=True) for uploader in uploaders]
    with SluiceServer(tmp_path / "data") as server:
        gate.open((server.host, server.port))
        for thread in threads:
            thread.start()
        try:
            kill_again_and_again(server, gate, answered, random.Random(seed), uploaders)
        finally:
            finish.set()
            for thread in threads:
                thread.join(150)
        for uploader in uploaders:
            if uploader.failure:
                raise uploader.failure
        assert not any(thread.is_alive() for thread in threads), "an upload does not come to its end"
        uploads = [upload for uploader in uploaders for upload in uploader.uploads]
        finished = sum(1 for upload in uploads if upload.answer is not None)
        lost = sum(uploader.lost_requests for uploader in uploaders)
        print(f"{KILLS} kills, {answered.count} requests answered, {lost} lost, {len(uploads)} uploads, {finished} finished")
        assert finished >= UPLOADERS and lost >= KILLS // 2, "too little load to mean anything"

        server.restart()
        with Client((server.host, server.port)) as client:
            check_finished(server, client, uploads)
        server.kill()

    config = tmp_path / "soon.toml"
    config.write_text(REAP_SOON, encoding="utf-8")
    with SluiceServer(tmp_path / "data", args=["--config", config]) as server:
        check_nothing_left_over(server, uploads)
        with Client((server.host, server.port)) as client:
            assert len(all_videos(client)) == finished
    shutil.rmtree(tmp_path / "data")
