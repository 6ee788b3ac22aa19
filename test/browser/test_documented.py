# SPDX-License-Identifier: MIT
"""The examples of docs/clients.md that are for pages, as they stand there."""

import json

import pytest

from conftest import World
from support.document import FILE, addressed, examples_in
from support.fault_proxy import Cut
from support.raw_http import Client

SIZE = 7_000_000
SETTINGS = """
dialects.enabled = "panda, tus, rufh, formchunks, filepond"
cors.api_origins = "*"
"""
EXAMPLES = examples_in("js")
# Where the page's own input is not the one that takes files.
INPUTS = {"Dropzone 1": ".dz-hidden-input", "FilePond 1": "input.filepond--browser"}


class DocumentedWorld(World):
    def __init__(self, chromium, directory, example):
        config = directory / "sluice.toml"
        config.write_text(SETTINGS, encoding="utf-8")
        super().__init__(chromium, directory, args=("--config", config), page="documented.html")
        self.site.modules["/lib/example.js"] = addressed(example, self.proxy.url).encode()
        chromium.reload()


@pytest.mark.parametrize("broken", [False, True], ids=["whole", "broken"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_uploads_and_tells_the_answer(chromium, tmp_path, name, broken):
    """Also where a connection breaks in the middle of the file."""
    world = DocumentedWorld(chromium, tmp_path, EXAMPLES[name])
    try:
        cut = Cut(request_bytes=500_000, on=lambda request: int(request.headers.get("content-length", "0")) > 1_000_000)
        world.proxy.script(*([cut] if broken else []))
        data = world.choose(SIZE, FILE, INPUTS.get(name, "#file"))
        chromium.wait("upload.logged.length > 0")
        ((told, *status, text),) = world.page("upload.logged")
        with Client(world.server.address) as client:
            (video,) = client.get("/videos.json").json()
        assert (told, json.loads(text)["id"]) == (FILE, video["id"]) and status in ([200], [])
        with open(f"{world.server.data_dir}/videos/{video['id']}.mp4", "rb") as file:
            assert file.read() == data
        assert cut.used_up == broken
    finally:
        world.close()
