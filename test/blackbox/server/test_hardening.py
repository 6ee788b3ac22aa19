# SPDX-License-Identifier: MIT
"""Files and sockets that the server hides from other programs on its machine, and its warnings."""

import os
import resource

import pytest

WARNING = "others than the server may read or change a file with secrets"


def test_process_leaves_no_core_dump(new_server):
    server = new_server()
    assert resource.prlimit(server.pid, resource.RLIMIT_CORE) == (0, 0)


def secret_file(tmp_path, mode):
    path = tmp_path / "secret"
    path.write_text("0123456789abcdef0123456789abcdef", encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode, warns", [(0o600, False), (0o640, False), (0o644, True), (0o660, True)])
def test_start_warns_of_secrets_that_others_read(new_server, tmp_path, mode, warns):
    path = secret_file(tmp_path, mode)
    server = new_server(toml=f'[hooks]\nsecret_file = "{path}"\n')
    assert server.terminate() == 0
    found = [record for record in server.log_records() if record["event"] == WARNING]
    assert bool(found) == warns
    for record in found:
        assert (record["setting"], record["file"]) == ("hooks.secret_file", str(path))
        assert record["mode"] == f"{mode:04o}"


CREDENTIALS = '[[credentials]]\nowner = "ann"\ntoken = "0123456789abcdef"\n'


@pytest.mark.parametrize(
    "toml, mode, warns", [(CREDENTIALS, 0o640, False), (CREDENTIALS, 0o644, True), (CREDENTIALS, 0o660, True), ("", 0o644, False)]
)
def test_start_warns_of_credentials_in_settings_that_others_read(new_server, tmp_path, toml, mode, warns):
    path = tmp_path / "settings.toml"
    path.write_text(toml, encoding="utf-8")
    path.chmod(mode)
    server = new_server("--config", str(path))
    assert server.terminate() == 0
    found = [record for record in server.log_records() if record["event"] == WARNING]
    assert [(r["setting"], r["file"], r["mode"]) for r in found] == [("credentials", str(path), f"{mode:04o}")] * warns


@pytest.mark.parametrize(
    "listen, has_token, warns", [("127.0.0.1:0", False, False), ("0.0.0.0:0", False, True), ("0.0.0.0:0", True, False), ("", False, False)]
)
def test_start_warns_of_admin_pages_that_others_reach(new_server, tmp_path, listen, has_token, warns):
    toml = f'[admin]\nlisten = "{listen}"\n' if listen else ""
    if has_token:
        toml += f'token_file = "{secret_file(tmp_path, 0o600)}"\n'
    server = new_server(toml=toml)
    assert server.terminate() == 0
    found = [record for record in server.log_records() if "other machines can reach admin.listen" in record["event"]]
    assert [record["level"] for record in found] == ["warn"] * warns


def test_start_warns_of_root(new_server):
    server = new_server()
    assert server.terminate() == 0
    events = [record["event"] for record in server.log_records()]
    assert any("runs as root" in event for event in events) == (os.geteuid() == 0)


def test_start_warns_of_a_limit_of_a_files_size(new_server):
    server = new_server(start=False)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, hard))
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert server.terminate() == 0
    found = [record for record in server.log_records() if "limit of this process" in record["event"]]
    assert [record["bytes"] for record in found] == [64 << 20]
