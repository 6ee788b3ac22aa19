# SPDX-License-Identifier: MIT
"""Two servers that share a journal in PostgreSQL and a bucket in Ceph: the shortest way through both."""

import uuid

import pytest

from support.ceph import ACCESS_KEY, BUCKET, SECRET_KEY
from support.scripted_backend import ScriptedBackend

MIB = 1 << 20
KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


@pytest.fixture
def backend():
    with ScriptedBackend() as application:
        yield application


def test_an_upload_whose_pieces_go_to_two_nodes(ceph, postgres, new_server, connected, backend, noise):
    toml = (f'[journal]\nurl = "{postgres.connection}"\n[store]\nurl = "s3://{BUCKET}/t/{uuid.uuid4().hex}"\n'
            f'[s3]\nendpoint = "{ceph.url}"\n[backend]\nurl = "{backend.url()}"\n')
    nodes = [connected(new_server(toml=toml, env=KEYS)) for _ in range(2)]
    data = noise(9 * MIB)
    location = nodes[0].create(len(data))
    path = location[location.index("/", 8):]
    for number, begin in enumerate(range(0, len(data), MIB)):
        node = nodes[number % 2]
        assert node.stored(path) == begin
        done = node.piece(path, begin, data[begin : begin + MIB], len(data))
        assert done.status == (204 if begin + MIB < len(data) else 200), done
    assert backend.wait_for(1).sha256
    for node in nodes:
        assert node.get("/readyz").status == 200
        again = node.piece(path, len(data) - 1, data[-1:], len(data))
        assert again.status == 200 and again.json() == done.json(), again
