# SPDX-License-Identifier: MIT
"""The log: no request waits for its reader, and each line names its upload or request."""

import json
import os
import signal
import threading

import pytest

from support.raw_http import OCTETS, path_of
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import run_sluice
from support.waiting import wait_until

LONG = "A" * 4000  # A method that the access line repeats.


@pytest.fixture
def unread(new_server):
    """A server whose standard error is a pipe; reading it is up to the test."""
    server = new_server(start=False)
    reader, server.stderr = os.pipe()
    server.start()
    os.close(server.stderr)
    yield server, reader
    os.close(reader)


def dropped(client):
    return client.metric("sluice_log_lines_dropped_total")


def test_log_that_nobody_reads_stops_no_request(unread, connected):
    server, _ = unread
    client = connected(server)
    for _ in range(1000):
        assert client.get("/healthz").status == 200
    location = client.create(9)
    assert client.whole(location, b"abcdefghi").status == 200
    assert dropped(client) == 0
    client.close()
    assert server.terminate(30) == 0


def test_lines_that_found_no_room_are_counted_and_told_of(unread, connected):
    server, reader = unread
    client = connected(server)
    while not dropped(client):
        for _ in range(100):
            assert client.request(LONG, "/healthz").status == 405
    lines = []

    def read():
        with os.fdopen(os.dup(reader), encoding="utf-8") as pipe:
            lines.extend(json.loads(line) for line in pipe)

    reading = threading.Thread(target=read, daemon=True)
    reading.start()

    def told():
        assert client.get("/healthz").status == 200
        return sum(line["lines"] for line in lines if line["event"] == "log lines were dropped")

    wait_until(told, "a line that says how many")
    count = dropped(client)
    client.close()
    assert server.terminate(30) == 0
    reading.join(30)
    assert lines[-1]["event"] == "drained"
    assert sum(line["lines"] for line in lines if line["event"] == "log lines were dropped") == count


def names_of(line):
    """The keys of an object, repeated ones too."""
    return [key for key, _ in json.loads(line, object_pairs_hook=list)]


def test_no_line_has_a_key_twice(new_server, connected):
    with ScriptedBackend(answer(500)) as backend:
        toml = f'[hooks]\ncreated = "{backend.url()}"\n[delivery]\nretry_first = "10ms"\n'
        server = new_server(toml=toml)
        client = connected(server)
        client.whole(client.create(9), b"abcdefghi")
        client.get("/nothing")
        wait_until(lambda: "a hook will be told again" in server.log(), "a hook that fails")
        client.close()
        server.terminate()
    for line in server.log().splitlines():
        names = names_of(line)
        assert len(names) == len(set(names)), line
    hooks = [record for record in server.log_records() if "hook" in record]
    assert hooks and all(record["hook"] == "created" and record["upload"] for record in hooks)


def test_line_of_a_request_has_its_upload_whatever_becomes_of_it(new_server, connected):
    server = new_server()
    client = connected(server)
    location = client.create(9)
    raw = ("Content-Type", OCTETS)
    answers = [
        client.piece(location, 0, b"abc", 9),
        client.piece(location, 0, b"xyz", 9),  # Other bytes than the stored ones.
        client.piece(location, 7, b"hi", 9),  # Behind a gap.
        client.request("PUT", path_of(location), [raw, ("Content-Range", "bytes what")], b"abc"),
        client.request("PATCH", path_of(location)),
        client.status(location, 10),
        client.request("GET", path_of(location)),
        client.delete(location),
        client.delete(location),
        client.status(location, 9),
    ]
    client.close()
    assert server.terminate() == 0
    uploads = {record["request"]: record.get("upload") for record in server.log_records() if "request" in record}
    for answer in answers:
        assert uploads[answer.header("X-Request-Id")] == 1, answer


def line_of(server, answer):
    (line,) = (
        record
        for record in server.log_records()
        if record.get("request") == answer.header("X-Request-Id") and record["event"] == "request"
    )
    return line


def test_line_of_a_request_that_is_refused_at_its_head_has_its_upload(new_server, connected):
    server = new_server()
    client = connected(server)
    fields = [("Content-Type", OCTETS), ("Content-Range", "bytes 0-2/9"), ("Content-Encoding", "gzip")]
    answer = client.request("PUT", path_of(client.create(9)), fields, b"abc")
    assert answer.status == 415
    client.close()
    assert server.terminate() == 0
    assert line_of(server, answer)["upload"] == 1


def test_line_of_a_file_without_a_session_has_its_upload_though_it_is_refused(new_server, connected):
    server = new_server(toml='[[credentials]]\nowner = "ann"\ntoken = "0123456789abcdef"\n')
    client = connected(server)
    # Larger than the part of a form that is read before the file begins to be stored.
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n' + bytes(100_000) + b'\r\n'
        b'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\nguessed\r\n--b--\r\n'
    )
    answer = client.request("POST", "/videos.json", [("Content-Type", "multipart/form-data; boundary=b")], body)
    assert answer.status == 401
    client.close()
    assert server.terminate() == 0
    (refused,) = (r for r in server.log_records() if r["event"] == "file without a session refused")
    assert line_of(server, answer)["upload"] == refused["upload"]


def test_location_of_no_upload_has_no_number(new_server, connected):
    server = new_server()
    client = connected(server)
    answer = client.delete("/uploads/" + "A" * 43)
    assert answer.status == 404
    client.close()
    assert server.terminate() == 0
    (line,) = (record for record in server.log_records() if record.get("request") == answer.header("X-Request-Id"))
    assert "upload" not in line


@pytest.mark.parametrize(
    "args, toml, uploaders",
    [
        ((), "", "everybody on this machine"),
        (("--open",), "", "everybody who reaches the address"),
        ((), '[[credentials]]\nowner = "ann"\ntoken = "0123456789abcdef"\n', "holders of a credential"),
    ],
)
def test_first_line_says_what_runs(new_server, args, toml, uploaders):
    server = new_server(*args, toml=f'[data]\ndurability = "interval"\n{toml}')
    first = wait_until(server.log_records, "the first line")[0]
    assert first["event"] == "started"
    assert first["version"] == run_sluice("--version").stdout.split()[1]
    assert first["data"] == server.data_dir
    assert first["durability"] == "interval"
    assert first["uploaders"] == uploaders
    assert first["credentials"] == toml.count("[[credentials]]")


def test_level_that_no_line_has_is_refused(tmp_path):
    done = run_sluice("check", env={"SLUICE_LOG_LEVEL": "debug"}, cwd=tmp_path)
    assert done.returncode == 2 and "SLUICE_LOG_LEVEL" in done.stderr


def test_all_that_was_said_is_written_at_the_end(new_server, connected):
    server = new_server()
    client = connected(server)
    for _ in range(200):
        client.get("/healthz")
    client.close()
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    events = [record["event"] for record in server.log_records()]
    assert events.count("request") == 200 and events[-1] == "drained"
