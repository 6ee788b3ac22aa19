# SPDX-License-Identifier: MIT
"""kill -9 at random moments under load: no acknowledged byte is lost, no success is false, nothing is left over. With
every durability: they differ only in the bytes that a power cut may take.

The environment may give SLUICE_CRASH_SEED to repeat a run and SLUICE_CRASH_KILLS for a longer one.
"""

import os
import random

import pytest
from killing import kill_under_load

KILLS = int(os.environ.get("SLUICE_CRASH_KILLS", "50"))
UPLOADERS = 4


@pytest.mark.parametrize(("durability", "kills"), [("commit", KILLS), ("interval", KILLS // 2), ("none", KILLS // 2)])
def test_kill_at_random_moments_under_load(tmp_path, durability, kills):
    seed = int(os.environ.get("SLUICE_CRASH_SEED", random.SystemRandom().randrange(2**32)))
    print(f"SLUICE_CRASH_SEED={seed}")
    tally = kill_under_load(tmp_path, seed, UPLOADERS, lambda so_far: so_far >= kills, durability)
    print(tally)
    assert tally.finished >= UPLOADERS and tally.lost_requests >= kills // 2, "too little load to mean anything"
