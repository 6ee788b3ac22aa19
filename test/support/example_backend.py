# SPDX-License-Identifier: MIT
"""examples/backend as a process behind a server."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

from support.sluice_server import die_with_parent

EXAMPLE = Path(__file__).parents[2] / "examples" / "backend" / "server.mjs"


class ExampleBackend:
    def __init__(self, files, secret_file):
        self.files = Path(files)
        command = [shutil.which("node"), EXAMPLE, "--listen", "0", "--files", files, "--secret-file", secret_file]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        line = self.process.stdout.readline()
        assert line.startswith("backend listening on http://"), line
        self.url = line.split()[-1]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.process.stdout.close()

    def answers(self):
        """What it has answered, by the name of the file: a list, in which each file has to be once."""
        answers = {}
        for path in self.files.glob("*.json"):
            answer = json.loads(path.read_text(encoding="utf-8"))
            answers.setdefault(answer["original_filename"], []).append(answer)
        return answers

    def stored(self, answer):
        return (self.files / f"{answer['id']}.bin").read_bytes()
