# SPDX-License-Identifier: MIT
"""The benchmark's command line: builds, runs, writes Markdown and JSON."""

import argparse
import json
import os
import subprocess
import sys
import time

from runner import file_systems, peers, rounds, servers, survival, tables, workloads
from runner.context import Context
from runner.processes import Failed

TARGETS = ("sluice", "sluice-probe", "sluice-bench-load", "sluice-bench-floor")
SURVIVAL = ("slow", "takeover", "restart")


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures Sluice against its floor and its peers.")
    parser.add_argument("--only", default="", metavar="A,B", help="workloads: " + ", ".join([*workloads.BY_KEY, *SURVIVAL]))
    parser.add_argument("--servers", default="", metavar="A,B", help="servers: " + ", ".join(servers.BY_KEY))
    parser.add_argument("--durability", default="none,commit", metavar="A,B")
    parser.add_argument("--fs", default="here", choices=("here", "ext4", "xfs"),
                        help="file system; ext4 and xfs: on a loop device of its own, as root")
    parser.add_argument("--dir", default="", help="folder for the servers' files (default: in build/)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--output", default="", help="base name of the .md and .json (default: build/release/bench/results)")
    parser.add_argument("--build", default="build/release", help="folder of the programs")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--smoke", action="store_true", help="everything once, small: fails only when something cannot run")
    return parser.parse_args(arguments)


def chosen(text, known):
    words = [word for word in text.split(",") if word]
    for word in words:
        if word not in known:
            raise Failed(f"expected one of {', '.join(known)}, got {word}")
    return words or list(known)


class Report:
    def __init__(self, context):
        self._context = context
        self.results = {"workloads": [], "survival": {}}
        self._markdown = []

    def add(self, text):
        self._markdown.append(text)
        print(text + "\n", flush=True)

    def write(self, base, arguments):
        self.results["versions"] = servers.versions(self._context)
        self.results["settings"] = {"arguments": vars(arguments), "file_system": self._context.file_system,
                                    "sluice": self._context.sluice_settings, "cores": os.cpu_count(),
                                    "load_average": os.getloadavg(), "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        self.results["notes"] = self._context.notes
        self.add("Versions: " + "; ".join(f"{name}: {text}" for name, text in self.results["versions"].items()))
        for note in self._context.notes:
            self.add("Note: " + note)
        os.makedirs(os.path.dirname(base), exist_ok=True)
        with open(base + ".md", "w", encoding="utf-8") as file:
            file.write("\n\n".join(self._markdown) + "\n")
        with open(base + ".json", "w", encoding="utf-8") as file:
            json.dump(self.results, file, indent=1)


def measure_workloads(context, report, keys, durabilities, wanted_servers):
    for key in keys:
        workload = workloads.BY_KEY[key]
        for durability in durabilities:
            candidates = [each for each in workloads.servers_for(workload, durability, peers.available(context))
                          if each in wanted_servers]
            entries = rounds.run_workload(context, workload, candidates)
            if not entries:
                continue
            report.results["workloads"].append({"key": key, "durability": durability, "entries": entries})
            report.add(f"#### {workload.title}, durability = {durability}, {context.file_system}")
            report.add(tables.workload_table(workload, entries))


def measure_survival(context, report, names, smoke):
    found = report.results["survival"]
    if "slow" in names:
        found["slow"] = [survival.slow_connections(context, *((200, 6.0) if smoke else (9000, 60.0)))]
        if not smoke:
            found["slow"].append(survival.slow_connections(context, 1000, 40.0, 16 << 10, 200))
        report.add(tables.slow_table(found["slow"]))
    if "takeover" in names:
        found["takeover"] = [survival.takeover(context, kind, 5 if smoke else 200)
                             for kind in (servers.SluiceNone, servers.SluiceCommit)]
        report.add(tables.takeover_table(found["takeover"]))
    if "restart" in names:
        found["restart"] = survival.restart(context, *((500, 1) if smoke else (100_000, 7)))
        report.add(tables.restart_table(found["restart"]))


def run(arguments, root):
    build = os.path.join(root, arguments.build)
    context = Context(root, build, rounds=arguments.rounds, warm_up=arguments.warm_up)
    if arguments.smoke:
        context.rounds, context.warm_up, context.scale = 1, 0, 1 / 16
    if not arguments.no_build:
        subprocess.run(["cmake", "--build", build, "--target", *TARGETS], check=True, stdout=sys.stderr)
    peers.install(context, context.note)
    names = chosen(arguments.only, [*workloads.BY_KEY, *SURVIVAL])
    parent = arguments.dir or os.path.join(build, "bench")
    os.makedirs(parent, exist_ok=True)
    report = Report(context)
    with file_systems.prepared(arguments.fs, parent) as folder:
        context.directory = folder
        context.file_system = file_systems.describe(folder) + ("" if arguments.fs == "here" else " on a loop device")
        measure_workloads(context, report, [name for name in names if name in workloads.BY_KEY],
                          chosen(arguments.durability, ("none", "commit")), chosen(arguments.servers, servers.BY_KEY))
        measure_survival(context, report, [name for name in names if name in SURVIVAL], arguments.smoke)
    report.write(arguments.output or os.path.join(build, "bench", "results"), arguments)


def main(arguments, root):
    try:
        run(parse_arguments(arguments), root)
    except Failed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0
