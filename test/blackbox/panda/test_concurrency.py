# SPDX-License-Identifier: MIT
"""Several requests for one upload at the same time, and the hand-off that they join."""

import os
import random
import threading

from support.raw_http import OCTETS, Client, Connection, path_of, stored_bytes
from support.waiting import wait_until


def in_threads(count, work):
    """Runs work(number) in threads; the first failure is raised here."""
    failures = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:  # Raised again below.
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads), "a request is never answered"
    if failures:
        raise failures[0]


def address(server):
    return server.host, server.port


def start_stalled(server, location, total, begin, data):
    """A request for everything from begin on, of which only data arrives."""
    connection = Connection(address(server))
    fields = [("Content-Type", OCTETS), ("Content-Range", f"bytes {begin}-{total - 1}/{total}")]
    connection.send_head("PUT", path_of(location), [*fields, ("Content-Length", str(total - begin))])
    connection.send(data)
    return connection


def test_newest_request_wins_and_the_stalled_one_is_told(client, server, noise, video_path):
    data = noise(2_000_000)
    location = client.create(len(data))
    stalled = start_stalled(server, location, len(data), 0, data[:700_000])
    # Once some bytes are stored the newer request goes on behind those that are kept.
    uploads = os.path.join(server.data_dir, "uploads")
    wait_until(
        lambda: any(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(uploads) for name in names),
        "the first bytes on the disk",
    )
    done = client.piece(location, 0, data, len(data))
    assert done.status == 200, done
    with stalled:
        told = stalled.read_final()
        assert told.status == 503, told
        assert told.json()["error"] == "TakenOver"
        assert told.header("Retry-After")
    with open(video_path(server, done.json()), "rb") as file:
        assert file.read() == data


def test_status_and_description_do_not_wait_for_a_stalled_request(client, server):
    location = client.create(1_000_000)
    with start_stalled(server, location, 1_000_000, 0, b"x" * 1000):
        for _ in range(5):
            assert client.status(location, 1_000_000).status == 204
            assert client.get(path_of(location)).status == 200


def test_abort_ends_a_stalled_request(client, server):
    location = client.create(1_000_000)
    with start_stalled(server, location, 1_000_000, 0, b"x" * 1000) as stalled:
        assert client.delete(location).status == 200
        assert stalled.read_final().status in (404, 503)
    assert client.status(location).status == 404


def test_many_senders_of_one_file_make_one_video(client, server, noise, video_path):
    data = noise(3_000_000)
    location = client.create(len(data), "raced.bin")
    answers = set()

    def send(number):
        rng = random.Random(number)
        with Client(address(server)) as own:
            offset = 0
            while True:
                begin = max(0, offset - rng.randrange(100_000))
                end = min(len(data), begin + rng.randrange(1, 700_000))
                response = own.piece(location, begin, data[begin:end], len(data))
                if response.status == 200:
                    answers.add(response.body)
                    return
                if response.status == 503:
                    response = own.status(location, len(data))
                    if response.status == 200:
                        answers.add(response.body)
                        return
                previous, offset = offset, stored_bytes(response)
                assert offset >= previous, "the acknowledged bytes became fewer"

    in_threads(6, send)
    assert len(answers) == 1
    done = client.status(location, len(data))
    assert answers == {done.body}
    named = [video for video in client.get("/videos.json").json() if video["original_filename"] == "raced.bin"]
    assert len(named) == 1
    with open(video_path(server, named[0]), "rb") as file:
        assert file.read() == data


def test_last_piece_sent_by_many_at_once(client, server):
    location = client.create(9, "last.bin")
    client.piece(location, 0, b"abcdefgh", 9)
    bodies = []

    def send(_):
        with Client(address(server)) as own:
            while True:
                response = own.piece(location, 8, b"i", 9)
                assert response.status in (200, 503), response
                if response.status == 200:
                    bodies.append(response.body)
                    return

    in_threads(8, send)
    assert len(bodies) == 8 and len(set(bodies)) == 1
    assert sum(video["original_filename"] == "last.bin" for video in client.get("/videos.json").json()) == 1


def test_abort_races_with_the_last_piece(client, server):
    """The upload is aborted or finished, and stays so."""
    for attempt in range(15):
        location = client.create(9, f"race{attempt}.bin")
        client.piece(location, 0, b"abcdefgh", 9)
        outcome = {}

        def act(number, location=location, outcome=outcome):
            with Client(address(server)) as own:
                if number:
                    outcome["delete"] = own.delete(location).status
                else:
                    outcome["piece"] = own.piece(location, 8, b"i", 9).status

        in_threads(2, act)
        assert outcome["delete"] == 200, outcome
        final = client.status(location, 9)
        videos = [video for video in client.get("/videos.json").json() if video["original_filename"] == f"race{attempt}.bin"]
        if outcome["piece"] == 200:
            assert final.status == 200 and len(videos) == 1, (outcome, final, videos)
        else:
            assert outcome["piece"] in (404, 503), outcome
            # A hand-off that had begun may end; without one nothing is left.
            assert (final.status, len(videos)) in ((404, 0), (200, 1), (204, 0), (204, 1)), (outcome, final, videos)


def test_many_uploads_at_once(client, server, noise, video_path):
    data = noise(400_000)

    def send(number):
        with Client(address(server)) as own:
            location = own.create(len(data), f"many{number}.bin")
            for begin in range(0, len(data), 50_000):
                response = own.piece(location, begin, data[begin : begin + 50_000], len(data))
            assert response.status == 200, response
            with open(video_path(server, response.json()), "rb") as file:
                assert file.read() == data

    in_threads(24, send)


def test_hand_off_that_takes_long_withholds_the_last_byte(new_server, connected, mp4):
    server = new_server(toml='[delivery]\nwait = "0s"\n')
    client = connected(server)
    location = client.create(len(mp4))
    response = client.piece(location, 0, mp4, len(mp4))
    if response.status != 200:
        assert response.status == 503, response
        assert response.json()["error"] == "DeliveryPending"
        assert response.header("Retry-After")

    def finished():
        status = client.status(location, len(mp4))
        if status.status == 204:
            assert stored_bytes(status) == len(mp4) - 1
            # A simple client sends the last byte again and joins the running hand-off.
            again = client.piece(location, len(mp4) - 1, mp4[-1:], len(mp4))
            assert again.status in (200, 503), again
        return status if status.status == 200 else None

    done = wait_until(finished, "the hand-off to end")
    assert done.header("Range") == f"0-{len(mp4) - 1}"
    assert client.piece(location, len(mp4) - 1, mp4[-1:], len(mp4)).body == done.body
    assert len(client.get("/videos.json").json()) == 1
