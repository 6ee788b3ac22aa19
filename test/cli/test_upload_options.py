# SPDX-License-Identifier: MIT
"""`sluice upload`: what is sent beside the bytes, and which files are meant."""

import json
import os
import re
import subprocess
import unicodedata

import pytest

from support.fault_proxy import MoveLocation, Throttle
from support.sluice_server import SluiceServer
from upload_harness import PIECE, assert_uploaded, make_file, sha256, terminal_of, upload

KEY = "key-of-a-camera-0123456789"


@pytest.fixture
def folder(tmp_path):
    """holiday/{a.mp4,b.mov,notes.txt,day 1/c.mp4}"""
    root = tmp_path / "holiday"
    (root / "day 1").mkdir(parents=True)
    for number, name in enumerate(["a.mp4", "b.mov", "notes.txt", "day 1/c.mp4"]):
        make_file(root / name, 1000 + number)
    return root


def forms(panda):
    return [one.form for one in panda.uploads.values()]


def test_parameters_and_types(command, panda, proxy, source, tmp_path):
    args = ["--param", "user=5", "--param", "note=a=b & c", "--to", proxy.url]
    assert_uploaded(command.run(source, *args), source)
    other = make_file(tmp_path / "noending", 5)
    assert command.run(other, *args).returncode == 0
    assert command.run(other, *args, "--content-type", "audio/x-own").returncode == 0
    given = {"user": "5", "note": "a=b & c"}
    assert forms(panda) == [
        {"file_size": str(source.stat().st_size), "file_name": source.name, "content_type": "video/mp4", **given},
        {"file_size": "5", "file_name": "noending", **given},
        {"file_size": "5", "file_name": "noending", "content_type": "audio/x-own", **given}]


@pytest.mark.parametrize("option, value", [
    ("--param", "user=5"), ("--include", "*.m*"), ("--exclude", "*.txt"), ("--header", "X-Gateway: 1")])
def test_a_word_behind_an_option_that_may_be_repeated_is_a_file(command, proxy, folder, option, value):
    done = command.run("-n", "-r", "--to", proxy.url, option, value, folder)
    assert (done.returncode, "a.mp4" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("option, field, value", [
    ("--api-key-file", "x-api-key", KEY), ("--token-file", "authorization", "Bearer " + KEY)])
def test_a_credential_opens_the_session_and_goes_nowhere_else(command, proxy, source, tmp_path, option, field, value):
    (tmp_path / "key").write_text(KEY + "\r\nanother line\n")
    assert_uploaded(upload(command, proxy, source, option, tmp_path / "key"), source)
    assert [request.headers.get(field) for request in proxy.requests] == [value] + [None] * (len(proxy.requests) - 1)


def test_the_environment_may_have_the_key(command, proxy, source, tmp_path):
    command.environment["SLUICE_API_KEY"] = KEY
    command.environment["SLUICE_SERVER"] = proxy.url
    assert_uploaded(command.run(source), source)
    assert proxy.requests[0].headers["x-api-key"] == KEY
    (tmp_path / "key").write_text("another-key")
    assert_uploaded(command.run(source, "--api-key-file", tmp_path / "key"), source)
    assert [request.headers.get("x-api-key") for request in proxy.requests if request.method == "POST"] == [
        KEY, "another-key"]


def test_the_server_takes_its_own_credentials(command, source, tmp_path):
    made = subprocess.run([os.environ["SLUICE_BINARY"], "credentials", "--file", tmp_path / "credentials", "add",
                           "--owner", "ann"], capture_output=True, text=True, check=True)
    (tmp_path / "key").write_text(re.search(r'^api_key = "(.+)"$', made.stdout, re.MULTILINE)[1])
    (tmp_path / "sluice.toml").write_text(f'[auth]\nfile = "{tmp_path / "credentials"}"\n')
    with SluiceServer(tmp_path / "data", ["--config", str(tmp_path / "sluice.toml")]) as server:
        assert "All required parameters were not supplied" in command.run(source, "--to", server.url).stderr
        for option in ("--api-key-file", "--token-file"):
            done = command.run(source, "--to", server.url, option, tmp_path / "key")
            assert done.returncode == 0, done.stderr


def test_fields_for_a_gateway_go_to_the_named_server_alone(command, proxy, source):
    proxy.script(MoveLocation(on=4))
    assert_uploaded(upload(command, proxy, source, "-H", "X-Gateway: 1", "--header", "X-Other:2"), source)
    seen = {(request.via_port, request.headers.get("x-gateway"), request.headers.get("x-other"))
            for request in proxy.requests}
    assert seen == {(proxy.port, "1", "2"), (proxy.second_port, None, None)}


@pytest.mark.parametrize("args", [
    ["--header", "no colon"], ["--header", "Bad Name: 1"], ["--header", "X: a\r\nY: b"], ["--param", "novalue"],
    ["--param", "=1"], ["--api-key-file", "/dev/null"], ["--api-key-file", "/nowhere"], ["-j", "0"], ["-j", "65"],
    ["--bwlimit", "0"], ["--token-file", "/etc/hostname", "--api-key-file", "/etc/hostname"]])
def test_what_cannot_be_meant_is_a_usage_error(command, proxy, source, args):
    result = upload(command, proxy, source, *args)
    assert result.returncode == 2, result.stderr
    assert proxy.requests == []


def test_a_folder_and_what_of_it_is_meant(command, panda, proxy, folder):
    done = command.run("-r", folder, "--to", proxy.url, "--include", "*.mp4", "--include", "*.mov", "--exclude", "b*")
    assert done.returncode == 0, done.stderr
    assert [(form["file_name"], form["relativePath"]) for form in forms(panda)] == [
        ("a.mp4", "holiday/a.mp4"), ("c.mp4", "holiday/day 1/c.mp4")]
    assert "2 of 2 files uploaded, " in done.stderr and done.stderr.endswith(", 0 retries\n")


def test_a_dry_run_lists_and_sends_nothing(command, proxy, folder):
    done = command.run("-n", "-r", folder, "--exclude", "notes.txt", "--to", proxy.url)
    assert done.returncode == 0
    assert [line.split(None, 2)[-1] for line in done.stdout.splitlines()] == [
        str(folder / name) for name in ("a.mp4", "b.mov", "day 1/c.mp4")]
    assert done.stderr == "3 files, 2.9 KiB; nothing was sent\n"
    assert proxy.requests == []


def test_files_of_a_list(command, panda, proxy, folder, tmp_path):
    (tmp_path / "list").write_text(f"{folder / 'b.mov'}\n\n{folder / 'a.mp4'}\n")
    assert command.run("--files-from", tmp_path / "list", "--to", proxy.url).returncode == 0
    assert [form["file_name"] for form in forms(panda)] == ["b.mov", "a.mp4"]


def test_several_at_once(command, panda, proxy, tmp_path):
    """Each throttled connection lasts for a second; one after the other they would for six."""
    files = [make_file(tmp_path / f"{number}.mp4", PIECE + number) for number in range(6)]
    proxy.script(Throttle(PIECE, times=None))
    done = command.run(*files, "--to", proxy.url, "-j", "6", "--json")
    assert done.returncode == 0, done.stdout
    events = [json.loads(line) for line in done.stdout.splitlines()]
    videos = {event["file"]: event["video"]["sha256"] for event in events if event["event"] == "done"}
    assert videos == {path.name: sha256(path) for path in files}
    first_done = next(i for i, event in enumerate(events) if event["event"] == "done")
    assert {event["file"] for event in events[:first_done]} == set(videos), "all began before one ended"
    summary = events[-1]
    assert summary["event"] == "summary" and (summary["files"], summary["done"], summary["failed"]) == (6, 6, 0)
    assert summary["bytes"] == sum(path.stat().st_size for path in files)


def test_the_limit_of_the_rate_holds(command, proxy, tmp_path):
    """libcurl lets a burst through at the beginning; the whole takes its time."""
    source = make_file(tmp_path / "a.mp4", 512 * 1024)
    done = command.run(source, "--to", proxy.url, "--bwlimit", "256KiB", "--piece-size", "64KiB", "--json")
    assert done.returncode == 0
    stamps = [json.loads(line) for line in done.stdout.splitlines()]
    rates = [event["bytes_per_second"] for event in stamps if "bytes_per_second" in event]
    assert rates and rates[-1] < 1024 * 1024


def test_an_answer_with_the_digest_of_other_bytes_is_no_success(command, panda, proxy, source):
    panda.final_answer = (200, json.dumps({"id": "1", "sha256": "0" * 64}))
    result = upload(command, proxy, source)
    assert result.returncode == 6
    assert "the server has other bytes: their SHA-256 is 0000" in result.stderr and sha256(source) in result.stderr
    assert result.stdout == "" and command.state_files == []


def test_a_server_that_compares_nothing_is_said_to(command, panda, proxy, source):
    panda.final_answer = (200, json.dumps({"id": "1"}))
    result = upload(command, proxy, source)
    assert result.returncode == 0
    assert result.stderr.endswith(", 0 retries; no byte verified\n")
    assert not any("content-digest" in request.headers for request in proxy.requests)


def test_the_digest_is_that_of_the_whole_file_also_after_an_interruption(command, panda, proxy, source):
    proxy.script(Throttle(20_000, on=4))
    process = command.start(source, "--to", proxy.url, "--piece-size", "64KiB")
    assert proxy.wait_until(lambda p: len(p.requests) >= 4 and p.requests[3].body_bytes > 0)
    process.kill()
    process.communicate()
    panda.final_answer = (200, json.dumps({"sha256": sha256(source).upper()}))
    again = upload(command, proxy, source)
    assert again.returncode == 0 and "continuing at" in again.stderr


def test_a_terminal_shows_a_line_for_each_file_and_one_for_all(command, proxy, tmp_path):
    files = [make_file(tmp_path / f"{number}.mp4", 2 * PIECE) for number in range(3)]
    proxy.script(Throttle(100_000, times=None))
    code, shown = terminal_of(command, *files, "--to", proxy.url, "-j", "3")
    assert code == 0
    blocks = [block for block in shown.split("\x1b[J") if "of 3 files" in block]
    full = [block for block in blocks if all(f"{number}.mp4 " in block for number in range(3)) and ": " not in block]
    assert full, shown
    lines = full[0].split("\r\n")
    names = [re.split(r" +\[", line.strip("\r"))[0] for line in lines[:4]]
    assert (sorted(names[:3]), names[3]) == (["0.mp4", "1.mp4", "2.mp4"], "0 of 3 files")
    assert len({line.find("[") for line in (re.sub(r"\x1b\[[0-9]*[A-Z]|\r", "", line) for line in lines[:4])}) == 1
    assert all(len(re.sub(r"\x1b\[[0-9]*[A-Z]", "", line).strip("\r")) <= 80 for line in lines)
    assert shown.rstrip().endswith(", 0 retries")


def test_bars_stand_below_each_other_whatever_the_letters(command, proxy, tmp_path):
    files = [make_file(tmp_path / name, 2 * PIECE) for name in ("東京の映画.mp4", "u\u0308ber.mp4", "b.mp4")]
    proxy.script(Throttle(100_000, times=None))
    code, shown = terminal_of(command, *files, "--to", proxy.url, "-j", "3")
    assert code == 0
    blocks = [block for block in shown.split("\x1b[J") if block.count("[#") + block.count("[.") == 4 and ": " not in block]
    assert blocks, shown
    for block in blocks:
        bars = [re.sub(r"\x1b\[[0-9]*[A-Z]|\r", "", line) for line in block.split("\r\n")[:4]]
        for mark in "[]":
            assert len({columns_of(bar[:bar.index(mark)]) for bar in bars}) == 1, bars


def columns_of(text):
    return sum(0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def test_a_terminal_shows_the_answer_of_one_file_alone(command, proxy, tmp_path):
    files = [make_file(tmp_path / f"{number}.mp4", PIECE) for number in range(2)]
    code, shown = terminal_of(command, files[0], "--to", proxy.url, answers_too=True)
    assert code == 0 and sha256(files[0]) in shown
    code, shown = terminal_of(command, *files, "--to", proxy.url, answers_too=True)
    assert code == 0 and "{" not in shown and "2 of 2 files uploaded" in shown


def test_waiting_for_the_application_is_said(command, panda, proxy, source):
    panda.handoff_refusals = 2
    result = upload(command, proxy, source)
    assert_uploaded(result, source)
    assert "waiting for the application" in result.stderr
