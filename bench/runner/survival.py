# SPDX-License-Identifier: MIT
"""Measurements without a peer: thousands of slow connections, take-over, a restart with many unfinished uploads."""

import http.client
import json
import os
import statistics
import subprocess
import time

from runner import processes, rounds, servers
from runner.processes import Failed, first_line

MIB = 1 << 20
KIB = 1 << 10
# In which a slow upload may not cost more than in the first.
OTHER_DIALECTS = ("tus", "rufh", "formchunks")


def background(context, server, connections, size, count, interval_ms, seconds, dialect="panda"):
    """Connections that go on sending during another measurement."""
    load = context.start_load("held", "--port", server.port, "--dialect", dialect, *server.load_options(dialect),
                              "--connections", connections,
                              "--size", size, "--bytes", count, "--interval-ms", interval_ms, "--seconds", seconds)
    if first_line(load, 300) != "held\n":
        load.kill()
        raise Failed(f"held connections did not come up: {load.stderr.read().decode()}")
    return load


def _end(load, seconds):
    try:
        out, error = load.communicate(timeout=seconds + 60)
    except subprocess.TimeoutExpired:
        load.kill()
        raise Failed("held connections did not end") from None
    if load.returncode != 0:
        raise Failed(f"held connections: {error.decode()}")
    return json.loads(out.decode().splitlines()[-1])


def _speed(context, server, count):
    """GiB/s of single uploads, one after the other."""
    speeds = []
    for _ in range(count):
        rounds.warm_memory(context.directory, 256 * MIB + rounds.SPARE_BYTES)
        figures = context.run_load("uploads", "--port", server.port, *server.load_options("panda"), "--size", 256 * MIB)
        speeds.append(figures["bytes"] / figures["seconds"] / (1 << 30))
        server.clean()
    return statistics.median(speeds[2:] or speeds)


def slow_connections(context, count=9000, seconds=60.0, sent=1, interval_ms=1000, tls=False, dialect="panda",
                     uploads=9):
    """The memory of a slow connection, and the speed of a fast one beside many slow ones."""
    server = servers.SluiceNone(context, os.path.join(context.directory, "slow"), tls)
    # Clients that send one byte a second must not be cut off here.
    server.settings = {"SLUICE_TIMEOUTS_PROGRESS_BYTES": "1", "SLUICE_TIMEOUTS_PROGRESS_WINDOW": "30s",
                       "SLUICE_DIALECTS_ENABLED": "panda,tus,rufh,formchunks"}
    server.start()
    try:
        alone = _speed(context, server, uploads)
        idle_kib = processes.rss_kib(server.process.pid)
        # Twice the bytes that they will send: the server reserves room for all of them.
        size = max(int(2 * sent * seconds * 1000 / interval_ms), 64 * KIB)
        load = background(context, server, count, size, sent, interval_ms, seconds, dialect)
        time.sleep(1)
        cpu, began = server.cpu_seconds(), time.monotonic()
        time.sleep(min(seconds / 3, 10))
        held_cpu = (server.cpu_seconds() - cpu) / (time.monotonic() - began)
        held_kib = processes.rss_kib(server.process.pid)
        beside = _speed(context, server, uploads)
        held = _end(load, seconds)
        last_kib = processes.peak_rss_kib(server.process.pid)
        return {"connections": held["connections"], "tls": tls, "dialect": dialect, "bytes": sent, "interval_ms": interval_ms, "seconds": held["seconds"],
                "ended_early": held["ended_early"], "idle_rss_kib": idle_kib, "held_rss_kib": held_kib,
                "peak_rss_kib": last_kib, "kib_per_connection": (held_kib - idle_kib) / held["connections"],
                "server_cores": held_cpu, "alone_gib_s": alone, "beside_gib_s": beside}
    finally:
        server.remove()


def takeover(context, kind, uploads=100, seconds=20):
    """From a newer request's head to the server's 100, while 100 others send 1 MiB a second each."""
    server = kind(context, os.path.join(context.directory, "takeover"))
    server.start()
    try:
        quiet = context.run_load("takeover", "--port", server.port, "--uploads", uploads, "--size", 16 * MIB, "--bytes",
                                 64 * KIB)
        load = background(context, server, 100, 64 * MIB, 16 * KIB, 16, seconds)
        busy = context.run_load("takeover", "--port", server.port, "--uploads", uploads, "--size", 16 * MIB, "--bytes",
                                64 * KIB)
        held = _end(load, seconds)
        return {"server": server.name, "alone": quiet["request"], "beside_100": busy["request"],
                "background_mib_s": held["bytes"] / MIB / held["seconds"], "ended_early": held["ended_early"]}
    finally:
        server.remove()


class _Restarted(servers.SluiceNone):
    """The uploads are made without syncs; the restart is measured with them."""

    def environment(self):
        return {**super().environment(), "SLUICE_DATA_DURABILITY": self.durability}


def _first_answer(server, path, size):
    """Seconds from the program's start to the acknowledgement of a piece."""
    port = servers.free_port()
    server.process = processes.Process(server.command(port), server.folder + ".log", server.environment(),
                                       waits_for_line=False)
    began = time.monotonic()
    server.process.start()
    deadline = began + 60
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("PUT", path, b"x", {"Content-Type": "application/octet-stream",
                                                   "Content-Range": f"bytes 1-1/{size}"})
            response = connection.getresponse()
            response.read()
            taken = time.monotonic() - began
            if response.status != 204:
                raise Failed(f"restart: expected 204, got {response.status}")
            return taken
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise Failed(f"restart: no answer:\n{server.process.log()[-2000:]}") from None
            time.sleep(0.001)
        finally:
            connection.close()


def _begin_one(port, size):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/videos/upload.json", f"file_size={size}&file_name=restart.bin",
                       {"Content-Type": "application/x-www-form-urlencoded"})
    path = "/uploads/" + json.loads(connection.getresponse().read())["location"].rpartition("/")[2]
    connection.request("PUT", path, b"x", {"Content-Type": "application/octet-stream",
                                           "Content-Range": f"bytes 0-0/{size}"})
    status = connection.getresponse().status
    connection.close()
    if status != 204:
        raise Failed(f"restart: first piece: got {status}")
    return path


def restart(context, uploads=100_000, times=7):
    """A journal full of unfinished uploads, each with one byte stored; SIGKILL; the first acknowledgement."""
    server = _Restarted(context, os.path.join(context.directory, "restart"))
    size = 4 * KIB
    server.start()
    try:
        context.run_load("sessions", "--port", server.port, "--uploads", uploads, "--connections", 32, "--size", size,
                         "--bytes", 1)
        server.durability = "commit"
        taken = []
        for _ in range(times):
            server.process.kill()
            server.process.stop()
            server.port = 0
            server.start()
            path = _begin_one(server.port, size)
            server.process.kill()
            server.process.stop()
            taken.append(_first_answer(server, path, size))
        journal = sum(os.path.getsize(os.path.join(server.folder, name)) for name in os.listdir(server.folder)
                      if name.startswith("journal.sqlite"))
        return {"uploads": uploads, "seconds": sorted(taken), "median_seconds": statistics.median(taken),
                "journal_bytes": journal, "rss_kib": processes.rss_kib(server.process.pid)}
    finally:
        server.remove()
