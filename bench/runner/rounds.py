# SPDX-License-Identifier: MIT
"""Rounds of a workload, one server after the other: A B C A B C, so that what drifts drifts for all."""

import os
import statistics

from runner import servers as all_servers
from runner.processes import Failed

GIB = 1 << 30


def run_workload(context, workload, keys):
    """[{"server": …, "rounds": […], "peak_rss_kib": …}] of the servers that can be spoken to in a dialect of the
    workload."""
    started = []
    try:
        for key in keys:
            kind = all_servers.BY_KEY[key]
            dialect = next((each for each in kind.dialects if each in workload.dialects), None)
            if dialect is None:
                continue
            server = kind(context, os.path.join(context.directory, f"{workload.key}-{key}"))
            started.append((key, server, dialect, []))
            server.start()
        for number in range(context.warm_up + context.rounds):
            for _, server, dialect, figures in started:
                figures.append(_one_round(context, workload, server, dialect))
            context.say(f"bench: {workload.key}: round {number + 1} of {context.warm_up + context.rounds}")
        return [{"key": key, "server": server.name, "syncs": server.syncs, "dialect": dialect,
                 "peak_rss_kib": server.peak_rss_kib(), "warm_up": figures[:context.warm_up],
                 "rounds": figures[context.warm_up:]} for key, server, dialect, figures in started]
    finally:
        for _, server, _, _ in started:
            server.remove()


def _one_round(context, workload, server, dialect):
    server.process.check()
    before = server.cpu_seconds()
    figures = context.run_load(workload.command, "--port", server.port, "--dialect", dialect,
                               *server.load_options(dialect), *workload.options(context.scale))
    figures["server_cpu_seconds"] = server.cpu_seconds() - before
    if workload.clean:
        server.clean()
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

    each = "upload" if entry["rounds"][0].get("upload", {}).get("count", 0) > 1 else "request"
    speeds = [figures["per_second"] for figures in entry["rounds"]]
    return {
        "per_second": statistics.median(speeds),
        "per_second_min": min(speeds),
        "per_second_max": max(speeds),
        "cpu_per_unit": median(lambda f: f["cpu_per_unit"]),
        "cpu_per_unit_min": min(f["cpu_per_unit"] for f in entry["rounds"]),
        "p50_ms": median(lambda f: f[each]["p50_ms"]),
        "p99_ms": median(lambda f: f[each]["p99_ms"]),
        "requests_per_second": median(lambda f: f["requests"] / f["seconds"]),
        "peak_rss_mib": entry["peak_rss_kib"] / 1024,
        "client_cpu_share": median(lambda f: f["client_cpu_seconds"] / f["seconds"]),
    }


def ratio(ours, theirs, field):
    """The median of the ratios of rounds that ran right after each other."""
    return statistics.median(a[field] / b[field] for a, b in zip(ours["rounds"], theirs["rounds"]) if b[field] > 0)
