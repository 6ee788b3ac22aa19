# SPDX-License-Identifier: MIT
"""The steps of a run, and the time that each may take."""

import time
from dataclasses import dataclass

from runner import workloads

SURVIVAL = ("slow", "takeover", "restart", "console")

# The workloads in which durability makes the largest difference.
_FINAL_INTERVAL = ("one-request", "pieces-5m", "pieces-100k", "small")
_FINAL_NOT_COMMIT = ("status", "tls-pieces-5m")


@dataclass(frozen=True)
class Step:
    workload: workloads.Workload
    durability: str


def steps(keys, durabilities, final):
    """With `final`, without the workloads that tell little."""
    found = [Step(workloads.BY_KEY[key], durability) for key in keys if key in workloads.BY_KEY
             for durability in durabilities]
    if not final:
        return found
    return [step for step in found if not (
        (step.durability == "interval" and step.workload.key not in _FINAL_INTERVAL) or
        (step.durability == "commit" and step.workload.key in _FINAL_NOT_COMMIT))]


class Budget:
    """Spreads the remaining time over the remaining steps; a short step leaves its time to the others."""

    # Most steps need less than an equal share.
    _GENEROSITY = 1.7

    def __init__(self, minutes, count):
        self._end = time.monotonic() + 60 * minutes if minutes else 0
        self._left = count

    def seconds_for_next(self):
        """Seconds; 0: without a limit."""
        self._left -= 1
        if not self._end:
            return 0.0
        return max(self._end - time.monotonic(), 1.0) / (self._left + 1) * self._GENEROSITY
