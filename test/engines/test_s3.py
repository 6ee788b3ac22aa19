# SPDX-License-Identifier: MIT
"""The client for S3, and the store over it, with the gateway of Ceph: the tests that need an engine."""

import os
import re
import subprocess

import pytest


@pytest.mark.parametrize("program, count", [("SLUICE_S3_TEST", 15), ("SLUICE_OBJECTS_TEST", 3)])
def test_the_tests_of_the_room_pass_with_ceph(ceph, program, count):
    done = subprocess.run(
        [os.environ[program], "--gtest_filter=*/engine"],
        env={**os.environ, "SLUICE_S3_ENDPOINT": ceph.url}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-10000:] + done.stderr
    assert int(re.search(r"\[  PASSED  \] (\d+) tests", done.stdout).group(1)) >= count, done.stdout
