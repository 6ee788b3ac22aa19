# SPDX-License-Identifier: MIT
"""The name that a client gives its file is data: stored and given back, escaped in JSON, fields and log lines, never a path."""

import json
import os
from urllib.parse import quote, quote_from_bytes

import pytest

from support.raw_http import Connection, multipart, path_of

TARGET = "/videos/upload.json"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")

# Bytes of the name, and the text that it is from then on.
NAMES = {
    "parents": (b"../../../../etc/passwd", "../../../../etc/passwd"),
    "absolute": (b"/etc/passwd", "/etc/passwd"),
    "backslashes": (rb"..\..\boot.ini", "..\\..\\boot.ini"),
    "nul": (b"a\x00b.mp4", "a\0b.mp4"),
    "line_ends": (b"a\r\nSet-Cookie: b\r\n\r\n<html>", "a\r\nSet-Cookie: b\r\n\r\n<html>"),
    "log_line": (b'a"}\n{"level":"error","event":"forged"}', 'a"}\n{"level":"error","event":"forged"}'),
    "terminal": (b"\x1b[31m\x07\x7f\xc2\x9b", "\x1b[31m\x07\x7f\x9b"),
    "direction": ("a\u202egpj.exe".encode(), "a\u202egpj.exe"),
    "quotes": (b"\"'\\;`$(id)%s%n", "\"'\\;`$(id)%s%n"),
    "long": (b"x" * 9996 + b".mp4", "x" * 9996 + ".mp4"),
    "invalid_utf8": (b"a\xff\xfe.mp4", "a\ufffd\ufffd.mp4"),
    "cut_utf8": (b"a\xe2\x99", None),
    "surrogate": (b"a\xed\xa0\x80b", None),
    "dots": (b"..", ".."),
    "device": (b"/dev/null", "/dev/null"),
    "space": (b" ", " "),
    "markup": (b"<script>alert(1)</script>", "<script>alert(1)</script>"),
}


def by_query(client, name):
    return client.request("POST", f"{TARGET}?file_size=3&file_name={quote_from_bytes(name, safe='')}")


def by_form(client, name):
    return client.request("POST", TARGET, [FORM], b"file_size=3&file_name=" + quote_from_bytes(name, safe="").encode())


def by_multipart(client, name):
    body = multipart("b0undary", ("file_size", None, b"3"), ("file_name", None, name))
    return client.request("POST", TARGET, [("Content-Type", "multipart/form-data; boundary=b0undary")], body)


def by_json(client, name):
    text = json.dumps({"file_size": 3, "file_name": name.decode("utf-8", "surrogatepass")})
    return client.request("POST", TARGET, [JSON], text.encode("utf-8"))


def assert_clean_head(response):
    """raw_http refuses a field that holds anything but visible ASCII; none may be the client's own."""
    assert response.header("Set-Cookie") is None


def files_below(directory):
    return {os.path.join(at, name) for at, _, names in os.walk(directory) for name in names}


def tell_and_store(client, server, response, expected):
    assert response.status == 201, response
    assert_clean_head(response)
    location = response.json()["location"]
    described = client.get(path_of(location))
    assert described.status == 200, described
    assert_clean_head(described)
    told = described.json()["file_name"]
    if expected is not None:
        assert told == expected
    assert not any(0xD800 <= ord(c) < 0xE000 for c in told)
    video = client.whole(location, b"abc")
    assert video.status == 200, video
    assert_clean_head(video)
    # The record of the video has the name without the client's directories.
    assert video.json()["original_filename"] == told.rpartition("/")[2]
    listed = client.get(f"/videos/{video.json()['id']}.json")
    assert listed.json()["original_filename"] == told.rpartition("/")[2]
    for path in files_below(server.data_dir):
        relative = os.path.relpath(path, server.data_dir)
        assert relative.isascii() and relative.isprintable() and ".." not in relative.split("/"), path


@pytest.mark.parametrize("send", [by_query, by_form, by_multipart], ids=lambda send: send.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_name_is_kept_as_data(client, server, send, name):
    raw, expected = NAMES[name]
    if send is by_query and len(raw) > 4000:
        response = send(client, raw)
        assert response.status == 414 or response.status == 431, response
        return
    tell_and_store(client, server, send(client, raw), expected)


@pytest.mark.parametrize("name", [key for key in NAMES if key not in ("invalid_utf8", "cut_utf8", "surrogate")])
def test_name_in_json_is_kept_as_data(client, server, name):
    raw, expected = NAMES[name]
    tell_and_store(client, server, by_json(client, raw), expected)


@pytest.mark.parametrize("body", [b'{"file_size":3,"file_name":"\\ud800"}', b'{"file_size":3,"file_name":"a\xff"}'])
def test_json_that_is_no_text_is_kept_as_such(client, server, body):
    expected = body.removeprefix(b'{"file_size":3,"file_name":"').removesuffix(b'"}').decode("utf-8", "replace")
    tell_and_store(client, server, client.request("POST", TARGET, [JSON], body), expected.replace("\\ud800", "\ufffd"))


@pytest.mark.parametrize("name", [key for key in NAMES if key not in ("line_ends", "log_line", "nul", "terminal")])
def test_file_name_of_a_part_changes_nothing(client, server, name):
    """The session has named the file; the form's own name is neither needed nor used."""
    raw, _ = NAMES[name]
    location = client.create(3)
    disposition = b'form-data; name="file"; filename="' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    body = b"--b0undary\r\nContent-Disposition: " + disposition + b"\r\n\r\nabc\r\n--b0undary--\r\n"
    field = ("Content-Type", "multipart/form-data; boundary=b0undary")
    before = files_below(server.data_dir)
    response = client.request("POST", path_of(location), [field], body)
    if len(raw) > 8000:
        assert response.status == 400, response
        assert client.stored(location, 3) == 0
        return
    assert response.status == 200, response
    assert response.json()["original_filename"] == "clip.mp4"
    for path in files_below(server.data_dir) - before:
        assert os.path.basename(path).isascii()


@pytest.mark.parametrize("raw", [b"a\nb", b"a\r\n b", b"a\x00b", b"a\x1bb"])
def test_control_bytes_in_the_head_of_a_part_are_refused_or_harmless(client, raw):
    location = client.create(3)
    body = b'--b0undary\r\nContent-Disposition: form-data; name="file"; filename="' + raw + b'"\r\n\r\nabc\r\n--b0undary--\r\n'
    response = client.request(
        "POST", path_of(location), [("Content-Type", "multipart/form-data; boundary=b0undary")], body
    )
    assert response.status in (200, 400), response
    assert client.stored(location, 3) == (3 if response.status == 200 else 0)


ODD_TARGETS = [
    "/videos/%00.json",
    "/videos/%0d%0aSet-Cookie:a.json",
    "/uploads/..%2f..%2fetc%2fpasswd",
    "/uploads/../../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/videos/" + quote("\u202e\u0007") + ".json",
    "/" + "%ff" * 100,
    "/uploads/" + "A" * 43 + "%0a",
]


@pytest.mark.parametrize("target", ODD_TARGETS)
def test_paths_lead_nowhere_and_come_back_escaped(client, target):
    response = client.get(target)
    assert response.status in (400, 404), response
    assert_clean_head(response)
    assert response.json()["error"] in ("BadRequest", "RecordNotFound")
    assert all(byte >= 0x20 for byte in response.body.rstrip(b"\n")), response


def test_log_lines_stay_lines_whatever_comes(new_server, connected):
    server = new_server()
    client = connected(server)
    for raw, _ in NAMES.values():
        by_form(client, raw)
    for target in ODD_TARGETS:
        client.get(target)
    fields = [("User-Agent", "a\tb"), ("Host", "h"), ("X-Forwarded-For", '"}\t{"level":"error"}'), ("Origin", "\x7f")]
    with Connection(server.address) as odd:
        odd.send(Connection.head("GET", "/healthz", fields))
        odd.read_final()
    with Connection(server.address) as odd:
        odd.send(b"G\x1b[31mT\xff / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert odd.read_final().status == 400
    client.close()
    assert server.terminate() == 0
    log = server.log()
    assert log.isascii() or not set(log) & {"\x1b", "\x07", "\x7f", "\x9b", "\u202e", "\0"}
    assert all(record["event"] != "forged" for record in server.log_records())
