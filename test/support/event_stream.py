# SPDX-License-Identifier: MIT
"""Server-sent events, read from a socket as they come."""

import json

from support.raw_http import Connection

EVENTS = "/api/events"


class EventStream(Connection):
    """The stream of the console, behind its head; `head` are the lines of that."""

    def __init__(self, address, query="", fields=(), **options):
        super().__init__(address, **options)
        self.send_head("GET", EVENTS + (f"?{query}" if query else ""), fields)
        self.head_lines = self._take_head().decode().split("\r\n")
        self.rows = {}

    def next(self):
        """The name and the data of the next event; None at the end of the stream."""
        while (end := self._buffer.find(b"\n\n")) < 0:
            if not self._fill():
                assert not self._buffer, "the stream ends inside of an event"
                return None
        event = bytes(self._buffer[:end]).decode("utf-8")
        del self._buffer[: end + 2]
        name, data = event.split("\n")
        assert name.startswith("event: ") and data.startswith("data: "), event
        return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    def wait_for(self, wanted):
        """The data of the next event of that name."""
        while True:
            event = self.next()
            assert event, f"the stream ended before {wanted}"
            if event[0] == wanted:
                return event[1]

    def wait_for_uploads(self, condition):
        """The rows that are shown, in their order, once condition(rows) is true."""
        while True:
            changes = self.wait_for("uploads")
            self.rows.update({row["id"]: row for row in changes["rows"]})
            shown = [self.rows[upload_id] for upload_id in changes["order"]]
            if condition(shown):
                return shown
