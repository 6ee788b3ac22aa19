# SPDX-License-Identifier: MIT
"""All tests of this folder mount file systems. Where mounting is refused they are skipped, with an exit code of its own."""

import pytest

from file_systems import enter_private_mounts, why_mounting_is_refused

# ctest knows it as SKIP_RETURN_CODE.
EXIT_SKIPPED = 77


@pytest.fixture(scope="session", autouse=True)
def mounts(tmp_path_factory):
    reason = enter_private_mounts() or why_mounting_is_refused(tmp_path_factory.mktemp("probe"))
    if reason:
        pytest.skip(f"these tests mount file systems, which is refused here: {reason}")


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if exitstatus == 0 and reporter.stats.get("skipped"):
        session.exitstatus = EXIT_SKIPPED
