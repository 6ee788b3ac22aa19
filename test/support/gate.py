# SPDX-License-Identifier: MIT
"""A door in the way to an engine, for any protocol over TCP: shut, nothing gets through and every connection ends."""

import contextlib
import socket
import threading

_BLOCK = 64 * 1024


class Gate:
    """Open at first. The port stays the same. The engine listens at (host, port), or at the path of a Unix socket."""

    def __init__(self, upstream):
        self._upstream = upstream
        self._lock = threading.Lock()
        self._sockets = set()
        self._listener = None
        self._port = 0
        self.open()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.shut()

    @property
    def port(self):
        return self._port

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}"

    def open(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        listener.listen(64)
        self._port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def shut(self):
        """New connections are refused from now on."""
        with self._lock:
            sockets = [self._listener, *self._sockets]
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = self._reach()
            except OSError:
                near.close()  # The engine is down, and may come back.
                continue
            with self._lock:
                self._sockets |= {near, far}
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _reach(self):
        if not isinstance(self._upstream, str):
            return socket.create_connection(self._upstream)
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(self._upstream)
        except OSError:
            far.close()
            raise
        return far

    def _pass(self, source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(_BLOCK):
                target.sendall(piece)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        with self._lock:
            self._sockets -= {source, target}
