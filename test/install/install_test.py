# SPDX-License-Identifier: MIT
"""The program as `cmake --install` leaves it."""

import json
import os
import subprocess

import pytest

from support import media
from support.sluice_server import SluiceServer, environment


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    build = os.environ["SLUICE_BUILD"]
    subprocess.run(["cmake", "--install", build, "--prefix", str(prefix)], check=True, timeout=120)
    return prefix


def sluice(prefix, *args):
    command = [str(prefix / "bin/sluice"), *map(str, args)]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120)


def test_installs_the_program_its_probe_and_what_is_written_about_it(prefix):
    files = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}
    documents = ["CHANGELOG.md", "LICENSE", "README.md", "sluice.toml.example"]
    written = ["man/man1/sluice.1", "bash-completion/completions/sluice", "zsh/vendor-completions/_sluice"]
    assert files == {"bin/sluice", "bin/sluice-check", "bin/sluice-probe", *(f"share/doc/sluice/{name}" for name in documents),
                     *(f"share/{name}" for name in written)}
    for name in written:
        assert "upload" in (prefix / "share" / name).read_text()
    version = sluice(prefix, "--version")
    assert version.returncode == 0 and version.stdout.strip(), version.stderr


def test_the_example_of_a_configuration_is_valid(prefix, tmp_path):
    example = prefix / "share/doc/sluice/sluice.toml.example"
    checked = sluice(prefix, "check", "--config", example, "--data", tmp_path / "data")
    assert checked.returncode == 0, checked.stderr


def test_takes_a_video_and_probes_it(prefix, tmp_path):
    video = media.make_mp4(tmp_path / "a.mp4")
    with SluiceServer(tmp_path / "data", binary=str(prefix / "bin/sluice")) as server:
        uploaded = sluice(prefix, "upload", video, "--to", server.url)
        assert uploaded.returncode == 0, uploaded.stderr
        assert json.loads(uploaded.stdout.splitlines()[-1])["width"] == 320
