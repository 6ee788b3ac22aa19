# SPDX-License-Identifier: MIT
"""`sluice backup` of a server that runs, under load and not, and `sluice restore`: nothing that was acknowledged before the
backup is lost with the machine."""

import fcntl
import os
import pathlib
import shutil
import sqlite3
import threading
from contextlib import closing, contextmanager

import pytest

from support.raw_http import Client, path_of
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import run_sluice
from support.tus import Tus
from support.waiting import wait_until

OK, FOUND, USAGE, NONE_MADE = 0, 1, 2, 4
MIB = 1 << 20
FILES = '[backend]\nkind = "files"\n'


def back_up(server, to, expected=OK):
    done = run_sluice("backup", to, "--data", server.data_dir)
    assert done.returncode == expected, done.stdout + done.stderr
    return done


def lose(server):
    """The machine dies, and its disk with it."""
    server.kill()
    shutil.rmtree(server.data_dir)


def restore(backup, server):
    """Where the server had its data; it is started on them when fsck has found nothing wrong."""
    restored = run_sluice("restore", backup, "--data", server.data_dir)
    assert restored.returncode == OK, restored.stderr
    checked = run_sluice("fsck", "--data", server.data_dir)
    assert checked.returncode == OK and "nothing is wrong" in checked.stdout, checked.stdout
    return server.start()


def names(directory):
    return {str(path.relative_to(directory)) for path in pathlib.Path(directory).rglob("*") if path.is_file()}


def record(file):
    return f"/stored-files/{file['id']}.json"


@contextmanager
def held(server):
    """As a command does that copies: the lock of the data directory."""
    directory = os.open(server.data_dir, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    yield
    os.close(directory)


def control(server, path):
    with Client(os.path.join(server.data_dir, "control.sock")) as client:
        return client.request("POST", path)


def test_uploads_go_on_and_files_are_there_after_the_loss_of_the_machine(new_server, connected, noise, tmp_path):
    server = new_server(toml=FILES)
    data = noise(3 * MIB)
    client = connected(server)
    panda = client.create(len(data), "panda.bin")
    assert client.piece(panda, 0, data[:MIB], len(data)).status == 204
    assert client.piece(panda, 2 * MIB, data[2 * MIB : 2 * MIB + 5], len(data)).status == 204
    tus = Tus(client)
    resumable = tus.create(len(data))
    assert tus.patch(resumable, 0, data[: 2 * MIB]).status == 204
    untouched = client.create(10)
    stored = client.whole(client.create(len(data), "whole.bin"), data).json()
    removed = client.whole(client.create(4, "removed.bin"), b"gone").json()
    assert client.delete(record(removed)).status == 204
    assert client.delete(client.create(10)).status in (200, 204)

    done = back_up(server, tmp_path / "backup")
    assert "6 uploads and 1 files of the library" in done.stdout
    assert not os.path.exists(os.path.join(server.data_dir, "backup"))
    # What comes later is not in it.
    assert client.piece(panda, MIB, data[MIB : 2 * MIB], len(data)).status == 204

    lose(server)
    restore(tmp_path / "backup", server)
    client = connected(server)
    tus = Tus(client)
    assert client.status(path_of(panda)).header("Range") == f"0-{MIB - 1}"
    assert client.whole(path_of(untouched), b"0123456789").status == 200
    assert tus.offset(resumable) == 2 * MIB
    assert tus.patch(resumable, 2 * MIB, data[2 * MIB :]).status == 204
    finished = client.piece(path_of(panda), MIB, data[MIB:], len(data))
    assert finished.status == 200, finished
    for file in (stored, finished.json(), tus.answer(resumable).json()):
        assert client.get(file["url"]).body == data
    assert client.get(record(removed)).status == 404


class Writer(threading.Thread):
    """Uploads small files, one after the other, and removes every third; says what of it was acknowledged."""

    def __init__(self, server, number):
        super().__init__()
        self.server = server
        self.number = number
        self.stored = []
        self.removed = []
        self.locations = []
        self.enough = threading.Event()
        self.failure = None

    def content(self, count):
        return f"{self.number}:{count}\n".encode() * 2000

    def run(self):
        try:
            with Client(self.server.address) as client:
                self.write(client)
        except Exception as error:  # Told by the test.
            self.failure = error

    def write(self, client):
        count = 0
        while not self.enough.is_set():
            data = self.content(count)
            location = client.create(len(data), "small.bin")
            assert client.piece(location, 0, data[:1000], len(data)).status == 204
            self.locations.append((path_of(location), data))
            done = client.piece(location, 1000, data[1000:], len(data))
            assert done.status == 200, done
            file = done.json()
            if count % 3 == 2:
                assert client.delete(record(file)).status == 204
                self.removed.append(file)
            else:
                self.stored.append((file, data))
            count += 1


def test_a_backup_under_load_has_all_that_was_acknowledged_before_it(new_server, connected, tmp_path):
    server = new_server(toml=FILES)
    writers = [Writer(server, number) for number in range(4)]
    for writer in writers:
        writer.start()
    wait_until(lambda: all(len(writer.removed) >= 2 for writer in writers), "files were stored and removed")
    backups = []
    for number in range(3):
        before = [(list(writer.stored), list(writer.removed), list(writer.locations)) for writer in writers]
        backups.append((tmp_path / f"backup{number}", before))
        back_up(server, backups[-1][0])
    for writer in writers:
        writer.enough.set()
        writer.join()
        assert writer.failure is None, writer.failure
    lose(server)
    for backup, before in backups:
        restore(backup, server)
        client = connected(server)
        for stored, removed, locations in before:
            for file, data in stored:
                assert client.get(file["url"]).body == data
            for file in removed:
                assert client.get(record(file)).status == 404
            for location, data in locations:
                # 1,000 bytes at least were acknowledged; the answer is there or comes.
                assert client.whole(location, data).status == 200
        lose(server)


def test_answers_that_are_too_large_for_the_journal_are_in_it(new_server, connected, tmp_path):
    body = b'{"a":"' + b"x" * (2 * MIB) + b'"}'
    with ScriptedBackend(answer(200, body)) as backend:
        server = new_server(toml=f'[backend]\nurl = "{backend.url()}"\n')
        client = connected(server)
        location = client.create(4)
        assert client.whole(location, b"data").body == body
        back_up(server, tmp_path / "backup")
        lose(server)
        restore(tmp_path / "backup", server)
        assert connected(server).whole(path_of(location), b"data").body == body
        assert len(backend.requests) == 1


@pytest.mark.parametrize("durability", ["interval", "none"])
def test_bytes_that_were_not_synced_are_synced_in_the_backup(new_server, connected, noise, tmp_path, durability):
    server = new_server(toml=f'[data]\ndurability = "{durability}"\nsync_interval = "60s"\n')
    data = noise(MIB)
    client = connected(server)
    location = client.create(len(data))
    assert client.piece(location, 0, data[:1000], len(data)).status == 204
    if durability == "none":
        assert server.terminate() == 0  # Until then the journal need not have heard of them.
    back_up(server, tmp_path / "backup")
    if durability == "interval":
        lose(server)
    else:
        shutil.rmtree(server.data_dir)
    with closing(sqlite3.connect(tmp_path / "backup/journal.sqlite")) as journal:
        journal.execute("UPDATE machine SET boot_id = 'another machine'")
        journal.commit()
    restore(tmp_path / "backup", server)
    assert connected(server).status(path_of(location)).header("Range") == "0-999"


def test_the_secret_and_the_moved_location_are_in_it(new_server, connected, tmp_path):
    server = new_server(toml='dialects.enabled = "panda, formchunks"\n')
    assert run_sluice("move", "--to", "https://b.example/", "--data", server.data_dir).returncode == 0
    back_up(server, tmp_path / "backup")
    secret = (pathlib.Path(server.data_dir) / "secret").read_text()
    lose(server)
    restore(tmp_path / "backup", server)
    assert (pathlib.Path(server.data_dir) / "secret").read_text() == secret
    assert connected(server).create(9).startswith("https://b.example/")


def test_without_a_server_the_directory_itself_is_copied(new_server, connected, tmp_path):
    server = new_server(toml=FILES)
    client = connected(server)
    location = client.create(10)
    assert client.piece(location, 0, b"01234", 10).status == 204
    file = client.whole(client.create(4), b"data").json()
    server.kill()
    back_up(server, tmp_path / "backup")
    assert {"journal.sqlite-wal", "lock", "control.sock"}.isdisjoint(names(tmp_path / "backup"))
    shutil.rmtree(server.data_dir)
    restore(tmp_path / "backup", server)
    client = connected(server)
    assert client.status(path_of(location)).header("Range") == "0-4"
    assert client.get(file["url"]).body == b"data"


def test_a_backup_is_private(new_server, tmp_path):
    back_up(new_server(), tmp_path / "backup")
    modes = {oct(path.stat().st_mode & 0o777) for path in [tmp_path / "backup", *(tmp_path / "backup").rglob("*")]}
    assert modes == {"0o700", "0o600"}


def test_a_backup_never_goes_over_another_one(new_server, tmp_path):
    server = new_server()
    back_up(server, tmp_path / "backup")
    assert "is there already" in back_up(server, tmp_path / "backup", NONE_MADE).stderr
    (tmp_path / "other.unfinished").mkdir()
    assert "came to no end" in back_up(server, tmp_path / "other", NONE_MADE).stderr
    assert run_sluice("backup", "--data", server.data_dir).returncode == USAGE


def test_a_backup_that_fails_leaves_nothing(new_server, tmp_path):
    server = new_server()
    nowhere = tmp_path / "nowhere"
    for directory, to in ((server.data_dir, nowhere / "backup"), (nowhere, tmp_path / "backup")):
        done = run_sluice("backup", to, "--data", directory)
        assert done.returncode == NONE_MADE and "there is no backup" in done.stderr
    with held(server):
        assert "another backup" in back_up(server, tmp_path / "backup", NONE_MADE).stderr
    assert not list(tmp_path.glob("backup*"))
    assert not os.path.exists(os.path.join(server.data_dir, "backup"))


def test_what_a_dead_command_has_left_goes_away(new_server, tmp_path):
    server = new_server(toml='[expiry]\nsweep = "1s"\n')
    pins = os.path.join(server.data_dir, "backup")
    with held(server):
        assert control(server, "/backup").status == 200
        assert os.path.exists(os.path.join(pins, "journal.sqlite"))
    wait_until(lambda: not os.path.exists(pins), "the server lets go of what a dead command wanted")
    server.logged("a backup came to no end: its command has died")
    with held(server):
        assert control(server, "/backup").status == 200
        server.restart()
    assert not os.path.exists(pins)
    assert control(server, "/backup/end").status == 400
    back_up(server, tmp_path / "backup")


def test_damage_is_told_and_kept(new_server, connected, tmp_path):
    server = new_server()
    client = connected(server)
    location = client.create(10)
    assert client.piece(location, 0, b"01234", 10).status == 204
    (blob,) = pathlib.Path(server.data_dir).glob("uploads/*/*.part")
    os.truncate(blob, 3)
    done = back_up(server, tmp_path / "backup", FOUND)
    assert "ends at byte 3" in done.stdout and "1 findings" in done.stderr
    assert blob.relative_to(server.data_dir).as_posix() in names(tmp_path / "backup")


def test_restore_refuses_what_it_would_spoil(new_server, tmp_path):
    server = new_server()
    back_up(server, tmp_path / "backup")
    done = run_sluice("restore", tmp_path / "backup", "--data", server.data_dir)
    assert done.returncode == NONE_MADE and "is not empty" in done.stderr
    done = run_sluice("restore", server.data_dir, "--data", tmp_path / "new")
    assert done.returncode == NONE_MADE and "is no backup" in done.stderr
    assert run_sluice("restore", tmp_path / "backup").returncode == USAGE
