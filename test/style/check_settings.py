# SPDX-License-Identifier: MIT
"""The documents: every setting that they name, in a text or in an example of TOML, is one of packaging/sluice.toml.example."""

import re
import sys
import tomllib
from pathlib import Path

EXAMPLE = "packaging/sluice.toml.example"
NAMED = re.compile(r"`([a-z_]+)\.([a-z_0-9]+)(?: = [^`]*)?`")
BLOCK = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Ends of file names that follow a section's name: `server.mjs`.
FILES = {"cc", "go", "h", "js", "json", "key", "log", "md", "mjs", "pem", "php", "py", "sqlite", "toml"}


def names_in(text, sections):
    """Pairs of a section and a key."""
    for section, key in NAMED.findall(text):
        if section in sections and key not in FILES - sections[section].keys():
            yield section, key
    for block in BLOCK.findall(text):
        for section, keys in tomllib.loads(block).items():
            if isinstance(keys, dict):
                yield from ((section, key) for key in keys)


def main(root):
    sections = tomllib.loads((root / EXAMPLE).read_text(encoding="utf-8"))
    count, problems = 0, 0
    for document in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        for section, key in names_in(document.read_text(encoding="utf-8"), sections):
            count += 1
            if key not in sections.get(section, {}):
                problems += 1
                print(f"{document.relative_to(root)}: there is no setting {section}.{key}")
    print(f"{count} settings named, {problems} problems")
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
