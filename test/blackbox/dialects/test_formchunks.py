# SPDX-License-Identifier: MIT
"""Files as a form for each chunk, by raw bytes."""

import threading
from urllib.parse import urlencode

import pytest

from support.raw_http import Client, Connection, multipart, path_of

CHUNK = 100_000
ENABLED = 'dialects.enabled = "panda, formchunks"\n'
FORM = ("Content-Type", "multipart/form-data; boundary=b")


@pytest.fixture
def server(new_server):
    return new_server(toml=ENABLED)


@pytest.fixture
def client(server):
    with Client(server.address) as connected:
        yield connected


def dropzone(data, index, uuid="5e3a"):
    return {"dzuuid": uuid, "dzchunkindex": index, "dztotalfilesize": len(data), "dzchunksize": CHUNK,
            "dztotalchunkcount": max(1, -(-len(data) // CHUNK)), "dzchunkbyteoffset": index * CHUNK}


def resumable(data, index):
    """Its last chunk takes what is left, less than two chunks."""
    count = max(1, len(data) // CHUNK)
    size = len(data) - index * CHUNK if index == count - 1 else CHUNK
    return {"resumableChunkNumber": index + 1, "resumableChunkSize": CHUNK, "resumableCurrentChunkSize": size,
            "resumableTotalSize": len(data), "resumableType": "video/mp4", "resumableIdentifier": f"{len(data)}-clipmp4",
            "resumableFilename": "clip.mp4", "resumableRelativePath": "clip.mp4", "resumableTotalChunks": count}


def flow(data, index):
    return {name.replace("resumable", "flow"): value for name, value in resumable(data, index).items()}


def fine_uploader(data, index):
    return {"qqpartindex": index, "qqpartbyteoffset": index * CHUNK, "qqchunksize": len(data[index * CHUNK:][:CHUNK]),
            "qqtotalparts": -(-len(data) // CHUNK), "qqtotalfilesize": len(data), "qqfilename": "clip.mp4", "qquuid": "q-1"}


def plupload(data, index):
    return {"name": "clip.mp4", "chunk": index, "chunks": -(-len(data) // CHUNK), "id": "o_1", "size": len(data), "chunk_size": CHUNK}


def bytes_of(data, index, words):
    size = words(data, index).get("resumableCurrentChunkSize") or words(data, index).get("flowCurrentChunkSize") or CHUNK
    return data[index * CHUNK : index * CHUNK + size]


def body_of(data, index, words):
    fields = [(name, None, str(value).encode()) for name, value in words(data, index).items()]
    return multipart("b", *fields, ("file", "clip.mp4", bytes_of(data, index, words)))


def post(client, data, index, words, fields=()):
    return client.request("POST", "/files", [FORM, *fields], body_of(data, index, words))


def stored_file(server, video_path, response):
    assert response.status == 200, response
    with open(video_path(server, response.json()), "rb") as file:
        return file.read()


@pytest.mark.parametrize("words", [dropzone, resumable, flow, fine_uploader, plupload])
def test_chunks_in_order(client, server, video_path, noise, words):
    data = noise(3 * CHUNK)
    location = None
    for index in range(3):
        response = post(client, data, index, words)
        assert response.status == 200, response
        location = response.header("Location") or location
    assert stored_file(server, video_path, response) == data
    assert response.json()["original_filename"] == "clip.mp4"
    described = client.get(path_of(location)).json()
    assert described["state"] == "delivered" and described["answer"]["body"]["id"] == response.json()["id"]
    assert post(client, data, 2, words).json()["id"] == response.json()["id"]
    assert len(client.get("/videos.json").json()) == 1


def test_jquery_file_upload(client, server, video_path, noise):
    """It says in its head where a chunk lies; a file that is smaller than a chunk comes without."""
    for uuid, data in (("b-1", noise(2 * CHUNK + 10)), ("b-2", bytes(2 * CHUNK + 10)), ("b-3", noise(10))):
        fields = [("upload_id", None, uuid.encode()), ("upload_size", None, str(len(data)).encode())]
        for begin in range(0, len(data), CHUNK):
            chunk = data[begin : begin + CHUNK]
            ranged = [("Content-Range", f"bytes {begin}-{begin + len(chunk) - 1}/{len(data)}")] if len(data) > CHUNK else []
            form = multipart("b", *fields, ("files[]", "clip.mp4", chunk))
            response = client.request("POST", "/files", [FORM, *ranged], form)
            assert response.status == (204 if begin + CHUNK < len(data) else 200), response
        assert stored_file(server, video_path, response) == data


def test_fine_uploader_is_told_of_success(client, noise):
    data = noise(CHUNK + 1)
    assert post(client, data, 0, fine_uploader).json() == {"success": True}
    assert post(client, data, 1, fine_uploader).json()["success"] is True


@pytest.mark.parametrize("order", [[4, 3, 2, 1, 0], [2, 4, 0, 3, 1]], ids=["backwards", "mixed"])
def test_chunks_in_any_order_at_once(client, server, video_path, noise, order):
    """The chunk that ends the file waits for the others; all get an answer."""
    data = noise(4 * CHUNK + 10)
    answers = {}

    def send(index):
        with Client(server.address) as own:
            answers[index] = post(own, data, index, dropzone)

    threads = [threading.Thread(target=send, args=(index,)) for index in order]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers.values()} == {200}, answers
    assert stored_file(server, video_path, answers[4]) == data
    assert len(client.get("/videos.json").json()) == 1


def test_the_chunk_that_ends_the_file_is_no_success_alone(client, server, video_path, noise):
    data = noise(2 * CHUNK)
    early = post(client, data, 1, dropzone)
    assert (early.status, early.json()["error"]) == (503, "DeliveryPending")
    assert early.header("Retry-After")
    assert stored_file(server, video_path, post(client, data, 0, dropzone)) == data
    assert stored_file(server, video_path, post(client, data, 1, dropzone)) == data


def test_a_killed_server_keeps_the_chunks(client, server, video_path, noise):
    data = noise(3 * CHUNK)
    post(client, data, 0, resumable)
    post(client, data, 1, resumable)
    client.close()
    server.restart()
    with Client(server.address) as after:
        test = {index: after.get("/files?" + urlencode(resumable(data, index))).status for index in range(3)}
        assert test == {0: 200, 1: 200, 2: 204}
        assert stored_file(server, video_path, post(after, data, 2, resumable)) == data


def test_a_chunk_that_broke_off_comes_again(client, server, video_path, noise):
    data = noise(2 * CHUNK)
    body = body_of(data, 0, dropzone)
    with Connection(server.address) as cut:
        cut.send_head("POST", "/files", [FORM, ("Content-Length", str(len(body)))])
        with client.until_body_bytes_arrive(len(body) - 20):
            cut.send(body[:-20])
    assert post(client, data, 0, dropzone).status == 200
    assert stored_file(server, video_path, post(client, data, 1, dropzone)) == data


def test_octets_with_the_parameters_in_the_query(client, server, video_path, noise):
    data = noise(2 * CHUNK)
    for index in range(2):
        target = "/files?" + urlencode(resumable(data, index))
        response = client.request("POST", target, [("Content-Type", "application/octet-stream")], bytes_of(data, index, resumable))
    assert stored_file(server, video_path, response) == data


def test_each_owner_has_uploads_of_their_own(new_server, noise):
    credentials = "".join(f'[[credentials]]\nowner = "{name}"\napi_key = "key of {name}"\n' for name in ("ann", "bob"))
    server = new_server(toml=ENABLED + credentials)
    data = noise(2 * CHUNK)
    with Client(server.address) as client:
        def as_owner(name, index, content):
            return post(client, content, index, resumable, [("X-Api-Key", f"key of {name}")])
        assert post(client, data, 0, resumable).status == 400, "credentials are missing"
        assert as_owner("ann", 0, data).status == 200
        other = bytes(2 * CHUNK)
        assert as_owner("bob", 0, other).status == 200, "compared with no byte of ann's"
        answers = [as_owner("ann", 1, data), as_owner("bob", 1, other)]
        assert [answer.status for answer in answers] == [200, 200]
        assert answers[0].json()["id"] != answers[1].json()["id"]


REFUSALS = {
    "no_parameters": {},
    "no_size": {"dzuuid": "u"},
    "index_beyond_count": {**dropzone(b"x" * 10, 0), "dzchunkindex": 1},
    "offset_of_another_chunk": {**dropzone(b"x" * 10, 0), "dzchunkbyteoffset": 5},
    "overflow": {**dropzone(b"x" * 10, 0), "dzchunkindex": 2**64 - 1, "dztotalchunkcount": 2**64 - 1},
    "no_number": {**dropzone(b"x" * 10, 0), "dztotalfilesize": "ten"},
    "larger_than_the_body": dropzone(b"x" * 11, 0),
    "smaller_than_the_body": dropzone(b"x" * 9, 0),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(client, case):
    fields = [(name, None, str(value).encode()) for name, value in REFUSALS[case].items()]
    response = client.request("POST", "/files", [FORM], multipart("b", *fields, ("file", "a", b"x" * 10)))
    assert (response.status, response.json()["error"]) == (400, "BadRequest"), response
    assert "xpected" in response.json()["message"] or "contradict" in response.json()["message"] or "has" in response.json()["message"]


def test_a_size_that_is_too_large(client):
    fields = [(name, None, str(value).encode()) for name, value in {**dropzone(b"", 0), "dztotalfilesize": 2**63}.items()]
    response = client.request("POST", "/files", [FORM], multipart("b", *fields, ("file", "a", b"")))
    assert response.status == 413


def test_parameters_behind_the_file_are_too_late(client, noise):
    data = noise(CHUNK)
    fields = [(name, None, str(value).encode()) for name, value in dropzone(data, 0).items()]
    response = client.request("POST", "/files", [FORM], multipart("b", ("file", "a", data), *fields))
    assert response.status == 400 and "in front of the file" in response.json()["message"]


def test_off_unless_enabled(new_server, noise):
    data = noise(10)
    for enabled, status in (("panda", 405), ("panda, tus", 412), ("panda, tus, rufh", 415)):
        server = new_server(toml=f'[dialects]\nenabled = "{enabled}"\n')
        with Client(server.address) as client:
            assert post(client, data, 0, dropzone).status == status
