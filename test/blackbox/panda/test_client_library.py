# SPDX-License-Identifier: MIT
"""The requests of clients beside an upload: lists, one video, its encodings, removal, errors."""

import pytest

SIGNED = "access_key=a&cloud_id=c&timestamp=2026-11-22T17%3A20%3A58.000000%2B00%3A00&signature=s%3D"
UNKNOWN = "0123456789abcdef0123456789abcdef"


def upload(client):
    response = client.whole(client.create(9), b"abcdefghi")
    assert response.status == 200
    return response.json()


@pytest.mark.parametrize("query", [SIGNED, f"{SIGNED}&status=fail&page=1&per_page=100"])
def test_lists_are_arrays(client, query):
    """Ruby, Python, Node."""
    video = upload(client)
    response = client.get(f"/v2/videos.json?{query}")
    assert response.status == 200 and response.header("Content-Type").startswith("application/json")
    assert isinstance(response.json(), list) and response.json()[0]["id"] == video["id"]


@pytest.mark.parametrize("target", ["/v2/videos.json?include_root=true&per_page=1", "/v2/videos.json?include_root=1&per_page=1",
                                    "/flip/3.1/videos.json?factory_id=f&per_page=1"])
def test_lists_with_a_root(client, target):
    """The PHP bundle asks for it, the SDKs of 3.1 expect it."""
    video = upload(client)
    answer = client.request("GET", target, [("X-Api-Key", "k")]).json()
    assert set(answer) == {"videos", "page", "per_page", "total"}
    assert answer["videos"][0]["id"] == video["id"] and answer["total"] >= 1


def test_one_video_and_what_was_made_of_it(client):
    video = upload(client)
    assert client.get(f"/v2/videos/{video['id']}.json?{SIGNED}").json() == video
    assert client.get(f"/v2//videos/{video['id']}.json").json() == video
    assert client.get(f"/v2/videos/{video['id']}/encodings.json?{SIGNED}").json() == []
    assert client.get(f"/v2/videos/{UNKNOWN}/encodings.json?{SIGNED}").status == 404
    assert client.get("/v2/profiles.json").json() == []
    assert client.get("/v2/encodings.json").json() == []
    assert client.get("/flip/3.1/profiles.json").json()["profiles"] == []


@pytest.mark.parametrize("path", ["/clouds/c.json", "/factories.json", "/notifications.json", "/presets.json",
                                  f"/encodings/{UNKNOWN}.json", f"/profiles/{UNKNOWN}.json"])
def test_what_no_upload_needs_is_not_found(client, path):
    response = client.get("/v2" + path)
    assert (response.status, response.json()["error"]) == (404, "RecordNotFound")


def test_removal_answers_json(client):
    """Ruby and Python fail on an empty body."""
    video = upload(client)
    source = client.request("DELETE", f"/v2/videos/{video['id']}/source.json?{SIGNED}")
    assert (source.status, source.json()) == (200, {"deleted": True})
    response = client.request("DELETE", f"/v2/videos/{video['id']}.json?{SIGNED}")
    assert (response.status, response.json()) == (200, {"deleted": True})
    assert client.get(f"/v2/videos/{video['id']}.json").status == 404


def test_errors_in_the_words_of_the_api(client, new_server, connected):
    missing = client.get(f"/v2/videos/{UNKNOWN}.json")
    assert missing.status == 404
    assert missing.json() == {"error": "RecordNotFound", "message": f"Couldn't find Video with ID={UNKNOWN}"}
    format_ = client.get("/v2/videos.xml")
    assert format_.status == 400
    assert format_.json() == {"error": "BadRequest", "message": "Currently only .json is supported as a format"}
    small = connected(new_server(toml="[limits]\nfile_size = 10485760\n"))
    large = small.request("POST", "/v2/videos/upload.json?file_size=10485761&file_name=a")
    assert (large.status, large.json()["error"]) == (413, "FileSizeLimitExceeded")
    assert "10485760" in large.json()["message"]


def test_connections_stay_open_and_close_on_demand(connect):
    """One connection for many requests; Ruby closes each."""
    connection = connect()
    for _ in range(3):
        assert connection.request("GET", "/v2/videos.json").header("Connection") in (None, "keep-alive")
    assert connection.request("GET", "/v2/videos.json", [("Connection", "close")]).closes
    connection.expect_close()


def test_flash_policy(client, new_server, connected):
    assert client.get("/crossdomain.xml").status == 404
    enabled = connected(new_server(toml="[cors]\ncrossdomain_xml = true\n"))
    response = enabled.get("/crossdomain.xml")
    assert response.status == 200 and b'<allow-access-from domain="*"' in response.body
    assert response.header("Content-Type") == "text/x-cross-domain-policy"
