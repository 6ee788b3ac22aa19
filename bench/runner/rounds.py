# SPDX-License-Identifier: MIT
"""Rounds of a workload, one server after the other: A B C C B A, so that a drift of the machine meets all of them, and so
does the disk as the server before has left it."""

import os
import statistics
import time

from runner import servers as all_servers
from runner.processes import Failed

GIB = 1 << 30
SPARE_BYTES = 64 << 20  # Of memory, for the client.
ROUNDS_LEAST = 3


def run_workload(context, workload, contestants, seconds=0.0):
    """[{"key": …, "server": …, "rounds": […], "peak_rss_kib": …}] of the servers that can be spoken to in a dialect of
    the workload. After `seconds` (0: never) it ends with fewer rounds."""
    started = []
    began = time.monotonic()
    try:
        for each in contestants:
            kind = all_servers.BY_KEY[each.server]
            dialect = next((name for name in kind.dialects if name in each.workload.dialects), None)
            if dialect is None:
                continue
            server = kind(context, os.path.join(context.directory, f"{workload.key}-{each.key}"), each.workload.tls)
            started.append((each, server, dialect, []))
            server.start()
        for number in range(context.warm_up + context.rounds):
            is_late = 0 < seconds < time.monotonic() - began
            if is_late and number >= context.warm_up + ROUNDS_LEAST:
                break
            for each, server, dialect, figures in started[:: -1 if number % 2 else 1]:
                figures.append(_one_round(context, each.workload, server, dialect))
            context.say(f"bench: {workload.key}: round {number + 1} of {context.warm_up + context.rounds}")
        return [{"key": each.key, "server": server.name + each.remark, "syncs": server.syncs, "dialect": dialect,
                 "peak_rss_kib": server.peak_rss_kib(), "warm_up": figures[:context.warm_up],
                 "rounds": figures[context.warm_up:]} for each, server, dialect, figures in started]
    finally:
        for _, server, _, _ in started:
            server.remove()


def warm_memory(folder, size):
    """Free memory of a virtual machine goes back to its host within seconds, and its next use costs several times
    the upload: the server behind a slow one would pay for it. A file that is written and removed leaves pages
    that the next one gets."""
    path = os.path.join(folder, "warm")
    block = bytes(256 << 10)
    with open(path, "wb", buffering=0) as file:
        for _ in range(size // len(block)):
            file.write(block)
    os.remove(path)


def _one_round(context, workload, server, dialect):
    server.process.check()
    if workload.unit != "request":
        size = int(workload.size * workload.uploads * context.scale)
        warm_memory(context.directory, size + SPARE_BYTES)
    before = server.cpu_seconds()
    figures = context.run_load(workload.command, "--port", server.port, "--dialect", dialect,
                               *server.load_options(dialect), *workload.options(context.scale))
    figures["server_cpu_seconds"] = server.cpu_seconds() - before
    if workload.clean:
        server.clean(unfinished=workload.command == "status")
    units = {"GiB": figures["bytes"] / GIB, "request": figures["requests"],
             "upload": figures.get("upload", {}).get("count", 0)}[workload.unit]
    if units <= 0 or figures["seconds"] <= 0:
        raise Failed(f"{workload.key}: {server.name} did nothing: {figures}")
    figures["per_second"] = units / figures["seconds"]
    figures["cpu_per_unit"] = figures["server_cpu_seconds"] / units
    return figures


def summary(entry):
    """Medians of one server's rounds."""
    def median(pick):
        return statistics.median(pick(figures) for figures in entry["rounds"])

    speeds = [figures["per_second"] for figures in entry["rounds"]]
    return {
        "per_second": statistics.median(speeds),
        "per_second_min": min(speeds),
        "per_second_max": max(speeds),
        "cpu_per_unit": median(lambda f: f["cpu_per_unit"]),
        "cpu_per_unit_min": min(f["cpu_per_unit"] for f in entry["rounds"]),
        "p50_ms": median(lambda f: latencies(f)["p50_ms"]),
        "p99_ms": median(lambda f: latencies(f)["p99_ms"]),
        "requests_per_second": median(lambda f: f["requests"] / f["seconds"]),
        "peak_rss_mib": entry["peak_rss_kib"] / 1024,
        "client_cores": median(lambda f: f["client_cpu_seconds"] / f["seconds"]),
    }


def latencies(figures):
    """Latencies of whole uploads where there were several, else of requests."""
    several = figures.get("upload", {}).get("count", 0) > 1
    return figures["upload" if several else "request"]


def ratio(ours, theirs, pick):
    """The median of the ratios in each round."""
    return statistics.median(pick(a) / pick(b) for a, b in zip(ours["rounds"], theirs["rounds"]) if pick(b) > 0)


def difference(ours, theirs, pick):
    return statistics.median(pick(a) - pick(b) for a, b in zip(ours["rounds"], theirs["rounds"]))


def speed(figures):
    return figures["per_second"]


def cpu(figures):
    return figures["cpu_per_unit"]
