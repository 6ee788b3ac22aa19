# SPDX-License-Identifier: MIT
"""Credentials: the requests that are allowed, signed as the clients sign them, and the uploads that an owner sees."""

import hashlib
import json
import os
import shutil

import pytest

from support.panda_signature import query, signed
from support.raw_http import Connection, multipart, path_of
from support.sluice_server import run_sluice
from support.waiting import wait_until

HOST = "api.example.com"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
SESSION = "/videos/upload.json"
CREDENTIALS = """
[[credentials]]
access_key = "ann"
secret_key = "secret of ann"
cloud_ids = ["cloud"]
sessions = 2
bytes = 1000
file_size = 900

[[credentials]]
owner = "bob"
api_key = "key of bob"
token = "clou_bob"
"""
ONE_FILE = {"file_size": "9", "file_name": "a b.mp4"}


@pytest.fixture
def guarded(new_server):
    return new_server(toml=CREDENTIALS)


@pytest.fixture
def client(guarded, connected):
    return connected(guarded)


def refusal(response):
    return response.status, response.json()["error"], response.json()["message"]


def get(client, path, parameters, prefix="/v2"):
    return client.request("GET", f"{prefix}{path}?{query(parameters)}", host=HOST + ":8080")


def create(client, parameters, **how):
    return client.request("POST", "/v2" + SESSION, [FORM], query(signed("POST", HOST, SESSION, parameters, **how)).encode(),
                          host=HOST)


def upload(client, parameters=None):
    """A finished upload of ann's; its Video JSON."""
    session = create(client, parameters or ONE_FILE)
    assert session.status == 201, session
    response = client.whole(session.json()["location"], b"123456789")
    assert response.status == 200, response
    return response.json()


def test_without_a_credential_nothing_of_the_api_answers(client):
    missing = (400, "BadRequest", "All required parameters were not supplied: access_key, signature, timestamp")
    assert refusal(client.get("/videos.json")) == missing
    assert refusal(client.get("/v2/videos/0123456789abcdef0123456789abcdef.json")) == missing
    assert refusal(client.request("DELETE", "/videos/0123456789abcdef0123456789abcdef.json")) == missing
    assert refusal(client.request("POST", SESSION, [FORM], b"file_size=1&file_name=a")) == missing
    assert client.get("/healthz").status == 200


def test_ruby_opens_a_session_with_a_form_and_the_location_needs_nothing(client):
    video = upload(client)
    assert video["original_filename"] == "a b.mp4"
    assert get(client, "/videos.json", signed("GET", HOST, "/videos.json")).json()[0]["id"] == video["id"]


def test_python_signs_the_query(client):
    parameters = signed("POST", HOST, SESSION, {"file_size": "9", "file_name": "/tmp/♥ ~.mp4"})
    response = client.request("POST", f"/v2{SESSION}?{query(parameters)}", host=HOST)
    assert response.status == 201, response


def test_dotnet_sends_query_and_form(client):
    text = query(signed("POST", HOST, SESSION, ONE_FILE))
    response = client.request("POST", f"/v2{SESSION}?{text}", [FORM], text.encode(), host=HOST)
    assert response.status == 201, response


def test_php_sends_multipart_fields(client):
    parts = [(name, None, value.encode()) for name, value in signed("POST", HOST, SESSION, ONE_FILE).items()]
    response = client.request("POST", "/v2" + SESSION, [("Content-Type", "multipart/form-data; boundary=----x")],
                              multipart("----x", *parts), host=HOST)
    assert response.status == 201, response


def test_go_signs_the_query_and_the_checksum_of_its_json(client):
    body = json.dumps({"file_size": "9", "file_name": "a", "profiles": ["h264"]}).encode()
    parameters = signed("POST", HOST, SESSION, {"signature_version": "2", "checksum": hashlib.sha256(body).hexdigest()})
    target = f"/v3.0{SESSION}?{query(parameters)}"
    fields = [("Content-Type", "application/json")]
    other = client.request("POST", target, fields, body.replace(b'"9"', b'"8"'), host=HOST)
    assert refusal(other)[:2] == (401, "NotAuthorized")
    assert client.request("POST", target, fields, body, host=HOST).status == 201


def test_sdks_of_3_1_send_a_key_and_curl_a_token(client):
    body = json.dumps(ONE_FILE).encode()
    fields = [("Content-Type", "application/json"), ("X-Api-Key", "key of bob")]
    assert client.request("POST", f"/flip/3.1{SESSION}?factory_id=f", fields, body).status == 201
    fields[1] = ("X-Api-Key", "another")
    assert refusal(client.request("POST", f"/flip/3.1{SESSION}?factory_id=f", fields, body))[0] == 401
    assert client.get("/v2/videos.json?token=clou_bob&cloud_id=c").status == 200
    assert refusal(client.get("/v2/videos.json?token=clou_eve"))[:2] == (401, "NotAuthorized")


def test_what_is_signed_cannot_be_changed(client):
    parameters = signed("GET", HOST, "/videos.json", {"status": "success"})
    wrong = (401, "NotAuthorized", "Signatures do not match")
    assert get(client, "/videos.json", parameters).status == 200
    assert refusal(get(client, "/videos.json", {**parameters, "status": "fail"})) == wrong
    assert refusal(get(client, "/videos.json", {**parameters, "page": "1"})) == wrong
    assert refusal(get(client, "/encodings.json", parameters)) == wrong
    response = client.request("GET", f"/videos.json?{query(parameters)}", host="other.example.com")
    assert refusal(response) == wrong
    assert response.header("WWW-Authenticate") == "Panda"
    assert refusal(get(client, "/videos.json", signed("GET", HOST, "/videos.json", secret="guess"))) == wrong
    assert refusal(get(client, "/videos.json", signed("GET", HOST, "/videos.json", access_key="eve"))) == wrong
    assert refusal(get(client, "/videos.json", signed("GET", HOST, "/videos.json", cloud="x")))[0] == 401


def test_clouds_are_judged_wherever_they_stand(client):
    for content_type, body in (
        ("application/json", json.dumps({**ONE_FILE, "factory_id": "other"})),
        ("application/x-www-form-urlencoded", query({**ONE_FILE, "factory_id": "other"})),
    ):
        checksum = hashlib.sha256(body.encode()).hexdigest()
        parameters = signed("POST", HOST, SESSION, {"signature_version": "2", "checksum": checksum})
        response = client.request("POST", f"/v3.0{SESSION}?{query(parameters)}", [("Content-Type", content_type)],
                                  body.encode(), host=HOST)
        wrong = 'factory_id: these credentials are not for "other"'
        assert refusal(response) == (401, "NotAuthorized", wrong), content_type


def test_json_that_is_not_signed_adds_nothing(client):
    parameters = signed("POST", HOST, SESSION, ONE_FILE)
    body = {"file_size": 9, "payload": "unsigned", "multi_chunk": True,
            "extra_files": [{"tag": "t", "file_name": "t", "file_size": 1}]}
    session = client.request("POST", f"/v3.0{SESSION}?{query(parameters)}", [("Content-Type", "application/json")],
                             json.dumps(body).encode(), host=HOST)
    assert session.status == 201 and set(session.json()) == {"id", "location"}, session
    video = client.whole(session.json()["location"], b"123456789")
    assert video.status == 200 and b"unsigned" not in video.body, video


def test_a_signature_grows_old(client):
    for offset, status in ((-290, 200), (290, 200), (-310, 401), (310, 401)):
        response = get(client, "/videos.json", signed("GET", HOST, "/videos.json", offset=offset))
        assert response.status == status, (offset, response)
    assert response.json()["message"] == "Signatures expired"


def test_windows_and_names_are_settings(new_server, connected):
    server = new_server(toml='[auth]\nwindow = "1h"\nhosts = "panda.example.com"\n' + CREDENTIALS)
    client = connected(server)
    parameters = signed("GET", "panda.example.com", "/videos.json", offset=-3000)
    assert client.request("GET", "/videos.json?" + query(parameters), host="127.0.0.1:1").status == 200
    # Another server that knows the same keys got this one.
    foreign = signed("GET", "other.example.com", "/videos.json")
    response = client.request("GET", "/videos.json?" + query(foreign), host="other.example.com")
    assert refusal(response) == (401, "NotAuthorized", "Signatures do not match")


def test_a_signature_serves_one_post_also_after_a_restart(guarded, connected):
    client = connected(guarded)
    body = query(signed("POST", HOST, SESSION, ONE_FILE)).encode()
    assert client.request("POST", SESSION, [FORM], body, host=HOST).status == 201
    again = client.request("POST", SESSION, [FORM], body, host=HOST)
    assert refusal(again)[:2] == (401, "NotAuthorized")
    guarded.restart()
    again = connected(guarded).request("POST", SESSION, [FORM], body, host=HOST)
    assert refusal(again)[:2] == (401, "NotAuthorized")


def test_owners_see_only_what_is_theirs(client):
    video = upload(client)
    bob = "token=clou_bob"
    one = f"/videos/{video['id']}.json"
    assert client.get(f"/videos.json?{bob}").json() == []
    assert refusal(client.get(f"{one}?{bob}")) == (404, "RecordNotFound", f"Couldn't find Video with ID={video['id']}")
    assert client.request("DELETE", f"{one}?{bob}").status == 404
    assert client.request("DELETE", f"/videos/{video['id']}/source.json?{bob}").status == 404
    assert get(client, one, signed("GET", HOST, one)).json()["id"] == video["id"]
    response = client.request("DELETE", f"/v2{one}?{query(signed('DELETE', HOST, one))}", host=HOST)
    assert (response.status, response.json()) == (200, {"deleted": True})


def test_quotas_hold_for_sessions_sizes_and_bytes(client):
    def of_size(size):
        return create(client, {"file_size": size, "file_name": "a"})

    assert refusal(of_size("901"))[:2] == (413, "FileSizeLimitExceeded")
    first = of_size("600")
    assert first.status == 201
    assert refusal(of_size("401"))[:2] == (507, "QuotaExceeded")
    assert of_size("400").status == 201
    third = of_size("0")
    assert refusal(third)[:2] == (503, "TooManySessions")
    assert third.header("Retry-After") is not None
    client.delete(first.json()["location"])
    assert of_size("600").status == 201


def test_a_file_larger_than_the_whole_quota_never_fits(new_server, connected):
    client = connected(new_server(toml='[[credentials]]\nowner = "eve"\ntoken = "clou_eve"\nbytes = 1000\n'))

    def of_size(size):
        return client.request("POST", SESSION, [FORM], query({"file_size": size, "file_name": "a", "token": "clou_eve"}).encode())

    assert refusal(of_size("1001"))[:2] == (413, "FileSizeLimitExceeded")
    assert of_size("1000").status == 201
    full = of_size("1")
    assert refusal(full)[:2] == (507, "QuotaExceeded")
    assert full.header("Retry-After") is not None


OPEN_QUOTA = """
[[credentials]]
owner = "eve"
token = "clou_eve"
bytes = 1000
records = 4
"""


def test_a_quota_counts_extra_files_of_a_video(new_server, connected):
    client = connected(new_server(toml=OPEN_QUOTA))
    extra = json.dumps([{"tag": "subtitles", "file_name": "a.srt", "file_size": 700}])
    body = json.dumps({"file_size": 100, "file_name": "a.mp4", "multi_chunk": True, "extra_files": extra})
    session = client.request("POST", "/videos/upload.json?token=clou_eve", [("Content-Type", "application/json")], body.encode())
    assert session.status == 201, session
    location = path_of(session.json()["location"])
    octets = ("Content-Type", "application/octet-stream")
    tag = ("X-Extra-File-Tag", "subtitles")
    for fields in ([octets, tag, ("X-Part", "0")], [octets, ("X-Part", "0")]):
        size = 700 if tag in fields else 100
        assert client.request("PUT", location, fields, b"x" * size).status == 200
    wait_until(lambda: client.get("/videos.json?token=clou_eve").json(), "the video")

    def open_session(size):
        return client.request("POST", f"/videos/upload.json?token=clou_eve&file_name=b&file_size={size}")

    assert refusal(open_session(201))[:2] == (507, "QuotaExceeded")
    assert open_session(200).status == 201


def test_a_quota_counts_records_of_no_bytes(new_server, connected):
    client = connected(new_server(toml=OPEN_QUOTA))

    def empty():
        session = client.request("POST", "/videos/upload.json?token=clou_eve&file_name=b&file_size=0")
        if session.status == 201:
            assert client.request("PUT", path_of(session.json()["location"])).status == 200
        return session

    assert empty().status == 201
    assert empty().status == 201
    refused = empty()
    assert refusal(refused)[:2] == (507, "QuotaExceeded")
    assert "4 records" in refused.json()["message"]
    video = client.get("/videos.json?token=clou_eve").json()[0]["id"]
    assert client.request("DELETE", f"/videos/{video}.json?token=clou_eve").status == 200
    assert empty().status == 201


def test_one_of_several_owners_cannot_promise_themselves_the_whole_disk(new_server, connected):
    one = '[[credentials]]\nowner = "eve"\ntoken = "clou_eve"\n'
    several = one + '[[credentials]]\nowner = "bob"\ntoken = "clou_bob"\n'
    shared, alone = new_server(toml=several), new_server(toml=one)
    client = connected(shared)
    room = shutil.disk_usage(alone.data_dir).free - (1 << 30)
    if room < 1 << 30:
        pytest.skip("there is no room beside data.low_water")

    def open_session(to, size, token="clou_eve"):
        return to.request("POST", f"/videos/upload.json?token={token}&file_name=b&file_size={size}")

    assert open_session(connected(alone), room * 6 // 10).status == 201
    refused = open_session(client, room * 6 // 10)
    assert refusal(refused)[:2] == (507, "InsufficientStorage")
    assert refused.header("Retry-After") is not None
    assert open_session(client, room * 4 // 10).status == 201
    assert open_session(client, room * 2 // 10).status == 507
    assert open_session(client, room * 2 // 10, "clou_bob").status == 201
    client.close()
    shared.restart()
    client = connected(shared)
    assert open_session(client, room * 2 // 10).status == 507, "what was promised before counts for its owner"
    assert open_session(client, room // 10, "clou_bob").status == 201


def test_the_file_of_credentials_is_read_again(new_server, connected, tmp_path):
    path = tmp_path / "credentials.toml"
    path.write_text("")
    server = new_server(toml=f'[auth]\nfile = "{path}"\n', listen="0.0.0.0:0")
    client = connected(server)
    target = "/videos.json?token=clou_bob"
    assert client.get(target).status == 401, "no credential lets nobody in"
    path.write_text(CREDENTIALS)
    wait_until(lambda: client.get(target).status == 200, "the new credentials are in force")
    path.write_text('[[credentials]]\ntoken = "half of a cred')
    wait_until(lambda: "stay what they were" in server.log(), "the mistake is logged")
    assert client.get(target).status == 200
    assert "half of" not in server.log()
    path.write_text('[[credentials]]\nowner = "bob"\ntoken = "another"\n')
    wait_until(lambda: client.get(target).status == 401, "a credential that is gone opens nothing")


def test_credentials_are_added_and_revoked_while_the_server_runs(new_server, connected, tmp_path):
    path = tmp_path / "credentials.toml"
    command = ("credentials", "--file", path)
    added = run_sluice(*command, "add", "--owner", "carol")
    assert added.returncode == 0, added.stderr
    keys = dict(line.split(" = ") for line in added.stdout.splitlines() if " = " in line)
    access_key, secret, api_key = (keys[name].strip('"') for name in ("access_key", "secret_key", "api_key"))
    assert os.stat(path).st_mode & 0o777 == 0o600
    client = connected(new_server(toml=f'[auth]\nfile = "{path}"\n'))

    def status():
        return get(client, "/videos.json", signed("GET", HOST, "/videos.json", access_key=access_key, secret=secret)).status

    assert status() == 200
    assert api_key not in path.read_text() and "sha256:" in path.read_text()
    assert client.request("GET", "/videos.json", [("X-Api-Key", api_key)]).status == 200
    listed = run_sluice(*command, "list").stdout
    assert "carol" in listed and access_key in listed and secret not in listed and api_key not in listed
    assert run_sluice(*command, "revoke", "nobody").returncode == 1
    assert run_sluice(*command, "revoke", access_key).stdout == "revoked: 1\n"
    wait_until(lambda: status() == 401, "a revoked credential opens nothing")
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith("credentials")] == ["credentials.toml"]


def test_slow_probes_do_not_keep_a_revoked_token_alive(new_server, connected, tmp_path):
    """Sixteen files are at the probe, which answers nothing until it is killed, four at a time."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    probe = tmp_path / "slow-probe"
    probe.write_text(f"#!/bin/sh\nread word < {gate}\n")
    probe.chmod(0o700)
    path = tmp_path / "credentials.toml"
    path.write_text(CREDENTIALS)
    server = new_server(toml=f'[auth]\nfile = "{path}"\n[video]\nprobe = "{probe}"\n', listen="0.0.0.0:0")
    client = connected(server)
    target = "/videos.json?token=clou_bob"
    wait_until(lambda: client.get(target).status == 200, "the credentials are in force")
    uploads = [Connection(("127.0.0.1", server.port)) for _ in range(16)]
    try:
        for index, upload in enumerate(uploads):
            location = client.create(1, f"{index}.mp4", path="/videos/upload.json?token=clou_bob")
            upload.request("PUT", path_of(location), [("Content-Type", "application/octet-stream"), ("Content-Range", "bytes 0-0/1")], b"x", read=False)

        def probes_of(running):
            tasks = f"/proc/{running.pid}/task"
            return sum(len(open(f"{tasks}/{task}/children", encoding="ascii").read().split()) for task in os.listdir(tasks))

        wait_until(lambda: probes_of(server) >= 4, "every thread of the probe is taken")
        path.write_text('[[credentials]]\nowner = "bob"\ntoken = "another"\n')
        wait_until(lambda: client.get(target).status == 401, "the revoked token opens nothing")
        assert server.log().count("video not recognised") < 12, "the token lived until the probes had ended"
    finally:
        for upload in uploads:
            upload.close()
        # The probes end, and later ones do not wait at the gate.
        opened = os.open(gate, os.O_RDWR)
        (tmp_path / "open").touch()
        os.replace(tmp_path / "open", gate)
        os.close(opened)


def test_secrets_are_in_no_output(guarded, connected, tmp_path):
    client = connected(guarded)
    parameters = signed("GET", HOST, "/videos.json")
    get(client, "/videos.json", parameters)
    get(client, "/videos.json", {**parameters, "page": "7"})
    client.get("/videos.json?token=clou_bob")
    config = tmp_path / "again.toml"
    config.write_text(CREDENTIALS)
    checked = run_sluice("check", "--config", config)
    assert checked.returncode == 0
    for secret in ("secret of ann", "key of bob", "clou_bob", parameters["signature"]):
        assert secret not in guarded.log() and secret not in checked.stdout + checked.stderr


def test_an_open_address_needs_a_credential_or_the_word(new_server, tmp_path):
    new_server(toml=CREDENTIALS, listen="0.0.0.0:0")
    refused = run_sluice("serve", "--listen", "0.0.0.0:0", "--data", tmp_path / "no")
    assert refused.returncode == 2 and "credentials" in refused.stderr
    assert not os.path.exists(tmp_path / "no")
