# SPDX-License-Identifier: MIT
"""Running uploads get another base URL: later answers carry it, what clients know already goes on working."""

from support.fault_proxy import FaultProxy
from support.raw_http import Client, address_of, path_of

DATA = b"abcdefghijklmnopqrstuvwxyz"


class TwoAddresses:
    """Two ways to one server, as two hosts would have: `first` and `second` are base URLs."""

    def __init__(self, server):
        self.server = server
        self.proxy = FaultProxy(server.host, server.port)
        self.first = f"http://127.0.0.1:{self.proxy.port}"
        self.second = f"http://127.0.0.1:{self.proxy.second_port}"

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.proxy.close()

    def restart(self, public_url):
        self.server.kill()
        self.server.args = ["--public-url", public_url]
        self.server.start()
        self.proxy.upstream = (self.server.host, self.server.port)


def piece(location, begin, end):
    with Client(address_of(location)) as client:
        return client.piece(location, begin, DATA[begin:end], len(DATA))


def status(location):
    with Client(address_of(location)) as client:
        return client.status(location, len(DATA))


def test_another_public_url_moves_running_uploads(new_server, video_path):
    server = new_server("--public-url", "http://127.0.0.1:9")
    with TwoAddresses(server) as world:
        world.restart(world.first)
        with Client(address_of(world.first)) as client:
            old = client.create(len(DATA))
        assert old.startswith(world.first + "/")
        assert piece(old, 0, 5).header("Location") == old
        world.restart(world.second)
        new = world.second + path_of(old)
        # The old location answers, and leads on.
        answer = status(old)
        assert (answer.status, answer.header("Range"), answer.header("Location")) == (204, "0-4", new)
        assert piece(old, 5, 10).header("Location") == new
        assert piece(new, 10, 15).header("Location") == new
        assert status(old).header("Range") == "0-14"
        done = piece(old, 15, 26)
        assert (done.status, done.header("Location")) == (200, new)
        with open(video_path(server, done.json()), "rb") as file:
            assert file.read() == DATA
        assert status(new).body == done.body


def test_every_kind_of_answer_leads_on(new_server):
    with TwoAddresses(new_server("--public-url", "http://127.0.0.1:9")) as world:
        world.restart(world.second)
        with Client(address_of(world.first)) as client:
            location = client.create(len(DATA))
            assert location.startswith(world.second + "/")
            answers = [
                client.status(location),
                client.piece(location, 0, DATA[:3], len(DATA)),
                client.piece(location, 0, DATA[:3], len(DATA)),
                client.piece(location, 20, DATA[20:22], len(DATA)),
                client.whole(location, DATA),
                client.status(location),
            ]
        assert [answer.status for answer in answers] == [204, 204, 204, 204, 200, 200]
        assert {answer.header("Location") for answer in answers} == {location}
