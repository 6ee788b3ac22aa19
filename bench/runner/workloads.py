# SPDX-License-Identifier: MIT
"""The workloads, and the servers that take part in each."""

from dataclasses import dataclass

KIB = 1 << 10
MIB = 1 << 20
EVERYBODY = ("panda", "tus", "dav", "dav-range")
WHOLE_FILES = ("panda", "tus", "dav")
DURABILITIES = ("none", "interval", "commit")


@dataclass(frozen=True)
class Workload:
    key: str
    title: str
    command: str  # Of the load generator.
    size: int = 0
    piece: int = 0
    uploads: int = 1
    connections: int = 1
    form: bool = False
    parts: bool = False
    tls: bool = False
    dialects: tuple = EVERYBODY
    unit: str = "GiB"  # Of server CPU: GiB, upload or request.
    clean: bool = True  # Files are deleted after each round.
    scaled: str = "size"  # The option that a shorter run makes smaller.
    beside: str = ""  # The workload to compare with, in the same rounds.
    floor: bool = True  # The floor can answer it.
    moved: bool = False  # Sluice does not copy the bodies: compared with a floor that does not either.

    def options(self, scale):
        size, uploads = self.size, self.uploads
        if self.scaled == "size":
            size = max(int(size * scale) // MIB, 1) * MIB
        else:
            uploads = max(int(uploads * scale), self.connections)
        words = ["--size", size, "--piece", self.piece, "--uploads", uploads, "--connections", self.connections]
        return words + [option for option, chosen in (("--form", self.form), ("--parts", self.parts)) if chosen]


WORKLOADS = (
    Workload("one-request", "One upload of 512 MiB in one request", "uploads", 512 * MIB, dialects=WHOLE_FILES,
             moved=True),
    Workload("pieces-5m", "One upload of 500 MiB in pieces of 5 MiB", "uploads", 500 * MIB, 5 * MIB, moved=True),
    Workload("pieces-100k", "One upload of 100 MiB in pieces of 100 KiB", "uploads", 100 * MIB, 100 * KIB),
    Workload("small", "2,000 uploads of 64 KiB, 16 at a time, from session to answer", "uploads", 64 * KIB, 0, 2000, 16,
             dialects=WHOLE_FILES, unit="upload", clean=False, scaled="uploads"),
    Workload("side-by-side", "8 uploads of 256 MiB side by side", "uploads", 256 * MIB, 0, 8, 8, dialects=WHOLE_FILES,
             beside="one-request"),
    Workload("multi-chunk", "One upload of 512 MiB in parts of 5 MiB over 8 connections", "uploads", 512 * MIB,
             connections=8, parts=True, dialects=("panda",), beside="one-request"),
    Workload("form", "One upload of 512 MiB as multipart form", "uploads", 512 * MIB, form=True, dialects=("panda",),
             beside="one-request", floor=False),
    Workload("tls-one-request", "One upload of 512 MiB in one request over TLS 1.3", "uploads", 512 * MIB, tls=True,
             dialects=("panda", "dav"), beside="one-request", floor=False),
    Workload("tls-pieces-5m", "One upload of 500 MiB in pieces of 5 MiB over TLS 1.3", "uploads", 500 * MIB, 5 * MIB,
             tls=True, dialects=("panda", "dav"), beside="pieces-5m", floor=False),
    Workload("sessions", "5,000 sessions created, 16 at a time", "sessions", 64 * KIB, 0, 5000, 16,
             dialects=("panda", "tus"), unit="request", clean=False, scaled="uploads"),
    Workload("tus", "One upload of 500 MiB over tus, a POST and a PATCH for each 5 MiB", "uploads", 500 * MIB, 5 * MIB,
             dialects=("tus",), beside="pieces-5m", moved=True),
    Workload("tus-creation", "2,000 uploads of 64 KiB over tus, each in the POST that creates it, 16 at a time", "uploads",
             64 * KIB, 0, 2000, 16, dialects=("tus-creation",), unit="upload", clean=False, scaled="uploads"),
    Workload("plain-put", "One upload of 512 MiB as PUT without any words", "uploads", 512 * MIB, dialects=("put",),
             floor=False),
    Workload("no-interims", "One upload of 512 MiB in words of the IETF draft, by a client that wants no 104", "uploads",
             512 * MIB, dialects=("rufh-once",), beside="plain-put", floor=False),
    Workload("status", "2,000 status queries during an upload", "status", 1 << 30, 0, 2000,
             dialects=("panda",), unit="request", scaled="uploads"),
)
BY_KEY = {workload.key: workload for workload in WORKLOADS}


@dataclass(frozen=True)
class Contestant:
    """A server at a workload: the one that is measured, or the one beside it."""

    server: str
    workload: Workload
    key: str  # Of its entry in the results.
    remark: str = ""


# None of the peers ever syncs: beside `commit` stand those that a target names, beside `interval` none.
_PEERS_OF = {"none": ("nginx-1m", "nginx", "lighttpd", "tus-node", "tusd"), "interval": (),
             "commit": ("nginx-1m", "tus-node", "tusd")}
_TLS_PEERS = ("nginx-1m",)


def contestants(workload, durability, peers, wanted, before=False):
    """In the order of the table; `peers` are those that can be started. With `before`, the program and the one before
    it alone."""
    ours = "sluice-" + durability
    line = [Contestant(ours, workload, ours)]
    if before:
        return [*line, Contestant("before-" + durability, workload, "before")]
    plain = BY_KEY.get(workload.beside)
    if plain is not None:
        line.append(Contestant(ours, plain, "beside", ", " + plain.key))
    if workload.floor:
        floor = "floor-sync" if durability == "commit" else "floor"
        line.append(Contestant(floor, workload, floor))
    if workload.moved and durability == "none":
        line.append(Contestant("floor-splice", workload, "floor-splice"))
    for peer in _PEERS_OF[durability]:
        if peer not in peers or (workload.tls and peer not in _TLS_PEERS):
            continue
        line.append(Contestant(peer, workload, peer))
        if workload.tls:
            line.append(Contestant(peer, plain, peer + "-beside", ", " + plain.key))
    return [each for each in line if each.server in wanted]
