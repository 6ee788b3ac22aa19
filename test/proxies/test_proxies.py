# SPDX-License-Identifier: MIT
"""Uploads through nginx, HAProxy, Caddy and Apache, over TLS, as packaging/proxies configures them."""

import contextlib
import hashlib

import pytest

from proxy_harness import ProxyClient
from support.generated_file import GeneratedFile
from support.raw_http import OCTETS, Connection, chunked, multipart, path_of
from support.rufh import Rufh
from support.tus import Tus, offset_in
from support.waiting import wait_until

MIB = 1 << 20
SOON_SECONDS = 10


@pytest.fixture
def client(proxy):
    with proxy.client() as made:
        yield made


def expect_answer(response, data):
    """The embedded backend's, about these bytes."""
    assert response.status == 200, response
    assert response.json()["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_request_that_falls_silent_has_left_its_bytes_and_goes_on(proxy, client):
    file = GeneratedFile(64 * MIB)
    location = client.create(file.size, "film.bin")
    arrived = 40 * MIB + 12345
    with contextlib.closing(Connection(proxy.address, tls=proxy.tls)) as silent:
        silent.send_head("PUT", path_of(location), [
            ("Content-Type", OCTETS), ("Content-Length", str(file.size)),
            ("Content-Range", f"bytes 0-{file.size - 1}/{file.size}")])
        for piece in file.pieces(0, arrived):
            silent.send(piece)
        # Neither end nor reset of the connection tells that nothing more will come.
        wait_until(lambda: client.stored(location) == arrived, f"{arrived} bytes are there", SOON_SECONDS)
        response = client.piece(location, arrived, file.read(arrived, file.size), file.size)
    assert response.status == 200, response
    assert response.json()["sha256"] == file.sha256()


def test_location_names_the_public_address(proxy, client):
    assert client.create(10).startswith(proxy.url + "/uploads/")
    assert Tus(client).create(10).startswith(proxy.url + "/uploads/")


def test_plain_http_leads_to_https(proxy):
    with ProxyClient(("localhost", proxy.plain_port)) as plain:
        # To HEAD: the answers that proxies make themselves have any framing.
        response = plain.request("HEAD", "/healthz?a=b")
    assert response.status == 308
    assert response.header("Location").startswith("https://localhost")
    assert response.header("Location").endswith("/healthz?a=b")


def test_tus(client):
    data = GeneratedFile(3 * MIB + 7).read(0, 3 * MIB + 7)
    tus = Tus(client)
    location = tus.create(len(data))
    assert offset_in(tus.patch(location, 0, data[: 2 * MIB])) == 2 * MIB
    assert tus.offset(location) == 2 * MIB
    assert tus.patch(location, 2 * MIB, data[2 * MIB :]).status == 204
    expect_answer(tus.answer(location), data)


def test_the_ietf_draft(proxy, client):
    data = GeneratedFile(2 * MIB).read(0, 2 * MIB)
    rufh = Rufh(client)
    response = rufh.post(data, True)
    expect_answer(response, data)
    assert rufh.is_complete(response) is True
    if proxy.passes_interims:
        assert [interim.status for interim in rufh.interims][:1] == [104]
        assert rufh.interims[0].header("Location").startswith(proxy.url + "/uploads/")
    else:
        assert rufh.interims == []
    location = rufh.create(len(data), data[:MIB])
    assert rufh.offset(location) == MIB
    expect_answer(rufh.patch(location, MIB, data[MIB:], True), data)


def test_a_body_of_unknown_length(client):
    data = GeneratedFile(MIB).read(0, MIB)
    rufh = Rufh(client)
    connection = client.connection
    connection.send_head("POST", "/files", [("Upload-Draft-Interop-Version", "10"), rufh.complete(True),
                                            ("Transfer-Encoding", "chunked")])
    connection.send(chunked(data[:1000], data[1000:]))
    expect_answer(connection.read_final(), data)


def test_a_form(client):
    data = b"the file of a form" * 1000
    location = client.create(len(data))
    body = multipart("xXx", ("file", "a.bin", data))
    expect_answer(client.request("POST", path_of(location), [("Content-Type", "multipart/form-data; boundary=xXx")],
                                 body), data)


def test_delete_ends_an_upload(client):
    location = client.create(10)
    assert client.delete(location).status == 200
    assert client.status(location).status in (404, 410)


def test_a_page_of_another_origin_may_send(client):
    target = path_of(client.create(10))
    for method in ("PUT", "PATCH", "DELETE"):
        response = client.request("OPTIONS", target, [
            ("Origin", "https://app.example.com"), ("Access-Control-Request-Method", method),
            ("Access-Control-Request-Headers", "content-range, upload-offset, tus-resumable")])
        assert response.status in (200, 204), response
        assert method in response.header("Access-Control-Allow-Methods")
        assert "content-range" in response.header("Access-Control-Allow-Headers").lower()


def test_a_refusal_comes_in_the_servers_words(proxy):
    """The body is larger than limits.file_size. Caddy and Apache pass no answer on while the client is silent."""
    size = 300 * MIB
    with proxy.client() as client:
        connection = client.connection
        connection.send_head("POST", "/files", [("Upload-Draft-Interop-Version", "10"), ("Upload-Complete", "?1"),
                                                ("Content-Type", OCTETS), ("Content-Length", str(size))])
        connection.send_until_answered(size)
        response = connection.read_final()
    assert response.status == 413, response
    assert str(256 * MIB) in response.body.decode()


def test_the_address_of_the_client_is_not_what_it_says(server, proxy, client):
    """The forwarded fields of a client count for nothing, and neither kind hides the proxy's."""
    for fields in ([("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "http")],
                   [("Forwarded", "for=192.0.2.1;host=evil.example;proto=http")]):
        response = Tus(client).post(("Upload-Length", "10"), *fields)
        assert response.header("Location").startswith(proxy.url + "/uploads/"), fields
