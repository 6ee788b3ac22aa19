# SPDX-License-Identifier: MIT
"""The HTTP/1.1 that the fault proxy reads: heads, how long bodies are, and a socket with what was read too early."""

import re
import socket
import struct

BLOCK = 64 * 1024
LAST_CHUNK = b"0\r\n\r\n"
_HEAD_MAX = 64 * 1024


class Ended(Exception):
    """One of the two connections is over, by itself or by a fault."""


class Peer:
    """A socket and the bytes that were read from it and not yet used."""

    def __init__(self, sock):
        self.sock = sock
        self.early = b""

    def head(self):
        while b"\r\n\r\n" not in self.early:
            if len(self.early) > _HEAD_MAX:
                raise Ended
            self.early += self._receive()
        head, _, self.early = self.early.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n"

    def wait(self):
        """For the first byte."""
        self.early = self._receive()

    def some(self, limit=BLOCK):
        data = self.early or self._receive()
        self.early = data[limit:]
        return data[:limit]

    def _receive(self):
        try:
            data = self.sock.recv(BLOCK)
        except OSError as error:
            raise Ended from error
        if not data:
            raise Ended
        return data

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Ended from error

    def close(self, reset=False):
        try:
            if reset:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


def header_of(head, name):
    found = re.search(rb"(?im)^" + name + rb":[ \t]*(.*?)[ \t]*\r$", head)
    return found.group(1).decode("latin-1") if found else None


def is_interim(head):
    return head.split(b" ", 2)[1].startswith(b"1")


def length_of(head):
    """Bytes of the body, or None for chunked and until-close framing."""
    if header_of(head, b"transfer-encoding"):
        return None
    length = header_of(head, b"content-length")
    return int(length) if length is not None else None
