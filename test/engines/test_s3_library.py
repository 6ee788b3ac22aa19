# SPDX-License-Identifier: MIT
"""What a server keeps of uploads that are over, in Ceph: files, videos, the bodies of large answers."""

import hashlib
import os
import shutil

import pytest
from test_s3_server import KEYS, QUICK, fsck, keys_below, prefix, remove_object, settings  # noqa: F401  (a fixture)

from support import media
from support.ceph import BUCKET
from support.gate import Gate
from support.raw_http import Connection, path_of
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import ServerFailed, run_sluice
from support.waiting import wait_until

MIB = 1 << 20


def embedded(endpoint, prefix, kind, more=""):
    return (f'[store]\nurl = "s3://{BUCKET}/{prefix}"\n[s3]\nendpoint = "{endpoint}"\n'
            f'[backend]\nkind = "{kind}"\n{QUICK}{more}')


@pytest.fixture
def on_ceph(ceph, new_server, prefix):
    def make(kind="files", more=""):
        return new_server(toml=embedded(ceph.url, prefix, kind, more), env=KEYS)

    return make


def below(ceph, prefix, folder):
    return [key for key in keys_below(ceph, prefix) if key.startswith(f"{prefix}/{folder}/")]


def upload(client, data, name="letter.pdf", piece=5 * MIB):
    location = client.create(len(data), name)
    done = None if data else client.whole(location, data)
    for begin in range(0, len(data), piece):
        done = client.piece(location, begin, data[begin : begin + piece], len(data))
    assert done.status == 200, done
    return done.json()


def expect_file(client, kept, data):
    assert (kept["status"], kept["file_size"]) == ("stored", len(data))
    assert kept["sha256"] == hashlib.sha256(data).hexdigest()
    assert client.get(kept["url"]).body == data


def test_any_file_is_kept_in_the_bucket(ceph, on_ceph, connected, prefix, noise):
    data = noise(21 * MIB + 1234)
    server = on_ceph()
    client = connected(server)
    kept = upload(client, data)
    expect_file(client, kept, data)
    wait_until(lambda: not below(ceph, prefix, "e"), "the objects of the upload are gone")
    assert below(ceph, prefix, "f") == [f"{prefix}/f/videos/{kept['id']}.pdf"]
    assert os.listdir(os.path.join(server.data_dir, "videos")) == []
    server.restart()
    client = connected(server)
    expect_file(client, kept, data)
    for begin, end in ((0, 1), (5 * MIB - 1, 5 * MIB + 1), (len(data) - 3 * MIB, len(data))):
        part = client.request("GET", kept["url"], [("Range", f"bytes={begin}-{end - 1}")])
        assert part.status == 206 and part.body == data[begin:end]
    assert client.get("/stored-files.json").json()["files"] == [kept]
    assert client.request("DELETE", f"/stored-files/{kept['id']}.json").status == 204
    assert client.get(kept["url"]).status == 404
    assert keys_below(ceph, prefix) == [key for key in keys_below(ceph, prefix) if "/owner/" in key]


def test_files_of_any_size_and_several_at_once(ceph, on_ceph, connected, prefix, noise):
    client = connected(on_ceph())
    for size in (0, 1, 5 * MIB, 5 * MIB + 1):
        data = noise(size)
        expect_file(client, upload(client, data), data)
    assert len(below(ceph, prefix, "f")) == 4


def test_a_server_that_dies_in_a_hand_off_ends_it_later(ceph, on_ceph, connected, prefix, noise):
    data = noise(11 * MIB)
    server = on_ceph()
    moments = (lambda before: True, lambda before: len(below(ceph, prefix, "e")) != before,
               lambda before: below(ceph, prefix, "f"))
    for moment in moments:
        for key in below(ceph, prefix, "f"):
            assert client.request("DELETE", f"/stored-files/{key.rsplit('/')[-1].split('.')[0]}.json").status == 204
        client = connected(server)
        location = client.create(len(data), "film.bin")
        assert client.piece(location, 0, data[: 6 * MIB], len(data)).status == 204
        with Connection(server.address) as connection:
            connection.send_head("PUT", path_of(location), [
                ("Content-Type", "application/octet-stream"), ("Content-Length", str(5 * MIB)),
                ("Content-Range", f"bytes {6 * MIB}-{11 * MIB - 1}/{11 * MIB}")])
            before = len(below(ceph, prefix, "e"))
            connection.send(data[6 * MIB :])
            wait_until(lambda: moment(before), "the moment to die")
            server.restart()
        client = connected(server)
        done = client.piece(location, 6 * MIB, data[6 * MIB :], len(data))
        assert done.status == 200, done
        expect_file(client, done.json(), data)
        assert client.get("/stored-files.json").json()["total"] == 1
        assert len(below(ceph, prefix, "f")) == 1
    wait_until(lambda: not below(ceph, prefix, "e"), "the objects of the uploads are gone")


def test_a_store_that_goes_away_loses_no_file(ceph, new_server, connected, prefix, noise):
    data = noise(3 * MIB)
    with Gate(ceph.address) as gateway:
        server = new_server(toml=embedded(gateway.url, prefix, "files"), env=KEYS)
        client = connected(server)
        kept = upload(client, data)
        gateway.shut()
        away = client.get(kept["url"])
        assert away.status == 503 and int(away.header("Retry-After")) > 0, away
        gateway.open()
        wait_until(lambda: client.get("/readyz").status == 200, "ready again")
        expect_file(client, kept, data)


def test_videos_are_probed_where_they_lie(ceph, on_ceph, connected, prefix, tmp_path):
    server = on_ceph("videos")
    client = connected(server)
    late = media.make_mp4(tmp_path / "late.mp4", faststart=False).read_bytes()
    webm = media.make_webm(tmp_path / "real.webm").read_bytes()
    mp4 = upload(client, late, "late.mp4", piece=100_000)
    assert (mp4["status"], mp4["width"], mp4["height"]) == ("success", 320, 240), mp4
    assert (mp4["video_codec"], mp4["audio_codec"]) == ("h264", "aac") and 1900 <= mp4["duration"] <= 2200
    other = upload(client, webm, "real.webm")
    assert (other["status"], other["video_codec"]) == ("success", "vp8"), other
    broken = upload(client, late[: len(late) // 2], "cut.mp4")
    assert broken["status"] == "fail", broken
    assert len(below(ceph, prefix, "f")) == 3
    server.restart()
    client = connected(server)
    assert client.get(f"/videos/{mp4['id']}.json").json() == mp4
    assert len(client.get("/videos.json").json()) == 3
    for video in (mp4, other, broken):
        assert client.request("DELETE", f"/videos/{video['id']}.json").status == 200
    assert below(ceph, prefix, "f") == []
    wait_until(lambda: not below(ceph, prefix, "e"), "the objects of the uploads are gone")


def test_a_large_answer_is_an_object(ceph, new_server, connected, prefix, noise):
    body = noise(3 * MIB + 7)
    with ScriptedBackend(answer(503), answer(body=body, headers=(("Content-Type", "image/png"),))) as backend:
        server = new_server(toml=settings(ceph.url, backend, prefix, '[delivery]\nretry_first = "10ms"\n'), env=KEYS)
        client = connected(server)
        location = client.create(5)
        first = client.whole(location, b"hello")
        assert (first.status, first.body == body) == (200, True)
        assert os.listdir(os.path.join(server.data_dir, "answers")) == []
        assert len(below(ceph, prefix, "f/answers")) == 1
        server.restart()
        again = connected(server).status(location, 5)
        assert (again.status, again.body == body) == (200, True)
    assert server.terminate() == 0
    clean = fsck(server)
    assert clean.returncode == 0 and "nothing is wrong" in clean.stdout, clean.stdout


def test_fsck_looks_at_the_files_of_the_library(ceph, on_ceph, connected, prefix, noise):
    server = on_ceph()
    client = connected(server)
    kept, lost = (upload(client, noise(1000)) for _ in range(2))
    wait_until(lambda: not below(ceph, prefix, "e"), "the objects of the uploads are gone")
    assert server.terminate() == 0
    clean = fsck(server)
    assert clean.returncode == 0 and "nothing is wrong" in clean.stdout, clean.stdout
    without = run_sluice("fsck", "--data", server.data_dir, "--repair")
    assert without.returncode == 0 and "were not looked at" in without.stdout, without.stdout
    remove_object(ceph, f"{prefix}/f/videos/{lost['id']}.pdf")
    assert ceph.request("PUT", f"/{BUCKET}/{prefix}/f/videos/{'a' * 32}.pdf", body=b"stray")[0] == 200
    found = fsck(server, "--repair")
    assert f"videos/{lost['id']}.pdf is missing" in found.stdout, found.stdout
    assert f"found: 'videos/{'a' * 32}.pdf' belongs to no video" in found.stdout.replace('"', "'"), found.stdout
    remove_object(ceph, f"{prefix}/f/videos/{'a' * 32}.pdf")
    assert fsck(server).returncode == 0
    server.start()
    client = connected(server)
    assert client.get(kept["url"]).status == 200
    assert client.get(lost["url"]).status in (404, 410)


def test_a_library_stays_with_its_store_and_its_backup(ceph, on_ceph, connected, prefix, noise, tmp_path):
    data = noise(1000)
    server = on_ceph()
    kept = upload(connected(server), data)
    wait_until(lambda: not below(ceph, prefix, "e"), "the objects of the upload are gone")
    done = run_sluice("backup", "--data", server.data_dir, tmp_path / "backup")
    assert done.returncode == 0, done.stdout + done.stderr
    server.kill()
    shutil.rmtree(server.data_dir)
    assert run_sluice("restore", tmp_path / "backup", "--data", server.data_dir).returncode == 0
    plain = tmp_path / "plain.toml"
    plain.write_text('[backend]\nkind = "files"\n')
    args, server.args = server.args, ["--config", str(plain)]
    with pytest.raises(ServerFailed, match="store.url is empty"):
        server.start()
    server.args = args
    server.start()
    expect_file(connected(server), kept, data)
