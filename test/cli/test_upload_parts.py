# SPDX-License-Identifier: MIT
"""`sluice upload -c`: one file over several connections, to `sluice serve` over a network that breaks."""

import json
import pathlib
import re
import signal

import pytest

from support.fault_proxy import Cut, DropResponse, FaultProxy, Refuse, Throttle
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import SluiceServer
from upload_harness import KIB, SECONDS_MAX, assert_uploaded, make_file, sha256, upload

PART = 5 * KIB * KIB  # The server's choice.


@pytest.fixture
def film(tmp_path):
    """Five parts."""
    return make_file(tmp_path / "film.mp4", 4 * PART + 123)


def is_part(request):
    return "x-part" in request.headers


def parts(line):
    return [int(request.headers["x-part"]) for request in line.requests if is_part(request)]


def assert_stored(server, output, source):
    """The one video is the file, byte for byte."""
    (stored,) = pathlib.Path(server.data_dir, "videos").rglob("*.*")
    assert stored.name.startswith(json.loads(output)["id"])
    assert stored.read_bytes() == source.read_bytes()


def test_each_part_goes_once_over_several_connections(command, server, line, film):
    line.script(Throttle(5 * PART, times=None))
    result = command.run(film, "--to", line.url, "-c", "4")
    assert result.returncode == 0, result.stderr
    assert_stored(server, result.stdout, film)
    assert sorted(parts(line)) == list(range(5))
    assert re.search(r"\nfilm\.mp4: done, 20\.0 MiB in \d:\d\d \(.*/s\), 0 retries; every byte verified\n$",
                     result.stderr), result.stderr


def test_no_more_connections_than_the_server_allows(command, tmp_path, film):
    with SluiceServer(tmp_path / "data", env={"SLUICE_LIMITS_PART_CONNECTIONS": "1"}) as server:
        with FaultProxy(server.host, server.port) as line:
            result = command.run(film, "--to", line.url, "-c", "4")
            assert_stored(server, result.stdout, film)
            assert parts(line) == list(range(5)), "one after the other"


def test_connections_cut_in_the_middle(command, server, line, film):
    line.script(Cut(request_bytes=PART // 3, times=4, on=is_part),
                Cut(request_bytes=0, reset=True, times=2, on=is_part),
                Refuse(503, on=lambda request: request.headers.get("x-part") == "3"),
                DropResponse(on=lambda request: request.headers.get("x-part") == "4"))
    result = command.run(film, "--to", line.url, "-c", "4")
    assert result.returncode == 0, result.stderr
    assert_stored(server, result.stdout, film)
    assert "trying again in" in result.stderr


def test_a_server_that_dies_and_comes_back(command, server, line, film):
    line.script(Throttle(PART // 4, on=lambda request: is_part(request) and request.number <= 5))
    client = command.start(film, "--to", line.url, "-c", "4")
    assert line.wait_until(lambda p: any(is_part(r) and r.body_bytes > PART // 8 for r in p.requests))
    server.kill()
    server.start()
    line.upstream = (server.host, server.port)
    output, errors = client.communicate(timeout=SECONDS_MAX)
    assert client.returncode == 0, errors
    assert_stored(server, output, film)


@pytest.mark.parametrize("stop, code, connections", [(signal.SIGKILL, -9, "4"), (signal.SIGINT, 130, "1")])
def test_goes_on_with_the_parts_that_are_missing(command, server, line, film, stop, code, connections):
    line.script(Throttle(PART // 20, on=lambda request: request.headers.get("x-part") == "2"))
    client = command.start(film, "--to", line.url, "-c", "2")
    assert line.wait_until(lambda p: sum(r.status == 200 for r in p.requests if is_part(r)) >= 4)
    client.send_signal(stop)
    client.communicate(timeout=SECONDS_MAX)
    assert client.returncode == code
    before = len(line.requests)
    result = command.run(film, "--to", line.url, "-c", connections)
    assert result.returncode == 0, result.stderr
    assert_stored(server, result.stdout, film)
    assert "continuing at 15.0 MiB of 20.0 MiB" in result.stderr
    assert "; 5.0 MiB of 20.0 MiB verified" in result.stderr
    asked, *sent = line.requests[before:]
    assert asked.method == "GET"
    assert [request.headers["x-part"] for request in sent] == ["2"]
    assert command.state_files == []


def test_a_session_of_parts_that_the_server_forgot_is_begun_again(command, server, line, film):
    line.script(Throttle(PART // 20, on=lambda request: request.headers.get("x-part") == "2"))
    client = command.start(film, "--to", line.url, "-c", "2")
    assert line.wait_until(lambda p: sum(r.status == 200 for r in p.requests if is_part(r)) >= 4)
    client.kill()
    client.communicate(timeout=SECONDS_MAX)
    line.script(Refuse(404, on=lambda request: request.method == "GET"))
    result = command.run(film, "--to", line.url, "-c", "4")
    assert result.returncode == 0, result.stderr
    assert "no longer knows the interrupted upload" in result.stderr
    assert_stored(server, result.stdout, film)


def test_the_application_is_waited_for(command, tmp_path, film):
    """Its first answer is trouble, so that the server says that it has none yet."""
    with ScriptedBackend(answer(500), answer(body=b'{"id":"v"}')) as backend:
        args = ["--backend", backend.url()]
        with SluiceServer(tmp_path / "data", args, env={"SLUICE_DELIVERY_WAIT": "100ms", "SLUICE_DELIVERY_RETRY_FIRST": "1s"}) as server:
            result = command.run(film, "--to", server.url, "-c", "3")
    assert (result.returncode, result.stdout) == (0, '{"id":"v"}\n'), result.stderr
    assert "waiting for the application" in result.stderr
    assert len(backend.keys) == 1


def test_the_application_refuses_the_file(command, tmp_path, film):
    with ScriptedBackend(answer(422, b'{"error":"TooMany","message":"not today"}')) as backend:
        with SluiceServer(tmp_path / "data", ["--backend", backend.url()]) as server:
            refused = command.run(film, "--to", server.url, "-c", "3")
    assert refused.returncode == 5, refused.stderr
    assert "TooMany: not today; the same command starts a new upload" in refused.stderr
    assert command.state_files == []


def test_the_digest_is_compared(command, tmp_path, film):
    with SluiceServer(tmp_path / "data", ["--backend-kind", "files"]) as server:
        result = command.run(film, "--to", server.url, "-c", "4")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["sha256"] == sha256(film)


def test_a_server_without_parts_gets_the_file_over_one_connection(command, panda, proxy, tmp_path):
    source = make_file(tmp_path / "film.mp4", PART + 1)
    result = command.run(source, "--to", proxy.url, "-c", "4", "--piece-size", "2MiB")
    assert_uploaded(result, source)
    assert panda.only_upload.form["multi_chunk"] == "true"
    assert len(proxy.requests) == 4


def test_a_small_file_has_no_parts(command, panda, proxy, source):
    assert_uploaded(upload(command, proxy, source, "-c", "4"), source)
    assert "multi_chunk" not in panda.only_upload.form


def test_several_files_at_once_in_parts(command, server, tmp_path):
    files = [make_file(tmp_path / f"{number}.mp4", PART + number + 1) for number in range(2)]
    done = command.run(*files, "--to", server.url, "-j", "2", "-c", "2")
    assert done.returncode == 0, done.stderr
    stored = sorted(path.stat().st_size for path in pathlib.Path(server.data_dir, "videos").rglob("*.*"))
    assert stored == [PART + 1, PART + 2]
    assert "2 of 2 files uploaded" in done.stderr


def test_too_many_connections_are_a_usage_error(command, source):
    for args in (["-c", "0"], ["-c", "65"], ["-c", "9", "-j", "8"]):
        result = command.run(source, "--to", "http://127.0.0.1:1", *args)
        assert result.returncode == 2, args
