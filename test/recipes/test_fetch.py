# SPDX-License-Identifier: MIT
"""docs/recipes/fetch.mjs in Node, with the example of its text."""

import hashlib
import json
import random
import subprocess

import pytest

from recipe_harness import RECIPES, blocks, replaced
from support.document import SERVER
from support.fault_proxy import Cut, DropResponse, FaultProxy
from support.sluice_server import SluiceServer, die_with_parent

DATA = random.Random(5).randbytes(20_000_000)


@pytest.mark.parametrize("faults", [
    [], [Cut(request_bytes=1_000_000, on=3)], [DropResponse(on=4)]], ids=["whole", "broken", "unheard"])
def test_the_example_for_node(tmp_path, faults):
    (_, example) = blocks("browser.md", "js")
    (tmp_path / "fetch.mjs").symlink_to(RECIPES / "fetch.mjs")
    (tmp_path / "holiday.mp4").write_bytes(DATA)
    with SluiceServer(tmp_path / "data", args=["--backend-kind", "files"]) as server:
        with FaultProxy(server.host, server.port) as proxy:
            proxy.script(*faults)
            (tmp_path / "example.mjs").write_text(replaced(example, (SERVER, proxy.url)), encoding="utf-8")
            done = subprocess.run(["node", "example.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                                  check=False, preexec_fn=die_with_parent)
    assert done.returncode == 0, done.stderr
    status, _, answer = done.stdout.partition(" ")
    assert (status, json.loads(answer)["sha256"]) == ("200", hashlib.sha256(DATA).hexdigest())
    # 20 MB are three pieces; a status query follows what broke.
    assert sum(request.is_status_query for request in proxy.requests) == len(faults)
