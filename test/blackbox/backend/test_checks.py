# SPDX-License-Identifier: MIT
"""Files that are looked at before the backend gets them: taken, refused, set aside, and checkers that are away."""

import json
import os
import shutil
import subprocess
import threading

import pytest

from support.fake_clamd import FakeClamd
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import run_sluice, sluice_binary
from support.tus import Tus
from support.waiting import wait_until

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0"
SOON = '[delivery]\nretry_first = "10ms"\nretry_max = "20ms"\n'


def settings(backend, checks, more=SOON):
    return f'[backend]\nurl = "{backend.url()}"\n[checks]\n{checks}\n{more}'


def open_session(client, size):
    response = client.request("POST", f"/videos/upload.json?file_name=a.bin&file_size={size}")
    return response.json()["id"], response.json()["location"]


def send(client, data):
    upload, location = open_session(client, len(data))
    return upload, location, client.whole(location, data)


def decided(client, data):
    """What the file is answered, however long its checks take."""
    _, location, response = send(client, data)

    def answer():
        again = client.piece(location, len(data) - 1, data[-1:], len(data))
        return again.status != 503 and again

    return response if response.status != 503 else wait_until(answer, "the answer")


def set_aside(server, upload):
    """The upload as the operator sees it, once it is set aside."""

    def listed():
        lines = ask(server, "uploads", "list", "--state", "set_aside", "--json").stdout.splitlines()
        return next((found for found in map(json.loads, lines) if found["id"] == upload), None)

    return wait_until(listed, "the verdict")


def ask(server, *words):
    return run_sluice(*words, "--data", server.data_dir)


@pytest.fixture
def backend():
    with ScriptedBackend(answer(body=b'{"id":"v"}')) as running:
        yield running


def test_types_by_content_in_every_dialect(new_server, connected, backend):
    server = new_server(toml=settings(backend, 'types_allowed = "image/*"'))
    client = connected(server)
    assert send(client, PNG)[2].status == 200
    _, location, refused = send(client, b"just words\n")
    assert refused.status == 422
    assert refused.json() == {"error": "Refused", "message": "files of the type text/plain are not taken"}
    assert refused.header("Sluice-Answer") == "backend"
    tus = Tus(client)
    created = tus.create(5)
    assert tus.patch(created, 0, b"words").status == 422
    server.kill()
    server.start()
    assert connected(server).status(location, 11).body == refused.body
    assert [request.body for request in backend.requests] == [PNG]


OWNERS = """[[credentials]]
owner = "ann"
api_key = "ann"
{}

[[credentials]]
owner = "bob"
api_key = "bob"
"""


def test_owners_have_types_of_their_own(new_server, connected, backend, tmp_path):
    owners = tmp_path / "owners.toml"
    owners.write_text(OWNERS.format('types_allowed = "image/*"'))
    client = connected(new_server(toml=settings(backend, "") + f'[auth]\nfile = "{owners}"\n'))

    def answer_to(owner, data):
        target = f"/videos/upload.json?file_name=a.bin&file_size={len(data)}"
        session = client.request("POST", target, [("X-Api-Key", owner)]).json()
        return client.whole(session["location"], data).status

    assert [answer_to("ann", PNG), answer_to("ann", b"just words\n"), answer_to("bob", b"just words\n")] == [200, 422, 200]
    owners.write_text(OWNERS.format('types_denied = "image/*"'))
    wait_until(lambda: answer_to("ann", PNG) == 422, "the new types")
    assert [answer_to("ann", b"just words\n"), answer_to("bob", PNG)] == [200, 200]


def test_a_missing_helper_is_warned_of_before_the_first_file(new_server, tmp_path):
    alone = tmp_path / "sluice"
    shutil.copy2(sluice_binary(), alone)
    owners = tmp_path / "owners.toml"
    owners.write_text('[[credentials]]\nowner = "ann"\napi_key = "ann"\n')
    server = new_server(toml=f'[auth]\nfile = "{owners}"\n', binary=str(alone))
    words = "sluice-check is not installed, files of owners whose credentials name types wait"
    assert words not in server.log()
    owners.write_text(owners.read_text() + 'types_allowed = "image/*"\n')
    assert server.logged(words)
    server.kill()
    server.start()
    assert server.logged(words, 2)
    assert ask(server, "reload").returncode == 0
    assert server.logged(words, 3)


def test_a_program_decides(new_server, connected, backend, tmp_path):
    program = tmp_path / "programs" / "look"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\ncase $(cat) in bad) echo no; exit 1;; odd) echo hm; exit 2;; esac\n")
    program.chmod(0o755)
    server = new_server(toml=settings(backend, f'program = "{program}"', SOON + 'wait = "50ms"\n'))
    client = connected(server)
    assert decided(client, b"good").status == 200
    refused = decided(client, b"bad")
    assert (refused.status, refused.json()["message"]) == (422, "no")
    upload, location, aside = send(client, b"odd")
    assert (aside.status, aside.json()["error"]) == (503, "DeliveryPending")
    listed = set_aside(server, upload)
    assert (listed["state"], listed["failure"]) == ("set_aside", "hm")
    again = client.piece(location, 2, b"d", 3)
    assert again.status == 503 and b"being looked at" in again.body and b"hm" not in again.body
    assert ask(server, "uploads", "release", str(upload)).returncode == 0
    wait_until(lambda: client.piece(location, 2, b"d", 3).status == 200, "the answer")
    assert ask(server, "uploads", "release", str(upload)).returncode == 1
    upload, location, _ = send(client, b"odd")
    set_aside(server, upload)
    assert ask(server, "uploads", "refuse", str(upload), "not wanted").returncode == 0
    refused = client.piece(location, 2, b"d", 3)
    assert (refused.status, refused.json()["message"]) == (422, "not wanted")
    assert [request.body for request in backend.requests] == [b"good", b"odd"]
    acts = [(record["act"], record["upload"], record["result"]) for record in server.logged("audit", 3)]
    assert [act for act, _, _ in acts] == ["release", "release", "refuse"]
    assert [result == "done" for _, _, result in acts] == [True, False, True]
    assert {record["user_id"] for record in server.logged("audit", 3)} == {os.getuid()}
    assert all(record["process_id"] > 1 and record["from"] == "unix" for record in server.logged("audit", 3))


def test_a_scanner_that_is_away_costs_no_file(new_server, connected, backend, tmp_path):
    socket = tmp_path / "clamd"
    checks = f'clamd = "unix:{socket}"'
    server = new_server(toml=settings(backend, checks, SOON + 'wait = "50ms"\n'))
    client = connected(server)
    _, location, pending = send(client, b"fine")
    assert (pending.status, pending.json()["error"]) == (503, "DeliveryPending")
    assert server.logged("check failed") and not backend.requests
    with FakeClamd(socket, bytes_max=100) as clamd:
        wait_until(lambda: client.piece(location, 3, b"e", 4).status == 200, "the answer")
        found = decided(client, b"an odd file")
        assert (found.status, found.json()["message"]) == (422, "the scanner found Test.Odd")
        upload, _, pending = send(client, b"a" * 1000)
        assert pending.status == 503
        assert set_aside(server, upload)["failure"] == "the file is larger than the scanner takes"
        assert clamd.files == [b"fine", b"an odd file"]


def test_a_server_that_is_killed_while_it_checks_hands_over_once(new_server, connected, backend, tmp_path):
    gate = threading.Event()
    with FakeClamd(tmp_path / "clamd", gate=gate) as clamd:
        server = new_server(toml=settings(backend, f'clamd = "unix:{tmp_path}/clamd"', SOON + 'wait = "50ms"\n'))
        client = connected(server)
        locations = [send(client, b"file %d" % number)[1] for number in range(3)]
        wait_until(lambda: len(clamd.files) >= 3, "the checks")
        assert not backend.requests
        server.kill()
        server.start()
        client = connected(server)
        gate.set()
        for location in locations:
            wait_until(lambda where=location: client.piece(where, 5, b"x", 6).status == 200, "the answer")
    assert sorted(request.body for request in backend.requests) == [b"file 0", b"file 1", b"file 2"]


def test_embedded_files_are_checked_too(new_server, connected):
    server = new_server(toml='[backend]\nkind = "files"\n[checks]\ntypes_denied = "text/*"\n')
    client = connected(server)
    assert send(client, PNG)[2].json()["status"] == "stored"
    assert send(client, b"just words\n")[2].status == 422


CLAMD = "/usr/sbin/clamd"
CONFIGURATION = """LocalSocket {0}/clamd
DatabaseDirectory {0}/signatures
LogFile {0}/clamd.log
TemporaryDirectory {0}
Foreground yes
StreamMaxLength 1M
OfficialDatabaseOnly no
"""


@pytest.mark.skipif(not os.path.exists(CLAMD), reason="clamd is not installed")
def test_a_real_clamd(new_server, connected, backend, tmp_path):
    (tmp_path / "signatures").mkdir()
    (tmp_path / "signatures" / "own.ndb").write_text("Test.Own:0:*:" + b"a very odd file".hex() + "\n")
    (tmp_path / "clamd.conf").write_text(CONFIGURATION.format(tmp_path))
    with subprocess.Popen([CLAMD, f"--config-file={tmp_path}/clamd.conf"], stdout=subprocess.DEVNULL) as clamd:
        try:
            wait_until(lambda: os.path.exists(tmp_path / "clamd"), "clamd's socket")
            server = new_server(toml=settings(backend, f'clamd = "unix:{tmp_path}/clamd"', SOON + 'wait = "10s"\n'))
            client = connected(server)
            assert decided(client, b"nothing in it " * 1000).status == 200
            found = decided(client, b"this is a very odd file indeed")
            assert found.status == 422 and "Test.Own" in found.json()["message"]
            upload, location = open_session(client, 3_000_000)
            large = client.whole(location, bytes(3_000_000))
            assert large.status == 503
            assert set_aside(server, upload)
        finally:
            clamd.kill()
