# SPDX-License-Identifier: MIT
"""Fails when a file of src/<folder>/ includes a folder that its library does not declare in USES.

Allowed are the own folder, the folders behind USES of the library (of the test program for *_test.cc files) and base;
for .cc files those behind USES_PRIVATE as well.
The files of src/ itself are the library app; main.cc alone is none of it, it is the program.
"""

import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
CALL = re.compile(r"(sluice_library|sluice_test)\s*\(([^)]*)\)")
KEYWORDS = ("SOURCES", "USES", "USES_PRIVATE", "LIBRARIES")
ROOT = "app"
PROGRAM = "main.cc"


def declarations(cmake_file):
    """{(function, name): {keyword: [words]}} of one CMakeLists.txt."""
    text = re.sub(r"#.*", "", cmake_file.read_text(encoding="utf-8"))
    found = {}
    for function, arguments in CALL.findall(text):
        name, *words = arguments.split()
        lists = {keyword: [] for keyword in KEYWORDS}
        current = None
        for word in words:
            if word in KEYWORDS:
                current = word
            elif current:
                lists[current].append(word)
        found[function, name] = lists
    return found


def folder_of(include):
    return include.split("/", 1)[0] if "/" in include else ROOT


def check_folder(name, folder, folders, problems):
    declared = declarations(folder / "CMakeLists.txt") if (folder / "CMakeLists.txt").is_file() else {}
    library_uses = set()
    private_uses = set()
    test_uses = {}
    for (function, _), lists in declared.items():
        if function == "sluice_library":
            library_uses |= set(lists["USES"])
            private_uses |= set(lists["USES_PRIVATE"])
        else:
            for source in lists["SOURCES"]:
                test_uses[source] = set(lists["USES"])
    for file in sorted(folder.glob("*") if name == ROOT else folder.rglob("*")):
        if file.suffix not in (".h", ".cc") or file.name == PROGRAM:
            continue
        allowed = {name, "base"} | library_uses
        if file.suffix == ".cc":
            allowed |= private_uses
        if file.name.endswith("_test.cc"):
            allowed |= test_uses.get(file.relative_to(folder).as_posix(), set())
        if any(name.startswith("testing") for name in allowed):
            allowed.add("support")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            used = folder_of(match.group(1))
            if used not in allowed:
                words = ", ".join(sorted(allowed & folders))
                what = f"folder {used}" if used in folders else "a file outside the folders"
                problems.append(f'{file}:{number}: includes "{match.group(1)}", {what}; {name} may use: {words}')
    return library_uses | private_uses


def check_cycles(uses, problems):
    done = set()

    def visit(name, path):
        if name in path:
            problems.append("src: folders use each other in a circle: " + " -> ".join([*path, name]))
            return
        if name in done:
            return
        for used in sorted(uses.get(name, ())):
            visit(used, [*path, name])
        done.add(name)

    for name in sorted(uses):
        visit(name, [])


def main(root):
    problems = []
    folders = {path.name for path in (root / "src").iterdir() if path.is_dir()}
    if not folders:
        problems.append(f"{root}/src: no folder found")
    uses = {name: check_folder(name, root / "src" / name, folders, problems) for name in sorted(folders)}
    uses[ROOT] = check_folder(ROOT, root / "src", folders, problems)
    check_cycles(uses, problems)
    for problem in problems:
        print(problem)
    print(f"{len(folders)} folders, {len(problems)} includes that break the layers")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
