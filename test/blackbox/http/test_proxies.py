# SPDX-License-Identifier: MIT
"""The fields in which a proxy describes its clients, and the peers that are trusted as proxies."""

import pytest

from support.raw_http import Connection

TARGET = "/videos/upload.json?file_size=9&file_name=a"
FORWARDED = [("Forwarded", "for=192.0.2.7;proto=https;host=u.example.org")]
X_FORWARDED = [("X-Forwarded-For", "6.6.6.6, 192.0.2.7"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "u.example.org")]


def peers(server, count):
    return [record["peer"] for record in server.logged("request", count)]


def create(address, fields):
    with Connection(address) as connection:
        response = connection.request("POST", TARGET, fields)
        assert response.status == 201, response
        return response.json()["location"]


@pytest.mark.parametrize("fields", [FORWARDED, X_FORWARDED], ids=["forwarded", "x_forwarded"])
def test_trusted_proxy_decides_location_and_address(new_server, fields):
    server = new_server(toml='[server]\ntrusted_proxies = "10.0.0.0/8, 127.0.0.1"\nhosts = "u.example.org"\n')
    assert create(server.address, fields).startswith("https://u.example.org/uploads/")
    assert create(server.address, []).startswith(server.url + "/uploads/")
    assert server.terminate() == 0
    assert peers(server, 2) == ["192.0.2.7", "127.0.0.1"]


@pytest.mark.parametrize("fields", [FORWARDED, X_FORWARDED, FORWARDED + X_FORWARDED], ids=["forwarded", "x_forwarded", "both"])
def test_nobody_else_is_believed(new_server, fields):
    server = new_server(toml='[server]\ntrusted_proxies = "10.0.0.0/8"\n')
    assert create(server.address, fields).startswith(server.url + "/uploads/")
    assert server.terminate() == 0
    assert peers(server, 1) == ["127.0.0.1"]


def test_a_proxy_that_is_not_trusted_is_warned_of_once(new_server):
    server = new_server()
    create(server.address, [])
    for fields in (X_FORWARDED, FORWARDED):
        create(server.address, fields)
    assert server.terminate() == 0
    (line,) = (record for record in server.log_records() if record["event"].startswith("a location is made of"))
    assert line["level"] == "warn"
    assert line["peer"] == "127.0.0.1"
    assert "server.public_url" in line["advice"] and "server.trusted_proxies" in line["advice"]


def test_both_kinds_of_fields_are_not_believed(new_server):
    server = new_server(toml='[server]\ntrusted_proxies = "127.0.0.1"\n')
    assert create(server.address, FORWARDED + X_FORWARDED).startswith(server.url + "/uploads/")


def test_proxy_on_a_unix_socket(new_server, tmp_path):
    toml = '[server]\ntrusted_proxies = "unix"\nhosts = "u.example.org"\n'
    server = new_server(listen=f"unix:{tmp_path / 's'}", toml=toml)
    assert create(server.address, X_FORWARDED).startswith("https://u.example.org/uploads/")


def test_public_url_goes_before_what_a_proxy_says(new_server):
    toml = '[server]\ntrusted_proxies = "127.0.0.1"\npublic_url = "https://public.example"\nhosts = "u.example.org"\n'
    server = new_server(toml=toml)
    assert create(server.address, FORWARDED).startswith("https://public.example/uploads/")
