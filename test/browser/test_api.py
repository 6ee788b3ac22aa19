# SPDX-License-Identifier: MIT
"""Pages that call the API itself: pages of allowed origins, with headers of their own, and pages of other origins."""

import pytest

from conftest import World
from support.raw_http import Client
from support.scripted_backend import ScriptedBackend, answer
from support.waiting import wait_until

SESSION = "/videos/upload.json?file_size=9&file_name=a.mp4"


@pytest.fixture
def world_of(chromium, tmp_path):
    made = []

    def make(toml):
        config = tmp_path / "sluice.toml"
        config.write_text(toml)
        made.append(World(chromium, tmp_path, args=["--config", config]))
        return made[-1]

    yield make
    for world in made:
        world.close()


def statuses(world):
    return [record["status"] for record in world.server.logged("request")]


def test_header_that_a_hook_is_told_comes_from_a_page(world_of):
    with ScriptedBackend(answer(body=b"{}")) as application:
        world = world_of(
            f'[cors]\napi_origins = "http://127.0.0.1:*"\n[hooks]\nauthorize = "{application.url()}"\nheaders = "authorization"\n')
        asked = f"fetch('{world.server.url}{SESSION}', {{method: 'POST', headers: {{Authorization: 'Bearer t', 'X-CSRF-Token': 'c'}}}})"
        assert world.page(asked + ".then(async (answer) => [answer.status, Object.keys(await answer.json())])") == [201, ["id", "location"]]
        assert application.wait_for(1).json()["headers"] == {"authorization": "Bearer t"}


def test_page_of_a_stranger_changes_nothing(world_of):
    world = world_of("")
    url = world.server.url
    # Sent without a preflight: the page may not read the answer, but the request would take effect.
    sent = f"fetch('{url}{SESSION}', {{method: 'POST', mode: 'no-cors', body: new URLSearchParams({{payload: 'x'}})}}).then((answer) => answer.type)"
    assert world.page(sent) == "opaque"
    form = f"fetch('{url}/videos.json', {{method: 'POST', mode: 'no-cors', body: form}}).then((answer) => answer.type)"
    assert world.page(f"(() => {{ const form = new FormData(); form.append('file', new Blob(['DATA']), 'a.mp4'); return {form}; }})()") == "opaque"
    assert world.page(f"fetch('{url}/videos/0.json', {{method: 'DELETE'}}).catch((error) => error.name)") == "TypeError"
    with Client((world.server.host, world.server.port)) as client:
        assert client.get("/videos.json").json() == []
    wait_until(lambda: [status for status in statuses(world) if status not in (200, 204)] == [403, 403], "two refusals")
