# SPDX-License-Identifier: MIT
"""The power goes at random moments under load: no acknowledged byte, no answer and no video is lost.

The environment may give SLUICE_POWERCUT_SEED to repeat a run and SLUICE_POWERCUT_CUTS for a longer one. With
SLUICE_POWERCUT_DURABILITY=none the server leaves its syncs out: the same test must fail then.
"""

import os
import random
import signal
import threading
import time

import pytest

from file_systems import MIB, LoopFileSystem
from killing import Answered, check_finished
from support.raw_http import Client
from support.sluice_server import SluiceServer
from support.waiting import wait_until
from workload import Gate, Uploader

CUTS = int(os.environ.get("SLUICE_POWERCUT_CUTS", "12"))
DURABILITY = os.environ.get("SLUICE_POWERCUT_DURABILITY", "commit")
UPLOADERS = 4
IMAGE_SIZE = 8192 * MIB
# The cut comes this much later than the last counted answer at most, so that it hits any moment of a request.
LONGEST_LIFE_SECONDS = 0.3
# The server goes on with a dead disk for this time at most.
LONGEST_AFTERLIFE_SECONDS = 0.05


class Canary:
    """A file that is never synced. A cut that leaves its bytes was none."""

    DATA = b"tweet" * 20_000

    def __init__(self, folder):
        self._folder = folder
        self._path = None
        self.died = 0

    def place(self, number):
        self._path = os.path.join(self._folder, f"canary{number}")
        with open(self._path, "wb") as file:
            file.write(self.DATA)

    def look(self):
        try:
            with open(self._path, "rb") as file:
                self.died += file.read() != self.DATA
        except FileNotFoundError:
            self.died += 1


def stop(server, calls_may_go_on):
    """Returns when every thread of the server has stopped and none can send an answer. With `calls_may_go_on` a thread
    may be in a system call, and stops at its end."""
    server.signal(signal.SIGSTOP)
    tasks = f"/proc/{server.pid}/task"

    def states():
        found = set()
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/stat", encoding="utf-8", errors="replace") as file:
                found.add(file.read().rpartition(") ")[2][0])
        return found

    wait_until(lambda: states() <= ({"T", "D"} if calls_may_go_on else {"T"}), states)


def cut_power(server, disk, gate, afterlife):
    """`afterlife`: seconds in which the server goes on with a dead disk; None: it dies with the disk.

    The file systems say yes to some syncs that are under way while they are shut down, though their bytes are
    lost; after a real cut nobody hears that answer. So the server stands still at that moment, and when it is to
    go on, it has no call under way.
    """
    stop(server, calls_may_go_on=afterlife is None)
    disk.cut_power()
    if afterlife is not None:
        server.signal(signal.SIGCONT)
        time.sleep(afterlife)
        assert server.running, f"the server died with its disk:\n{server.log()[-4000:]}"
    gate.close()
    server.kill()
    disk.remount()
    server.start()
    gate.open((server.host, server.port))


def cut_again_and_again(server, disk, gate, answered, rng, uploaders):
    canary = Canary(disk.path)
    for number in range(CUTS):
        begun = answered.count
        # Some cuts come in the first moments of a life, while the server still recovers.
        if number % 5:
            answered.wait_for(begun + rng.randrange(1, 60), 20)
        time.sleep(rng.random() ** 2 * LONGEST_LIFE_SECONDS)
        failed = [uploader for uploader in uploaders if uploader.failure]
        if failed:
            raise failed[0].failure
        canary.place(number)
        cut_power(server, disk, gate, rng.random() * LONGEST_AFTERLIFE_SECONDS if number % 2 else None)
        canary.look()
    assert canary.died >= CUTS // 2, f"only {canary.died} of {CUTS} cuts lost what nobody had synced"
    return canary.died


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_power_cuts_under_load(tmp_path, kind):
    seed = int(os.environ.get("SLUICE_POWERCUT_SEED", random.SystemRandom().randrange(2**32)))
    print(f"\n{kind}: SLUICE_POWERCUT_SEED={seed}")
    rng = random.Random(seed)
    gate, answered, finish = Gate(), Answered(), threading.Event()
    uploaders = [Uploader(number, seed + number, gate, finish, answered.add) for number in range(UPLOADERS)]
    threads = [threading.Thread(target=uploader.run, daemon=True) for uploader in uploaders]
    settings = {"SLUICE_DATA_DURABILITY": DURABILITY}
    with LoopFileSystem(kind, tmp_path / "disk", IMAGE_SIZE) as disk:
        server = SluiceServer(disk.path / "data", env=settings)
        # On the disk the log would be lost, and keep the disk from being unmounted.
        server.log_path = str(tmp_path / "server.log")
        with server:
            gate.open((server.host, server.port))
            for thread in threads:
                thread.start()
            try:
                died = cut_again_and_again(server, disk, gate, answered, rng, uploaders)
                finish.set()
                for thread in threads:
                    thread.join(120)
            finally:
                finish.set()
                gate.stop()
            for uploader in uploaders:
                if uploader.failure:
                    raise uploader.failure
            assert not any(thread.is_alive() for thread in threads), "an upload does not come to its end"
            uploads = [upload for uploader in uploaders for upload in uploader.uploads]
            finished = sum(1 for upload in uploads if upload.answer is not None)
            lost = sum(uploader.lost_requests for uploader in uploaders)
            print(f"{kind}: {CUTS} cuts, {died} canaries died, {answered.count} requests answered, {lost} lost, "
                  f"{len(uploads)} uploads, {finished} finished")
            assert finished >= UPLOADERS and lost >= CUTS // 2, "too little load to mean anything"

            # No request is under way: every promised byte is on the disk.
            cut_power(server, disk, gate, None)
            with Client((server.host, server.port)) as client:
                check_finished(server, client, uploads)
