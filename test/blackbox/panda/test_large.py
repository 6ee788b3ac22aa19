# SPDX-License-Identifier: MIT
"""A 4 GiB upload whose connection is cut ten times arrives bit-identical."""

import os
import random

from support.generated_file import GeneratedFile, sha256_of_file
from support.raw_http import path_of
from support.waiting import wait_until

SIZE = 4 << 30
CUTS = 10
SEED = 4


def send_rest(connection, location, source, begin, until):
    """One PUT of everything from begin on, of which only the bytes before until are sent."""
    fields = [("Content-Type", "application/octet-stream"), ("Content-Length", str(source.size - begin))]
    fields.append(("Content-Range", f"bytes {begin}-{source.size - 1}/{source.size}"))
    connection.send_head("PUT", path_of(location), fields)
    for piece in source.pieces(begin, until):
        connection.send(piece)


def settled_offset(client, location, source, at_least):
    """The bytes that the server holds once it has noticed the cut: the same number twice, and no less than before."""
    last = -1

    def settled():
        nonlocal last
        previous, last = last, client.stored(location, source.size)
        assert last >= at_least, f"{last} bytes after {at_least} were acknowledged"
        return last == previous

    wait_until(settled, lambda: f"{last} bytes")
    return last


def test_4_gib_with_ten_cuts_arrive_bit_identical(new_server, connected, video_path):
    source = GeneratedFile(SIZE, seed=SEED)
    cuts = sorted(random.Random(SEED).sample(range(1 << 20, SIZE), CUTS))
    server = new_server()
    client = connected(server, timeout=300)
    location = client.create(SIZE, "large.bin")
    offset = 0
    happened = 0
    for number, cut in enumerate(cuts):
        sender = connected(server, timeout=300).connection
        send_rest(sender, location, source, offset, max(cut, offset + 1))
        if number % 2:
            sender.abort()
        else:
            sender.close()
        happened += 1
        offset = settled_offset(client, location, source, offset)
        print(f"cut at {cut}: the server holds {offset}")
    assert happened == CUTS and 0 < offset < SIZE
    sender = connected(server, timeout=300).connection
    send_rest(sender, location, source, offset, SIZE)
    response = sender.read_final()
    assert response.status == 200, response
    path = video_path(server, response.json())
    assert os.path.getsize(path) == SIZE
    assert sha256_of_file(path) == source.sha256()
