# SPDX-License-Identifier: MIT
"""A file that the backend does not take: given up, kept, handed over again by the operator."""

import os
import socket
import stat
import subprocess

import pytest

from support.raw_http import path_of
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import environment, sluice_binary
from support.waiting import wait_until

IMPATIENT = '[delivery]\ngive_up_after = "0s"\nretry_first = "10ms"\n'


def retry(server, upload):
    return subprocess.run(
        [sluice_binary(), "retry", str(upload), "--data", server.data_dir],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def broken(new_server):
    """A server whose video library has no place for its files."""
    server = new_server(toml=IMPATIENT)
    os.rmdir(os.path.join(server.data_dir, "videos"))
    return server


def reason_in_log(server, response):
    """The log record of the request that got the answer."""
    assert_names_nothing_of(server, response)
    asked = response.header("X-Request-Id")
    wait_until(lambda: asked in [record["request"] for record in server.logged("request failed")], "the reason")
    (record,) = [record for record in server.logged("request failed") if record["request"] == asked]
    return record["reason"]


def assert_names_nothing_of(server, response):
    text = response.body.decode()
    assert server.data_dir not in text and "127.0.0.1" not in text and "/uploads" not in text, text


def open_session(client, size):
    response = client.request("POST", f"/videos/upload.json?file_name=a.bin&file_size={size}")
    return response.json()["id"], response.json()["location"]


def expect_failed(response):
    assert response.status == 502, response
    assert response.json()["error"] == "DeliveryFailed"
    assert response.header("Range") == "0-7"


def test_answers_name_neither_paths_nor_addresses(broken, new_server, connected, tmp_path):
    client = connected(broken)
    _, location = open_session(client, 9)
    failed = client.piece(location, 0, b"abcdefghi", 9)
    expect_failed(failed)
    assert broken.data_dir in reason_in_log(broken, failed)
    assert_names_nothing_of(broken, client.get(path_of(location)))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        server = new_server(toml=f'[backend]\nurl = "{nobody}"\n{IMPATIENT}')
        client = connected(server)
        _, location = open_session(client, 3)
        failed = client.whole(location, b"abc")
    assert failed.status == 502, failed
    assert nobody[:-1] in reason_in_log(server, failed)
    assert_names_nothing_of(server, client.get(path_of(location)))


def test_a_disk_that_fails_is_not_described_to_clients(new_server, connected):
    server = new_server()
    client = connected(server)
    _, location = open_session(client, 3)
    os.rename(os.path.join(server.data_dir, "uploads"), os.path.join(server.data_dir, "away"))
    failed = client.piece(location, 0, b"ab", 3)
    os.rename(os.path.join(server.data_dir, "away"), os.path.join(server.data_dir, "uploads"))
    assert (failed.status, failed.json()["error"]) == (503, "StorageFailed")
    assert server.data_dir in reason_in_log(server, failed)


@pytest.mark.parametrize("status", [401, 404, 407, 408, 425, 429])
def test_trouble_on_the_way_costs_no_file(new_server, connected, status):
    with ScriptedBackend(answer(status, b"from a gateway"), answer(body=b"{}")) as backend:
        server = new_server(toml=f'[backend]\nurl = "{backend.url()}"\n[delivery]\nretry_first = "10ms"\n')
        client = connected(server)
        _, location = open_session(client, 3)
        done = client.whole(location, b"abc")
        assert (done.status, done.body) == (200, b"{}")
        first, second = backend.requests
        assert first.key == second.key and second.body == b"abc"


def test_a_refused_file_is_kept_and_its_answer_replaced_by_a_retry(new_server, connected):
    with ScriptedBackend(answer(422, b'{"error":"Bitrate"}'), answer(body=b'{"id":"v2"}')) as backend:
        server = new_server(toml=f'[backend]\nurl = "{backend.url()}"\n[expiry]\nsweep = "10ms"\n')
        client = connected(server)
        upload, location = open_session(client, 3)
        for response in (client.whole(location, b"abc"), client.status(location, 3), client.piece(location, 2, b"c", 3)):
            assert (response.status, response.body) == (422, b'{"error":"Bitrate"}')
            assert response.header("Sluice-Answer") == "backend"
        (warning,) = server.logged("refused by the backend")
        assert (warning["level"], warning["status"], warning["reason"]) == ("warn", 422, '{"error":"Bitrate"}')
        server.kill()
        server.start()
        client = connected(server)
        assert client.status(location, 3).status == 422
        assert retry(server, upload).returncode == 0
        done = client.piece(location, 2, b"c", 3)
        assert (done.status, done.body, done.header("Sluice-Answer")) == (200, b'{"id":"v2"}', "backend")
        assert client.status(location, 3).body == done.body
        assert [request.body for request in backend.requests] == [b"abc", b"abc"]


def test_retry_since_takes_all_that_was_refused_or_given_up(new_server, connected):
    with ScriptedBackend(answer(403, b"no"), answer(500, b"broken"), answer(body=b"{}")) as backend:
        server = new_server(toml=f'[backend]\nurl = "{backend.url()}"\n{IMPATIENT}')
        client = connected(server)
        locations = [open_session(client, 3)[1] for _ in range(2)]
        assert [client.whole(location, b"abc").status for location in locations] == [403, 502]
        assert retry(server, "--since=2999-01-01T00:00Z").stdout == "0 uploads are being handed over again\n"
        done = retry(server, "--since=2000-01-01T00:00Z")
        assert (done.returncode, done.stdout) == (0, "2 uploads are being handed over again\n"), done
        assert [client.piece(location, 2, b"c", 3).status for location in locations] == [200, 200]
        assert retry(server, "--since=yesterday").returncode == 2


def test_given_up_and_handed_over_again(broken, connected):
    client = connected(broken)
    upload, location = open_session(client, 9)
    expect_failed(client.piece(location, 0, b"abcdefghi", 9))
    expect_failed(client.status(location, 9))
    assert client.get(path_of(location)).json()["state"] == "failed"
    broken.kill()
    broken.start()  # Makes the missing directory.
    client = connected(broken)
    expect_failed(client.status(location, 9))
    expect_failed(client.piece(location, 8, b"i", 9))
    done = retry(broken, upload)
    assert done.returncode == 0, done
    assert done.stdout == f"upload {upload} is being handed over again\n"
    answer = client.piece(location, 8, b"i", 9)
    assert answer.status == 200, answer
    assert answer.json()["original_filename"] == "a.bin"
    assert client.status(location, 9).body == answer.body


def test_retry_says_why_it_does_not(broken, connected):
    upload, _ = open_session(connected(broken), 9)
    unfinished = retry(broken, upload)
    assert unfinished.returncode == 1
    assert "is receiving" in unfinished.stderr
    unknown = retry(broken, upload + 1)
    assert unknown.returncode == 1
    assert "there is no upload" in unknown.stderr
    broken.terminate()
    gone = retry(broken, upload)
    assert gone.returncode == 4
    assert "no server answers" in gone.stderr


def test_the_control_socket_is_its_owners_alone(broken):
    path = os.path.join(broken.data_dir, "control.sock")
    mode = os.stat(path).st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    broken.terminate()
    assert not os.path.exists(path)


def test_a_large_answer_is_kept_and_repeated_byte_for_byte(new_server, connected, noise):
    body = noise(10_000_000)
    with ScriptedBackend(answer(body=body)) as backend:
        server = new_server(toml=f'[backend]\nurl = "{backend.url()}"\n')
        client = connected(server)
        location = client.create(3)
        assert client.whole(location, b"abc").body == body
        for _ in range(2):
            for response in (client.status(location, 3), client.piece(location, 2, b"c", 3)):
                assert (response.status, response.header("Range")) == (200, "0-2")
                assert response.body == body
            server.kill()
            server.start()
            client = connected(server)
        assert len(backend.requests) == 1


def test_a_backend_that_recovers_after_the_last_attempt(new_server, connected):
    with ScriptedBackend(answer(500, b"broken"), answer(body=b"{}")) as backend:
        server = new_server(toml=f'[backend]\nurl = "{backend.url()}"\n{IMPATIENT}')
        client = connected(server)
        upload, location = open_session(client, 3)
        given_up = client.whole(location, b"abc")
        assert given_up.status == 502
        assert "the backend answered 500" in reason_in_log(server, given_up)
        assert retry(server, upload).returncode == 0
        assert client.piece(location, 2, b"c", 3).body == b"{}"
        first, second = backend.requests
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
