# SPDX-License-Identifier: MIT
"""As much of a Panda Upload API server as the tests of the command need, in memory."""

import hashlib
import json
import re
import secrets
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_CONTENT_RANGE = re.compile(r"^bytes (?:\*|(\d+)-(\d+))(?:/(\d+))?$")


class Upload:
    def __init__(self, number, size, name):
        self.number = number
        self.token = secrets.token_hex(16)
        self.size = size
        self.name = name
        self.data = bytearray()
        self.answer = None
        self.lock = threading.Lock()


class FakePanda:
    """`handoff_refusals`: how often the finished file is answered with 503, its last byte withheld,
    before the answer is there. `mute`: pieces are taken, but never acknowledged."""

    def __init__(self):
        self.uploads = {}
        self.handoff_refusals = 0
        self.mute = False
        self.final_answer = None  # (status, body) instead of the Video JSON.
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.panda = self
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def only_upload(self):
        (upload,) = self.uploads.values()
        return upload

    def create(self, size, name):
        upload = Upload(len(self.uploads) + 1, size, name)
        self.uploads[upload.token] = upload
        return upload

    def forget(self):
        self.uploads.clear()

    def video(self, upload):
        return json.dumps({"id": f"{upload.number:032x}", "original_filename": upload.name,
                           "file_size": upload.size,
                           "sha256": hashlib.sha256(upload.data).hexdigest()})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *unused):
        pass

    def do_POST(self):
        if urllib.parse.urlsplit(self.path).path == "/videos/upload.json":
            self._create()
        else:
            self.do_PUT()

    def _create(self):
        form = urllib.parse.parse_qs(self._read_all().decode())
        if not form.get("file_size", [""])[0].isdigit() or "file_name" not in form:
            self._error(400, "BadRequest", "file_size, a number, and file_name are needed")
            return
        upload = self.server.panda.create(int(form["file_size"][0]), form["file_name"][0])
        upload.form = {name: values[0] for name, values in form.items()}
        body = json.dumps({"id": upload.number, "location": self._location(upload)})
        self._answer(201, body)

    def do_PUT(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        upload = self.server.panda.uploads.get(query.get("id", [""])[0])
        if upload is None:
            self._read_all()
            self._error(404, "RecordNotFound", "no such upload")
            return
        found = _CONTENT_RANGE.match(self.headers.get("Content-Range", ""))
        if not found or (found[3] is not None and int(found[3]) != upload.size):
            self._read_all()
            self._error(400, "BadRequest", "expected Content-Range: bytes RS-RE/L")
            return
        if found[1] is None:
            self._status(upload, completes=upload.size == 0)
        else:
            self._piece(upload, int(found[1]), int(found[2]))

    def _piece(self, upload, begin, last):
        left = int(self.headers["Content-Length"])
        if left != last - begin + 1:
            self._read_all()
            self._error(400, "BadRequest", "the body does not have the length of its range")
            return
        position = begin
        while left > 0:
            data = self.rfile.read1(min(left, 65536))
            if not data:
                self.close_connection = True
                return
            if not self._store(upload, position, data):
                self.close_connection = True
                self._error(409, "ContentMismatch", f"other bytes are stored at {position}")
                return
            position += len(data)
            left -= len(data)
        self._status(upload, completes=True)

    def _store(self, upload, position, data):
        """False when other bytes are stored there; a gap stores nothing."""
        if self.server.panda.mute:
            return True
        with upload.lock:
            have = len(upload.data)
            if position > have:
                return True
            overlap = upload.data[position:position + len(data)]
            if overlap != data[:len(overlap)]:
                return False
            upload.data += data[len(overlap):]
        return True

    def _status(self, upload, completes):
        panda = self.server.panda
        complete = len(upload.data) == upload.size
        if complete and completes and upload.answer is None:
            if panda.handoff_refusals > 0:
                panda.handoff_refusals -= 1
                self._error(503, "DeliveryPending", "the backend has not answered", retry_after=0)
                return
            upload.answer = panda.final_answer or (200, panda.video(upload))
        if upload.answer is not None:
            self._answer(*upload.answer, stored=upload.size, upload=upload)
            return
        withheld = 1 if complete else 0
        self._answer(204, "", stored=len(upload.data) - withheld, upload=upload)

    def _read_all(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _location(self, upload):
        return f"http://{self.headers['Host']}/upload/session?id={upload.token}"

    def _error(self, status, name, message, retry_after=None):
        self._answer(status, json.dumps({"error": name, "message": message}),
                     retry_after=retry_after)

    def _answer(self, status, body, stored=0, upload=None, retry_after=None):
        self.send_response(status)
        if upload is not None:
            self.send_header("Location", self._location(upload))
        if stored > 0:
            self.send_header("Range", f"0-{stored - 1}")
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())
