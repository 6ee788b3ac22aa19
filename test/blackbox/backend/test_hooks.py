# SPDX-License-Identifier: MIT
"""The application that is asked before a session, and told of the end of each upload."""

import json
import threading
import time
from urllib.parse import parse_qs

import pytest

from support.panda_signature import query, signed
from support.raw_http import Client
from support.scripted_backend import ScriptedBackend, after, answer, signature_fits
from support.waiting import wait_until

SECRET = "0123456789abcdef0123456789abcdef"
QUICK = '[delivery]\nretry_first = "10ms"\nretry_max = "20ms"\n'


@pytest.fixture
def serve(new_server, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")

    def start(hooks):
        lines = "".join(f'{name} = "{url}"\n' for name, url in hooks.items())
        return new_server(toml=f'[hooks]\nsecret_file = "{secret}"\nheaders = "authorization"\n{lines}{QUICK}')

    return start


def open_session(server, headers=()):
    with Client(server.address) as client:
        return client.request("POST", "/videos/upload.json?file_size=3&file_name=a.mp4&payload=p", fields=list(headers))


def test_the_application_lets_a_session_in_and_adds_to_it(serve):
    verdict = json.dumps({"parameters": {"user": 5}, "limits": {"file_size": 3}}).encode()
    with ScriptedBackend(answer(body=verdict)) as application:
        server = serve({"authorize": application.url("/may"), "created": application.url("/created")})
        response = open_session(server, [("Authorization", "Bearer t")])
        assert response.status == 201
        asked = application.wait_for(1)
        assert asked.target == "/may"
        assert asked.json() == {
            "event": "authorize", "dialect": "panda", "file_name": "a.mp4", "file_size": 3, "content_type": "",
            "parameters": {"payload": "p"},
            "client_address": "127.0.0.1", "headers": {"authorization": "Bearer t"}}
        assert signature_fits(asked, SECRET)
        told = application.wait_for(2)
        assert told.target == "/created"
        assert told.json()["upload"]["parameters"] == {"payload": "p", "user": 5}


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_the_application_refuses_in_its_own_words(serve, status):
    with ScriptedBackend(answer(status, b"<b>no</b>", [("Content-Type", "text/html")])) as application:
        server = serve({"authorize": application.url()})
        response = open_session(server)
        assert (response.status, response.body, response.header("Content-Type")) == (status, b"<b>no</b>", "text/plain; charset=utf-8")


def test_a_limit_of_the_application_holds(serve):
    with ScriptedBackend(answer(body=b'{"limits":{"file_size":2}}')) as application:
        response = open_session(serve({"authorize": application.url()}))
        assert response.status == 413
        assert response.json()["error"] == "FileSizeLimitExceeded"


@pytest.mark.parametrize("step", [answer(500), answer(302), answer(body=b"yes")], ids=["500", "302", "no JSON"])
def test_without_a_verdict_the_client_is_to_come_again(serve, step):
    with ScriptedBackend(step) as application:
        response = open_session(serve({"authorize": application.url()}))
        assert response.status == 503
        assert response.header("Retry-After")
        assert response.json()["error"] == "Overloaded"


@pytest.mark.parametrize("status", [404, 408, 425, 429])
def test_trouble_on_the_way_to_the_application_is_no_refusal(serve, status):
    with ScriptedBackend(answer(status, b"<b>gateway</b>", [("Retry-After", "7")]), answer()) as application:
        server = serve({"authorize": application.url()})
        response = open_session(server)
        assert (response.status, response.header("Retry-After")) == (503, "7")
        assert b"gateway" not in response.body
        [line] = server.logged("the authorize hook gave no verdict")
        assert line["level"] == "warn"
        assert line["reason"] == f"status {status}"
        assert line["request"] == response.header("X-Request-Id")
        assert open_session(server).status == 201


def test_an_application_that_is_not_there_refuses_nobody_for_good(serve):
    with ScriptedBackend() as application:
        url = application.url()
    assert open_session(serve({"authorize": url})).status == 503


WINDOW_SECONDS = 300  # auth.window
LEFT_SECONDS = 6  # The validity that the signature has left when it is made.
HOST = "api.example.com"


def signed_session(offset=0):
    parameters = signed("POST", HOST, "/videos/upload.json", {"file_size": "3", "file_name": "a.mp4"}, offset=offset)
    return f"/v2/videos/upload.json?{query(parameters)}"


@pytest.mark.parametrize(
    "is_pruned, reason", [(False, "this one has been used"), (True, "while this request waited, its signature has")]
)
def test_a_replay_while_the_application_thinks_is_refused(new_server, is_pruned, reason):
    events = [threading.Event(), threading.Event()]
    answers = [None, None]
    with ScriptedBackend(*(after(event, answer()) for event in events), answer()) as application:
        # Signatures are forgotten when the clocks have agreed for the shortest of these times.
        server = new_server(
            toml=f'[hooks]\nauthorize = "{application.url()}"\ntimeout = "1m"\ngive_up_after = "1s"\n'
            '[[credentials]]\naccess_key = "ann"\nsecret_key = "secret of ann"\n'
        )

        def post(target):
            with Client(server.address) as client:
                return client.request("POST", target, host=HOST)

        def send(number):
            answers[number] = post(target)

        target = signed_session(offset=LEFT_SECONDS - WINDOW_SECONDS)
        expired_at = time.monotonic() + LEFT_SECONDS + 1  # Dates of signatures are whole seconds.
        threads = [threading.Thread(target=send, args=(number,), daemon=True) for number in range(2)]
        for number, thread in enumerate(threads):
            thread.start()
            application.wait_for(number + 1)
        events[0].set()
        threads[0].join(60)
        assert answers[0].status == 201, answers[0].body
        if is_pruned:
            wait_until(lambda: time.monotonic() > expired_at, "the end of the signature's time")
            assert post(signed_session()).status == 201  # Takes the records of expired signatures away.
        events[1].set()
        threads[1].join(60)
        assert (answers[1].status, answers[1].json()["error"]) == (401, "NotAuthorized")
        assert reason in answers[1].json()["message"]


def test_every_turn_is_told_signed_and_in_order_also_after_a_restart(serve):
    broken = answer(503)
    with ScriptedBackend(broken, broken, answer()) as application:
        server = serve({event: application.url("/" + event) for event in ("created", "finished", "aborted", "video_created")})
        with Client(server.address) as client:
            given_up = client.create(3)
            assert client.delete(given_up).status == 200
        application.wait_for(1)
        server.kill()
        server.start()
        with Client(server.address) as client:
            finished = client.create(3)
            final = client.whole(finished, b"abc")
            assert final.status == 200
        with application.arrived:
            def all_told():
                return {(r.target, r.headers["x-sluice-upload-id"]) for r in application.requests} >= {
                    ("/created", "1"), ("/aborted", "1"), ("/created", "2"), ("/finished", "2"), ("/video_created", "2")}

            assert application.arrived.wait_for(all_told, 60), [r.target for r in application.requests]
        assert all(signature_fits(request, SECRET) for request in application.requests)
        for upload, order in (("1", ["/created", "/aborted"]), ("2", ["/created", "/finished"])):
            told = [r.target for r in application.requests if r.headers["x-sluice-upload-id"] == upload]
            firsts = sorted(order, key=told.index)
            assert firsts == order
            assert len({r.key for r in application.requests if r.headers["x-sluice-upload-id"] == upload}) == len(set(told))
        told = next(r for r in application.requests if r.target == "/finished").json()
        assert told["event"] == "finished"
        assert told["upload"]["state"] == "delivered"
        assert json.loads(told["answer"]["body"]) == final.json()
        panda = next(r for r in application.requests if r.target == "/video_created")
        assert panda.headers["content-type"] == "application/x-www-form-urlencoded"
        video = final.json()["id"]
        assert parse_qs(panda.body.decode()) == {
            "event": ["video-created"], "video_id": [video], "encoding_ids[0]": [video]}
