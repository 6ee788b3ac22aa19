# SPDX-License-Identifier: MIT
"""A real headless Chromium, driven through node and playwright-core."""

import ctypes
import json
import os
import selectors
import shutil
import signal
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
START_SECONDS = 60.0
ANSWER_SECONDS = 55.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class CannotStart(Exception):
    """There is no browser on this machine; the message says why."""


class BrowserFailed(Exception):
    """The error of the page or the browser, which gave no result."""


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Chromium:
    def __init__(self, log_path):
        binary = shutil.which("chromium")
        if binary is None:
            raise CannotStart("there is no chromium in the PATH; scripts/setup installs it")
        if not (HERE / "node_modules" / "playwright-core").is_dir():
            raise CannotStart("test/browser/node_modules is missing; scripts/setup runs npm ci there")
        self._log_path = log_path
        with open(log_path, "wb") as log:
            self._process = subprocess.Popen(
                ["node", str(HERE / "driver.mjs"), binary],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=HERE,
                env={**os.environ, "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1"}, preexec_fn=_die_with_parent)
        self._unread = b""
        try:
            self.version = self._answer(START_SECONDS)["ready"]
        except (BrowserFailed, KeyError) as error:
            self.close()
            raise CannotStart(f"{binary} does not start: {self._log()[-2000:]}") from error

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _log(self):
        return Path(self._log_path).read_text(encoding="utf-8", errors="replace")

    def _answer(self, seconds):
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(seconds):
                    raise BrowserFailed(f"no answer within {seconds} s; log: {self._log()[-2000:]}")
                piece = os.read(self._process.stdout.fileno(), 1 << 16)
                if not piece:
                    raise BrowserFailed(f"the driver ended; log: {self._log()[-2000:]}")
                self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        return json.loads(line)

    def _call(self, command, **rest):
        self._process.stdin.write(json.dumps({"command": command, **rest}).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._answer(ANSWER_SECONDS)
        if "error" in answer:
            raise BrowserFailed(answer["error"])
        return answer["value"]

    def open(self, url):
        self._call("open", url=url)

    def tab(self, url):
        """One more tab of the same profile; from now on everything is about it."""
        self._call("tab", url=url)

    def turn(self, to):
        """From now on everything is about the tab of this number: 0 is the one that was opened first."""
        self._call("turn", to=to)

    def reload(self):
        self._call("reload")

    def choose(self, selector, *paths):
        self._call("choose", selector=selector, paths=[str(path) for path in paths])

    def click(self, selector):
        self._call("click", selector=selector)

    def press(self, *keys):
        self._call("press", keys=keys)

    def type(self, text):
        self._call("type", text=text)

    def seen(self):
        """Texts of the console and URLs of requests, since the page was opened."""
        return self._call("seen")

    def size(self, width, height):
        self._call("size", width=width, height=height)

    def colors(self, scheme):
        self._call("colors", scheme=scheme)

    def picture(self, path, whole=True):
        """Of the whole page, or of what the window shows of it."""
        self._call("picture", path=str(path), whole=whole)

    def evaluate(self, expression):
        return self._call("evaluate", expression=expression)

    def wait(self, expression):
        self._call("wait", expression=expression)
