# SPDX-License-Identifier: MIT
"""How often uploads may be opened, by address and by owner, in each dialect."""

import signal

from support.tus import Tus


def test_an_address_that_opens_too_often_is_told_when_to_come_again(new_server, connected):
    server = new_server(toml='[limits]\ncreations_per_address = 2\n[server]\ntrusted_proxies = "127.0.0.0/8"\n')
    client = connected(server)

    def opened(address):
        return client.request("POST", "/videos/upload.json?file_name=a&file_size=3", [("X-Forwarded-For", address)])

    assert [opened("192.0.2.1").status for _ in range(2)] == [201, 201]
    late = opened("192.0.2.1")
    assert (late.status, late.json()["error"]) == (503, "TooManyUploads")
    assert 1 <= int(late.header("Retry-After")) <= 30
    tus = Tus(client).post(("Upload-Length", "3"), ("X-Forwarded-For", "192.0.2.1"))
    assert tus.status == 503 and 1 <= int(tus.header("Retry-After")) <= 30
    assert opened("192.0.2.2").status == 201


def test_a_reload_is_noted(new_server):
    server = new_server()
    server.signal(signal.SIGHUP)
    (record,) = server.logged("audit")
    assert (record["act"], record["from"]) == ("reload", "signal") and record["process_id"] > 1
