# SPDX-License-Identifier: MIT
"""The server with its bytes in Ceph: every acknowledged byte is there after the worst, and nothing stays behind."""

import hashlib
import os
import re
import shutil
import signal
import urllib.error
import urllib.request
import uuid

import pytest

from support.ceph import ACCESS_KEY, BUCKET, SECRET_KEY
from support.gate import Gate
from support.raw_http import Connection, path_of
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import ServerFailed, run_sluice
from support.tus import Tus
from support.waiting import wait_until

MIB = 1 << 20
QUICK = '[expiry]\nsweep = "50ms"\nfinished = "100ms"\n[delivery]\nretry_first = "50ms"\n'
KEYS = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}


def settings(endpoint, backend, prefix, more="", bucket=BUCKET, mode="body"):
    return (f'[store]\nurl = "s3://{bucket}/{prefix}"\n[s3]\nendpoint = "{endpoint}"\n'
            f'[backend]\nurl = "{backend.url()}"\nmode = "{mode}"\n{more}')


def keys_below(ceph, prefix):
    status, body = ceph.request("GET", f"/{BUCKET}", [("list-type", "2"), ("prefix", f"{prefix}/")])
    assert status == 200, body
    return re.findall(r"<Key>([^<]+)</Key>", body.decode())


def extents_below(ceph, prefix):
    return [key for key in keys_below(ceph, prefix) if "/e/" in key]


@pytest.fixture
def prefix():
    return f"t/{uuid.uuid4().hex}"


@pytest.fixture
def backend():
    with ScriptedBackend() as application:
        yield application


@pytest.fixture
def on_ceph(ceph, new_server, backend, prefix):
    def make(more="", **options):
        return new_server(toml=settings(ceph.url, backend, prefix, more, **options), env=KEYS)

    return make


def expect_handed_over(backend, data, count=1):
    request = backend.wait_for(count)
    wait_until(lambda: request.size >= len(data), "the whole body")
    assert request.size == len(data) and request.sha256.hexdigest() == hashlib.sha256(data).hexdigest()


def test_pieces_come_to_the_application_and_leave_nothing(ceph, on_ceph, connected, backend, prefix, noise):
    data = noise(21 * MIB + 1234)
    client = connected(on_ceph(QUICK))
    location = client.create(len(data))
    for begin in range(0, len(data), 5 * MIB):
        piece = data[begin : begin + 5 * MIB]
        done = client.piece(location, begin, piece, len(data))
        if begin + len(piece) < len(data):
            assert done.status == 204, done
            assert client.stored(location) == begin + len(piece)
            assert sum(int(key.rsplit("-", 1)[1]) - int(key.rsplit("-", 2)[1])
                       for key in extents_below(ceph, prefix)) == begin + len(piece)
    assert done.status == 200 and done.json() == {"id": "v1"}, done
    expect_handed_over(backend, data)
    assert client.metric('sluice_s3_seconds_count{operation="put",result="ok"}') >= 5
    assert client.metric("sluice_s3_sent_bytes_total") >= len(data)
    wait_until(lambda: client.metric("sluice_scratch_bytes") == 0, "scratch is empty")
    wait_until(lambda: not extents_below(ceph, prefix), "the objects are gone")
    assert len(keys_below(ceph, prefix)) == 1  # The mark of the owner.


def test_a_killed_server_has_every_acknowledged_byte(ceph, on_ceph, connected, backend, prefix, noise):
    data = noise(9 * MIB)
    server = on_ceph()
    client = connected(server)
    location = client.create(len(data))
    for begin in (0, 3 * MIB):
        assert client.piece(location, begin, data[begin : begin + 3 * MIB], len(data)).status == 204
    with Connection(server.address) as connection:
        connection.send_head("PUT", path_of(location), [
            ("Content-Type", "application/octet-stream"), ("Content-Length", str(3 * MIB)),
            ("Content-Range", f"bytes {6 * MIB}-{9 * MIB - 1}/{9 * MIB}")])
        connection.send(data[6 * MIB : 8 * MIB])
        server.restart()
    client = connected(server)
    stored = client.stored(location)
    assert 6 * MIB <= stored <= 8 * MIB
    # A piece that was sent before is compared with the objects.
    assert client.piece(location, MIB, data[MIB : 2 * MIB], len(data)).status == 204
    other = bytes(MIB)
    assert client.piece(location, MIB, other, len(data)).status == 409
    assert client.piece(location, stored, data[stored:], len(data)).status == 200
    expect_handed_over(backend, data)


def test_bytes_of_a_silent_sender_are_in_the_store(ceph, on_ceph, connected, backend, prefix, noise):
    data = noise(MIB)
    server = on_ceph()
    client = connected(server)
    location = client.create(len(data))
    with Connection(server.address) as connection:
        connection.send_head("PUT", path_of(location), [
            ("Content-Type", "application/octet-stream"), ("Content-Length", str(len(data)))])
        connection.send(data[:200_000])
        wait_until(lambda: client.metric("sluice_commit_seconds_count") == 2, "a commit behind that of the session")
        assert len(extents_below(ceph, prefix)) == 1
        server.restart()
    client = connected(server)
    assert client.stored(location) == 200_000
    assert client.piece(location, 200_000, data[200_000:], len(data)).status == 200
    expect_handed_over(backend, data)


@pytest.mark.parametrize("mode", ["body", "form"])
def test_an_attempt_that_failed_is_repeated_with_the_same_bytes(on_ceph, connected, backend, noise, mode):
    backend.steps = [lambda connection, request: None, answer(503), answer()]
    data = noise(6 * MIB)
    client = connected(on_ceph('[delivery]\nretry_first = "10ms"\n', mode=mode))
    assert client.whole(client.create(len(data)), data).status == 200
    sizes = [backend.wait_for(count).size for count in (1, 2, 3)]
    assert len(set(sizes)) == 1 and sizes[0] >= len(data)
    assert len({request.sha256.hexdigest() for request in backend.requests}) == 1


def fetch(url):
    with urllib.request.urlopen(url, timeout=60) as response:
        return response.read()


def upload_in_pieces(client, data):
    location = client.create(len(data))
    for begin in range(0, len(data), 3 * MIB):
        done = client.piece(location, begin, data[begin : begin + 3 * MIB], len(data))
    return done


def test_a_reference_is_one_object_with_a_url(ceph, on_ceph, connected, backend, prefix, noise):
    fetched, objects = [], []

    def take(connection, request):
        """What it wants of the file, an application reads before it answers."""
        fetched.append(fetch(request.json()["object"]["url"]))
        objects.append(extents_below(ceph, prefix))
        answer()(connection, request)

    backend.steps = [answer(503), take]
    data = noise(16 * MIB + 5)
    client = connected(on_ceph('[delivery]\nretry_first = "10ms"\n', mode="reference"))
    assert upload_in_pieces(client, data).status == 200
    first, second = (backend.wait_for(count).json() for count in (1, 2))
    assert "path" not in first and first["object"]["bucket"] == BUCKET
    assert first["object"]["key"] == second["object"]["key"] and second["object"]["size"] == len(data)
    assert fetched == [data]
    assert objects == [[first["object"]["key"]]]


def test_a_copy_is_the_applications_unless_it_is_refused(ceph, on_ceph, connected, backend, prefix, noise):
    backend.steps = [answer(), answer(422)]
    data = noise(7 * MIB)
    client = connected(on_ceph(f'copy_to = "s3://media/{prefix}"\n' + QUICK, mode="reference"))
    assert upload_in_pieces(client, data).status == 200
    copy = backend.wait_for(1).json()["object"]
    assert copy["bucket"] == "media" and copy["key"].startswith(f"{prefix}/")
    wait_until(lambda: not extents_below(ceph, prefix), "the upload's own objects are gone")
    assert fetch(copy["url"]) == data
    assert upload_in_pieces(client, data).status == 422
    refused = backend.wait_for(2).json()["object"]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(refused["url"])
    assert fetch(copy["url"]) == data


def test_tiny_pieces_become_few_objects(ceph, on_ceph, connected, backend, prefix, noise):
    count, size = 340, 1000
    data = noise(count * size)
    client = connected(on_ceph())
    location = client.create(len(data) + 1)
    for number in range(count):
        begin = number * size
        assert client.piece(location, begin, data[begin : begin + size], len(data) + 1).status == 204
    wait_until(lambda: len(extents_below(ceph, prefix)) < count - 250, "objects are folded")
    assert client.piece(location, len(data), b"!", len(data) + 1).status == 200
    expect_handed_over(backend, data + b"!")


def test_other_dialects_and_parts(on_ceph, connected, backend, noise):
    data = noise(4 * MIB)
    client = connected(on_ceph('[dialects]\nenabled = "panda, tus"\n'))
    tus = Tus(client)
    location = tus.create(len(data))
    assert tus.patch(location, 0, data[:MIB]).status == 204
    assert tus.offset(location) == MIB
    assert tus.patch(location, MIB, data[MIB:]).status in (200, 204)
    expect_handed_over(backend, data)
    halves = [tus.create(2 * MIB, ("Upload-Concat", "partial")) for _ in range(2)]
    for half, begin in zip(halves, (0, 2 * MIB)):
        assert tus.patch(half, 0, data[begin : begin + 2 * MIB]).status == 204
    final = tus.post(("Upload-Concat", "final;" + " ".join(path_of(half) for half in halves)))
    assert final.status == 201, final
    expect_handed_over(backend, data, 2)


def test_aborted_and_expired_uploads_leave_nothing(ceph, on_ceph, connected, prefix, noise):
    server = on_ceph('[expiry]\nsweep = "50ms"\nuntouched = "1s"\nidle = "1s"\nfinished = "100ms"\n')
    client = connected(server)
    data = noise(MIB)
    for aborts in (True, False):
        location = client.create(2 * MIB)
        assert client.piece(location, 0, data, 2 * MIB).status == 204
        assert extents_below(ceph, prefix)
        if aborts:
            assert client.delete(location).status in (200, 204)
        wait_until(lambda: not extents_below(ceph, prefix), "the objects are gone")


def test_a_store_that_goes_away_and_comes_back(ceph, new_server, connected, backend, prefix, noise):
    data = noise(2 * MIB)
    with Gate(ceph.address) as gateway:
        server = new_server(toml=settings(gateway.url, backend, prefix), env=KEYS)
        client = connected(server)
        location = client.create(len(data))
        assert client.piece(location, 0, data[:MIB], len(data)).status == 204
        gateway.shut()
        refused = client.piece(location, MIB, data[MIB:], len(data))
        assert refused.status == 503 and refused.json()["error"] == "Unavailable", refused
        assert int(refused.header("Retry-After")) > 0
        ready = client.get("/readyz")
        assert ready.status == 503 and "the store of the bytes is away" in ready.body.decode()
        assert client.get("/healthz").status == 200
        assert client.stored(location) == MIB
        gateway.open()
        wait_until(lambda: client.get("/readyz").status == 200, "ready again")
        stored = client.stored(location)
        assert client.piece(location, stored, data[stored:], len(data)).status == 200
        expect_handed_over(backend, data)


def start_failure(new_server, toml, **environment):
    server = new_server(toml=toml, env={**KEYS, **environment}, start=False)
    with pytest.raises(ServerFailed):
        server.start()
    return server.log()


def test_what_cannot_work_is_refused_at_the_start(ceph, new_server, on_ceph, backend, prefix):
    def refusal(more="", bucket=BUCKET, endpoint=ceph.url, place=prefix, **environment):
        return start_failure(new_server, settings(endpoint, backend, place, more, bucket), **environment)

    assert "create the bucket" in refusal(bucket="no-such-bucket")
    assert "does not know the access key" in refusal(AWS_ACCESS_KEY_ID="nobody")
    assert "correct the secret key" in refusal(AWS_SECRET_ACCESS_KEY="wrong")
    assert "AWS_SECRET_ACCESS_KEY" in refusal(AWS_SECRET_ACCESS_KEY="")
    assert "versioning" in refusal(bucket="versioned")
    assert "lifecycle" in refusal(bucket="expiring", place="probed/a")
    assert "127.0.0.1" in refusal(endpoint="http://127.0.0.1:9")
    copies = start_failure(new_server, settings(ceph.url, backend, prefix, 'copy_to = "s3://nowhere/in"\n', mode="reference"))
    assert "backend.copy_to: " in copies and "create the bucket" in copies
    assert "checks.program" in refusal('[checks]\nprogram = "/bin/true"\n')
    assert "data.durability" in refusal('[data]\ndurability = "interval"\n')
    on_ceph()
    assert "belong to another journal" in refusal()


def test_a_journal_stays_with_its_store(on_ceph, new_server, connected, ceph, backend, prefix, noise, tmp_path):
    server = on_ceph()
    client = connected(server)
    location = client.create(2 * MIB)
    assert client.piece(location, 0, noise(MIB), 2 * MIB).status == 204
    assert server.terminate() == 0
    plain = tmp_path / "plain.toml"
    plain.write_text(f'[backend]\nurl = "{backend.url()}"\n')
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text(settings(ceph.url, backend, prefix + "/other"))
    args = server.args
    for config, words in ((plain, "store.url is empty"), (elsewhere, "none of their bytes are under")):
        server.args = ["--config", str(config)]
        with pytest.raises(ServerFailed) as failed:
            server.start()
        assert words in str(failed.value)
    server.args = args
    server.start()
    assert connected(server).stored(location) == MIB


def test_a_drained_server_leaves_no_byte_behind(on_ceph, connected, noise):
    server = on_ceph('[server]\ndrain = "100ms"\n')
    client = connected(server)
    data = noise(3 * MIB)
    location = client.create(4 * MIB)
    with Connection(server.address) as connection:
        with client.until_body_bytes_arrive(len(data)):
            connection.send_head("PUT", path_of(location), [
                ("Content-Type", "application/octet-stream"), ("Content-Length", str(4 * MIB))])
            connection.send(data)
        os.kill(server.pid, signal.SIGTERM)
        assert server.wait() == 0
    server.start()
    assert connected(server).stored(location) == len(data)


def test_doctor_says_what_is_wrong_with_the_store(ceph, backend, prefix, tmp_path):
    config = tmp_path / "sluice.toml"
    for bucket, words, code in ((BUCKET, "store", 0), ("versioned", "versioning", 2), ("nowhere", "create the bucket", 2)):
        config.write_text(f'[data]\ndirectory = "{tmp_path}/data"\n' + settings(ceph.url, backend, prefix, bucket=bucket))
        done = run_sluice("doctor", "--config", config, env=KEYS)
        assert words in done.stdout and (code == 0 or done.returncode == code), done.stdout + done.stderr
    for bucket, refused in (("media", False), ("nowhere", True)):
        config.write_text(f'[data]\ndirectory = "{tmp_path}/data"\n' + settings(
            ceph.url, backend, prefix, f'copy_to = "s3://{bucket}/{prefix}"\n', mode="reference"))
        told = run_sluice("doctor", "--config", config, env=KEYS).stdout
        assert ("backend.copy_to: " in told) == refused, told
    assert ceph.request("GET", "/media", [("list-type", "2"), ("prefix", f"{prefix}/")])[1].count(b"<Key>") == 0


def test_keys_are_renewed_while_the_server_runs(ceph, new_server, connected, backend, prefix, noise, tmp_path):
    keys = tmp_path / "keys"

    def renew(name):
        ceph.add_key(name, SECRET_KEY)
        keys.write_text(f"[default]\naws_access_key_id = {name}\naws_secret_access_key = {SECRET_KEY}\n")

    renew("AKFIRST")
    toml = settings(ceph.url, backend, prefix).replace("[backend]", f'credentials_file = "{keys}"\n[backend]')
    server = new_server(toml=toml)
    client = connected(server)
    data = noise(2 * MIB)
    location = client.create(len(data))
    assert client.piece(location, 0, data[:MIB], len(data)).status == 204
    ceph.remove_key("AKFIRST")
    wait_until(lambda: client.get("/readyz").status == 503, "the key is not known any more")
    keys.write_text("no keys\n")
    failed = run_sluice("reload", "--data", server.data_dir)
    assert failed.returncode == 1 and str(keys) in failed.stdout + failed.stderr, failed.stdout + failed.stderr
    renew("AKSECOND")
    assert run_sluice("reload", "--data", server.data_dir).returncode == 0
    wait_until(lambda: client.get("/readyz").status == 200, "ready again")
    assert client.piece(location, MIB, data[MIB:], len(data)).status == 200
    expect_handed_over(backend, data)


def fsck(server, *words):
    return run_sluice("fsck", *server.args, "--data", server.data_dir, *words, env=KEYS)


def remove_object(ceph, key):
    status, body = ceph.request("DELETE", f"/{BUCKET}/{key}")
    assert status == 204, body


def test_fsck_compares_the_journal_with_the_bucket(ceph, on_ceph, connected, backend, prefix, noise):
    server = on_ceph()
    client = connected(server)
    data = noise(3 * MIB)
    location = client.create(3 * MIB)
    for begin in (0, MIB):
        assert client.piece(location, begin, data[begin : begin + MIB], 3 * MIB).status == 204
    assert server.terminate() == 0
    clean = fsck(server)
    assert clean.returncode == 0 and "nothing is wrong" in clean.stdout, clean.stdout + clean.stderr
    without = run_sluice("fsck", "--data", server.data_dir)
    assert without.returncode == 0 and "were not looked at" in without.stdout, without.stdout
    # One object is lost, and another is of an upload that nobody knows.
    remove_object(ceph, next(key for key in extents_below(ceph, prefix) if f"-{MIB}-" in key))
    stray = f"{prefix}/e/63/99/{'a' * 20}-1-0-5"
    assert ceph.request("PUT", f"/{BUCKET}/{stray}", body=b"stray")[0] == 200
    found = fsck(server)
    assert found.returncode == 1, found.stdout + found.stderr
    assert f"the journal has the bytes {MIB}-{2 * MIB}, and no object holds them" in found.stdout, found.stdout
    assert "1 objects with 5 bytes are of upload 99, which the journal does not know" in found.stdout
    assert "repaired" in fsck(server, "--repair").stdout
    remove_object(ceph, stray)
    assert fsck(server).returncode == 0
    server.start()
    client = connected(server)
    assert client.stored(location) == MIB
    assert client.piece(location, MIB, data[MIB:], 3 * MIB).status == 200
    expect_handed_over(backend, data)


def test_bytes_of_a_lost_journal_are_found_in_the_bucket(on_ceph, connected, backend, noise, tmp_path):
    """A copy of the journal that is older than the bucket, as a backup is."""
    server = on_ceph()
    client = connected(server)
    data = noise(3 * MIB)
    location = client.create(3 * MIB)
    assert client.piece(location, 0, data[:MIB], 3 * MIB).status == 204
    assert server.terminate() == 0
    copy = tmp_path / "copy"
    shutil.copytree(server.data_dir, copy)
    server.start()
    assert connected(server).piece(location, MIB, data[MIB : 2 * MIB], 3 * MIB).status == 204
    server.kill()
    shutil.rmtree(server.data_dir)
    shutil.copytree(copy, server.data_dir)
    rebuilt = fsck(server, "--rebuild")
    assert "they are stored now" in rebuilt.stdout, rebuilt.stdout + rebuilt.stderr
    assert fsck(server).returncode == 0
    server.start()
    client = connected(server)
    assert client.stored(location) == 2 * MIB
    assert client.piece(location, 2 * MIB, data[2 * MIB :], 3 * MIB).status == 200
    expect_handed_over(backend, data)


def test_a_backup_has_the_journal(on_ceph, connected, noise, tmp_path):
    server = on_ceph()
    client = connected(server)
    location = client.create(2 * MIB)
    assert client.piece(location, 0, noise(MIB), 2 * MIB).status == 204
    done = run_sluice("backup", "--data", server.data_dir, tmp_path / "backup")
    assert done.returncode == 0, done.stdout + done.stderr
    server.kill()
    shutil.rmtree(server.data_dir)
    restored = run_sluice("restore", tmp_path / "backup", "--data", server.data_dir)
    assert restored.returncode == 0, restored.stdout + restored.stderr
    server.start()
    assert connected(server).stored(location) == MIB
