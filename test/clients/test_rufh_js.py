# SPDX-License-Identifier: MIT
"""tus-js-client 4.3.1 as npm has it, where it speaks the IETF draft instead of tus, and over a bad network."""

import pytest

from support.fault_proxy import Cut, DropResponse, Refuse

SIZE = 3_000_000

PROTOCOLS = ["ietf-draft-03", "ietf-draft-05"]
WAYS = {
    "plain": {},
    "small chunks": {"chunkSize": 300_001},
    "with upload": {"uploadDataDuringCreation": True},
    "with upload in chunks": {"uploadDataDuringCreation": True, "chunkSize": 1_000_000},
    "override": {"overridePatchMethod": True, "chunkSize": 1_000_000},
}


@pytest.fixture(params=PROTOCOLS)
def draft_js(request, tus_js):
    return lambda path, **options: tus_js(path, protocol=request.param, **options)


def expect_success(world, outcome, data):
    assert outcome["success"], outcome
    world.expect_stored(outcome["url"], data)
    return outcome["answers"]


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_upload(world, draft_js, way):
    path, data = world.file(SIZE)
    answers = expect_success(world, draft_js(path, **WAYS[way]).end(), data)
    assert all(status in (200, 201, 204) for _, status in answers), answers


@pytest.mark.parametrize("size", [0, 1])
def test_small_files(world, draft_js, size):
    path, data = world.file(size)
    expect_success(world, draft_js(path).end(), data)


@pytest.mark.parametrize("reset", [False, True])
def test_connections_break(world, draft_js, reset):
    path, data = world.file(SIZE)
    world.proxy.script(
        Cut(request_bytes=123_457, reset=reset, on=lambda request: request.method == "PATCH", times=2),
    )
    answers = expect_success(world, draft_js(path, chunkSize=1_000_000).end(), data)
    assert "HEAD" in [method for method, _ in answers]


def test_the_final_answer_is_lost(world, draft_js):
    path, data = world.file(SIZE)
    world.proxy.script(DropResponse(on=lambda request: request.method == "PATCH"))
    expect_success(world, draft_js(path).end(), data)


def test_503_on_the_way(world, draft_js):
    path, data = world.file(SIZE)
    world.proxy.script(Refuse(503, on=lambda request: request.method == "PATCH"))
    expect_success(world, draft_js(path, chunkSize=1_000_000).end(), data)


def test_the_server_is_killed(world, draft_js):
    path, data = world.file(SIZE)
    upload = draft_js(path, chunkSize=200_000, retryDelays=[200] * 60)
    for count in (3, 7):
        world.proxy.wait_until(lambda proxy, count=count: len(proxy.requests) >= count)
        world.restart()
    expect_success(world, upload.end(), data)
