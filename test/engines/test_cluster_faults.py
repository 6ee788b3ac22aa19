# SPDX-License-Identifier: MIT
"""What the nodes of a cluster share goes away and comes back, or is not what it should be."""

import os
import pathlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from cluster import LEASES_END_SECONDS
from cluster_load import File, Load, Patient, begun_seed, expect_finished

from support.ceph import BUCKET, GATEWAY, Ceph
from support.postgres import Postgres
from support.raw_http import Client, Connection, path_of, stored_bytes
from support.sluice_server import ServerFailed
from support.waiting import wait_until

MIB = 1 << 20
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


def expect_unavailable(response):
    assert response.status == 503 and int(response.header("Retry-After")) > 0, response


def wait_for_readiness(nodes, status, words=""):
    wait_until(lambda: all(node.readiness()[0] == status and words in node.readiness()[1] for node in nodes),
               lambda: [node.readiness() for node in nodes])


@pytest.mark.parametrize("engine", ["store", "journal"])
def test_a_node_that_is_cut_from_an_engine_says_so_and_the_others_go_on(new_cluster, noise, engine):
    cluster = new_cluster(gates=True)
    cut, other, _ = cluster.nodes
    gate = cluster.store_gate(0) if engine == "store" else cluster.journal_gate(0)
    file = File("cut.bin", noise(3 * MIB))
    size = file.size
    with Client(cut.address) as client, Client(other.address) as elsewhere, Patient(cluster.address) as balanced:
        file.location = client.create(size)
        assert client.piece(file.location, 0, file.data[:MIB], size).status == 204
        gate.shut()
        expect_unavailable(client.piece(file.location, MIB, file.data[MIB : 2 * MIB], size))
        wait_for_readiness([cut], 503, f"the {'store of the bytes' if engine == 'store' else 'journal'} is away")
        assert client.get("/healthz").status == 200
        told = client.status(file.location, size)
        if engine == "store":
            assert stored_bytes(told) == MIB
        else:
            expect_unavailable(told)
        # Bytes whose outcome was not known may be stored, none that were acknowledged are missing.
        stored = elsewhere.stored(file.location)
        assert MIB <= stored <= 2 * MIB
        end = 2 * MIB + 1
        assert elsewhere.piece(file.location, stored, file.data[stored:end], size).status == 204
        wait_until(lambda: {balanced.until_answered(lambda patient: patient.status(file.location)).header("X-Node")
                            for _ in range(6)} == {"node1", "node2"}, "the balancer has left the node out")
        gate.open()
        wait_for_readiness([cut], 200)
        assert client.stored(file.location) == end
        done = client.piece(file.location, end, file.data[end:], size)
        assert done.status == 200, done
        file.finish(done.body, "the node that was cut")
    expect_finished(cluster, [file])


def kill_postgres(cluster):
    cluster.postgres.kill()
    yield "the journal is away"
    cluster.postgres.start()


def kill_gateway(cluster):
    cluster.ceph.kill(GATEWAY)
    yield "the store of the bytes is away"
    cluster.ceph.start_gateway()


def pause_gateway(cluster):
    cluster.ceph.pause(GATEWAY)
    yield "the store of the bytes is away"
    cluster.ceph.go_on(GATEWAY)


def pause_osd(cluster):
    cluster.ceph.pause("osd.0")
    yield "the store of the bytes is away"
    cluster.ceph.go_on("osd.0")


@pytest.mark.parametrize("fault", [kill_postgres, kill_gateway, pause_gateway, pause_osd], ids=lambda one: one.__name__)
def test_an_engine_goes_away_under_load_and_comes_back(new_cluster, noise, fault):
    cluster = new_cluster()
    file = File("while.bin", noise(2 * MIB))
    with Load(cluster, begun_seed(), 3) as load, Client(cluster.nodes[0].address) as client:
        file.location = client.create(file.size)
        assert client.piece(file.location, 0, file.data[:MIB], file.size).status == 204
        load.wait_for(20)
        steps = fault(cluster)
        try:
            reason = next(steps)
            wait_for_readiness(cluster.nodes, 503, reason)
            expect_unavailable(client.piece(file.location, MIB, file.data[MIB:], file.size))
        finally:
            next(steps, None)
        wait_for_readiness(cluster.nodes, 200)
        stored = client.stored(file.location)
        assert stored >= MIB
        done = client.piece(file.location, stored, file.data[stored:], file.size)
        assert done.status == 200, done
        file.finish(done.body, "the last piece")
        load.wait_for(20)
    expect_finished(cluster, [*load.files, file])


def test_one_of_two_osds_dies_under_load(new_cluster, tmp_path):
    with Ceph(tmp_path / "ceph", osds=2) as ceph:
        ceph.create_bucket(BUCKET)
        cluster = new_cluster(ceph=ceph)
        with Load(cluster, begun_seed(), 3) as load:
            load.wait_for(40)
            ceph.kill("osd.0")
            load.wait_for(40)
        expect_finished(cluster, load.files)
        cluster.close()


@pytest.fixture
def pair():
    """A primary whose commits wait until its standby shows them."""
    with Postgres() as primary, Postgres(primary) as standby:
        primary.query("ALTER SYSTEM SET synchronous_commit = remote_apply")
        primary.query("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        primary.query("SELECT pg_reload_conf()")
        wait_until(lambda: primary.query("SELECT sync_state FROM pg_stat_replication") == [["sync"]],
                   "the standby is synchronous")
        yield primary, standby


def test_a_standby_takes_over(new_cluster, pair):
    primary, standby = pair
    cluster = new_cluster(postgres=primary, host=f"{primary.directory},{standby.directory}")
    with Load(cluster, begun_seed(), 4) as load:
        load.wait_for(40)
        primary.kill()
        standby.promote()
        cluster.postgres = standby
        wait_for_readiness(cluster.nodes, 200)
        load.wait_for(40)
    expect_finished(cluster, load.files)


def refusal(node):
    with pytest.raises(ServerFailed):
        node.start()
    assert not node.running
    return node.log()


def test_what_would_lose_bytes_is_refused_at_the_start(new_cluster, pair):
    primary, standby = pair
    cluster = new_cluster(postgres=primary, count=1, start=False)
    node, = cluster.nodes
    node.start()
    assert node.terminate() == 0
    other = new_cluster(postgres=primary, count=1, prefix=cluster.prefix, start=False)
    assert "belong to another journal" in refusal(other.nodes[0])
    reader = new_cluster(postgres=primary, count=1, host=standby.directory, start=False)
    assert "connect to the primary server" in refusal(reader.nodes[0])
    cluster.rows("INSERT INTO sluice_schema (version) VALUES (99)")
    assert "use a newer one" in refusal(node)
    cluster.rows("DELETE FROM sluice_schema WHERE version = 99")
    primary.query("ALTER SYSTEM SET fsync = off")
    primary.query("SELECT pg_reload_conf()")
    wait_until(lambda: primary.query("SHOW fsync") == [["off"]], "fsync is off")
    assert "fsync is off" in refusal(node)


def test_nodes_start_at_once_on_nothing(new_cluster):
    cluster = new_cluster(start=False)
    # A server ends with the thread that has started it.
    with ThreadPoolExecutor(3) as threads:
        for started in [threads.submit(node.start) for node in cluster.nodes]:
            started.result()
        wait_for_readiness(cluster.nodes, 200)
        locations = []
        for node in cluster.nodes:
            with Client(node.address) as client:
                locations.append(client.create(10))
        for node in cluster.nodes:
            with Client(node.address) as client:
                assert [client.stored(location) for location in locations] == [0, 0, 0]
            assert node.terminate() == 0


def clock_off_by(seconds):
    # Clocks are believed, and uploads expire, when they have agreed for the shortest time of the settings.
    agreement = {"SLUICE_EXPIRY_FAILED": "1s"}
    if seconds == 0:
        return agreement
    return {**agreement, "LD_PRELOAD": str(FAKETIME), "FAKETIME": f"{seconds:+}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def test_clocks_of_nodes_are_an_hour_apart(new_cluster, noise):
    if os.environ.get("CI") != "true" and not FAKETIME.exists():
        pytest.skip("faketime is not installed: scripts/setup")
    cluster = new_cluster(env=(clock_off_by(-3600), clock_off_by(0), clock_off_by(3600)))
    file = File("early.bin", noise(MIB))
    late, right, early = cluster.nodes
    with Load(cluster, begun_seed(), 2) as load, Connection(early.address) as waiting, Client(right.address) as client:
        untouched = client.create(1)  # It would expire after an hour.
        load.wait_for(60)
        # The node whose clock is ahead dies after a failed hand-off.
        cluster.application.refuse(file.sha256)
        file.location = client.create(file.size)
        waiting.send_head("PUT", path_of(file.location), [
            ("Content-Type", "application/octet-stream"), ("Content-Length", str(file.size))])
        waiting.send(file.data)
        wait_until(lambda: len(cluster.application.attempts(file.sha256)) > 1, "a second attempt")
        early.kill()
        cluster.application.take_again(file.sha256)
        wait_until(lambda: client.status(file.location).status == 200, "another node hands it over", LEASES_END_SECONDS)
        file.ask_again(client)
        early.start()
        late.kill()
        load.wait_for(5)
        late.start()
        assert client.stored(untouched) == 0
    expect_finished(cluster, [*load.files, file])
