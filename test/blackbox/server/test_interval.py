# SPDX-License-Identifier: MIT
"""durability = "interval" and "none": SIGKILL loses nothing that was acknowledged; a power cut takes at most what was not
synced yet, or committed.

A power cut is simulated by its only trace: another boot id than the one that the journal has recorded.
"""

import os
import sqlite3
from contextlib import closing

import pytest

from support.waiting import wait_until

TOTAL = 300_000
PIECE = 100_000


# The end of `unsynced` with which version 13 of the journal means the end of the blob.
OPEN_END = 1 << 53


def settings(interval, durability="interval"):
    return f'[data]\ndurability = "{durability}"\nsync_interval = "{interval}"\n'


def journal(server):
    """No process may have the journal open."""
    return closing(sqlite3.connect(os.path.join(server.data_dir, "journal.sqlite")))


def begin_another_run_of_the_machine(server):
    with journal(server) as database:
        database.execute("UPDATE machine SET boot_id = 'the one before'")
        database.commit()


def unsynced(server):
    with journal(server) as database:
        return [row[0] for row in database.execute("SELECT unsynced FROM uploads WHERE unsynced <> ''")]


def count(client, histogram):
    return client.metric(f"{histogram}_count")


@pytest.fixture
def data(noise):
    return noise(TOTAL)


def send_two_pieces(client, data):
    location = client.create(TOTAL)
    for begin in (0, PIECE):
        assert client.piece(location, begin, data[begin : begin + PIECE], TOTAL).status == 204
    return location


def finish(client, location, data, server, video_path):
    begin = client.stored(location)
    done = client.piece(location, begin, data[begin:], TOTAL)
    assert done.status == 200, done
    with open(video_path(server, done.json()), "rb") as file:
        assert file.read() == data


@pytest.mark.parametrize("durability", ["interval", "none"])
def test_a_kill_loses_nothing(new_server, connected, data, video_path, durability):
    server = new_server(toml=settings("60s", durability))
    client = connected(server)
    location = send_two_pieces(client, data)
    assert count(client, "sluice_sync_seconds") == 0, "a piece waited for the disk"
    assert count(client, "sluice_commit_seconds") == 3, "the session and both pieces"
    server.restart()
    client = connected(server)
    assert client.stored(location) == 2 * PIECE
    finish(client, location, data, server, video_path)
    server.kill()
    assert unsynced(server) == []


@pytest.mark.parametrize("durability", ["interval", "none"])
def test_a_power_cut_takes_what_was_not_synced(new_server, connected, data, video_path, durability):
    server = new_server(toml=settings("60s", durability))
    location = send_two_pieces(connected(server), data)
    server.kill()
    assert unsynced(server) == [f"0-{2 * PIECE}"]
    begin_another_run_of_the_machine(server)
    server.start()
    client = connected(server)
    assert client.stored(location) == 0
    finish(client, location, data, server, video_path)
    answer = client.status(location, TOTAL)
    server.kill()
    begin_another_run_of_the_machine(server)
    server.start()
    assert connected(server).status(location, TOTAL).body == answer.body


@pytest.mark.parametrize("durability", ["interval", "none"])
def test_bytes_that_only_the_blob_of_version_13_tells_are_stored(new_server, connected, data, video_path, durability):
    server = new_server(toml=settings("60s", durability))
    location = send_two_pieces(connected(server), data)
    server.kill()
    with journal(server) as database:
        database.execute("UPDATE uploads SET stored = ?, unsynced = ?", (f"0-{PIECE}", f"0-{OPEN_END}"))
        database.executescript("""
            DROP TABLE extents;
            DROP TRIGGER extents_without_blob;
            DROP TRIGGER extents_without_upload;
            DROP TRIGGER owners_set_aside;
            DROP TRIGGER owners_set_aside_ended;
            DROP TRIGGER owners_set_aside_deleted;
            DROP INDEX uploads_unmade;
            DROP INDEX uploads_promised;
            CREATE INDEX uploads_promised ON uploads (file_size) WHERE state = 'receiving' AND stored = '';
        """)
        for column in ("version", "dialect", "words", "is_partial", "size_known", "partials",
                       "cleared"):  # Of later versions.
            database.execute(f"ALTER TABLE uploads DROP COLUMN {column}")
        database.execute("PRAGMA user_version = 13")
        database.commit()
    assert unsynced(server) == [f"0-{OPEN_END}"]
    server.start()
    client = connected(server)
    assert client.stored(location) == 2 * PIECE
    finish(client, location, data, server, video_path)


def test_after_the_interval_a_power_cut_takes_nothing(new_server, connected, data):
    server = new_server(toml=settings("10ms"))
    client = connected(server)
    location = send_two_pieces(client, data)
    wait_until(lambda: client.metric("sluice_unsynced_uploads") == 0, "a round")
    server.kill()
    begin_another_run_of_the_machine(server)
    server.start()
    assert connected(server).stored(location) == 2 * PIECE


@pytest.mark.parametrize("durability", ["interval", "none"])
def test_the_end_of_the_server_syncs_everything(new_server, connected, data, durability):
    server = new_server(toml=settings("60s", durability))
    location = send_two_pieces(connected(server), data)
    assert server.terminate() == 0
    assert unsynced(server) == []
    begin_another_run_of_the_machine(server)
    server.start()
    assert connected(server).stored(location) == 2 * PIECE


@pytest.mark.parametrize("durability", ["commit", "interval"])
def test_what_a_killed_server_has_left_is_synced_by_the_next(new_server, connected, data, durability):
    server = new_server(toml=settings("60s"))
    location = send_two_pieces(connected(server), data)
    server.kill()
    server.env.update(SLUICE_DATA_DURABILITY=durability, SLUICE_DATA_SYNC_INTERVAL="10ms")
    server.start()
    client = connected(server)
    wait_until(lambda: count(client, "sluice_sync_seconds") >= 1, "a sync")
    assert server.terminate() == 0
    assert unsynced(server) == []
    begin_another_run_of_the_machine(server)
    server.start()
    assert connected(server).stored(location) == 2 * PIECE
