# SPDX-License-Identifier: MIT
"""Proxies of others as processes, with the very files of packaging/proxies, and a certificate for them."""

import contextlib
import os
import pathlib
import select
import shutil
import socket
import ssl
import subprocess

import pytest

from support.raw_http import Client, Connection, ConnectionClosed
from support.sluice_server import die_with_parent
from support.waiting import wait_until

PACKAGED = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "proxies"
STARTS = 5  # A free port may be taken by another process before the proxy listens on it.
ZEROS = memoryview(bytes(1 << 16))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def replaced(text, *pairs):
    """The text with each first of a pair in place of the second; all of them have to be there."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


class Certificate:
    """Self-signed, for localhost."""

    def __init__(self, directory):
        self.chain, self.key, self.all = (directory / name for name in ("chain.pem", "key.pem", "all.pem"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "365",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", self.key, "-out", self.chain],
            check=True, capture_output=True)
        self.all.write_bytes(self.chain.read_bytes() + self.key.read_bytes())

    @property
    def paths(self):
        """What stands for them in the packaged files."""
        return (("/etc/ssl/sluice/fullchain.pem", str(self.chain)), ("/etc/ssl/sluice/privkey.pem", str(self.key)))


class ProxyConnection(Connection):
    def _read_body(self, response, method):
        # Apache takes a Content-Length of 0 away from answers to HEAD, which it may (RFC 9110 8.6).
        return b"" if method == "HEAD" else super()._read_body(response, method)

    def send_until_answered(self, size):
        """As many zeros, or fewer when an answer begins. One thread does both, as an SSL object takes one at a time."""
        timeout = self.socket.gettimeout()
        self.socket.setblocking(False)
        while size and not self._buffer:
            readable, _, _ = select.select([self.socket], [self.socket], [], timeout)
            # What is readable may be a record of TLS itself.
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                if readable and not self._fill():
                    raise ConnectionClosed()
                size -= self.socket.send(ZEROS[:size])
        self.socket.settimeout(timeout)


class ProxyClient(Client):
    connection_class = ProxyConnection


class Proxy:
    """One process, which ends with the test. A subclass says what it is run with: configure() writes the files for
    the ports and returns the command."""

    program = ""
    passes_interims = False  # 1xx of the server reach the client.

    def __init__(self, directory, upstream_port, certificate):
        self.directory = directory
        self.upstream_port = upstream_port
        self.certificate = certificate
        self.tls = ssl.create_default_context(cafile=str(certificate.chain))
        self.port = self.plain_port = 0
        self._process = None

    @property
    def address(self):
        return ("localhost", self.port)

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    @property
    def upstream(self):
        return f"127.0.0.1:{self.upstream_port}"

    def client(self):
        return ProxyClient(self.address, timeout=20, tls=self.tls)

    def configure(self):
        raise NotImplementedError

    def _listens(self):
        if self._process.poll() is not None:
            return True
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            return False
        return True

    def start(self):
        log_path = self.directory / "output"
        for _ in range(STARTS):
            self.port, self.plain_port = free_port(), free_port()
            command = self.configure()
            with open(log_path, "ab") as log:
                self._process = subprocess.Popen(
                    [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    cwd=self.directory, preexec_fn=die_with_parent,
                    env={**os.environ, "HOME": str(self.directory), "XDG_DATA_HOME": str(self.directory),
                         "XDG_CONFIG_HOME": str(self.directory)})
            wait_until(self._listens, f"{self.program} listens", 30)
            if self._process.poll() is None:
                return self
        raise AssertionError(log_path.read_text(errors="replace")[-4000:])

    def close(self):
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


class Nginx(Proxy):
    program = "nginx"

    def configure(self):
        site = replaced((PACKAGED / "nginx.conf").read_text(), ("127.0.0.1:8080", self.upstream),
                        ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
                        ("listen 80", f"listen 127.0.0.1:{self.plain_port}"),
                        ("upload.example.com", "localhost"), *self.certificate.paths)
        return self.command(site)

    def command(self, site):
        (self.directory / "site.conf").write_text(site)
        temporary = "".join(f"  {kind}_temp_path {self.directory}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        main = self.directory / "nginx.conf"
        main.write_text("daemon off;\nmaster_process off;\n"
                        f"pid {self.directory}/pid;\nerror_log {self.directory}/error.log;\nevents {{}}\n"
                        f"http {{\n  access_log off;\n{temporary}  include {self.directory}/site.conf;\n}}\n")
        return ["nginx", "-p", self.directory, "-c", main, "-e", self.directory / "error.log"]


class HaProxy(Proxy):
    program = "haproxy"
    passes_interims = True

    def configure(self):
        config = self.directory / "haproxy.cfg"
        config.write_text(replaced((PACKAGED / "haproxy.cfg").read_text(), ("127.0.0.1:8080", self.upstream),
                                   ("bind :443", f"bind 127.0.0.1:{self.port}"),
                                   ("bind :80", f"bind 127.0.0.1:{self.plain_port}"),
                                   ("/etc/ssl/sluice/all.pem", str(self.certificate.all))))
        return ["haproxy", "-db", "-f", config]


class Caddy(Proxy):
    program = "caddy"
    passes_interims = True

    def configure(self):
        site = replaced((PACKAGED / "Caddyfile").read_text(), ("127.0.0.1:8080", self.upstream),
                        ("upload.example.com {", "localhost {\n\tbind 127.0.0.1"),
                        ("# tls /etc", "tls /etc"))
        config = self.directory / "Caddyfile"
        config.write_text(f"{{\n\tadmin off\n\thttp_port {self.plain_port}\n\thttps_port {self.port}\n}}\n"
                          + replaced(site, *self.certificate.paths))
        return ["caddy", "run", "--config", config, "--adapter", "caddyfile"]


class Apache(Proxy):
    program = "apache2"
    passes_interims = True
    modules = ("mpm_event", "authz_core", "ssl", "socache_shmcb", "headers", "proxy", "proxy_http", "rewrite",
               "reqtimeout")

    def configure(self):
        site = replaced((PACKAGED / "apache.conf").read_text(), ("127.0.0.1:8080", self.upstream),
                        ("*:443", f"127.0.0.1:{self.port}"), ("*:80", f"127.0.0.1:{self.plain_port}"),
                        ("upload.example.com", "localhost"), *self.certificate.paths)
        loads = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in self.modules)
        config = self.directory / "apache2.conf"
        config.write_text(f"{loads}ServerRoot {self.directory}\nDefaultRuntimeDir {self.directory}\n"
                          f"PidFile {self.directory}/pid\nErrorLog {self.directory}/error.log\n"
                          f"ServerName localhost\nUser www-data\nGroup www-data\n"
                          f"Listen 127.0.0.1:{self.port}\nListen 127.0.0.1:{self.plain_port}\n{site}")
        return ["apache2", "-X", "-f", config]


PROXIES = {kind.program: kind for kind in (Nginx, HaProxy, Caddy, Apache)}


def installed(program):
    """Skips the test where the program is not there, but for CI."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if shutil.which(program, path=path):
        return
    if os.environ.get("CI") == "true":
        raise FileNotFoundError(f"{program} is not installed: scripts/setup")
    pytest.skip(f"{program} is not installed: scripts/setup")
