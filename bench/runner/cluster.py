# SPDX-License-Identifier: MIT
"""Nodes on PostgreSQL and Ceph, against the object store alone: one client sends the same bytes to each in turn.

The engines are those of the tests (test/support): PostgreSQL that syncs, and Ceph with its objects in memory, so that
no disk decides. The floor are plain PUTs, signed, whose hashes are known before and compared by the store, as those of
a node are.
"""

import hashlib
import http.client
import importlib
import itertools
import json
import multiprocessing
import os
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from runner import processes, tables
from runner.processes import Failed

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
TIMEOUT = 120
# What is removed gives its room back at once, not after two hours.
GARBAGE = "rgw gc obj min wait = 1\nrgw gc processor period = 1\nrgw gc processor max time = 1"

SETTINGS = """
[journal]
url = "{journal}"
[store]
url = "s3://{bucket}/bench"
[s3]
endpoint = "{endpoint}"
[backend]
url = "http://127.0.0.1:{port}/"
[expiry]
sweep = "1s"
[log]
level = "warn"
"""


@dataclass(frozen=True)
class Workload:
    key: str
    title: str
    size: int  # Of a request.
    count: int  # Of requests.
    at_once: int = 1
    is_whole: bool = False  # Each request is an upload of its own, up to the application's answer.

    def scaled(self, scale):
        if scale == 1:
            return self
        if self.count == 1:
            return Workload(self.key, self.title, int(self.size * scale), 1)
        return Workload(self.key, self.title, self.size, max(int(self.count * scale), self.at_once, 2), self.at_once,
                        self.is_whole)


WORKLOADS = (
    Workload("pieces-100k", "One upload in 200 pieces of 100 KiB", 100 * KIB, 200),
    Workload("pieces-5m", "One upload in 40 pieces of 5 MiB", 5 * MIB, 40),
    Workload("one-request", "One upload of 1 GiB in one request", GIB, 1),
    Workload("small", "400 uploads of 64 KiB, 16 at a time, from session to answer", 64 * KIB, 400, 16, True),
)


def support(context, name):
    """A module of test/support: the tests start the engines too."""
    folder = os.path.join(context.root, "test")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(f"support.{name}")


def missing_programs(context):
    return [*support(context, "ceph").missing_programs(), *support(context, "postgres").missing_programs()]


class Wire:
    """One connection that stays; the answer of each request is read to its end."""

    def __init__(self, address):
        self._connection = http.client.HTTPConnection(*address, timeout=TIMEOUT)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._connection.close()

    def send(self, method, path, fields, body, repeats=1):
        """`body` so many times behind the head."""
        connection = self._connection
        connection.putrequest(method, path, skip_accept_encoding=True, skip_host="host" in fields)
        for name, value in fields.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body) * repeats))
        connection.endheaders()
        for _ in range(repeats):
            connection.send(body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def expect(status, *wanted):
    if status[0] not in wanted:
        raise Failed(f"expected {wanted}, got {status[0]}: {status[2][:300]}")
    return status


def beside_each_other(count, do):
    """do(number) on `count` threads."""
    faults = []

    def run(number):
        try:
            do(number)
        except (Failed, OSError, http.client.HTTPException) as error:
            faults.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise Failed(f"{len(faults)} requests failed: {faults[0]}")


class Noise:
    """Bodies, and their hashes."""

    def __init__(self):
        self._block = os.urandom(5 * MIB)

    def body(self, size):
        """A block, and how often it is sent."""
        if size <= len(self._block):
            return self._block[:size], 1
        repeats, rest = divmod(size, MIB)
        if rest:
            raise Failed(f"{size} bytes are no multiple of a MiB")
        return self._block[:MIB], repeats

    def digest(self, size):
        block, repeats = self.body(size)
        digest = hashlib.sha256()
        for _ in range(repeats):
            digest.update(block)
        return digest.hexdigest()


@dataclass
class Figures:
    seconds: float = 0.0
    client_seconds: float = 0.0  # Of CPU.
    server_seconds: float = 0.0  # Of CPU, of the nodes.
    latencies: list = field(default_factory=list)


class Contestant:
    name = ""

    def run(self, workload, noise):
        """Figures of one round."""
        figures = Figures()
        self.prepare(workload, noise)
        begun_cpu, begun_client, began = self.cpu_seconds(), time.process_time(), time.monotonic()
        self.send_all(workload, noise, figures.latencies)
        figures.seconds = time.monotonic() - began
        figures.server_seconds = self.cpu_seconds() - begun_cpu
        figures.client_seconds = time.process_time() - begun_client
        self.clean()
        return figures

    def cpu_seconds(self):
        return 0.0


class Floor(Contestant):
    """PUTs into a bucket of their own."""

    name = "PUT"

    def __init__(self, context, ceph, is_hashed):
        self.name = "PUT, hash compared" if is_hashed else "PUT, no hash"
        self._sign = support(context, "s3_signature").signed_headers
        module = support(context, "ceph")
        self._keys = (module.ACCESS_KEY, module.SECRET_KEY)
        self._ceph = ceph
        self._is_hashed = is_hashed
        self._requests = []

    def prepare(self, workload, noise):
        digest = noise.digest(workload.size) if self._is_hashed else "UNSIGNED-PAYLOAD"
        host = "{}:{}".format(*self._ceph.address)
        self._requests = [(path, self._sign("PUT", host, path, (), b"", *self._keys, "us-east-1", digest=digest))
                          for path in (f"/floor/{number}" for number in range(workload.count))]

    def send_all(self, workload, noise, latencies):
        body, repeats = noise.body(workload.size)
        share = -(-workload.count // workload.at_once)

        def run(number):
            with Wire(self._ceph.address) as wire:
                for path, fields in self._requests[number * share : (number + 1) * share]:
                    began = time.monotonic()
                    expect(wire.send("PUT", path, fields, body, repeats), 200)
                    latencies.append(time.monotonic() - began)

        beside_each_other(workload.at_once, run)

    def clean(self):
        for path, _ in self._requests:
            self._ceph.request("DELETE", path)


class Nodes(Contestant):
    """Each piece, and each small upload, goes to the next node."""

    def __init__(self, name, servers, bucket_is_empty):
        self.name = name
        self.servers = servers
        self._bucket_is_empty = bucket_is_empty
        self._location = None

    def cpu_seconds(self):
        return sum(processes.cpu_seconds(server.pid) for server in self.servers)

    def create(self, wire, size):
        status = wire.send("POST", "/videos/upload.json", {"Content-Type": "application/x-www-form-urlencoded"},
                           f"file_size={size}&file_name=bench.bin".encode())
        return urlsplit(json.loads(expect(status, 201)[2])["location"]).path

    def prepare(self, workload, noise):
        if not workload.is_whole:
            with Wire(self.servers[0].address) as wire:
                # The last byte never comes: the hand-off is no part of what is measured.
                self._location = self.create(wire, workload.size * workload.count + 1)

    def send_all(self, workload, noise, latencies):
        if workload.is_whole:
            beside_each_other(workload.at_once, lambda number: self._send_files(workload, noise, number, latencies))
            return
        body, repeats = noise.body(workload.size)
        total = workload.size * workload.count + 1
        with ExitStack() as stack:
            wires = itertools.cycle([stack.enter_context(Wire(server.address)) for server in self.servers])
            for begin in range(0, total - 1, workload.size):
                fields = {"Content-Type": "application/octet-stream",
                          "Content-Range": f"bytes {begin}-{begin + workload.size - 1}/{total}"}
                began = time.monotonic()
                expect(next(wires).send("PUT", self._location, fields, body, repeats), 204)
                latencies.append(time.monotonic() - began)

    def _send_files(self, workload, noise, number, latencies):
        body, _ = noise.body(workload.size)
        server = self.servers[number % len(self.servers)]
        with Wire(server.address) as wire:
            for _ in range(workload.count // workload.at_once):
                began = time.monotonic()
                path = self.create(wire, workload.size)
                expect(wire.send("PUT", path, {"Content-Type": "application/octet-stream"}, body), 200)
                latencies.append(time.monotonic() - began)

    def clean(self):
        if self._location:
            with Wire(self.servers[0].address) as wire:
                expect(wire.send("DELETE", self._location, {}, b""), 200, 204)
            self._location = None
        self._bucket_is_empty()

    def take_over(self, noise):
        """A client falls silent on the first node in the middle of a piece; another connection asks the second node what
        there is, and goes on there. Seconds of the question and of the piece, and what the question did not tell."""
        first, second = self.servers[0].address, self.servers[1].address
        block, _ = noise.body(MIB)
        with Wire(first) as wire:
            location = self.create(wire, 8 * MIB)
        with socket.create_connection(first, timeout=TIMEOUT) as stalled, Wire(second) as wire:
            stalled.sendall(f"PUT {location} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/octet-stream\r\n"
                            f"Content-Range: bytes 0-{4 * MIB - 1}/{8 * MIB}\r\nContent-Length: {4 * MIB}\r\n\r\n".encode())
            stalled.sendall(block)
            began = time.monotonic()
            status = expect(wire.send("PUT", location, {"Content-Type": "application/octet-stream",
                                                        "Content-Range": f"bytes */{8 * MIB}"}, b""), 200, 204)
            asked = time.monotonic() - began
            told = int((status[1]["Range"] or "0--1").split("-", 1)[1]) + 1
            piece = block[: 64 * KIB]
            fields = {"Content-Type": "application/octet-stream",
                      "Content-Range": f"bytes {told}-{told + len(piece) - 1}/{8 * MIB}"}
            began = time.monotonic()
            expect(wire.send("PUT", location, fields, piece), 204)
            accepted = time.monotonic() - began
        with Wire(second) as wire:
            expect(wire.send("DELETE", location, {}, b""), 200, 204)
        return {"asked": asked, "accepted": accepted, "untold": MIB - told}


def _application(listener):
    processes._die_with_parent()
    from runner.handoff import swallow

    swallow(listener)


class World:
    """Engines, nodes and the application; all end with the `with`."""

    def __init__(self, context):
        self._context = context
        self._module = support(context, "ceph")
        self._stack = ExitStack()

    def __enter__(self):
        with self._stack:
            self._start()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *unused):
        self._stack.close()

    def _start(self):
        enter = self._stack.enter_context
        folder = Path(tempfile.mkdtemp(dir=self._context.directory))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        listener = enter(socket.create_server(("127.0.0.1", 0)))
        application = multiprocessing.get_context("fork").Process(target=_application, args=(listener,))
        application.start()
        self._stack.callback(application.kill)
        postgres = enter(support(self._context, "postgres").Postgres())
        self.ceph = enter(self._module.Ceph(folder / "ceph", GARBAGE))
        for bucket in (self._module.BUCKET, "floor"):
            self.ceph.create_bucket(bucket)
        config = folder / "sluice.toml"
        config.write_text(SETTINGS.format(journal=postgres.connection, bucket=self._module.BUCKET,
                                          endpoint=self.ceph.url, port=listener.getsockname()[1]))
        keys = {"AWS_ACCESS_KEY_ID": self._module.ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": self._module.SECRET_KEY}
        server = support(self._context, "sluice_server").SluiceServer
        self.servers = [enter(server(folder / f"node-{number}", ["--config", config], keys, self._context.sluice))
                        for number in range(3)]

    def wait_for_empty_bucket(self):
        def is_empty():
            status, body = self.ceph.request("GET", f"/{self._module.BUCKET}",
                                             [("list-type", "2"), ("prefix", "bench/e/")])
            return status == 200 and b"<Key>" not in body

        support(self._context, "waiting").wait_until(is_empty, "the objects are gone")


def measure(context, takeovers):
    """Figures of all workloads, and of so many take-overs."""
    if missing := missing_programs(context):
        raise Failed(f"not installed: {', '.join(missing)}")
    noise = Noise()
    try:
        with World(context) as world:
            line = [Floor(context, world.ceph, True), Floor(context, world.ceph, False),
                    Nodes("one node", world.servers[:1], world.wait_for_empty_bucket),
                    Nodes("three nodes", world.servers, world.wait_for_empty_bucket)]
            return {"workloads": [_measure_workload(context, workload, line, noise) for workload in WORKLOADS],
                    "takeover": [line[-1].take_over(noise) for _ in range(takeovers)]}
    except (AssertionError, support(context, "sluice_server").ServerFailed) as error:
        raise Failed(str(error)) from error


def _measure_workload(context, workload, line, noise):
    workload = workload.scaled(context.scale)
    if workload.count == 1:
        line = line[:-1]  # One request goes to one node.
    rounds = {each.name: [] for each in line}
    for number in range(context.warm_up + context.rounds):
        for each in line[:: -1 if number % 2 else 1]:
            figures = each.run(workload, noise)
            if number >= context.warm_up:
                rounds[each.name].append(figures)
        context.say(f"bench: {workload.key}: round {number + 1} of {context.warm_up + context.rounds}")
    units = workload.size * workload.count / GIB
    floor = rounds[line[0].name]
    return {"key": workload.key, "title": workload.title, "bytes": workload.size * workload.count, "entries": [{
        "name": each.name,
        "mib_per_second": statistics.median(units * KIB / f.seconds for f in rounds[each.name]),
        "of_floor": statistics.median(a.seconds / b.seconds for a, b in zip(floor, rounds[each.name])),
        "p50_ms": statistics.median(1e3 * s for f in rounds[each.name] for s in f.latencies),
        "cpu_s_per_gib": statistics.median(f.server_seconds / units for f in rounds[each.name]),
        "client_cores": statistics.median(f.client_seconds / f.seconds for f in rounds[each.name]),
    } for each in line]}


def cluster_tables(found):
    texts = []
    for item in found["workloads"]:
        rows = [[e["name"], f"{e['mib_per_second']:.1f}", f"{e['of_floor']:.2f}", f"{e['p50_ms']:.1f}",
                 f"{e['cpu_s_per_gib']:.2f}" if "node" in e["name"] else "–", f"{e['client_cores']:.2f}"]
                for e in item["entries"]]
        texts.append(f"{item['title']}:\n\n" + tables.table(
            ["into", "MiB/s", "÷ PUT, hash compared", "p50 ms", "nodes' CPU s/GiB", "client's cores"], rows))
    if found["takeover"]:
        rows = []
        for key, words in (("asked", "what is there, asked of B"), ("accepted", "the first 64 KiB on B acknowledged")):
            times = sorted(1e3 * entry[key] for entry in found["takeover"])
            rows.append([words, len(times), f"{statistics.median(times):.1f}", f"{times[-1]:.1f}"])
        untold = statistics.median(entry["untold"] for entry in found["takeover"])
        texts.append(tables.table(["a client falls silent on A and goes on with B", "how often", "p50 ms", "max ms"], rows)
                     + f"\n\nOf the MiB that A had got, B's answer did not tell {untold / KIB:,.0f} KiB.")
    return "\n\n".join(texts)
