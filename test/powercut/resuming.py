# SPDX-License-Identifier: MIT
"""A client after a refusal: it asks how many bytes are stored and goes on from there."""

from support.raw_http import stored_bytes

PIECE = 1 << 20
TRIES_MAX = 100


def refused(response, *statuses):
    """The answer is a temporary failure of the server, one of `statuses` where they are given."""
    assert 500 <= response.status <= 599 and (not statuses or response.status in statuses), response
    assert response.header("Retry-After") is not None, response
    assert {"error", "message"} <= set(response.json()), response


def stored_or_none(client, location, total):
    """The number of bytes that the server reports; None where it reports none."""
    response = client.status(location, total)
    if response.status >= 500:
        return None
    return stored_bytes(response)


def resume(client, location, data):
    """Sends the missing bytes and returns the video; every answer on the way is a progress."""
    total = len(data)
    response = client.status(location, total)
    for _ in range(TRIES_MAX):
        if response.status == 200:
            return response.json()
        assert response.status == 204, response
        begin = stored_bytes(response)
        response = client.piece(location, begin, data[begin : begin + PIECE], total)
        assert response.status == 200 or stored_bytes(response) > begin, response
    raise AssertionError(f"no end after {TRIES_MAX} pieces: {response}")
