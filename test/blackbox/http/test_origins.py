# SPDX-License-Identifier: MIT
"""The origins that may read answers: defaults, lists and patterns."""

import os

import pytest

from support.raw_http import Connection, path_of

PAGE = "https://app.example.org"
ALLOW = "Access-Control-Allow-Origin"


def preflight(client, target, origin, method, headers):
    fields = [("Origin", origin), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", headers)]
    return client.request("OPTIONS", target, fields)


def words(response, name):
    return {word.strip().lower() for word in response.header(name).split(",")}


def test_by_default_every_page_may_use_locations_and_none_the_api(client):
    location = path_of(client.create(9))
    assert client.request("GET", location, [("Origin", PAGE)]).header(ALLOW) == "*"
    assert client.request("GET", "/videos.json", [("Origin", PAGE)]).header(ALLOW) is None
    answer = preflight(client, "/v2/videos.json", PAGE, "GET", "x-requested-with")
    assert answer.status == 204 and answer.header(ALLOW) is None
    assert client.request("GET", "/healthz", [("Origin", PAGE)]).header(ALLOW) is None


@pytest.mark.parametrize("target", ["/undefined", "/uploads/x/y", "/uploads/%zz"])
def test_a_mistaken_location_fails_readably(client, target):
    answer = preflight(client, target, PAGE, "PUT", "content-range,content-type")
    if target != "/uploads/%zz":
        assert answer.status == 204 and "PUT" in answer.header("Access-Control-Allow-Methods")
    failed = client.request("PUT", target, [("Origin", PAGE), ("Content-Range", "bytes */9")])
    assert failed.status in (400, 404) and failed.header(ALLOW) == "*"


def test_listed_origins(new_server, connected):
    server = new_server(toml='[cors]\norigins = "https://app.example.org, http://*.example.net:*"\napi_origins = "https://app.example.org"\n')
    client = connected(server)
    location = path_of(client.create(9))
    for origin in (PAGE, "http://a.b.example.net:3000"):
        answer = client.request("GET", location, [("Origin", origin)])
        assert (answer.header(ALLOW), answer.header("Vary")) == (origin, "Origin")
        assert {"location", "range"} <= words(answer, "Access-Control-Expose-Headers")
        assert answer.header("Access-Control-Allow-Credentials") is None
    for origin in ("https://evil.example", "https://app.example.org.evil.example", "null"):
        answer = client.request("GET", location, [("Origin", origin)])
        assert (answer.header(ALLOW), answer.header("Vary")) == (None, "Origin")
    # The first uploader for browsers sends its files to the API itself.
    headers = "cache-control,content-type,x-file-name,x-query-params,x-requested-with"
    answer = preflight(client, "/v2/videos.json", PAGE, "POST", headers)
    assert answer.status == 204 and answer.header(ALLOW) == PAGE
    assert set(headers.split(",")) <= words(answer, "Access-Control-Allow-Headers")
    assert client.request("GET", "/v2/videos/0.json", [("Origin", PAGE)]).header(ALLOW) == PAGE
    assert client.request("GET", "/v2/videos.json", [("Origin", "http://a.example.net")]).header(ALLOW) is None


@pytest.mark.parametrize("case", ["head too large", "target too long", "two lengths", "no request at all", "head that never ends"])
def test_answers_to_what_is_no_request_are_readable(new_server, case):
    server = new_server(toml='[timeouts]\nhead = "300ms"\n')
    start = f"PUT /uploads/x HTTP/1.1\r\nHost: a\r\nOrigin: {PAGE}\r\n"
    data, status = {
        "head too large": (start + f"X-Query-Params: {'x' * 40_000}\r\n\r\n", 431),
        "target too long": (start.replace("/uploads/x", "/uploads/" + "x" * 9_000) + "\r\n", 414),
        "two lengths": (start + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        "no request at all": ("nonsense\r\n\r\n", 400),
        "head that never ends": (start, 408),
    }[case]
    with Connection((server.host, server.port)) as connection:
        connection.send(data.encode())
        answer = connection.read_final()
    assert answer.status == status and answer.header(ALLOW) == "*", answer
    assert {"location", "range"} <= words(answer, "Access-Control-Expose-Headers")


FORM = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\n\r\nDATA\r\n--b--\r\n"
FOREIGN = [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")]


def stored_files(server):
    return [name for part in ("uploads", "videos") for _, _, names in os.walk(os.path.join(server.data_dir, part)) for name in names]


def test_page_of_a_stranger_is_kept_from_the_api(new_server, connected):
    server = new_server()
    client = connected(server)
    multipart = [("Content-Type", "multipart/form-data; boundary=b")]
    session = "/videos/upload.json?file_name=a&file_size=9"
    for one in ([field] for field in FOREIGN):
        for method, target, fields, body in (
            ("POST", "/v2/videos.json", multipart, FORM),
            ("POST", session, [("Content-Type", "text/plain")], b""),
            ("GET", "/videos.json", [], b""),
            ("DELETE", "/videos/0123456789abcdef0123456789abcdef.json", [], b""),
        ):
            answer = client.request(method, target, fields + one, body)
            assert (answer.status, answer.json()["error"]) == (403, "Forbidden"), answer
    assert stored_files(server) == []
    own = [("Origin", server.url), ("Sec-Fetch-Site", "same-origin")]
    assert client.request("POST", session, own).status == 201
    location = path_of(client.create(4))
    assert client.request("PUT", location, [("Content-Type", "application/octet-stream"), *FOREIGN], b"DATA").status == 200


def test_page_may_send_any_header(client):
    location = path_of(client.create(9))
    answer = preflight(client, location, PAGE, "PUT", "authorization,traceparent,x-csrf-token")
    assert {"authorization", "traceparent", "x-csrf-token", "x-part"} <= words(answer, "Access-Control-Allow-Headers")
    assert answer.header("Access-Control-Allow-Credentials") is None


def test_name_that_leads_here_from_elsewhere(new_server, connected):
    toml = '[server]\npublic_url = "https://up.example.org"\nhosts = "Inside.example.org, [2001:db8::1]"\n'
    client = connected(new_server(toml=toml))
    for host in ("up.example.org", "inside.example.org:81", "127.0.0.1", "[::1]:80", "a.localhost"):
        assert client.request("GET", "/videos.json", host=host).status == 200, host
    for host in ("evil.example", "x.up.example.org"):
        for target in ("/videos.json", "/metrics"):
            answer = client.request("GET", target, host=host)
            assert (answer.status, answer.json()["error"]) == (421, "MisdirectedRequest"), answer
    location = path_of(client.create(9))
    assert client.request("GET", location, host="evil.example").status == 200
    assert connected(new_server("--open")).request("GET", "/videos.json", host="evil.example").status == 200
