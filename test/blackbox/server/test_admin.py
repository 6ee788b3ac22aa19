# SPDX-License-Identifier: MIT
"""Access to /readyz and /metrics, a listener of their own, and a drain as a balancer sees it."""

import re
import signal

import pytest

from support.raw_http import Client, Connection, address_beyond_loopback
from support.waiting import wait_until

INSIDE = ["/readyz", "/metrics"]


@pytest.mark.parametrize("page", INSIDE)
def test_requests_that_are_passed_on_do_not_see_the_inside(client, page):
    assert client.get(page).status == 200
    for name in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via"):
        assert client.request("GET", page, [(name, "for=192.0.2.1")]).status == 404, name
    assert client.request("GET", "/healthz", [("X-Forwarded-For", "192.0.2.1")]).status == 200


def test_other_machines_do_not_see_the_inside(new_server):
    host = address_beyond_loopback()
    if host is None:
        pytest.skip("this machine has no address beside loopback")
    server = new_server("--open", listen="0.0.0.0:0")
    with Client((host, server.port)) as client:
        assert [client.get(page).status for page in ("/healthz", *INSIDE)] == [200, 404, 404]
    with Client(("127.0.0.1", server.port)) as client:
        assert [client.get(page).status for page in ("/healthz", *INSIDE)] == [200, 200, 200]
    trusting = new_server("--open", toml=f'[server]\ntrusted_proxies = "{host}"\n', listen="0.0.0.0:0")
    with Client((host, trusting.port)) as client:
        assert client.get("/readyz").status == 200
        assert client.request("GET", "/readyz", [("X-Forwarded-For", "192.0.2.1")]).status == 404


def admin_address(server):
    return "127.0.0.1", int(re.search(r"^pages on http://127.0.0.1:(\d+)$", server.stdout_text, re.M).group(1))


def test_pages_have_a_listener_of_their_own(new_server, connected):
    server = new_server(toml='[admin]\nlisten = "127.0.0.1:0"\n')
    client = connected(server)
    assert [client.get(page).status for page in ("/healthz", *INSIDE)] == [200, 404, 404]
    client.create(9)
    with Client(admin_address(server)) as admin:
        assert [admin.get(page).status for page in ("/healthz", *INSIDE)] == [200, 200, 200]
        # Every client of this listener sees them.
        assert admin.request("GET", "/readyz", [("X-Forwarded-For", "192.0.2.1")]).status == 200
        assert b'sluice_uploads{state="receiving"} 1' in admin.get("/metrics").body
        assert admin.get("/videos.json").status == 404
        assert admin.request("POST", "/videos/upload.json?file_size=9&file_name=a").status == 404
    client.close()
    assert server.terminate() == 0


def test_pages_on_a_unix_socket(new_server, tmp_path):
    path = str(tmp_path / "admin.sock")
    server = new_server(toml=f'[admin]\nlisten = "unix:{path}"\n')
    assert f"pages on unix:{path}\n" in server.stdout_text
    with Client(path) as admin:
        assert admin.get("/readyz").status == 200


def test_balancer_sees_a_drain_before_connections_are_refused(new_server, connected):
    server = new_server(toml='[server]\ndrain_delay = "1h"\n')
    client = connected(server)
    location = client.create(9)
    server.signal(signal.SIGTERM)

    def fresh(target):
        with Connection(server.address) as connection:
            return connection.request("GET", target)

    wait_until(lambda: fresh("/readyz").status == 503, "readyz to say that it ends")
    assert "the server is shutting down" in fresh("/readyz").json()["reasons"]
    assert fresh("/healthz").status == 200
    assert client.whole(location, b"abcdefghi").status == 200
    assert client.create(9)
    server.signal(signal.SIGTERM)  # A second signal ends the drain.
    assert server.wait(20) == -signal.SIGTERM


def test_drain_begins_after_its_delay(new_server, connected):
    server = new_server(toml='[server]\ndrain_delay = "100ms"\n')
    assert connected(server).get("/readyz").status == 200
    assert server.terminate() == 0


def test_pages_of_their_own_listener_say_to_the_end_that_it_drains(new_server, connected):
    server = new_server(toml='[server]\ndrain = "1h"\n[admin]\nlisten = "127.0.0.1:0"\n')
    client = connected(server)
    location = client.create(9)
    running = connected(server).connection
    fields = [("Content-Type", "application/octet-stream"), ("Content-Length", "9"), ("Expect", "100-continue")]
    running.send_head("PUT", location[location.index("/uploads/") :], fields)
    assert running.read_response().status == 100
    client.close()
    server.signal(signal.SIGTERM)
    wait_until(lambda: "draining" in server.log(), "the drain")
    with Client(admin_address(server)) as admin:
        assert admin.get("/readyz").status == 503
    running.send(b"abcdefghi")
    assert running.read_final().status in (200, 503)
    assert server.wait(30) == 0
