# SPDX-License-Identifier: MIT
"""The client for S3 with the gateway of Ceph: the tests of src/s3 that need an engine."""

import os
import re
import subprocess


def test_the_tests_of_the_room_pass_with_ceph(ceph):
    done = subprocess.run(
        [os.environ["SLUICE_S3_TEST"], "--gtest_filter=*/engine"],
        env={**os.environ, "SLUICE_S3_ENDPOINT": ceph.url}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-10000:] + done.stderr
    assert int(re.search(r"\[  PASSED  \] (\d+) tests", done.stdout).group(1)) >= 15, done.stdout
