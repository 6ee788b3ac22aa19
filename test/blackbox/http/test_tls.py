# SPDX-License-Identifier: MIT
"""https: the whole protocol inside TLS 1.2 and 1.3, certificates that change, peers that do not speak it."""

import hashlib
import json
import os
import signal
import socket
import ssl
import subprocess

import pytest

from support.raw_http import OCTETS, Client, Connection, path_of
from support.sluice_server import run_sluice
from support.waiting import wait_until

RAW = ("Content-Type", OCTETS)


class Pair:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""

    def __init__(self, directory, name):
        self.name = name
        self.certificate = str(directory / f"{name}.pem")
        self.key = str(directory / f"{name}.key")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", self.key, "-out", self.certificate, "-days", "2", "-subj", f"/CN={name}",
             "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, capture_output=True, timeout=60,
        )

    def context(self):
        return ssl.create_default_context(cafile=self.certificate)

    def der(self):
        with open(self.certificate, encoding="ascii") as file:
            return ssl.PEM_cert_to_DER_cert(file.read())


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    directory = tmp_path_factory.mktemp("pairs")
    return Pair(directory, "first"), Pair(directory, "second")


def settings(certificate, key, more=""):
    return f'[tls]\nlisten = "127.0.0.1:0"\ncertificate = "{certificate}"\nkey = "{key}"\n{more}'


@pytest.fixture
def tls_server(new_server, pairs):
    return new_server(toml=settings(pairs[0].certificate, pairs[0].key))


@pytest.fixture
def tls_address(tls_server):
    return ("127.0.0.1", tls_server.tls_port)


def shown_certificate(address, context):
    with Connection(address, tls=context) as connection:
        return connection.socket.getpeercert(binary_form=True)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=str)
def test_upload_inside_tls(tls_server, tls_address, pairs, noise, video_path, version):
    context = pairs[0].context()
    context.minimum_version = context.maximum_version = version
    data = noise(5_000_000)
    with Client(tls_address, tls=context) as client:
        location = client.create(len(data))
        assert location.startswith(f"https://127.0.0.1:{tls_server.tls_port}/uploads/")
        assert client.piece(location, 0, data[:2_000_000], len(data)).status == 204
        assert client.stored(location, len(data)) == 2_000_000
        video = client.piece(location, 2_000_000, data[2_000_000:], len(data))
        assert video.status == 200, video
        assert client.connection.socket.version() == version.name.replace("_", ".")
    with open(video_path(tls_server, video.json()), "rb") as file:
        assert hashlib.sha256(file.read()).digest() == hashlib.sha256(data).digest()


def test_upload_command_trusts_the_given_certificate(tls_server, pairs, noise, tmp_path):
    source = tmp_path / "clip.mp4"
    source.write_bytes(noise(3_000_000))
    url = f"https://127.0.0.1:{tls_server.tls_port}"
    done = run_sluice("upload", "--no-state", "--to", url, "--cacert", pairs[0].certificate, source)
    assert done.returncode == 0, done
    assert json.loads(done.stdout)["file_size"] == 3_000_000
    done = run_sluice("upload", "--no-state", "--retries", "0", "--to", url, "--cacert", pairs[1].certificate, source)
    assert done.returncode != 0 and "certificate" in done.stderr, done


def test_plain_listener_stays_beside_it(tls_server, connected):
    location = connected(tls_server).create(9)
    assert location.startswith("http://")


def test_tls_alone(new_server, pairs):
    server = new_server(listen="none", toml=settings(pairs[0].certificate, pairs[0].key))
    assert server.stdout_text == f"listening on https://127.0.0.1:{server.tls_port}\n"
    with Client(("127.0.0.1", server.tls_port), tls=pairs[0].context()) as client:
        assert client.get("/healthz").status == 200
    assert server.terminate() == 0


def test_connection_ends_in_order(tls_address, pairs):
    """Without a close_notify a client could not tell the end from an attack."""
    with Connection(tls_address, tls=pairs[0].context()) as connection:
        assert connection.request("GET", "/healthz", [("Connection", "close")]).status == 200
        connection.socket.suppress_ragged_eofs = False
        assert connection.socket.recv(1) == b""


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_are_refused(tls_address, pairs):
    context = pairs[0].context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        Connection(tls_address, tls=context)


def test_protocol_is_named_to_clients_that_ask(tls_address, pairs):
    for offered, expected in ((["h2", "http/1.1"], "http/1.1"), (["h2"], None)):
        context = pairs[0].context()
        context.set_alpn_protocols(offered)
        with Connection(tls_address, tls=context) as connection:
            assert connection.socket.selected_alpn_protocol() == expected
            assert connection.request("GET", "/healthz").status == 200


@pytest.mark.parametrize(
    "words", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02\x00" + b"\xff" * 512, b"\x00" * 5000]
)
def test_garbage_ends_the_connection_and_nothing_else(tls_server, tls_address, pairs, words):
    with socket.create_connection(tls_address, timeout=60) as garbage:
        garbage.sendall(words)
        received = b""
        try:
            while piece := garbage.recv(4096):
                received += piece
        except ConnectionResetError:
            pass
        assert not received.startswith(b"HTTP/")
    with Client(tls_address, tls=pairs[0].context()) as client:
        assert client.get("/healthz").status == 200
    assert tls_server.running


def test_handshake_that_stops_is_cut(new_server, pairs):
    server = new_server(toml=settings(pairs[0].certificate, pairs[0].key, 'handshake = "200ms"\n'))
    address = ("127.0.0.1", server.tls_port)
    for begin in (b"", b"\x16\x03\x01\x02\x00\x01"):
        with socket.create_connection(address, timeout=60) as stopped:
            stopped.sendall(begin)
            assert stopped.recv(1) == b""
    with Client(address, tls=pairs[0].context()) as client:
        assert client.get("/healthz").status == 200


def test_handshakes_count_as_connections(new_server, pairs):
    server = new_server(toml=settings(pairs[0].certificate, pairs[0].key) + "[limits]\nconnections = 2\n")
    address = ("127.0.0.1", server.tls_port)
    with socket.create_connection(address, timeout=60) as first, socket.create_connection(address):
        with socket.create_connection(address):
            assert first.recv(1) == b"", "the longest idle one leaves for the third"


def test_broken_connection_keeps_its_bytes(tls_address, pairs):
    context = pairs[0].context()
    with Client(tls_address, tls=context) as client:
        location = client.create(1000)
        with Connection(tls_address, tls=context) as broken:
            fields = [RAW, ("Content-Range", "bytes 0-999/1000"), ("Content-Length", "1000")]
            broken.send_head("PUT", path_of(location), fields)
            broken.send(b"x" * 400)
            wait_until(lambda: b"sluice_received_bytes_total 4" in client.get("/metrics").body, "the bytes")
            broken.abort()
        wait_until(lambda: client.stored(location, 1000) == 400, "the stored prefix")


def replace(source, target):
    with open(source, "rb") as file:
        content = file.read()
    with open(target + ".new", "wb") as file:
        file.write(content)
    os.replace(target + ".new", target)


def test_reload_changes_the_certificate_and_drops_nobody(new_server, pairs, tmp_path):
    first, second = pairs
    certificate, key = str(tmp_path / "c.pem"), str(tmp_path / "k.pem")
    replace(first.certificate, certificate)
    replace(first.key, key)
    server = new_server(toml=settings(certificate, key))
    address = ("127.0.0.1", server.tls_port)
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    with Client(address, tls=first.context()) as old:
        location = old.create(9)
        assert shown_certificate(address, anyone) == first.der()

        replace(second.certificate, certificate)  # The pair is bad until its key follows.
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: "the settings stay what they were" in server.log(), server.log)
        assert shown_certificate(address, anyone) == first.der()

        replace(second.key, key)
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: shown_certificate(address, anyone) == second.der(), server.log)
        before = old.connection
        assert old.whole(location, b"abcdefghi").status == 200
        assert old.connection is before
    with Client(address, tls=second.context()) as new:
        assert new.get("/healthz").status == 200


def bad_pairs(pairs, directory):
    empty = directory / "empty.pem"
    empty.write_text("")
    encrypted = directory / "encrypted.key"
    subprocess.run(["openssl", "ec", "-in", pairs[0].key, "-aes128", "-passout", "pass:secret", "-out", encrypted],
                   check=True, capture_output=True, timeout=60)
    return [
        (pairs[0].certificate, pairs[1].key, pairs[1].key),
        (directory / "none.pem", pairs[0].key, "none.pem"),
        (pairs[0].certificate, directory / "none.key", "none.key"),
        (empty, pairs[0].key, "empty.pem"),
        (pairs[0].key, pairs[0].key, pairs[0].key),
        (pairs[0].certificate, encrypted, "encrypted.key"),
    ]


@pytest.mark.parametrize("command", ["serve", "check"])
@pytest.mark.parametrize("case", range(6))
def test_bad_pair_is_refused_by_name(pairs, tmp_path, command, case):
    certificate, key, word = bad_pairs(pairs, tmp_path)[case]
    config = tmp_path / "sluice.toml"
    config.write_text(settings(certificate, key), encoding="utf-8")
    done = run_sluice(command, "--listen", "127.0.0.1:0", "--data", tmp_path / "data", "--config", config)
    assert done.returncode != 0, done
    assert str(word) in done.stderr, done.stderr


def test_check_accepts_a_good_pair(pairs, tmp_path):
    config = tmp_path / "sluice.toml"
    config.write_text(settings(pairs[0].certificate, pairs[0].key), encoding="utf-8")
    assert run_sluice("check", "--config", config).returncode == 0


def test_slow_readers_inside_tls_are_cut(new_server, pairs):
    more = '[timeouts]\nwrite = "300ms"\n'
    server = new_server(toml=settings(pairs[0].certificate, pairs[0].key) + more)
    address = ("127.0.0.1", server.tls_port)
    context = pairs[0].context()
    with Client(address, tls=context) as client:
        for _ in range(8):
            assert client.whole(client.create(1, "x" * 16000), b"v").status == 200
        with Connection(address, tls=context, receive_buffer=4096) as greedy:
            head = b"GET /videos.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
            for _ in range(100):
                greedy.send(head)
            wait_until(lambda: '"answered":false' in server.log(), "the end of the connection")
        assert client.get("/healthz").status == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_there_are_no_tickets(tls_address, pairs, version):
    context = pairs[0].context()
    context.minimum_version = context.maximum_version = version
    with Connection(tls_address, tls=context) as first:
        assert first.request("GET", "/healthz").status == 200
        session = first.socket.session
        assert session is None or not session.has_ticket
    with socket.create_connection(tls_address) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as again:
            assert not again.session_reused
