# SPDX-License-Identifier: MIT
"""The messages of `sluice upload`, on standard output or standard error, and its exit codes."""

import json

import pytest

from support.fault_proxy import Refuse, Throttle
from upload_harness import assert_uploaded, sha256, terminal_of, upload


def test_quiet_prints_the_video_alone(command, proxy, source):
    proxy.script(Refuse(503, on=3))
    result = upload(command, proxy, source, "--quiet")
    assert_uploaded(result, source)
    assert result.stderr == ""


def test_json_prints_events(command, proxy, source):
    proxy.script(Refuse(503, body=b'{"error":"Overloaded","message":"later"}', on=3))
    result = upload(command, proxy, source, "--json")
    assert result.returncode == 0
    assert result.stderr == ""
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert {event["file"] for event in events} == {source.name}
    kinds = [event["event"] for event in events]
    assert kinds[0] == "session" and kinds[-1] == "done"
    assert kinds.count("retry") == 1 and "progress" in kinds
    assert events[0]["size"] == source.stat().st_size
    assert events[0]["resumed"] is False
    (retry,) = [event for event in events if event["event"] == "retry"]
    assert retry["reason"] == "status 503, Overloaded: later" and retry["attempt"] == 1
    assert events[-1]["video"]["sha256"] == sha256(source)
    assert events[-1]["compared"] == source.stat().st_size


def test_json_tells_an_error(command, proxy, source):
    proxy.script(Refuse(400, body=b'{"error":"BadRequest","message":"no"}', on=1))
    result = upload(command, proxy, source, "--json")
    assert result.returncode == 3
    assert result.stderr == ""
    assert json.loads(result.stdout) == {"event": "error", "file": source.name, "exit_code": 3,
                                         "message": "status 400, BadRequest: no"}


def test_the_location_is_not_shown(command, panda, proxy, source):
    proxy.script(Refuse(503, on=3), Refuse(404, on=9))
    for style in ([], ["--json"], ["--quiet"]):
        result = upload(command, proxy, source, *style)
        for one in panda.uploads.values():
            assert one.token not in result.stdout + result.stderr


@pytest.mark.parametrize("args", [
    [], ["--to", "http://127.0.0.1:1"], ["file"], ["file", "--to", "ftp://127.0.0.1"],
    ["file", "--to", "http://127.0.0.1:1", "--piece-size", "0"],
    ["file", "--to", "http://127.0.0.1:1", "--piece-size", "5 parsecs"],
    ["file", "--to", "http://127.0.0.1:1", "--retries", "-1"],
    ["file", "--to", "http://127.0.0.1:1", "--quiet", "--json"]])
def test_a_wrong_command_line_is_a_usage_error(command, args):
    result = command.run(*args)
    assert result.returncode == 2
    assert result.stdout == ""


def test_help_names_the_exit_codes(command):
    result = command.run("--help")
    assert result.returncode == 0
    for words in ("4    gave up", "143 by SIGTERM", "--piece-size", "--no-state"):
        assert words in result.stdout


def test_draws_a_bar_on_a_terminal(command, proxy, source, tmp_path):
    proxy.script(Throttle(640_000, times=None))
    with open(tmp_path / "answer", "wb") as answer:
        code, shown = terminal_of(command, source, "--to", proxy.url, "--piece-size", "64KiB", stdout=answer)
    assert code == 0
    assert json.loads((tmp_path / "answer").read_text())["sha256"] == sha256(source)
    bars = [part for part in shown.split("\r") if "[" in part and "%" in part]
    # The upload takes a second, and there are five pictures a second.
    assert len(bars) >= 3
    assert all(len(bar.replace("\x1b[K", "")) <= 80 for bar in bars)
