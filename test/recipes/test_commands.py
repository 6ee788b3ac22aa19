# SPDX-License-Identifier: MIT
"""The commands of camera.md and film.md as they stand there, with fewer and smaller files."""

import hashlib
import json
import os
import random
import signal

import pytest

from recipe_harness import SECRET, Shell, blocks, replaced
from support.document import SERVER
from support.fault_proxy import FaultProxy, Ration, Stall
from support.raw_http import Client
from support.scripted_backend import ScriptedBackend, answer, signature_fits
from support.sluice_server import SluiceServer
from support.waiting import wait_until

PICTURES = 300
FILM_SIZE = 150_000_000
PIECE = 64 * 1024 * 1024  # As film.md has it.


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)


@pytest.fixture
def server(tmp_path):
    with SluiceServer(tmp_path / "data", args=["--backend-kind", "files"]) as running:
        yield running


@pytest.fixture
def card(tmp_path):
    """By the path from DCIM on, the digests of pictures in three folders."""
    dice = random.Random(3)
    digests = {}
    for number in range(PICTURES):
        path = tmp_path / "pictures" / "DCIM" / f"{100 + number % 3}CANON" / f"IMG_{number // 3:04}.JPG"
        path.parent.mkdir(parents=True, exist_ok=True)
        data = dice.randbytes(dice.randrange(1, 20_000))
        path.write_bytes(data)
        digests[path.relative_to(tmp_path / "pictures").as_posix()] = hashlib.sha256(data).hexdigest()
    return digests


def stored(server):
    """The digests of all files that the embedded backend has, in any order."""
    with Client(server.address) as client:
        def page(number):
            return client.get(f"/stored-files.json?per_page=100&page={number}").json()

        pages = -(-page(1)["total"] // 100)
        return [file["sha256"] for number in range(1, pages + 1) for file in page(number)["files"]]


def files_left(shell):
    return sum(len(files) for _, _, files in os.walk(shell.directory / "outbox"))


def test_a_folder_in_one_command(shell, server, card):
    (simple, _) = blocks("camera.md", "sh")
    (shell.directory / "DCIM").symlink_to(shell.directory / "pictures" / "DCIM")
    done = shell.run(replaced(simple, (SERVER, server.url)))
    assert done.returncode == 0, done.stderr
    assert f"{PICTURES} files," in done.stderr and "nothing was sent" in done.stderr
    assert sorted(stored(server)) == sorted(card.values())
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert sorted(one["sha256"] for one in answers) == sorted(card.values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "killed"])
def test_a_folder_that_is_sent_in_several_runs(shell, server, card, number):
    """What was taken is not sent again after Ctrl-C, and nothing is lost whatever ends the command."""
    (_, outbox) = blocks("camera.md", "sh")
    with FaultProxy(server.host, server.port) as line:
        outbox = replaced(outbox, (SERVER, line.url))
        # The first hundred pictures, at two requests each, and no other.
        line.script(Stall(1, times=None, on=lambda request: request.method == "PUT" and request.number > 200))
        first = shell.start(outbox)
        wait_until(lambda: (shell.directory / "upload.log").exists() and files_left(shell) <= PICTURES - 20, outbox)
        os.killpg(first.pid, number)
        first.communicate(timeout=120)
        assert 0 < files_left(shell) < PICTURES
        line.script()
        # The first line and the last ones, as the text says.
        export, _, _, *again = outbox.splitlines()
        assert again[0].startswith("docs/recipes/camera.sh")
        done = shell.run("\n".join([export, *again]))
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    if number == signal.SIGINT:
        assert sorted(stored(server)) == sorted(card.values())
    else:
        assert set(stored(server)) == set(card.values())
    # The pictures themselves are where they were.
    kept = (hashlib.sha256(path.read_bytes()).hexdigest() for path in shell.directory.glob("pictures/DCIM/*/*"))
    assert set(kept) == set(card.values())
    events = [json.loads(line) for line in (shell.directory / "upload.log").read_text(encoding="utf-8").splitlines()]
    assert events[-1]["event"] == "summary"


def test_a_folder_through_a_network_and_a_server_that_break(shell, server, card):
    (_, outbox) = blocks("camera.md", "sh")
    with FaultProxy(server.host, server.port) as line:
        running = shell.start(replaced(outbox, (SERVER, line.url)))
        try:
            wait_until(lambda: (shell.directory / "upload.log").exists() and files_left(shell) <= PICTURES - 20, outbox)
            line.cut_all()
            server.restart()
            line.upstream = (server.host, server.port)
            out, errors = running.communicate(timeout=120)
        finally:
            shell.end(running)
    assert (running.returncode, out) == (0, "0\n"), errors
    assert sorted(stored(server)) == sorted(card.values())


def move_and_answer(target):
    """An application's step: the film is moved, and its digest told."""

    def step(connection, request):
        film = request.json()
        os.rename(film["path"], target)
        answer(body=json.dumps({"id": film["key"], "sha256": film["sha256"]}).encode())(connection, request)

    return step


def test_a_film_that_is_interrupted_on_both_sides(shell, tmp_path):
    (config,) = blocks("film.md", "toml")
    upload, watch = blocks("film.md", "sh")
    data = random.Random(2).randbytes(FILM_SIZE)
    (tmp_path / "film.mxf").write_bytes(data)
    (tmp_path / "incoming").mkdir()
    secret = tmp_path / "backend-secret"
    secret.write_text(SECRET + "\n", encoding="utf-8")
    with ScriptedBackend(move_and_answer(tmp_path / "taken.mxf")) as backend:
        config = replaced(config, ("http://127.0.0.1:3000/uploads", backend.url("/uploads")),
                          ("/srv/incoming", tmp_path / "incoming"), ('"backend-secret"', f'"{secret}"'))
        (tmp_path / "sluice.toml").write_text(config, encoding="utf-8")
        with SluiceServer(tmp_path / "sluice-data", args=["--config", tmp_path / "sluice.toml"]) as server:
            with FaultProxy(server.host, server.port) as line:
                ration = Ration(80_000_000)
                line.script(ration)
                upload = replaced(upload, (SERVER, line.url))
                first = shell.start(upload)
                wait_until(lambda: any(one["arrived"] >= 80_000_000 for one in unfinished(shell, watch)), server.log)
                shell.end(first)
                first.communicate()
                server.restart()
                line.upstream = (server.host, server.port)
                before = len(line.requests)
                ration.extend(FILM_SIZE)
                done = shell.run(upload)
    assert done.returncode == 0, done.stderr
    (request,) = backend.requests
    assert signature_fits(request, SECRET)
    assert json.loads(done.stdout) == {"id": request.key, "sha256": hashlib.sha256(data).hexdigest()}
    assert (tmp_path / "taken.mxf").read_bytes() == data
    again = line.requests[before:]
    assert again[0].is_status_query
    # What the server had acknowledged when it died, which is one piece.
    assert sum(one.body_bytes for one in again) <= FILM_SIZE - PIECE


def unfinished(shell, watch):
    """What the commands for the operator tell of uploads under way."""
    listed, top = watch.splitlines()
    assert shell.run(top).returncode == 0
    done = shell.run(listed + " --json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
