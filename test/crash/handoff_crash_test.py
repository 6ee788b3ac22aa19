# SPDX-License-Identifier: MIT
"""kill -9 at random moments while finished files go to an application: each is handed over under one key, and its
client gets the answer of that key and no other.

The environment may give SLUICE_HANDOFF_SEED to repeat a run and SLUICE_HANDOFF_KILLS for a longer one.
"""

import hashlib
import json
import os
import random
import threading
import time

from killing import FINISH_SECONDS, REAP_SOON, Answered, files_under, kill_and_start
from support.raw_http import Client
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import SluiceServer
from support.waiting import wait_until
from workload import Broken, Gate, Uploader

KILLS = int(os.environ.get("SLUICE_HANDOFF_KILLS", "200"))
UPLOADERS = 6
SHORTEST_LIFE_SECONDS = 0.05
LONGEST_LIFE_SECONDS = 0.3
LONGEST_THOUGHT_SECONDS = 0.1
SIZE_MAX = 60_000
SETTINGS = {"SLUICE_DELIVERY_RETRY_FIRST": "5ms", "SLUICE_DELIVERY_RETRY_MAX": "20ms"}


class Application(ScriptedBackend):
    """Acts once for each key and repeats its answer for a repeated key. Some requests fail before the effect, some
    after it, and some take a while; the application never dies."""

    def __init__(self, seed):
        self._lock = threading.Lock()
        self._random = random.Random(seed)
        self._effects = {}  # By key: the name of the file, its digest, and the answer.
        self._keys = {}  # By the name of the file, whether the request took effect or not.
        self._answers = {}  # By the name of the file: the answers that it has given.
        self.repeated = 0
        super().__init__(self._act)

    def _act(self, connection, request):
        name, digest, key = request.headers["x-sluice-file-name"], request.sha256.hexdigest(), request.key
        request.body = b""
        with self._lock:
            dice, thought = self._random.random(), self._random.random() * LONGEST_THOUGHT_SECONDS
            self._keys.setdefault(name, set()).add(key)
            fails_before = dice < 0.2
            if not fails_before:
                self.repeated += key in self._effects
                video = {"id": f"{self._random.getrandbits(128):032x}", "status": "processing", "original_filename": name}
                effect = self._effects.setdefault(key, (name, digest, json.dumps(video).encode()))
        if fails_before:
            answer(500, b"not now")(connection, request)
        elif dice < 0.3:
            answer(503, b"acted, and failed then")(connection, request)
        else:
            if dice < 0.6:
                time.sleep(thought)
            with self._lock:
                self._answers.setdefault(name, set()).add(effect[2])
            answer(200, effect[2])(connection, request)

    def has_given(self, name, body):
        with self._lock:
            return body in self._answers.get(name, ())

    def check(self, uploads):
        """Each upload has one key, which took effect with its bytes. No other key took effect."""
        with self._lock:
            digests = {name: digest for name, digest, _ in self._effects.values()}
            assert len(digests) == len(self._effects), "a file took effect under two keys"
            for upload in uploads:
                keys = self._keys.pop(upload.name, set())
                assert len(keys) == 1, f"{upload.name} came with the keys {keys}"
                assert digests[upload.name] == hashlib.sha256(upload.data).hexdigest(), upload.name
                assert self._answers[upload.name] == {upload.answer}, upload.name
            assert not self._keys, f"files of no upload: {list(self._keys)}"


class HandoffUploader(Uploader):
    """Uploads small files, and now and then asks again for an answer that it has got."""

    def __init__(self, application, *args):
        super().__init__(*args)
        self._application = application

    def _one_file(self):
        rng = self._random
        size = rng.choice([1, rng.randrange(2, 3000), rng.randrange(3000, SIZE_MAX)])
        upload = self._create(f"h{self._number}-{len(self.uploads)}.bin", size)
        while upload.answer is None:
            if rng.random() < 0.1:
                self._form(upload)
            else:
                self._piece(upload)
        if rng.random() < 0.5:
            self._ask_again(rng.choice(self.uploads))

    # The application takes single files.
    _file_in_parts = _one_file

    def _ask_again(self, upload):
        response = self._until_answered(lambda client: client.status(upload.location, len(upload.data)))
        if response.status != 200:
            raise Broken(f"{upload.name}: is finished, and status says {response}")
        self._finished(upload, response)

    def _finished(self, upload, response):
        upload.check_answer(response.body)
        if not self._application.has_given(upload.name, response.body):
            raise Broken(f"{upload.name}: was answered {response}, which the application has not said")


def kill_again_and_again(server, gate, rng, uploaders):
    for _ in range(KILLS):
        time.sleep(rng.uniform(SHORTEST_LIFE_SECONDS, LONGEST_LIFE_SECONDS))
        kill_and_start(server, gate, uploaders)


def upload_under_kills(server, application, seed):
    """The uploaders, when every upload has come to its end, and the number of requests answered."""
    gate, answered, finish = Gate(), Answered(), threading.Event()
    uploaders = [
        HandoffUploader(application, number, seed + number, gate, finish, answered.add) for number in range(UPLOADERS)
    ]
    threads = [threading.Thread(target=uploader.run, daemon=True) for uploader in uploaders]
    gate.open(server.address)
    for thread in threads:
        thread.start()
    try:
        kill_again_and_again(server, gate, random.Random(seed), uploaders)
    finally:
        finish.set()
        for thread in threads:
            thread.join(FINISH_SECONDS)
        gate.stop()
    for uploader in uploaders:
        if uploader.failure:
            raise uploader.failure
    assert not any(thread.is_alive() for thread in threads), "an upload does not come to its end"
    return uploaders, answered.count


def test_kill_while_finished_files_are_handed_over(tmp_path):
    seed = int(os.environ.get("SLUICE_HANDOFF_SEED", random.SystemRandom().randrange(2**32)))
    print(f"SLUICE_HANDOFF_SEED={seed}")
    with Application(seed) as application:
        arguments = ["--backend", application.url()]
        with SluiceServer(tmp_path / "data", args=arguments, env=SETTINGS) as server:
            uploaders, answered = upload_under_kills(server, application, seed)
            uploads = [upload for uploader in uploaders for upload in uploader.uploads]
            server.restart()
            with Client(server.address) as client:
                for upload in uploads:
                    again = client.status(upload.location, len(upload.data))
                    assert (again.status, again.body) == (200, upload.answer), f"{upload.name}: {again}"
        handed_over = len(application.requests)
        config = tmp_path / "soon.toml"
        config.write_text(REAP_SOON, encoding="utf-8")
        with SluiceServer(tmp_path / "data", args=[*arguments, "--config", config], env=SETTINGS) as server:
            left = os.path.join(server.data_dir, "uploads")
            wait_until(lambda: not files_under(left), lambda: files_under(left)[:5])
        assert len(application.requests) == handed_over, "an answer was there, and the application was asked again"
        application.check(uploads)
        lost = sum(uploader.lost_requests for uploader in uploaders)
        print(
            f"{KILLS} kills, {answered} requests answered, {lost} lost, {len(uploads)} uploads handed over "
            f"in {handed_over} requests, {application.repeated} of them after the application had acted"
        )
        assert len(uploads) >= KILLS // 2 and lost >= KILLS // 2, "too little load to mean anything"
        assert application.repeated >= KILLS // 20, "hardly an answer was lost"
