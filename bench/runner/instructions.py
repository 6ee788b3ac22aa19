# SPDX-License-Identifier: MIT
"""Instructions of the micro-benchmarks, counted by callgrind, against those of bench/instructions.json.

    python3 bench/runner/instructions.py check|store MICRO_PROGRAM COMPILER

Exact on every machine with the same compiler: a change is a change of the code. Exits with 77 where no comparison is
possible: without valgrind, or with another compiler than the stored one."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

CASES = ("head_of_a_piece", "content_range", "chunked_body_256k", "form_256k")
TOLERANCE = 0.05
SKIPPED = 77
STORED = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "instructions.json")
_COLLECTED = re.compile(r"Collected : (\d+)")


def _count(program, case, repetitions, folder):
    done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", program, "--repeat", case,
                           str(repetitions)], capture_output=True, text=True, timeout=600, check=False)
    match = _COLLECTED.search(done.stderr)
    if done.returncode != 0 or not match:
        raise SystemExit(f"callgrind: {case}: {done.stderr[-1000:]}")
    return int(match.group(1))


def count_all(program):
    """{case: instructions of one run}: the difference of two counts, without start and end of the program."""
    with tempfile.TemporaryDirectory() as folder:
        stripped = os.path.join(folder, "micro")
        # Valgrind 3.19 cannot read the newer forms of DWARF 5.
        subprocess.run(["objcopy", "--strip-debug", program, stripped], check=True)
        return {case: (_count(stripped, case, 30, folder) - _count(stripped, case, 10, folder)) // 20 for case in CASES}


def compiler_version(compiler):
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.partition("\n")[0]


def check(program, version):
    with open(STORED, encoding="utf-8") as file:
        stored = json.load(file)
    if stored["compiler"] != version:
        print(f"skipped: the counts are of {stored['compiler']}, this is {version}")
        return SKIPPED
    failures = 0
    for case, now in count_all(program).items():
        before = stored["instructions"][case]
        verdict = "ok"
        if abs(now - before) > TOLERANCE * before:
            verdict = "slower" if now > before else "faster: store the new count"
            failures += 1
        print(f"{case}: {now:,} instructions, stored {before:,} ({now / before - 1:+.1%}): {verdict}")
    return 1 if failures else 0


def main(action, program, compiler):
    if shutil.which("valgrind") is None:
        print("skipped: valgrind is not installed")
        return SKIPPED
    version = compiler_version(compiler)
    if action == "check":
        return check(program, version)
    with open(STORED, "w", encoding="utf-8") as file:
        json.dump({"compiler": version, "instructions": count_all(program)}, file, indent=2)
        file.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
