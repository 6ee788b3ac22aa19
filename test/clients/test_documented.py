# SPDX-License-Identifier: MIT
"""The examples of docs/clients.md that need no browser, as they stand there."""

import json
import subprocess
import sys

import pytest

from support.document import FILE, OF_PHONES, addressed, examples, examples_in
from support.fault_proxy import Cut
from support.sluice_server import die_with_parent

SIZE = 3_000_000
SETTINGS = '[dialects]\nenabled = "panda, tus, rufh, range308"\n'
SCRIPTS = {
    **{name: ["bash", "-c", text] for name, text in examples_in("sh").items()},
    **{name: [sys.executable, "-c", text] for name, text in examples_in("python").items()},
}


def test_every_example_is_run_or_named():
    languages = {client: {language for language, _ in blocks} for client, blocks in examples().items()}
    assert {client for client, used in languages.items() if not used <= {"js", "sh", "python"}} == OF_PHONES
    assert len(SCRIPTS) == 5 and len(examples_in("js")) == 6


def brings_the_file(request):
    size = SIZE if "transfer-encoding" in request.headers else int(request.headers.get("content-length", "0"))
    return size > 2_000_000


@pytest.mark.parametrize("broken", [False, True], ids=["whole", "broken"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_an_example_uploads_and_tells_the_answer(world, name, broken):
    """Also where the connection breaks in the middle of the file."""
    world.configure(SETTINGS)
    data = world.file(SIZE, FILE)[1]
    cut = Cut(request_bytes=1_234_567, on=brings_the_file)
    world.proxy.script(*([cut] if broken else []))
    *program, text = SCRIPTS[name]
    command = [*program, addressed(text, world.proxy.url)]
    done = subprocess.run(command, cwd=world.directory, capture_output=True, text=True, timeout=120, check=False,
                          preexec_fn=die_with_parent)
    assert done.returncode == 0, done
    answer = json.loads(done.stdout[done.stdout.index("{") :])
    assert answer["original_filename"] == FILE
    world.expect_video(answer, data)
    assert cut.used_up == broken
