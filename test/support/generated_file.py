# SPDX-License-Identifier: MIT
"""Files of any size that are computed where they are read: the same bytes on every run, none of them kept in memory."""

import hashlib
import random

BLOCK = 1 << 20


class GeneratedFile:
    """Each block holds its number and the same noise, so a block out of place or shifted is seen."""

    def __init__(self, size, seed=1):
        self.size = size
        self._noise = random.Random(seed).randbytes(BLOCK)

    def _block(self, index):
        return index.to_bytes(16, "big") + self._noise[16:]

    def pieces(self, begin=0, end=None):
        """The bytes [begin, end) in pieces of at most one block."""
        end = self.size if end is None else end
        while begin < end:
            index, offset = divmod(begin, BLOCK)
            count = min(BLOCK - offset, end - begin)
            block = self._block(index)
            yield block if count == BLOCK else block[offset : offset + count]
            begin += count

    def read(self, begin, end):
        return b"".join(self.pieces(begin, end))

    def sha256(self):
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()


def sha256_of_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
