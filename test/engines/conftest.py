# SPDX-License-Identifier: MIT
"""Engines of others that the tests start for themselves."""

import os

import pytest
from cluster import HAPROXY, Cluster

from support import ceph as ceph_programs
from support import postgres as postgres_programs
from support.ceph import BUCKET, Ceph
from support.postgres import Postgres
from support.server_fixtures import connected, new_server, noise  # noqa: F401  (fixtures of the tests)

VERSIONING = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
LIFECYCLE = (b"<LifecycleConfiguration><Rule><ID>old</ID><Filter><Prefix>probed/</Prefix></Filter>"
             b"<Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>")


def expect_installed(missing):
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"not installed: {', '.join(missing)}")
    assert not missing


@pytest.fixture(scope="session")
def postgres():
    expect_installed(postgres_programs.missing_programs())
    with Postgres() as engine:
        yield engine


@pytest.fixture(scope="session")
def ceph(tmp_path_factory):
    expect_installed(ceph_programs.missing_programs())
    with Ceph(tmp_path_factory.mktemp("ceph")) as engine:
        for name in (BUCKET, "versioned", "expiring", "full", "media"):
            engine.create_bucket(name)
        engine.configure_bucket("versioned", "versioning", VERSIONING)
        engine.configure_bucket("expiring", "lifecycle", LIFECYCLE)
        engine.bound_bucket("full", 1 << 20)
        yield engine


@pytest.fixture
def new_cluster(tmp_path, ceph, postgres):
    """Makes clusters of a test's own."""
    expect_installed([] if HAPROXY else ["haproxy"])
    made = []

    def make(start=True, **options):
        directory = tmp_path / f"{len(made)}"
        directory.mkdir()
        made.append(Cluster(directory, options.pop("ceph", ceph), options.pop("postgres", postgres), **options))
        return made[-1].start() if start else made[-1]

    yield make
    for cluster in made:
        print(cluster.logs())
        cluster.close()
