# SPDX-License-Identifier: MIT
"""A strict HTTP/1.1 client over a plain socket: sends exactly the bytes it is given, reads one response at a time."""

import ctypes
import json as json_module
import re
import socket
import struct
from contextlib import contextmanager
from urllib.parse import urlsplit

from support.waiting import wait_until

STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) ([\t\x20-\x7e]*)")
FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e]*?)[ \t]*")
MAX_HEAD = 64 * 1024
READ_SIZE = 256 * 1024
OCTETS = "application/octet-stream"
SO_ATTACH_FILTER = 26  # Of Linux; the module socket has no name for it.


def address_beyond_loopback():
    """An IPv4 address of this machine that is not loopback; None without one. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        host = probe.getsockname()[0]
    return None if host.startswith("127.") else host


class BadResponse(Exception):
    """The bytes that came are no well-formed response."""


class ConnectionClosed(Exception):
    """The server closed the connection before the first byte of a response."""


class Response:
    def __init__(self, status, reason, fields, body):
        self.status = status
        self.reason = reason
        self.fields = fields
        self.body = body

    def __repr__(self):
        return f"<{self.status} {dict(self.fields)} {self.body[:300]!r}>"

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def header(self, name):
        """The one value of the field, or None; the same field twice is an error."""
        values = self.all(name)
        if len(values) > 1:
            raise BadResponse(f"{name} {len(values)} times: {values}")
        return values[0] if values else None

    def json(self):
        return json_module.loads(self.body.decode("utf-8"))

    @property
    def closes(self):
        return any("close" in value.lower() for value in self.all("Connection"))


class Connection:
    """One connection; bytes that were read beyond a response stay for the next one."""

    def __init__(self, address, timeout=60.0, receive_buffer=None, tls=None):
        """address is (host, port), or the path of a Unix socket; tls an ssl.SSLContext."""
        is_path = isinstance(address, str)
        self.socket = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        if not is_path:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = "localhost" if is_path else f"{address[0]}:{address[1]}"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=address[0])
        self._buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.socket.close()

    def abort(self):
        """Ends with a reset instead of an orderly close."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.socket.close()

    def fall_silent(self):
        """Drops every packet that comes, as if the network had gone: neither end is told."""
        drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(drop_all)))

    def send(self, data):
        self.socket.sendall(data)

    def _fill(self):
        try:
            piece = self.socket.recv(READ_SIZE)
        except ConnectionResetError:
            piece = b""
        self._buffer += piece
        return len(piece)

    def _take(self, count):
        while len(self._buffer) < count:
            if not self._fill():
                raise BadResponse(f"closed after {len(self._buffer)} of {count} body bytes")
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _take_head(self):
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadResponse("head too long")
            if not self._fill():
                if not self._buffer:
                    raise ConnectionClosed()
                raise BadResponse(f"closed inside a head: {bytes(self._buffer)!r}")
        head = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        return head

    def read_response(self, method="GET"):
        """Reads one response, 1xx included; method decides whether a body may follow."""
        lines = self._take_head().split(b"\r\n")
        match = STATUS_LINE.fullmatch(lines[0])
        if not match:
            raise BadResponse(f"status line {lines[0]!r}")
        status, reason = int(match.group(1)), match.group(2).decode("ascii")
        fields = []
        for line in lines[1:]:
            field = FIELD_LINE.fullmatch(line)
            if not field:
                raise BadResponse(f"field line {line!r}")
            fields.append((field.group(1).decode("ascii"), field.group(2).decode("ascii")))
        response = Response(status, reason, fields, b"")
        response.body = self._read_body(response, method)
        return response

    def _read_body(self, response, method):
        length = response.header("Content-Length")
        if response.header("Transfer-Encoding") is not None:
            raise BadResponse(f"chunked answer: {response}")
        if response.status < 200 or response.status in (204, 304):
            if length is not None:
                raise BadResponse(f"{response.status} with Content-Length (RFC 9110 8.6): {response}")
            return b""
        if response.status == 304 and length is None:
            return b""
        if length is None or not re.fullmatch(r"[0-9]+", length):
            raise BadResponse(f"Content-Length {length!r}: {response}")
        if method == "HEAD" or response.status == 304:
            return b""
        return self._take(int(length))

    def read_final(self, method="GET"):
        """Skips interim responses."""
        while True:
            response = self.read_response(method)
            if response.status >= 200:
                return response

    def expect_close(self):
        """Fails if anything comes before the end of the connection."""
        if self._buffer:
            raise BadResponse(f"bytes after the response: {bytes(self._buffer[:300])!r}")
        if self._fill():
            raise BadResponse(f"bytes instead of a close: {bytes(self._buffer[:300])!r}")

    @staticmethod
    def head(method, target, fields):
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in fields]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")

    def send_head(self, method, target, fields=(), host=None):
        self.send(self.head(method, target, [("Host", host or self.host), *fields]))

    def request(self, method, target, fields=(), body=b"", host=None, read=True):
        """Sends a request whose body has a Content-Length (none for a body of None) and reads the final response."""
        fields = [("Host", host or self.host), *fields]
        if body is not None and not (method in ("GET", "HEAD", "OPTIONS", "DELETE") and not body):
            fields.append(("Content-Length", str(len(body))))
        self.send(self.head(method, target, fields) + (body or b""))
        return self.read_final(method) if read else None


def path_of(location):
    """The request target in a location, which clients do not look into otherwise."""
    parts = urlsplit(location)
    return parts.path + ("?" + parts.query if parts.query else "")


def address_of(location):
    parts = urlsplit(location)
    return parts.hostname, parts.port


def chunked(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"


def multipart(boundary, *parts, preamble=b"", epilogue=b""):
    """parts: (name, file name or None, content, extra fields)."""
    out = [preamble]
    for name, filename, content, *extra in parts:
        disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
        lines = [f"Content-Disposition: {disposition}", *(extra[0] if extra else [])]
        out.append(f"--{boundary}\r\n".encode() + "\r\n".join(lines).encode() + b"\r\n\r\n" + content + b"\r\n")
    out.append(f"--{boundary}--\r\n".encode() + epilogue)
    return b"".join(out)


class Client:
    """The requests of the upload protocol over one connection, which is opened again after the server has closed it."""

    connection_class = Connection

    def __init__(self, address, timeout=60.0, tls=None):
        self.address = address
        self.timeout = timeout
        self.tls = tls
        self._connection = None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        if self._connection:
            self._connection.close()
            self._connection = None

    @property
    def connection(self):
        if self._connection is None:
            self._connection = self.connection_class(self.address, self.timeout, tls=self.tls)
        return self._connection

    def request(self, method, target, fields=(), body=b"", host=None):
        try:
            response = self.connection.request(method, target, fields, body, host)
        except BaseException:
            self.close()
            raise
        if response.closes:
            self.close()
        return response

    def get(self, target):
        return self.request("GET", target)

    def create(self, file_size, file_name="clip.mp4", path="/videos/upload.json"):
        """Opens a session and returns its location."""
        body = f"file_size={file_size}&file_name={file_name}".encode()
        response = self.request("POST", path, [("Content-Type", "application/x-www-form-urlencoded")], body)
        assert response.status == 201, response
        return response.json()["location"]

    def piece(self, location, start, data, total, method="PUT", end=None):
        """Sends data as the bytes from start on; end overrides the last position that the range names."""
        last = start + len(data) - 1 if end is None else end
        fields = [("Content-Type", OCTETS), ("Content-Range", f"bytes {start}-{last}/{total}")]
        return self.request(method, path_of(location), fields, data)

    def whole(self, location, data, method="PUT"):
        return self.request(method, path_of(location), [("Content-Type", OCTETS)], data)

    def status(self, location, total="", method="PUT"):
        value = f"bytes */{total}" if total != "" else "bytes *"
        return self.request(method, path_of(location), [("Content-Type", OCTETS), ("Content-Range", value)])

    def stored(self, location, total=""):
        """How many bytes the server says it has."""
        return stored_bytes(self.status(location, total))

    def delete(self, location):
        return self.request("DELETE", path_of(location))

    def metric(self, name):
        """The value of a metric without labels."""
        return int(re.search(rf"^{name} (\d+)$", self.get("/metrics").body.decode(), re.MULTILINE)[1])

    @contextmanager
    def until_body_bytes_arrive(self, count):
        """Ends when so many more bytes of requests' bodies have reached the server than before it: a request that another
        connection sends meanwhile has begun then."""
        wanted = self.metric("sluice_received_bytes_total") + count
        yield
        wait_until(lambda: self.metric("sluice_received_bytes_total") >= wanted, f"{count} bytes arrive")


def stored_bytes(response):
    assert response.status in (200, 204), response
    value = response.header("Range")
    if value is None:
        return 0
    match = re.fullmatch(r"0-([0-9]+)", value)
    assert match, response
    return int(match.group(1)) + 1
