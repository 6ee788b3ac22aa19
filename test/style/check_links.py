# SPDX-License-Identifier: MIT
"""The documents: every link to a file of the repository, and to a heading of a document, leads there."""

import re
import sys
from pathlib import Path

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def anchors_of(text):
    """The names under which the headings of a document can be reached."""
    for heading in HEADING.findall(CODE.sub("", text)):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def problem_of(document, link, root):
    path, _, anchor = link.partition("#")
    target = (document.parent / path).resolve() if path else document
    if not target.exists() or root not in target.parents:
        return "leads nowhere"
    if anchor and anchor not in anchors_of(target.read_text(encoding="utf-8")):
        return "has no such heading"
    return None


def main(root):
    count, problems = 0, 0
    documents = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("*/*.md")]
    for document in sorted(set(documents)):
        for link in LINK.findall(CODE.sub("", document.read_text(encoding="utf-8"))):
            if "://" in link or link.startswith("mailto:"):
                continue
            count += 1
            if problem := problem_of(document, link, root):
                problems += 1
                print(f"{document.relative_to(root)}: {link} {problem}")
    print(f"{count} links, {problems} problems")
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
