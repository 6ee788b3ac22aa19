# SPDX-License-Identifier: MIT
"""A sender that stalls within a piece and never ends it: what it has sent is kept without a word of it."""

import pytest

from support.raw_http import Connection, path_of
from support.waiting import wait_until

TOTAL = 1_000_000
SENT = 200_000


@pytest.mark.parametrize("durability", ["commit", "interval"])
def test_bytes_of_a_silent_sender_survive_the_end_of_the_server(new_server, connected, noise, durability):
    data = noise(TOTAL)
    server = new_server(toml=f'[data]\ndurability = "{durability}"\n')
    client = connected(server)
    location = client.create(TOTAL)
    with Connection(server.address) as connection:
        connection.send_head("PUT", path_of(location), [
            ("Content-Type", "application/octet-stream"), ("Content-Length", str(TOTAL))])
        connection.send(data[:SENT])
        wait_until(lambda: client.metric("sluice_commit_seconds_count") == 2, "a commit behind that of the session")
        server.restart()
    client = connected(server)
    assert client.stored(location) == SENT
    assert client.piece(location, SENT, data[SENT:], TOTAL).status == 200


def test_a_sender_that_goes_on_after_a_silence_ends_as_any_other(new_server, connected, noise):
    data = noise(TOTAL)
    server = new_server()
    client = connected(server)
    location = client.create(TOTAL)
    with Connection(server.address) as connection:
        connection.send_head("PUT", path_of(location), [
            ("Content-Type", "application/octet-stream"), ("Content-Length", str(TOTAL))])
        for begin, commits in ((0, 2), (SENT, 3)):
            connection.send(data[begin : begin + SENT])
            wait_until(lambda: client.metric("sluice_commit_seconds_count") == commits, "a commit for each silence")
        connection.send(data[2 * SENT :])
        assert connection.read_response().status == 200
    assert client.status(location, TOTAL).status == 200
