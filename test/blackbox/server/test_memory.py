# SPDX-License-Identifier: MIT
"""Resident memory does not grow with the size of an upload, nor with refused or stalled requests."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.generated_file import GeneratedFile, sha256_of_file
from support.raw_http import Connection, path_of

MIB = 1 << 20
STORAGE_THREADS = 16  # limits::storage_threads
ALLOWED_GROWTH_KIB = 6 * 1024


def stream(client, source, fields=()):
    location = client.create(source.size)
    connection = client.connection
    head = [("Content-Type", "application/octet-stream"), ("Content-Length", str(source.size)), *fields]
    connection.send_head("PUT", path_of(location), head)
    for piece in source.pieces():
        connection.send(piece)
    response = connection.read_final()
    assert response.status == 200, response
    return response.json()


def test_1_gib_leaves_memory_where_10_mib_does(new_server, connected, video_path):
    server = new_server()
    client = connected(server, timeout=300)
    for _ in range(3):
        stream(client, GeneratedFile(10 * MIB))
    small = server.memory_kib("VmHWM")
    source = GeneratedFile(1024 * MIB, seed=2)
    video = stream(client, source)
    large = server.memory_kib("VmHWM")
    print(f"VmHWM after 10 MiB {small} KiB, after 1 GiB {large} KiB")
    assert large - small < ALLOWED_GROWTH_KIB
    assert sha256_of_file(video_path(server, video)) == source.sha256()


def test_fast_bodies_pass_through_pipes_of_which_each_writing_thread_has_one(new_server, connected):
    server = new_server(env={"SLUICE_VIDEO_PROBE": "off"})
    at_start = server.pipes()  # Those of a server without a request.
    clients = [connected(server, timeout=300) for _ in range(2 * STORAGE_THREADS)]
    with ThreadPoolExecutor(len(clients)) as pool:
        videos = list(pool.map(lambda client: stream(client, GeneratedFile(8 * MIB)), clients))
    assert len(videos) == len(clients)
    pipes = server.pipes() - at_start
    print(f"{pipes} pipes")
    assert 0 < pipes <= STORAGE_THREADS


def test_many_idle_connections_cost_a_few_kib_each(new_server, connected):
    server = new_server()
    connected(server).get("/healthz")
    before = server.memory_kib("VmRSS")
    idle = []
    try:
        for _ in range(400):
            idle.append(Connection((server.host, server.port)))
            assert idle[-1].request("GET", "/healthz").status == 200
        growth = server.memory_kib("VmRSS") - before
    finally:
        for connection in idle:
            connection.close()
    print(f"{growth / 400:.1f} KiB for each idle connection")
    assert growth < 400 * 40


@pytest.mark.parametrize("count", [200])
def test_stalled_uploads_share_the_buffer_budget(new_server, connected, count):
    """Each client has sent a few bytes and stops: it must not hold a whole buffer."""
    server = new_server(toml='[limits]\nbuffers = "16MiB"\n')
    client = connected(server)
    client.whole(client.create(9), b"abcdefghi")
    before = server.memory_kib("VmRSS")
    stalled = []
    try:
        for _ in range(count):
            location = client.create(10 * MIB)
            connection = Connection((server.host, server.port))
            stalled.append(connection)
            head = [("Content-Type", "application/octet-stream"), ("Content-Length", str(10 * MIB))]
            connection.send_head("PUT", path_of(location), head)
            connection.send(b"x" * 2000)
        # Another client is still served while they stall.
        assert client.whole(client.create(9), b"abcdefghi").status == 200
        growth = server.memory_kib("VmRSS") - before
    finally:
        for connection in stalled:
            connection.close()
    print(f"{growth} KiB for {count} stalled uploads")
    assert growth < 16 * 1024 + count * 40


def test_answers_that_nobody_reads_cost_little(new_server, connected):
    """A hundred videos of 60 KB each: 6 MB for each client that asks for them and does not read."""
    server = new_server(env={"SLUICE_VIDEO_PROBE": "off"})
    client = connected(server)
    form = ("Content-Type", "application/x-www-form-urlencoded")
    for _ in range(100):
        body = b"file_size=1&file_name=a.mp4&payload=" + b"x" * 60_000
        session = client.request("POST", "/videos/upload.json", [form], body)
        assert client.whole(session.json()["location"], b"v").status == 200
    page = client.get("/videos.json")
    videos = page.json()
    assert len(videos) == 100 and 900_000 < len(page.body) < 1.1 * MIB
    assert client.get(f"/videos/{videos[-1]['id']}.json").json()["payload"] == "x" * 60_000
    before = server.memory_kib("VmRSS")
    greedy = []
    try:
        for _ in range(200):
            greedy.append(Connection(server.address, receive_buffer=4096))
            greedy[-1].send_head("GET", "/videos.json")
        # Behind the others in the journal's queue.
        assert client.get("/videos.json").body == page.body
        growth = server.memory_kib("VmRSS") - before
    finally:
        for connection in greedy:
            connection.close()
    print(f"{growth} KiB for {len(greedy)} answers")
    assert growth < len(greedy) * 2 * 1024
