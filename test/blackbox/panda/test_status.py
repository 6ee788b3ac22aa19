# SPDX-License-Identifier: MIT
"""Status queries during a request that still runs, and after one whose connection died without a word."""

import hashlib

import pytest

from support.raw_http import OCTETS, Client, Connection, path_of, stored_bytes
from support.waiting import wait_until

PIECE = 64 * 1024 * 1024
ARRIVED = 21 * 1024 * 1024 + 12_345


def received_bytes(server):
    with Client(server.address) as client:
        page = client.get("/metrics").body.decode()
    return next(int(float(line.split()[1])) for line in page.splitlines() if line.startswith("sluice_received_bytes_total "))


class Silent:
    """A request whose sender stops in the middle and keeps the connection open."""

    def __init__(self, server, location, data, fields, framing=None):
        self.server = server
        self.connection = Connection(server.address)
        self.connection.send_head("PUT", path_of(location), [("Content-Type", OCTETS), *fields])
        self.send(data, framing)

    def send(self, data, framing=None):
        """Returns when the server has taken all of it from the network."""
        before = received_bytes(self.server)
        self.connection.send(framing(data) if framing else data)
        wait_until(lambda: received_bytes(self.server) - before == len(data), "the bytes at the server")

    def goes_on(self, data):
        self.connection.send(data)
        return self.connection.read_final()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.connection.close()


def length(count):
    return [("Content-Length", str(count))]


def wait_until_told(client, location, count, total=""):
    """A disk that is slower than a status query waits makes the next one tell."""
    wait_until(lambda: client.stored(location, total) == count, f"{count} bytes in the status")


def ranged(total):
    return [("Content-Range", f"bytes 0-{total - 1}/{total}")]


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_tells_exactly_what_a_silent_piece_brought(client, server, noise, method):
    data = noise(PIECE)
    location = client.create(PIECE)
    with Silent(server, location, data[:ARRIVED], [*ranged(PIECE), *length(PIECE)]) as silent:
        wait_until(lambda: stored_bytes(client.status(location, PIECE, method)) == ARRIVED, "the bytes in the status")
        assert client.stored(location) == ARRIVED
        # It was neither cut off nor disturbed.
        done = silent.goes_on(data[ARRIVED:])
        assert done.status == 200, done
        assert done.header("Range") == f"0-{PIECE - 1}"


def test_description_tells_exactly_what_a_silent_piece_brought(client, server, noise):
    location = client.create(PIECE)
    with Silent(server, location, noise(ARRIVED), [*ranged(PIECE), *length(PIECE)]):
        wait_until(lambda: client.get(path_of(location)).json()["received"] == ARRIVED, "the bytes in the description")
        assert client.get(path_of(location)).json()["stored"] == [[0, ARRIVED - 1]]


def test_a_chunked_piece_is_told_too(client, server, noise):
    data = noise(ARRIVED)
    location = client.create(PIECE)
    head = [*ranged(PIECE), ("Transfer-Encoding", "chunked")]
    with Silent(server, location, data, head, framing=lambda bytes: b"%x\r\n%s" % (PIECE, bytes)):
        wait_until_told(client, location, ARRIVED, PIECE)


def test_the_whole_file_in_one_request_is_told_too(client, server, noise):
    location = client.create(PIECE)
    with Silent(server, location, noise(ARRIVED), length(PIECE)):
        wait_until_told(client, location, ARRIVED, PIECE)


def test_few_bytes_of_a_slow_sender_are_told(client, server):
    location = client.create(PIECE)
    with Silent(server, location, b"x", [*ranged(PIECE), *length(PIECE)]) as slow:
        for count in range(1, 4):
            wait_until_told(client, location, count, PIECE)
            slow.send(b"x")


def test_of_a_file_that_may_be_another_one_nothing_is_told(client, server):
    location = client.create(PIECE)
    head = [("Transfer-Encoding", "chunked")]
    with Silent(server, location, b"x" * 100_000, head, framing=lambda bytes: b"%x\r\n%s" % (PIECE, bytes)):
        assert client.stored(location, PIECE) == 0


@pytest.mark.parametrize("durability", ["commit", "interval", "none"])
def test_what_was_told_survives_a_kill(new_server, connected, noise, durability):
    server = new_server(toml=f'[data]\ndurability = "{durability}"\n')
    data = noise(ARRIVED)
    location = connected(server).create(ARRIVED + 1)
    with Silent(server, location, data, [*ranged(ARRIVED + 1), *length(ARRIVED + 1)]):
        description = connected(server)
        assert description.request("HEAD", path_of(location)).status == 200
        wait_until(lambda: description.get(path_of(location)).json()["received"] == ARRIVED, "the bytes")
        server.kill()
    server.start()
    assert connected(server).stored(location) == ARRIVED


def test_a_page_that_asks_all_the_time_does_not_harm_its_upload(client, server, noise, video_path):
    data = noise(PIECE)
    location = client.create(PIECE)
    told = [0]
    with Silent(server, location, data[:1], [*ranged(PIECE), *length(PIECE)]) as running:
        step = PIECE // 8
        for at in range(1, PIECE, step):
            running.send(data[at : at + step])
            told.append(client.stored(location))
        done = running.connection.read_final()
    assert told == sorted(told)
    with open(video_path(server, done.json()), "rb") as file:
        assert hashlib.sha256(file.read()).digest() == hashlib.sha256(data).digest()
