# SPDX-License-Identifier: MIT
"""A row of the journal that cannot be read: its own upload is lost to clients, everything else goes on."""

import os
import sqlite3

from support.raw_http import path_of
from support.waiting import wait_until

SETTINGS = '[expiry]\nidle = "400ms"\nsweep = "100ms"\n'


def damage(server, *statements):
    server.kill()
    with sqlite3.connect(os.path.join(server.data_dir, "journal.sqlite")) as journal:
        for statement in statements:
            journal.execute(statement)
    journal.close()
    server.start()


def blobs(server):
    folder = os.path.join(server.data_dir, "uploads")
    return sorted(name for _, _, names in os.walk(folder) for name in names)


def test_one_damaged_row_concerns_its_own_upload(new_server, connected):
    server = new_server(toml='[expiry]\nidle = "1d"\nsweep = "100ms"\n')
    client = connected(server)
    damaged, healthy, videos = client.create(9), client.create(9), []
    for location in (damaged, healthy):
        assert client.piece(location, 0, b"abc", 9).status == 204
    for _ in range(3):
        videos.append(client.whole(client.create(9), b"abcdefghi").json()["id"])
    client.close()
    damage(
        server,
        "UPDATE uploads SET stored = 'all' WHERE id = 1",
        f"UPDATE videos SET document = '{{' WHERE id = '{videos[1]}'",
    )
    client = connected(server)
    answer = client.status(damaged, 9)
    assert (answer.status, answer.json()["error"]) == (500, "RecordDamaged"), answer
    assert client.piece(damaged, 3, b"def", 9).status == 500
    assert client.stored(healthy, 9) == 3
    assert client.whole(healthy, b"abcdefghi").status == 200
    listed = [video["id"] for video in client.get("/videos.json").json()]
    assert videos[0] in listed and videos[2] in listed and videos[1] not in listed
    assert client.get(f"/videos/{videos[1]}.json").status == 500
    assert b"sluice_journal_damaged_rows 2" in client.get("/metrics").body
    words = "cannot be read and is set aside"
    wait_until(lambda: server.log().count(words) >= 2, "both rows to be logged")
    assert server.log().count(words) == 2, server.log()


def test_damaged_rows_do_not_stop_expiry(new_server, connected):
    server = new_server(toml=SETTINGS)
    client = connected(server)
    for _ in range(3):
        assert client.piece(client.create(9), 0, b"abc", 9).status == 204
    client.close()
    damage(server, "UPDATE uploads SET answer_status = 1 WHERE id = 2")
    wait_until(lambda: blobs(server) == ["2.part"], lambda: blobs(server))
    client = connected(server)
    location = client.create(9)
    wait_until(lambda: client.get(path_of(location)).status == 404, "a new one to expire")
