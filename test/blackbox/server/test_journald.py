# SPDX-License-Identifier: MIT
"""The log in systemd's journal, by its native protocol; the journal is a socket of the test's own."""

import socket

import pytest

from support.raw_http import Client
from support.sluice_server import ServerFailed
from support.waiting import wait_until


class Journal:
    def __init__(self, path):
        self.path = str(path)
        self.entries = []
        self.open()

    def open(self):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(0.05)

    def close(self):
        self._socket.close()

    def _read(self):
        try:
            while True:
                lines = self._socket.recv(1 << 20).decode().split("\n")
                self.entries.append(dict(line.split("=", 1) for line in lines))
        except TimeoutError:
            pass

    def has(self, event):
        """Its entries, once there is one."""

        def found():
            self._read()
            return [entry for entry in self.entries if entry["SLUICE_EVENT"] == event]

        wait_until(found, event)
        return found()


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path / "journal")
    yield opened
    opened.close()


def settings(journal):
    return f'[log]\nformat = "journald"\njournal = "{journal.path}"\n'


def test_an_event_is_an_entry_with_fields(new_server, journal):
    server = new_server(toml=settings(journal))
    with Client(server.address) as client:
        client.create(9, file_name="a\nPRIORITY=0.mp4")
        client.request("PUT", "/uploads/none", fields=[("traceparent", "00-" + "a" * 32 + "-" + "b" * 16 + "-00")])
    (created,) = journal.has("upload created")
    assert created["MESSAGE"].startswith("upload created upload=1 ")
    assert (created["PRIORITY"], created["SYSLOG_IDENTIFIER"], created["SLUICE_UPLOAD"]) == ("6", "sluice", "1")
    requests = journal.has("request")
    wait_until(lambda: len(journal.has("request")) == 2, "both requests")
    request = journal.has("request")[-1]
    assert request["SLUICE_TRACE"] == "a" * 32 and request["SLUICE_STATUS"] == "404"
    assert requests and server.log() == "", "nothing is on standard error"


def test_a_journal_that_starts_again_is_found_again(new_server, journal, tmp_path):
    server = new_server(toml=settings(journal))
    journal.has("started")
    journal.close()
    with Client(server.address) as client:
        client.get("/healthz")
        (tmp_path / "journal").unlink()
        journal.open()
        client.get("/healthz")
        journal.has("request")


def test_without_a_journal_the_server_does_not_start(new_server, tmp_path):
    with pytest.raises(ServerFailed) as failed:
        new_server(toml=f'[log]\nformat = "journald"\njournal = "{tmp_path}/none"\n')
    assert "log.journal" in str(failed.value) and "/none" in str(failed.value)
