# SPDX-License-Identifier: MIT
"""A clamd that finds what the test says; speaks INSTREAM over a Unix socket."""

import os
import socket
import threading


class FakeClamd:
    """Finds `Test.Odd` in files that hold b"odd"; too many bytes are more than it takes."""

    def __init__(self, path, bytes_max=1 << 30, gate=None):
        self.path = str(path)
        self.bytes_max = bytes_max
        self.gate = gate  # An event that each reply waits for.
        self.files = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._listener.close()
        os.unlink(self.path)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection, connection.makefile("rb") as stream:
                assert stream.read(10) == b"zINSTREAM\0"
                connection.sendall(self._reply(stream))
        except OSError:
            pass  # Sluice was killed.

    def _reply(self, stream):
        data = b""
        while size := int.from_bytes(stream.read(4), "big"):
            data += stream.read(size)
            if len(data) > self.bytes_max:
                return b"INSTREAM size limit exceeded. ERROR\0"
        self.files.append(data)
        if self.gate:
            self.gate.wait(60)
        return b"stream: Test.Odd FOUND\0" if b"odd" in data else b"stream: OK\0"
