# SPDX-License-Identifier: MIT
"""tus-js-client 4.3.1 as npm has it, in its ways to upload, in tus and in the IETF draft."""

import pytest

from support.fault_proxy import DropResponse
from support.faults import nth
from ways import PROTOCOLS, TUS_JS

SIZE = 3_000_000


def expect_success(world, outcome, data):
    assert outcome["success"], outcome
    video = world.expect_stored(outcome["url"], data)
    if outcome["protocol"] == "tus-v1":
        assert video["original_filename"] == "clip ä.mp4"
    return outcome["answers"]


@pytest.mark.parametrize("way", TUS_JS)
def test_ways_to_upload(world, tus_js, way):
    path, data = world.file(SIZE)
    answers = expect_success(world, tus_js(path, **TUS_JS[way]).end(), data)
    assert all(status in (200, 201, 204) for _, status in answers), answers


@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_small_files(world, tus_js, protocol, size):
    path, data = world.file(size)
    expect_success(world, tus_js(path, protocol=protocol).end(), data)


def test_the_answer_to_the_concatenation_is_lost(world, tus_js):
    path, data = world.file(SIZE)
    world.proxy.script(DropResponse(on=nth(4, lambda request: request.method == "POST")))
    expect_success(world, tus_js(path, parallelUploads=3, startsAgain=1).end(), data)
