# SPDX-License-Identifier: MIT
"""The examples of docs/clients.md, which tests run as they stand there."""

import re
from pathlib import Path

CLIENTS = Path(__file__).parents[2] / "docs" / "clients.md"
SERVER = "https://uploads.example"
FILE = "holiday.mp4"
# Their clients run on phones: their requests are sent by test_phones.py.
OF_PHONES = {"TUSKit", "tus-android-client", "URLSession"}


def examples():
    """By the client's heading the texts of its examples, and their language."""
    sections = re.split(r"(?m)^## (.*)\n", CLIENTS.read_text(encoding="utf-8"))[1:]
    found = {}
    for name, text in zip(sections[::2], sections[1::2]):
        blocks = re.findall(r"(?ms)^```(\w+)\n(.*?)^```\n", text)
        if blocks:
            found[name] = blocks
    return found


def examples_in(language):
    """The same of one language, each under a name of its own."""
    return {
        f"{client} {number}": text
        for client, blocks in examples().items()
        for number, (written_in, text) in enumerate(blocks, 1)
        if written_in == language
    }


def addressed(text, url, file=FILE):
    """The example with the server's address, and the file's name, in place of those of the document."""
    assert SERVER in text
    return text.replace(SERVER, url).replace(FILE, file)
