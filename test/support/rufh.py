# SPDX-License-Identifier: MIT
"""The IETF draft "Resumable Uploads for HTTP" as raw requests over one connection, in any interop version."""

from support.raw_http import path_of

VERSIONS = range(3, 11)
PART = ("Content-Type", "application/partial-upload")


def version_field(version):
    return ("Upload-Draft-Interop-Version", str(version))


def completeness(version, is_complete):
    if version == 3:
        return ("Upload-Incomplete", "?0" if is_complete else "?1")
    return ("Upload-Complete", "?1" if is_complete else "?0")


def offset_in(response):
    value = response.header("Upload-Offset")
    return None if value is None else int(value)


class Rufh:
    """Speaks through a Client of support.raw_http; keeps the interim answers of the last request."""

    def __init__(self, client, version=10, files="/files"):
        self.client = client
        self.version = version
        self.files = files
        self.interims = []

    def request(self, method, target, fields=(), body=b""):
        connection = self.client.connection
        connection.request(method, target, [version_field(self.version), *fields], body, read=False)
        self.interims = []
        while (response := connection.read_response(method)).status < 200:
            self.interims.append(response)
        if response.closes:
            self.client.close()
        return response

    def complete(self, is_complete):
        return completeness(self.version, is_complete)

    def is_complete(self, response):
        """What the answer says; None where it says nothing."""
        if self.version == 3:
            return {"?0": True, "?1": False, None: None}[response.header("Upload-Incomplete")]
        return {"?1": True, "?0": False, None: None}[response.header("Upload-Complete")]

    def told(self, response):
        return response.status, offset_in(response), self.is_complete(response)

    def post(self, body, is_complete, *fields, method="POST"):
        return self.request(method, self.files, [self.complete(is_complete), *fields], body)

    def create(self, size=None, body=b"", *fields):
        """Opens an upload of which more is to come and returns its location."""
        length = [] if size is None else [("Upload-Length", str(size))]
        response = self.post(body, False, *length, *fields)
        assert response.status == 201, response
        return response.header("Location")

    def head(self, location):
        return self.request("HEAD", path_of(location))

    def offset(self, location):
        response = self.head(location)
        assert response.status == 204, response
        return offset_in(response)

    def part_fields(self, offset, is_complete):
        return [version_field(self.version), PART, ("Upload-Offset", str(offset)), self.complete(is_complete)]

    def patch(self, location, offset, data, is_complete, *fields):
        return self.request("PATCH", path_of(location), [*self.part_fields(offset, is_complete)[1:], *fields], data)

    def delete(self, location):
        return self.request("DELETE", path_of(location))
