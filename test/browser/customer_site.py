# SPDX-License-Identifier: MIT
"""The site of an operator of Sluice: a page for the browser, and the backend that opens sessions."""

import functools
import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode

PAGE = Path(__file__).parent / "page"
PACKAGES = Path(__file__).parent / "node_modules"
# Uploaders of others, as they come from npm.
LIBRARIES = {
    "/lib/jquery.js": PACKAGES / "jquery" / "dist" / "jquery.js",
    "/lib/jquery.ui.widget.js": PACKAGES / "blueimp-file-upload" / "js" / "vendor" / "jquery.ui.widget.js",
    "/lib/jquery.fileupload.js": PACKAGES / "blueimp-file-upload" / "js" / "jquery.fileupload.js",
    "/lib/upchunk.js": PACKAGES / "@mux" / "upchunk" / "dist" / "upchunk.js",
    "/lib/dropzone.js": PACKAGES / "dropzone" / "dist" / "dropzone-min.js",
    "/lib/filepond.js": PACKAGES / "filepond" / "dist" / "filepond.js",
    "/lib/resumable.js": PACKAGES / "resumablejs" / "resumable.js",
}
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript"}


@functools.cache
def bundle(source):
    """A script of the module with that text and what it imports."""
    command = [PACKAGES / ".bin" / "esbuild", "--bundle", "--format=esm", "--log-level=warning"]
    return subprocess.run(command, input=source, stdout=subprocess.PIPE, cwd=PAGE.parent, check=True, timeout=60).stdout


class CustomerSite:
    """`open_session(urlencoded form)` asks Sluice and returns the location; `session` holds the other values for the page.
    `modules` are texts by path, each of which a page gets as one script with what it imports from npm."""

    def __init__(self, open_session):
        self.open_session = open_session
        self.session = {}
        self.modules = {"/lib/uppy.js": (PAGE / "uppy.mjs").read_bytes()}
        self.locations = []
        self.processed = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                file = LIBRARIES.get(self.path, PAGE / self.path.lstrip("/"))
                if self.path in site.modules:
                    self.answer(200, TYPES[".js"], bundle(site.modules[self.path]))
                elif (self.path in LIBRARIES or file.parent == PAGE) and file.is_file():
                    self.answer(200, TYPES[file.suffix], file.read_bytes())
                else:
                    self.answer(404, "text/plain", b"")

            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(text, strict_parsing=True).items()}
                answer = {"/panda/authorize_upload": site.authorize, "/panda/processed": site.process}[self.path](form)
                self.answer(200, "application/json", json.dumps(answer).encode())

            def answer(self, status, media_type, body):
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *unused):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def authorize(self, form):
        wish = json.loads(form["payload"])
        parameters = {"file_name": wish["filename"], "file_size": wish["filesize"], "profiles": "h264"}
        self.locations.append(self.open_session(urlencode(parameters).encode()))
        return {"upload_url": self.locations[-1], **self.session}

    def process(self, form):
        video = json.loads(form["upload_response"])
        self.processed.append(video)
        return {"seen": video["id"]}

    def close(self):
        self._server.shutdown()
        self._server.server_close()
