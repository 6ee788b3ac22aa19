# SPDX-License-Identifier: MIT
"""`sluice status`, `sluice uploads` and `sluice top`: the running server seen from the shell."""

import json
import os
import pty
import re
import select
import signal
import subprocess

import pytest

from support.raw_http import Connection, path_of
from support.sluice_server import run_sluice, sluice_binary
from support.waiting import wait_until


@pytest.fixture
def server(new_server):
    return new_server()


@pytest.fixture
def client(server, connected):
    return connected(server)


@pytest.fixture
def ask(server):
    def run(*arguments):
        return run_sluice(*arguments, "--data", server.data_dir)
    return run


def receiving(client, size=9, name="a b.mp4", parameters="&user=5"):
    """The path of an upload with five bytes."""
    fields = [("Content-Type", "application/x-www-form-urlencoded")]
    opened = client.request("POST", "/videos/upload.json", fields,
                            f"file_size={size}&file_name={name}{parameters}".encode())
    path = path_of(opened.json()["location"])
    assert client.piece(path, 0, b"abcde", size).status == 204
    return path


def test_status(client, ask):
    receiving(client)
    done = ask("status")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"ready; 1 receiving; \d+ connections, \d+ B received, [\d.]+ \w+ free; up \d:\d\d\n", done.stdout)
    status = json.loads(ask("status", "--json").stdout)
    assert status["ready"] is True and status["uploads"] == {"receiving": 1} and status["bytes_received"] >= 5


def test_a_server_that_is_not_ready_says_why(new_server):
    server = new_server(toml='[data]\nlow_water = "1000TiB"\n')
    done = run_sluice("status", "--data", server.data_dir)
    assert done.returncode == 1
    assert done.stdout.startswith("not ready; no uploads")
    assert "\nnot ready: " in done.stdout and "bytes of disk are free" in done.stdout


def test_uploads_are_listed_and_shown(client, ask):
    path = receiving(client)
    receiving(client, name="b.mp4")
    client.piece(path, 5, b"fghi", 9)
    lines = ask("uploads", "list").stdout.splitlines()
    assert lines[0].split() == ["ID", "STATE", "SIZE", "DONE", "RATE", "AGE", "NAME"]
    rows = [re.split(r" {2,}", line.strip()) for line in lines[1:]]
    assert all(re.fullmatch(r"\d:\d\d", row.pop(4)) for row in rows), lines  # The age.
    assert rows == [["1", "delivered", "9 B", "100%", "a b.mp4"], ["2", "receiving", "9 B", "55%", "b.mp4"]]
    (only,) = ask("uploads", "list", "--state", "receiving", "--json").stdout.splitlines()
    assert json.loads(only)["arrived"] == 5
    assert ask("uploads", "list", "--owner", "nobody").stdout.splitlines() == lines[:1]
    shown = ask("uploads", "show", "1")
    assert re.search(r"^parameters +\{\"user\":\"5\"\}$", shown.stdout, re.MULTILINE)
    assert json.loads(ask("uploads", "show", "1", "--json").stdout)["answer"]["id"]
    assert path.rsplit("/", 1)[1] not in shown.stdout
    for arguments, code in ((("show", "9"), 1), (("show", "0"), 2), (("show",), 2), (("list", "--state", "lost"), 1)):
        assert ask("uploads", *arguments).returncode == code, arguments


def test_bytes_on_their_way_are_shown(server, client, ask):
    """The request goes on, and none of it was acknowledged: the rate is that of now."""
    size = 1 << 20
    path = path_of(client.create(size))
    fields = [("Content-Type", "application/octet-stream"), ("Content-Length", str(size)),
              ("Content-Range", f"bytes 0-{size - 1}/{size}")]
    with Connection((server.host, server.port)) as sender:
        sender.send_head("PUT", path, fields)
        sender.send(b"x" * 700_000)

        def shown():
            upload = json.loads(ask("uploads", "show", "1", "--json").stdout)
            return upload if upload["arrived"] > 0 else None
        upload = wait_until(shown, "bytes to be shown")
        assert upload["is_being_written"] is True and upload["arrived"] <= 700_000
        assert re.search(r" open +\d", ask("uploads", "list").stdout)


def test_more_uploads_than_a_page_has(client, ask):
    for number in range(101):
        assert client.create(number + 1)
    assert [json.loads(line)["id"] for line in ask("uploads", "list", "--json").stdout.splitlines()] == list(range(1, 102))
    assert ask("uploads", "list").stdout.count("STATE") == 1


def test_the_operator_ends_an_upload(server, client, ask):
    path = receiving(client)
    done = ask("uploads", "abort", "1")
    assert (done.returncode, done.stdout) == (0, "upload 1 is aborted\n")
    assert client.piece(path, 5, b"fghi", 9).status in (404, 410)
    assert server.logged("the operator has ended an upload")
    again = ask("uploads", "abort", "1")
    assert again.returncode == 1 and "upload 1 is aborted: only one that is being received" in again.stderr


def test_no_server_is_an_exit_code_of_its_own(tmp_path):
    for arguments in (("status",), ("uploads", "list"), ("top",)):
        done = run_sluice(*arguments, "--data", tmp_path)
        assert done.returncode == 4 and "no server answers" in done.stderr and "--data" in done.stderr


def test_top_prints_one_picture_where_there_is_no_terminal(client, ask):
    receiving(client)
    done = ask("top")
    assert done.returncode == 0
    assert done.stdout.startswith("ready; 1 receiving; ") and "a b.mp4" in done.stdout and "\x1b" not in done.stdout


def test_top_is_live_on_a_terminal(server, client):
    receiving(client, name="long " + "x" * 200)
    leader, follower = pty.openpty()
    process = subprocess.Popen([sluice_binary(), "top", "--interval", "0.1", "--data", server.data_dir],
                               stdin=subprocess.DEVNULL, stdout=follower, stderr=follower)
    os.close(follower)
    shown = b""
    while shown.count(b"\x1b[H") < 4:
        assert select.select([leader], [], [], 30)[0], shown
        shown += os.read(leader, 4096)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    os.close(leader)
    pictures = [picture.split("\x1b[J")[0] for picture in shown.decode().split("\x1b[H")[1:-1]]
    for picture in pictures:
        lines = [line.rstrip("\r\n").replace("\x1b[K", "") for line in picture.split("\n")]
        assert lines[0].startswith("ready; 1 receiving")
        assert "long xxx" in picture
        assert all(len(line) <= 80 for line in lines[1:]), lines
