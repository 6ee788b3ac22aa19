# SPDX-License-Identifier: MIT
"""The soak run prints its numbers, and does not call a loss a success."""

import os
import re
import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).with_name("soak.py")
SECONDS = 6


def soak(simulate, temporary, *options):
    return subprocess.run(
        [sys.executable, str(SOAK), "--minutes", str(SECONDS / 60), "--seed", "7", *options],
        env={**os.environ, "SLUICE_SIMULATE": str(simulate), "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
    path.chmod(0o700)
    return path


def test_says_what_it_tried(tmp_path):
    done = soak(os.environ["SLUICE_SIMULATE"], tmp_path)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    assert done.stdout.endswith("soak: losses: 0\n")
    programs = re.search(r"^soak: simulation: (\d+) programs: \d+ requests", done.stdout, re.MULTILINE)
    server = re.search(r"^soak: server: 1 rounds, (\d+) kills.*, (\d+) finished", done.stdout, re.MULTILINE)
    crashes = re.search(r"^soak: crashes: (\d+) of the server, (\d+) simulated", done.stdout, re.MULTILINE)
    sizes = re.search(r"^soak: bytes: (\d+) compared on the disk, (\d+) acknowledged", done.stdout, re.MULTILINE)
    for found in (programs, server, crashes, sizes):
        assert all(int(number) > 0 for number in found.groups()), found
    assert os.listdir(tmp_path) == []


def test_a_violation_in_the_simulation_is_a_loss(tmp_path):
    text = "echo 'seed 9: upload 1 is gone'; echo '4 programs: 2 requests, 1 violations'; exit 1"
    done = soak(script(tmp_path / "simulate", text), tmp_path)
    assert done.returncode == 1
    assert "seed 9: upload 1 is gone" in done.stdout
    assert int(re.search(r"^soak: losses: (\d+)$", done.stdout, re.MULTILINE).group(1)) >= 1


def test_the_simulation_is_told_of_a_cluster(tmp_path):
    text = "sleep 1; test \"$5\" = --nodes && echo '4 programs: 2 requests, 0 violations'"
    done = soak(script(tmp_path / "simulate", text), tmp_path, "--cluster")
    assert done.returncode == 0, done.stdout


def test_a_simulation_that_dies_is_a_loss(tmp_path):
    done = soak(script(tmp_path / "simulate", "sleep 1; kill -ABRT $$"), tmp_path)
    assert done.returncode == 1
    assert not done.stdout.endswith("soak: losses: 0\n")
