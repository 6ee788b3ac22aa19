# SPDX-License-Identifier: MIT
"""`sluice upload -`: standard input, whose size is known at its end alone, to `sluice serve` over a network that breaks."""

import json
import os
import pathlib
import re
import select
import signal
import subprocess

import pytest

from support.fault_proxy import Cut, DropResponse, MoveLocation, Refuse, Throttle
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import SluiceServer
from upload_harness import KIB, PIECE, SECONDS_MAX, make_file, sha256, terminal_of


def run(command, source, line, *args, piece="64KiB", below=""):
    with open(source, "rb") as file:
        process = command.start("-", "--to", line.url + below, "--piece-size", piece, *args, stdin=file,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output, errors = process.communicate(timeout=SECONDS_MAX)
    return subprocess.CompletedProcess([], process.returncode, output, errors)


def assert_stored(server, result, source):
    """The one video is what was piped, byte for byte."""
    assert result.returncode == 0, result.stderr
    (stored,) = (path for path in pathlib.Path(server.data_dir, "videos").rglob("*") if path.is_file())
    assert stored.name.startswith(json.loads(result.stdout)["id"])
    assert stored.read_bytes() == source.read_bytes()


def test_the_size_is_told_with_the_last_piece(command, server, line, source):
    result = run(command, source, line, "--name", "a film.mp4", "--param", "album=1 & 2")
    assert_stored(server, result, source)
    assert json.loads(result.stdout)["original_filename"] == "a film.mp4"
    opened, *pieces = line.requests
    assert (opened.method, opened.target) == ("POST", "/videos/upload.json")
    size = source.stat().st_size
    ranges, totals = zip(*(piece.content_range.split("/") for piece in pieces))
    assert list(ranges) == [f"bytes {begin}-{min(begin + PIECE, size) - 1}" for begin in range(0, size, PIECE)]
    # It is known when the end is read, which is at most two pieces ahead.
    assert set(totals[:8]) == {"*"} and set(totals[8:10]) <= {"*", str(size)} and totals[10] == str(size)
    assert "a film.mp4: an unknown size to http://" in result.stderr
    assert result.stderr.endswith(", 0 retries; every byte verified\n")


@pytest.mark.parametrize("below", ["/v2", "/videos/upload.json"])
def test_it_goes_where_files_go(command, server, line, source, below):
    assert_stored(server, run(command, source, line, below=below), source)
    assert line.requests[0].target == below.removesuffix("/videos/upload.json") + "/videos/upload.json"


def test_the_server_needs_no_other_dialect(command, tmp_path, source):
    with SluiceServer(tmp_path / "data", env={"SLUICE_DIALECTS_ENABLED": "panda", "SLUICE_DIALECTS_PATH": "/elsewhere"}) as server:
        assert_stored(server, run(command, source, server), source)


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1])
def test_sizes_at_the_edges(command, server, line, tmp_path, size):
    source = make_file(tmp_path / "edge.bin", size)
    assert_stored(server, run(command, source, line), source)


def test_connections_cut_in_the_middle(command, server, line, tmp_path):
    source = make_file(tmp_path / "long.bin", 4 * KIB * KIB)
    line.script(Cut(request_bytes=PIECE // 3, times=10, on=lambda r: r.method == "PUT" and not r.is_status_query),
                Cut(request_bytes=0, reset=True, on=1), Refuse(500, on=9))
    result = run(command, source, line)
    assert_stored(server, result, source)
    queries = [request.content_range for request in line.requests if request.is_status_query]
    assert len(queries) >= 10 and set(queries) == {"bytes */*"}


def test_a_lost_final_answer_is_asked_for_again(command, server, line, source):
    size = source.stat().st_size
    line.script(DropResponse(on=lambda request: (request.content_range or "").endswith(f"-{size - 1}/{size}")))
    assert_stored(server, run(command, source, line), source)
    assert line.requests[-1].content_range == f"bytes */{size}"


def test_a_server_that_dies_and_comes_back(command, server, line, source):
    line.script(Throttle(20_000, on=4))
    with open(source, "rb") as file:
        client = command.start("-", "--to", line.url, "--piece-size", "64KiB", stdin=file, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    assert line.wait_until(lambda p: len(p.requests) >= 4 and p.requests[3].body_bytes > 5000)
    server.kill()
    server.start()
    line.upstream = (server.host, server.port)
    output, errors = client.communicate(timeout=SECONDS_MAX)
    assert_stored(server, subprocess.CompletedProcess([], client.returncode, output, errors), source)


def test_a_writer_that_pauses_within_a_piece(command, server, line, source):
    """Its bytes are sent when no more come, so that they are safe at the server."""
    data = source.read_bytes()
    process = subprocess.Popen(command.line("-", "--to", line.url), env=command.environment, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(data[:PIECE])
    process.stdin.flush()
    assert line.wait_until(lambda p: any(request.status == 204 for request in p.requests))
    assert line.requests[1].content_range == f"bytes 0-{PIECE - 2}/*"
    output, errors = process.communicate(data[PIECE:], timeout=SECONDS_MAX)
    assert_stored(server, subprocess.CompletedProcess([], process.returncode, output, errors.decode()), source)


def test_follows_a_changed_location(command, server, line, source):
    line.script(MoveLocation(on=3))
    assert_stored(server, run(command, source, line), source)
    assert {request.via_port for request in line.requests[3:]} == {line.second_port}


def test_the_application_is_waited_for_and_may_refuse(command, tmp_path, source):
    with ScriptedBackend(answer(500), answer(422, b'{"error":"TooMany","message":"not today"}')) as backend:
        args = ["--backend", backend.url()]
        with SluiceServer(tmp_path / "data", args, env={"SLUICE_DELIVERY_WAIT": "100ms", "SLUICE_DELIVERY_RETRY_FIRST": "1s"}) as server:
            result = run(command, source, server)
    assert result.returncode == 5, result.stderr
    assert "waiting for the application" in result.stderr and "TooMany: not today" in result.stderr


def test_the_digest_is_compared(command, panda, tmp_path, source):
    with SluiceServer(tmp_path / "data", ["--backend-kind", "files"]) as server:
        result = run(command, source, server)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["sha256"] == sha256(source)
    panda.final_answer = (200, json.dumps({"id": "1", "sha256": "0" * 64}))
    wrong = run(command, source, panda, piece="1MiB")
    assert wrong.returncode == 6
    assert sha256(source) in wrong.stderr


def test_a_server_that_wants_the_size_is_told_in_words(command, panda, source):
    result = run(command, source, panda)
    assert result.returncode == 3
    assert "file_size" in result.stderr


def test_a_signal_ends_the_wait_for_input(command, server):
    client = command.start("-", "--to", server.url, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
    assert not select.select([client.stderr], [], [], 1)[0], "waits"
    client.send_signal(signal.SIGTERM)
    _, errors = client.communicate(timeout=SECONDS_MAX)
    assert client.returncode == 143
    assert errors == "sluice: stdin: stopped; what was read cannot be read again\n"


def test_an_input_that_cannot_be_read_is_a_local_error(command, server, tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    client = command.start("-", "--to", server.url, stdin=folder, stderr=subprocess.PIPE)
    os.close(folder)
    assert client.communicate(timeout=SECONDS_MAX)[1] == "sluice: stdin: cannot be read: Is a directory\n"
    assert client.returncode == 1


@pytest.mark.parametrize("args", [
    ["-", "-"], ["-", "--files-from", "-"], ["-", "/etc/hostname", "--name", "a"]])
def test_what_cannot_be_meant_is_a_usage_error(command, args):
    result = command.run(*args, "--to", "http://127.0.0.1:1")
    assert result.returncode == 2, result.stderr


def test_a_dry_run_reads_nothing(command, source):
    done = command.run("-n", "-", source, "--to", "http://127.0.0.1:1")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["?", "640.1"]


def test_a_terminal_shows_bytes_and_rate_until_the_end_is_known(command, server, line, tmp_path):
    source = make_file(tmp_path / "long.bin", 24 * PIECE + 5)
    line.script(Throttle(10 * PIECE, times=None))
    with open(source, "rb") as file:
        code, shown = terminal_of(command, "-", "--to", line.url, "--piece-size", "64KiB", stdin=file)
    assert code == 0
    drawn = [re.sub(r"\x1b\[[0-9]*[A-Z]", "", line) for line in re.split(r"[\r\n]+", shown)]
    open_ended = [line for line in drawn if re.fullmatch(r"stdin [\d.]+ (B|KiB|MiB)(  [\d.]+ (KiB|MiB)/s)?", line)]
    assert len(open_ended) >= 5 and any("/s" in line for line in open_ended), drawn
    assert all(len(line) <= 80 for line in drawn)
    assert any(re.fullmatch(r"stdin: done, 1\.5 MiB in 0:0\d \(.*/s\), 0 retries; every byte verified", line) for line in drawn), drawn
