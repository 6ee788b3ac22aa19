# SPDX-License-Identifier: MIT
"""The browser uploader at the end of an upload or a server: restart, shutdown, cancel, errors that are final."""

import json
import threading

from conftest import PIECE, SUCCESS, World, is_piece, piece
from support.fault_proxy import Delay, Throttle
from support.raw_http import Client, path_of


def test_server_killed_in_the_middle_of_a_piece(world):
    data = world.choose(3 * PIECE)
    world.proxy.script(Throttle(4_000_000, on=piece(2)))
    world.start()
    assert world.proxy.wait_until(lambda proxy: proxy.body_bytes > PIECE + 1_000_000)
    world.restart()
    assert world.finish() == SUCCESS
    assert world.stored() == data
    after = [entry["range"] for entry in world.log if entry["status"] == 204]
    assert after.count(f"bytes 0-{PIECE - 1}/{len(data)}") == 1, "the acknowledged piece was sent again"


def test_server_shut_down_in_the_middle_of_a_piece(world):
    data = world.choose(3 * PIECE)
    world.proxy.script(Throttle(2_000_000, on=piece(2)))
    world.start()
    assert world.proxy.wait_until(lambda proxy: proxy.body_bytes > PIECE + 1_000_000)
    assert world.server.terminate() == 0
    world.server.start()
    world.proxy.upstream = (world.server.host, world.server.port)
    assert world.finish() == SUCCESS
    assert world.stored() == data


def test_cancel_in_the_middle_of_a_piece(world):
    world.choose(2 * PIECE)
    world.proxy.script(Throttle(2_000_000, on=piece(2)))
    world.start()
    assert world.proxy.wait_until(lambda proxy: proxy.body_bytes > PIECE + 500_000)
    world.chromium.click("#cancel")
    assert world.finish()["state"] == "cancelled"
    world.chromium.wait("upload.cancelStatus !== undefined")
    assert world.page("upload.cancelStatus") == 200
    removal = world.sent("DELETE")[0]
    assert removal.headers["content-type"] == "text/plain;charset=UTF-8"
    with Client((world.server.host, world.server.port)) as client:
        assert client.status(world.site.locations[0]).status == 404
        assert client.get("/videos.json").json() == []


def test_error_that_is_final_can_be_read(world):
    world.choose(2 * PIECE)
    gone = threading.Event()

    def remove(request):
        if is_piece(request) and not gone.is_set():
            gone.set()
            with Client((world.server.host, world.server.port)) as client:
                assert client.request("DELETE", path_of(world.site.locations[0])).status == 200
        return False

    world.proxy.script(Delay(0, on=remove, times=None))
    world.start()
    end = world.finish()
    assert end["state"] == "failed"
    assert json.loads(end["message"])["error"] == "RecordNotFound"
    assert world.page("upload.pauses") == 0 and world.log[-1]["status"] == 404


def test_error_of_the_connection_itself_can_be_read(world):
    """A head that is too large never becomes a request, so the server does not know its origin."""
    location = world.site.authorize({"payload": '{"filename": "a", "filesize": 9}'})["upload_url"]
    asked = f"fetch('{location}', {{method: 'PUT', body: 'x', headers: {{'X-Query-Params': 'x'.repeat(25000)}}}})"
    answer = world.page(asked + ".then(async (answer) => [answer.status, (await answer.json()).error])")
    assert answer == [431, "RequestHeaderFieldsTooLarge"]


def test_page_of_an_origin_that_is_not_listed(chromium, tmp_path):
    """The page can read no answer: each request looks like a failure of the network to it."""
    toml = tmp_path / "sluice.toml"
    toml.write_text('[cors]\norigins = "https://app.example.org"\n')
    world = World(chromium, tmp_path, args=["--config", toml])
    try:
        world.choose(1000)
        world.start()
        chromium.wait("upload.pauses >= 2")
        assert {entry["status"] for entry in world.log} <= {0, None}
        assert world.sent("PUT") == []
    finally:
        chromium.evaluate("upload.end('failed', '')")
        world.close()
