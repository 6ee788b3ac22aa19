# SPDX-License-Identifier: MIT
"""The browser uploader on bad networks: it pauses, asks again and goes on."""

import pytest

from conftest import PIECE, SUCCESS, is_piece, piece
from support.fault_proxy import Cut, DropResponse, Refuse
from support.raw_http import Client

ANYONE = ("Access-Control-Allow-Origin: *",)


FAULTS = {
    "503 of a proxy": lambda on: Refuse(503, on=on),
    "503 that the page can read": lambda on: Refuse(503, headers=ANYONE, on=on),
    "502": lambda on: Refuse(502, headers=ANYONE, on=on),
    "408 that the page can read": lambda on: Refuse(408, headers=ANYONE, on=on),
    "connection cut": lambda on: Cut(request_bytes=3_000_000, on=on),
    "connection reset": lambda on: Cut(request_bytes=3_000_000, reset=True, on=on),
    "answer lost": lambda on: DropResponse(on=on),
    "answer cut": lambda on: Cut(response_bytes=20, on=on),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_pause_and_resume(world, fault):
    data = world.choose(3 * PIECE + 1000)
    world.proxy.script(FAULTS[fault](piece(2)))
    world.start()
    assert world.finish() == SUCCESS
    assert world.stored() == data
    # Chromium repeats some of them by itself; the script pauses for the others.
    statuses = [entry["status"] for entry in world.log]
    assert statuses[-1] == 200 and set(statuses) <= {0, 204, 200, 408, 502, 503}
    assert world.page("upload.pauses") <= 1


def test_chromium_repeats_a_piece_by_itself(world):
    """The browser repeats the request without telling the script; the server sees it twice."""
    data = world.choose(2 * PIECE)
    world.proxy.script(Cut(request_bytes=3_000_000, on=piece(2)))
    world.start()
    assert world.finish() == SUCCESS
    assert world.stored() == data
    assert world.page("upload.pauses") == 0
    second = f"bytes {PIECE}-{2 * PIECE - 1}/{len(data)}"
    assert [request.content_range for request in world.sent("PUT")][2:] == [second, second]


def test_bytes_before_the_cut_are_kept(world):
    data = world.choose(2 * PIECE)
    world.proxy.script(Cut(request_bytes=3_000_000, on=piece(2)), Refuse(503, headers=ANYONE, on=piece(3)))
    world.start()
    assert world.finish() == SUCCESS
    assert world.stored() == data
    assert world.page("upload.pauses") >= 1
    start = int(world.log[-1]["range"].split()[1].split("-")[0])
    assert PIECE < start <= PIECE + 3_000_000


@pytest.mark.parametrize("fault", [DropResponse, lambda on: Cut(response_bytes=20, on=on), lambda on: Refuse(503, on=on)])
def test_form_is_sent_again_whole(world, fault):
    world.site.session = {"upload_content_type": "multipart/form-data"}
    data = world.choose(300_000)
    world.proxy.script(fault(lambda request: request.method == "POST"))
    world.start()
    assert world.finish() == SUCCESS
    assert world.stored() == data


def test_answer_to_the_last_piece_lost(world):
    data = world.choose(1000)
    world.proxy.script(DropResponse(on=is_piece))
    world.start()
    assert world.finish() == SUCCESS
    assert world.stored() == data
    with Client((world.server.host, world.server.port)) as client:
        assert len(client.get("/videos.json").json()) == 1
