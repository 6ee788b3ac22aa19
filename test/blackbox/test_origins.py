# SPDX-License-Identifier: MIT
"""Who may read what across origins: defaults, lists and patterns."""

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
        "head too large": (start + f"X-Query-Params: {'x' * 20_000}\r\n\r\n", 431),
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
