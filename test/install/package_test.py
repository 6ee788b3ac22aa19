# SPDX-License-Identifier: MIT
"""The Debian packages, as scripts/package makes them."""

import os
import re
import subprocess

import pytest

from support.sluice_server import environment


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The file of each package, by its name."""
    folder = tmp_path_factory.mktemp("packages")
    config = os.path.join(os.environ["SLUICE_BUILD"], "CPackConfig.cmake")
    subprocess.run(["cpack", "--config", config, "-B", str(folder)], check=True, timeout=300, capture_output=True)
    return {path.name.split("_")[0]: path for path in folder.glob("*.deb")}


def field(package, name):
    done = subprocess.run(["dpkg-deb", "--field", str(package), name], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def contents(package):
    """{path: (mode, owner)} of the files."""
    done = subprocess.run(["dpkg-deb", "--contents", str(package)], check=True, capture_output=True, text=True)
    files = {}
    for line in done.stdout.splitlines():
        mode, owner, _size, _day, _time, path = line.split(None, 5)
        if not path.endswith("/"):
            files[path.removeprefix(".")] = (mode, owner)
    return files


def test_lintian_finds_no_error(packages):
    done = subprocess.run(["lintian", "--fail-on", "error", "--allow-root", *map(str, packages.values())],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_server_comes_with_its_documents_and_recommends_the_probe(packages):
    assert sorted(packages) == ["sluice", "sluice-probe"]
    server = packages["sluice"]
    assert field(server, "Recommends") == "sluice-probe"
    # Of the libraries that only the probe needs, none.
    depends = field(server, "Depends")
    assert "libsqlite3-0" in depends
    assert not re.search("libav|libmagic|libseccomp", depends)
    files = contents(server)
    assert set(files) >= {
        "/usr/bin/sluice", "/usr/share/man/man1/sluice.1.gz", "/etc/sluice/sluice.toml",
        "/usr/share/bash-completion/completions/sluice", "/usr/share/zsh/vendor-completions/_sluice",
        "/usr/share/doc/sluice/sluice.toml.example", "/usr/share/doc/sluice/copyright"}
    assert files.keys().isdisjoint({"/usr/bin/sluice-probe", "/usr/bin/sluice-check"})
    assert all(owner == "root/root" and re.fullmatch("(-rwxr-xr-x|-rw-r--r--)", mode)
               for mode, owner in files.values()), files


def test_the_probe_comes_with_the_server_of_its_own_version(packages):
    probe = packages["sluice-probe"]
    assert f"sluice (= {field(packages['sluice'], 'Version')})" in field(probe, "Depends")
    for library in ("libavformat59", "libmagic1", "libseccomp2"):
        assert library in field(probe, "Depends")
    assert {"/usr/bin/sluice-probe", "/usr/bin/sluice-check"} <= contents(probe).keys()


def test_what_an_operator_changes_in_the_settings_is_kept(packages, tmp_path):
    subprocess.run(["dpkg-deb", "--control", str(packages["sluice"]), str(tmp_path)], check=True)
    assert (tmp_path / "conffiles").read_text() == "/etc/sluice/sluice.toml\n"


def test_the_service_is_as_confined_as_systemd_can_tell(packages, tmp_path):
    subprocess.run(["dpkg-deb", "--extract", str(packages["sluice"]), str(tmp_path)], check=True)
    units = tmp_path / "lib/systemd/system"
    assert {unit.name for unit in units.iterdir()} == {"sluice.service", "sluice.socket"}
    assert (tmp_path / "usr/lib/sysusers.d/sluice.conf").is_file()
    # Fails above the threshold, which is in tenths.
    rated = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20",
                            str(units / "sluice.service")], capture_output=True, text=True, timeout=60)
    assert rated.returncode == 0, rated.stdout + rated.stderr


def test_the_settings_are_valid(packages, tmp_path):
    subprocess.run(["dpkg-deb", "--extract", str(packages["sluice"]), str(tmp_path)], check=True)
    checked = subprocess.run(
        [tmp_path / "usr/bin/sluice", "check", "--config", tmp_path / "etc/sluice/sluice.toml",
         "--data", tmp_path / "data"],
        env=environment(), capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr
