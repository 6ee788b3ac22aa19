# SPDX-License-Identifier: MIT
"""Three nodes on one PostgreSQL and one Ceph: every acknowledged byte is there, whichever node took it or died."""

import random

import pytest
from cluster import KEYS, LEASES_END_SECONDS
from cluster_load import File, Load, Patient, begun_seed, expect_finished, upload_in_parts

from support.ceph import BUCKET
from support.raw_http import Client, Connection, ConnectionClosed, path_of, stored_bytes
from support.sluice_server import run_sluice
from support.tus import Tus, offset_in
from support.waiting import wait_until

MIB = 1 << 20
KIB = 1 << 10


def test_pieces_go_to_the_nodes_in_turn(new_cluster, noise):
    cluster = new_cluster()
    sizes = [100 * KIB, 100 * KIB, 5 * MIB, 100 * KIB, 100 * KIB, 5 * MIB, 100 * KIB, 100 * KIB, 5 * MIB]
    file = File("turns.bin", noise(sum(sizes)))
    nodes = []
    with Client(cluster.address) as client:
        file.location = client.create(file.size)
        for size in sizes:
            begin = file.acknowledged
            done = client.piece(file.location, begin, file.data[begin : begin + size], file.size)
            nodes.append(done.header("X-Node"))
            if begin + size < file.size:
                assert done.status == 204 and stored_bytes(done) == begin + size, done
                assert client.stored(file.location) == begin + size
                file.tell(begin + size, "the answer")
    assert done.status == 200, done
    assert set(nodes) == {"node0", "node1", "node2"}
    file.finish(done.body, "the last piece")
    expect_finished(cluster, [file])
    assert len(cluster.application.requests) == 1


def test_an_upload_of_tus_goes_to_the_nodes_in_turn(new_cluster, noise):
    cluster = new_cluster()
    file = File("tus.bin", noise(8 * MIB + 17))
    file.is_tus = True
    nodes = []
    with Client(cluster.address) as client:
        tus = Tus(client)
        file.location = tus.create(file.size)
        while file.acknowledged < file.size:
            begin = file.acknowledged
            done = tus.patch(file.location, begin, file.data[begin : begin + (100 * KIB if begin < MIB else 2 * MIB)])
            assert done.status in (200, 204), done
            nodes.append(done.header("X-Node"))
            file.tell(offset_in(done), "the answer")
        file.ask_again(client)
    assert set(nodes) == {"node0", "node1", "node2"}
    expect_finished(cluster, [file])
    assert len(cluster.application.requests) == 1


def test_parts_go_to_all_nodes_at_once(new_cluster, noise):
    cluster = new_cluster()
    file = File("parts.bin", noise(31 * MIB + 5))
    with Patient(cluster.address) as patient:
        upload_in_parts(file, patient, [Patient(node.address) for node in cluster.nodes])
    expect_finished(cluster, [file])
    assert len(cluster.application.requests) == 1


def read_or_closed(connection, method):
    """The final answer, or None where the connection was cut."""
    try:
        return connection.read_final(method)
    except (ConnectionClosed, OSError):
        return None


@pytest.mark.parametrize("dialect", ["panda", "tus"])
def test_a_client_that_stalls_on_a_node_goes_on_at_another(new_cluster, noise, dialect):
    """The connection to the first node is not closed, as when a network has gone."""
    cluster = new_cluster()
    first, second, _ = cluster.nodes
    file = File("stall.bin", noise(4 * MIB))
    size = file.size
    with Client(first.address) as before, Client(second.address) as client, Connection(first.address) as stalled:
        tus = Tus(client)
        if dialect == "tus":
            file.location = Tus(before).create(size)
            file.is_tus = True
            assert Tus(before).patch(file.location, 0, file.data[:MIB]).status == 204
            fields = [("Tus-Resumable", "1.0.0"), ("Content-Type", "application/offset+octet-stream"),
                      ("Upload-Offset", str(MIB)), ("Content-Length", str(2 * MIB))]
        else:
            file.location = before.create(size)
            assert before.piece(file.location, 0, file.data[:MIB], size).status == 204
            fields = [("Content-Type", "application/octet-stream"), ("Content-Length", str(2 * MIB)),
                      ("Content-Range", f"bytes {MIB}-{3 * MIB - 1}/{size}")]
        method = "PATCH" if dialect == "tus" else "PUT"
        with before.until_body_bytes_arrive(MIB):
            stalled.send_head(method, path_of(file.location), fields)
            stalled.send(file.data[MIB : 2 * MIB])
        stored = tus.offset(file.location) if file.is_tus else client.stored(file.location)
        assert MIB <= stored <= 2 * MIB
        # Taken at the first attempt, as there is no lock that somebody holds.
        rest = file.data[stored : 3 * MIB]
        done = (tus.patch(file.location, stored, rest) if file.is_tus
                else client.piece(file.location, stored, rest, size))
        assert done.status == 204, done
        # The first node hears of it late, if at all; whatever it says is true.
        try:
            stalled.send(file.data[2 * MIB : 3 * MIB])
        except OSError:
            pass
        late = read_or_closed(stalled, method)
        if late is not None:
            assert late.status in (204, 503), late
            assert late.status == 503 or (offset_in(late) if file.is_tus else stored_bytes(late)) == 3 * MIB, late
        rest = file.data[3 * MIB :]
        done = (tus.patch(file.location, 3 * MIB, rest) if file.is_tus
                else client.piece(file.location, 3 * MIB, rest, size))
        assert done.status in (200, 204), done
        file.ask_again(client)
    expect_finished(cluster, [file])


def test_what_a_silent_client_has_sent_is_told_by_other_nodes(new_cluster, noise):
    cluster = new_cluster()
    first, second, _ = cluster.nodes
    file = File("silent.bin", noise(3 * MIB))
    with Client(second.address) as client, Connection(first.address) as silent:
        file.location = client.create(file.size)
        silent.send_head("PUT", path_of(file.location), [
            ("Content-Type", "application/octet-stream"), ("Content-Length", str(file.size))])
        silent.send(file.data[: 2 * MIB])
        wait_until(lambda: client.stored(file.location) == 2 * MIB, "the other node tells of all")
        done = client.piece(file.location, 2 * MIB, file.data[2 * MIB :], file.size)
        assert done.status == 200, done
        file.finish(done.body, "the other node")
    expect_finished(cluster, [file])


def test_a_request_is_taken_over_before_its_bytes_are_stored(new_cluster, noise):
    """The newest request wins at once: it does not wait for one on another node that holds the same bytes."""
    cluster = new_cluster()
    first, second, _ = cluster.nodes
    file = File("over.bin", noise(2 * MIB))
    size = file.size
    with Client(first.address) as before, Client(second.address) as client, Connection(first.address) as stalled:
        file.location = before.create(size)
        with before.until_body_bytes_arrive(MIB):
            stalled.send_head("PUT", path_of(file.location), [
                ("Content-Type", "application/octet-stream"), ("Content-Length", str(size))])
            stalled.send(file.data[:MIB])
        stored = client.stored(file.location)
        done = client.piece(file.location, stored, file.data[stored:], size)
        assert done.status == 200, done
        file.finish(done.body, "the second node")
        # The first request's node learns that the file is complete; it was not sent all of it.
        try:
            stalled.send(file.data[MIB:])
        except OSError:
            pass
        late = read_or_closed(stalled, "PUT")
        if late is not None and late.status != 503:
            assert late.status == 200, late
            file.finish(late.body, "the first node")
    expect_finished(cluster, [file])
    assert len(cluster.application.requests) == 1


def test_nodes_are_killed_and_paused_under_load(new_cluster):
    cluster = new_cluster()
    seed = begun_seed()
    rng = random.Random(seed)
    with Load(cluster, seed, 5) as load:
        load.wait_for(20)
        for turn in range(8):
            node = rng.choice(cluster.nodes)
            if turn % 4 == 3:
                node.pause()
                load.wait_for(rng.randrange(5, 25))
                node.go_on()
            else:
                node.kill()
                load.wait_for(rng.randrange(0, 15))
                node.start()
            load.wait_for(rng.randrange(1, 30))
        load.wait_for(20)
    expect_finished(cluster, load.files)


def test_a_node_that_was_paused_for_longer_than_its_leases_does_no_harm(new_cluster, noise):
    """It wakes in the middle of a hand-off that another node has made meanwhile."""
    cluster = new_cluster()
    node, other, _ = cluster.nodes
    file = File("held.bin", noise(MIB))
    held = cluster.application.hold(file.sha256)
    with Load(cluster, begun_seed(), 2) as load, Client(other.address) as client, Connection(node.address) as waiting:
        file.location = client.create(file.size)
        waiting.send_head("PUT", path_of(file.location), [
            ("Content-Type", "application/octet-stream"), ("Content-Length", str(file.size))])
        waiting.send(file.data)
        wait_until(lambda: cluster.application.attempts(file.sha256), "the hand-off has begun")
        load.wait_for(20)
        node.pause()
        wait_until(lambda: len(cluster.application.attempts(file.sha256)) > 1 and not load.check(),
                   "another node hands over, when the lease has ended", LEASES_END_SECONDS)
        wait_until(lambda: client.status(file.location).status == 200, "the answer is there")
        node.go_on()
        held.set()
        late = read_or_closed(waiting, "PUT")
        if late is not None and late.status != 503:
            assert late.status == 200, late
            file.finish(late.body, "the node that was paused")
        file.ask_again(client)
        load.wait_for(40)
        node.kill()
        node.start()
    expect_finished(cluster, [*load.files, file])


def fsck(node, *words):
    return run_sluice("fsck", *node.args, *words, env=KEYS)


def test_fsck_finds_nothing_while_nodes_work(new_cluster):
    """What changes between two of its questions is no finding."""
    cluster = new_cluster()
    with Load(cluster, begun_seed(), 4) as load:
        for _ in range(5):
            load.wait_for(10)
            clean = fsck(cluster.nodes[0])
            assert clean.returncode == 0 and clean.stdout.endswith("checked, nothing is wrong\n"), clean
    expect_finished(cluster, load.files)


def test_fsck_compares_the_tables_with_the_bucket(new_cluster, noise):
    cluster = new_cluster()
    size = 2 * MIB
    with Client(cluster.address) as client:
        location = client.create(size)
        assert client.piece(location, 0, noise(MIB), size).status == 204
    (key,) = cluster.objects()
    stray = f"{cluster.prefix}/e/63/99/{'a' * 20}-1-0-5"
    assert cluster.ceph.request("DELETE", f"/{BUCKET}/{key}")[0] == 204
    assert cluster.ceph.request("PUT", f"/{BUCKET}/{stray}", body=b"stray")[0] == 200
    found = fsck(cluster.nodes[1])
    *findings, summary = found.stdout.splitlines()
    assert found.returncode == 1 and sorted(findings) == [
        "found: 1 objects with 5 bytes are of upload 99, which the journal does not know",
        f"found: upload 1: the journal has the bytes 0-{MIB}, and no object holds them"], found
    assert summary.endswith("1 upload and 0 videos checked, 2 findings, nothing was changed"), summary
    cluster.postgres.query("UPDATE uploads SET stored = 'nonsense'", cluster.database)
    damaged = fsck(cluster.nodes[1])
    assert damaged.returncode == 1 and "found: rows that cannot be read: 1; " in damaged.stdout, damaged
    repaired = fsck(cluster.nodes[1], "--repair")
    assert repaired.returncode == 4 and "nothing is repaired there" in repaired.stderr, repaired
    cluster.postgres.query("INSERT INTO sluice_schema (version) VALUES (99)", cluster.database)
    newer = fsck(cluster.nodes[1])
    assert newer.returncode == 4 and "have version 99" in newer.stderr and "use a newer one" in newer.stderr, newer
