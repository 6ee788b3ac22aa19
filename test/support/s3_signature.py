# SPDX-License-Identifier: MIT
"""Requests to an S3 engine, signed without any code of the product."""

import base64
import datetime
import hashlib
import hmac
import http.client
import urllib.parse


def signed_headers(method, host, path, query, body, access_key, secret_key, region, headers=(), digest=""):
    """Headers of AWS Signature Version 4; path and query values as they are meant, query as pairs. `digest`: that of the
    body, where it is known already."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = digest or hashlib.sha256(body).hexdigest()
    every = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now,
             **{name.lower(): value for name, value in headers}}
    names = ";".join(sorted(every))
    canonical = "\n".join([
        method, urllib.parse.quote(path, safe="/-_.~"), encoded_query(query),
        "".join(f"{name}:{every[name]}\n" for name in sorted(every)), names, digest])
    scope = f"{now[:8]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + secret_key.encode()
    for word in (now[:8], region, "s3", "aws4_request"):
        key = hmac.new(key, word.encode(), "sha256").digest()
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    every["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, "
                              f"Signature={signature}")
    return every


def encoded_query(query):
    return "&".join(f"{urllib.parse.quote(name, safe='-_.~')}={urllib.parse.quote(value, safe='-_.~')}"
                    for name, value in sorted(query))


def request(address, method, path, query=(), body=b"", key=("AKTEST", "SKTEST"), region="us-east-1"):
    """(status, body) of the answer."""
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        host = f"{address[0]}:{address[1]}"
        digest = base64.b64encode(hashlib.md5(body).digest()).decode()
        headers = signed_headers(method, host, path, query, body, *key, region, [("Content-MD5", digest)])
        target = urllib.parse.quote(path, safe="/-_.~") + ("?" + encoded_query(query) if query else "")
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
