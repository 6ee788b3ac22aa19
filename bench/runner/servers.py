# SPDX-License-Identifier: MIT
"""The servers that are compared: each on a free port, with a directory of its own, plain or over TLS."""

import os
import re
import shutil
import socket
import subprocess
import time

from runner import peers, processes
from runner.processes import Failed, Process

_LISTENING = re.compile(r":(\d+)")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tls_pair(context):
    """Paths of a certificate and its key, ECDSA P-256, the same for every server."""
    certificate, key = (os.path.join(context.directory, name) for name in ("certificate.pem", "key.pem"))
    if not os.path.exists(certificate):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost"],
                       check=True, capture_output=True, timeout=60)
    return certificate, key


def wait_for_port(process, port):
    deadline = time.monotonic() + processes.START_SECONDS
    while time.monotonic() < deadline:
        process.check()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise Failed(f"{process.command[0]} does not listen on port {port}")


class Server:
    """name: of the table's row; dialects: those that it understands, best first; syncs: in words."""

    name = ""
    syncs = "none"
    dialects = ()
    finished = ()  # Folders of finished files.
    unfinished = ()

    def __init__(self, context, folder, tls=False):
        self.context = context
        self.folder = str(folder)
        self.tls = tls
        self.port = 0
        self.process = None

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        self._start()
        return self

    def _start(self):
        raise NotImplementedError

    def _start_and_read_port(self, command, env=None):
        self.process = Process(command, self.folder + ".log", env)
        line = self.process.start()
        match = _LISTENING.search(line.partition("//")[2])
        if not match:
            raise Failed(f"{self.name}: expected the line with its port, got {line!r}\n{self.process.log()[-2000:]}")
        self.port = int(match.group(1))

    def _start_and_wait(self, command, env=None):
        self.process = Process(command, self.folder + ".log", env, waits_for_line=False)
        self.process.start()
        wait_for_port(self.process, self.port)

    def stop(self):
        if self.process is not None:
            self.process.stop()

    def load_options(self, dialect):
        """Options of the load generator beside the port."""
        del dialect
        return ["--tls"] if self.tls else []

    def make_folders(self, *names):
        for name in names:
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)

    def write_config(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def clean(self, unfinished=False):
        """Removes finished files, so that the next ones get their warm memory."""
        for name in (*self.finished, *(self.unfinished if unfinished else ())):
            for entry in os.scandir(os.path.join(self.folder, name)):
                if entry.is_file(follow_symlinks=False):
                    os.remove(entry.path)

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cpu_seconds(self):
        return processes.cpu_seconds(self.process.pid)

    def peak_rss_kib(self):
        return processes.peak_rss_kib(self.process.pid)


class Sluice(Server):
    dialects = ("panda", "tus", "tus-creation", "rufh-once", "put")
    finished = ("videos",)
    unfinished = ("uploads",)
    durability = "none"
    settings = {}

    def environment(self):
        return {"SLUICE_LOG_LEVEL": "warn", "SLUICE_DATA_DURABILITY": self.durability,
                "SLUICE_DATA_LOW_WATER": "64MiB", "SLUICE_VIDEO_PROBE": "off",
                # All clients of a benchmark have one address.
                "SLUICE_LIMITS_CONNECTIONS_PER_ADDRESS": "20000",
                "SLUICE_LIMITS_REQUESTS_PER_CONNECTION": "0",
                **self.context.sluice_settings, **self.settings}

    def command(self, port=0):
        return [self.context.sluice, "serve", "--listen", "none" if self.tls else f"127.0.0.1:{port}", "--data",
                self.folder]

    def _start(self):
        tls = {}
        if self.tls:
            certificate, key = tls_pair(self.context)
            tls = {"SLUICE_TLS_LISTEN": "127.0.0.1:0", "SLUICE_TLS_CERTIFICATE": certificate, "SLUICE_TLS_KEY": key}
        self._start_and_read_port(self.command(), {**self.environment(), **tls})


class SluiceNone(Sluice):
    name = "Sluice, none"
    durability = "none"


class SluiceInterval(Sluice):
    name = "Sluice, interval"
    syncs = "whole files; the rest later"
    durability = "interval"


class SluiceCommit(Sluice):
    name = "Sluice, commit"
    syncs = "file and journal"
    durability = "commit"


class Before:
    """Another program in the place of the one that is measured."""

    def command(self, port=0):
        return [self.context.before, *super().command(port)[1:]]


class BeforeNone(Before, SluiceNone):
    name = "before, none"


class BeforeInterval(Before, SluiceInterval):
    name = "before, interval"


class BeforeCommit(Before, SluiceCommit):
    name = "before, commit"


class Floor(Server):
    name = "floor"
    dialects = ("panda", "tus", "tus-creation")
    finished = ("done",)
    unfinished = ("uploads",)
    options = ()

    def _start(self):
        self._start_and_read_port([self.context.floor, "--data", self.folder, *self.options])


class FloorSync(Floor):
    name = "floor, sync"
    syncs = "file and log"
    options = ("--sync",)


class FloorSplice(Floor):
    name = "floor, splice"
    options = ("--splice",)


class Nginx(Server):
    name = "nginx"
    dialects = ("dav",)
    finished = ("dav",)
    extra = ""

    def _start(self):
        self.port = free_port()
        self.make_folders("dav", "body", "logs")
        tls = ""
        if self.tls:
            certificate, key = tls_pair(self.context)
            tls = f"ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;"
        config = self.write_config("nginx.conf", f"""daemon off; worker_processes 2; pid {self.folder}/pid;
error_log {self.folder}/logs/error;
user root;
events {{ worker_connections 16384; }}
http {{ access_log off; client_max_body_size 0; client_body_temp_path {self.folder}/body; {self.extra}
  client_body_in_file_only off; keepalive_requests 1000000;
  proxy_temp_path {self.folder}/p; fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u;
  scgi_temp_path {self.folder}/s;
  server {{ listen 127.0.0.1:{self.port}{" ssl" if self.tls else ""}; root {self.folder}; {tls}
    location /dav {{ dav_methods PUT DELETE; create_full_put_path on; }} }} }}
""")
        self._start_and_wait([peers.nginx(self.context), "-c", config, "-p", self.folder, "-e",
                              f"{self.folder}/logs/error"])


class NginxLargeBuffer(Nginx):
    name = "nginx, 1 MiB buffer"
    extra = "client_body_buffer_size 1m;"


class Lighttpd(Server):
    name = "lighttpd"
    dialects = ("dav-range",)
    finished = ("dav",)

    def _start(self):
        self.port = free_port()
        self.make_folders("dav", "body")
        program, modules = peers.lighttpd(self.context)
        config = self.write_config("lighttpd.conf", f"""server.document-root = "{self.folder}"
server.bind = "127.0.0.1"
server.port = {self.port}
server.upload-dirs = ("{self.folder}/body")
server.max-request-size = 0
server.max-keep-alive-requests = 65535
server.errorlog = "{self.folder}/errors"
server.modules = ("mod_webdav")
webdav.activate = "enable"
webdav.is-readonly = "disable"
webdav.opts = ("deprecated-unsafe-partial-put" => "enable")
""")
        self._start_and_wait([program, "-D", "-f", config, "-m", modules])


class TusNode(Server):
    name = "@tus/server"
    dialects = ("tus", "tus-creation")
    finished = ("files",)

    def _start(self):
        self.make_folders("files")
        folder = os.path.join(self.folder, "files")
        self._start_and_read_port([peers.node(self.context), peers.tus_server(self.context), folder])


class Tusd(Server):
    name = "tusd"
    dialects = ("tus", "tus-creation")
    finished = ("files",)

    def _start(self):
        self.port = free_port()
        self.make_folders("files")
        folder = os.path.join(self.folder, "files")
        self._start_and_wait([os.environ["TUSD"], "-host", "127.0.0.1", "-port", str(self.port), "-upload-dir", folder,
                              "-hooks-enabled-events", "", "-show-greeting=false", "-verbose=false"])

    def load_options(self, dialect):
        return ["--path", "/files/", *super().load_options(dialect)]


def knows_interval(context):
    """Whether this Sluice has durability = interval."""
    server = SluiceInterval(context, os.path.join(context.directory, "trial"))
    try:
        server.start()
        return True
    except Failed:
        return False
    finally:
        server.remove()


BY_KEY = {
    "sluice-none": SluiceNone,
    "sluice-interval": SluiceInterval,
    "sluice-commit": SluiceCommit,
    "before-none": BeforeNone,
    "before-interval": BeforeInterval,
    "before-commit": BeforeCommit,
    "floor": Floor,
    "floor-sync": FloorSync,
    "floor-splice": FloorSplice,
    "nginx-1m": NginxLargeBuffer,
    "nginx": Nginx,
    "lighttpd": Lighttpd,
    "tus-node": TusNode,
    "tusd": Tusd,
}


def versions(context):
    """{name: first line of its version output}."""
    found = {}

    def ask(name, command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        found[name] = (done.stdout + done.stderr).strip().partition("\n")[0]

    ask("sluice", ["git", "-C", context.root, "describe", "--always", "--dirty"])
    ask("compiler", ["clang++-19", "--version"])
    ask("kernel", ["uname", "-sr"])
    for name, programs in (("nginx", peers.nginx), ("lighttpd", lambda c: peers.lighttpd(c)[0]), ("node", peers.node)):
        try:
            ask(name, [programs(context), "-v"])
        except Failed:
            pass
    found.update(peers.tus_version(context))
    if os.environ.get("TUSD"):
        ask("tusd", [os.environ["TUSD"], "-version"])
    return found
