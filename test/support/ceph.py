# SPDX-License-Identifier: MIT
"""A Ceph in memory for a test: one monitor, OSDs that hold the same, and one gateway that speaks S3."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import uuid

from support import s3_signature
from support.sluice_server import die_with_parent
from support.waiting import wait_until

PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
STARTS = 5  # A free port may be taken by another process before a daemon listens on it.
# Below the ports that the kernel gives to connections: the monitor's has to be there again at each look.
MONITOR_PORTS = range(20000, 32000)
GATEWAY = "client.rgw.a"
ACCESS_KEY = "AKTEST"
SECRET_KEY = "SKTEST"
BUCKET = "sluice"

CONFIGURATION = """
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{monitor_port},v1:127.0.0.1:{other_port}]
auth allow insecure global id reclaim = false
run dir = {directory}/run
admin socket = {directory}/run/$name.asok
log file = {directory}/log/$name.log
crash dir = {directory}/log
mon cluster log file = {directory}/log/cluster.log
keyring = {directory}/keyring
osd pool default size = {osds}
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
# One OSD is enough to say that another is dead.
mon osd min down reporters = 1
# With the usual pauses the gateway is ready after 9 s.
paxos propose interval = 0.05
paxos min wait = 0.01
mon tick interval = 1
mon data = {directory}/mon/$cluster-$id
mon data avail warn = 1
mon data avail crit = 1
ms bind ipv6 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
[osd]
osd data = {directory}/$name
osd objectstore = memstore
memstore device bytes = 4294967296
osd class update on start = false
osd op num shards = 2
[client]
rgw frontends = beast endpoint=127.0.0.1:{gateway_port}
rgw data = {directory}/rgw
rgw thread pool size = 64
{more}
"""


def missing_programs():
    return [program for program in PROGRAMS if not shutil.which(program)]


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Ceph:
    """The daemons are children of the test and end with it, however it ends."""

    def __init__(self, directory, more="", osds=1):
        """more: further lines of the configuration, for the gateway. What only one OSD holds is gone with it."""
        self.directory = directory
        self._more = more
        self._osds = [f"osd.{number}" for number in range(osds)]
        self.gateway_port = 0
        self._home = directory
        self._daemons = {}  # By their names.

    def __enter__(self):
        try:
            for attempt in range(STARTS):
                if self._start_in(self.directory / str(attempt)):
                    return self
                self.close()
        except BaseException:
            self.close()
            raise
        raise AssertionError(f"Ceph does not start; its logs are in {self.directory}")

    def __exit__(self, *unused):
        self.close()

    @property
    def address(self):
        return ("127.0.0.1", self.gateway_port)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.gateway_port}"

    def request(self, method, path, query=(), body=b""):
        """(status, body), signed with the keys of the test."""
        return s3_signature.request(self.address, method, path, query, body, (ACCESS_KEY, SECRET_KEY))

    def create_bucket(self, name):
        status, body = self.request("PUT", f"/{name}")
        assert status == 200, body

    def configure_bucket(self, name, subject, document):
        status, body = self.request("PUT", f"/{name}", [(subject, "")], document)
        assert status == 200, body

    def bound_bucket(self, name, bytes_max):
        for words in (["set", f"--max-size={bytes_max}"], ["enable"]):
            self._run("radosgw-admin", "quota", words[0], "--quota-scope=bucket", f"--bucket={name}", *words[1:])

    def add_key(self, name, secret):
        """Another one of the user of the tests."""
        self._run("radosgw-admin", "key", "create", "--uid=test", "--key-type=s3", f"--access-key={name}",
                  f"--secret-key={secret}")

    def remove_key(self, name):
        self._run("radosgw-admin", "key", "rm", "--uid=test", "--key-type=s3", f"--access-key={name}")

    def pause(self, name):
        self._daemons[name].send_signal(signal.SIGSTOP)

    def go_on(self, name):
        self._daemons[name].send_signal(signal.SIGCONT)

    def kill(self, name):
        daemon = self._daemons.pop(name)
        daemon.kill()
        daemon.wait()

    def start_gateway(self):
        self._spawn(GATEWAY, "radosgw", "-f", "-n", GATEWAY)
        wait_until(lambda: self._has_ended() or self._listens(), "the gateway listens")
        assert not self._has_ended()

    def close(self):
        for daemon in self._daemons.values():
            daemon.kill()
        for daemon in self._daemons.values():
            daemon.wait()
        self._daemons.clear()

    def _start_in(self, home):
        """Whether all daemons came up; one that finds its port taken ends."""
        self._home = home
        try:
            self._start(home)
        except AssertionError:
            if not self._has_ended():
                raise
        return not self._has_ended()

    def _start(self, home):
        for name in ("run", "log", "mon", "rgw", *self._osds):
            (home / name).mkdir(parents=True)
        fsid = str(uuid.uuid4())
        monitor_port, other_port = random.sample([port for port in random.sample(MONITOR_PORTS, 50)
                                                  if is_free(port)], 2)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.gateway_port = probe.getsockname()[1]
        (home / "ceph.conf").write_text(CONFIGURATION.format(
            directory=home, fsid=fsid, monitor_port=monitor_port, other_port=other_port,
            gateway_port=self.gateway_port, osds=len(self._osds), more=self._more))
        self._make_keys()
        addresses = f"[v2:127.0.0.1:{monitor_port},v1:127.0.0.1:{other_port}]"
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", addresses, "--clobber", home / "monmap")
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", home / "monmap", "--keyring", home / "keyring")
        self._spawn("mon.a", "ceph-mon", "-f", "-i", "a")
        for number, name in enumerate(self._osds):
            osd = str(uuid.uuid4())
            self._run("ceph", "--connect-timeout", "20", "osd", "new", osd, str(number))
            self._run("ceph-osd", "-i", str(number), "--mkfs", "--osd-uuid", osd)
            self._spawn(name, "ceph-osd", "-f", "-i", str(number))
        self.start_gateway()
        self._run("radosgw-admin", "user", "create", "--uid=test", "--display-name=test",
                  f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}")

    def _make_keys(self):
        keyring = self._home / "keyring"
        self._run("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        for name in ("client.admin", GATEWAY, *self._osds):
            self._run("ceph-authtool", keyring, "--gen-key", "-n", name, "--cap", "mon", "allow *",
                      "--cap", "osd", "allow *", "--cap", "mgr", "allow *")

    def _environment(self):
        return {**os.environ, "CEPH_CONF": str(self._home / "ceph.conf"), "CEPH_ARGS": ""}

    def _run(self, *words):
        done = subprocess.run([str(word) for word in words], env=self._environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False, preexec_fn=die_with_parent)
        assert done.returncode == 0, f"{words}: {done.stderr[-2000:]}"

    def _spawn(self, name, *words):
        with open(self._home / "log" / f"{name}.out", "ab") as output:
            self._daemons[name] = subprocess.Popen(
                words, env=self._environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                preexec_fn=die_with_parent)

    def _has_ended(self):
        return any(daemon.poll() is not None for daemon in self._daemons.values())

    def _listens(self):
        with contextlib.suppress(OSError):
            socket.create_connection(self.address, timeout=5).close()
            return True
        return False
