# SPDX-License-Identifier: MIT
"""Finished files on their way to an application: the request in each mode, and the connections that bring it."""

import hashlib
import json
import os
import ssl
import subprocess
from urllib.parse import unquote

import pytest

from support.raw_http import Client, path_of
from support.scripted_backend import ScriptedBackend, answer, signature_fits
from support.waiting import wait_until

SECRET = "a secret of the test's own"
FORM = ("Content-Type", "application/x-www-form-urlencoded")


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n", encoding="utf-8")
    return path


@pytest.fixture
def serve(new_server):
    """A server that hands over to the backend; settings are lines of its [backend] section."""

    def start(backend, path="/videos", **settings):
        lines = [f"{name} = {json.dumps(str(value))}" for name, value in settings.items()]
        toml = f'[backend]\nurl = {json.dumps(backend.url(path))}\n' + "\n".join(lines)
        return new_server(toml=toml + '\n[delivery]\nwait = "20s"\nretry_first = "50ms"\nretry_max = "100ms"\n')

    return start


def open_session(client, parameters, headers=()):
    response = client.request("POST", "/videos/upload.json", [FORM, *headers], parameters.encode())
    assert response.status == 201, response
    return response.json()["location"]


def upload(client, data, parameters="", headers=(), name="clip.mp4"):
    location = open_session(client, f"file_size={len(data)}&file_name={name}&{parameters}", headers)
    return client.whole(location, data)


def test_body_mode(serve, connected, noise, secret_file):
    data = noise(300_000)
    with ScriptedBackend(answer(201, b'{"id":"v1"}', [("Content-Type", "application/json"), ("Location", "/v1"),
                                                      ("X-Private", "no")])) as backend:
        server = serve(backend, "/up/{id}?t={parameter:title}", secret_file=secret_file, digest="sha256",
                       headers="User-Agent, Cookie", method="PUT")
        response = upload(connected(server), data, "title=At+the+s%C3%A9a&content_type=video/mp4",
                          [("User-Agent", "tester/1"), ("Cookie", "a=1"), ("Authorization", "private")],
                          "caf%C3%A9%22%0D%0AX-Evil:1.mp4")
    assert (response.status, response.json()) == (201, {"id": "v1"})
    assert response.header("Location") == "/v1" and response.header("X-Private") is None
    (request,) = backend.requests
    headers = request.headers
    assert (request.method, request.body) == ("PUT", data)
    assert request.target == f"/up/{headers['x-sluice-upload-id']}?t=At%20the%20s%C3%A9a"
    assert headers["content-type"] == "video/mp4"
    assert unquote(headers["x-sluice-file-name"]) == 'café"\r\nX-Evil:1.mp4'
    assert json.loads(headers["x-sluice-parameters"]) == {"title": "At the séa", "content_type": "video/mp4"}
    assert headers["x-sluice-file-size"] == "300000"
    assert headers["x-sluice-file-sha256"] == headers["x-sluice-body-sha256"] == hashlib.sha256(data).hexdigest()
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert (headers["user-agent"], headers["cookie"]) == ("tester/1", "a=1")
    assert "authorization" not in headers and "expect" not in headers
    assert signature_fits(request, SECRET) and not signature_fits(request, "another secret, also long")


def test_form_mode(serve, connected, noise, secret_file):
    data = noise(70_000) + b"\r\n--sluice-\r\n"
    with ScriptedBackend() as backend:
        server = serve(backend, mode="form", secret_file=secret_file, digest="sha256")
        assert upload(connected(server), data, "title=sea", name="a%22b.mp4").status == 200
    (request,) = backend.requests
    assert request.headers["x-sluice-body-sha256"] == hashlib.sha256(request.body).hexdigest()
    assert request.headers["x-sluice-file-sha256"] == hashlib.sha256(data).hexdigest()
    assert signature_fits(request, SECRET)
    boundary = request.headers["content-type"].partition("boundary=")[2]
    assert request.body == (
        f'--{boundary}\r\nContent-Disposition: form-data; name="title"\r\n\r\nsea\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a%22b.mp4"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n").encode() + data + f"\r\n--{boundary}--\r\n".encode()


@pytest.mark.parametrize("linked", [False, True])
def test_reference_mode(serve, connected, noise, secret_file, tmp_path, linked):
    data = noise(70_000)
    seen = []

    def look(connection, request):
        with open(request.json()["path"], "rb") as file:
            seen.append(file.read())
        answer()(connection, request)

    incoming = tmp_path / "incoming"
    incoming.mkdir()
    with ScriptedBackend(look) as backend:
        settings = {"directory": incoming} if linked else {}
        server = serve(backend, mode="reference", secret_file=secret_file, **settings)
        assert upload(connected(server), data, "title=sea").status == 200
    (request,) = backend.requests
    assert seen == [data] and signature_fits(request, SECRET)
    document = request.json()
    assert document["parameters"] == {"title": "sea"} and document["file_size"] == len(data)
    assert document["client_address"] == "127.0.0.1" and document["key"] == request.key
    if linked:
        assert document["path"] == str(incoming / request.key)
        assert (incoming / request.key).read_bytes() == data
    else:
        assert document["path"].startswith(os.path.abspath(server.data_dir))


def test_a_refused_file_is_not_left_in_the_backends_directory(serve, connected, tmp_path):
    with ScriptedBackend(answer(422, b"{}")) as backend:
        server = serve(backend, mode="reference", directory=tmp_path)
        assert upload(connected(server), b"abc").status == 422
    assert not (tmp_path / backend.requests[0].key).exists()


def test_an_empty_file_in_every_mode(serve, connected):
    for mode in ("body", "form", "reference"):
        with ScriptedBackend() as backend:
            client = connected(serve(backend, mode=mode, digest="sha256"))
            assert client.status(client.create(0), 0).status == 200
        assert backend.requests[0].headers["x-sluice-file-sha256"] == hashlib.sha256(b"").hexdigest()


def test_over_a_unix_socket(serve, connected, tmp_path):
    with ScriptedBackend(path=str(tmp_path / "app.sock")) as backend:
        assert upload(connected(serve(backend)), b"abc").json() == {"id": "v1"}
    assert backend.requests[0].target == "/videos"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    path = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", path / "key.pem", "-out", path / "cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path / "cert.pem", path / "key.pem")
    return context, path / "cert.pem"


def test_over_tls_with_an_authority_of_its_own(serve, connected, certificate):
    with ScriptedBackend(tls=certificate[0]) as backend:
        assert upload(connected(serve(backend, ca_file=certificate[1])), b"abc").json() == {"id": "v1"}


def test_a_certificate_that_is_not_trusted_gets_nothing(new_server, connected, certificate):
    with ScriptedBackend(tls=certificate[0]) as backend:
        server = new_server(toml=f'[backend]\nurl = "{backend.url()}"\n[delivery]\nwait = "1s"\nretry_first = "50ms"\n')
        client = connected(server)
        location = client.create(3)
        assert client.whole(location, b"abc").status == 503
        assert client.stored(location, 3) == 2
    assert backend.requests == []
    wait_until(lambda: "certificate" in server.log(), "the reason in the log")


def test_settings_that_cannot_work_end_the_start(new_server, tmp_path):
    for line in ('url = "app:3000"', 'url = "http://{id}/"', 'url = "http://app/{who}"', 'mode = "copy"',
                 'headers = "Content-Length"'):
        server = new_server(toml=f"[backend]\n{line}\n", start=False)
        with pytest.raises(Exception, match=r"backend\."):
            server.start()
    (tmp_path / "short").write_text("short\n", encoding="utf-8")
    for path in (tmp_path / "short", tmp_path / "none"):
        server = new_server(toml=f'[backend]\nurl = "http://app/"\nsecret_file = "{path}"\n', start=False)
        with pytest.raises(Exception, match="expected a secret"):
            server.start()
