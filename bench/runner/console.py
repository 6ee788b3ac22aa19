# SPDX-License-Identifier: MIT
"""What the operator's console costs the clients: the same uploads with its page open and without, in turn, on one server."""

import os
import socket
import statistics
import threading

from runner import servers, survival

KIB = 1 << 10
# As four people at the page would ask, each for something else: every text is made for one listener alone.
_QUERIES = ("", "state=all&sort=name", "search=bench&sort=arrived", "sort=size&reverse=true")


class _Watched(servers.SluiceNone):
    """A server with a console."""

    def _start(self):
        self.console_port = servers.free_port()
        self.settings = {"SLUICE_ADMIN_LISTEN": f"127.0.0.1:{self.console_port}",
                         "SLUICE_TIMEOUTS_PROGRESS_BYTES": "1", "SLUICE_TIMEOUTS_PROGRESS_WINDOW": "30s"}
        super()._start()


class _Listener:
    """Reads a stream of events, and counts the bytes."""

    def __init__(self, port, query):
        self.bytes = 0
        self._has_begun = threading.Event()
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.sendall(f"GET /api/events?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self._has_begun.wait(60)

    def _read(self):
        try:
            while data := self._socket.recv(64 * KIB):
                self.bytes += len(data)
                self._has_begun.set()
        except OSError:
            pass  # Closed below.

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()


def _uploads(context, server, count):
    """Uploads a second, and the server's CPU for each."""
    before = server.cpu_seconds()
    figures = context.run_load("uploads", "--port", server.port, "--size", 64 * KIB, "--uploads", count, "--connections", 8)
    server.clean()
    return count / figures["seconds"], (server.cpu_seconds() - before) / count, figures["upload"]["p99_ms"]


def console(context, live=1000, count=10_000, rounds=8):
    """`live` uploads that each send a byte a second, and small ones beside them: alone, watched, watched, alone, and so on."""
    server = _Watched(context, os.path.join(context.directory, "console"))
    server.start()
    try:
        load = survival.background(context, server, live, 64 * KIB, 1, 1000, 10_000)
        figures = {False: [], True: []}
        heard = 0
        for number in range(2 * rounds + 2):
            is_watched = number % 4 in (1, 2)
            listeners = [_Listener(server.console_port, query) for query in _QUERIES if is_watched]
            figures[is_watched].append(_uploads(context, server, count))
            for listener in listeners:
                listener.close()
                heard += listener.bytes
        load.terminate()
        alone, watched = (figures[each][1:] for each in (False, True))
        ratios = [statistics.median(ours[place] / theirs[place] for ours, theirs in zip(watched, alone))
                  for place in range(3)]
        return {"live": live, "listeners": len(_QUERIES), "uploads": count, "alone": alone, "watched": watched,
                "heard_bytes": heard, "speed_ratio": ratios[0], "cpu_ratio": ratios[1], "p99_ratio": ratios[2]}
    finally:
        server.remove()
