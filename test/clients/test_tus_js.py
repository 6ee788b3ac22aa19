# SPDX-License-Identifier: MIT
"""tus-js-client 4.3.1 as npm has it, in its ways to upload, and over a bad network."""

import pytest

from support.fault_proxy import Cut, Delay, DropResponse, Refuse

SIZE = 3_000_000

WAYS = {
    "plain": {},
    "small chunks": {"chunkSize": 300_001},
    "with upload": {"uploadDataDuringCreation": True},
    "with upload in chunks": {"uploadDataDuringCreation": True, "chunkSize": 1_000_000},
    "deferred": {"uploadLengthDeferred": True, "chunkSize": 700_001},
    "parallel": {"parallelUploads": 3, "chunkSize": 400_000},
    "override": {"overridePatchMethod": True, "chunkSize": 1_000_000},
}


def expect_success(world, outcome, data):
    assert outcome["success"], outcome
    video = world.expect_stored(outcome["url"], data)
    assert video["original_filename"] == "clip ä.mp4"
    return outcome["answers"]


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_upload(world, tus_js, way):
    path, data = world.file(SIZE)
    answers = expect_success(world, tus_js(path, **WAYS[way]).end(), data)
    assert all(status in (200, 201, 204) for _, status in answers), answers


@pytest.mark.parametrize("size", [0, 1])
def test_small_files(world, tus_js, size):
    path, data = world.file(size)
    expect_success(world, tus_js(path).end(), data)


# A stream cannot be read again, so the client goes on after a break only where its buffer still has the bytes.
@pytest.mark.parametrize("way", [way for way in WAYS if way != "deferred"])
@pytest.mark.parametrize("reset", [False, True])
def test_connections_break(world, tus_js, way, reset):
    path, data = world.file(SIZE)
    world.proxy.script(
        Cut(request_bytes=123_457, reset=reset, on=lambda request: request.method != "HEAD" and request.number <= 2),
        Cut(request_bytes=100_003, reset=reset, on=lambda request: request.method != "HEAD" and request.number > 3),
    )
    outcome = tus_js(path, **WAYS[way]).end()
    if "uploadDataDuringCreation" in WAYS[way]:
        # A creation whose answer is lost is repeated: the client knows no location.
        assert outcome["success"], outcome
        return
    expect_success(world, outcome, data)


def test_the_answer_to_the_concatenation_is_lost(world, tus_js):
    path, data = world.file(SIZE)
    seen = []

    def is_fourth_post(request):
        if request.method == "POST" and request.number not in seen:
            seen.append(request.number)
        return request.method == "POST" and len(seen) == 4

    world.proxy.script(DropResponse(on=is_fourth_post))
    expect_success(world, tus_js(path, parallelUploads=3, startsAgain=1).end(), data)


def test_the_final_answer_is_lost(world, tus_js):
    path, data = world.file(SIZE)
    world.proxy.script(DropResponse(on=lambda request: request.method == "PATCH"))
    expect_success(world, tus_js(path).end(), data)


def test_503_on_the_way(world, tus_js):
    path, data = world.file(SIZE)
    world.proxy.script(Refuse(503, on=2), Refuse(503, on=4))
    expect_success(world, tus_js(path, chunkSize=1_000_000).end(), data)


def test_a_stall(world, tus_js):
    path, data = world.file(SIZE)
    world.proxy.script(Delay(seconds=1.5, on=3))
    expect_success(world, tus_js(path, chunkSize=1_000_000).end(), data)


def test_the_server_is_killed(world, tus_js):
    path, data = world.file(SIZE)
    upload = tus_js(path, chunkSize=200_000, retryDelays=[200] * 60)
    for count in (3, 7):
        world.proxy.wait_until(lambda proxy, count=count: len(proxy.requests) >= count)
        world.restart()
    expect_success(world, upload.end(), data)
