# SPDX-License-Identifier: MIT
"""An application behind Sluice that follows a script: one step for each request; the last step is repeated."""

import hashlib
import hmac
import json
import re
import socket
import threading

READ_SIZE = 256 * 1024
KEPT_BODY_BYTES = 1024 * 1024


class Received:
    """A request as it came; of a long body only its size and digest."""

    def __init__(self, method, target, headers):
        self.method = method
        self.target = target
        self.headers = headers
        self.body = b""
        self.size = 0
        self.sha256 = hashlib.sha256()

    @property
    def key(self):
        return self.headers["idempotency-key"]

    def json(self):
        return json.loads(self.body)

    def add(self, piece):
        self.size += len(piece)
        self.sha256.update(piece)
        if self.size <= KEPT_BODY_BYTES:
            self.body += piece


def answer(status=200, body=b'{"id":"v1"}', headers=(("Content-Type", "application/json"),), framing="length"):
    """A step that answers; framing is length, close (up to the end of the connection) or chunked."""
    head = f"HTTP/1.1 {status} Scripted\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
    if framing == "length":
        head += f"Content-Length: {len(body)}\r\n"
    elif framing == "chunked":
        head += "Transfer-Encoding: chunked\r\n"
        body = b"".join(b"%x\r\n%s\r\n" % (1, body[i : i + 1]) for i in range(len(body))) + b"0\r\n\r\n"
    raw = (head + "Connection: close\r\n\r\n").encode() + body
    return lambda connection, request: connection.sendall(raw)


def raw(text):
    """A step that writes these bytes and closes."""
    return lambda connection, request: connection.sendall(text)


def after(event, step):
    """A step that waits for the test."""

    def wait(connection, request):
        assert event.wait(60), "the test did not set its event"
        step(connection, request)

    return wait


def in_pieces(step):
    """The bytes that `step` writes."""

    class Slicing:
        def __init__(self, connection):
            self.connection = connection

        def sendall(self, data):
            for index in range(len(data)):
                self.connection.sendall(data[index : index + 1])

    return lambda connection, request: step(Slicing(connection), request)


def signature_fits(request, secret):
    """Verifies a signature as docs/backend.md describes it."""
    time, mac = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", request.headers["x-sluice-signature"]).groups()
    signed = request.headers["x-sluice-signed"]
    lines = [f"{time}.{request.method} {request.target}", signed, *(request.headers[name] for name in signed.split())]
    wanted = hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, mac)


class ScriptedBackend:
    """Listens on a free port of 127.0.0.1, or at `path`; ends with the test."""

    def __init__(self, *steps, path=None, tls=None, port=0):
        self.steps = list(steps) or [answer()]
        self.requests = []
        self.arrived = threading.Condition()
        self._tls = tls
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_STREAM)
        if path:
            self._listener.bind(path)
        else:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind(("127.0.0.1", port))
        self._listener.listen(64)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()

    @property
    def port(self):
        return self._listener.getsockname()[1]

    def url(self, path="/videos"):
        if self._path:
            return f"unix:{self._path}:{path}"
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}{path}"

    @property
    def keys(self):
        return {request.key for request in self.requests}

    def wait_for(self, count, seconds=60):
        with self.arrived:
            came = self.arrived.wait_for(lambda: len(self.requests) >= count, seconds)
        assert came, f"{len(self.requests)} of {count} requests came"
        return self.requests[count - 1]

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                request = self._read(connection)
                with self.arrived:
                    step = self.steps[min(len(self.requests), len(self.steps) - 1)]
                    self.requests.append(request)
                    self.arrived.notify_all()
                step(connection, request)
        except OSError:
            pass  # Sluice was killed, or does not trust the certificate.

    @staticmethod
    def _read(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(READ_SIZE)
            if not piece:
                raise ConnectionError("closed within the head")
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("ascii").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            assert name.lower() not in headers, f"{name} came twice"
            headers[name.lower()] = value.strip()
        request = Received(method, target, headers)
        length = int(headers.get("content-length", 0))
        request.add(rest)
        while request.size < length:
            piece = connection.recv(READ_SIZE)
            if not piece:
                raise ConnectionError("closed within the body")
            request.add(piece)
        assert request.size == length
        return request
