# SPDX-License-Identifier: MIT
"""Uploaders that go on through crashes and write down everything that the server has acknowledged."""

import json
import random
import threading
import time

from support.raw_http import OCTETS, BadResponse, Client, ConnectionClosed, multipart, path_of, stored_bytes

# The errors that a client of a killed server gets.
LOST = (OSError, ConnectionClosed, BadResponse)
SERVER_PATIENCE_SECONDS = 120.0
RETRY_PAUSE_SECONDS = 0.02
PART = 5 << 20


class Broken(AssertionError):
    """The server broke a promise."""


class Gate:
    """The address of the server, and a gate that is closed while the server is down."""

    def __init__(self):
        self._condition = threading.Condition()
        self._address = None
        self._stopped = False

    def open(self, address):
        with self._condition:
            self._address = address
            self._condition.notify_all()

    def close(self):
        with self._condition:
            self._address = None

    def stop(self):
        """Lets every waiting uploader go, for good."""
        with self._condition:
            self._stopped = True
            self._condition.notify_all()

    def address(self):
        with self._condition:
            if not self._condition.wait_for(lambda: self._address or self._stopped, SERVER_PATIENCE_SECONDS):
                raise Broken("the server did not come back")
            if self._stopped:
                raise Broken("another uploader failed")
            return self._address


class Upload:
    """One file and the promises that the server has made about it."""

    def __init__(self, name, data, location):
        self.name = name
        self.data = data
        self.location = location
        self.acknowledged = 0
        self.answer = None
        self.aborted = False
        self.extra_files = []  # The bytes of each.

    def check_progress(self, stored, why):
        if stored < self.acknowledged:
            raise Broken(f"{self.name}: {why} says {stored} bytes, {self.acknowledged} were acknowledged")
        if stored > len(self.data):
            raise Broken(f"{self.name}: {why} says {stored} bytes of {len(self.data)}")
        self.acknowledged = stored

    def check_answer(self, body):
        if self.answer is None:
            self.answer = body
        elif self.answer != body:
            raise Broken(f"{self.name}: the answer was {self.answer!r} and is {body!r}")


class Uploader:
    """Uploads files one after the other until it is told to finish; runs in a thread of its own."""

    def __init__(self, number, seed, gate, finish, progress):
        self._number = number
        self._random = random.Random(seed)
        self._gate = gate
        self._finish = finish
        self._progress = progress
        self._client = None
        self.uploads = []
        self.lost_requests = 0
        self.failure = None

    def run(self):
        try:
            while not self._finish.is_set():
                if self._random.random() < 0.2:
                    self._file_in_parts()
                else:
                    self._one_file()
        except BaseException as error:  # Reported by the thread that waits.
            self.failure = error
            self._gate.stop()
        finally:
            if self._client:
                self._client.close()

    def _ask(self, request):
        """Repeats request(client) until its answer is no 5xx."""
        while True:
            if self._client is None:
                self._client = Client(self._gate.address(), timeout=60.0)
            try:
                response = request(self._client)
            except LOST:
                self.lost_requests += 1
                self._client.close()
                self._client = None
                return None
            self._progress()
            if response.status < 500:
                return response
            time.sleep(RETRY_PAUSE_SECONDS)

    def _until_answered(self, request):
        while (response := self._ask(request)) is None:
            pass
        return response

    def _create(self, name, size):
        created = self._until_answered(
            lambda client: client.request("POST", f"/videos/upload.json?file_size={size}&file_name={name}")
        )
        if created.status != 201:
            raise Broken(f"{name}: {created}")
        upload = Upload(name, self._random.randbytes(size), created.json()["location"])
        self.uploads.append(upload)
        return upload

    def _one_file(self):
        rng = self._random
        small, middle, large = rng.randrange(2, 5000), rng.randrange(5000, 600_000), rng.randrange(600_000, 3_000_000)
        size = rng.choice([0, 1, small, middle, large])
        upload = self._create(f"u{self._number}-{len(self.uploads)}.bin", size)
        while upload.answer is None and not upload.aborted:
            self._step(upload)

    def _file_in_parts(self):
        rng = self._random
        data = rng.randbytes(rng.choice([1, rng.randrange(2, 400_000), PART + rng.randrange(1, 5000)]))
        extra_files = [rng.randbytes(rng.choice([0, 700, 60_000])) for _ in range(rng.randrange(3))]
        name = f"u{self._number}-{len(self.uploads)}.bin"
        listed = [{"tag": f"t{n}", "file_name": "x", "file_size": len(extra)} for n, extra in enumerate(extra_files)]
        body = {"file_name": name, "file_size": len(data), "multi_chunk": True, "extra_files": listed}
        text, fields = json.dumps(body).encode(), [("Content-Type", "application/json")]
        path = "/flip/3.1/videos/upload.json"
        created = self._until_answered(lambda client: client.request("POST", path, fields, text))
        if created.status != 201:
            raise Broken(f"{name}: {created}")
        upload = Upload(name, data, created.json()["location"])
        upload.extra_files = extra_files
        self.uploads.append(upload)
        files = {"": data} | {f"t{n}": extra for n, extra in enumerate(extra_files)}
        acknowledged = set()
        while left := self._missing_parts(upload, files, acknowledged):
            rng.shuffle(left)
            for tag, number in left:
                if self._part(upload, files[tag], tag, number):
                    acknowledged.add((tag, number))
        self._finished(upload, self._until_answered(lambda client: client.status(upload.location, len(data))))

    def _part(self, upload, data, tag, number):
        fields = [("Content-Type", OCTETS), ("X-Part", str(number)), ("X-Extra-File-Tag", tag)]
        part = data[number * PART : (number + 1) * PART]
        response = self._ask(lambda client: client.request("PUT", path_of(upload.location), fields, part))
        if response and response.status != 200:
            raise Broken(f"{upload.name}: part {number} of {tag!r}: {response}")
        return response is not None

    def _missing_parts(self, upload, files, acknowledged):
        missing = set()
        for tag in files:
            fields = [("X-Extra-File-Tag", tag)]
            asked = self._until_answered(lambda client: client.request("GET", path_of(upload.location), fields))
            missing |= {(tag, number) for number in asked.json()["missing_parts"]}
        # The part with the last byte, which is not acknowledged before the backend's answer.
        withheld = {("", (len(files[""]) - 1) // PART)}
        if missing != withheld and (lost := missing & acknowledged):
            raise Broken(f"{upload.name}: {lost} were acknowledged and are missing")
        return list(missing)

    def _step(self, upload):
        dice = self._random.random()
        if dice < 0.02 and not self._finish.is_set():
            self._abort(upload)
        elif dice < 0.10:
            self._form(upload)
        else:
            self._piece(upload)

    def _status(self, upload):
        response = self._until_answered(lambda client: client.status(upload.location, len(upload.data)))
        self._take(upload, response, "status")

    def _take(self, upload, response, why):
        if response.status == 204:
            upload.check_progress(stored_bytes(response), why)
        elif response.status == 200:
            self._finished(upload, response)
        else:
            raise Broken(f"{upload.name}: {why}: {response}")

    def _finished(self, upload, response):
        upload.check_answer(response.body)
        video_id = response.json()["id"]
        found = self._until_answered(lambda client: client.get(f"/videos/{video_id}.json"))
        if found.status != 200:
            raise Broken(f"{upload.name}: was answered 200 with video {video_id}, which is not there: {found}")

    def _piece(self, upload):
        rng = self._random
        total = len(upload.data)
        begin = upload.acknowledged
        if begin and rng.random() < 0.2:
            begin -= rng.randrange(1, min(begin, 5000) + 1)
        end = min(total, begin + rng.choice([1, 700, 40_000, 300_000, 1_500_000, total]))
        data = upload.data[begin:end]
        if not data:
            response = self._ask(lambda client: client.status(upload.location, total))
        else:
            response = self._ask(lambda client: client.piece(upload.location, begin, data, total))
        if response is None:
            self._status(upload)
        else:
            self._take(upload, response, f"piece {begin}-{end}")

    def _form(self, upload):
        body = multipart("b", ("before", None, b"1"), ("file", upload.name, upload.data))
        fields = [("Content-Type", "multipart/form-data; boundary=b")]
        response = self._ask(lambda client: client.request("POST", path_of(upload.location), fields, body))
        if response is None:
            self._status(upload)
        else:
            self._take(upload, response, "form")

    def _abort(self, upload):
        response = self._until_answered(lambda client: client.delete(upload.location))
        if response.status != 200:
            raise Broken(f"{upload.name}: DELETE: {response}")
        response = self._until_answered(lambda client: client.status(upload.location, len(upload.data)))
        # With its last byte just before the abort, the file may have been finished already.
        if response.status == 404:
            upload.aborted = True
        else:
            self._take(upload, response, "status after DELETE")
