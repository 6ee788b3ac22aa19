# SPDX-License-Identifier: MIT
"""Waiting for something that another process does, with a deadline."""

import time

DEADLINE_SECONDS = 60.0
_PAUSE_SECONDS = 0.02


def wait_until(condition, what, seconds=DEADLINE_SECONDS):
    """Returns the first true value of condition(); fails with what() or what when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(_PAUSE_SECONDS)
