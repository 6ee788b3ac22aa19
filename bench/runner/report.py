# SPDX-License-Identifier: MIT
"""The results of a run, written after every step, so that an interruption loses nothing."""

import json
import os
import time

from runner import servers, tables, targets


class Report:
    """BASE.md and BASE.json have everything, summary.md beside them the short tables of bench/README.md."""

    def __init__(self, context, base, arguments):
        self._context = context
        self._base = base
        self._markdown = []
        self.results = {
            "workloads": [], "survival": {}, "notes": context.notes, "versions": servers.versions(context),
            "settings": {"arguments": vars(arguments), "sluice": context.sluice_settings, "cores": os.cpu_count(),
                         "load_average": os.getloadavg(), "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}}
        os.makedirs(os.path.dirname(base), exist_ok=True)

    def add_workload(self, workload, durability, entries):
        system = self._context.file_system
        self.results["workloads"].append(
            {"key": workload.key, "durability": durability, "file_system": system, "entries": entries})
        self._add(f"#### {workload.title}, durability = {durability}, {system}", tables.workload_table(workload, entries))

    def add_survival(self, name, found, table):
        self.results["survival"][name] = found
        self._add(table)

    def _add(self, *texts):
        self._markdown += texts
        print("\n\n".join(texts) + "\n", flush=True)
        self.write()

    def write(self):
        versions = "Versions: " + "; ".join(f"{name}: {text}" for name, text in self.results["versions"].items())
        notes = ["Note: " + note for note in self._context.notes]
        _write(self._base + ".md", "\n\n".join([*self._markdown, versions, *notes]) + "\n")
        _write(self._base + ".json", json.dumps(self.results, indent=1))
        _write(os.path.join(os.path.dirname(self._base), "summary.md"), self.summary() + "\n")

    def summary(self):
        if self._context.before:
            return tables.before_table(self.results)
        return "\n\n".join(targets.short_tables(self.results))


def _write(path, text):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)
