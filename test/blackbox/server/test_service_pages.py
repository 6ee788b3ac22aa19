# SPDX-License-Identifier: MIT
"""healthz, readyz and metrics."""

import re

import pytest

from support.raw_http import path_of

SAMPLE = re.compile(r'([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)')


def samples(client):
    """{(name, labels): value} of the metrics page."""
    response = client.get("/metrics")
    assert response.status == 200
    assert response.header("Content-Type").startswith("text/plain")
    found = {}
    for line in response.body.decode("utf-8").splitlines():
        if line and not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            found[match.group(1), match.group(2) or ""] = float(match.group(3))
    return found


def total(found, name, *words):
    return sum(value for (key, labels), value in found.items() if key == name and all(word in labels for word in words))


def test_healthz(client):
    assert client.get("/healthz").status == 200


def test_readyz(client):
    assert client.get("/readyz").status == 200


def test_readyz_below_the_low_mark_of_the_disk(new_server, connected):
    server = new_server(toml='[data]\nlow_water = "1000000TiB"\n', start=False)
    server.start()
    response = connected(server).get("/readyz")
    assert response.status == 503, response
    assert b"disk" in response.body.lower()
    assert connected(server).get("/healthz").status == 200


def test_metrics_count_what_happens(client):
    before = samples(client)
    location = client.create(9)
    client.piece(location, 0, b"abcde", 9)
    client.piece(location, 0, b"Xbcde", 9)
    client.piece(location, 5, b"fghi", 9)
    client.get("/nothing")
    after = samples(client)

    def gained(name, *words):
        return total(after, name, *words) - total(before, name, *words)

    assert gained("sluice_received_bytes_total") >= 14
    assert gained("sluice_requests_total", 'status="201"') == 1
    assert gained("sluice_requests_total", 'status="204"') == 1
    assert gained("sluice_requests_total", 'status="404"') == 1
    assert gained("sluice_requests_total", 'status="409"') == 1
    assert gained("sluice_append_seconds_count") >= 2
    assert gained("sluice_sync_seconds_count") >= 1
    assert gained("sluice_commit_seconds_count") >= 2
    assert gained("sluice_uploads", 'state="delivered"') == 1
    assert total(after, "sluice_connections_open") >= 1
    assert total(after, "sluice_disk_free_bytes") > 0
    assert ("sluice_buffers_in_use", "") in after


def test_metrics_show_unfinished_uploads(client):
    before = total(samples(client), "sluice_uploads", 'state="receiving"')
    client.create(9)
    assert total(samples(client), "sluice_uploads", 'state="receiving"') == before + 1


def test_routes_in_metrics_are_words_of_the_server(client):
    for target in ("/nothing/secret-word", "/videos/secret-word.json"):
        client.get(target)
    location = client.create(9)
    client.status(location)
    page = client.get("/metrics").body.decode("utf-8")
    assert "secret-word" not in page
    assert path_of(location).rsplit("/", 1)[1] not in page


def test_histograms_are_cumulative(client):
    client.whole(client.create(9), b"abcdefghi")
    found = samples(client)
    for name in ("sluice_append_seconds", "sluice_sync_seconds", "sluice_commit_seconds"):
        buckets = [value for (key, _), value in found.items() if key == name + "_bucket"]
        assert buckets == sorted(buckets) and len(buckets) > 3
        assert buckets[-1] == found[name + "_count", ""]


@pytest.mark.parametrize("page", ["/healthz", "/readyz", "/metrics"])
def test_pages_are_the_servers_own_and_not_the_apis(client, page):
    assert client.get(page + "/more").status == 404
