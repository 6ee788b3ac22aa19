# SPDX-License-Identifier: MIT
"""docs/compatibility.md: every requirement of the API's clients has its row, and every test that a row names exists."""

import re
import sys
from pathlib import Path

DOCUMENT = "docs/compatibility.md"
# Of the Panda clients, of tus, and of the IETF draft.
REQUIREMENTS = [
    *(str(number) for number in range(1, 43)),
    *(f"T{number}" for number in range(1, 20)),
    *(f"R{number}" for number in range(1, 22)),
]
ROW = re.compile(r"^\| ([A-Z]?\d+) \|")
TEST = re.compile(r"`([\w./-]+\.(?:py|cc))::([\w.]+)`")


def names_in(file):
    """The tests that a file defines, as the document writes them."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return set(re.findall(r"^\s*def (test_\w+)", text, re.MULTILINE))
    return {f"{suite}.{name}" for suite, name in re.findall(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", text, re.MULTILINE)}


def files_named(root, name):
    folders = ("test", "src", "cli")
    return [file for folder in folders for file in (root / folder).rglob(name) if "node_modules" not in file.parts]


def check_row(root, number, row):
    tests = TEST.findall(row)
    if not tests and "not yet" not in row:
        yield f"requirement {number} names no test and does not say \"not yet\""
    for file_name, test in tests:
        files = files_named(root, file_name)
        if not files:
            yield f"requirement {number}: there is no file {file_name}"
        elif not any(test in names_in(file) for file in files):
            yield f"requirement {number}: {file_name} has no test {test}"


def main(root):
    rows = {}
    problems = []
    for line in (root / DOCUMENT).read_text(encoding="utf-8").splitlines():
        match = ROW.match(line)
        if match and match.group(1) in rows:
            problems.append(f"requirement {match.group(1)} has two rows")
        elif match:
            rows[match.group(1)] = line
    problems += [f"requirement {number} has no row" for number in REQUIREMENTS if number not in rows]
    for number, row in rows.items():
        problems += check_row(root, number, row)
    for problem in problems:
        print(f"{DOCUMENT}: {problem}")
    print(f"{len(rows)} requirements, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
