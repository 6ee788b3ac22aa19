# SPDX-License-Identifier: MIT
"""`sluice upload` as a process, files to send, and the checks of a successful run."""

import hashlib
import json
import os
import pty
import select
import subprocess

KIB = 1024
PIECE = 64 * KIB
SECONDS_MAX = 120


class Command:
    """The command with a cache of its own."""

    def __init__(self, cache):
        self.cache = cache
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
        self.environment["XDG_CACHE_HOME"] = str(cache)

    def line(self, *args):
        return [os.environ["SLUICE_BINARY"], "upload", *(str(arg) for arg in args)]

    def run(self, *args):
        return subprocess.run(self.line(*args), env=self.environment, capture_output=True,
                              text=True, timeout=SECONDS_MAX)

    def start(self, *args, **streams):
        streams = streams or {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(self.line(*args), env=self.environment, text=True, **streams)

    @property
    def state_files(self):
        return sorted((self.cache / "sluice" / "uploads").glob("*.json"))


def make_file(path, size):
    # Not periodic in any power of two, so that a piece in the wrong place is another piece.
    block = bytes((i * i + i // 251) % 256 for i in range(65537))
    path.write_bytes((block * (size // len(block) + 1))[:size])
    return path


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def upload(command, proxy, source, *args):
    return command.run(source, "--to", proxy.url, "--piece-size", "64KiB", *args)


def assert_uploaded(result, source):
    assert result.returncode == 0, result.stderr
    video = json.loads(result.stdout)
    assert result.stdout.count("\n") == 1
    assert video["sha256"] == sha256(source)
    assert video["original_filename"] == source.name


def terminal_of(command, *args, stdout=subprocess.DEVNULL, answers_too=False, **streams):
    """Exit code, and the words that came to a terminal of 80 columns and 24 rows: all but the answers, or all."""
    leader, follower = pty.openpty()
    process = command.start(*args, stdout=follower if answers_too else stdout, stderr=follower, **streams)
    os.close(follower)
    shown = b""
    while select.select([leader], [], [], SECONDS_MAX)[0]:
        try:
            shown += os.read(leader, 4096)
        except OSError:
            break  # The other end is closed.
    os.close(leader)
    return process.wait(timeout=SECONDS_MAX), shown.decode()
