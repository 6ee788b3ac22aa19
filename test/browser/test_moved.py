# SPDX-License-Identifier: MIT
"""The browser uploader follows a Location on another origin, and comes back to the old one after a pause."""

from conftest import PIECE, SUCCESS, is_piece, piece
from support.fault_proxy import MoveLocation, Refuse, Throttle
from support.sluice_server import run_sluice


def ports(world):
    return [request.via_port for request in world.proxy.requests if is_piece(request)]


def test_pieces_go_where_the_last_location_leads(world):
    data = world.choose(3 * PIECE)
    first, second = world.proxy.port, world.proxy.second_port
    world.proxy.script(MoveLocation(on=lambda request: is_piece(request)))
    world.start()
    assert world.finish() == SUCCESS
    assert world.stored() == data
    assert ports(world) == [first, second, second]
    # The browser sends a preflight to each origin.
    assert [request.via_port for request in world.sent("OPTIONS")] == [first, second]


def test_the_old_location_goes_on_working(world):
    data = world.choose(3 * PIECE)
    first, second = world.proxy.port, world.proxy.second_port
    world.proxy.script(
        MoveLocation(on=lambda request: request.method == "PUT"),
        Refuse(503, on=lambda request: is_piece(request) and len(ports(world)) == 2))
    world.start()
    assert world.finish() == SUCCESS
    assert world.stored() == data
    assert world.page("upload.pauses") == 1
    # The query at the first address reports the bytes that came through the second.
    assert [request.via_port for request in world.sent("PUT")] == [first, second, second, first, first, first]


def test_cancel_at_the_new_address(world):
    world.choose(2 * PIECE)
    world.proxy.script(MoveLocation(on=lambda request: request.method == "PUT", times=None))
    world.start("{chunkSize: 1000}")
    assert world.proxy.wait_until(lambda proxy: len(ports(world)) > 2)
    world.chromium.click("#cancel")
    world.chromium.wait("upload.cancelStatus !== undefined")
    assert world.page("upload.cancelStatus") == 200
    assert world.sent("DELETE")[0].via_port == world.proxy.second_port


def test_server_that_comes_back_with_another_public_url(world):
    """The page asks at the old address, the only one it knows, and is sent to the new one."""
    data = world.choose(3 * PIECE)
    first, second = world.proxy.port, world.proxy.second_port
    world.proxy.script(Throttle(4_000_000, on=piece(2)))
    world.start()
    assert world.proxy.wait_until(lambda proxy: proxy.body_bytes > PIECE + 1_000_000)
    world.server.args = ["--public-url", f"http://127.0.0.1:{second}"]
    world.restart()
    assert world.finish() == SUCCESS
    assert world.stored() == data
    assert ports(world)[:2] == [first, first] and ports(world)[-1] == second
    assert f":{second}/" in world.log[-1]["url"]


def test_move_by_the_operator_in_the_middle_of_a_piece(world):
    data = world.choose(3 * PIECE)
    first, second = world.proxy.port, world.proxy.second_port
    world.proxy.script(Throttle(4_000_000, on=piece(2)))
    world.start()
    assert world.proxy.wait_until(lambda proxy: proxy.body_bytes > PIECE + 1_000_000)
    moved = run_sluice("move", "--to", f"http://127.0.0.1:{second}", "--data", world.server.data_dir)
    assert moved.returncode == 0, moved.stderr
    assert world.finish() == SUCCESS
    assert world.stored() == data
    assert ports(world) == [first, first, second]
    assert world.page("upload.pauses") == 0
