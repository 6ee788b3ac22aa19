# SPDX-License-Identifier: MIT
"""tus 1.0.0 as raw requests over one connection."""

import base64

from support.raw_http import path_of

VERSION = ("Tus-Resumable", "1.0.0")
CHUNK = ("Content-Type", "application/offset+octet-stream")


def metadata(**entries):
    """The field Upload-Metadata."""
    text = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in entries.items())
    return ("Upload-Metadata", text)


def offset_in(response):
    value = response.header("Upload-Offset")
    return None if value is None else int(value)


def expect(response, status, offset=None):
    assert response.status == status, response
    assert response.header("Tus-Resumable") == "1.0.0"
    assert offset_in(response) == offset, response


class Tus:
    """Speaks through a Client of support.raw_http."""

    def __init__(self, client, files="/files"):
        self.client = client
        self.files = files

    def request(self, method, target, fields=(), body=b""):
        return self.client.request(method, target, [VERSION, *fields], body)

    def post(self, *fields, body=b""):
        return self.request("POST", self.files, fields, body)

    def create(self, size, *fields):
        """Opens an upload and returns its location."""
        response = self.post(("Upload-Length", str(size)), *fields)
        assert response.status == 201, response
        return response.header("Location")

    def head(self, location):
        return self.request("HEAD", path_of(location))

    def offset(self, location):
        response = self.head(location)
        assert response.status == 200, response
        return offset_in(response)

    def patch(self, location, offset, data, *fields):
        return self.request("PATCH", path_of(location), [CHUNK, ("Upload-Offset", str(offset)), *fields], data)

    def delete(self, location):
        return self.request("DELETE", path_of(location))

    def answer(self, location):
        """The backend's."""
        return self.client.get(path_of(location) + "/answer")

    def upload(self, data, chunk=1 << 20, *fields):
        """Uploads as a client does that knows nothing of answers; the location."""
        location = self.create(len(data), *fields)
        offset = 0
        while offset < len(data):
            response = self.patch(location, offset, data[offset : offset + chunk])
            assert response.status == 204, response
            offset = offset_in(response)
        return location
