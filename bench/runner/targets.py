# SPDX-License-Identifier: MIT
"""The targets of the figures, and whether they are met: the rows of the short table."""

from dataclasses import dataclass

from runner import rounds, tables, workloads

TUS_NODE, TUSD, NGINX, BESIDE = "tus-node", "tusd", "nginx-1m", "beside"


@dataclass(frozen=True)
class Target:
    """Sluice's figure divided by another's, or minus it, has a bound."""

    figure: str  # speed, CPU or p99.
    against: str  # The key of an entry.
    at_least: float = 0.0
    at_most: float = 0.0
    minus: bool = False

    def value(self, entries):
        """None where the other server was not measured."""
        ours, theirs = entries.get("ours"), entries.get(self.against)
        if ours is None or theirs is None:
            return None
        pick = {"speed": rounds.speed, "CPU": rounds.cpu, "p99": lambda f: rounds.latencies(f)["p99_ms"]}[self.figure]
        return (rounds.difference if self.minus else rounds.ratio)(ours, theirs, pick)

    def is_met(self, value):
        return value >= self.at_least if self.at_least else value <= self.at_most


def _whole(durability):
    if durability == "commit":
        return (Target("speed", "floor-sync", 0.9), Target("speed", TUSD, 1.0), Target("CPU", "floor-sync", at_most=1.15))
    return (Target("speed", "floor", 0.95), Target("speed", TUSD, 2.5), Target("speed", NGINX, 1.2),
            Target("CPU", "floor", at_most=1.1), Target("CPU", TUSD, at_most=0.3), Target("CPU", NGINX, at_most=0.85))


def targets_of(key, durability):
    if durability == "interval":
        return ()  # Syncs whole files and not their pieces: no floor does the same.
    floor = "floor-sync" if durability == "commit" else "floor"
    if key in ("one-request", "pieces-5m"):
        return _whole(durability)
    if key == "pieces-100k":
        return (Target("speed", floor, 0.8), Target("CPU", floor, at_most=1.3))
    if key == "small" and durability == "commit":
        # 3,500 a second where tusd without sync reaches 3,600.
        return (Target("speed", TUSD, 0.97), Target("p99", TUSD, at_most=1.0))
    if key == "small":
        return (Target("speed", TUSD, 2.0), Target("CPU", TUSD, at_most=0.45))
    if key in ("side-by-side", "multi-chunk"):
        return (Target("speed", BESIDE, 0.95),)
    if key == "form":
        return (Target("speed", BESIDE, 0.85), Target("CPU", BESIDE, at_most=1.3))
    if key.startswith("tls-"):
        return (Target("CPU", BESIDE, at_most=0.55, minus=True),)
    if key == "sessions":
        return (Target("speed", TUSD, 1.5),)
    return ()


_NAMES = {"floor": "floor", "floor-sync": "floor", TUSD: "tusd", NGINX: "nginx", BESIDE: "plain one"}


def _target_words(targets):
    """The text of a cell: throughput / CPU."""
    words = []
    for against in dict.fromkeys(target.against for target in targets):
        of = {target.figure: target for target in targets if target.against == against}
        name = _NAMES[against]
        if "p99" in of:
            words.append(f"p99 of {name}")
        if "CPU" in of and of["CPU"].minus:
            words.append(f"{name} + {of['CPU'].at_most:g} CPU s")
        elif "CPU" in of:
            words.append(f"{name} {of['speed'].at_least if 'speed' in of else '–'} / {of['CPU'].at_most:g}")
        elif "speed" in of:
            words.append(f"{name} {of['speed'].at_least:g}")
    return ", ".join(words) or "–"


def _verdict(targets, entries):
    if not targets:
        return "–"
    values = [(target, target.value(entries)) for target in targets]
    missed = [_NAMES[target.against] for target, value in values if value is not None and not target.is_met(value)]
    absent = [_NAMES[target.against] for target, value in values if value is None]
    shown = "".join(f" ({value:+.2f})" for target, value in values if target.minus and value is not None)
    words = []
    if len(absent) < len(values):
        words.append(("no: " + ", ".join(dict.fromkeys(missed)) if missed else "yes") + shown)
    if absent:
        words.append(f"{', '.join(dict.fromkeys(absent))} not measured")
    return "; ".join(words)


def _both(ours, theirs):
    """Throughput and CPU of Sluice divided by those of the other server."""
    if ours is None or theirs is None:
        return ""
    return f"{rounds.ratio(ours, theirs, rounds.speed):.2f} / {rounds.ratio(ours, theirs, rounds.cpu):.2f}"


def _row(item):
    workload = workloads.BY_KEY[item["key"]]
    entries = {entry["key"]: entry for entry in item["entries"]}
    ours = entries["ours"] = entries.get("sluice-" + item["durability"])
    if ours is None:
        return None
    targets = targets_of(workload.key, item["durability"])
    figures = rounds.summary(ours)
    floor = entries.get("floor") or entries.get("floor-sync")
    return [workload.title, item["durability"], tables.speed_and_cpu(workload, figures),
            *(_both(ours, other) for other in (floor, entries.get(BESIDE))),
            *(_both(ours, entries.get(peer)) for peer in (NGINX, TUS_NODE, TUSD)),
            _target_words(targets), _verdict(targets, entries)]


def _met(*checks):
    return "yes" if all(checks) else "no"


def _survival_rows(found):
    for entry in found.get("slow", []):
        ratio = entry["beside_gib_s"] / entry["alone_gib_s"]
        each = entry["kib_per_connection"]
        over, target, met = (" over TLS", "–", "–") if entry["tls"] else ("", "8 KiB, 0.9", _met(ratio >= 0.9, each <= 8))
        yield [f"{entry['connections']:,} connections{over} in {entry['dialect']}, {tables.size(entry['bytes'])} every {entry['interval_ms']} ms",
               f"{each:.1f} KiB each; another upload keeps {ratio:.2f} of its speed", target, met]
    for entry in found.get("takeover", []):
        p50 = entry["alone"]["p50_ms"]
        yield [f"take-over, {entry['server']}", f"{p50:.1f} ms, p99 {entry['alone']['p99_ms']:.1f} ms", "10 ms",
               _met(p50 <= 10)]
    if "restart" in found:
        entry = found["restart"]
        yield [f"restart with {entry['uploads']:,} unfinished uploads", f"{entry['median_seconds']:.2f} s to the first answer",
               "1 s", _met(entry["median_seconds"] <= 1)]
    if "console" in found:
        entry = found["console"]
        yield [f"{entry['listeners']} pages of the console beside {entry['live']:,} live uploads",
               f"small uploads keep {entry['speed_ratio']:.2f} of their speed, CPU {entry['cpu_ratio']:.2f}", "0.95",
               _met(entry["speed_ratio"] >= 0.95)]


def short_tables(results):
    """The short table, as Markdown."""
    texts = []
    systems = list(dict.fromkeys(item["file_system"] for item in results["workloads"]))
    for system in systems:
        rows = [_row(item) for item in results["workloads"] if item["file_system"] == system]
        rows = [row for row in rows if row]
        header = ["workload", "durability", "Sluice", "÷ floor", "÷ plain one", "÷ nginx, 1 MiB", "÷ @tus/server", "÷ tusd",
                  "target", "met"]
        if not any(row[7] for row in rows):
            rows = [row[:7] + row[8:] for row in rows]
            header.remove("÷ tusd")
        if rows:
            texts += [f"On {system}:", tables.table(header, rows)]
    survival = list(_survival_rows(results["survival"]))
    if survival:
        texts.append(tables.table(["what", "figure", "target", "met"], survival))
    if systems:
        texts.append("Two numbers with a slash: throughput and server CPU of Sluice divided by those of the other, medians of the "
                     "ratios of neighbouring rounds; as targets, at least and at most. The plain one is the same upload, alone, "
                     "as raw body without TLS. Neither nginx nor the tus servers ever sync.")
    return texts
