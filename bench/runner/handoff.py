#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long the hand-off of a large file takes: from its last byte to the backend's answer, and the server's memory.

usage: SLUICE_BINARY=build/release/sluice PYTHONPATH=test bench/runner/handoff.py [GIB] [MODE ...]
"""

import json
import os
import socket
import sys
import tempfile
import threading
import time

from support.raw_http import Client, path_of
from support.sluice_server import SluiceServer

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"id":"v1"}'
BLOCK = b"x" * 1024 * 1024


def swallow(listener):
    """A backend that reads each request to its end and answers."""
    buffer = bytearray(len(BLOCK))
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            received = b""
            while b"\r\n\r\n" not in received:
                received += connection.recv(65536)
            head, rest = received.split(b"\r\n\r\n", 1)
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            left = int(fields[b"content-length"]) - len(rest)
            while left > 0:
                left -= connection.recv_into(buffer) or left
            connection.sendall(ANSWER)


def measure(mode, size, folder):
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=swallow, args=(listener,), daemon=True).start()
    config = os.path.join(folder, "sluice.toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f'[backend]\nurl = "http://127.0.0.1:{listener.getsockname()[1]}/"\nmode = "{mode}"\n[delivery]\nwait = "5m"\n')
    with SluiceServer(os.path.join(folder, mode), args=["--config", config]) as server:
        location = path_of(Client(server.address, timeout=600).create(size))
        with socket.create_connection(server.address) as sender:
            sender.sendall(
                f"PUT {location} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/octet-stream\r\n"
                f"Content-Range: bytes 0-{size - 2}/{size}\r\nContent-Length: {size - 1}\r\n\r\n".encode())
            left = size - 1
            while left > 0:
                left -= sender.send(BLOCK[:left])
            status = sender.recv(65536).split(b" ")[1]
            assert status == b"204", status
        client = Client(server.address, timeout=600)
        began = time.monotonic()
        answer = client.piece(location, size - 1, b"x", size)
        seconds = time.monotonic() - began
        assert answer.status == 200, answer
        with open(f"/proc/{server.pid}/status", encoding="ascii") as file:
            memory = next(line.split()[1] for line in file if line.startswith("VmHWM"))
    listener.close()
    return {"mode": mode, "bytes": size, "seconds": round(seconds, 4), "memory_kib": int(memory)}


def main():
    gib = float(sys.argv[1]) if len(sys.argv) > 1 else 5
    for mode in sys.argv[2:] or ["reference", "body", "form"]:
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            print(json.dumps(measure(mode, int(gib * 2**30), folder)), flush=True)


if __name__ == "__main__":
    main()
