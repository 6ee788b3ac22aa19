# SPDX-License-Identifier: MIT
"""POST /videos.json: a file and its parameters in one request, as each client sends them."""

import json
import os

import pytest

from support.panda_signature import query, signed
from support.raw_http import OCTETS, Connection, multipart
from support.scripted_backend import ScriptedBackend, answer
from support.waiting import wait_until

HOST = "api.example.com"
TARGET = "/v2/videos.json"
PATH = "/videos.json"
CREDENTIALS = """
[[credentials]]
access_key = "ann"
secret_key = "secret of ann"
cloud_ids = ["cloud"]

[[credentials]]
owner = "bob"
token = "clou_bob"
bytes = 100000
file_size = 90000
"""
BOUNDARY = "-----------RubyMultipartPost"


@pytest.fixture
def guarded(new_server):
    return new_server(toml=CREDENTIALS)


@pytest.fixture
def client(guarded, connected):
    return connected(guarded)


def form_type(boundary=BOUNDARY):
    return ("Content-Type", f"multipart/form-data; boundary={boundary}")


def fields_of(parameters):
    return [(name, None, str(value).encode()) for name, value in parameters.items()]


def ruby_form(data, parameters):
    own = [f"Content-Length: {len(data)}", "Content-Type: multipart/form-data", "Content-Transfer-Encoding: binary"]
    return multipart(BOUNDARY, ("file", "panda.mp4", data, own), *fields_of(parameters))


def send_ruby(client, data, parameters=None, **how):
    body = ruby_form(data, signed("POST", HOST, PATH, parameters, **how))
    return client.request("POST", TARGET, [form_type()], body, host=HOST)


def send_python(client, data, parameters=None, **how):
    target = f"{TARGET}?{query(signed('POST', HOST, PATH, parameters, **how))}"
    return client.request("POST", target, [form_type("b")], multipart("b", ("file", "panda.mp4", data)), host=HOST)


def send_token(client, data, token="clou_bob"):
    return client.request("POST", f"{TARGET}?token={token}&file=panda", [form_type("b")], multipart("b", ("file", "a.mp4", data)))


def refusal(response):
    return response.status, response.json()["error"]


def blobs(server):
    folder = os.path.join(server.data_dir, "uploads")
    return [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]


def assert_nothing_left(server, client):
    """Neither bytes nor a record, and no video."""
    assert blobs(server) == []
    assert os.listdir(os.path.join(server.data_dir, "videos")) == []
    page = client.get("/metrics").body.decode()
    counts = [line for line in page.splitlines() if line.startswith("sluice_uploads{")]
    assert counts and all(line.endswith(" 0") for line in counts), counts


def assert_is_video(server, video_path, response, data, name="panda.mp4"):
    assert response.status == 200, response
    assert response.header("Content-Type").startswith("application/json")
    assert b"\n" not in response.body
    video = response.json()
    assert "error" not in video and video["file_size"] == len(data) and video["original_filename"] == name
    assert video["status"] in ("processing", "success", "fail")
    with open(video_path(server, video), "rb") as file:
        assert file.read() == data
    return video


def test_ruby_gem_sends_the_file_first(client, guarded, video_path, noise):
    data = noise(3_000_000)
    response = send_ruby(client, data, {"profiles": "h264", "payload": "a b~é"})
    video = assert_is_video(guarded, video_path, response, data)
    assert video["payload"] == "a b~é"
    listed = client.request("GET", f"{TARGET}?{query(signed('GET', HOST, PATH))}", host=HOST).json()
    assert [one["id"] for one in listed] == [video["id"]]
    assert client.get("/videos.json?token=clou_bob").json() == []
    assert blobs(guarded) == []


def test_python_client_signs_the_query(client, guarded, video_path, noise):
    data = noise(3_000_000)
    assert_is_video(guarded, video_path, send_python(client, data, {"profiles": "h264"}), data)


def test_dotnet_2011_sends_a_preamble_and_the_parameters_first(client, guarded, video_path, noise):
    data = noise(300_000)
    boundary = "---------------------8d1f5d2c3b4a596"
    parameters = fields_of(signed("POST", HOST, PATH, {"profiles": "h264"}))
    body = multipart(boundary, *parameters, ("file", "C:\\clips\\clip.mp4", data, ["Content-Type: video/mp4"]), preamble=b"\r\n")
    with Connection(guarded.address) as connection:
        fields = [form_type(boundary), ("Expect", "100-continue"), ("Content-Length", str(len(body)))]
        connection.send_head("POST", TARGET, fields, host=HOST)
        assert connection.read_response().status == 100
        connection.send(body)
        response = connection.read_final()
    assert_is_video(guarded, video_path, response, data, "clip.mp4")


def test_go_client_names_the_part_by_its_path(client, guarded, video_path, noise):
    data = noise(300_000)
    boundary = "^{8d1f-5d2c}^"
    target = f"{TARGET}?{query(signed('POST', HOST, PATH, {'profiles': 'h264'}))}"
    body = multipart(boundary, ("/home/me/clip.mp4", "/home/me/clip.mp4", data))
    response = client.request("POST", target, [form_type(boundary)], body, host=HOST)
    assert_is_video(guarded, video_path, response, data, "clip.mp4")


def test_php_7_sends_the_name_of_the_file_as_text(client, guarded):
    parameters = {**signed("POST", HOST, PATH, {"file": "@/tmp/a.mp4", "profiles": "h264"}), "file": "@/tmp/a.mp4"}
    response = client.request("POST", TARGET, [form_type()], multipart(BOUNDARY, *fields_of(parameters)), host=HOST)
    assert refusal(response) == (400, "BadRequest")
    assert "@/tmp/a.mp4" in response.json()["message"]
    assert_nothing_left(guarded, client)


def browser_v1_fields(parameters, origin="https://app.example.org"):
    return [("Origin", origin), ("Cache-Control", "no-cache"), ("X-Requested-With", "XMLHttpRequest"),
            ("X-File-Name", "my film.mp4"), ("X-Query-Params", json.dumps(parameters)), ("Content-Type", OCTETS)]


def test_browser_v1_sends_the_file_itself(new_server, connected, video_path, noise):
    server = new_server(toml='[cors]\napi_origins = "https://app.example.org"\n' + CREDENTIALS)
    client = connected(server)
    data = noise(3_000_000)
    preflight = [("Origin", "https://app.example.org"), ("Access-Control-Request-Method", "POST"),
                 ("Access-Control-Request-Headers", "cache-control,content-type,x-file-name,x-query-params,x-requested-with")]
    allowed = client.request("OPTIONS", TARGET, preflight)
    assert allowed.status == 204 and "POST" in allowed.header("Access-Control-Allow-Methods")
    parameters = signed("POST", HOST, PATH)
    response = client.request("POST", TARGET, browser_v1_fields(parameters), data, host=HOST)
    assert_is_video(server, video_path, response, data, "my film.mp4")
    assert response.header("Access-Control-Allow-Origin") == "https://app.example.org"
    again = client.request("POST", TARGET, browser_v1_fields(parameters), data[:9], host=HOST)
    assert refusal(again) == (401, "NotAuthorized")
    assert again.header("Access-Control-Allow-Origin") == "https://app.example.org"


def test_no_page_may_do_so_by_default(client):
    response = client.request("POST", TARGET, browser_v1_fields(signed("POST", HOST, PATH)), b"abc", host=HOST)
    assert response.status == 200 and response.header("Access-Control-Allow-Origin") is None


def test_curl_with_a_token(client, guarded, video_path, noise):
    data = noise(50_000)
    assert_is_video(guarded, video_path, send_token(client, data), data, "a.mp4")


def test_a_form_of_a_page_without_credentials(server, connected, video_path, mp4):
    client = connected(server)
    boundary = "----WebKitFormBoundaryo8bBYrWC0WtWUhBK"
    body = multipart(boundary, ("other", "", b"", ["Content-Type: application/octet-stream"]),
                     ("file", "Übung 1.mp4", mp4, ["Content-Type: video/mp4"]), ("submit", None, b"Send"))
    response = client.request("POST", PATH, [form_type(boundary)], body)
    video = assert_is_video(server, video_path, response, mp4, "Übung 1.mp4")
    assert video["status"] == "success"


def test_an_empty_file_is_a_file(server, connected, video_path):
    body = multipart("b", ("file", "empty.mp4", b""))
    response = connected(server).request("POST", PATH, [form_type("b")], body)
    assert_is_video(server, video_path, response, b"", "empty.mp4")


@pytest.mark.parametrize("how", [{"secret": "guess"}, {"access_key": "eve"}, {"cloud": "other"}, {"offset": -1900}, {"offset": 1900}])
def test_a_file_that_is_refused_at_its_end_leaves_nothing(client, guarded, noise, how):
    response = send_ruby(client, noise(300_000), **how)
    assert refusal(response) == (401, "NotAuthorized")
    assert_nothing_left(guarded, client)


def test_a_file_without_credentials_leaves_nothing(client, guarded, noise):
    response = client.request("POST", TARGET, [form_type()], ruby_form(noise(300_000), {"profiles": "h264"}))
    assert refusal(response) == (400, "BadRequest")
    assert "access_key, signature, timestamp" in response.json()["message"]
    assert_nothing_left(guarded, client)


def test_a_signature_may_be_half_an_hour_old(client, guarded, video_path):
    assert_is_video(guarded, video_path, send_ruby(client, b"abc", offset=-1700), b"abc")


@pytest.mark.parametrize("case", ["query", "fields", "head"])
def test_wrong_credentials_in_front_are_refused_before_the_file(client, guarded, connect_to, case):
    wrong = signed("POST", HOST, PATH, secret="guess")
    target, fields, start = TARGET, [form_type("b")], multipart("b", ("file", "a", b"x" * 20_000))[:15_000]
    if case == "query":
        target += "?" + query(wrong)
    elif case == "fields":
        start = multipart("b", *fields_of(wrong), ("file", "a", b"x" * 20_000))[:15_000]
    else:
        fields, start = browser_v1_fields(wrong), b""
    connection = connect_to(guarded)
    connection.send_head("POST", target, [*fields, ("Content-Length", str(1 << 32))], host=HOST)
    connection.send(start)
    assert refusal(connection.read_final()) == (401, "NotAuthorized")
    assert_nothing_left(guarded, client)


@pytest.fixture
def connect_to():
    opened = []

    def make(server):
        opened.append(Connection(server.address))
        return opened[-1]

    yield make
    for connection in opened:
        connection.close()


def test_what_is_not_signed_is_refused_wherever_it_stands(client, guarded, noise):
    parameters = signed("POST", HOST, PATH)
    data = noise(50_000)
    behind = multipart("b", ("file", "a", data), ("payload", None, b"x"))
    front = multipart("b", ("payload", None, b"x"), ("file", "a", data))
    for body in (behind, front):
        response = client.request("POST", f"{TARGET}?{query(parameters)}", [form_type("b")], body, host=HOST)
        assert refusal(response) == (401, "NotAuthorized")
    assert_nothing_left(guarded, client)


@pytest.mark.parametrize("file_first", [True, False])
def test_a_signature_serves_once_also_after_a_restart(guarded, connected, noise, file_first):
    data, parameters = noise(50_000), signed("POST", HOST, PATH)
    if file_first:
        target, body = TARGET, ruby_form(data, parameters)
    else:
        target, body = f"{TARGET}?{query(parameters)}", ruby_form(data, {})

    def send():
        return connected(guarded).request("POST", target, [form_type()], body, host=HOST)

    assert send().status == 200
    assert refusal(send()) == (401, "NotAuthorized")
    guarded.restart()
    assert refusal(send()) == (401, "NotAuthorized")
    assert blobs(guarded) == [] and len(os.listdir(os.path.join(guarded.data_dir, "videos"))) == 1


def begin(connection, body, count, target=TARGET):
    """Sends the head and the first bytes of a form."""
    connection.send_head("POST", target, [form_type(), ("Content-Length", str(len(body)))], host=HOST)
    connection.send(body[:count])


def test_files_of_unknown_senders_have_their_own_room(new_server, connected, connect_to, noise):
    server = new_server(toml='[auth]\nunauthenticated_bytes = "1MiB"\n' + CREDENTIALS)
    client = connected(server)
    assert refusal(send_ruby(client, noise(1_200_000))) == (413, "FileSizeLimitExceeded")
    assert send_python(client, noise(1_200_000)).status == 200
    slow = connect_to(server)
    body = ruby_form(noise(700_000), signed("POST", HOST, PATH))
    begin(slow, body, 500_000)
    wait_until(lambda: blobs(server), "the first file to be on its way")
    busy = send_ruby(client, noise(700_000), {"payload": "2"})
    assert refusal(busy) == (503, "Overloaded") and busy.header("Retry-After")
    assert send_python(client, noise(700_000), {"payload": "3"}).status == 200
    slow.send(body[500_000:])
    assert slow.read_final().status == 200
    assert refusal(send_ruby(client, noise(700_000), secret="guess")) == (401, "NotAuthorized")
    assert send_ruby(client, noise(700_000), {"payload": "4"}).status == 200


def test_a_connection_that_breaks_leaves_nothing(client, guarded, connect_to, noise):
    for target in (TARGET, f"{TARGET}?token=clou_bob"):
        connection = connect_to(guarded)
        begin(connection, ruby_form(noise(80_000), {}), 50_000, target)
        wait_until(lambda: blobs(guarded), "the file to be on its way")
        connection.abort()
        wait_until(lambda: not blobs(guarded), "the file to be removed")
        wait_until(lambda: b'sluice_uploads{state="receiving"} 0' in client.get("/metrics").body, "the record to be removed")
    assert_nothing_left(guarded, client)


def test_what_a_killed_server_leaves_is_reaped(new_server, connected, connect_to, noise):
    server = new_server(toml='[expiry]\nidle = "1s"\nsweep = "100ms"\n' + CREDENTIALS)
    for target in (TARGET, f"{TARGET}?token=clou_bob"):
        begin(connect_to(server), ruby_form(noise(80_000), {}), 50_000, target)
    wait_until(lambda: len(blobs(server)) == 2, "the files to be on their way")
    server.kill()
    assert len(blobs(server)) == 2
    server.start()
    wait_until(lambda: not blobs(server), lambda: blobs(server))
    client = connected(server)
    # They are expired first, then gone.
    wait_until(lambda: b'sluice_uploads{state="expired"} 0' in client.get("/metrics").body, "the records to be removed")
    assert_nothing_left(server, client)
    # All of the quota is free again.
    assert send_token(client, noise(90_000)).status == 200


def test_quotas_of_the_owner_hold(client, guarded, noise):
    assert refusal(send_token(client, noise(90_001))) == (413, "FileSizeLimitExceeded")
    assert send_token(client, noise(90_000)).status == 200
    over = multipart(BOUNDARY, ("file", "a.mp4", noise(10_001)), ("token", None, b"clou_bob"))
    assert refusal(client.request("POST", TARGET, [form_type()], over)) == (507, "QuotaExceeded")
    assert refusal(send_token(client, noise(10_001))) == (507, "QuotaExceeded")
    assert blobs(guarded) == []
    assert send_token(client, noise(10_000)).status == 200


def test_a_file_over_the_limit_is_refused_before_it_comes(new_server, connect_to):
    server = new_server(toml='[limits]\nfile_size = "1MiB"\n')
    for fields, start in (([form_type()], ruby_form(b"x" * 20_000, {})[:15_000]), ([("Content-Type", OCTETS), ("X-File-Name", "a")], b"")):
        connection = connect_to(server)
        connection.send_head("POST", TARGET, [*fields, ("Content-Length", str(1 << 32))])
        connection.send(start)
        assert refusal(connection.read_final()) == (413, "FileSizeLimitExceeded")
    assert blobs(server) == []


def test_a_file_needs_a_length(server, connect_to):
    for fields in ([form_type()], [("Content-Type", OCTETS), ("X-File-Name", "a")]):
        connection = connect_to(server)
        connection.send_head("POST", TARGET, [*fields, ("Transfer-Encoding", "chunked")])
        connection.send(b"0\r\n\r\n")
        assert refusal(connection.read_final()) == (411, "LengthRequired")


def test_a_file_that_does_not_fit_is_refused_before_it_comes(new_server, connect_to):
    server = new_server(toml='[data]\nlow_water = "1000TiB"\n')
    connection = connect_to(server)
    connection.send_head("POST", TARGET, [form_type(), ("Content-Length", str(1 << 32))])
    connection.send(ruby_form(b"x" * 20_000, {})[:15_000])
    response = connection.read_final()
    assert refusal(response) == (507, "InsufficientStorage") and response.header("Retry-After")
    assert blobs(server) == []


def test_room_that_is_announced_and_not_needed_is_given_back(server, connect_to, video_path):
    connection = connect_to(server)
    body = ruby_form(b"x" * 50_000, {})
    connection.send_head("POST", TARGET, [form_type(), ("Content-Length", str(len(body) + (64 << 20)))])
    connection.send(body)
    response = connection.read_final()
    assert response.status == 200
    assert os.stat(video_path(server, response.json())).st_blocks * 512 < 1 << 20


def test_the_application_is_asked_and_told(new_server, connected, noise):
    data = noise(50_000)
    with ScriptedBackend(answer(body=b'{"parameters":{"user":5}}')) as application:
        hooks = "".join(f'{name} = "{application.url("/" + name)}"\n' for name in ("authorize", "created", "expired", "aborted"))
        client = connected(new_server(toml=f"[hooks]\n{hooks}" + CREDENTIALS))
        assert refusal(send_ruby(client, data, secret="guess")) == (401, "NotAuthorized")
        assert send_ruby(client, data, {"payload": "p"}).status == 200
        asked, told = application.wait_for(1), application.wait_for(2)
        assert asked.target == "/authorize"
        assert (asked.json()["file_name"], asked.json()["file_size"]) == ("panda.mp4", len(data))
        assert told.target == "/created"
        upload = told.json()["upload"]
        assert (upload["file_name"], upload["file_size"], upload["parameters"]["user"]) == ("panda.mp4", len(data), 5)


def test_the_application_refuses_in_its_own_words(new_server, connected, noise):
    with ScriptedBackend(answer(402, b"pay first", [("Content-Type", "text/plain")])) as application:
        server = new_server(toml=f'[hooks]\nauthorize = "{application.url()}"\n')
        client = connected(server)
        response = client.request("POST", TARGET, [form_type()], ruby_form(noise(50_000), {}))
        assert (response.status, response.body) == (402, b"pay first")
        assert_nothing_left(server, client)


def test_an_application_as_the_backend_gets_the_file_and_gives_the_answer(new_server, connected, noise):
    data = noise(50_000)
    with ScriptedBackend(answer(201, b'{"id":"theirs"}', [("Content-Type", "application/json")])) as application:
        client = connected(new_server(toml=f'[backend]\nurl = "{application.url()}"\n'))
        response = client.request("POST", TARGET, [form_type()], ruby_form(data, {"payload": "p"}))
        assert (response.status, response.body) == (201, b'{"id":"theirs"}')
        assert application.wait_for(1).body == data


def test_an_answer_that_takes_long_is_waiting_at_a_location(new_server, connected, noise):
    with ScriptedBackend(answer(500), answer(200, b'{"id":"late"}')) as application:
        toml = f'[backend]\nurl = "{application.url()}"\n[delivery]\nwait = "1ms"\nretry_first = "300ms"\n'
        client = connected(new_server(toml=toml))
        response = client.request("POST", TARGET, [form_type()], ruby_form(noise(50_000), {}))
        assert refusal(response) == (503, "DeliveryPending")
        location = response.header("Location")
        wait_until(lambda: client.status(location).status == 200, "the answer")
        assert client.status(location).body == b'{"id":"late"}'
