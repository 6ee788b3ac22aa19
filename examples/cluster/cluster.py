# SPDX-License-Identifier: MIT
"""Three nodes of Sluice on one machine, uploads through them, and what happens to both while nodes die.

Run it with examples/cluster/run. PostgreSQL and Ceph are the ones that the tests start, from test/support; all files are
in a directory of its own under /tmp, and everything ends with this process.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "test")]

from support.ceph import ACCESS_KEY, BUCKET, SECRET_KEY, Ceph  # noqa: E402  (the path above comes first)
from support.postgres import Postgres  # noqa: E402
from support.sluice_server import ServerFailed, SluiceServer, die_with_parent  # noqa: E402
from support.waiting import wait_until  # noqa: E402
from witness import MIB, Clients, Failed  # noqa: E402

NAMES = ("a", "b", "c")
FROZEN_SECONDS = 40  # Longer than the 30 s for which a node holds a hand-off.
# A hand-off of a node that died is another's after these 30 s.
LAST_ANSWERS_SECONDS = 120

SETTINGS = """
[server]
trusted_proxies = "127.0.0.1"

[journal]
url = "{journal}"

[store]
url = "s3://{bucket}/uploads"

[s3]
endpoint = "{objects}"

[backend]
url = "{application}/uploads"
secret_file = "{secret_file}"

[expiry]
sweep = "1s"

[log]
level = "info"
"""


class Port:
    """A port that the kernel chose. It is kept for one server, so that this one finds it again after its death."""

    def __init__(self):
        self._socket = socket.socket()
        # A server that listens with the same option may have the port too, but nobody gets it by chance.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.address = self._socket.getsockname()

    def __str__(self):
        return "{}:{}".format(*self.address)


class Program:
    """A program that ends with this one; it says in its output when it is ready."""

    def __init__(self, command, log_path, environment=None):
        self.log_path = log_path
        with open(log_path, "wb") as log:
            self._process = subprocess.Popen(command, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL,
                                             stdout=log, stderr=log, preexec_fn=die_with_parent)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._process.kill()
        self._process.wait()

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def wait_until(self, is_ready, what):
        wait_until(lambda: self._process.poll() is not None or is_ready(), what)
        if self._process.poll() is not None:
            raise Failed(f"{what}: the program has ended: {self.log()[-2000:]}")


class Application(Program):
    """examples/backend: it keeps each finished file once, and its answer beside it."""

    def __init__(self, directory, secret_file):
        self.files = directory / "application"
        super().__init__(["node", HERE.parent / "backend" / "server.mjs", "--listen", "0", "--files", self.files,
                          "--secret-file", secret_file, "--verbose"], directory / "application.log")
        self.wait_until(lambda: "listening on http" in self.log(), "the application listens")
        self.url = self.log().split("listening on ")[1].split()[0]

    def look_at(self, name, sha256, answer):
        """Compares the file that it has kept for this answer, and makes room for others."""
        path = self.files / f"{answer['id']}.bin"
        with open(path, "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise Failed(f"the application has other bytes of {name}")
        path.unlink()

    def handoffs(self):
        """How many attempts have reached it."""
        return self.log().count("hand-off of ")

    def effects(self):
        """How often it has taken each file, by the file's name."""
        return Counter(json.loads(path.read_text())["original_filename"] for path in self.files.glob("*.json"))


class Haproxy(Program):
    def __init__(self, directory, nodes):
        port = Port()
        self.address = port.address
        nodes = {f"NODE_{node.name.upper()}": str(node.place) for node in nodes}
        super().__init__(["haproxy", "-db", "-f", HERE / "haproxy.cfg"], directory / "haproxy.log",
                         {"UPLOADS": str(port), **nodes})
        self.wait_until(self._listens, "haproxy listens")

    def _listens(self):
        with contextlib.suppress(OSError):
            socket.create_connection(self.address, timeout=5).close()
            return True
        return False


class Node(SluiceServer):
    """A process of Sluice with a directory of its own for scratch files; what counts is in PostgreSQL and Ceph."""

    def __init__(self, name, directory, config):
        self.name = name
        self.place = Port()
        keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
        super().__init__(directory / f"node-{name}", ["--config", config], keys, listen=str(self.place))

    def __exit__(self, *fault):
        if any(fault):
            self.signal(signal.SIGKILL)  # It may have ended: Ctrl-C reaches every program.
        self.kill()


class Trouble:
    """Kills and freezes nodes in turn. One node at least is always well."""

    def __init__(self, nodes, tell):
        self.kills = 0
        self.freezes = 0
        self._nodes = nodes
        self._tell = tell

    def go_on(self, seconds):
        end = time.monotonic() + seconds
        # One sleeps for so long that its hand-offs are taken over; the others have trouble meanwhile.
        long_sleep = min(FROZEN_SECONDS, seconds * 0.7)
        *others, sleeper = self._nodes
        wakes_at = time.monotonic() + long_sleep
        self._freeze(sleeper, long_sleep)
        turn = 0
        time.sleep(2)
        while (now := time.monotonic()) < end:
            if sleeper and now > wakes_at:
                self._wake(sleeper)
                others, sleeper = self._nodes, None
            node = others[turn // 2 % len(others)]
            if turn % 2 == 0:
                self._kill(node)
            else:
                self._freeze(node, 4)
                time.sleep(4)
                self._wake(node)
            time.sleep(random.uniform(1, 3))
            turn += 1
        if sleeper:
            self._wake(sleeper)

    def _kill(self, node):
        node.kill()
        self.kills += 1
        self._tell(f"node {node.name}: killed (SIGKILL)")
        time.sleep(random.uniform(0.5, 2))
        began = time.monotonic()
        node.start()
        self._tell(f"node {node.name}: started again, ready after {time.monotonic() - began:.1f} s")

    def _freeze(self, node, seconds):
        os.kill(node.pid, signal.SIGSTOP)
        self.freezes += 1
        self._tell(f"node {node.name}: frozen for {seconds:.0f} s (SIGSTOP)")

    def _wake(self, node):
        os.kill(node.pid, signal.SIGCONT)
        self._tell(f"node {node.name}: goes on (SIGCONT)")


def say(text):
    print(text, flush=True)


def in_megabytes(count):
    return f"{count / 1e6:,.1f} MB"


class Cluster:
    """All programs; they are started in the order in which they need each other, and end with the `with`."""

    def __init__(self, directory):
        self._directory = directory
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with self._stack:
            self._start()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *unused):
        self._stack.close()

    def _start(self):
        enter = self._stack.enter_context
        say("== Starting")
        postgres = enter(Postgres())
        say("   PostgreSQL, which knows what there is of each upload")
        self.ceph = enter(Ceph(self._directory / "ceph"))
        self.ceph.create_bucket(BUCKET)
        say(f"   Ceph, in memory, which has the bytes: {self.ceph.url}/{BUCKET}")
        secret_file = self._directory / "secret"
        secret_file.write_text(os.urandom(24).hex() + "\n")
        secret_file.chmod(0o600)
        self.application = enter(Application(self._directory, secret_file))
        say(f"   the application, which gets the files: {self.application.url}")
        config = self._directory / "sluice.toml"
        config.write_text(SETTINGS.format(journal=postgres.connection, bucket=BUCKET, objects=self.ceph.url,
                                          application=self.application.url, secret_file=secret_file))
        self.nodes = [Node(name, self._directory, config) for name in NAMES]
        for node in self.nodes:
            enter(node)
            say(f"   node {node.name}: {node.url}")
        self.haproxy = enter(Haproxy(self._directory, self.nodes))
        say("   haproxy in front of them: http://{}:{}".format(*self.haproxy.address))

    def objects_left(self):
        status, body = self.ceph.request("GET", f"/{BUCKET}", [("list-type", "2"), ("prefix", "uploads/e/")])
        if status != 200:
            raise Failed(f"the bucket cannot be listed: {body}")
        return body.count(b"<Key>")


def run(options, directory):
    """Whether every promise was kept."""
    with Cluster(directory) as cluster:
        say(f"\n== {options.clients} clients upload for {options.seconds} s, and the nodes have no peace")
        clients = Clients(cluster.haproxy.address, options.clients, options.largest * MIB, cluster.application.look_at)
        tally = clients.tally
        began = time.monotonic()

        def tell(text):
            say(f"{time.monotonic() - began:6.1f} s  {text:<42}{tally.finished:5} files{tally.acknowledged / 1e6:8,.0f} MB")

        trouble = Trouble(cluster.nodes, tell)
        trouble.go_on(options.seconds)
        tell("peace; the last uploads come to their end")
        clients.finish(LAST_ANSWERS_SECONDS)
        tell("every upload has ended")
        wait_until(lambda: not cluster.objects_left(), "the objects of finished uploads are gone")
        return tell_results(tally, trouble, cluster)


def tell_results(tally, trouble, cluster):
    effects = cluster.application.effects()
    twice = [name for name, count in effects.items() if count > 1]
    if twice:
        tally.note(f"the application has these files more than once: {twice}")
    if len(effects) != tally.finished:
        tally.note(f"the application has {len(effects)} files of {tally.finished}")
    rows = [
        ("nodes killed", trouble.kills, ""),
        ("nodes frozen", trouble.freezes, ""),
        ("uploads", tally.started, f"{tally.wandered} of them over more than one node"),
        ("bytes acknowledged", in_megabytes(tally.acknowledged), f"in {tally.requests:,} requests"),
        ("interrupted", tally.retries, "requests; the client then asks again"),
        ("hand-offs", cluster.application.handoffs(), "attempts at the application"),
        ("effects", sum(effects.values()), "files it has taken, each once" if not twice else "files it has taken"),
        ("objects left", cluster.objects_left(), "in the bucket"),
        ("lost", tally.lost, "acknowledged bytes"),
    ]
    say("")
    for name, value, words in rows:
        say(f"   {name:<20}{value:>12}   {words}".rstrip())
    for problem in tally.problems[:20]:
        say(f"   WRONG: {problem}")
    say("\n== Something was lost" if tally.problems else "\n== Nothing was lost")
    return not tally.problems


def parse_options():
    parser = argparse.ArgumentParser(prog="examples/cluster/run",
                                     description="Three nodes on PostgreSQL and Ceph that are killed while clients upload.")
    parser.add_argument("--seconds", type=int, default=60, help="how long there is trouble (60)")
    parser.add_argument("--clients", type=int, default=6, help="uploads at once (6)")
    parser.add_argument("--largest", type=int, default=16, metavar="MIB", help="size of the largest file (16)")
    return parser.parse_args()


def main():
    # What this process has started goes with it, however it ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = parse_options()
    directory = Path(tempfile.mkdtemp(prefix="sluice-cluster-"))
    try:
        return 0 if run(options, directory) else 1
    except KeyboardInterrupt:
        say("\n== Stopped")
        return 130
    except (AssertionError, Failed, ServerFailed) as error:
        say(f"\n== It went wrong: {error}")
        return 1
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
