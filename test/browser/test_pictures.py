# SPDX-License-Identifier: MIT
"""The pictures of the README: SLUICE_TEST_PICTURES=docs/pictures makes them anew; else they are made and thrown away."""

import os
import random
import threading
from pathlib import Path

import pytest

from support.fault_proxy import Throttle
from support.scripted_backend import ScriptedBackend, answer
from test_console import MIB, ConsoleWorld, ROWS
from test_page import PageWorld

BYTES_MAX = 200_000


@pytest.fixture
def pictures(tmp_path):
    return Path(os.environ.get("SLUICE_TEST_PICTURES", tmp_path)).resolve()


def keep(chromium, path):
    chromium.picture(path, whole=False)
    assert path.stat().st_size < BYTES_MAX


def test_the_page(chromium, tmp_path, pictures):
    world = PageWorld(chromium, tmp_path, "--backend-kind", "files")
    try:
        chromium.size(1000, 900)
        chromium.colors("light")
        for name in ("Minutes of the meeting.pdf", "Holiday at the sea.mp4"):
            world.drop(world.file(3 * MIB + len(name), name))
            world.results(1 if name.endswith("pdf") else 2)
        world.proxy.script(Throttle(8 * MIB, on=lambda request: request.method == "PATCH", times=None))
        world.drop(world.file(64 * MIB, "The whole wedding.mov"))
        chromium.wait("/[4-9][0-9]%/.test(document.querySelector('.uppy-StatusBar-statusPrimary')?.textContent)"
                      " && !document.querySelector('#rate').hidden")
        keep(chromium, pictures / "page.png")
    finally:
        world.close()


class Sender:
    """Sends a file's bytes at a pace of its own, until it is closed."""

    def __init__(self, world, name, size, arrived, pace):
        self._connection = world.begin_upload(name, size, arrived)
        self._pace = pace
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self):
        block = random.Random(self._pace).randbytes(self._pace // 10)
        while not self._is_over.wait(0.1):
            self._connection.send(block)

    def close(self):
        self._is_over.set()
        self._thread.join()
        self._connection.close()


def test_the_console(chromium, tmp_path, pictures):
    program = tmp_path / "programs" / "look"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\ncase $SLUICE_FILE_NAME in *.exe) echo "a program, not a film"; exit 2;; esac\n', encoding="utf-8")
    program.chmod(0o755)
    toml = f'[checks]\nprogram = "{program}"\n[delivery]\nretry_first = "1h"\nretry_max = "1h"\nwait = "50ms"\n'
    senders = []
    with ScriptedBackend(answer(503, b"come back later")) as backend:
        world = ConsoleWorld(chromium, tmp_path, "--backend", backend.url(), toml=toml)
        try:
            for name in ("Interview, second take.mp4", "Codec pack.exe"):
                assert world.client.whole(world.client.create(3, name), b"abc").status == 503
            world.client.create(700 * MIB, "Drone over the harbour.mov")
            for name, size, arrived, pace in (("Holiday at the sea.mp4", 128, 41, 3 * MIB), ("The whole wedding.mov", 96, 17, MIB),
                                              ("Lecture 12.mkv", 40, 31, MIB // 4)):
                senders.append(Sender(world, name, size * MIB, arrived * MIB, pace))
            world.open()
            chromium.size(1280, 1000)
            chromium.colors("light")
            world.rows("rows.length === 6 && rows.some((row) => row.includes('set aside'))")
            # A line in the small plots: a point a second.
            chromium.wait(f"{ROWS}.some((row) => row.querySelector('path')?.getAttribute('d').split('L').length > 8)")
            keep(chromium, pictures / "console.png")
        finally:
            for sender in senders:
                sender.close()
            world.close()
