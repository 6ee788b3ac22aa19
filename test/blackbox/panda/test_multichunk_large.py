# SPDX-License-Identifier: MIT
"""2 GiB in parts over 8 connections, shuffled, a third of them sent twice, the server killed three times: bit-identical."""

import json
import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor

from support.generated_file import GeneratedFile, sha256_of_file
from support.raw_http import OCTETS, BadResponse, Client, ConnectionClosed, path_of
from support.waiting import wait_until

SIZE = 2 << 30
CONNECTIONS = 8
KILLS = 3
SEED = 29


class Upload:
    """The jobs of all senders, and the acknowledged parts."""

    def __init__(self, server, location, part_size, jobs):
        self.server, self.path, self.part_size = server, path_of(location), part_size
        self.source = GeneratedFile(SIZE, seed=SEED)
        self.changed = threading.Condition()
        self.is_up = True
        self.jobs = jobs
        self.acknowledged = set()
        self.lost = 0
        self.video = None

    def take(self):
        with self.changed:
            assert self.changed.wait_for(lambda: self.is_up, 300), "the server did not come back"
            return self.jobs.pop() if self.jobs else None

    def send_parts(self):
        client = Client(self.server.address, timeout=300)
        while (number := self.take()) is not None:
            begin = number * self.part_size
            data = self.source.read(begin, min(begin + self.part_size, SIZE))
            try:
                fields = [("Content-Type", OCTETS), ("X-Part", str(number))]
                response = client.request("PUT", self.path, fields, data)
            except (OSError, ConnectionClosed, BadResponse):
                with self.changed:
                    self.lost += 1
                    self.jobs.append(number)
                    self.changed.wait_for(lambda: self.is_up, 300)
                client.close()
                client = Client(self.server.address, timeout=300)
                continue
            with self.changed:
                if response.status == 503:  # The other sender of this part, or the backend.
                    self.jobs.insert(0, number)
                    continue
                assert response.status == 200, response
                self.acknowledged.add(number)
                self.video = response.json() if response.body else self.video
                self.changed.notify_all()
        client.close()

    def missing(self):
        with Client(self.server.address, timeout=300) as client:
            return client.get(self.path).json()

    def kill_after(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.acknowledged) >= count, 600)
            self.is_up = False
            self.server.kill()
            acknowledged = set(self.acknowledged)
        self.server.start()
        assert not acknowledged & set(self.missing()["missing_parts"]), "an acknowledged part is missing"
        with self.changed:
            self.is_up = True
            self.changed.notify_all()


def test_2_gib_with_eight_connections_and_three_kills(new_server, connected, video_path):
    server = new_server()
    body = json.dumps({"file_size": SIZE, "file_name": "large.bin", "multi_chunk": True}).encode()
    fields = [("Content-Type", "application/json")]
    session = connected(server).request("POST", "/flip/3.1/videos/upload.json", fields, body).json()
    count = int(session["parts"])
    assert int(session["max_connections"]) == CONNECTIONS and count > 400
    rng = random.Random(SEED)
    jobs = [*range(count), *rng.sample(range(count), count // 3)]
    rng.shuffle(jobs)
    upload = Upload(server, session["location"], int(session["part_size"]), jobs)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        senders = [pool.submit(upload.send_parts) for _ in range(CONNECTIONS)]
        for kill in range(1, KILLS + 1):
            upload.kill_after(count * kill // (KILLS + 1))
        for sender in senders:
            sender.result()
    assert upload.acknowledged == set(range(count)) and upload.lost >= KILLS
    wait_until(lambda: upload.missing()["missing_parts"] == [], "the end")
    assert upload.video["id"] == upload.missing()["media_id"]
    path = video_path(server, upload.video)
    assert os.path.getsize(path) == SIZE
    assert sha256_of_file(path) == upload.source.sha256()
