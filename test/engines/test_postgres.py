# SPDX-License-Identifier: MIT
"""The journal in PostgreSQL: the tests of src/journal/postgres that need a server."""

import os
import re
import subprocess

from support.sluice_server import die_with_parent


def test_the_tests_of_the_room_pass_with_postgres(postgres):
    tests = subprocess.Popen(
        [os.environ["SLUICE_POSTGRES_TEST"], "--gtest_filter=*/postgres"],
        env={**os.environ, "SLUICE_POSTGRES": postgres.connection}, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=die_with_parent)
    output = []
    with tests:
        for line in tests.stdout:
            output.append(line)
            # A test that wants something done to the server says so and waits.
            if line in ("@stop\n", "@start\n"):
                {"@stop\n": postgres.stop, "@start\n": postgres.start}[line]()
                tests.stdin.write("done\n")
                tests.stdin.flush()
    report = "".join(output)[-10000:]
    assert tests.returncode == 0, report
    assert int(re.search(r"\[  PASSED  \] (\d+) tests", report).group(1)) >= 40, report
