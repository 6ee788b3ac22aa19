#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An application behind Sluice: takes each finished file once. Python 3.9 or later, nothing to install.

python3 backend.py --secret-file FILE [--listen PORT] [--files DIR]
"""

import argparse
import contextlib
import hashlib
import hmac
import json
import os
import re
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

WINDOW_SECONDS = 300
PIECE = 1 << 20
KEY = re.compile(r"[0-9a-f]{32}")
DIGEST = re.compile(r"[0-9a-f]{64}")
SIGNATURE = re.compile(r"t=([0-9]{1,15}),v1=([0-9a-f]{64})")
# Headers that mean something here have to be signed.
SIGNED = re.compile(r"x-sluice-(?!sign)|(idempotency-key|content-type)$")


def verify(method, target, headers, secret, now):
    """Whether Sluice made this request, and lately. `headers` by lower-case name; of the body this says nothing."""
    found = SIGNATURE.fullmatch(headers.get("x-sluice-signature", ""))
    if not found or abs(now - int(found[1])) > WINDOW_SECONDS:
        return False
    signed = headers.get("x-sluice-signed", "")
    names = signed.split(" ")
    if any(SIGNED.match(name) and name not in names for name in headers):
        return False
    lines = [f"{found[1]}.{method} {target}", signed, *(headers.get(name, "") for name in names)]
    wanted = hmac.new(secret, "\n".join(lines).encode("latin-1"), hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, found[2])


def pieces(source, size):
    while size > 0:
        piece = source.read(min(size, PIECE))
        if not piece:
            raise ConnectionError("the request broke off")
        yield piece
        size -= len(piece)


def receive(source, size, path):
    """Writes `size` bytes to the disk, and returns their digest."""
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for piece in pieces(source, size):
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())  # Sluice removes its copy when it is told 200.
    return digest.hexdigest()


def sync_names(directory):
    descriptor = os.open(directory, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def take(files, upload, part, part_of_answer):
    """The upload's one effect. Of several attempts the first gives the answer that all of them get."""
    known = files / f"{upload['id']}.json"
    os.replace(part, files / f"{upload['id']}.bin")
    with open(part_of_answer, "w", encoding="utf-8") as file:
        json.dump({**upload, "taken_at": time.time()}, file)
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(part_of_answer, known)
        print(f"took {upload['id']}", flush=True)  # Your application's own work goes here.
    sync_names(files)
    return known.read_bytes()


class Backend(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    secret = b""
    files = Path()

    def do_POST(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        key = headers.get("idempotency-key", "")
        size = int(headers.get("content-length", "0"))
        digest = headers.get("x-sluice-body-sha256", "")
        genuine = verify(self.command, self.path, headers, self.secret, time.time())
        if not (genuine and KEY.fullmatch(key) and DIGEST.fullmatch(digest)):
            # 5xx, so that no file is refused for it while a secret is being changed.
            return self.refuse("the signature does not fit", size)
        known = self.files / f"{key}.json"
        if known.exists():
            for _ in pieces(self.rfile, size):
                pass
            return self.answer(200, known.read_bytes())
        # An attempt has files of its own: another one may still be at work.
        with tempfile.TemporaryDirectory(dir=self.files, prefix="part-") as own:
            if receive(self.rfile, size, f"{own}/file") != digest:
                return self.refuse("the body is not what was signed", 0)
            name = unquote(headers.get("x-sluice-file-name", ""))
            upload = {"id": key, "file_name": name, "file_size": size, "sha256": digest}
            return self.answer(200, take(self.files, upload, f"{own}/file", f"{own}/answer"))

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, message, unread):
        self.answer(503, json.dumps({"error": "NotTaken", "message": message}).encode())
        self.rfile.read(min(unread, PIECE))  # Closed over unread bytes, a connection loses the answer.


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", type=int, default=3000)
    parser.add_argument("--files", type=Path, default=Path("received"))
    parser.add_argument("--secret-file", type=Path, required=True)
    options = parser.parse_args()
    options.files.mkdir(parents=True, exist_ok=True)
    Backend.files = options.files
    Backend.secret = options.secret_file.read_text(encoding="utf-8").splitlines()[0].strip().encode()
    server = ThreadingHTTPServer(("127.0.0.1", options.listen), Backend)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
