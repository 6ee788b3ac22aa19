# SPDX-License-Identifier: MIT
"""The ways in which tus-js-client uploads, by its options."""

PROTOCOLS = ["tus-v1", "ietf-draft-03", "ietf-draft-05"]
WAYS = {
    "plain": {},
    "small chunks": {"chunkSize": 300_001},
    "with upload": {"uploadDataDuringCreation": True},
    "with upload in chunks": {"uploadDataDuringCreation": True, "chunkSize": 1_000_000},
    "override": {"overridePatchMethod": True, "chunkSize": 1_000_000},
    "deferred": {"uploadLengthDeferred": True, "chunkSize": 700_001},
    # When the answer to its last request is lost the client ends with an error, and its page starts it again.
    "parallel": {"parallelUploads": 3, "chunkSize": 400_000, "startsAgain": 1},
}
# The draft knows no concatenation.
TUS_JS = {
    f"tus-js-client, {protocol}, {way}": {"protocol": protocol, **options}
    for protocol in PROTOCOLS
    for way, options in WAYS.items()
    if protocol == "tus-v1" or way != "parallel"
}
