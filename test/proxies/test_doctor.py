# SPDX-License-Identifier: MIT
"""`sluice doctor` behind proxies that are right, behind proxies that are wrong on purpose, and on a machine."""

import json
import resource
import socket
import subprocess

import pytest

from proxy_harness import Nginx, free_port, installed, replaced
from support.raw_http import Client
from support.sluice_server import SluiceServer, run_sluice

CHECKS = {"address", "certificate", "session", "location", "buffering", "pieces", "body size", "pages", "long", "patch",
          "104", "delete"}


class WrongNginx(Nginx):
    """The packaged file with a mistake: `changes` are texts of it and what stands there instead."""

    changes = ()

    def command(self, site):
        return super().command(replaced(site, *self.changes))


@pytest.fixture
def wrong_nginx(tmp_path, server, certificate):
    installed("nginx")
    started = []

    def start(*changes, upstream=None):
        made = WrongNginx(tmp_path, (upstream or server).port, certificate)
        made.changes = changes
        started.append(made)
        return made.start()

    yield start
    for made in started:
        made.close()


def doctor(*args, **options):
    """The exit code and, by check, mark and text."""
    result = run_sluice("doctor", "--json", *args, timeout=120, **options)
    assert result.stderr == "", result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return result.returncode, {line["check"]: (line["mark"], line["text"]) for line in lines}


def look(proxy, *args):
    return doctor("--url", proxy.url, "--cacert", proxy.certificate.chain, *args)


def expect_only(found, *checks):
    """Nothing else is a warning or a problem."""
    assert {check for check, (mark, _) in found.items() if mark in ("warning", "problem")} == set(checks), found


def unfinished(server):
    with Client(server.address) as client:
        return [line for line in client.get("/metrics").body.decode().splitlines()
                if line.startswith('sluice_uploads{state="receiving"}')][0].split()[-1]


def test_a_right_proxy(server, proxy):
    before = unfinished(server)
    code, found = look(proxy, "--long", "2", "--origin", "https://app.example.com")
    assert set(found) == CHECKS
    if proxy.passes_interims:
        assert code == 0, found
        expect_only(found)
    else:
        assert code == 1, found
        expect_only(found, "104")
        assert "URLSession" in found["104"][1]
    assert unfinished(server) == before, "what it opened it removed"


def test_lines_for_people(proxy):
    result = run_sluice("doctor", "--url", proxy.url, "--cacert", proxy.certificate.chain)
    lines = result.stdout.splitlines()
    assert len(lines) == len(CHECKS)
    assert lines[0].split(maxsplit=2) == ["ok", "certificate", "is good for 364 days"]
    assert lines[-1].split(maxsplit=2) == ["ok", "delete", "an upload can be given up"]


def test_a_proxy_that_buffers(wrong_nginx):
    code, found = look(wrong_nginx(("proxy_request_buffering off;", "")))
    assert code == 2
    expect_only(found, "buffering", "104")
    assert "none of 256 KiB had arrived" in found["buffering"][1]
    assert "proxy_request_buffering off" in found["buffering"][1]


def test_a_proxy_with_a_bound_of_bodies(wrong_nginx):
    code, found = look(wrong_nginx(("client_max_body_size 0;", "client_max_body_size 1m;")))
    assert code == 2
    expect_only(found, "body size", "104")
    mark, text = found["body size"]
    assert mark == "problem"
    assert text.startswith("a request of 1.0 MiB is refused, of "), text
    assert '413 from "nginx/' in text and "client_max_body_size 0" in text


def test_a_bound_that_pieces_pass_is_a_warning(wrong_nginx):
    code, found = look(wrong_nginx(("client_max_body_size 0;", "client_max_body_size 100m;")))
    assert code == 1
    assert found["body size"][0] == "warning"


def test_a_proxy_that_refuses_patch(wrong_nginx):
    code, found = look(wrong_nginx(("proxy_pass http://sluice;",
                                    "if ($request_method = PATCH) { return 405; }\nproxy_pass http://sluice;")))
    assert code == 2
    expect_only(found, "patch", "104")
    assert found["patch"][1].startswith('PATCH does not come through: 405 from "nginx/')


def test_a_proxy_that_tells_another_host(wrong_nginx, certificate, tmp_path):
    config = tmp_path / "sluice.toml"
    config.write_text('server.trusted_proxies = "127.0.0.1"\nserver.hosts = "inside.example"\n')
    with SluiceServer(tmp_path / "data", args=["--config", config]) as other:
        proxy = wrong_nginx(("X-Forwarded-Host $http_host", "X-Forwarded-Host inside.example"), upstream=other)
        code, found = look(proxy)
    assert code == 2
    expect_only(found, "location", "104")
    mark, text = found["location"]
    assert mark == "problem"
    assert "locations lead to https://inside.example" in text and f"set server.public_url to {proxy.url}" in text


def test_a_proxy_that_is_not_trusted(wrong_nginx, tmp_path):
    with SluiceServer(tmp_path / "data") as other:
        code, found = look(wrong_nginx(upstream=other))
    assert code == 2
    expect_only(found, "location", "104")
    assert "locations lead to http://localhost" in found["location"][1]


def test_a_proxy_that_takes_104_for_the_end(wrong_nginx):
    code, found = look(wrong_nginx(('proxy_set_header Upload-Draft-Interop-Version "";', "")))
    assert code == 2
    expect_only(found, "104")
    assert found["104"][0] == "problem"
    assert "Upload-Draft-Interop-Version" in found["104"][1]


def test_a_proxy_that_answers_pages_itself(wrong_nginx):
    proxy = wrong_nginx(("client_max_body_size 0;",
                         "client_max_body_size 0;\nadd_header Access-Control-Allow-Origin * always;"))
    code, found = look(proxy)
    assert code == 2
    expect_only(found, "pages", "104")
    assert "comes twice" in found["pages"][1]


def test_a_proxy_that_cuts_slow_requests(wrong_nginx):
    code, found = look(wrong_nginx(("client_body_timeout 5m;", "client_body_timeout 300ms;")), "--long", "5")
    assert code == 2
    assert "a slow request was cut off" in found["long"][1]


def test_a_server_with_credentials(wrong_nginx, tmp_path):
    config = tmp_path / "sluice.toml"
    config.write_text('server.trusted_proxies = "127.0.0.1"\n[[credentials]]\nowner = "ann"\napi_key = "the key"\n')
    key = tmp_path / "key"
    key.write_text("the key\n")
    with SluiceServer(tmp_path / "data", args=["--config", config]) as other:
        proxy = wrong_nginx(upstream=other)
        code, found = look(proxy)
        assert code == 2
        assert "--api-key-file" in found["session"][1]
        code, found = look(proxy, "--api-key-file", key)
    assert code == 1
    expect_only(found, "104")


def test_where_nothing_answers():
    code, found = doctor("--url", f"http://127.0.0.1:{free_port()}")
    assert code == 2
    assert found["address"][0] == "problem" and "nothing answers there" in found["address"][1]


def test_where_another_server_answers(wrong_nginx):
    code, found = look(wrong_nginx(("proxy_pass http://sluice;", "return 404;\nproxy_pass http://sluice;")))
    assert code == 2
    assert '404 from "nginx/' in found["address"][1]


def test_a_certificate_that_is_not_trusted(wrong_nginx):
    code, found = doctor("--url", wrong_nginx().url)
    assert code == 2
    assert "certificate" in found["address"][1]


@pytest.fixture
def machine(tmp_path):
    """Looks with a configuration at a directory that is fit."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)

    def look_inside(toml="", connections=10):
        config = tmp_path / "sluice.toml"
        config.write_text(f'data.low_water = "1MiB"\nlimits.connections = {connections}\nvideo.probe = "off"\n{toml}')
        return doctor("--config", config, "--data", data)

    return look_inside


def test_a_machine_that_is_fit(machine):
    _, found = machine()
    assert {found[check][0] for check in ("settings", "data", "disk", "descriptors")} == {"ok"}, found
    # Whether its clock is synchronised is up to the machine.
    assert found["clock"][0] in ("ok", "warning")


def test_settings_that_are_wrong(machine):
    code, found = machine("[backend]\nurl = 'nonsense'\n")
    assert code == 2
    assert "backend.url" in found["settings"][1]


def test_a_data_directory_that_others_read(machine, tmp_path):
    (tmp_path / "data").chmod(0o755)
    code, found = machine()
    assert code == 1
    assert found["data"][0] == "warning" and "chmod 700" in found["data"][1]


def test_too_few_descriptors(machine):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    _, found = machine(connections=most)
    assert found["descriptors"][0] == "warning" and "LimitNOFILE" in found["descriptors"][1]


def test_applications(machine):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        there = f"http://127.0.0.1:{listener.getsockname()[1]}"
        gone = f"http://127.0.0.1:{free_port()}"
        code, found = machine(f'[backend]\nurl = "{there}/files/{{id}}"\n[hooks]\nauthorize = "{gone}/may"\n')
    assert code == 2
    assert found["backend"] == ("ok", f"{there} takes connections")
    assert found["hooks"][0] == "problem" and f"{gone} cannot be reached" in found["hooks"][1]


def test_a_certificate_that_ends_soon(machine, tmp_path):
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "5", "-subj", "/CN=localhost", "-keyout", key, "-out", chain], check=True, capture_output=True)
    _, found = machine(f'[tls]\nlisten = "127.0.0.1:0"\ncertificate = "{chain}"\nkey = "{key}"\n')
    mark, text = found["certificate"]
    assert mark == "warning" and "renew it" in text
