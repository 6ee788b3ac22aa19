# SPDX-License-Identifier: MIT
"""The console at admin.listen: its API, its stream of events, and who may use them."""

import re
import signal

import pytest

from support.event_stream import EVENTS, EventStream
from support.raw_http import Client, Connection, address_beyond_loopback, path_of
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import run_sluice
from support.waiting import wait_until

CONSOLE = '[admin]\nlisten = "127.0.0.1:0"\n'
TOKEN = "the token of the console, long enough"
LISTENERS_MAX = 16


def console_address(server, host="127.0.0.1"):
    return host, int(re.search(r"^pages on http://[^:]+:(\d+)$", server.stdout_text, re.M).group(1))


@pytest.fixture
def new_console(new_server):
    """Makes a server with a console; the address of the latter is its `console`."""

    def make(*args, toml=CONSOLE, **options):
        server = new_server(*args, toml=toml, **options)
        server.console = console_address(server)
        return server

    return make


def post(console, target, *fields):
    return console.request("POST", target, fields)


def test_uploads_are_listed_searched_shown_and_ended(new_console, connected):
    server = new_console()
    client = connected(server)
    locations = [client.create(9, name) for name in ("a.mp4", "Holiday.mp4", "b.mp4")]
    assert client.piece(locations[1], 0, b"abc", 9).status == 204
    with Client(server.console) as console:
        page = console.get("/api/uploads?state=receiving&count=2")
        assert page.header("Cache-Control") == "no-store"
        assert [upload["file_name"] for upload in page.json()["uploads"]] == ["a.mp4", "Holiday.mp4"]
        assert len(console.get(f"/api/uploads?after={page.json()['next']}").json()["uploads"]) == 1
        found = console.get("/api/uploads?search=holi").json()["uploads"]
        assert [upload["arrived"] for upload in found] == [3]
        upload_id = found[0]["id"]
        story = console.get(f"/api/uploads/{upload_id}").json()
        assert story["stored"] == "0-3" and story["address"] == "127.0.0.1" and "last_byte_at" in story
        assert path_of(locations[1]) not in console.get(f"/api/uploads/{upload_id}").body.decode()
        assert post(console, f"/api/uploads/{upload_id}/abort").json()["state"] == "aborted"
        assert client.status(locations[1]).status == 404
        assert post(console, f"/api/uploads/{upload_id}/abort").status == 400
        assert post(console, "/api/uploads/999/abort").status == 404
        assert console.get(f"/api/uploads/{upload_id}/abort").status == 405
        assert console.get("/api/status").json()["uploads"]["receiving"] == 2
        assert post(console, "/api/locations/back").status == 404
        # The pages that were there before are there still.
        assert console.get("/readyz").status == 200
        assert b"sluice_uploads" in console.get("/metrics").body


def test_uploads_on_record_come_in_the_order_that_is_asked_for(new_console, connected):
    server = new_console()
    client = connected(server)
    for name, size in (("b.mp4", 20), ("a.mp4", 30), ("c.mp4", 10)):
        client.create(size, name)
    with Client(server.console) as console:
        def names(query):
            return [upload["file_name"][0] for upload in console.get(f"/api/uploads?{query}").json()["uploads"]]

        assert ["".join(names(query)) for query in ("", "sort=id", "sort=name", "sort=size", "sort=size&reverse=true")] == [
            "bac", "cab", "abc", "abc", "cba"]
        page = console.get("/api/uploads?sort=size&count=2&state=receiving").json()
        assert (page["matching"], page["next"], "truncated" in page) == (3, 2, False)
        assert names("sort=size&count=2&skip=2") == ["c"]
        assert console.get("/api/uploads?sort=active").status == 400


def test_an_upload_has_a_story(new_console, connected):
    with ScriptedBackend(answer(503, b"come back later"), answer(200)) as backend:
        server = new_console("--backend", backend.url(), toml=CONSOLE + '[delivery]\nretry_first = "10ms"\n')
        client = connected(server)
        location = client.create(9, "a.mp4")
        assert client.piece(location, 0, b"abc", 9).status == 204
        with Connection(server.address) as lost:
            lost.send_head("PUT", path_of(location), [
                ("Content-Type", "application/octet-stream"), ("Content-Length", "6"), ("Content-Range", "bytes 3-8/9")])
            lost.send(b"de")
            wait_until(lambda: client.status(location).header("Range") == "0-4", "the bytes")
        with Client(server.console) as console:
            def story():
                return console.get("/api/uploads/1").json()

            def kinds():
                return [event["event"] for event in story()["events"]]

            wait_until(lambda: "broke_off" in kinds(), "the end of the request")
            assert client.piece(location, 5, b"fghi", 9).status == 200
            told = story()
            assert kinds() == ["created", "begins", "bytes", "broke_off", "begins", "bytes", "complete", "attempt_failed", "answered"]
            broke_off = told["events"][3]
            assert broke_off["bytes"] == 2 and broke_off["words"]
            assert "503" in told["events"][7]["words"] and told["events"][8]["words"] == "status 200"
            shown = run_sluice("uploads", "show", "1", "--data", server.data_dir).stdout
            assert re.search(r"^  20\S+Z  broke_off, 2 bytes: ", shown, re.M), shown
            server.kill()
            server.start()
        with Client(console_address(server)) as console:
            assert kinds() == ["created", "complete", "answered"]


def test_a_refused_file_is_handed_over_again(new_console, connected):
    with ScriptedBackend(answer(422), answer(200)) as backend:
        server = new_console("--backend", backend.url())
        client = connected(server)
        assert client.whole(client.create(3), b"abc").status == 422
        with EventStream(server.console, "state=all") as events, Client(server.console) as console:
            [row] = events.wait_for_uploads(lambda rows: rows and rows[0]["state"] == "refused")
            assert row["answer_status"] == 422
            assert post(console, f"/api/uploads/{row['id']}/retry").status == 200
            events.wait_for_uploads(lambda rows: rows[0]["state"] == "delivered")


def test_the_reason_of_the_last_attempt_is_told(new_console, connected):
    slow = '[delivery]\nretry_first = "1h"\nretry_max = "1h"\nwait = "1s"\n'
    with ScriptedBackend(answer(503, b"come back later")) as backend:
        server = new_console("--backend", backend.url(), toml=CONSOLE + slow)
        client = connected(server)
        assert client.whole(client.create(3), b"abc").status == 503
        with EventStream(server.console) as events:
            [row] = events.wait_for_uploads(lambda rows: rows and rows[0].get("attempts"))
    assert row["state"] == "delivering" and "503" in row["failure"], row


def test_the_stream_begins_with_all_and_goes_on_with_changes(new_console, connected):
    server = new_console()
    client = connected(server)
    location = client.create(9, "a.mp4")
    client.create(5, "b.mp4")
    with EventStream(server.console, "search=A.MP4") as events:
        assert events.head_lines[0] == "HTTP/1.1 200 OK"
        assert "Content-Type: text/event-stream" in events.head_lines
        assert "Connection: close" in events.head_lines
        assert not [line for line in events.head_lines if line.startswith("Content-Length")]
        assert events.next()[0] == "hour"
        assert events.wait_for("status")["ready"] is True
        first = events.wait_for("uploads")
        assert (first["all"], first["matching"], first["counts"]) == (True, 1, {"receiving": 2})
        assert [row["file_name"] for row in first["rows"]] == ["a.mp4"]
        quiet = events.wait_for("uploads")
        assert (quiet["all"], quiet["rows"], quiet["order"]) == (False, [], first["order"])
        assert client.piece(location, 0, b"abcd", 9).status == 204
        events.rows = {row["id"]: row for row in first["rows"]}
        [row] = events.wait_for_uploads(lambda rows: rows[0]["arrived"] == 4)
        assert row["address"] == "127.0.0.1"
        assert client.delete(location).status in (200, 204)
        events.wait_for_uploads(lambda rows: not rows)


def test_samples_of_the_last_hour(new_console, connected):
    server = new_console()
    with EventStream(server.console) as events:
        # The first tick brings one, unless it came before the listener.
        samples = events.wait_for("hour")["samples"] or [events.wait_for("sample")]
    assert samples[0]["memory"] > 1_000_000 and samples[0]["disk"] > 0 and samples[0]["handoffs"] == 0


def test_listeners_are_bounded_and_leave_their_place(new_console):
    server = new_console()
    streams = [EventStream(server.console) for _ in range(LISTENERS_MAX)]
    with Client(server.console) as console:
        refused = console.get(EVENTS)
        assert refused.status == 503 and refused.header("Retry-After")
        streams.pop().close()
        # It is known to be gone when it is written to.
        wait_until(lambda: _listens(server.console), "a place becomes free")
        assert console.get("/readyz").status == 200
    for stream in streams:
        stream.close()


def test_a_listener_whose_network_has_gone_leaves_its_place(new_console):
    server = new_console(toml=CONSOLE + '[timeouts]\nwrite = "1s"\n')
    streams = [EventStream(server.console) for _ in range(LISTENERS_MAX)]
    streams[0].fall_silent()
    assert not _listens(server.console)
    wait_until(lambda: _listens(server.console), "a place becomes free")
    for stream in streams[1:]:
        stream.wait_for("uploads")
        stream.close()
    streams[0].close()


def _listens(address):
    with EventStream(address) as stream:
        return stream.head_lines[0] == "HTTP/1.1 200 OK"


def test_a_stream_ends_when_the_server_goes(new_console):
    server = new_console()
    with EventStream(server.console) as events:
        events.wait_for("uploads")
        server.signal(signal.SIGTERM)
        events.wait_for("end")
        assert events.next() is None
    assert server.wait(20) == 0


def test_a_token_where_one_is_set(new_console, tmp_path):
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n", encoding="utf-8")
    secret.chmod(0o600)
    server = new_console(toml=f'{CONSOLE}token_file = "{secret}"\n')
    bearer = ("Authorization", f"Bearer {TOKEN}")
    with Client(server.console) as console:
        for target in ("/api/uploads", "/api/status", "/api/owners", EVENTS):
            refused = console.get(target)
            assert refused.status == 401 and refused.header("WWW-Authenticate").startswith("Bearer"), target
        assert post(console, "/api/uploads/1/abort", ("Authorization", "Bearer wrong")).status == 401
        assert post(console, "/api/uploads/1/abort", bearer).status == 404
        assert console.request("GET", "/api/status", [bearer]).status == 200
        act = server.logged("audit", 1)[-1]
        assert (act["act"], act["from"], act["credential"]) == ("abort", "127.0.0.1", "admin.token_file")
        assert "user_id" not in act
        # The pages for machines ask for none, as before.
        assert console.get("/metrics").status == 200
    with EventStream(server.console, fields=[bearer]) as events:
        assert events.wait_for("status")["ready"] is True
    assert TOKEN not in server.log()


def test_a_token_that_can_be_guessed_is_refused(new_server, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("short\n", encoding="utf-8")
    server = new_server(toml=f'{CONSOLE}token_file = "{secret}"\n', start=False)
    with pytest.raises(Exception, match="expected a secret"):
        server.start()


def test_without_a_token_it_is_for_this_machine_alone(new_console):
    server = new_console(toml='[admin]\nlisten = "0.0.0.0:0"\n')
    with Client(console_address(server)) as console:
        assert console.get("/api/status").status == 200
        assert console.request("GET", "/api/status", [("X-Forwarded-For", "192.0.2.1")]).status == 403
        assert console.request("GET", "/api/status", host="rebound.example.com").status == 421
        foreign = ("Origin", "http://stranger.example")
        assert post(console, "/api/uploads/1/abort", foreign).status == 403
        assert post(console, "/api/uploads/1/abort", ("Sec-Fetch-Site", "cross-site")).status == 403
    host = address_beyond_loopback()
    if host is not None:
        with Client(console_address(server, host)) as console:
            assert console.get("/api/status").status == 403
            assert console.get("/metrics").status == 200


def test_it_is_off_where_the_operator_says_so(new_console):
    server = new_console(toml=CONSOLE + "[pages]\nconsole = false\n")
    with Client(server.console) as console:
        assert console.get("/").status == 404
        assert console.get("/api/status").status == 404
        assert console.get("/readyz").status == 200


def test_owners_and_what_they_may_have(new_console, connected):
    key = '[[credentials]]\nowner = "ann"\napi_key = "key of ann"\nbytes = "1MiB"\n'
    server = new_console(toml=CONSOLE + key)
    client = connected(server)
    form = ("Content-Type", "application/x-www-form-urlencoded")
    opened = client.request("POST", "/videos/upload.json", [form, ("X-Api-Key", "key of ann")], b"file_size=9&file_name=a")
    assert opened.status == 201
    with Client(server.console) as console:
        [ann] = console.get("/api/owners").json()["owners"]
    assert (ann["owner"], ann["bytes"], ann["sessions"], ann["bytes_max"]) == ("ann", 9, 1, 1_048_576)


def test_a_thousand_uploads_are_counted_and_the_first_shown(new_console, connected):
    server = new_console()
    client = connected(server)
    names = [f"film{number}.mp4" for number in range(1000)]
    locations = [client.create(9, name) for name in names]
    streams = [EventStream(server.console), EventStream(server.console, "search=film99&sort=name")]
    with Connection(server.address) as connection:
        told = streams[0].wait_for("uploads")
        assert (told["matching"], len(told["order"]), len(told["rows"])) == (1000, 200, 200)
        assert told["counts"] == {"receiving": 1000}
        searched = streams[1].wait_for_uploads(lambda rows: rows)
        assert [row["file_name"] for row in searched][:2] == ["film99.mp4", "film990.mp4"]
        # Clients are served meanwhile.
        assert connection.request("GET", "/healthz").status == 200
        assert client.whole(locations[0], b"abcdefghi").status == 200
        streams[0].rows = {row["id"]: row for row in told["rows"]}
        assert len(streams[0].wait_for_uploads(lambda rows: True)) == 200
    for stream in streams:
        stream.close()
