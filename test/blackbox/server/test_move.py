# SPDX-License-Identifier: MIT
"""Running uploads get another base URL: later answers carry it, and locations that clients know go on working."""

from support.fault_proxy import FaultProxy
from support.raw_http import Client, address_of, path_of
from support.sluice_server import run_sluice

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

    def restart(self, public_url=None):
        self.server.kill()
        self.server.args = ["--public-url", public_url] if public_url else self.server.args
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


def move(server, *args):
    return run_sluice("move", *args, "--data", server.data_dir)


def test_the_operator_moves_running_uploads(new_server, video_path):
    server = new_server()
    with TwoAddresses(server) as world:
        with Client(address_of(world.first)) as client:
            old = client.create(len(DATA))
        assert piece(old, 0, 5).header("Location") == old
        moved = move(server, "--to", world.second + "/")
        assert (moved.returncode, moved.stdout) == (0, f"locations lead to {world.second}/\n"), moved.stderr
        new = world.second + path_of(old)
        assert piece(old, 5, 10).header("Location") == new
        assert piece(new, 10, 15).header("Location") == new
        world.restart()
        assert status(old).header("Location") == new, "a restart sent the client back"
        assert move(server, "--back").returncode == 0
        assert status(new).header("Location") == new, "without a public URL the address that was asked counts"
        assert status(old).header("Location") == old
        done = piece(new, 15, 26)
        assert done.status == 200
        with open(video_path(server, done.json()), "rb") as file:
            assert file.read() == DATA
        world.restart()
        assert status(old).header("Location") == old


def test_a_move_to_no_url_is_refused(new_server):
    server = new_server("--public-url", "https://a.example")
    refused = move(server, "--to", "b.example")
    assert refused.returncode == 1 and "expected an absolute http or https URL" in refused.stderr
    with Client((server.host, server.port)) as client:
        assert client.create(9).startswith("https://a.example/")


def test_move_without_a_server(tmp_path):
    answer = move(type("Nobody", (), {"data_dir": tmp_path}), "--to", "https://a.example")
    assert answer.returncode == 4 and "no server answers" in answer.stderr


def test_move_says_where_to(tmp_path):
    for args in ((), ("--to", "https://a.example", "--back")):
        assert run_sluice("move", *args, "--data", tmp_path).returncode == 2
