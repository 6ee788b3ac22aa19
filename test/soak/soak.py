# SPDX-License-Identifier: MIT
"""soak.py [--minutes M]: repeats the tests of the simulation and of kill -9 with new seeds each time.

Beside each other run the simulation (SLUICE_SIMULATE, a binary) and rounds in which a real server (SLUICE_BINARY) is
killed under load and every video compared with the file that was sent. Prints the numbers of runs and events; after
a loss the exit code is 1, and the seeds that repeat it are printed.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "crash")]

from killing import Tally, kill_under_load  # noqa: E402
from support.sluice_server import die_with_parent  # noqa: E402

ROUND_SECONDS = 60
# It stops after so many.
LOSSES_MAX = 10
UPLOADERS = 6
DURABILITIES = ("commit", "interval", "none")  # In turn: a kill may take nothing from any of them.
# The simulation's last line: "N programs: 5 requests, 2 restarts, ..."
SIMULATED = re.compile(r"^(\d+) programs: (.*), (\d+) violations$", re.MULTILINE)
# Seeds of one round of the simulation and those of the next are so far apart.
SEED_STRIDE = 1 << 32


def say(text):
    print(f"soak: {text}", flush=True)


class Simulation:
    """Programs of the simulation until the deadline, in a thread of its own."""

    def __init__(self, base, deadline, options):
        self._base = base
        self._options = options
        self._deadline = deadline
        self._thread = threading.Thread(target=self._run)
        self.programs = 0
        self.losses = 0
        self._counts = {}

    def start(self):
        self._thread.start()

    def join(self):
        self._thread.join()

    def _run(self):
        seed = self._base
        while (left := self._deadline - time.monotonic()) > 0 and self.losses < LOSSES_MAX:
            try:
                self._round(seed, max(1, round(min(left, ROUND_SECONDS))))
            except (OSError, subprocess.SubprocessError) as error:
                self.losses += 1
                say(f"LOSS: the simulation cannot run: {error}")
                return
            seed += SEED_STRIDE

    def _round(self, seed, seconds):
        command = [os.environ["SLUICE_SIMULATE"], "--seed", str(seed), "--seconds", str(seconds), *self._options]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds + 300, check=False, preexec_fn=die_with_parent
        )
        summary = SIMULATED.search(done.stdout)
        if summary:
            self.programs += int(summary.group(1))
            for count, what in re.findall(r"(\d+) ([a-z -]+)", summary.group(2)):
                self._counts[what] = self._counts.get(what, 0) + int(count)
        if done.returncode != 0 or not summary:
            self.losses += max(1, int(summary.group(3)) if summary else 0)
            say(f"LOSS in the simulation, exit code {done.returncode}:\n{done.stdout}{done.stderr}")
            say(f"to repeat: {command[0]} --seed SEED, or {' '.join(command)}")

    def count(self, what):
        return self._counts.get(what, 0)

    def __str__(self):
        return f"{self.programs} programs: " + ", ".join(f"{count} {what}" for what, count in self._counts.items())


class Kills:
    """Rounds of a real server that is killed under load, in the thread that calls."""

    def __init__(self, rng, deadline):
        self._rng = rng
        self._deadline = deadline
        self.rounds = 0
        self.losses = 0
        self.tally = Tally()

    def run(self):
        while time.monotonic() < self._deadline and self.losses < LOSSES_MAX:
            self._round(self._rng.randrange(2**32), min(self._deadline, time.monotonic() + ROUND_SECONDS))

    def _round(self, seed, end):
        folder = tempfile.mkdtemp(prefix="sluice-soak-")
        keep = False
        durability = DURABILITIES[self.rounds % len(DURABILITIES)]
        self.rounds += 1
        try:
            tally = kill_under_load(
                Path(folder), seed, UPLOADERS, lambda kills: time.monotonic() >= end, durability
            )
            self.tally += tally
            say(f"round {self.rounds}, {durability}, seed {seed}: {tally}")
        except Exception as error:  # Any exception means that the round did not end as it must.
            keep = True
            self.losses += 1
            say(f"LOSS in round {self.rounds}, {durability}, seed {seed}: {type(error).__name__}: {error}")
            say(f"data and log are kept in {folder}")
            say(f"to try again: SLUICE_CRASH_SEED={seed} SLUICE_CRASH_KILLS=200 ctest -R crash.kill")
        finally:
            if not keep:
                shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description="new seeds for the simulation, and a real server killed under load")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**48))
    parser.add_argument("--cluster", action="store_true", help="several nodes in the simulation, instead of one server")
    arguments = parser.parse_args()
    began = time.monotonic()
    deadline = began + arguments.minutes * 60
    say(f"{arguments.minutes:g} minutes from seed {arguments.seed}")
    simulation = Simulation(arguments.seed, deadline, ["--nodes"] if arguments.cluster else [])
    kills = Kills(random.Random(arguments.seed), deadline)
    simulation.start()
    kills.run()
    simulation.join()
    losses = simulation.losses + kills.losses
    say(f"tried for {(time.monotonic() - began) / 60:.1f} minutes from seed {arguments.seed}")
    say(f"simulation: {simulation}")
    say(f"server: {kills.rounds} rounds, {kills.tally}")
    say(f"crashes: {kills.tally.kills} of the server, {simulation.count('restarts')} simulated")
    say(f"bytes: {kills.tally.bytes_finished} compared on the disk, "
        f"{simulation.count('bytes acknowledged')} acknowledged in the simulation")
    say(f"losses: {losses}")
    return 1 if losses else 0


if __name__ == "__main__":
    sys.exit(main())
