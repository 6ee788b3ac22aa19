# SPDX-License-Identifier: MIT
"""The backends of docs/recipes: each takes an upload once, and nothing that Sluice did not send."""

import hashlib
import http.client
import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from recipe_harness import BACKENDS, SECRET, Request, Running, Shell, blocks, free_port, replaced
from support.fault_proxy import DropResponse, FaultProxy
from support.raw_http import Client
from support.sluice_server import SluiceServer, run_sluice
from support.waiting import wait_until

DATA = random.Random(17).randbytes(3_000_000)
NAME = "sea side ü.mp4"
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(params=BACKENDS)
def backend(request):
    BACKENDS[request.param].installed()
    return BACKENDS[request.param]


@pytest.fixture
def running(backend, tmp_path):
    made = Running(backend, tmp_path)
    yield made
    made.close()


def send(running, request):
    """The status and the body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    try:
        connection.request(request.method, request.target, request.body, request.headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def expect_files(running, *names):
    """An attempt removes its own files once it has answered."""
    wait_until(lambda: running.names() == sorted(names), running.names)


def serve(running, directory, url, secret_file=None, wait="30s"):
    """Sluice in front of the backend at `url`."""
    running.incoming.mkdir()
    config = directory / "sluice.toml"
    config.write_text(f"""
[backend]
url = "{url}"
mode = "{running.backend.mode}"
directory = "{running.incoming if running.backend.mode == 'reference' else ''}"
secret_file = "{secret_file or running.secret_file}"
digest = "sha256"
[delivery]
wait = "{wait}"
retry_first = "50ms"
retry_max = "100ms"
""", encoding="utf-8")
    return SluiceServer(directory / "data", args=["--config", config])


def upload(server, directory):
    path = directory / NAME
    path.write_bytes(DATA)
    return run_sluice("upload", path, "--to", server.url, env={"XDG_CACHE_HOME": str(directory / "cache")},
                      timeout=240)


def test_the_commands_of_the_text(backend, tmp_path):
    application, server = free_port(), free_port()
    (config,) = blocks(backend.recipe, "toml")
    (commands,) = blocks(backend.recipe, "sh")
    config = replaced(config, ("127.0.0.1:3000", f"127.0.0.1:{application}"))
    if backend.mode == "reference":
        config = replaced(config, ("/srv/incoming", tmp_path / "incoming"))
        (tmp_path / "incoming").mkdir()
    (tmp_path / "sluice.toml").write_text(f'server.listen = "127.0.0.1:{server}"\n{config}', encoding="utf-8")
    (tmp_path / "holiday.mp4").write_bytes(DATA)
    shell = Shell(tmp_path)
    done = shell.run(replaced(commands, ("3000", application), ("8080", server)))
    assert done.returncode == 0, (done.stderr, shell.background_log())
    answer = json.loads(done.stdout)
    assert (answer["file_name"], answer["file_size"], answer["sha256"]) == ("holiday.mp4", len(DATA), DIGEST)
    assert (tmp_path / "received" / f"{answer['id']}.bin").read_bytes() == DATA


def test_an_answer_that_was_lost_is_given_again(running, tmp_path):
    """The second attempt changes nothing, and the client hears what the first one was answered."""
    with FaultProxy("127.0.0.1", running.port) as line:
        line.script(DropResponse(on=1))
        with serve(running, tmp_path, f"{line.url}/uploads") as server:
            done = upload(server, tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["file_name"], answer["file_size"], answer["sha256"]) == (NAME, len(DATA), DIGEST)
    first, second = line.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == answer["id"]
    assert (first.headers["x-sluice-attempt"], second.headers["x-sluice-attempt"]) == ("1", "2")
    assert running.took() == [answer["id"]]
    expect_files(running, f"{answer['id']}.bin", f"{answer['id']}.json")
    assert (running.files / f"{answer['id']}.bin").read_bytes() == DATA
    assert not list(running.incoming.iterdir())


def test_attempts_at_one_time_have_one_effect(running):
    def attempt(number):
        request = Request(running, DATA)
        request.headers["X-Sluice-Attempt"] = str(number)
        return send(running, request.sign())

    # Where files are moved there is no second attempt while one is at work: it would move the same name.
    at_once = 1 if running.backend.mode == "reference" else 8
    with ThreadPoolExecutor(at_once) as pool:
        answers = set(pool.map(attempt, range(1, 17)))
    ((status, body),) = answers
    key = json.loads(body)["id"]
    assert (status, json.loads(body)["sha256"]) == (200, DIGEST)
    assert running.took() == [key]
    expect_files(running, f"{key}.bin", f"{key}.json")


def unsigned(request):
    pass


def wrong_secret(request):
    request.sign("another secret of both sides")


def too_old(request):
    request.sign(age=310)


def from_the_future(request):
    request.sign(age=-310)


def another_path(request):
    request.sign().target = "/uploads?by=mallory"


def another_method(request):
    request.sign().method = "PUT"


def another_file_name(request):
    request.sign().headers["X-Sluice-File-Name"] = "page.html"


def another_key(request):
    request.sign().headers["Idempotency-Key"] = "f" * 32


def a_header_more(request):
    request.sign().headers["X-Sluice-Owner"] = "admin"


def one_signed_header_less(request):
    signed = request.sign().headers
    signed["X-Sluice-Signed"] = signed["X-Sluice-Signed"].replace("x-sluice-file-name ", "")


def another_body(request):
    request.sign().body = request.body.replace(b"7", b"8")


def no_digest(request):
    del request.headers["X-Sluice-Body-SHA256"]
    request.sign()


def a_path_for_a_key(request):
    request.headers["Idempotency-Key"] = "../../../../etc/sluice"
    request.body = request.body.replace(b"0123456789abcdef" * 2, b"../../../../etc/sluice")
    request.headers["X-Sluice-Body-SHA256"] = hashlib.sha256(request.body).hexdigest()
    request.sign()


FORGERIES = [
    unsigned, wrong_secret, too_old, from_the_future, another_path, another_method, another_file_name, another_key,
    a_header_more, one_signed_header_less, another_body, no_digest, a_path_for_a_key,
]


def test_what_sluice_did_not_send_is_refused(running):
    """By a 5xx, so that no file is lost while a secret is being changed; and nothing is stored."""
    for forge in FORGERIES:
        request = Request(running, b"1234567 bytes")
        forge(request)
        status, body = send(running, request)
        assert status >= 500, (forge.__name__, status, body)
        expect_files(running)
        assert running.took() == [], forge.__name__
    assert send(running, Request(running, b"1234567 bytes").sign())[0] == 200
    assert len(running.took()) == 1


def test_a_wrong_secret_costs_no_file(running, tmp_path):
    other = tmp_path / "other-secret"
    other.write_text(f"{SECRET}, but another one\n", encoding="utf-8")
    with serve(running, tmp_path, running.url, other, wait="100ms") as server:
        with Client(server.address) as client:
            location = client.create(len(DATA))
            assert client.whole(location, DATA).status == 503
        server.logged("delivery failed", 2)
        expect_files(running)
        other.write_text(f"{SECRET}\n", encoding="utf-8")
        server.restart()
        with Client(server.address) as client:
            answer = wait_until(lambda: (response := client.status(location)).status == 200 and response, server.log)
    assert running.took() == [answer.json()["id"]]
