# SPDX-License-Identifier: MIT
"""How each client opens a session, byte for byte where it matters: where the parameters stand, and which fields of the answer it needs."""

import json
import re

import pytest

from support.raw_http import multipart

FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")
SIGNED = "access_key=a&cloud_id=c&timestamp=2026-11-22T17%3A20%3A58.000000%2B00%3A00&signature=s%3D"
API_KEY = ("X-Api-Key", "tlcs_key")


def opened(client, response, file_size, file_name):
    """Checks the fields that every client needs in the answer, and that the session has the requested parameters."""
    assert response.status == 201, response
    assert response.header("Content-Type").startswith("application/json")
    assert b"\n" not in response.body
    answer = response.json()
    assert "error" not in answer and answer["id"]
    # An absolute URL without escapes: Ruby escapes it once more.
    assert re.fullmatch(r"https?://[^/%\s]+/[^%\s]+", answer["location"])
    session = client.request("GET", "/" + answer["location"].split("/", 3)[3]).json()
    assert (session["file_size"], session["file_name"]) == (file_size, file_name)


def test_ruby_gem(client):
    """The whole path as the name, a space as +, a connection for each request."""
    body = f"file_name=%2Fhome%2Fme%2Fmy+cl%C3%AFp.mp4&file_size=250000&profiles=h264&{SIGNED}".encode()
    fields = [FORM, ("Accept", "*/*"), ("User-Agent", "Ruby"), ("Connection", "close")]
    opened(client, client.request("POST", "/v2/videos/upload.json", fields, body), 250_000, "/home/me/my clïp.mp4")


def test_ruby_gem_on_excon(client):
    """An empty query, and a form without a Content-Type."""
    body = f"file_name=a.mp4&file_size=9&use_all_profiles=true&{SIGNED}".encode()
    opened(client, client.request("POST", "/v2/videos/upload.json?", [], body), 9, "a.mp4")


@pytest.mark.parametrize("prefix", ["/v2", "/v3.0"])
def test_python_client(client, prefix):
    """All in the query, a payload of its own in JSON, an empty body."""
    query = f"file_name=original%E2%99%A5.mp4&file_size=6000000&profiles=h264&payload=%7B%22a%22%3A+1%7D&{SIGNED}"
    fields = [("Accept-Encoding", "gzip, deflate"), ("Accept", "*/*"), ("User-Agent", "python-requests/2.18.4")]
    opened(client, client.request("POST", f"{prefix}/videos/upload.json?{query}", fields), 6_000_000, "original♥.mp4")


def test_node_client(client):
    """The query keeps ' * ( ) and ! as they are."""
    query = f"file_name=it's(1)*!.mp4&file_size=10&content_type=video/mp4&{SIGNED}"
    opened(client, client.request("POST", f"/v2/videos/upload.json?{query}"), 10, "it's(1)*!.mp4")


def test_php_client(client):
    """curl sends an array as multipart/form-data, and asks before."""
    boundary = "------------------------d74496d66958873e"
    parameters = {"file_name": "a b.mp4", "file_size": "10", "access_key": "a", "cloud_id": "c", "signature": "s="}
    body = multipart(boundary, *((name, None, value.encode()) for name, value in parameters.items()))
    fields = [("Accept", "*/*"), ("Content-Type", f"multipart/form-data; boundary={boundary}"), ("Expect", "100-continue")]
    opened(client, client.request("POST", "/v2/videos/upload.json", fields, body), 10, "a b.mp4")


def test_php_bundle(client):
    """A boolean of PHP is 1 or nothing."""
    body = f"file_name=a.mp4&file_size=10&profiles=h264%2Cwebm&use_all_profiles=&path_format=%3Aid&{SIGNED}".encode()
    opened(client, client.request("POST", "/v2/videos/upload.json", [FORM], body), 10, "a.mp4")


def test_dotnet_client_of_2011(client):
    body = f"{SIGNED}&file_name=C%3a%5cclips%5ca.mp4&file_size=10".encode()
    fields = [FORM, ("Expect", "100-continue")]
    opened(client, client.request("POST", "/v2/videos/upload.json", fields, body), 10, "C:\\clips\\a.mp4")


def test_dotnet_sdk(client):
    """The signed query once more as the body."""
    query = f"file_name=a.mp4&file_size=6000000&{SIGNED}"
    response = client.request("POST", f"/v3.0/videos/upload.json?{query}", [FORM], query.encode())
    opened(client, response, 6_000_000, "a.mp4")


def test_java_sdk(client):
    body = f"file_size=6000000&file_name=a.mp4&profiles=h264&{SIGNED}".encode()
    fields = [FORM, ("Cache-Control", "no-cache"), ("Pragma", "no-cache"), ("User-Agent", "Java/1.8.0_181")]
    opened(client, client.request("POST", "/v3.0/videos/upload.json", fields, body), 6_000_000, "a.mp4")


def test_coldfusion_client(client):
    """Joins its parts with one slash too many."""
    body = f"FILE_SIZE=9&file_name=a.mp4&file_size=9&{SIGNED}".encode()
    opened(client, client.request("POST", "/v2//videos/upload.json", [FORM], body), 9, "a.mp4")


def test_go_client_of_3_0(client):
    """Authentication in the query, the session as JSON with numbers in text and a list of profiles."""
    query = f"{SIGNED}&signature_version=2&checksum={'0' * 64}"
    body = json.dumps({"extra_files": None, "file_name": "f.mp4", "file_size": "10", "profiles": ["h264"]}).encode()
    fields = [JSON, ("User-Agent", "Go-http-client/1.1"), ("Accept-Encoding", "gzip")]
    opened(client, client.request("POST", f"/v3.0/videos/upload.json?{query}", fields, body), 10, "f.mp4")


@pytest.mark.parametrize("prefix", ["/flip/3.1/videos", "/api/flip/3.1/videos", "/api/v3.1/videos",
                                    "/qc/v1.0/projects/p1", "/tts/v1.0/projects/p1"])
def test_sdks_of_3_1(client, prefix):
    """JSON, a key in a header, the factory in the query."""
    body = json.dumps({"file_size": 10, "file_name": "f.mp4", "profiles": "h264"}).encode()
    response = client.request("POST", f"{prefix}/upload.json?factory_id=tg01", [JSON, API_KEY], body)
    opened(client, response, 10, "f.mp4")


def test_php_sdk_writes_its_json_on_many_lines(client):
    body = json.dumps({"file_size": 10, "file_name": "f.mp4"}, indent=4).encode()
    opened(client, client.request("POST", "/flip/3.1/videos/upload.json?factory_id=f", [JSON, API_KEY], body), 10, "f.mp4")


@pytest.mark.parametrize("target", ["/v2/videos/upload", "/v2/videos/upload.xml", "/qc/v1.0/projects/p1/upload"])
def test_only_json_is_a_format(client, target):
    response = client.request("POST", target, [FORM], b"file_name=a&file_size=9")
    assert response.status == 400
    assert response.json() == {"error": "BadRequest", "message": "Currently only .json is supported as a format"}


class TestPageOfTheServersOwn:
    """Where the operator lets Sluice be the backend of pages on its own origin."""

    FIELDS = [("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8"), ("X-Requested-With", "XMLHttpRequest")]
    PAYLOAD = b"payload=%7B%22filename%22%3A%22a.mp4%22%2C%22filesize%22%3A9%2C%22content_type%22%3A%22x%22%7D"

    def test_is_served_when_enabled(self, new_server, connected):
        client = connected(new_server(toml="[server]\nauthorize_upload = true\n"))
        response = client.request("POST", "/panda/authorize_upload", self.FIELDS, self.PAYLOAD)
        assert response.status == 200, response
        done = client.whole(response.json()["upload_url"], b"123456789")
        assert done.status == 200 and done.json()["original_filename"] == "a.mp4"
        # A form of another origin can send this without a preflight.
        assert client.request("POST", "/panda/authorize_upload", self.FIELDS[:1], self.PAYLOAD).status == 400
        fetched = client.request("POST", "/panda/authorize_upload", self.FIELDS, b'payload={"fileurl":"http://a/b"}')
        assert fetched.status == 400 and "fileurl" in fetched.json()["message"]

    def test_is_not_there_by_default(self, client):
        assert client.request("POST", "/panda/authorize_upload", self.FIELDS, self.PAYLOAD).status == 404
