# SPDX-License-Identifier: MIT
"""Clients that remember what a server has acknowledged, and notice when a later answer knows of less."""

import hashlib
import http.client
import json
import os
import random
import re
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

KIB = 1 << 10
MIB = 1 << 20
# The newest of a connection that broke: a balancer's words, a node that goes, an engine that is away.
COME_AGAIN = (408, 429, 500, 502, 503, 504)
ANSWER_SECONDS = 30
PAUSE_SECONDS = 0.2


class Failed(Exception):
    """What no retry can heal."""


class Unanswered(Exception):
    """There was no answer until the end."""


@dataclass
class Tally:
    """What all clients have seen. Each line that changes it holds the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    started: int = 0
    finished: int = 0
    acknowledged: int = 0  # Bytes.
    requests: int = 0
    retries: int = 0
    lost: int = 0  # Acknowledged bytes of which a later answer did not know, or which the application did not get.
    wandered: int = 0  # Uploads whose requests were answered by more than one node.
    problems: list = field(default_factory=list)

    def add(self, **numbers):
        with self.lock:
            for name, number in numbers.items():
                setattr(self, name, getattr(self, name) + number)

    def note(self, problem):
        with self.lock:
            self.problems.append(problem)


class Upload:
    """One file in pieces, through the balancer. The protocol is the Panda Upload API (docs/protocol.md)."""

    def __init__(self, address, name, data, piece_size, tally, stop):
        self.name = name
        self.nodes = set()
        self.answer = None
        self.acknowledged = 0  # Bytes from the first one on.
        self._address = address
        self._data = data
        self._piece_size = piece_size
        self._tally = tally
        self._stop = stop
        self._connection = None

    def run(self):
        """Returns when the application has answered."""
        location = self._until_answered(self._create)
        path = urlsplit(location).path
        is_in_doubt = False
        while self.answer is None:
            is_in_doubt = not (self._ask(path) if is_in_doubt else self._send_piece(path))

    def _create(self):
        form = f"file_size={len(self._data)}&file_name={self.name}"
        status, _, body = self._request("POST", "/videos/upload.json", form.encode(),
                                        {"Content-Type": "application/x-www-form-urlencoded"})
        return json.loads(body)["location"] if status == 201 else None

    def _send_piece(self, path):
        """False where it is not known what has arrived."""
        # Without the application's answer the last byte counts as missing, and is sent again.
        begin = min(self.acknowledged, len(self._data) - 1)
        end = min(begin + self._piece_size, len(self._data))
        return self._put(path, self._data[begin:end], f"bytes {begin}-{end - 1}/{len(self._data)}")

    def _ask(self, path):
        return self._put(path, b"", f"bytes */{len(self._data)}")

    def _put(self, path, body, content_range):
        status, fields, text = self._request("PUT", path, body, {"Content-Type": "application/octet-stream",
                                                                 "Content-Range": content_range})
        if status == 200:
            self.answer = json.loads(text)
            self._note_acknowledged(len(self._data))
        elif status == 204:
            stored = re.fullmatch(r"0-(\d+)", fields.get("Range", ""))
            self._note_acknowledged(int(stored[1]) + 1 if stored else 0)
        else:
            self._pause()
        return status in (200, 204)

    def _note_acknowledged(self, size):
        if size < self.acknowledged:
            self._tally.add(lost=self.acknowledged - size)
            self._tally.note(f"{self.name}: {self.acknowledged} bytes were acknowledged, now {size} are there")
        else:
            self._tally.add(acknowledged=size - self.acknowledged)
        self.acknowledged = size

    def _until_answered(self, ask):
        while not (answer := ask()):
            self._pause()
        return answer

    def _request(self, method, path, body, fields):
        """Status, fields and body; status 0 when the connection broke."""
        self._tally.add(requests=1)
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(*self._address, timeout=ANSWER_SECONDS)
            self._connection.request(method, path, body, fields)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            self._connection = None
            return 0, {}, b""
        if answer.headers.get("X-Node"):
            self.nodes.add(answer.headers["X-Node"])
        if answer.status >= 400 and answer.status not in COME_AGAIN:
            raise Failed(f"{method} got {answer.status}: {text[:200].decode(errors='replace')}")
        return answer.status, answer.headers, text

    def _pause(self):
        self._tally.add(retries=1)
        if self._stop.wait(PAUSE_SECONDS * (1 + random.random())):
            raise Unanswered()


class Clients:
    """Threads that upload one file after the other, until they are told to begin no more."""

    def __init__(self, address, count, size_max, look_at):
        """look_at(name, sha256, answer) raises Failed where the application has not kept just that file."""
        self.tally = Tally()
        self._address = address
        self._size_max = size_max
        self._look_at = look_at
        self._enough = threading.Event()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def finish(self, seconds):
        """Waits for the uploads that have begun, for so long."""
        self._enough.set()
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._stop.set()
        for thread in self._threads:
            thread.join(ANSWER_SECONDS)

    def _run(self, number):
        count = 0
        while not self._enough.is_set():
            count += 1
            self._upload(f"file-{number}-{count}.bin")

    def _upload(self, name):
        data = os.urandom(random.randint(1, self._size_max))
        # Small pieces of small files, large ones of large files: some dozens of each.
        piece_size = random.choice((64 * KIB, 512 * KIB, 5 * MIB)) if len(data) > MIB else 64 * KIB
        upload = Upload(self._address, name, data, piece_size, self.tally, self._stop)
        self.tally.add(started=1)
        try:
            upload.run()
            self._look_at(name, hashlib.sha256(data).hexdigest(), upload.answer)
        except Unanswered:
            self.tally.note(f"{name}: there was no answer until the end")
        except (Failed, ValueError, KeyError, OSError) as error:
            self.tally.note(f"{name}: {error!r}")
            self.tally.add(lost=upload.acknowledged)
        else:
            self.tally.add(finished=1, wandered=int(len(upload.nodes) > 1))
