# SPDX-License-Identifier: MIT
"""A PostgreSQL of a test's own: one server that listens on a socket in its directory."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from support.sluice_server import die_with_parent
from support.waiting import wait_until

# Debian keeps the programs of each version apart.
FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
PROGRAMS = ("initdb", "postgres", "pg_isready", "psql", "pg_basebackup")


def program(name):
    """None where it is not installed."""
    return shutil.which(name, path=os.pathsep.join([*map(str, reversed(FOLDERS)), os.environ.get("PATH", "")]))


def missing_programs():
    return [name for name in PROGRAMS if not program(name)]


def user():
    """The server refuses to run as root."""
    return pwd.getpwuid(os.getuid() or pwd.getpwnam("nobody").pw_uid)


class Postgres:
    """The server is a child of the test and ends with it, however it ends; it syncs what it commits. With a primary it
    is a standby of it, by the name of `standby`."""

    def __init__(self, primary=None):
        self._primary = primary
        self.directory = Path(tempfile.mkdtemp(prefix="sluice-postgres-"))
        self._server = None

    def __enter__(self):
        try:
            os.chown(self.directory, user().pw_uid, user().pw_gid)
            if self._primary:
                self._run("pg_basebackup", "-D", self._data, "--checkpoint=fast", "--no-sync", "--write-recovery-conf",
                          "-d", f"{self._primary.connection} application_name=standby")
            else:
                self._run("initdb", "-D", self._data, "-A", "trust", "-U", "sluice", "--no-sync", "--no-locale",
                          "-E", "UTF8")
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *unused):
        self.close()

    @property
    def connection(self):
        """As libpq takes it; its user is a superuser."""
        return f"host={self.directory} user=sluice dbname=postgres"

    @property
    def socket_path(self):
        return f"{self.directory}/.s.PGSQL.5432"

    def query(self, sql, database="postgres"):
        """The rows, each a list of texts."""
        output = self._run("psql", "-X", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", self.directory, "-U", "sluice",
                           "-d", database, "-c", sql)
        return [line.split("\t") for line in output.splitlines()]

    def start(self):
        with open(self.directory / "log", "ab") as log:
            self._server = subprocess.Popen(
                [program("postgres"), "-D", self._data, "-k", self.directory, "-c", "listen_addresses="],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory,
                preexec_fn=die_with_parent, **self._as_user())
        wait_until(lambda: self._server.poll() is not None or self._answers(), "PostgreSQL answers")
        assert self._server.poll() is None, self.log()

    def stop(self):
        """Ends the connections of all clients, and its own, in order."""
        self._server.send_signal(signal.SIGINT)
        assert self._server.wait(timeout=60) == 0, self.log()

    def kill(self):
        """Ends at once, without a checkpoint or a word to anybody."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(timeout=60)

    def promote(self):
        """A standby takes changes from now on."""
        self.query("SELECT pg_promote()")

    def log(self):
        return (self.directory / "log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def close(self):
        if self._server and self._server.poll() is None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(timeout=60)
        shutil.rmtree(self.directory)

    @property
    def _data(self):
        return self.directory / "data"

    @staticmethod
    def _as_user():
        return {} if os.getuid() else {"user": user().pw_uid, "group": user().pw_gid, "extra_groups": []}

    def _answers(self):
        done = subprocess.run([program("pg_isready"), "-q", "-h", self.directory], cwd="/", timeout=60, check=False)
        return done.returncode == 0

    def _run(self, name, *words):
        done = subprocess.run([program(name), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              cwd=self.directory, timeout=60, check=False, preexec_fn=die_with_parent,
                              **self._as_user())
        assert done.returncode == 0, f"{name}: {done.stderr[-2000:]}"
        return done.stdout
