# SPDX-License-Identifier: MIT
"""Clients that go on through everything, ask where to go on, and write down what was acknowledged."""

import hashlib
import json
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from support.raw_http import OCTETS, BadResponse, Client, ConnectionClosed, path_of, stored_bytes
from support.tus import Tus, offset_in

# What a client sees of a node that has died, or of a connection that the balancer has cut.
LOST = (OSError, ConnectionClosed, BadResponse)
PATIENCE_SECONDS = 150
PAUSE_SECONDS = 0.05
PART = 5 << 20
MULTICHUNK = "/flip/3.1/videos/upload.json"
JSON = ("Content-Type", "application/json")


class Broken(AssertionError):
    """A promise was broken."""


class Patient:
    """A client that hears of a request that it is lost, and of anything that a retry heals."""

    def __init__(self, address, progress=lambda is_answered: None):
        self._client = Client(address, timeout=PATIENCE_SECONDS)
        self._progress = progress

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self._client.close()

    def ask(self, request, busy=()):
        """The answer to request(client); None when it is to be asked for again, as after a status of `busy`."""
        try:
            response = request(self._client)
        except LOST:
            self._client.close()
            self._progress(False)
            time.sleep(PAUSE_SECONDS)
            return None
        if response.status < 500 and response.status not in busy:
            self._progress(True)
            return response
        self._progress(False)
        # Without a node it is a word of the balancer.
        is_healed_by_retry = response.status in busy or (response.status == 503 and response.header("Retry-After"))
        if response.header("X-Node") and not is_healed_by_retry:
            raise Broken(f"no answer that a client can live with: {response}")
        time.sleep(PAUSE_SECONDS)
        return None

    def until_answered(self, request, busy=()):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (response := self.ask(request, busy)) is None:
            if time.monotonic() > deadline:
                raise Broken("nothing answers")
        return response


class File:
    """One file and the promises about it."""

    def __init__(self, name, data):
        self.name = name
        self.data = data
        self.size = len(data)
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.location = None
        self.is_tus = False
        self.acknowledged = 0
        self.answer = None

    def tell(self, stored, why):
        if not self.acknowledged <= stored <= self.size:
            raise Broken(f"{self.name}: {why} says {stored} bytes, {self.acknowledged} were acknowledged")
        self.acknowledged = stored

    def finish(self, body, why):
        if self.answer not in (None, body):
            raise Broken(f"{self.name}: the answer was {self.answer!r}, {why} says {body!r}")
        self.answer = body

    def ask_again(self, client):
        """The answer, once more."""
        done = Tus(client).answer(self.location) if self.is_tus else client.status(self.location, self.size)
        if done.status != 200:
            raise Broken(f"{self.name}: was finished: {done}")
        self.finish(done.body, "a question")


class Uploader:
    """Uploads one file after the other, in all ways in turn, until it is told to finish."""

    def __init__(self, number, seed, address, progress):
        self._number = number
        self._random = random.Random(seed)
        self._address = address
        self._progress = progress
        self._patient = Patient(address, progress)
        self.files = []
        self.failure = None

    def run(self, finish):
        kinds = [self._in_pieces, self._by_tus, self._in_parts]
        try:
            while not finish.is_set():
                kinds[(self._number + len(self.files)) % len(kinds)]()
                self.files[-1].data = b""
        except BaseException as failure:  # Reported by the thread that waits.
            self.failure = failure
        finally:
            self._patient.close()

    def _new_file(self, size):
        self.files.append(File(f"u{self._number}-{len(self.files)}.bin", self._random.randbytes(size)))
        return self.files[-1]

    def _created(self, file, request):
        response = self._patient.until_answered(request)
        if response.status != 201:
            raise Broken(f"{file.name}: {response}")
        return response

    def _size(self):
        return self._random.choice([1, 70_000, 1_500_000, 6_000_000]) + self._random.randrange(5000)

    def _piece_size(self):
        return self._random.choice([1000, 100 << 10, 100 << 10, 700_000, PART])

    def _in_pieces(self):
        file = self._new_file(self._size())
        target = f"/videos/upload.json?file_size={file.size}&file_name={file.name}"
        file.location = self._created(file, lambda client: client.request("POST", target)).json()["location"]
        while file.answer is None:
            # Bytes that are sent again are compared with what is stored.
            begin = max(0, file.acknowledged - self._random.choice([0, 0, 0, 1, 4000, 200_000]))
            piece = file.data[begin : max(file.acknowledged + 1, begin + self._piece_size())]
            self._take(file, f"piece {begin}-{begin + len(piece)}",
                       self._patient.ask(lambda client, at=begin, sent=piece:
                                         client.piece(file.location, at, sent, file.size)))

    def _take(self, file, why, response):
        if response is None:
            why = "status behind " + why
            response = self._patient.until_answered(lambda client: client.status(file.location, file.size))
        if response.status == 200:
            file.finish(response.body, why)
        elif response.status == 204:
            file.tell(stored_bytes(response), why)
        else:
            raise Broken(f"{file.name}: {why}: {response}")

    def _by_tus(self):
        file = self._new_file(self._size())
        file.is_tus = True
        length = ("Upload-Length", str(file.size))
        file.location = self._created(file, lambda client: Tus(client).post(length)).header("Location")
        while file.acknowledged < file.size:
            begin = file.acknowledged
            piece = file.data[begin : begin + self._piece_size()]
            response = self._patient.ask(lambda client, at=begin, sent=piece:
                                         Tus(client).patch(file.location, at, sent))
            # The offset is another one when the answer to the last PATCH was lost.
            if response is None or response.status == 409:
                # A HEAD that cannot be answered now is 423: docs/tus.md.
                response = self._patient.until_answered(lambda client: Tus(client).head(file.location), busy=(423,))
            if response.status not in (200, 204) or offset_in(response) is None:
                raise Broken(f"{file.name}: from {begin}: {response}")
            file.tell(offset_in(response), f"{response.status} behind {begin}")
        answered = self._patient.until_answered(lambda client: Tus(client).answer(file.location))
        if answered.status != 200:
            raise Broken(f"{file.name}: {answered}")
        file.finish(answered.body, "its answer")

    def _in_parts(self):
        file = self._new_file(self._random.choice([3, PART + 1000, 2 * PART + 7]) + self._random.randrange(5000))
        upload_in_parts(file, self._patient, [Patient(self._address, self._progress) for _ in range(3)])


def upload_in_parts(file, patient, others):
    """Three parts at a time, each by a client of its own."""
    body = json.dumps({"file_name": file.name, "file_size": file.size, "multi_chunk": True}).encode()
    created = patient.until_answered(lambda client: client.request("POST", MULTICHUNK, [JSON], body))
    if created.status != 201:
        raise Broken(f"{file.name}: {created}")
    file.location = created.json()["location"]
    acknowledged = set()
    last = (file.size - 1) // PART

    def send(number, by):
        part = file.data[number * PART : (number + 1) * PART]
        response = by.ask(lambda client: client.request(
            "PUT", path_of(file.location), [("Content-Type", OCTETS), ("X-Part", str(number))], part))
        if response is not None and response.status != 200:
            raise Broken(f"{file.name}: part {number}: {response}")
        return None if response is None else number

    try:
        with ThreadPoolExecutor(len(others)) as pool:
            while missing := patient.until_answered(
                    lambda client: client.get(path_of(file.location))).json()["missing_parts"]:
                # The part with the last byte is withheld until there is an answer.
                if missing != [last] and (lost := acknowledged & set(missing)):
                    raise Broken(f"{file.name}: parts {lost} were acknowledged and are missing")
                for begin in range(0, len(missing), len(others)):
                    sent = pool.map(send, missing[begin : begin + len(others)], others)
                    acknowledged |= {number for number in sent if number is not None}
    finally:
        for other in others:
            other.close()
    done = patient.until_answered(lambda client: client.status(file.location, file.size))
    if done.status != 200:
        raise Broken(f"{file.name}: {done}")
    file.finish(done.body, "status")


class Load:
    """Uploaders in threads of their own; at the end each file that was begun is finished."""

    def __init__(self, cluster, seed, uploaders):
        self._cluster = cluster
        self._finish = threading.Event()
        self._condition = threading.Condition()
        self._answered = 0
        self._lost = 0
        self._uploaders = [Uploader(number, seed + number, cluster.address, self._progress)
                           for number in range(uploaders)]
        self._threads = [threading.Thread(target=uploader.run, args=(self._finish,), daemon=True)
                         for uploader in self._uploaders]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self._finish.set()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))
        self.check()
        print(f"{self._answered} requests answered, {self._lost} lost or refused")

    def check(self):
        """Raises the failure of an uploader."""
        for uploader in self._uploaders:
            if uploader.failure:
                raise uploader.failure

    def wait_for(self, count, seconds=60):
        """Until so many more requests were answered."""
        with self._condition:
            wanted = self._answered + count
            came = self._condition.wait_for(lambda: self._answered >= wanted, seconds)
        self.check()
        assert came, f"{count} requests are not answered within {seconds} s"

    @property
    def files(self):
        return [file for uploader in self._uploaders for file in uploader.files]

    def _progress(self, is_answered):
        with self._condition:
            self._answered += is_answered
            self._lost += not is_answered
            self._condition.notify_all()


def begun_seed():
    """The environment may give it to repeat a run."""
    seed = int(os.environ.get("SLUICE_CLUSTER_SEED", random.SystemRandom().randrange(2**32)))
    print(f"SLUICE_CLUSTER_SEED={seed}")
    return seed


def expect_finished(cluster, files):
    """Each file was handed over with one effect and has one answer, on each node; nothing is left over."""
    print(f"{len(files)} files of {sum(file.size for file in files)} bytes,"
          f" {len(cluster.application.requests)} attempts")
    for file in files:
        assert file.answer is not None, file.name
        cluster.expect_handed_over(file.sha256)
    assert len(cluster.application.keys) == len(files)
    for node in cluster.nodes:
        with Client(node.address) as client:
            for file in files:
                file.ask_again(client)
    cluster.expect_nothing_left()
