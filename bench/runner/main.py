# SPDX-License-Identifier: MIT
"""The benchmark's command line: builds, runs, writes Markdown and JSON."""

import argparse
import os
import signal
import subprocess
import sys
import time

from runner import cluster, console, file_systems, peers, plan, rounds, servers, survival, tables, workloads
from runner.context import Context
from runner.processes import Failed
from runner.report import Report

TARGETS = ("sluice", "sluice-probe", "sluice-bench-load", "sluice-bench-floor")


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures Sluice against its floor and its peers.")
    parser.add_argument("--only", default="", metavar="A,B",
                        help="workloads: " + ", ".join([*workloads.BY_KEY, *plan.SURVIVAL]))
    parser.add_argument("--servers", default="", metavar="A,B", help="servers: " + ", ".join(servers.BY_KEY))
    parser.add_argument("--durability", default="", metavar="A,B", help=", ".join(workloads.DURABILITIES) + "; default: all")
    parser.add_argument("--fs", default="", metavar="A,B",
                        help="here (default), ext4, xfs; the latter on a loop device of their own, as root")
    parser.add_argument("--dir", default="", help="folder for the servers' files (default: in build/)")
    parser.add_argument("--before", default="", metavar="FILE",
                        help="another sluice, in the same rounds, in the place of floor and peers")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=0.0,
                        help="for all workloads: those that would take longer get fewer rounds, three at the least")
    parser.add_argument("--output", default="", help="base name of the .md and .json (default: build/release/bench/results)")
    parser.add_argument("--build", default="build/release", help="folder of the programs")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--cluster", action="store_true",
                        help="nodes on PostgreSQL and Ceph against plain PUTs into Ceph, and nothing else")
    parser.add_argument("--smoke", action="store_true", help="everything once, small: fails only when something cannot run")
    parser.add_argument("--final", action="store_true",
                        help="the tables of bench/README.md, on ext4 and XFS: 7 rounds after three; most of an hour on an idle machine")
    chosen_arguments = parser.parse_args(arguments)
    if chosen_arguments.final:
        chosen_arguments.fs = chosen_arguments.fs or "ext4,xfs"
    return chosen_arguments


def chosen(text, known, default=None):
    words = [word for word in text.split(",") if word]
    for word in words:
        if word not in known:
            raise Failed(f"expected one of {', '.join(known)}, got {word}")
    return words or list(default or known)


class Run:
    def __init__(self, context, report, arguments):
        self._context = context
        self._report = report
        self._arguments = arguments
        self._began = time.monotonic()
        self.failures = 0

    def step(self, what, do):
        """A step that cannot run is reported at the end, and the others run all the same."""
        minutes = (time.monotonic() - self._began) / 60
        self._context.say(f"bench: {minutes:.1f} min: {what}")
        try:
            do()
        except (Failed, OSError, subprocess.SubprocessError) as error:
            self.failures += 1
            self._context.note(f"{what} could not run: {error}")
            self._report.write()

    def workloads(self, steps, budget):
        context = self._context
        wanted = chosen(self._arguments.servers, servers.BY_KEY)
        available = () if context.before else peers.available(context)
        for step in steps:
            # In the smoke run the peers take part with durability none only.
            is_enough = self._arguments.smoke and step.durability != "none"
            line = workloads.contestants(step.workload, step.durability, () if is_enough else available, wanted,
                                         bool(context.before))
            seconds = budget.seconds_for_next()
            if line:
                self.step(f"{step.workload.key}, {step.durability}, {context.file_system}",
                          lambda step=step, line=line, seconds=seconds: self._measure(step, line, seconds))

    def _measure(self, step, line, seconds):
        entries = rounds.run_workload(self._context, step.workload, line, seconds)
        if entries:
            self._report.add_workload(step.workload, step.durability, entries)

    def survival(self, names):
        for name in names:
            self.step(name, getattr(self, "_" + name))

    def _slow(self):
        context, smoke = self._context, self._arguments.smoke
        uploads = 1 if smoke else 9
        few = (50, 3.0) if smoke else (2000, 20.0)
        found = [survival.slow_connections(context, *((200, 4.0) if smoke else (9000, 60.0)), uploads=uploads)]
        found.append(survival.slow_connections(context, *few, tls=True, uploads=uploads))
        found += [survival.slow_connections(context, *few, dialect=dialect, uploads=min(uploads, 3))
                  for dialect in survival.OTHER_DIALECTS]
        if not smoke:
            found.append(survival.slow_connections(context, 1000, 40.0, 16 << 10, 200))
        self._report.add_survival("slow", found, tables.slow_table(found))

    def _takeover(self):
        found = [survival.takeover(self._context, kind, *((5, 3) if self._arguments.smoke else (200, 20)))
                 for kind in (servers.SluiceNone, servers.SluiceCommit)]
        self._report.add_survival("takeover", found, tables.takeover_table(found))

    def _restart(self):
        found = survival.restart(self._context, *((500, 1) if self._arguments.smoke else (100_000, 7)))
        self._report.add_survival("restart", found, tables.restart_table(found))

    def _console(self):
        found = console.console(self._context, *((50, 100, 1) if self._arguments.smoke else ()))
        self._report.add_survival("console", found, tables.console_table(found))

    def cluster(self):
        self.step("cluster", self._cluster)

    def _cluster(self):
        found = cluster.measure(self._context, 3 if self._arguments.smoke else 50)
        self._report.add_survival("cluster", found, cluster.cluster_tables(found))


def run(arguments, root):
    build = os.path.join(root, arguments.build)
    context = Context(root, build, rounds=arguments.rounds, warm_up=arguments.warm_up,
                      before=os.path.abspath(arguments.before) if arguments.before else "")
    if arguments.smoke:
        context.rounds, context.warm_up, context.scale = 1, 0, 1 / 16
    names = chosen(arguments.only, [*workloads.BY_KEY, *plan.SURVIVAL])
    systems = chosen(arguments.fs, ("here", "ext4", "xfs"), ("here",))
    if not arguments.no_build:
        subprocess.run(["cmake", "--build", build, "--target", *TARGETS], check=True, stdout=sys.stderr)
    if not context.before and not arguments.cluster:
        peers.install(context, context.note)
    parent = arguments.dir or os.path.join(build, "bench")
    os.makedirs(parent, exist_ok=True)
    report = Report(context, arguments.output or os.path.join(build, "bench", "results"), arguments)
    running = Run(context, report, arguments)
    budget = None
    for number, system in enumerate(systems):
        with file_systems.prepared(system, parent) as folder:
            context.directory = folder
            context.file_system = file_systems.describe(folder) if system == "here" else system + " on a loop device"
            if arguments.cluster:
                running.cluster()
                continue
            steps = plan.steps(names, _durabilities(context, arguments), arguments.final)
            budget = budget or plan.Budget(arguments.minutes, len(steps) * len(systems))
            running.workloads(steps, budget)
            if number == 0:
                running.survival([name for name in names if name in plan.SURVIVAL])
                if arguments.smoke and not arguments.only and not cluster.missing_programs(context):
                    running.cluster()
    report.write()
    print(report.summary(), flush=True)
    return running.failures


def _durabilities(context, arguments):
    wanted = chosen(arguments.durability, workloads.DURABILITIES)
    if not arguments.durability and not servers.knows_interval(context):
        context.say("bench: this Sluice has no durability = interval")
        wanted.remove("interval")
    return wanted


def main(arguments, root):
    # So that processes and mounts are cleaned up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return 1 if run(parse_arguments(arguments), root) else 0
    except (Failed, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
