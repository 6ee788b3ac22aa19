# SPDX-License-Identifier: MIT
"""The settings of a run, which every part of the runner needs."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field

from runner.processes import Failed, _die_with_parent

LOAD_SECONDS = 600


@dataclass
class Context:
    root: str   # Of the repository.
    build: str  # Of the programs.
    directory: str = ""  # The servers' data; its file system is measured.
    file_system: str = ""
    rounds: int = 7
    warm_up: int = 3
    scale: float = 1.0  # Of the workloads' sizes and counts.
    before: str = ""  # Another build of Sluice to compare with; empty: none.
    sluice_settings: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)

    @property
    def sluice(self):
        return os.path.join(self.build, "sluice")

    @property
    def floor(self):
        return os.path.join(self.build, "bench", "sluice-bench-floor")

    @property
    def load(self):
        return os.path.join(self.build, "bench", "sluice-bench-load")

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def note(self, text):
        self.notes.append(text)
        self.say("bench: " + text)

    def run_load(self, *arguments):
        """The figures of one run."""
        command = [self.load, *map(str, arguments)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LOAD_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"{' '.join(command)} did not end") from error
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}: {done.stderr.strip()}")
        return json.loads(done.stdout.splitlines()[-1])

    def start_load(self, *arguments):
        """A load that runs beside another."""
        return subprocess.Popen([self.load, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                preexec_fn=_die_with_parent)
