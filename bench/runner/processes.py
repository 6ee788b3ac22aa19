# SPDX-License-Identifier: MIT
"""Server processes from outside: start, CPU time, memory, end."""

import ctypes
import os
import selectors
import signal
import subprocess
import time

START_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Failed(Exception):
    """A workload could not run."""


def first_line(process, seconds=START_SECONDS):
    """The first line of its standard output."""
    line = b""
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                break
            piece = os.read(process.stdout.fileno(), 4096)
            if not piece:
                break
            line += piece
    return line.decode("utf-8", "replace")


def _children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


def tree(pid):
    """The process and its running descendants."""
    return [pid, *(below for child in _children(pid) for below in tree(child))]


def _cpu_of(pid):
    """CPU time to the nanosecond, ended threads included; that of children that were waited for to the tick."""
    try:
        own = time.clock_gettime((~pid << 3) | 2)
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, OSError):
        return 0.0
    return own + (int(fields[13]) + int(fields[14])) / _TICKS


def cpu_seconds(pid):
    return sum(_cpu_of(each) for each in tree(pid))


def _status_kib(pid, field):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
    except FileNotFoundError:
        pass
    return 0


def peak_rss_kib(pid):
    return sum(_status_kib(each, "VmHWM") for each in tree(pid))


def rss_kib(pid):
    return sum(_status_kib(each, "VmRSS") for each in tree(pid))


class Process:
    """A server, from start() to stop()."""

    def __init__(self, command, log_path, env=None, waits_for_line=True):
        self.command = [str(word) for word in command]
        self.log_path = str(log_path)
        # No setting of Sluice comes from the environment of the benchmark.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
        self._env = {**kept, **(env or {})}
        self._waits_for_line = waits_for_line
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        """Waits for the first line of its output, of a server that prints one."""
        with open(self.log_path, "ab") as log:
            self._process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                             stderr=log, env=self._env, preexec_fn=_die_with_parent)
        if not self._waits_for_line:
            return ""
        line = first_line(self._process)
        if not line:
            self.stop()
            raise Failed(f"{self.command[0]} did not start:\n{self.log()[-2000:]}")
        return line

    def check(self):
        if self._process.poll() is not None:
            raise Failed(f"{self.command[0]} ended with {self._process.returncode}:\n{self.log()[-2000:]}")

    def kill(self):
        self._process.kill()
        self._process.wait()

    def stop(self):
        if self._process is None:
            return
        if self._process.poll() is None:
            below = tree(self._process.pid)[1:]
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
            for pid in below:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self._process.stdout.close()
        self._process = None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()
