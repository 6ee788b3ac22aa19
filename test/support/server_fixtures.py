# SPDX-License-Identifier: MIT
"""Fixtures of tests that start servers of their own."""

import random
import shutil

import pytest

from support.raw_http import Client
from support.sluice_server import SluiceServer


@pytest.fixture
def new_server(tmp_path):
    """Makes servers of a test's own; toml is the text of their configuration file."""
    made = []

    def make(*args, toml=None, start=True, name=None, **options):
        number = len(made)
        if toml is not None:
            config = tmp_path / f"config{number}.toml"
            config.write_text(toml, encoding="utf-8")
            args = (*args, "--config", config)
        server = SluiceServer(tmp_path / (name or f"data{number}"), args=args, **options)
        made.append(server)
        return server.start() if start else server

    yield make
    for server in made:
        server.kill()
        shutil.rmtree(server.data_dir, ignore_errors=True)


@pytest.fixture
def connected():
    """Clients of a test's own servers."""
    opened = []

    def make(server, **options):
        opened.append(Client(server.address, **options))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def noise():
    """Bytes without a pattern, the same on every run."""
    return random.Random(20150313).randbytes
