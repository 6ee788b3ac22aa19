#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The picture of the README: docs/pictures/speed.svg, from what FIGURES.md says. With --check nothing is written, and a
picture that FIGURES.md does not agree with is an error."""

import html
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "bench" / "FIGURES.md"
PICTURE = ROOT / "docs" / "pictures" / "speed.svg"

# The title of each group, the section of FIGURES.md that it is read from, and the unit.
SYSTEM = "durability = commit, ext4 on a loop device"
GROUPS = (
    ("512 MiB in one request", "One upload of 512 MiB in one request", "GiB/s"),
    ("8 uploads of 256 MiB side by side", "8 uploads of 256 MiB side by side", "GiB/s"),
    ("500 MiB in pieces of 5 MiB", "One upload of 500 MiB in pieces of 5 MiB", "GiB/s"),
    ("64 KiB each, from session to answer", "2,000 uploads of 64 KiB, 16 at a time, from session to answer", "uploads/s"),
)
SERVERS = (("Sluice, commit", "Sluice, every byte synced", "#1257a8"), ("nginx, 1 MiB buffer", "nginx, never syncs", "#8a94a3"),
           ("@tus/server", "@tus/server, never syncs", "#c7cdd6"))
WIDTH, LEFT, BAR, GAP, HEAD = 760, 280, 15, 22, 44
LONGEST = 370


def figures_of(text, section):
    """The median of each server."""
    body = text.partition(f"## {section}, {SYSTEM}\n")[2].partition("\n## ")[0]
    return {name: float(value.replace(",", "")) for name, value in
            re.findall(r"^\| ([^|]+?) \| [^|]+ \| ([\d.,]+) \[", body, re.M)}


def bars(text):
    lines, y = [], HEAD
    for title, section, unit in GROUPS:
        figures = figures_of(text, section)
        most = max(figures[name] for name, _, _ in SERVERS)
        lines.append(f'<text x="{LEFT - 12}" y="{y + BAR * 2}" text-anchor="end">{html.escape(title)}</text>')
        for name, _, color in SERVERS:
            width = max(LONGEST * figures[name] / most, 1)
            value = f"{figures[name]:,.0f}" if unit == "uploads/s" else f"{figures[name]:.2f}"
            lines.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 2}" fill="{color}"/>')
            lines.append(f'<text x="{LEFT + width + 6:.1f}" y="{y + BAR - 4}" class="value">{value} {unit}</text>')
            y += BAR
        y += GAP
    return lines, y


def picture(text):
    lines, height = bars(text)
    legend, x = [], 20
    for _, words, color in SERVERS:
        legend.append(f'<rect x="{x}" y="14" width="12" height="12" fill="{color}"/>'
                      f'<text x="{x + 18}" y="24">{html.escape(words)}</text>')
        x += 230
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        "<title>Throughput of Sluice, nginx and @tus/server</title>",
        "<style>text { font: 13px sans-serif; fill: #1c2430 } .value { font-size: 11px; fill: #4a5464 }</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#fff"/>', *legend, *lines, "</svg>", ""])


def main(arguments):
    wanted = picture(FIGURES.read_text(encoding="utf-8"))
    if arguments != ["--check"]:
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(wanted, encoding="utf-8")
    elif PICTURE.read_text(encoding="utf-8") != wanted:
        print(f"{PICTURE.relative_to(ROOT)} does not show what {FIGURES.relative_to(ROOT)} says: python3 bench/runner/picture.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
