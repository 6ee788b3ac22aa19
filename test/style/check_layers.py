# SPDX-License-Identifier: MIT
"""Fails when a file of src/<folder>/ includes a folder that its library does not declare in USES.

Allowed are the own folder, the folders behind USES of the library (of the test program for *_test.cc files) and base;
for .cc files those behind USES_PRIVATE as well.
A folder with a CMakeLists.txt inside of another one is a folder like every other: its library has its name, and
neither may include the other without a word in USES.
The files of src/ itself are the library app, but for main.cc, which is the program.
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


def folders_of(source):
    """{name: path} of the folders that are libraries, as deep as they lie."""
    found = {}
    for path in [*source.iterdir(), *(file.parent for file in source.glob("*/**/CMakeLists.txt"))]:
        if path.is_dir() and found.setdefault(path.name, path) != path:
            sys.exit(f"{path}: its name is that of {found[path.name]}")
    return found


def folder_of(path, top, folders):
    """The name of the deepest folder around the path, which is as written from `top`, or else its first word."""
    for parent in Path(path).parents:
        if folders.get(parent.name) == top / parent:
            return parent.name
    return path.split("/", 1)[0] if "/" in path else ROOT


def check_folder(name, folder, top, folders, problems):
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
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(top).as_posix()
        if file.suffix not in (".h", ".cc") or path == PROGRAM or folder_of(path, top, folders) != name:
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
            used = folder_of(match.group(1), top, folders)
            if used not in allowed:
                words = ", ".join(sorted(allowed & folders.keys()))
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
    source = root / "src"
    folders = folders_of(source)
    if not folders:
        problems.append(f"{root}/src: no folder found")
    uses = {name: check_folder(name, path, source, folders, problems) for name, path in sorted(folders.items())}
    uses[ROOT] = check_folder(ROOT, source, source, folders, problems)
    check_cycles(uses, problems)
    for problem in problems:
        print(problem)
    print(f"{len(folders)} folders, {len(problems)} includes that break the layers")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
