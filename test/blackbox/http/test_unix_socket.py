# SPDX-License-Identifier: MIT
"""The server on a Unix socket: uploads work, and it takes no socket of another process."""

import os
import stat

import pytest

from support.sluice_server import run_sluice


@pytest.fixture
def socket_path(tmp_path):
    return str(tmp_path / "s")


def test_upload_over_a_unix_socket(new_server, connected, socket_path, noise):
    server = new_server(listen=f"unix:{socket_path}")
    assert server.stdout_text == f"listening on unix:{socket_path}\n"
    client = connected(server)
    data = noise(300_000)
    location = client.create(len(data))
    assert client.piece(location, 0, data[:100_000], len(data)).status == 204
    assert client.piece(location, 100_000, data[100_000:], len(data)).status == 200
    peers = {record["peer"] for record in server.logged("request", 3)}
    assert peers == {"unix"}


@pytest.mark.parametrize("mode", ["0600", "0666"])
def test_name_has_its_mode_and_goes_with_the_server(new_server, socket_path, mode):
    server = new_server(listen=f"unix:{socket_path}", toml=f'[server]\nsocket_mode = "{mode}"\n')
    status = os.lstat(socket_path)
    assert stat.S_ISSOCK(status.st_mode) and stat.S_IMODE(status.st_mode) == int(mode, 8)
    assert server.terminate() == 0
    assert not os.path.lexists(socket_path)


def test_name_that_a_killed_server_left_is_replaced(new_server, connected, socket_path):
    server = new_server(listen=f"unix:{socket_path}")
    server.kill()
    assert os.path.lexists(socket_path)
    server.start()
    assert connected(server).get("/healthz").status == 200


def test_name_in_use_is_refused_and_goes_on_working(new_server, connected, socket_path, tmp_path):
    server = new_server(listen=f"unix:{socket_path}")
    done = run_sluice("serve", "--listen", f"unix:{socket_path}", "--data", tmp_path / "other")
    assert done.returncode != 0 and "Address already in use" in done.stderr, done
    assert connected(server).get("/healthz").status == 200


def test_file_that_is_no_socket_is_left_alone(socket_path, tmp_path):
    with open(socket_path, "w", encoding="ascii") as file:
        file.write("precious")
    done = run_sluice("serve", "--listen", f"unix:{socket_path}", "--data", tmp_path / "other")
    assert done.returncode != 0 and socket_path in done.stderr, done
    with open(socket_path, encoding="ascii") as file:
        assert file.read() == "precious"
