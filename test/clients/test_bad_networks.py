# SPDX-License-Identifier: MIT
"""Every client of others that needs no browser, and every fault: the file is stored as it was, and the backend has it once."""

import functools
import random
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.faults import BYTES_MAX, strike_with_all
from ways import TUS_JS

SIZE = 3_000_000


def tus_js_client(options, world, path):
    outcome = world.tus_js(path, **{"retryDelays": [100] * 20, **options}).end()
    assert outcome["success"], outcome
    return outcome["url"]


def tuspy(chunk_size, world, path):
    client = pytest.importorskip("tusclient.client").TusClient(world.endpoint)
    upload = client.uploader(str(path), chunk_size=chunk_size, retries=20, retry_delay=0.1)
    upload.upload()
    assert upload.offset == SIZE
    return upload.url


def curl(*words):
    return subprocess.run(["curl", "-sS", *map(str, words)], capture_output=True, text=True, check=False, timeout=60)


def field(text, name):
    found = re.search(rf"(?im)^{name}: *(.*?)\r?$", text)
    return found[1] if found else None


def session(world):
    made = curl("-f", "-d", f"file_size={SIZE}", "-d", "file_name=clip.mp4", world.proxy.url + "/videos/upload.json")
    return re.search(r'http[^"]*', made.stdout)[0]


def curl_continues(world, path):
    location = session(world)
    while curl("-f", "-C", asked(location), "-T", path, location).returncode:
        pass
    return location


def asked(location):
    """How many bytes are stored, as curl needs them."""
    told = field(curl("-i", "-X", "PUT", "-H", f"Content-Range: bytes */{SIZE}", location).stdout, "Range")
    return int(told.partition("-")[2]) + 1 if told else 0


def curl_sends_a_form(world, path):
    location = session(world)
    sent = curl("-f", "--retry", 20, "--retry-all-errors", "--retry-delay", 1, "-F", f"file=@{path}", location)
    assert sent.returncode == 0, sent
    return location


def curl_by_hand(world, path):
    """tus: HEAD, then PATCH of the rest, until all is there."""
    version = ("-H", "Tus-Resumable: 1.0.0")
    made = curl("-f", "-i", "-X", "POST", *version, "-H", f"Upload-Length: {SIZE}", world.endpoint)
    location = field(made.stdout, "Location")
    rest = path.with_name("rest.bin")
    while (offset := int(field(curl("-I", *version, location).stdout, "Upload-Offset") or 0)) < SIZE:
        rest.write_bytes(path.read_bytes()[offset:])
        chunk = ("-H", "Content-Type: application/offset+octet-stream", "-H", f"Upload-Offset: {offset}")
        curl("-X", "PATCH", *version, *chunk, "-T", rest, location)
    return location


# Each uploads a file and returns its location.
CLIENTS = {
    **{name: functools.partial(tus_js_client, options) for name, options in TUS_JS.items()},
    "tuspy, one chunk": functools.partial(tuspy, SIZE),
    "tuspy, small chunks": functools.partial(tuspy, 700_001),
    "curl, Content-Range": curl_continues,
    "curl, a form": curl_sends_a_form,
    "curl, tus": curl_by_hand,
}


def brings_bytes(request):
    return request.method in ("POST", "PUT", "PATCH") and int(request.headers.get("content-length", "0")) > BYTES_MAX


def ends_the_file(request):
    """Its answer is the client's last."""
    if "upload-concat" in request.headers:
        return request.headers["upload-concat"].startswith("final")
    first = re.search(r"\d+", request.content_range or request.headers.get("upload-offset", "0"))
    return request.method != "HEAD" and int(first[0]) + int(request.headers.get("content-length", "0")) >= SIZE


@pytest.mark.parametrize("client", CLIENTS)
def test_one_fault_after_another(world, tus_js, client):
    path, data = world.file(SIZE)
    world.tus_js = tus_js
    act = strike_with_all(world, random.Random(client), brings_bytes, ends_the_file)
    with ThreadPoolExecutor(1) as other:
        running = other.submit(CLIENTS[client], world, path)
        unused = act()
        location = running.result(120)
    # A whole file in a creation whose answer is lost is a new upload: the client knows no location.
    world.expect_stored(location, data, uploads=2 if client.endswith("with upload") else 1)
    assert unused() == []
