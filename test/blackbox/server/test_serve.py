# SPDX-License-Identifier: MIT
"""The command `sluice serve`: its line, its log, its settings, its refusals."""

import os
import re
import shutil
import signal
import stat

import pytest

from support.raw_http import path_of
from support.sluice_server import LISTENING, ServerFailed, SluiceServer, run_sluice, sluice_binary
from support.waiting import wait_until


def test_one_line_on_standard_output(new_server, connected):
    server = new_server()
    client = connected(server)
    client.whole(client.create(9), b"abcdefghi")
    client.get("/nothing")
    client.close()
    assert server.terminate() == 0
    assert LISTENING.fullmatch(server.stdout_text)


def test_port_0_takes_a_free_port(new_server):
    first, second = new_server(), new_server()
    assert first.port != second.port and first.port > 0 and second.port > 0


def test_log_is_json_lines_with_upload_and_request_ids(new_server, connected):
    server = new_server()
    client = connected(server)
    created = client.request("POST", "/videos/upload.json?file_size=9&file_name=a")
    upload_id = created.json()["id"]
    pieces = [client.piece(created.json()["location"], 0, b"abcde", 9)]
    pieces.append(client.piece(created.json()["location"], 5, b"fghi", 9))
    client.close()
    assert server.terminate() == 0
    records = server.log_records()
    assert records
    assert all({"time", "level"} <= set(record) for record in records), records[0]
    for response in (created, *pieces):
        request_id = response.header("X-Request-Id")
        of_request = [record for record in records if record.get("request") == request_id]
        assert of_request, f"no line with request id {request_id}:\n{server.log()[-3000:]}"
        assert any(int(record.get("upload", 0)) == upload_id for record in of_request), of_request


def test_log_holds_no_capability_and_no_raw_bytes(new_server, connected):
    server = new_server()
    client = connected(server)
    location = client.create(9, "evil%0A%1B[31mname.mp4")
    client.piece(location, 0, b"abcde", 9)
    client.request("GET", "/nothing%0Aforged", [("User-Agent", "x\ty")])
    client.close()
    assert server.terminate() == 0
    assert path_of(location).rsplit("/", 1)[1] not in server.log()
    assert "\x1b" not in server.log()
    server.log_records()


@pytest.mark.parametrize(
    "toml, line, nearest",
    [
        ('[server]\nlisten = "127.0.0.1:0"\nlistn = "127.0.0.1:0"\n', 3, "listen"),
        ('[limits]\nfile_sise = "1MiB"\n', 2, "file_size"),
        ('[expiri]\nidle = "1h"\n', 2, "expiry.idle"),
    ],
)
def test_unknown_key_is_refused_with_file_line_and_nearest_key(tmp_path, toml, line, nearest):
    config = tmp_path / "wrong.toml"
    config.write_text(toml, encoding="utf-8")
    for command in (("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data"), ("check",)):
        done = run_sluice(*command, "--config", config)
        assert done.returncode != 0
        assert done.stdout == ""
        assert f"wrong.toml:{line}" in done.stderr
        assert nearest in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "toml, word",
    [
        ('[limits]\nfile_size = "many"\n', "file_size"),
        ('[expiry]\nidle = "-1h"\n', "idle"),
        ("[limits]\nfile_size = [1]\n", "file_size"),
        ("[limits\n", "wrong.toml:1"),
    ],
)
def test_wrong_value_is_refused_by_name(tmp_path, toml, word):
    config = tmp_path / "wrong.toml"
    config.write_text(toml, encoding="utf-8")
    done = run_sluice("check", "--config", config)
    assert done.returncode != 0
    assert word in done.stderr and "wrong.toml" in done.stderr


def test_missing_config_is_refused_by_name(tmp_path):
    done = run_sluice("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data", "--config", tmp_path / "none.toml")
    assert done.returncode != 0
    assert "none.toml" in done.stderr


def test_unknown_environment_variable_is_refused(tmp_path):
    done = run_sluice("check", env={"SLUICE_LISTN": "127.0.0.1:0"}, cwd=tmp_path)
    assert done.returncode != 0
    assert "SLUICE_LISTN" in done.stderr


def test_unknown_flag_is_refused(tmp_path):
    done = run_sluice("serve", "--lissten", "127.0.0.1:0", cwd=tmp_path)
    assert done.returncode != 0
    assert "--lissten" in done.stderr


def test_check_prints_the_effective_settings(tmp_path):
    config = tmp_path / "good.toml"
    config.write_text('[limits]\nfile_size = "7MiB"\n[expiry]\nidle = "3h"\n', encoding="utf-8")
    done = run_sluice("check", "--config", config, env={"SLUICE_LIMITS_CONNECTIONS": "77"})
    assert done.returncode == 0, done.stderr
    assert re.search(r'file_size = "?7MiB"?', done.stdout) and re.search(r'idle = "?3h"?', done.stdout)
    assert re.search(r"connections = 77", done.stdout)


def test_what_check_prints_is_a_valid_configuration(tmp_path):
    printed = run_sluice("check", cwd=tmp_path)
    assert printed.returncode == 0, printed.stderr
    config = tmp_path / "printed.toml"
    config.write_text(printed.stdout, encoding="utf-8")
    assert run_sluice("check", "--config", config, cwd=tmp_path).returncode == 0


def test_flag_beats_environment_beats_file(new_server, connected):
    toml = '[limits]\nfile_size = "10"\n[server]\npublic_url = "http://from.file"\n'
    server = new_server("--public-url", "http://from.flag", toml=toml, env={"SLUICE_PUBLIC_URL": "http://from.env"})
    client = connected(server)
    assert client.create(9).startswith("http://from.flag/")
    server = new_server(toml=toml, env={"SLUICE_PUBLIC_URL": "http://from.env"})
    assert connected(server).create(9).startswith("http://from.env/")
    server = new_server(toml=toml)
    client = connected(server)
    assert client.create(9).startswith("http://from.file/")
    assert client.request("POST", "/videos/upload.json?file_size=11&file_name=a").status == 413


def test_configured_maximum_is_named_in_the_413(new_server, connected):
    server = new_server(toml='[limits]\nfile_size = "10MiB"\n')
    response = connected(server).request("POST", "/videos/upload.json?file_size=10485761&file_name=a")
    assert response.status == 413
    assert response.json()["error"] == "FileSizeLimitExceeded"
    assert "10485760" in response.json()["message"]
    assert connected(server).create(10485760)


def test_second_server_on_the_same_data_is_refused_by_name(new_server, connected):
    server = new_server()
    done = run_sluice("serve", "--listen", "127.0.0.1:0", "--data", server.data_dir)
    assert done.returncode != 0
    assert done.stdout == ""
    assert server.data_dir in done.stderr
    assert connected(server).get("/healthz").status == 200


def test_lock_does_not_go_stale(new_server):
    server = new_server()
    server.kill()
    server.start()
    assert server.running


def test_occupied_port_is_refused_by_name(new_server, tmp_path):
    server = new_server()
    done = run_sluice("serve", "--listen", f"127.0.0.1:{server.port}", "--data", tmp_path / "other")
    assert done.returncode != 0
    assert str(server.port) in done.stderr


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"])
def test_address_beyond_loopback_is_refused_without_open(tmp_path, address):
    done = run_sluice("serve", "--listen", address, "--data", tmp_path / "data")
    assert done.returncode != 0
    assert done.stdout == ""
    assert "--open" in done.stderr


def test_address_beyond_loopback_is_accepted_with_open(new_server, connected):
    server = new_server("--open", listen="0.0.0.0:0", start=False)
    server.start()
    server.host = "127.0.0.1"
    assert connected(server).get("/healthz").status == 200


def test_missing_probe_is_refused_by_name(tmp_path):
    config = tmp_path / "sluice.toml"
    config.write_text('[video]\nprobe = "/nowhere/sluice-probe"\n', encoding="utf-8")
    done = run_sluice("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data", "--config", config)
    assert done.returncode != 0
    assert "/nowhere/sluice-probe" in done.stderr


def test_data_directory_that_cannot_be_is_refused_by_name(tmp_path):
    (tmp_path / "file").write_text("no directory", encoding="utf-8")
    done = run_sluice("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "file" / "data")
    assert done.returncode != 0
    assert str(tmp_path / "file") in done.stderr


def test_data_directory_is_the_owners_alone(new_server, connected):
    server = new_server()
    client = connected(server)
    client.piece(client.create(9), 0, b"abcde", 9)
    for folder, _, files in os.walk(server.data_dir):
        for path in (folder, *(os.path.join(folder, name) for name in files)):
            assert not os.stat(path).st_mode & (stat.S_IRWXG | stat.S_IRWXO), path


def test_data_directory_can_move(new_server, connected, tmp_path):
    server = new_server()
    client = connected(server)
    location = client.create(9)
    client.piece(location, 0, b"abcde", 9)
    client.close()
    assert server.terminate() == 0
    shutil.move(server.data_dir, tmp_path / "elsewhere")
    moved = new_server(name="elsewhere")
    assert connected(moved).piece(location, 5, b"fghi", 9).status == 200


def test_help_and_version():
    for arguments in (("--help",), ("serve", "--help"), ("check", "--help"), ("upload", "--help"), ("--version",)):
        done = run_sluice(*arguments)
        assert done.returncode == 0, arguments
        assert done.stdout.strip()


def test_no_command_is_an_error_that_helps():
    done = run_sluice()
    assert done.returncode != 0
    assert "--help" in done.stdout + done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_an_idle_server_at_once(new_server, connected, number):
    server = new_server()
    client = connected(server)
    assert client.get("/healthz").status == 200  # Leaves an idle connection behind.
    server.signal(number)
    assert server.wait(20) == 0


def test_a_server_that_fails_says_nothing_on_standard_output(tmp_path):
    with pytest.raises(ServerFailed):
        SluiceServer(tmp_path / "data", args=["--config", tmp_path / "none.toml"], binary=sluice_binary()).start()


def received_bytes(client):
    page = client.get("/metrics").body.decode("utf-8")
    return float(re.search(r"^sluice_received_bytes_total (\S+)$", page, re.MULTILINE).group(1))


def test_drain_ends_a_running_piece_at_a_clean_offset(new_server, connected, noise, video_path):
    server = new_server(toml='[server]\ndrain = "1s"\n')
    client = connected(server)
    data = noise(3_000_000)
    location = client.create(len(data))
    running = connected(server).connection
    fields = [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(data)))]
    running.send_head("PUT", path_of(location), [*fields, ("Content-Range", f"bytes 0-{len(data) - 1}/{len(data)}")])
    running.send(data[:1_000_000])
    wait_until(lambda: received_bytes(client) >= 1_000_000, lambda: f"{received_bytes(client)} bytes received")
    client.close()
    server.signal(signal.SIGTERM)
    response = running.read_final()
    assert response.status == 503, response
    assert response.header("Retry-After")
    assert response.closes
    assert server.wait(30) == 0
    server.start()
    client = connected(server)
    held = client.stored(location, len(data))
    assert held == 1_000_000
    done = client.piece(location, held, data[held:], len(data))
    assert done.status == 200
    with open(video_path(server, done.json()), "rb") as file:
        assert file.read() == data


def test_drain_lets_a_running_piece_end(new_server, connected):
    server = new_server(toml='[server]\ndrain = "30s"\n')
    client = connected(server)
    location = client.create(9)
    running = connected(server).connection
    fields = [("Content-Type", "application/octet-stream"), ("Content-Length", "9"), ("Content-Range", "bytes 0-8/9")]
    running.send_head("PUT", path_of(location), [*fields, ("Expect", "100-continue")])
    assert running.read_response().status == 100
    client.close()
    server.signal(signal.SIGTERM)
    running.send(b"abcdefghi")
    response = running.read_final()
    assert response.status in (200, 503), response
    assert server.wait(40) == 0
    server.start()
    client = connected(server)
    if response.status == 200:
        assert client.status(location, 9).body == response.body
    else:
        assert client.stored(location, 9) < 9
        assert client.piece(location, 0, b"abcdefghi", 9).status == 200


def test_drain_takes_no_new_connections(new_server, connected):
    server = new_server(toml='[server]\ndrain = "30s"\n')
    client = connected(server)
    location = client.create(9)
    running = connected(server).connection
    fields = [("Content-Type", "application/octet-stream"), ("Content-Length", "9"), ("Content-Range", "bytes 0-8/9")]
    running.send_head("PUT", path_of(location), [*fields, ("Expect", "100-continue")])
    assert running.read_response().status == 100
    server.signal(signal.SIGTERM)

    def refused():
        try:
            with_new = connected(server).connection
            with_new.close()
            return False
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            # It was in the kernel's queue when the listening socket closed.
            return False

    wait_until(lambda: refused() or not server.running, "new connections to be refused", 20)
    running.close()
    assert server.wait(40) == 0
