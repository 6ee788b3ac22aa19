# SPDX-License-Identifier: MIT
"""Other settings for a running server: what it takes over, what it names, what it refuses; nobody is cut off by it."""

import os
import signal

import pytest

from support.raw_http import Client, path_of
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import run_sluice
from support.waiting import wait_until

KEYS = {"ann": "a" * 24, "ben": "b" * 24}


class World:
    """A server whose configuration file the test writes anew."""

    def __init__(self, new_server, tmp_path):
        self.path = tmp_path / "config0.toml"
        self._new_server = new_server
        self.server = None

    def start(self, toml="", **options):
        self.server = self._new_server(toml=toml, **options)
        return self

    def reload(self, toml, code=0):
        self.path.write_text(toml, encoding="utf-8")
        done = run_sluice("reload", "--data", self.server.data_dir)
        assert done.returncode == code, done
        return done.stdout + done.stderr

    def open_session(self, size=3, fields=(), client=None):
        target = f"/videos/upload.json?file_name=a.mp4&file_size={size}"
        if client is not None:
            return client.request("POST", target, fields=list(fields))
        with Client(self.server.address) as own:
            return own.request("POST", target, fields=list(fields))


@pytest.fixture
def world(new_server, tmp_path):
    return World(new_server, tmp_path)


def credentials(*owners):
    return "".join(f'[[credentials]]\nowner = "{owner}"\napi_key = "{KEYS[owner]}"\n' for owner in owners)


def test_limits_hold_for_what_begins_from_then_on(world, connected):
    world.start("")
    client = connected(world.server)
    location = client.create(9)
    assert client.piece(location, 0, b"abcde", 9).status == 204
    before = client.connection
    told = world.reload("[limits]\nfile_size = 8\n")
    assert told == "changed: limits.file_size\n"
    assert world.open_session(9).status == 413
    assert world.open_session(8).status == 201
    assert client.piece(location, 5, b"fghi", 9).status == 200, "an upload that is under way goes on"
    assert client.connection is before, "and so does its connection"
    page = client.get("/page.json")  # A build without Node has none.
    assert page.status == 404 or page.json()["file_size_max"] == 8
    world.reload("[limits]\nsessions = 1\n")
    assert world.open_session(9).json()["error"] == "TooManySessions"
    world.reload("[limits]\nsessions = 5\nuploads = 1\n")
    assert world.open_session(9).json()["error"] == "Overloaded"
    world.reload("[limits]\nsessions = 5\n[data]\nlow_water = \"1000TiB\"\n")
    assert world.open_session(9).status == 507
    assert client.get("/readyz").status == 503
    assert world.reload("") != "" and world.open_session(9).status == 201


def test_a_rate_begins_and_ends(world, connected):
    world.start('[server]\ntrusted_proxies = "127.0.0.0/8"\n')
    fields = [("X-Forwarded-For", "192.0.2.1")]
    proxies = '[server]\ntrusted_proxies = "127.0.0.0/8"\n'
    world.reload(proxies + "[limits]\ncreations_per_address = 1\n")
    assert world.open_session(fields=fields).status == 201
    assert world.open_session(fields=fields).json()["message"].startswith("too many uploads were opened in the last minute")
    world.reload(proxies)
    assert world.open_session(fields=fields).status == 201


def test_a_request_under_way_is_not_touched(world, connected):
    world.start("")
    client = connected(world.server)
    location = path_of(client.create(9))
    running = connected(world.server).connection
    running.send_head("PUT", location, [("Content-Type", "application/octet-stream"), ("Content-Length", "9"),
                                        ("Content-Range", "bytes 0-8/9")])
    running.send(b"abcd")
    world.reload('[timeouts]\nbody = "10s"\n[expiry]\nidle = "3h"\n[limits]\nfile_size = 5\nconnections = 2\n')
    running.send(b"efghi")
    assert running.read_response().status == 200


def test_pages_of_other_origins(world, connected):
    world.start("")
    client = connected(world.server)
    origin = [("Origin", "https://app.example")]

    def allowed():
        return client.request("OPTIONS", "/videos/upload.json", fields=[*origin, ("Access-Control-Request-Method", "POST")]).header(
            "Access-Control-Allow-Origin")

    assert allowed() is None
    assert world.open_session(fields=origin, client=client).status == 403
    world.reload('[cors]\napi_origins = "https://app.example"\norigins = "https://other.example"\n')
    assert allowed() == "https://app.example"
    location = world.open_session(fields=origin, client=client).json()["location"]
    assert client.request("GET", path_of(location), fields=origin).header("Access-Control-Allow-Origin") is None


def test_credentials_of_the_configuration(world):
    world.start(credentials("ann"))

    def statuses():
        return [world.open_session(fields=[("X-Api-Key", key)]).status for key in KEYS.values()]

    assert statuses() == [201, 401]
    assert world.reload(credentials("ben")) == "changed: credentials\n"
    assert statuses() == [401, 201]
    told = world.reload("")
    assert told == "needs a restart: credentials\n"
    assert statuses() == [401, 201], "whether credentials are needed is found out at the start"


def test_hooks_come_change_and_go(world, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef0123456789abcdef\n")
    world.start("")
    with ScriptedBackend(answer(403, b"no")) as strict, ScriptedBackend(answer(body=b"{}")) as kind:
        assert world.open_session().status == 201
        assert "hooks.authorize" in world.reload(f'[hooks]\nauthorize = "{strict.url()}"\n')
        assert world.open_session().status == 403
        assert "x-sluice-signature" not in strict.requests[0].headers
        hooks = f'[hooks]\nauthorize = "{kind.url("/may")}"\ncreated = "{kind.url("/created")}"\nsecret_file = "{secret}"\n'
        world.reload(hooks)
        assert world.open_session().status == 201
        kind.wait_for(2)
        assert [(request.target, "x-sluice-signature" in request.headers) for request in kind.requests] == [
            ("/may", True), ("/created", True)]
        secret.write_text("fedcba9876543210fedcba9876543210\n")
        assert world.reload(hooks) == (
            "the settings are the same as before; the files that they name were read again\n")
        world.reload("")
        assert world.open_session().status == 201
        assert len(strict.requests) == 1 and len(kind.requests) == 2


def test_the_level_of_the_log(world, connected):
    world.start('[log]\nlevel = "error"\n')
    client = connected(world.server)
    client.get("/healthz")
    world.reload('[log]\nlevel = "info"\n')
    client.get("/healthz")
    wait_until(lambda: [record["route"] for record in world.server.log_records() if "route" in record] == ["reload", "healthz"],
               "the lines of the two requests after the change")


@pytest.mark.parametrize("how", ["command", "signal"])
def test_a_bad_file_changes_nothing_and_says_why(world, how):
    world.start("[limits]\nfile_size = 100\n")
    bad = '[limits]\nfile_size = 5\nfile_sise = 6\n[hooks]\nsecret_file = "/no/such/file"\n'
    if how == "command":
        told = world.reload(bad, code=1)
        assert "config0.toml:3" in told and "limits.file_sise" in told
    else:
        world.path.write_text(bad)
        os.kill(world.server.pid, signal.SIGHUP)
    (refused,) = world.server.logged("the settings stay what they were")
    assert refused["level"] == "error" and "limits.file_sise" in refused["reason"]
    (record,) = world.server.logged("audit")
    assert record["act"] == "reload" and "limits.file_sise" in record["result"]
    assert world.open_session(100).status == 201, "file_size is what it was"
    told = world.reload('[limits]\nfile_size = 5\n[hooks]\nsecret_file = "/no/such/file"\n', code=1)
    assert "hooks.secret_file" in told and "/no/such/file" in told
    assert world.open_session(100).status == 201


def test_what_needs_a_restart_is_named(world, connected):
    world.start("")
    told = world.reload('[server]\nworkers = 1\n[limits]\nfile_size = 5\n[dialects]\npath = "/elsewhere"\n')
    assert told == "changed: limits.file_size\nneeds a restart: server.workers\nneeds a restart: dialects.path\n"
    (waiting,) = world.server.logged("settings wait for a restart")
    assert waiting["settings"] == "server.workers, dialects.path"
    assert connected(world.server).request("OPTIONS", "/files").status == 204
    assert world.reload('[server]\nworkers = 1\n') == "changed: limits.file_size\nneeds a restart: server.workers\n"


def test_without_a_server_there_is_nothing_to_reload(tmp_path):
    done = run_sluice("reload", "--data", tmp_path)
    assert done.returncode == 4 and "no server" in done.stderr
