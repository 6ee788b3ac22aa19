# SPDX-License-Identifier: MIT
"""Damage planted in the data directory of a stopped server: the reports of fsck, and the repairs of --repair."""

import json
import os
import pathlib
import re
import shutil
import sqlite3

import pytest

from support.raw_http import Client, path_of
from support.sluice_server import SluiceServer, run_sluice
from support.waiting import wait_until

CLEAN, FINDINGS, USAGE, NOT_CHECKED = 0, 1, 2, 4
MIB = 1 << 20


class World:
    """A data directory with one finished video, one upload that is half there and one aborted one."""

    def __init__(self, data_dir, noise):
        self.server = SluiceServer(data_dir)
        self.root = pathlib.Path(data_dir)
        self.half = noise(2 * MIB)
        self.whole = noise(3000)
        self.server.start()
        with self.client() as client:
            self.location = client.create(len(self.half), "half.mp4")
            assert client.piece(self.location, 0, self.half[:MIB], len(self.half)).status == 204
            answer = client.whole(client.create(len(self.whole), "whole.mp4"), self.whole)
            assert answer.status == 200, answer
            self.video = answer.json()
            assert client.delete(client.create(10)).status in (200, 204)
        assert self.server.terminate() == 0
        blobs = list(self.root.glob("uploads/*/*.part"))
        assert len(blobs) == 1
        self.blob = blobs[0]
        self.video_file = self.root / "videos" / (self.video["id"] + ".mp4")

    def client(self):
        return Client((self.server.host, self.server.port))

    def fsck(self, *args):
        done = run_sluice("fsck", "--data", self.root, *args)
        return done.returncode, done.stdout.splitlines(), done.stderr

    def relative(self, path):
        return str(path.relative_to(self.root))

    def lost(self, path):
        """The file at that relative path in lost+found."""
        places = list(self.root.glob("lost+found-*"))
        assert len(places) == 1
        assert re.fullmatch(r"lost\+found-\d{8}T\d{6}Z", places[0].name)
        return places[0] / path

    def sql(self, *statements):
        with sqlite3.connect(self.root / "journal.sqlite") as journal:
            for statement in statements:
                journal.execute(*statement)
        journal.close()

    def snapshot(self):
        """Names, sizes and bytes of everything but the journal and the lock."""
        return {
            self.relative(path): path.read_bytes() if path.is_file() else None
            for path in self.root.rglob("*")
            if not path.name.startswith(("journal.sqlite", "lock"))
        }

    def assert_found(self, *expected):
        """One line for each of `expected`, and nothing changed."""
        before = self.snapshot()
        code, lines, errors = self.fsck()
        assert (code, errors) == (FINDINGS, "")
        *found, summary = lines
        assert len(found) == len(expected), lines
        for text in expected:
            assert any(line.startswith("found: ") and text in line for line in found), (text, lines)
        count = f"{len(expected)} finding" + ("s" if len(expected) > 1 else "")
        assert summary.endswith(f"checked, {count}, nothing was changed")
        assert self.snapshot() == before
        assert self.fsck()[:2] == (code, lines)

    def assert_repaired(self, *expected):
        code, lines, errors = self.fsck("--repair")
        assert (code, errors) == (FINDINGS, "")
        *found, summary = lines
        assert len(found) == len(expected), lines
        for text in expected:
            assert any(line.startswith("repaired: ") and text in line for line in found), (text, lines)
        assert f", {len(expected)} repaired" in summary
        self.assert_clean()

    def assert_clean(self):
        code, lines, errors = self.fsck()
        assert (code, errors) == (CLEAN, ""), lines
        assert lines[-1].endswith("nothing is wrong")
        return lines[:-1]

    def assert_resumes_from(self, stored):
        """The upload continues and becomes a video of exactly its bytes."""
        self.server.start()
        with self.client() as client:
            location = path_of(self.location)
            assert client.stored(location, len(self.half)) == stored
            answer = client.piece(location, stored, self.half[stored:], len(self.half))
            assert answer.status == 200, answer
            path = self.root / "videos" / (answer.json()["id"] + ".mp4")
            assert path.read_bytes() == self.half
            assert client.get("/readyz").status == 200
        assert self.server.terminate() == 0
        self.assert_clean()


@pytest.fixture
def world(tmp_path, noise):
    made = World(tmp_path / "data", noise)
    yield made
    made.server.kill()
    shutil.rmtree(made.root)


def test_a_used_directory_is_clean(world):
    assert world.assert_clean() == []
    assert world.fsck()[1][-1] == f"{world.root}: 3 uploads and 1 video checked, nothing is wrong"
    before = world.snapshot()
    assert world.fsck("--repair")[0] == CLEAN
    assert world.snapshot() == before
    world.assert_resumes_from(MIB)


def test_after_a_kill_the_directory_is_clean(world):
    world.server.start()
    with world.client() as client:
        client.create(1000)
    world.server.kill()
    assert world.assert_clean() == []


def test_a_lost_blob(world):
    world.blob.unlink()
    path = world.relative(world.blob)
    world.assert_found(f"{path} is missing, the journal has bytes of upload 1 up to {MIB}")
    world.assert_repaired(f"{path} is missing")
    world.assert_resumes_from(0)


def test_a_truncated_blob(world):
    os.truncate(world.blob, 1000)
    path = world.relative(world.blob)
    world.assert_found(f"{path} ends at byte 1000, the journal has bytes of upload 1 up to {MIB}")
    world.assert_repaired("it has 1000 bytes now and can be continued")
    assert world.blob.read_bytes() == world.half[:1000]
    world.assert_resumes_from(1000)


def test_a_blob_that_is_too_long_is_left_alone(world):
    os.truncate(world.blob, len(world.half) + 1)
    world.assert_found("cut it by hand")
    code, lines, _ = world.fsck("--repair")
    assert code == FINDINGS
    assert lines[-1].endswith("1 finding, 0 repaired")
    os.truncate(world.blob, MIB)
    world.assert_resumes_from(MIB)


def test_a_finished_upload_whose_blob_was_lost_before_the_hand_off(world):
    world.sql(
        ("UPDATE uploads SET state = 'received', stored = ?, expires_at = 0 WHERE id = 1", (f"0-{len(world.half)}",)),
    )
    path = world.relative(world.blob)
    world.assert_found(f"{path} ends at byte {MIB}")
    world.assert_repaired(f"it has {MIB} bytes now")
    world.assert_resumes_from(MIB)


def test_orphan_blobs(world):
    orphan = world.root / "uploads" / "07" / "999943.part"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"orphan")
    world.assert_found("uploads/07/999943.part belongs to no upload")
    world.assert_repaired("uploads/07/999943.part")
    assert not orphan.exists()
    assert world.lost("uploads/07/999943.part").read_bytes() == b"orphan"
    world.assert_resumes_from(MIB)


def test_a_blob_that_the_reaper_has_yet_to_remove_is_only_noted(world):
    blob = world.root / "uploads" / "03" / "3.part"
    blob.parent.mkdir(exist_ok=True)
    blob.write_bytes(b"left over")
    world.sql(("UPDATE uploads SET blob_present = 1 WHERE id = 3 AND state = 'aborted'",))
    notes = world.assert_clean()
    assert notes == ["note: uploads/03/3.part is left over from upload 3, which is aborted: the server removes it"]
    assert world.fsck("--repair")[0] == CLEAN
    assert blob.exists()
    world.server.start()
    wait_until(lambda: not blob.exists(), "the blob to be removed")
    world.server.kill()
    world.sql(("UPDATE uploads SET blob_present = 0 WHERE id = 3",))
    blob.write_bytes(b"nobody removes it")
    world.assert_found("uploads/03/3.part is there, the journal says that it was removed")
    world.assert_repaired("uploads/03/3.part")
    assert world.lost("uploads/03/3.part").read_bytes() == b"nobody removes it"


def test_a_lost_video(world):
    world.video_file.unlink()
    path = world.relative(world.video_file)
    world.assert_found(f"{path} is missing")
    world.assert_repaired(f"{path} is missing: its video is without a file now")
    world.server.start()
    with world.client() as client:
        assert client.get(f"/videos/{world.video['id']}.json").json() == world.video
    assert world.server.terminate() == 0
    world.assert_resumes_from(MIB)


def test_a_video_of_the_wrong_size(world):
    os.truncate(world.video_file, 2999)
    path = world.relative(world.video_file)
    world.assert_found(f"{path} has 2999 bytes, its video 3000")
    world.assert_repaired(path)
    assert not world.video_file.exists()
    assert world.lost(path).read_bytes() == world.whole[:2999]
    world.assert_resumes_from(MIB)


def test_a_lost_extra_file(world):
    world.server.start()
    extra = [{"tag": "s", "file_name": "a.srt", "file_size": 3}]
    body = json.dumps({"file_size": 4, "file_name": "a.mp4", "multi_chunk": True, "extra_files": extra}).encode()
    with world.client() as client:
        opened = client.request("POST", "/videos/upload.json", [("Content-Type", "application/json")], body)
        target = path_of(opened.json()["location"])
        for tag, data in (("s", b"abc"), ("", b"film")):
            fields = [("Content-Type", "application/octet-stream"), ("X-Part", "0"), ("X-Extra-File-Tag", tag)]
            answer = client.request("PUT", target, fields, data)
    assert world.server.terminate() == 0
    path = world.root / "videos" / (answer.json()["id"] + "-1.srt")
    assert path.read_bytes() == b"abc"
    world.assert_clean()
    path.write_bytes(b"ab")
    world.assert_found(f"{world.relative(path)} has 2 bytes")
    path.unlink()
    world.assert_found(f"{world.relative(path)} is missing")
    code, lines, _ = world.fsck("--repair")
    assert code == FINDINGS and lines[-1].endswith(", 1 finding, 0 repaired"), lines


def test_foreign_files(world):
    names = [
        "notes.txt",
        "uploads/a\nb\xff",
        "uploads/zz/inner",
        "uploads/01/1.part.bak",
        "uploads/02/1.part",
        "videos/cat.mp4",
        "videos/" + "0" * 32 + ".mp4",
        f"videos/{world.video['id']}.webm",
        "videos/directory/inner",
    ]
    for name in names:
        path = world.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name, encoding="utf-8")
    (world.root / "videos" / "link.mp4").symlink_to(world.video_file)
    shown = [
        '"notes.txt"', r'"uploads/a\x0Ab\xC3\xBF"', '"uploads/zz"', '"uploads/01/1.part.bak"', '"uploads/02/1.part"',
        '"videos/cat.mp4"', "0" * 32, f'"videos/{world.video["id"]}.webm"', '"videos/directory"', '"videos/link.mp4"',
    ]  # fmt: skip
    world.assert_found(*shown)
    world.assert_repaired(*shown)
    for name in names:
        assert world.lost(name).read_text(encoding="utf-8") == name
    assert world.lost("videos/link.mp4").is_symlink()
    assert world.video_file.read_bytes() == world.whole
    world.assert_resumes_from(MIB)


def interrupt_hand_off(world):
    """A kill between the rename of the file and the commit of its record."""
    world.sql(
        ("DELETE FROM videos",),
        (
            "UPDATE uploads SET state = 'received', blob_present = 1, answer_status = NULL,"
            " answer_headers = NULL, answer_body = NULL WHERE id = 2",
        ),
    )


def test_an_interrupted_hand_off_is_explained(world):
    interrupt_hand_off(world)
    path = world.relative(world.video_file)
    assert world.assert_clean() == [
        f"note: {path} comes from the interrupted hand-off of upload 2: the server ends it"
    ]
    assert world.fsck("--repair")[0] == CLEAN
    world.server.start()
    with world.client() as client:
        page = f"/videos/{world.video['id']}.json"
        wait_until(lambda: client.get(page).status == 200, "the hand-off to end")
        assert client.get(page).json()["file_size"] == len(world.whole)
    assert world.server.terminate() == 0
    assert world.assert_clean() == []


def test_an_interrupted_hand_off_that_lost_its_end(world):
    interrupt_hand_off(world)
    os.truncate(world.video_file, 2999)
    path = world.relative(world.video_file)
    world.assert_found("uploads/02/2.part is missing", f"{path} has 2999 bytes, upload 2")
    world.assert_repaired("uploads/02/2.part is missing", path)
    assert world.lost(path).read_bytes() == world.whole[:2999]
    world.assert_resumes_from(MIB)


def test_a_row_that_cannot_be_read(world):
    path = world.relative(world.blob)
    world.sql(("UPDATE uploads SET state = 'lost' WHERE id = 1",))
    world.assert_found("row 1 of the journal's uploads cannot be read: state")
    world.assert_repaired("row 1 of the journal's uploads", f"{path} belongs to no upload")
    assert world.lost(path).read_bytes() == world.half[:MIB]
    row = world.lost("journal/uploads-1.sql")
    assert row.stat().st_mode & 0o777 == 0o600
    world.sql((row.read_text(encoding="ascii"),), ("UPDATE uploads SET state = 'receiving' WHERE id = 1",))
    world.lost(path).rename(world.blob)
    world.assert_clean()
    world.assert_resumes_from(MIB)


def test_a_video_whose_row_cannot_be_read(world):
    world.sql(("UPDATE videos SET document = 'no JSON'",))
    world.assert_found("of the journal's videos cannot be read: document")
    world.assert_repaired("of the journal's videos", world.relative(world.video_file))
    assert world.lost(world.relative(world.video_file)).read_bytes() == world.whole


@pytest.mark.parametrize("offset", [0, 4096])
def test_garbage_in_the_journal(world, offset):
    journal = world.root / "journal.sqlite"
    intact = journal.read_bytes()
    with open(journal, "r+b") as file:
        file.seek(offset)
        file.write(b"garbage " * 2048)
    (world.root / "notes.txt").write_text("stays", encoding="utf-8")
    damaged = journal.read_bytes()
    before = world.snapshot()
    for args in ([], ["--repair"]):
        code, _, errors = world.fsck(*args)
        assert code == NOT_CHECKED
        assert "could not check" in errors and "journal" in errors
        assert world.snapshot() == before
        assert journal.read_bytes() == damaged
    journal.write_bytes(intact)
    (world.root / "notes.txt").unlink()
    world.assert_resumes_from(MIB)


def test_a_journal_from_the_future(world):
    world.sql(("PRAGMA user_version = 99",))
    code, lines, errors = world.fsck("--repair")
    assert (code, lines) == (NOT_CHECKED, [])
    assert "has version 99" in errors


@pytest.mark.parametrize("left", [None, b""])
def test_a_journal_that_is_gone_is_not_made_anew(world, left):
    journal = world.root / "journal.sqlite"
    journal.unlink()
    if left is not None:
        journal.write_bytes(left)
    code, lines, errors = world.fsck("--repair")
    assert (code, lines) == (NOT_CHECKED, [])
    assert "is no data directory" in errors
    assert ("journal.url" in errors) == (left is None), "that of a node is in PostgreSQL"
    assert world.blob.exists() and world.video_file.exists()
    assert journal.exists() == (left is not None)


def test_no_directory_is_not_made(tmp_path):
    done = run_sluice("fsck", "--data", tmp_path / "nothing")
    assert done.returncode == NOT_CHECKED
    assert "is no data directory" in done.stderr
    assert not (tmp_path / "nothing").exists()


def test_a_running_server_is_refused(world):
    world.server.start()
    code, lines, errors = world.fsck("--repair")
    assert (code, lines) == (NOT_CHECKED, [])
    assert f"data directory {world.root} is in use by another process (process {world.server.pid})" in errors
    with world.client() as client:
        assert client.stored(path_of(world.location), len(world.half)) == MIB


@pytest.mark.parametrize("args", [[], ["--data"], ["--data", "x", "--force"], ["--data", "x", "y"]])
def test_a_wrong_command_line(args, tmp_path):
    done = run_sluice("fsck", *args, cwd=tmp_path)
    assert done.returncode == USAGE
    assert list(tmp_path.iterdir()) == []
