# SPDX-License-Identifier: MIT
"""SIGTERM in the middle of many uploads: the server ends in time, and every client can go on after the restart."""

import signal
import threading
import time

import pytest

from support.raw_http import OCTETS, BadResponse, Client, ConnectionClosed, path_of, stored_bytes
from support.waiting import DEADLINE_SECONDS, wait_until

UPLOADS = 50
CHUNK = 64 * 1024
CUT_WAIT_SECONDS = 15.0  # limits::cut_wait_max
# The errors that a client gets from a server that has ended.
LOST = (OSError, ConnectionClosed, BadResponse)


class Uploader:
    """One file and its client, which stops in the middle until the server was told to end."""

    def __init__(self, address, data):
        self.data = data
        self.client = Client(address)
        self.location = self.client.create(len(data))
        self.half = len(data) // 2
        self.sent = 0
        self.acknowledged = 0
        self.answer = None  # The body of a 200.
        self.closed = False
        self.failure = None

    def __repr__(self):
        return f"<{type(self).__name__}: {self.sent} of {len(self.data)} sent, {self.acknowledged} acknowledged>"

    def before(self):
        raise NotImplementedError

    def after(self):
        raise NotImplementedError

    def run(self, halfway, go_on):
        try:
            self.before()
            halfway.release()
            assert go_on.wait(DEADLINE_SECONDS), "the test did not go on"
            try:
                self.after()
            except LOST:
                self.closed = True
        except BaseException as error:  # Reported by the thread that waits.
            self.failure = error
            halfway.release()
        finally:
            self.client.close()

    def take(self, response):
        """Whether the server goes on with this connection."""
        if response.status == 200:
            self.answer = response.body
        elif response.status == 204:
            self.acknowledged = stored_bytes(response)
        else:
            assert response.status == 503 and response.header("Retry-After") and response.closes, response
        self.closed = response.closes
        return not response.closes and self.answer is None

    def send(self, end):
        connection = self.client.connection
        while self.sent < end:
            begin, self.sent = self.sent, min(end, self.sent + CHUNK)
            connection.send(self.data[begin : self.sent])

    def send_head(self, fields=()):
        total = len(self.data)
        fields = [("Content-Type", OCTETS), ("Content-Length", str(total)), *fields]
        fields.append(("Content-Range", f"bytes 0-{total - 1}/{total}"))
        self.client.connection.send_head("PUT", path_of(self.location), fields)


class Stalled(Uploader):
    """Has sent half of the file and sends no more."""

    def before(self):
        self.send_head()
        self.send(self.half)

    def after(self):
        response = self.client.connection.read_final()
        assert response.status == 503, response
        self.take(response)

    def check_stored(self, stored):
        assert stored == self.sent, f"{stored}: {self}"


class Streaming(Stalled):
    """Goes on with its one request while the server ends."""

    def after(self):
        try:
            self.send(len(self.data))
        except OSError:
            pass  # An answer may have come all the same.
        self.take(self.client.connection.read_final())

    def check_stored(self, stored):
        assert self.half <= stored <= self.sent, f"{stored}: {self}"


class InPieces(Uploader):
    """One small request after the other, until the server takes no more."""

    def _piece(self):
        begin, self.sent = self.sent, min(len(self.data), self.sent + CHUNK)
        return self.take(self.client.piece(self.location, begin, self.data[begin : self.sent], len(self.data)))

    def before(self):
        while self.sent < self.half:
            assert self._piece()

    def after(self):
        while self._piece():
            pass

    def check_stored(self, stored):
        assert self.acknowledged <= stored <= self.sent, f"{stored}: {self}"


class Pausing(InPieces):
    """Between two pieces, on an open connection."""

    def after(self):
        self.client.connection.expect_close()
        self.closed = True

    def check_stored(self, stored):
        assert stored == self.acknowledged == self.sent, f"{stored}: {self}"


class Waiting(Uploader):
    """Was told to go on and has sent nothing yet."""

    def before(self):
        self.send_head([("Expect", "100-continue")])
        response = self.client.connection.read_response()
        assert response.status == 100, response

    def after(self):
        response = self.client.connection.read_final()
        assert response.status == 503, response
        self.take(response)

    def check_stored(self, stored):
        assert stored == 0, f"{stored}: {self}"


KINDS = (Stalled, Streaming, InPieces, Pausing, Waiting)


def received_bytes(client):
    for line in client.get("/metrics").body.decode("utf-8").splitlines():
        if line.startswith("sluice_received_bytes_total "):
            return float(line.split()[1])
    raise AssertionError("the number of received bytes is not on the page")


def end_in_the_middle(server, uploaders):
    """Returns how long the server took to end after SIGTERM."""
    halfway, go_on = threading.Semaphore(0), threading.Event()
    threads = [threading.Thread(target=one.run, args=(halfway, go_on), daemon=True) for one in uploaders]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert halfway.acquire(timeout=DEADLINE_SECONDS), "an upload does not come to its middle"
    assert not [one.failure for one in uploaders if one.failure]
    sent = sum(one.sent for one in uploaders)
    with Client(server.address) as client:
        wait_until(lambda: received_bytes(client) >= sent, lambda: f"{received_bytes(client)} of {sent} bytes came")
    begun = time.monotonic()
    server.signal(signal.SIGTERM)
    go_on.set()
    assert server.wait() == 0, server.log()[-8000:]
    took = time.monotonic() - begun
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
        assert not thread.is_alive(), "a client still waits for a server that has ended"
    return took


def go_on_and_finish(client, upload):
    """The bytes that were acknowledged are there; the client sends the rest and gets the video."""
    total = len(upload.data)
    status = client.status(upload.location, total)
    if status.status == 200:
        assert upload.sent == total and upload.answer in (None, status.body), (upload, status)
        return status.json()
    assert upload.answer is None, f"{upload} was answered 200 and is unfinished: {status}"
    stored = stored_bytes(status)
    upload.check_stored(stored)
    done = client.piece(upload.location, stored, upload.data[stored:], total)
    assert done.status == 200, done
    return done.json()


@pytest.mark.parametrize("drain_seconds", [0, 1])
def test_every_client_goes_on_after_the_restart(new_server, noise, video_path, drain_seconds):
    server = new_server(toml=f'[server]\ndrain = "{drain_seconds}s"\n')
    uploaders = []
    for number in range(UPLOADS):
        size = 512 * 1024 + number * 20_011
        uploaders.append(KINDS[number % len(KINDS)](server.address, noise(size)))
    took = end_in_the_middle(server, uploaders)
    assert took < drain_seconds + CUT_WAIT_SECONDS
    failures = [one.failure for one in uploaders if one.failure]
    assert not failures, failures
    assert all(one.closed or one.answer for one in uploaders)
    unfinished = [one for one in uploaders if one.answer is None]
    assert len(unfinished) >= UPLOADS // 2, "the server ended when there was nothing left to end"
    server.start()
    with Client(server.address) as client:
        for upload in uploaders:
            video = go_on_and_finish(client, upload)
            with open(video_path(server, video), "rb") as file:
                assert file.read() == upload.data, f"{upload} is not what was sent"
    assert server.terminate() == 0
