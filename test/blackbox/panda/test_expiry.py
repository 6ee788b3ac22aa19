# SPDX-License-Identifier: MIT
"""Unfinished uploads expire; activity keeps them; finished ones keep their video."""

import os
import time

from support.raw_http import path_of
from support.waiting import wait_until

SOON = '[expiry]\nidle = "400ms"\nsweep = "100ms"\n'


def blobs(server):
    folder = os.path.join(server.data_dir, "uploads")
    return [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]


def test_idle_upload_expires_and_frees_its_space(new_server, connected):
    server = new_server(toml=SOON)
    client = connected(server)
    location = client.create(9)
    client.piece(location, 0, b"abcde", 9)
    # Reading the files does not count as activity, a status query would.
    wait_until(lambda: not blobs(server), lambda: blobs(server))
    for response in (client.status(location, 9), client.piece(location, 5, b"fghi", 9), client.get(path_of(location))):
        assert response.status == 404, response
        assert response.json()["error"] == "RecordNotFound"


def test_untouched_session_expires(new_server, connected):
    server = new_server(toml=SOON)
    client = connected(server)
    location = client.create(9)
    wait_until(lambda: b'sluice_uploads{state="receiving"} 0' in client.get("/metrics").body, "the session to expire")
    assert client.status(location, 9).status == 404
    assert not blobs(server)


def test_upload_expires_while_the_server_is_down(new_server, connected):
    server = new_server(toml='[expiry]\nidle = "1s"\nsweep = "100ms"\n')
    client = connected(server)
    location = client.create(9)
    client.piece(location, 0, b"abcde", 9)
    expires = time.monotonic() + 1.2
    client.close()
    server.kill()
    assert len(blobs(server)) == 1
    wait_until(lambda: time.monotonic() > expires, "the idle time to pass")
    server.start()
    wait_until(lambda: not blobs(server), lambda: blobs(server))
    assert connected(server).status(location, 9).status == 404


def test_activity_renews_the_idle_time(new_server, connected):
    server = new_server(toml='[expiry]\nidle = "1500ms"\nsweep = "100ms"\n')
    client = connected(server)
    size = 40
    location = client.create(size)
    begun = time.monotonic()
    sent = 0

    def send_one():
        nonlocal sent
        response = client.piece(location, sent, b"x", size)
        assert response.status == 204, f"after {time.monotonic() - begun} s: {response}"
        sent += 1
        return time.monotonic() - begun > 3.5 or sent == size - 1

    while not send_one():
        next_one = begun + sent * 0.1
        wait_until(lambda at=next_one: time.monotonic() >= at, "the next piece")
    assert time.monotonic() - begun > 3.0
    assert client.stored(location, size) == sent


def test_absolute_expiry_ends_even_a_busy_upload(new_server, connected):
    server = new_server(toml='[expiry]\nidle = "1h"\nabsolute = "700ms"\nsweep = "100ms"\n')
    client = connected(server)
    location = client.create(1000)
    client.piece(location, 0, b"x", 1000)
    wait_until(lambda: client.status(location, 1000).status == 404, "the absolute time to pass")
    wait_until(lambda: not blobs(server), lambda: blobs(server))


def test_finished_upload_keeps_its_video(new_server, connected, video_path):
    server = new_server(toml='[expiry]\nidle = "300ms"\nabsolute = "600ms"\nsweep = "100ms"\n')
    client = connected(server)
    location = client.create(9)
    done = client.whole(location, b"abcdefghi")
    unfinished = client.create(9)
    wait_until(lambda: client.get(path_of(unfinished)).status == 404, "the other upload to expire")
    assert client.status(location, 9).body == done.body
    assert os.path.exists(video_path(server, done.json()))
    assert client.get(f"/videos/{done.json()['id']}.json").status == 200


def test_answer_of_a_finished_upload_is_forgotten_and_the_video_stays(new_server, connected, video_path):
    server = new_server(toml='[expiry]\nfinished = "400ms"\nsweep = "100ms"\n')
    client = connected(server)
    location = client.create(9)
    done = client.whole(location, b"abcdefghi")
    assert done.status == 200
    wait_until(lambda: client.status(location, 9).status == 404, "the answer to be forgotten")
    assert os.path.exists(video_path(server, done.json()))
    assert client.get(f"/videos/{done.json()['id']}.json").status == 200


def test_delete_frees_the_space_at_once(new_server, connected):
    server = new_server()
    client = connected(server)
    location = client.create(1_000_000)
    client.piece(location, 0, b"x" * 500_000, 1_000_000)
    assert len(blobs(server)) == 1
    client.delete(location)
    wait_until(lambda: not blobs(server), lambda: blobs(server), 10)


def test_files_without_an_upload_are_removed(new_server):
    """The leftovers of a crash between two steps."""
    server = new_server(toml=SOON)
    server.kill()
    uploads = os.path.join(server.data_dir, "uploads")
    known = os.listdir(uploads)
    server.start()
    assert os.listdir(uploads) == known
    wait_until(lambda: not blobs(server), lambda: blobs(server))
