# SPDX-License-Identifier: MIT
"""clang-format over every source file, without changing one."""

import subprocess
import sys
from pathlib import Path

FOLDERS = ("src", "cli", "tools", "test", "bench")


def main(root, clang_format):
    files = [
        str(file)
        for folder in FOLDERS
        for file in sorted((root / folder).rglob("*"))
        if file.suffix in (".h", ".cc")
    ]
    if not files:
        print(f"no source file under {root}")
        return 1
    done = subprocess.run([clang_format, "--dry-run", "--Werror", "--style=file", *files], check=False)
    print(f"{len(files)} files; to format them: {clang_format} -i FILE")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
