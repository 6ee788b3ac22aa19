# SPDX-License-Identifier: MIT
"""One server for the tests of a file, and each of the proxies in front of it."""

import pytest

from proxy_harness import PROXIES, Certificate, installed
from support.sluice_server import SluiceServer

SETTINGS = """
server.trusted_proxies = "127.0.0.1"
backend.kind = "files"
limits.file_size = "256MiB"
data.low_water = "0"
[cors]
api_origins = "https://app.example.com"
"""


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return Certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sluice")
    config = directory / "sluice.toml"
    config.write_text(SETTINGS)
    with SluiceServer(directory / "data", args=["--config", config]) as made:
        yield made


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request, tmp_path_factory, server, certificate):
    installed(request.param)
    made = PROXIES[request.param](tmp_path_factory.mktemp(request.param), server.port, certificate)
    try:
        yield made.start()
    finally:
        made.close()
