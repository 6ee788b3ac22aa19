# SPDX-License-Identifier: MIT
"""`sluice check` finds mistakes that would keep the server from starting, and names the place and the key; `serve` prints
the same."""

import os
import re

import pytest

from support.sluice_server import run_sluice

SECTION = re.compile(r"(\w+)\.(\w+)")


def refused(tmp_path, toml):
    config = tmp_path / "sluice.toml"
    config.write_text(toml, encoding="utf-8")
    checked = run_sluice("check", "--config", config, cwd=tmp_path)
    served = run_sluice("serve", "--config", config, cwd=tmp_path, env={"SLUICE_LISTEN": "127.0.0.1:0"})
    assert checked.returncode == served.returncode == 2, checked.stdout
    assert checked.stdout == served.stdout == ""
    assert checked.stderr == served.stderr
    return checked.stderr


@pytest.mark.parametrize(
    "key, value",
    [
        ("backend.secret_file", "/nowhere/secret"),
        ("backend.ca_file", "/nowhere/ca.pem"),
        ("backend.directory", "/nowhere/in"),
        ("hooks.secret_file", "/nowhere/secret"),
        ("hooks.ca_file", "/nowhere/ca.pem"),
        ("auth.file", "/nowhere/credentials.toml"),
        ("video.probe", "/nowhere/sluice-probe"),
        ("data.directory", "/nowhere/data"),
        ("data.directory", "/dev/null"),
        ("admin.listen", "unix:/nowhere/sluice.sock"),
    ],
)
def test_what_is_not_there_is_refused_by_key_and_line(tmp_path, key, value):
    section, name = SECTION.fullmatch(key).groups()
    said = refused(tmp_path, f'# One line above.\n[{section}]\n{name} = "{value}"\n')
    assert said.startswith(f"sluice: {tmp_path}/sluice.toml:3: {key}: "), said
    assert value.removeprefix("unix:").rsplit("/", 1)[0] in said
    assert len(said.splitlines()) == 1


def test_a_pair_that_is_none_is_refused_by_key_and_line(tmp_path):
    said = refused(tmp_path, '[tls]\nlisten = "127.0.0.1:0"\ncertificate = "/nowhere/a.pem"\nkey = "/nowhere/b.pem"\n')
    assert f"{tmp_path}/sluice.toml:3: tls.certificate: " in said


def test_a_secret_that_is_too_short_is_refused_and_not_shown(tmp_path):
    (tmp_path / "secret").write_text("short\n", encoding="utf-8")
    said = refused(tmp_path, f'[hooks]\nsecret_file = "{tmp_path}/secret"\n')
    assert "sluice.toml:2: hooks.secret_file: " in said and "short" not in said


def test_everything_that_is_wrong_is_said_at_once(tmp_path):
    said = refused(tmp_path, '[backend]\nsecret_file = "/nowhere/a"\n[hooks]\nsecret_file = "/nowhere/b"\n')
    assert len(said.splitlines()) == 2


def test_check_changes_nothing(tmp_path):
    done = run_sluice("check", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not os.listdir(tmp_path)


def test_directory_of_others_is_refused_without_force(tmp_path, new_server, connected):
    foreign = tmp_path / "home"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years", encoding="utf-8")
    for command in ("check", "serve"):
        done = run_sluice(command, "--data", foreign, "--listen", "127.0.0.1:0")
        assert done.returncode == 2
        assert done.stderr.startswith("sluice: --data: data.directory: ")
        assert "thesis.txt" in done.stderr and "--force" in done.stderr
    assert os.listdir(foreign) == ["thesis.txt"]

    server = new_server("--force", name="home")
    assert connected(server).get("/readyz").status == 200
    assert server.terminate() == 0
    again = new_server(name="home")
    assert connected(again).get("/readyz").status == 200
    assert (foreign / "thesis.txt").read_text(encoding="utf-8") == "years"
