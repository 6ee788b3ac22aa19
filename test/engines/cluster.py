# SPDX-License-Identifier: MIT
"""Several nodes that share PostgreSQL and Ceph, behind a balancer that sends each request to the next of them."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import uuid

from support.ceph import ACCESS_KEY, BUCKET, SECRET_KEY
from support.gate import Gate
from support.raw_http import Client
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import SluiceServer, die_with_parent
from support.waiting import wait_until

HAPROXY = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
# A lease lasts 30 s, and another node looks for what has none as often.
LEASES_END_SECONDS = 120
KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
SETTINGS = """
[server]
trusted_proxies = "unix"
[dialects]
enabled = "panda, tus"
[journal]
url = "{journal}"
[store]
url = "s3://{bucket}/{prefix}"
[s3]
endpoint = "{endpoint}"
[backend]
url = "{backend}"
mode = "body"
[expiry]
sweep = "500ms"
[delivery]
retry_first = "50ms"
retry_max = "1s"
{more}
"""
# As an operator would write it, but for times that a test has no patience for. No stickiness: each request, also of one
# connection, goes to the next node. A request is sent to another one only while nothing of it has been sent.
BALANCER = """
defaults
  mode http
  timeout connect 2s
  timeout http-request 15s
  timeout client 120s
  timeout server 120s
  timeout check 3s
  retries 3
  option redispatch 1
  no option http-buffer-request
frontend uploads
  bind fd@{listener}
  default_backend nodes
backend nodes
  balance roundrobin
  option httpchk GET /readyz
  http-response set-header X-Node %s
  default-server check inter 300ms fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
"""


class Application(ScriptedBackend):
    """Another answer to each attempt, so that a second one in effect would be seen."""

    def __init__(self):
        super().__init__(self._answer)
        self._held = {}
        self._refused = set()

    def hold(self, sha256):
        """The first attempt with this file is answered when the event is set that is returned."""
        self._held[sha256] = threading.Event()
        return self._held[sha256]

    def refuse(self, sha256):
        """The application has trouble with this file from now on."""
        self._refused.add(sha256)

    def take_again(self, sha256):
        self._refused.remove(sha256)

    def _answer(self, connection, request):
        request.body = b""
        if request.sha256.hexdigest() in self._refused:
            return answer(503)(connection, request)
        held = self._held.pop(request.sha256.hexdigest(), None)
        if held:
            assert held.wait(150), "the test did not set its event"
        return answer(body=json.dumps({"id": uuid.uuid4().hex}).encode())(connection, request)

    def attempts(self, sha256):
        with self.arrived:
            return [request for request in self.requests if request.sha256.hexdigest() == sha256]


class Node(SluiceServer):
    """Its socket has a name that stays the same when it is started again."""

    def __init__(self, directory, number, toml, env):
        config = directory / f"node{number}.toml"
        config.write_text(toml, encoding="utf-8")
        super().__init__(directory / f"node{number}", args=["--config", config], env={**KEYS, **env},
                         listen=f"unix:{directory}/{number}.sock")

    def pause(self):
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def readiness(self):
        """(status, text) of its own."""
        with Client(self.address) as client:
            answered = client.get("/readyz")
        return answered.status, answered.body.decode()


class Balancer:
    def __init__(self, directory, nodes):
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        servers = "".join(f"  server node{number} unix@{node.socket_path}\n" for number, node in enumerate(nodes))
        config = directory / "haproxy.cfg"
        config.write_text(BALANCER.format(listener=self._listener.fileno(), servers=servers))
        self._log_path = directory / "haproxy.log"
        with open(self._log_path, "ab") as log:
            self._process = subprocess.Popen(
                [HAPROXY, "-db", "-f", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[self._listener.fileno()], preexec_fn=die_with_parent)
        wait_until(self._answers, self._log, 30)

    @property
    def address(self):
        return self._listener.getsockname()

    def close(self):
        self._process.kill()
        self._process.wait()
        self._listener.close()

    def _answers(self):
        assert self._process.poll() is None, self._log()
        try:
            with Client(self.address) as client:
                return client.get("/readyz").status == 200
        except OSError:
            return False

    def _log(self):
        return self._log_path.read_text(errors="replace")[-4000:]


class Cluster:
    """Nodes with a database and a prefix of their own. With gates each node has its own way to each engine.
    `host` is where the nodes look for PostgreSQL, if not where it is; `env` is of each node."""

    def __init__(self, directory, ceph, postgres, count=3, more="", gates=False, host=None, prefix=None,
                 env=({}, {}, {})):
        self.ceph = ceph
        self.postgres = postgres
        self.prefix = prefix or f"cluster/{uuid.uuid4().hex}"
        self.database = f"cluster_{uuid.uuid4().hex}"
        self.application = Application()
        self._gates = []
        postgres.query(f"CREATE DATABASE {self.database}")
        self.nodes = []
        for number in range(count):
            toml = self._settings(more, self._gates_of_node() if gates else None, host)
            self.nodes.append(Node(directory, number, toml, env[number]))
        self.balancer = None
        self._directory = directory

    def start(self):
        for node in self.nodes:
            node.start()
        self.balancer = Balancer(self._directory, self.nodes)
        return self

    def close(self):
        """May be repeated."""
        if self.balancer:
            self.balancer.close()
            self.balancer = None
        for node in self.nodes:
            node.kill()
        for store, journal in self._gates:
            store.shut()
            journal.shut()
        self._gates.clear()
        self.application.close()

    @property
    def address(self):
        """Of the balancer."""
        return self.balancer.address

    def store_gate(self, number):
        return self._gates[number][0]

    def journal_gate(self, number):
        return self._gates[number][1]

    def rows(self, sql):
        return self.postgres.query(sql, self.database)

    def objects(self):
        """The keys of all objects with bytes of uploads."""
        status, body = self.ceph.request("GET", f"/{BUCKET}", [("list-type", "2"), ("prefix", f"{self.prefix}/")])
        assert status == 200 and b"<IsTruncated>false" in body, body
        return [key for key in re.findall(r"<Key>([^<]+)</Key>", body.decode()) if "/owner/" not in key]

    def manifest(self):
        """The keys that the journal names."""
        return [key for key, in self.rows("SELECT DISTINCT convert_from(object, 'UTF8') FROM extents")]

    def expect_handed_over(self, data_sha256):
        """One effect: each attempt had the same key and all bytes."""
        attempts = self.application.attempts(data_sha256)
        assert attempts and len({request.key for request in attempts}) == 1, attempts
        return attempts[0].key

    def expect_nothing_left(self):
        wait_until(lambda: not self.objects() and not self.manifest(),
                   lambda: f"left: {self.objects()[:5]} {self.manifest()[:5]}, {self.states()}")
        assert not self.rows("SELECT id FROM uploads WHERE blob_present = 1 AND has_bytes")

    def states(self):
        return self.rows("SELECT state, blob_present, count(*) FROM uploads GROUP BY 1, 2")

    def logs(self):
        """What is worth a look in those of all nodes."""
        return "\n".join(f"node {number}: {line}" for number, node in enumerate(self.nodes)
                         for line in node.log().splitlines() if '"level":"info"' not in line)[-20000:]

    def _gates_of_node(self):
        self._gates.append((Gate(self.ceph.address), Gate(self.postgres.socket_path)))
        return self._gates[-1]

    def _settings(self, more, gates, host):
        place = f"host=127.0.0.1 port={gates[1].port}" if gates else f"host={host or self.postgres.directory}"
        return SETTINGS.format(journal=f"{place} user=sluice dbname={self.database}", bucket=BUCKET,
                               prefix=self.prefix, endpoint=gates[0].url if gates else self.ceph.url,
                               backend=self.application.url(), more=more)
