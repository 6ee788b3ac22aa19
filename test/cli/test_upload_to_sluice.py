# SPDX-License-Identifier: MIT
"""`sluice upload` to `sluice serve`, over a network that breaks."""

import json
import pathlib
import signal

import pytest

from support.fault_proxy import Cut, Damage, DropResponse, MoveLocation, Refuse, Throttle
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import SluiceServer
from upload_harness import KIB, PIECE, SECONDS_MAX, make_file, upload


def stored_videos(server):
    return sorted(pathlib.Path(server.data_dir, "videos").rglob("*.*"))


def assert_stored(server, result, source):
    """The one video is the file, byte for byte."""
    assert result.returncode == 0, result.stderr
    video = json.loads(result.stdout)
    assert video["original_filename"] == source.name
    assert video["file_size"] == source.stat().st_size
    (stored,) = stored_videos(server)
    assert stored.name.startswith(video["id"])
    assert stored.read_bytes() == source.read_bytes()


def test_a_file_that_the_application_refuses(command, tmp_path, source):
    with ScriptedBackend(answer(429, b'{"error":"TooMany","message":"not today"}'), answer(body=b'{"id":"v"}')) as backend:
        args = ["--backend", backend.url()]
        with SluiceServer(tmp_path / "data", args, env={"SLUICE_BACKEND_TROUBLE": ""}) as server:
            refused = command.run(source, "--to", server.url)
            assert refused.returncode == 5, refused.stderr
            assert "TooMany: not today; the same command starts a new upload" in refused.stderr
            again = command.run(source, "--to", server.url)
            assert (again.returncode, again.stdout) == (0, '{"id":"v"}\n'), again.stderr
    first, second = backend.requests
    assert first.key != second.key


def test_a_straight_upload(command, server, source):
    result = command.run(source, "--to", server.url)
    assert_stored(server, result, source)


def test_every_byte_is_compared_on_its_way(command, server, line, source):
    result = upload(command, line, source)
    assert_stored(server, result, source)
    assert result.stderr.endswith(", 0 retries; every byte verified\n")
    pieces = [request for request in line.requests if request.method == "PUT"]
    assert len(pieces) == 11 and all("content-digest" in request.headers for request in pieces)


def test_a_piece_that_is_damaged_on_its_way_is_sent_again(command, server, line, source):
    line.script(Damage(on=4))
    result = upload(command, line, source)
    assert_stored(server, result, source)
    assert "DigestMismatch" in result.stderr
    assert result.stderr.endswith(", 1 retry; every byte verified\n")


def test_what_a_broken_request_brought_is_kept_and_not_called_compared(command, server, line, source):
    line.script(Cut(request_bytes=PIECE // 2, on=3))
    result = upload(command, line, source, "--json")
    events = [json.loads(event) for event in result.stdout.splitlines()]
    assert events[-1]["event"] == "done", result.stderr
    assert events[-1]["compared"] == source.stat().st_size - PIECE // 2
    assert sum(request.body_bytes for request in line.requests if request.method == "PUT") == source.stat().st_size


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1])
def test_sizes_at_the_edges(command, server, line, tmp_path, size):
    source = make_file(tmp_path / "edge.bin", size)
    assert_stored(server, upload(command, line, source), source)


def test_ten_cut_connections(command, server, line, tmp_path):
    source = make_file(tmp_path / "long.bin", 8 * KIB * KIB)
    line.script(Cut(request_bytes=PIECE // 3, times=10, reset=False,
                    on=lambda request: request.method == "PUT" and not request.is_status_query))
    result = upload(command, line, source)
    assert_stored(server, result, source)
    assert sum(1 for request in line.requests if request.is_status_query) >= 10


def test_everything_at_once(command, server, line, source):
    line.script(Refuse(500, on=1), MoveLocation(on=3), Refuse(503, retry_after=1, on=5),
                Cut(response_bytes=10, on=8), Cut(request_bytes=100, reset=True, on=11),
                DropResponse(on=lambda request: request.content_range and
                             request.content_range.startswith(f"bytes {10 * PIECE}-")))
    result = upload(command, line, source)
    assert_stored(server, result, source)
    assert any(request.via_port == line.second_port for request in line.requests)


def test_a_lost_final_answer_makes_no_second_video(command, server, line, tmp_path):
    source = make_file(tmp_path / "short.bin", PIECE)
    line.script(DropResponse(on=2))
    assert_stored(server, upload(command, line, source), source)
    assert line.requests[2].is_status_query


def test_the_death_of_the_client_and_of_the_server(command, server, line, tmp_path):
    source = make_file(tmp_path / "long.bin", 2 * KIB * KIB)
    line.script(Throttle(100_000, on=6))
    client = command.start(source, "--to", line.url, "--piece-size", "256KiB")
    assert line.wait_until(lambda p: len(p.requests) >= 6 and p.requests[5].body_bytes > 20_000)
    client.kill()
    client.communicate()
    assert line.wait_until(lambda p: p.requests[5].over)
    acknowledged = 4 * 256 * KIB
    server.restart()
    line.upstream = (server.host, server.port)
    before = len(line.requests)
    result = command.run(source, "--to", line.url)
    assert_stored(server, result, source)
    assert line.requests[before].is_status_query
    again = sum(request.body_bytes for request in line.requests[before:])
    assert again <= source.stat().st_size - acknowledged


def test_the_death_of_the_server_in_the_middle_of_a_piece(command, server, line, source):
    line.script(Throttle(20_000, on=4))
    client = command.start(source, "--to", line.url, "--piece-size", "64KiB")
    assert line.wait_until(lambda p: len(p.requests) >= 4 and p.requests[3].body_bytes > 5000)
    server.restart()
    line.upstream = (server.host, server.port)
    output, errors = client.communicate(timeout=SECONDS_MAX)
    assert client.returncode == 0, errors
    (stored,) = stored_videos(server)
    assert stored.read_bytes() == source.read_bytes()
    assert stored.name.startswith(json.loads(output)["id"])


def test_an_interrupted_upload_goes_on(command, server, line, source):
    line.script(Throttle(20_000, on=4))
    client = command.start(source, "--to", line.url, "--piece-size", "64KiB")
    assert line.wait_until(lambda p: len(p.requests) >= 4 and p.requests[3].body_bytes > 5000)
    client.send_signal(signal.SIGINT)
    client.communicate(timeout=SECONDS_MAX)
    assert client.returncode == 130
    assert_stored(server, upload(command, line, source), source)
    assert sum(1 for request in line.requests if request.target == "/videos/upload.json") == 1
