# SPDX-License-Identifier: MIT
"""A large file goes to the backend without passing through memory."""

import hashlib

from support.raw_http import path_of
from support.scripted_backend import ScriptedBackend

MIB = 1024 * 1024
FILE_BYTES = 400 * MIB
PIECE = bytes(range(256)) * 4096 * 16
GROWTH_KIB = 24 * 1024


def test_body_mode_needs_no_memory_for_the_file(new_server, connected):
    with ScriptedBackend() as backend:
        server = new_server(toml=f'[backend]\nurl = "{backend.url()}"\ndigest = "sha256"\n'
                                 '[limits]\nbuffers = "4MiB"\n[delivery]\nwait = "10m"\n')
        client = connected(server, timeout=600)
        assert client.whole(client.create(3), b"abc").status == 200
        before = server.memory_kib()
        target = path_of(client.create(FILE_BYTES))
        wanted = hashlib.sha256()
        for start in range(0, FILE_BYTES, len(PIECE)):
            response = client.piece(target, start, PIECE, FILE_BYTES)
            wanted.update(PIECE)
        assert response.status == 200
        growth = server.memory_kib() - before
    request = backend.requests[1]
    assert request.size == FILE_BYTES
    assert request.headers["x-sluice-file-sha256"] == wanted.hexdigest() == request.sha256.hexdigest()
    assert growth < GROWTH_KIB, f"{growth} KiB"
