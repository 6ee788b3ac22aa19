# SPDX-License-Identifier: MIT
"""Figures as Markdown."""

from runner import rounds

_SPEED = {"GiB": ("GiB/s", lambda v: f"{v:.2f}"), "upload": ("uploads/s", lambda v: f"{v:,.0f}"),
          "request": ("requests/s", lambda v: f"{v:,.0f}")}
_CPU = {"GiB": ("CPU s/GiB", lambda v: f"{v:.3f}"), "upload": ("CPU µs/upload", lambda v: f"{v * 1e6:,.0f}"),
        "request": ("CPU µs/request", lambda v: f"{v * 1e6:,.0f}")}


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def size(count):
    return f"{count >> 10} KiB" if count >= 1024 else "1 byte" if count == 1 else f"{count} bytes"


def speed_and_cpu(workload, figures):
    (speed_name, speed), (cpu_name, cpu) = _SPEED[workload.unit], _CPU[workload.unit]
    return f"{speed(figures['per_second'])} {speed_name}, {cpu(figures['cpu_per_unit'])} {cpu_name}"


def workload_table(workload, entries):
    """Ratios are Sluice's figure divided by the row's."""
    speed_name, speed = _SPEED[workload.unit]
    cpu_name, cpu = _CPU[workload.unit]
    ours = next((entry for entry in entries if entry["key"].startswith("sluice")), entries[0])
    rows = []
    for entry in entries:
        figures = rounds.summary(entry)
        same = entry is ours
        rows.append([
            entry["server"], entry["syncs"],
            f"{speed(figures['per_second'])} [{speed(figures['per_second_min'])}-{speed(figures['per_second_max'])}]",
            "" if same else f"{rounds.ratio(ours, entry, rounds.speed):.2f}",
            f"{cpu(figures['cpu_per_unit'])} (min {cpu(figures['cpu_per_unit_min'])})",
            "" if same else f"{rounds.ratio(ours, entry, rounds.cpu):.2f}",
            f"{figures['p50_ms']:.2f}", f"{figures['p99_ms']:.2f}",
            f"{figures['requests_per_second']:,.0f}", f"{figures['peak_rss_mib']:.0f}", f"{figures['client_cores']:.2f}",
        ])
    return table(["server", "syncs", speed_name, "Sluice ÷ it", cpu_name, "Sluice ÷ it", "p50 ms", "p99 ms",
                  "requests/s", "peak MiB", "client's cores"], rows)


def before_table(results):
    """The program's figures divided by those of the one before it; a speed below 1 means that it has become slower."""
    rows = []
    for item in results["workloads"]:
        ours, theirs = item["entries"]
        rows.append([item["key"], item["durability"], item["file_system"],
                     f"{rounds.ratio(ours, theirs, rounds.speed):.2f}", f"{rounds.ratio(ours, theirs, rounds.cpu):.2f}",
                     f"{ours['peak_rss_kib'] / theirs['peak_rss_kib']:.2f}"])
    return table(["workload", "durability", "file system", "speed", "CPU", "peak memory"], rows)


def slow_table(entries):
    rows = [[f"{e['connections']:,}{' (TLS)' if e['tls'] else ''} {e['dialect']} × {size(e['bytes'])} every {e['interval_ms']} ms, "
             f"{e['seconds']:.0f} s", e["ended_early"],
             f"{e['idle_rss_kib'] / 1024:.1f}", f"{e['held_rss_kib'] / 1024:.1f}", f"{e['kib_per_connection']:.1f}",
             f"{e['server_cores']:.2f}", f"{e['alone_gib_s']:.2f}", f"{e['beside_gib_s']:.2f}",
             f"{e['beside_gib_s'] / e['alone_gib_s']:.2f}"] for e in entries]
    return table(["slow connections", "cut", "MiB before", "MiB with them", "KiB each", "cores used",
                  "upload alone GiB/s", "beside them GiB/s", "ratio"], rows)


def takeover_table(entries):
    rows = [[e["server"], f"{e[when]['count']} {'alone' if when == 'alone' else 'beside 100 uploads'}",
             *(f"{e[when][name]:.2f}" for name in ("p50_ms", "p99_ms", "max_ms"))]
            for e in entries for when in ("alone", "beside_100")]
    return table(["take-over", "how often", "p50 ms", "p99 ms", "max ms"], rows)


def restart_table(entry):
    return table(["unfinished uploads", "journal MiB", "first acknowledgement after s, median", "min", "max", "RSS MiB"],
                 [[f"{entry['uploads']:,}", f"{entry['journal_bytes'] / (1 << 20):.0f}", f"{entry['median_seconds']:.3f}",
                   f"{entry['seconds'][0]:.3f}", f"{entry['seconds'][-1]:.3f}", f"{entry['rss_kib'] / 1024:.0f}"]])


def console_table(entry):
    rows = [[f"{entry['live']:,} live uploads, {len(entry['alone'])} rounds of {entry['uploads']:,} small ones",
             entry["listeners"], f"{entry['speed_ratio']:.2f}", f"{entry['cpu_ratio']:.2f}", f"{entry['p99_ratio']:.2f}"]]
    return table(["beside", "listeners", "uploads/s, watched ÷ alone", "CPU", "p99"], rows)
