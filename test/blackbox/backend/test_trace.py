# SPDX-License-Identifier: MIT
"""The trace of a client's request (W3C Trace Context) on its way through: to the hook, to the backend, into the log."""

import re

import pytest

from support.raw_http import Client
from support.scripted_backend import ScriptedBackend, answer

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENT = f"00-{TRACE}-00f067aa0ba902b7-01"
PASSED_ON = re.compile(rf"00-{TRACE}-([0-9a-f]{{16}})-01")


@pytest.fixture
def upload(new_server):
    """Uploads a file, with these header fields of the request that opens it; returns what the application was sent, and the server."""
    with ScriptedBackend(answer(body=b"{}")) as hook, ScriptedBackend(answer(500), answer()) as backend:
        server = new_server("--backend", backend.url(), toml=f'[hooks]\nauthorize = "{hook.url()}"\nfinished = "{hook.url()}"\n[delivery]\nretry_first = "10ms"\n')

        def run(*traceparents):
            fields = [("traceparent", value) for value in traceparents]
            with Client(server.address) as client:
                opened = client.request("POST", "/videos/upload.json?file_name=a.mp4&file_size=3", fields=fields)
                assert client.whole(opened.json()["location"], b"abc").status in (200, 202, 503)
            return [hook.wait_for(n).headers for n in (1, 2)], [backend.wait_for(n).headers for n in (1, 2)], server

        yield run


def test_a_trace_goes_on_to_the_hooks_and_to_each_attempt(upload):
    told, attempts, server = upload(SENT)
    parents = {PASSED_ON.fullmatch(headers["traceparent"])[1] for headers in [*told, *attempts]}
    assert len(parents) == 1 and parents != {"00f067aa0ba902b7"}, "one of the server's own, for the request that opened it"
    requests = server.logged("request", 2)
    assert [record.get("trace") for record in requests[:2]] == [TRACE, None]


@pytest.mark.parametrize("sent", [[], ["nonsense"], [SENT.replace("4bf9", "4BF9")], [SENT, SENT]], ids=["none", "nonsense", "capitals", "two"])
def test_without_a_valid_one_there_is_none(upload, sent):
    told, attempts, server = upload(*sent)
    assert all("traceparent" not in headers for headers in [*told, *attempts])
    assert all("trace" not in record for record in server.logged("request"))
