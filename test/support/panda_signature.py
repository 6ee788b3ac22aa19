# SPDX-License-Identifier: MIT
"""Signs requests as the clients of the Panda API do, written from their documentation alone."""

import base64
import datetime
import hashlib
import hmac
import urllib.parse


def timestamp(offset_seconds=0):
    """Now, as the Ruby library writes it."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_seconds)
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def escape(text):
    return urllib.parse.quote(str(text).encode(), safe="-_.~")


def canonical(parameters):
    return "&".join(f"{escape(key)}={escape(parameters[key])}" for key in sorted(parameters) if key != "file")


def signature(method, host, path, parameters, secret):
    text = "\n".join([method, host.lower(), path, canonical(parameters)])
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def signed(method, host, path, parameters=None, access_key="ann", secret="secret of ann", cloud="cloud", offset=0):
    """The parameters, and the access key, timestamp and signature that authenticate them."""
    full = {"access_key": access_key, "cloud_id": cloud, "timestamp": timestamp(offset), **(parameters or {})}
    full["signature"] = signature(method, host, path, full, secret)
    return full


def query(parameters):
    """The parameters as a query or an urlencoded body, a space as '+'."""
    return urllib.parse.urlencode(parameters)
