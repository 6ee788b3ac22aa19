# SPDX-License-Identifier: MIT
"""Engines of others that the tests start for themselves."""

import os

import pytest

from support.ceph import BUCKET, Ceph, missing_programs


@pytest.fixture(scope="session")
def ceph(tmp_path_factory):
    missing = missing_programs()
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"not installed: {', '.join(missing)}")
    assert not missing
    with Ceph(tmp_path_factory.mktemp("ceph")) as engine:
        engine.create_bucket(BUCKET)
        yield engine
