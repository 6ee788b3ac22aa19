# SPDX-License-Identifier: MIT
"""python3-tuspy as Debian has it."""

import pytest

client = pytest.importorskip("tusclient.client")

SIZE = 3_000_000


def uploader(world, path, **options):
    tus = client.TusClient(world.endpoint)
    options = {"metadata": {"filename": "clip.mp4"}, "chunk_size": 700_001, "retries": 5, "retry_delay": 0.2, **options}
    return tus.uploader(str(path), **options)


@pytest.mark.parametrize("options", [{}, {"chunk_size": 10_000_000}, {"metadata": {}}, {"upload_checksum": True}])
def test_upload(world, options):
    path, data = world.file(SIZE)
    upload = uploader(world, path, **options)
    upload.upload()
    assert upload.offset == SIZE
    world.expect_stored(upload.url, data)


def test_it_goes_on_where_it_was(world):
    path, data = world.file(SIZE)
    first = uploader(world, path)
    first.upload_chunk()
    world.restart()
    second = uploader(world, path, url=first.url)
    assert second.offset == 700_001
    second.upload()
    world.expect_stored(second.url, data)
