# SPDX-License-Identifier: MIT
"""Every line of the log: its event is plain words, and no key stands in it twice."""

import re
import sys
from pathlib import Path

CALL = re.compile(r"\blog_?(?:\.|->)(?:info|warn|error)\(")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
KEY = re.compile(r'\{\s*"([^"]*)"\s*,')
WORDS = re.compile(r"[a-z][A-Za-z0-9 ,;:._'-]*")
# Words that are no unit: a size is bytes, a span of time says its unit.
UNITLESS = {"size": "bytes or file_size", "time": "milliseconds", "duration": "milliseconds"}


def arguments(text, start):
    """The text between the parenthesis before start and the one that closes it."""
    depth, at = 1, start
    while depth:
        string = STRING.match(text, at)
        if string:
            at = string.end()
            continue
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return text[start : at - 1]


def problems_of(call):
    fields_at = call.find("{")
    head = call if fields_at < 0 else call[:fields_at]
    for event in STRING.findall(head):
        if not WORDS.fullmatch(event):
            yield f'the event "{event}" is no plain words'
    keys = KEY.findall(call)
    for key in sorted(set(keys)):
        if keys.count(key) > 1:
            yield f'the key "{key}" stands there twice'
        if key in UNITLESS:
            yield f'the key "{key}" says no unit; expected {UNITLESS[key]}'


def main(root):
    count, problems = 0, []
    for file in sorted(file for folder in ("src", "cli") for file in (root / folder).rglob("*.cc")):
        if file.stem.endswith("_test"):
            continue
        text = file.read_text(encoding="utf-8")
        for found in CALL.finditer(text):
            count += 1
            line = text.count("\n", 0, found.start()) + 1
            for problem in problems_of(arguments(text, found.end())):
                problems.append(f"{file.relative_to(root)}:{line}: {problem}")
    for problem in problems:
        print(problem)
    print(f"{count} lines of the log, {len(problems)} breaks of the rules")
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
