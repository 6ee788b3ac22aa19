# SPDX-License-Identifier: MIT
"""What a run does, step by step, and how long each step may take."""

import time
from dataclasses import dataclass

from runner import workloads

SURVIVAL = ("slow", "takeover", "restart")

# Where durability says the most, and time is left for the rest.
_FINAL_INTERVAL = ("one-request", "pieces-5m", "pieces-100k", "small")
_FINAL_NOT_COMMIT = ("status", "tls-pieces-5m")


@dataclass(frozen=True)
class Step:
    workload: workloads.Workload
    durability: str


def steps(keys, durabilities, final):
    """With `final`, without what says little."""
    found = [Step(workloads.BY_KEY[key], durability) for key in keys if key in workloads.BY_KEY
             for durability in durabilities]
    if not final:
        return found
    return [step for step in found if not (
        (step.durability == "interval" and step.workload.key not in _FINAL_INTERVAL) or
        (step.durability == "commit" and step.workload.key in _FINAL_NOT_COMMIT))]


class Budget:
    """Spreads what is left of the time over the steps that are left; a short one leaves its time to the others."""

    # Most steps need less than an equal share.
    _GENEROSITY = 1.7

    def __init__(self, minutes, count):
        self._end = time.monotonic() + 60 * minutes if minutes else 0
        self._left = count

    def seconds_for_next(self):
        """0: as long as it takes."""
        self._left -= 1
        if not self._end:
            return 0.0
        return max(self._end - time.monotonic(), 1.0) / (self._left + 1) * self._GENEROSITY
