# SPDX-License-Identifier: MIT
"""`sluice upload` from outside: the real command, a network that breaks, and a server."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

from support.fault_proxy import (Cut, Delay, DropResponse, MoveLocation, Refuse, RewriteResponse,
                                 Throttle)
from upload_harness import KIB, PIECE, SECONDS_MAX, assert_uploaded, make_file, sha256, upload


def test_sends_exact_pieces_and_prints_the_video(command, proxy, source):
    result = upload(command, proxy, source)
    assert_uploaded(result, source)
    size = source.stat().st_size
    create, *pieces = proxy.requests
    assert (create.method, create.target) == ("POST", "/videos/upload.json")
    expected = [f"bytes {begin}-{min(begin + PIECE, size) - 1}/{size}"
                for begin in range(0, size, PIECE)]
    assert [piece.content_range for piece in pieces] == expected
    assert {piece.method for piece in pieces} == {"PUT"}
    assert {piece.headers["content-type"] for piece in pieces} == {"application/octet-stream"}
    assert command.state_files == []


def test_a_url_that_ends_in_json_is_taken_as_it_is(command, proxy, source):
    result = command.run(source, "--to", proxy.url + "/videos/upload.json?token=1")
    assert_uploaded(result, source)
    assert proxy.requests[0].target == "/videos/upload.json?token=1"


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_in_the_middle_of_a_piece_costs_only_what_was_on_the_way(command, proxy, source, reset):
    proxy.script(Cut(request_bytes=PIECE // 2, on=4, reset=reset))
    result = upload(command, proxy, source)
    assert_uploaded(result, source)
    assert proxy.requests[4].is_status_query
    # At most the half that went out before the cut is sent twice, if the query overtook it.
    form_bytes = proxy.requests[0].body_bytes
    assert proxy.body_bytes <= form_bytes + source.stat().st_size + PIECE // 2


def test_ten_cuts_arrive_as_the_same_bytes(command, proxy, source):
    proxy.script(Cut(request_bytes=20_001, times=10,
                     on=lambda request: request.method == "PUT" and not request.is_status_query))
    result = upload(command, proxy, source)
    assert_uploaded(result, source)
    assert sum(1 for request in proxy.requests if request.is_status_query) >= 10


def test_a_cut_before_the_first_byte_of_the_session(command, proxy, source):
    proxy.script(Cut(request_bytes=0, on=1))
    result = upload(command, proxy, source)
    assert_uploaded(result, source)
    assert [request.method for request in proxy.requests[:2]] == ["POST", "POST"]


def test_a_503_is_followed_by_a_status_query(command, proxy, source):
    proxy.script(Refuse(503, retry_after=1, on=3), Refuse(500, on=1), Refuse(408, on=6))
    start = time.monotonic()
    result = upload(command, proxy, source)
    assert time.monotonic() - start >= 1.0
    assert_uploaded(result, source)
    assert proxy.requests[1].method == "POST"
    assert proxy.requests[3].is_status_query
    assert proxy.requests[6].is_status_query


def test_a_slow_answer_is_waited_for(command, proxy, source):
    proxy.script(Delay(1.5, of_response=True, on=3), Delay(0.5, on=5))
    result = upload(command, proxy, source)
    assert_uploaded(result, source)
    assert not any(request.is_status_query for request in proxy.requests)


def test_an_answer_that_never_comes_is_a_lost_connection(command, proxy, source):
    proxy.script(Delay(30, of_response=True, on=3))
    result = upload(command, proxy, source, "--answer-timeout", "1s")
    assert_uploaded(result, source)
    assert proxy.requests[3].is_status_query
    assert "no answer for 1 s" in result.stderr


def test_follows_a_changed_location(command, proxy, source):
    proxy.script(MoveLocation(on=4))
    result = upload(command, proxy, source)
    assert_uploaded(result, source)
    ports = [request.via_port for request in proxy.requests]
    assert ports == [proxy.port] * 4 + [proxy.second_port] * (len(ports) - 4)
    assert len(ports) > 6


def test_remembers_a_changed_location_over_its_own_death(command, proxy, source):
    proxy.script(MoveLocation(on=2), Throttle(20_000, on=4))
    process = command.start(source, "--to", proxy.url, "--piece-size", "64KiB")
    assert proxy.wait_until(lambda p: len(p.requests) >= 4 and p.requests[3].body_bytes > 0)
    process.kill()
    process.communicate()
    before = len(proxy.requests)
    assert_uploaded(upload(command, proxy, source), source)
    assert proxy.requests[before].is_status_query
    assert proxy.requests[before].via_port == proxy.second_port


def test_a_lost_final_answer_is_asked_for_again(command, panda, proxy, source):
    proxy.script(DropResponse(on=lambda request: request.content_range and
                              request.content_range.startswith(f"bytes {10 * PIECE}-")))
    result = upload(command, proxy, source)
    assert_uploaded(result, source)
    assert proxy.requests[-1].is_status_query
    assert len(panda.uploads) == 1


def test_a_withheld_last_byte_is_sent_until_there_is_an_answer(command, panda, proxy, source):
    panda.handoff_refusals = 8  # More than --retries.
    result = upload(command, proxy, source, "--retries", "2")
    assert_uploaded(result, source)
    size = source.stat().st_size
    last_byte = f"bytes {size - 1}-{size - 1}/{size}"
    assert sum(1 for request in proxy.requests if request.content_range == last_byte) == 8


def test_a_hand_off_without_end_is_given_up(command, panda, proxy, source):
    panda.handoff_refusals = 10 ** 9
    result = upload(command, proxy, source, "--give-up-after", "1s")
    assert result.returncode == 4
    assert "every byte is stored" in result.stderr
    assert len(command.state_files) == 1
    panda.handoff_refusals = 0
    before = len(proxy.requests)
    assert_uploaded(upload(command, proxy, source), source)
    # The command only has to ask for the answer.
    assert sum(request.body_bytes for request in proxy.requests[before:]) == 1


def test_a_piece_that_is_never_acknowledged_ends_the_upload(command, panda, proxy, source):
    panda.mute = True
    start = time.monotonic()
    result = upload(command, proxy, source)
    assert result.returncode == 4
    assert "acknowledged nothing new in 5 answers" in result.stderr
    assert len(proxy.requests) == 6
    assert time.monotonic() - start < 20


def test_4xx_is_final(command, proxy, source):
    body = b'{"error":"FileSizeLimitExceeded","message":"at most 10 bytes\\u001b[2J"}'
    proxy.script(Refuse(413, body=body, on=1))
    result = upload(command, proxy, source)
    assert result.returncode == 3
    assert "status 413, FileSizeLimitExceeded: at most 10 bytes" in result.stderr
    assert "\x1b" not in result.stderr
    assert result.stdout == ""
    assert len(proxy.requests) == 1


def test_4xx_of_a_piece_ends_the_session(command, proxy, source):
    proxy.script(Refuse(409, body=b'{"error":"ContentMismatch","message":"at 7"}', on=3))
    result = upload(command, proxy, source)
    assert result.returncode == 3
    assert "the file changed since its upload began: ContentMismatch: at 7" in result.stderr
    assert command.state_files == []


def test_a_redirect_is_not_followed(command, proxy, source):
    proxy.script(Refuse(301, headers=["Location: http://127.0.0.1:1/elsewhere"], on=1))
    result = upload(command, proxy, source)
    assert result.returncode == 3
    assert "leads elsewhere" in result.stderr
    assert len(proxy.requests) == 1


def test_an_answer_that_is_no_session_is_refused(command, proxy, source):
    proxy.script(Refuse(200, body=b"<html>Welcome to the hotel</html>", on=1))
    result = upload(command, proxy, source)
    assert result.returncode == 3
    assert "expected a session with a location" in result.stderr


def test_a_200_from_something_in_between_is_not_believed(command, panda, proxy, source):
    proxy.script(Refuse(200, body=b"<html>Welcome to the hotel</html>", on=3))
    assert_uploaded(upload(command, proxy, source), source)


def test_a_malformed_range_is_not_guessed_at(command, proxy, source):
    proxy.script(RewriteResponse(lambda head, body: head.replace(b"Range: 0-", b"Range: bytes=0-") +
                                 body, on=2))
    result = upload(command, proxy, source)
    assert result.returncode == 3
    assert 'got "bytes=0-65535"' in result.stderr


def test_gives_up_after_the_retries(command, proxy, source):
    proxy.script(Refuse(502, times=None))
    result = upload(command, proxy, source, "--retries", "2")
    assert result.returncode == 4
    assert len(proxy.requests) == 3
    assert "status 502" in result.stderr and "after 2 retries" in result.stderr


def test_a_refused_connection_is_retried(command, source):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = command.run(source, "--to", f"http://127.0.0.1:{port}", "--retries", "1")
    assert result.returncode == 4
    assert "trying again in" in result.stderr and "(1 of 1)" in result.stderr


def kill_in_the_middle(command, panda, proxy, source, signal_number):
    proxy.script(Throttle(20_000, on=6))
    process = command.start(source, "--to", proxy.url, "--piece-size", "64KiB")
    assert proxy.wait_until(lambda p: len(p.requests) >= 6 and p.requests[5].body_bytes > 5000)
    process.send_signal(signal_number)
    streams = process.communicate(timeout=SECONDS_MAX)
    # The next command must not overtake bytes on the way between proxy and server.
    (one,) = panda.uploads.values()
    assert proxy.wait_until(lambda p: p.requests[5].over and len(one.data) ==
                            sum(request.body_bytes for request in p.requests[1:]))
    return process, streams


def test_continues_after_sigkill_without_sending_again_what_is_stored(command, panda, proxy, source):
    kill_in_the_middle(command, panda, proxy, source, signal.SIGKILL)
    assert len(command.state_files) == 1
    assert command.state_files[0].stat().st_mode & 0o777 == 0o600
    before = len(proxy.requests)
    form_bytes = proxy.requests[0].body_bytes
    result = upload(command, proxy, source)
    assert_uploaded(result, source)
    assert "continuing at" in result.stderr
    assert proxy.requests[before].is_status_query
    assert len(panda.uploads) == 1
    # Each byte went through once: those of the cut piece as well, because the server kept them.
    assert proxy.body_bytes == form_bytes + source.stat().st_size
    assert command.state_files == []


@pytest.mark.parametrize("signal_number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_in_order(command, panda, proxy, source, signal_number, code):
    process, (_, errors) = kill_in_the_middle(command, panda, proxy, source, signal_number)
    assert process.returncode == code
    assert "the same command continues there" in errors
    assert_uploaded(upload(command, proxy, source), source)


def test_no_state_leaves_nothing_behind(command, proxy, source):
    proxy.script(Throttle(20_000, on=3))
    process = command.start(source, "--to", proxy.url, "--piece-size", "64KiB", "--no-state")
    assert proxy.wait_until(lambda p: len(p.requests) >= 3)
    process.kill()
    process.communicate()
    assert command.state_files == []


def test_a_session_that_the_server_forgot_is_begun_again(command, panda, proxy, source):
    kill_in_the_middle(command, panda, proxy, source, signal.SIGKILL)
    panda.forget()
    result = upload(command, proxy, source)
    assert_uploaded(result, source)
    assert "no longer knows the interrupted upload" in result.stderr
    assert len(panda.uploads) == 1


def test_a_session_lost_in_the_middle_is_final(command, panda, proxy, source):
    proxy.script(RewriteResponse(lambda head, body: panda.forget() or head + body, on=4))
    result = upload(command, proxy, source)
    assert result.returncode == 3
    assert "status 404, RecordNotFound" in result.stderr
    assert command.state_files == []


def test_a_file_that_changed_between_runs_is_begun_again(command, panda, proxy, source):
    kill_in_the_middle(command, panda, proxy, source, signal.SIGKILL)
    data = bytearray(source.read_bytes())
    data[0] ^= 1
    source.write_bytes(data)
    os.utime(source, ns=(1, 10 ** 18))
    result = upload(command, proxy, source)
    assert_uploaded(result, source)
    assert "the file changed" in result.stderr
    assert len(panda.uploads) == 2


def rewrite_in_place(source):
    """As many other bytes: only the time of the last change differs."""
    times = source.stat()
    with open(source, "r+b") as file:
        file.write(b"other bytes")
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_file_rewritten_in_place_between_runs_is_begun_again(command, panda, proxy, source):
    kill_in_the_middle(command, panda, proxy, source, signal.SIGKILL)
    rewrite_in_place(source)
    result = upload(command, proxy, source)
    assert_uploaded(result, source)
    assert "the file changed since its interrupted upload; starting again" in result.stderr
    assert len(panda.uploads) == 2


def test_a_file_rewritten_in_place_meanwhile_is_not_finished(command, panda, proxy, source):
    proxy.script(RewriteResponse(lambda head, body: rewrite_in_place(source) or head + body, on=3))
    result = upload(command, proxy, source)
    assert result.returncode == 1
    assert "changed while it was being uploaded" in result.stderr
    assert panda.only_upload.answer is None


def test_a_new_name_and_mode_are_no_new_bytes(command, panda, proxy, source):
    kill_in_the_middle(command, panda, proxy, source, signal.SIGKILL)
    source.chmod(0o600)
    proxy.script(RewriteResponse(lambda head, body: source.chmod(0o640) or head + body, on=2))
    assert_uploaded(upload(command, proxy, source), source)
    assert len(panda.uploads) == 1


def test_a_refused_hand_off_is_final(command, panda, proxy, source):
    panda.final_answer = (502, '{"error":"DeliveryFailed","message":"is not asked again"}')
    result = upload(command, proxy, source)
    assert result.returncode == 3
    assert "is not asked again; the same command continues where the server is" in result.stderr


def test_a_file_that_changes_meanwhile_is_not_finished(command, panda, proxy, source):
    def grow(head, body):
        with open(source, "ab") as file:
            file.write(b"more")
        return head + body
    proxy.script(RewriteResponse(grow, on=3))
    result = upload(command, proxy, source)
    assert result.returncode == 1
    assert "changed while it was being uploaded" in result.stderr
    assert panda.only_upload.answer is None


def test_a_file_that_shrinks_meanwhile_is_a_local_error(command, proxy, tmp_path):
    source = make_file(tmp_path / "long.bin", 32 * KIB * KIB)  # No socket's buffer takes it whole.
    proxy.script(Throttle(100_000, on=2))
    process = command.start(source, "--to", proxy.url, "--piece-size", "1GiB")
    assert proxy.wait_until(lambda p: len(p.requests) >= 2 and p.requests[1].body_bytes > 0)
    os.truncate(source, 0)
    _, errors = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 1, errors


def test_a_second_command_for_the_same_file_is_turned_away(command, proxy, source):
    proxy.script(Throttle(20_000, on=3))
    first = command.start(source, "--to", proxy.url, "--piece-size", "64KiB")
    assert proxy.wait_until(lambda p: len(p.requests) >= 3)
    second = upload(command, proxy, source)
    first.kill()
    first.communicate()
    assert second.returncode == 1
    assert "another sluice upload" in second.stderr


def test_several_files_go_one_after_the_other(command, panda, proxy, tmp_path):
    files = [make_file(tmp_path / name, size) for name, size in
             [("one.mp4", 100_000), ("zwei ü.mp4", 1), ("three.mp4", PIECE)]]
    result = command.run(*files, "--to", proxy.url, "--piece-size", "64KiB")
    assert result.returncode == 0, result.stderr
    videos = [json.loads(line) for line in result.stdout.splitlines()]
    assert [video["sha256"] for video in videos] == [sha256(path) for path in files]
    assert [video["original_filename"] for video in videos] == [path.name for path in files]


def test_a_missing_file_does_not_keep_the_others_back(command, proxy, source, tmp_path):
    result = command.run(tmp_path / "missing.mp4", tmp_path, source, "--to", proxy.url)
    assert result.returncode == 1
    assert "missing.mp4: cannot be opened: No such file" in result.stderr
    assert "is a folder; -r uploads the files in it" in result.stderr
    assert json.loads(result.stdout)["sha256"] == sha256(source)


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1])
def test_sizes_at_the_edges(command, proxy, tmp_path, size):
    source = make_file(tmp_path / "edge.bin", size)
    assert_uploaded(upload(command, proxy, source), source)
    if size == 0:
        assert [r.content_range for r in proxy.requests[1:]] == ["bytes */0"]


def test_memory_does_not_grow_with_the_piece(command, proxy, tmp_path):
    source = tmp_path / "big.bin"
    with open(source, "wb") as file:
        file.truncate(96 * KIB * KIB)
    peaks_kib = []
    for piece in ("256KiB", "96MiB"):
        processes = []

        def note_peak(head, body):
            status = pathlib.Path(f"/proc/{processes[0].pid}/status").read_text()
            peaks_kib.append(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]))
            return head + body
        # The last answer: the command has seen everything that it will see.
        proxy.script(RewriteResponse(note_peak, on=lambda request: (request.content_range or "")
                                     .endswith(f"-{96 * KIB * KIB - 1}/{96 * KIB * KIB}")))
        processes.append(command.start(source, "--to", proxy.url, "--piece-size", piece,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        assert processes[0].wait(SECONDS_MAX) == 0
    small, large = peaks_kib
    assert large < small + 4 * KIB
