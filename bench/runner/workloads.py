# SPDX-License-Identifier: MIT
"""What is uploaded, and by whom it is received."""

from dataclasses import dataclass

KIB = 1 << 10
MIB = 1 << 20
EVERYBODY = ("panda", "tus", "dav", "dav-range")


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
    dialects: tuple = EVERYBODY
    unit: str = "GiB"  # Of server CPU: GiB, upload or request.
    clean: bool = True  # Files are deleted after each round.
    scaled: str = "size"  # What a shorter run makes smaller.

    def options(self, scale):
        size, uploads = self.size, self.uploads
        if self.scaled == "size":
            size = max(int(size * scale) // MIB, 1) * MIB
        else:
            uploads = max(int(uploads * scale), self.connections)
        words = ["--size", size, "--piece", self.piece, "--uploads", uploads, "--connections", self.connections]
        return words + (["--form"] if self.form else [])


WORKLOADS = (
    Workload("one-request", "One upload of 512 MiB in one request", "uploads", 512 * MIB,
             dialects=("panda", "tus", "dav")),
    Workload("pieces-5m", "One upload of 500 MiB in pieces of 5 MiB", "uploads", 500 * MIB, 5 * MIB),
    Workload("pieces-100k", "One upload of 100 MiB in pieces of 100 KiB", "uploads", 100 * MIB, 100 * KIB),
    Workload("small", "2,000 uploads of 64 KiB, 16 at a time, from session to answer", "uploads", 64 * KIB, 0, 2000, 16,
             dialects=("panda", "tus", "dav"), unit="upload", clean=False, scaled="uploads"),
    Workload("side-by-side", "8 uploads of 128 MiB side by side", "uploads", 128 * MIB, 0, 8, 8,
             dialects=("panda", "tus", "dav")),
    Workload("form", "One upload of 512 MiB as multipart form", "uploads", 512 * MIB, form=True, dialects=("panda",)),
    Workload("sessions", "5,000 sessions created, 16 at a time", "sessions", 64 * KIB, 0, 5000, 16,
             dialects=("panda", "tus"), unit="request", clean=False, scaled="uploads"),
    Workload("status", "2,000 status queries during an upload", "status", 4 << 30, 0, 2000,
             dialects=("panda",), unit="request", scaled="uploads"),
)
BY_KEY = {workload.key: workload for workload in WORKLOADS}

# Who cannot play: the floor knows no forms, and none of it is asked for what it does not do.
LEFT_OUT = {
    "form": ("floor", "floor-sync"),
    "pieces-100k": (),
}


def servers_for(workload, durability, peers):
    """Keys, in the order of the table."""
    own = {"none": ["sluice-none", "floor"], "commit": ["sluice-commit", "floor-sync"]}[durability]
    return [key for key in own + list(peers) if key not in LEFT_OUT.get(workload.key, ())]
