# SPDX-License-Identifier: MIT
"""FilePond's chunks, by raw bytes."""

import pytest

from support.fault_proxy import FaultProxy
from support.raw_http import Client, Connection, multipart

CHUNK = 100_000
FORM = ("Content-Type", "multipart/form-data; boundary=b")
TYPE = ("Content-Type", "application/offset+octet-stream")


@pytest.fixture
def server(new_server):
    return new_server(toml='dialects.enabled = "panda, tus, filepond"\n')


@pytest.fixture
def client(server):
    with Client(server.address) as connected:
        yield connected


def create(client, size, name="clip.mp4"):
    fields = [FORM, ("Upload-Length", str(size)), ("Upload-Name", name)]
    response = client.request("POST", "/files", fields, multipart("b", ("filepond", None, b"{}")))
    assert response.status == 201, response
    assert response.header("Location").endswith("/uploads/" + response.body.decode())
    return "/uploads/" + response.body.decode()


def head_of(offset, size):
    return [TYPE, ("Upload-Offset", str(offset)), ("Upload-Length", str(size)), ("Upload-Name", "clip.mp4")]


def patch(client, target, offset, data):
    return client.request("PATCH", target, head_of(offset, len(data)), data[offset : offset + CHUNK])


def offset_of(client, target):
    response = client.request("HEAD", target)
    assert response.status == 200, response
    return int(response.header("Upload-Offset"))


def stored(server, client):
    (video,) = client.get("/videos.json").json()
    with open(f"{server.data_dir}/videos/{video['id']}{video['extname']}", "rb") as file:
        return file.read()


@pytest.mark.parametrize("size", [2 * CHUNK, 2 * CHUNK + 1])
def test_chunks(client, server, noise, size):
    data = noise(size)
    target = create(client, size)
    for offset in range(0, size // CHUNK * CHUNK + 1, CHUNK):
        response = patch(client, target, offset, data)
        assert response.status == 204, response
    assert stored(server, client) == data
    described = client.get(target).json()
    assert described["state"] == "delivered" and described["answer"]["body"]["file_size"] == size


def test_a_chunk_that_broke_off_leaves_nothing(client, server, noise):
    data = noise(3 * CHUNK - 1)
    target = create(client, len(data))
    patch(client, target, 0, data)
    with Connection(server.address) as cut:
        cut.send_head("PATCH", target, [*head_of(CHUNK, len(data)), ("Content-Length", str(CHUNK))])
        with client.until_body_bytes_arrive(50_000):
            cut.send(data[CHUNK : CHUNK + 50_000])
    assert offset_of(client, target) == CHUNK
    client.close()
    server.restart()
    with Client(server.address) as after:
        assert offset_of(after, target) == CHUNK
        assert patch(after, target, CHUNK, data).status == 204
        assert patch(after, target, 2 * CHUNK, data).status == 204
        assert stored(server, after) == data


def test_tus_is_not_disturbed(client):
    response = client.request("POST", "/files", [("Tus-Resumable", "1.0.0"), ("Upload-Length", "9")])
    assert response.status == 201 and response.header("Tus-Resumable") == "1.0.0"
    target = create(client, 9)
    fields = [("Tus-Resumable", "1.0.0"), TYPE, ("Upload-Offset", "0")]
    assert client.request("PATCH", target, fields, b"abc").header("Upload-Offset") == "3", "a request that says so is of tus"


@pytest.mark.parametrize("fields", [[], [("Upload-Length", "x")], [("Upload-Length", "-1")]])
def test_refusals(client, fields):
    response = client.request("POST", "/files", [FORM, *fields], multipart("b", ("filepond", None, b"{}")))
    assert response.status in (400, 412), response


def test_the_answer_to_a_repeated_chunk_may_come_before_its_body(server, client, noise):
    """Also through a proxy, whose client sends the rest all the same."""
    data = noise(4 << 20)
    target = create(client, len(data))
    response = client.request("PATCH", target, head_of(0, len(data)), data)
    assert response.status == 204, response
    fields = [*head_of(0, len(data)), ("Content-Length", str(len(data)))]
    with FaultProxy(*server.address) as proxy:
        for address in (server.address, (proxy.host, proxy.port)):
            with Connection(address) as connection:
                connection.send_head("PATCH", target, fields)
                response = connection.read_final()
                assert response.status == 204 and response.header("Upload-Offset") == str(len(data)), response
                for begin in range(0, len(data), CHUNK):
                    connection.send(data[begin : begin + CHUNK])
