# SPDX-License-Identifier: MIT
"""The recipes of docs/recipes: their texts, their backends as processes, and requests that are signed as Sluice signs them."""

import hashlib
import hmac
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from support.sluice_server import die_with_parent, environment, sluice_binary

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "docs" / "recipes"
SECRET = "the secret of both sides"


def blocks(recipe, language):
    """The texts of a recipe's examples in that language."""
    text = (RECIPES / recipe).read_text(encoding="utf-8")
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```\n", text)


def replaced(text, *pairs):
    """The text with each first of a pair in place of the second; all of them have to be there."""
    for old, new in pairs:
        assert old in text, f"{old!r} is not in {text!r}"
        text = text.replace(old, str(new))
    return text


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _as_in_a_terminal():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # A process in the background would ignore it.
    die_with_parent()


class Shell:
    """A directory in which the commands of a recipe run as they stand there: `sluice` is the program under test."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "bin").mkdir()
        (directory / "bin" / "sluice").symlink_to(sluice_binary())
        (directory / "docs").symlink_to(ROOT / "docs")
        self.environment = environment({
            "PATH": f"{directory / 'bin'}:{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(directory / "cache"),
            "GOCACHE": str(directory / "go-cache"),
        })

    def run(self, script, **more):
        """Runs the script to its end, and ends what it has started."""
        process = self.start(script, **more)
        try:
            out, errors = process.communicate(timeout=240)
        finally:
            self.end(process)
        return subprocess.CompletedProcess(script, process.returncode, out, errors)

    def start(self, script, **more):
        # The programs in the background keep no pipe open, so that the end of the script is the end of its output.
        script = re.sub(r"(?m)&$", f">>{self.directory}/background.log 2>&1 &", script)
        return subprocess.Popen(["bash", "-euo", "pipefail", "-c", script], cwd=self.directory, env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True, preexec_fn=_as_in_a_terminal, **more)

    @staticmethod
    def end(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # Nothing was left of the group.
        process.wait()

    def background_log(self):
        return (self.directory / "background.log").read_text(encoding="utf-8", errors="replace")


class Backend:
    """One of the four programs. `arguments(directory, secret_file)` is its command line for any free port."""

    def __init__(self, recipe, program, mode, arguments):
        self.recipe = recipe
        self.program = program
        self.mode = mode
        self.arguments = arguments

    def installed(self):
        if shutil.which(self.program) is None:
            if self.program != "go" and os.environ.get("CI") == "true":
                pytest.fail(f"there is no {self.program}; scripts/setup installs it")
            pytest.skip(f"there is no {self.program}")


def _go(files, secret_file):
    built = files.parent / "backend"
    env = environment({"GOCACHE": str(files.parent / "go-cache")})
    subprocess.run(["go", "build", "-o", built, RECIPES / "backend.go"], check=True, env=env, timeout=240)
    return [built, "-listen", "0", "-files", files, "-secret-file", secret_file]


BACKENDS = {
    "python": Backend("backend-python.md", "python3", "body", lambda files, secret_file: [
        "python3", RECIPES / "backend.py", "--listen", "0", "--files", files, "--secret-file", secret_file]),
    "node": Backend("backend-node.md", "node", "body", lambda files, secret_file: [
        "node", RECIPES / "backend.mjs", "--listen", "0", "--files", files, "--secret-file", secret_file]),
    "php": Backend("backend-php.md", "php", "reference", lambda files, secret_file: [
        "php", "-S", "127.0.0.1:0", RECIPES / "backend.php"]),
    "go": Backend("backend-go.md", "go", "body", _go),
}


class Running:
    """A backend as a process; what it wrote is in `log`."""

    def __init__(self, backend, directory):
        self.backend = backend
        self.files = directory / "received"
        self.incoming = directory / "incoming"
        self.files.mkdir()
        self.secret_file = directory / "backend-secret"
        self.secret_file.write_text(SECRET + "\nnot the secret\n", encoding="utf-8")
        self._log = directory / "backend.log"
        command = backend.arguments(self.files, self.secret_file)
        env = environment({"SECRET_FILE": str(self.secret_file), "FILES": str(self.files)})
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True,
                                             preexec_fn=die_with_parent)
        self.port = self._listening()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/uploads"

    @property
    def log(self):
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _listening(self):
        end = time.monotonic() + 60
        while time.monotonic() < end and self._process.poll() is None:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", self.log):
                return int(found[1])
        self.close()
        raise AssertionError(f"it does not listen: {self.log}")

    def close(self):
        Shell.end(self._process)

    def took(self):
        """The keys for which its own work was done, as often as it was."""
        return re.findall(r"took ([0-9a-f]{32})", self.log)

    def names(self):
        return sorted(path.name for path in self.files.iterdir())


class Request:
    """A hand-off as Sluice makes it. Change it, then sign() it; or sign it, then change it."""

    def __init__(self, running, data, key="0123456789abcdef" * 2, name="sea side.mp4"):
        self.method = "POST"
        self.target = "/uploads"
        self.body = data
        self.headers = {
            "Content-Type": "application/octet-stream",
            "Idempotency-Key": key,
            "X-Sluice-Mode": running.backend.mode,
            "X-Sluice-Upload-Id": "7",
            "X-Sluice-Attempt": "1",
            "X-Sluice-File-Name": quote(name),
            "X-Sluice-File-Size": str(len(data)),
        }
        if running.backend.mode == "reference":
            running.incoming.mkdir(exist_ok=True)
            path = running.incoming / key
            path.write_bytes(data)
            self.headers["Content-Type"] = "application/json"
            self.body = (f'{{"id":7,"key":"{key}","file_name":"{name}","file_size":{len(data)},"path":"{path}",'
                         f'"sha256":"{hashlib.sha256(data).hexdigest()}"}}').encode()
        self.headers["X-Sluice-Body-SHA256"] = hashlib.sha256(self.body).hexdigest()

    def sign(self, secret=SECRET, age=0):
        seconds = int(time.time()) - age
        names = " ".join(name.lower() for name in self.headers)
        lines = [f"{seconds}.{self.method} {self.target}", names, *self.headers.values()]
        mac = hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()
        self.headers["X-Sluice-Signed"] = names
        self.headers["X-Sluice-Signature"] = f"t={seconds},v1={mac}"
        return self
