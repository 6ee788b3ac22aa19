# SPDX-License-Identifier: MIT
"""nginx as a process, with the servers that a recipe or a test describes."""

import os
import shutil
import subprocess

import pytest

from recipe_harness import Shell, free_port
from support.raw_http import Client
from support.sluice_server import die_with_parent
from support.waiting import wait_until

STARTS = 5  # A free port may be taken by another process before nginx listens on it.


class Nginx:
    """`server` is a text in which `listen 80;` stands for the port."""

    def __init__(self, directory, server):
        if shutil.which("nginx") is None:
            if os.environ.get("CI") == "true":
                pytest.fail("there is no nginx; scripts/setup installs it")
            pytest.skip("there is no nginx")
        self.directory = directory
        directory.mkdir()
        for _ in range(STARTS):
            self.port = free_port()
            self._start(server)
            if wait_until(lambda: self._process.poll() is not None or self._answers(), self.log) and self._answers():
                return
        raise AssertionError(f"nginx does not start: {self.log()}")

    def _start(self, server):
        assert "listen 80;" in server
        temporary = "".join(f"{kind}_temp_path {self.directory}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = self.directory / "nginx.conf"
        config.write_text(f"daemon off;\nmaster_process off;\npid {self.directory}/pid;\nevents {{}}\n"
                          f"http {{\naccess_log off;\n{temporary}"
                          + server.replace("listen 80;", f"listen 127.0.0.1:{self.port};") + "}\n", encoding="utf-8")
        command = ["nginx", "-p", self.directory, "-c", config, "-e", self.directory / "error.log"]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True,
                                         preexec_fn=die_with_parent)

    def _answers(self):
        try:
            with Client(("127.0.0.1", self.port)) as client:
                return client.get("/").status > 0
        except OSError:
            return False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def log(self):
        path = self.directory / "error.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        Shell.end(self._process)
