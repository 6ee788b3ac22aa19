# SPDX-License-Identifier: MIT
"""What holds in all dialects alike: who may open an upload, and that a request is answered in one of them."""

import json

import pytest

from support.raw_http import Client, multipart, path_of
from support.scripted_backend import ScriptedBackend, answer

ENABLED = 'dialects.enabled = "panda, tus, rufh, range308, formchunks, filepond"\n'
CREDENTIALS = '[[credentials]]\nowner = "ann"\napi_key = "the key of ann"\n'
TUS = ("Tus-Resumable", "1.0.0")
FORM = ("Content-Type", "multipart/form-data; boundary=b")
JSON = ("Content-Type", "application/json")
DATA = b"abc"


def form(**fields):
    return multipart("b", *((name, None, value.encode()) for name, value in fields.items()))


def chunk(**fields):
    return multipart("b", *((name, None, value.encode()) for name, value in fields.items()), ("file", "a.mp4", DATA))


# A request that opens an upload of a file of 3 bytes, with a parameter of the client's: target, fields, body.
OPENINGS = {
    "panda": ("/videos/upload.json", [JSON], json.dumps({"file_name": "a.mp4", "file_size": 3, "payload": "p"}).encode()),
    "tus": ("/files", [TUS, ("Upload-Length", "3"), ("Upload-Metadata", "filename YS5tcDQ=,payload cA==")], b""),
    "rufh": ("/files?file_name=a.mp4&payload=p",
             [("Upload-Draft-Interop-Version", "8"), ("Upload-Complete", "?0"), ("Upload-Length", "3")], b""),
    "range308": ("/files?uploadType=resumable", [JSON, ("X-Upload-Content-Length", "3")], b'{"name":"a.mp4","payload":"p"}'),
    "formchunks": ("/files", [FORM], chunk(dzuuid="u", dzchunkindex="0", dztotalfilesize="3", dzchunksize="3", dztotalchunkcount="1",
                                           dzchunkbyteoffset="0", payload="p")),
    "filepond": ("/files?file_name=a.mp4&payload=p", [FORM, ("Upload-Length", "3")], form(filepond="{}")),
}
each_dialect = pytest.mark.parametrize("dialect", OPENINGS)


def open_upload(client, dialect, *more):
    target, fields, body = OPENINGS[dialect]
    return client.request("POST", target, [*fields, *more], body)


@each_dialect
def test_opening_an_upload_needs_a_credential(new_server, dialect):
    server = new_server(toml=ENABLED + CREDENTIALS)
    with Client(server.address) as client:
        for wrong in ([], [("X-Api-Key", "guessed")], [("Authorization", "Bearer guessed")]):
            assert open_upload(client, dialect, *wrong).status in (400, 401), wrong
        for right in (("X-Api-Key", "the key of ann"), ("Authorization", "Bearer the key of ann")):
            response = open_upload(client, dialect, right)
            assert response.status in (200, 201), response
    created = server.logged("upload created")
    assert len(created) <= 2, "of form chunks the second request finds the upload of the first"


@pytest.fixture
def asking(new_server, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef0123456789abcdef\n")

    def start(application):
        return new_server(toml=f'{ENABLED}[hooks]\nauthorize = "{application.url()}"\ncreated = "{application.url("/created")}"\n'
                               f'secret_file = "{secret}"\nheaders = "x-user"\n')

    return start


@each_dialect
def test_the_application_is_asked_in_which_dialect_and_refuses_in_its_own_words(asking, dialect):
    with ScriptedBackend(answer(403, b"not today", [("Content-Type", "text/plain")])) as application:
        with Client(asking(application).address) as client:
            refused = open_upload(client, dialect, ("X-User", "5"))
        assert (refused.status, refused.body) == (403, b"not today"), refused
        asked = application.wait_for(1).json()
    told = {name: asked[name] for name in ("event", "dialect", "file_name", "file_size", "headers")}
    assert told == {"event": "authorize", "dialect": dialect, "file_name": "a.mp4", "file_size": 3, "headers": {"x-user": "5"}}


@each_dialect
def test_the_application_adds_to_the_parameters_and_replaces_those_of_the_client(asking, dialect):
    verdict = json.dumps({"parameters": {"user": 5, "payload": "ours"}}).encode()
    with ScriptedBackend(answer(body=verdict)) as application:
        with Client(asking(application).address) as client:
            assert open_upload(client, dialect).status in (200, 201)
        assert application.wait_for(1).json()["parameters"]["payload"] == "p"
        told = application.wait_for(2)
        assert told.target == "/created"
        kept = told.json()["upload"]["parameters"]
        assert {"user": 5, "payload": "ours"}.items() <= kept.items(), kept


@each_dialect
def test_a_limit_of_the_application_holds_in_each_dialect(asking, dialect):
    with ScriptedBackend(answer(body=b'{"limits":{"file_size":2}}')) as application:
        server = asking(application)
        with Client(server.address) as client:
            assert open_upload(client, dialect).status == 413
        assert server.terminate() == 0
        assert "upload created" not in {record["event"] for record in server.log_records()}


WORDS = [TUS, ("Upload-Draft-Interop-Version", "8"), ("Upload-Complete", "?1"), ("Upload-Offset", "3"), ("Upload-Length", "9"),
         ("Content-Range", "bytes 3-8/9"), ("X-Part", "0"), ("X-Upload-Content-Length", "9"), ("Upload-Name", "a")]


@pytest.mark.parametrize("method, dialect", [("PATCH", "tus"), ("HEAD", "tus"), ("DELETE", "tus"), ("PUT", "tus"), ("POST", "range308")])
def test_a_request_in_words_of_all_dialects_is_answered_in_one_which_the_log_names(new_server, method, dialect):
    server = new_server(toml=ENABLED)
    with Client(server.address) as client:
        location = client.create(9)
        assert client.piece(location, 0, DATA, 9).status == 204
        body = b"defghi" if method in ("PATCH", "PUT", "POST") else b""
        response = client.request(method, path_of(location), [*WORDS, ("Content-Type", "application/offset+octet-stream")], body)
        theirs = {"Tus-Resumable": "tus", "Upload-Draft-Interop-Version": "rufh", "Upload-Limit": "rufh", "Range": "panda"}
        assert {theirs[name] for name in theirs if response.header(name)} <= {dialect}, response
        assert response.status < 500
        if response.status >= 400:
            assert client.get(path_of(location)).json()["received"] == 3
        number = response.header("X-Request-Id")
    assert server.terminate() == 0
    (line,) = (record for record in server.log_records() if record.get("request") == number and record["event"] == "request")
    assert line["dialect"] == dialect
