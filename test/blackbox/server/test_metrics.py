# SPDX-License-Identifier: MIT
"""/metrics as Prometheus reads it, and what packaging/ makes of it: alerts and a board."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from support.raw_http import Client
from support.scripted_backend import ScriptedBackend, answer
from support.sluice_server import run_sluice
from support.tus import Tus
from support.waiting import wait_until

PACKAGING = Path(__file__).parents[3] / "packaging"
NAMES = re.compile(r"\b(?:sluice|process)_[a-z_]+\b")
KEY = "k" * 24
SETTINGS = f'[[credentials]]\nowner = "ann"\napi_key = "{KEY}"\n[delivery]\nretry_first = "10ms"\nretry_max = "20ms"\n'


def promtool(*args, given=None):
    return subprocess.run(["promtool", *args], input=given, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def page(new_server):
    """/metrics of a server to which everything has happened."""
    with ScriptedBackend(answer(500), answer()) as backend, ScriptedBackend(answer(500), answer(body=b"{}")) as application:
        hooks = f'[hooks]\nauthorize = "{application.url()}"\ncreated = "{application.url()}"\n'
        server = new_server("--backend", backend.url(), toml=SETTINGS + hooks)
        with Client(server.address) as client:
            key = [("X-Api-Key", KEY)]
            target = "/videos/upload.json?file_name=a.mp4&file_size=3"
            assert client.request("POST", target, fields=[("X-Api-Key", "x" * 24)]).status == 401
            assert client.request("POST", target, fields=key).status == 503, "the hook fails once"
            location = client.request("POST", target, fields=key).json()["location"]
            client.whole(location, b"abc")
            assert Tus(client).post(("Upload-Length", "3"), key[0]).status == 201
            wait_until(lambda: client.metric("sluice_deliveries_waiting") == 0, "the end of the hand-off")
            assert run_sluice("reload", "--data", server.data_dir).returncode == 0
            yield client.get("/metrics").body.decode()


def samples(page):
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if not line.startswith("#")}


def test_the_page_keeps_the_conventions(page):
    checked = promtool("check", "metrics", given=page)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_page_tells_what_happened(page):
    told = samples(page)
    (build,) = [name for name in told if name.startswith("sluice_build_info")]
    assert re.fullmatch(r'sluice_build_info\{version="[0-9.]+"\}', build) and told[build] == 1
    assert told["sluice_authentication_failures_total"] == 1
    assert told['sluice_deliveries_total{result="delivered"}'] == told['sluice_deliveries_total{result="retried"}'] == 1
    assert told['sluice_delivery_seconds_count{result="failed"}'] == 1
    assert told['sluice_delivery_seconds_count{result="answered"}'] == 1
    assert told['sluice_hook_seconds_count{hook="authorize",result="failed"}'] == 1
    assert told['sluice_hook_seconds_count{hook="authorize",result="answered"}'] == 2
    assert told["sluice_deliveries_waiting"] == 0
    assert told['sluice_reloads_total{result="done"}'] == told["sluice_reload_succeeded"] == 1
    assert told['sluice_request_seconds_count{route="session",dialect="panda"}'] == 3
    assert told['sluice_request_seconds_count{route="files",dialect="tus"}'] == 1
    assert 3 < told["process_open_fds"] < told["process_max_fds"]
    assert 2**20 < told["process_resident_memory_bytes"] < told["process_virtual_memory_bytes"]
    assert told["process_cpu_seconds_total"] > 0
    assert 1.6e9 < told["process_start_time_seconds"]


def test_the_alerts_are_rules(page):
    checked = promtool("check", "rules", str(PACKAGING / "prometheus/alerts.yml"))
    assert checked.returncode == 0, checked.stderr


def names_on(page):
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
    names = set(kinds)
    for name, kind in kinds.items():
        if kind == "histogram":
            names |= {f"{name}_bucket", f"{name}_count", f"{name}_sum"}
    return names


def test_every_metric_that_the_alerts_and_the_board_ask_for_is_there(page):
    board = json.loads((PACKAGING / "grafana/sluice.json").read_text(encoding="utf-8"))
    asked = {name for panel in board["panels"] for target in panel["targets"] for name in NAMES.findall(target["expr"])}
    rules = (PACKAGING / "prometheus/alerts.yml").read_text(encoding="utf-8")
    asked |= {name for line in rules.splitlines() if "expr:" in line for name in NAMES.findall(line)}
    assert len(asked) > 25
    assert asked - names_on(page) == set()


def test_the_expressions_of_the_board_are_queries(page, tmp_path):
    board = json.loads((PACKAGING / "grafana/sluice.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    rules = [{"alert": f"Panel{i}", "expr": expression.replace("$__rate_interval", "5m")} for i, expression in enumerate(expressions)]
    as_rules = tmp_path / "board.yml"
    as_rules.write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}))  # JSON is YAML.
    checked = promtool("check", "rules", str(as_rules))
    assert checked.returncode == 0, checked.stderr
