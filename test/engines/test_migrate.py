# SPDX-License-Identifier: MIT
"""The journal of one server becomes that of several nodes."""

import uuid

import pytest

from support.ceph import ACCESS_KEY, BUCKET, SECRET_KEY
from support.raw_http import path_of
from support.scripted_backend import ScriptedBackend
from support.sluice_server import ServerFailed, run_sluice

MIB = 1 << 20
KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


@pytest.fixture
def backend():
    with ScriptedBackend() as application:
        yield application


@pytest.fixture
def settings(ceph, postgres, backend):
    """Of one server, and of a node."""
    name = f"t{uuid.uuid4().hex}"
    postgres.query(f"CREATE DATABASE {name}")
    alone = (f'[store]\nurl = "s3://{BUCKET}/{name}"\n[s3]\nendpoint = "{ceph.url}"\n'
             f'[backend]\nurl = "{backend.url()}"\n')
    place = postgres.connection.replace("dbname=postgres", f"dbname={name}")
    yield alone, f'[journal]\nurl = "{place}"\n' + alone
    postgres.query(f"DROP DATABASE {name} WITH (FORCE)")


def migrate(server, config):
    return run_sluice("migrate", "--config", config, env={**KEYS, "SLUICE_DATA": server.data_dir})


def test_uploads_go_on_where_they_were_on_every_node(settings, new_server, connected, backend, noise, tmp_path):
    alone, shared = settings
    server = new_server(toml=alone, env=KEYS)
    data = noise(4 * MIB)
    client = connected(server)
    finished = client.create(MIB)
    answer = client.whole(finished, data[:MIB])
    assert answer.status == 200
    location = path_of(client.create(len(data)))
    assert client.piece(location, 0, data[:MIB], len(data)).status == 204
    assert server.terminate() == 0

    config = tmp_path / "nodes.toml"
    config.write_text(shared, encoding="utf-8")
    server.args = ["--config", str(config)]
    with pytest.raises(ServerFailed, match="sluice migrate"):
        server.start()
    done = migrate(server, config)
    assert done.returncode == 0 and done.stdout.startswith("2 uploads, 0 videos and files, "), done
    again = migrate(server, config)
    assert again.returncode == 4 and "there is no " in again.stderr, again

    nodes = [connected(server.start()), connected(new_server(toml=shared, env=KEYS))]
    for node in nodes:
        assert node.stored(location) == MIB
        repeated = node.piece(path_of(finished), MIB - 1, data[MIB - 1 : MIB], MIB)
        assert repeated.status == 200 and repeated.json() == answer.json(), repeated
    assert nodes[1].piece(location, MIB, data[MIB : 2 * MIB], len(data)).status == 204
    assert nodes[0].piece(location, 2 * MIB, data[2 * MIB :], len(data)).status == 200
    request = backend.wait_for(2)
    assert request.size >= len(data)


def test_what_cannot_be_migrated_is_refused_and_stays(settings, new_server, tmp_path):
    alone, shared = settings
    server = new_server(toml=alone, env=KEYS)
    assert server.terminate() == 0
    config = tmp_path / "nodes.toml"
    config.write_text(alone, encoding="utf-8")
    refused = migrate(server, config)
    assert refused.returncode == 2 and "expected journal.url" in refused.stderr, refused
    config.write_text(shared, encoding="utf-8")
    running = new_server(toml=alone.replace("s3://", "s3://").replace(f"{BUCKET}/", f"{BUCKET}/other-"), env=KEYS)
    refused = migrate(running, config)
    assert refused.returncode == 4 and "in use" in refused.stderr, refused
    assert migrate(server, config).returncode == 0
