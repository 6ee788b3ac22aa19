# SPDX-License-Identifier: MIT
"""The packages in a Debian 12 that has nothing else: installed by apt, run by its systemd in the unit's sandbox, removed.

Debian is installed into a directory and booted by systemd-nspawn with a network of its own.
"""

import hashlib
import os
import shutil
import subprocess

import pytest

from support.waiting import wait_until

UNIT = "sluice.service"
DATA = "/var/lib/sluice"
URL = "http://127.0.0.1:8080"
SECONDS_MAX = 600


def run(*command, check=True, **options):
    done = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=SECONDS_MAX, check=False, **options)
    assert not check or done.returncode == 0, f"{command}:\n{done.stdout[-6000:]}"
    return done


def mirror_of_debian():
    """The one that this machine uses; None where it does not answer."""
    done = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian",
               "Codename: bookworm", check=False)
    mirror = done.stdout.split("\n", 1)[0].rstrip("/")
    release = mirror + "/dists/bookworm/Release"
    answers = mirror and run("curl", "--silent", "--fail", "--location", "--max-time", "30", "--output", "/dev/null",
                             release, check=False).returncode == 0
    return mirror if answers else None


class Debian:
    """In `root`. Between boot() and halt() commands run under its systemd, otherwise in a container without."""

    def __init__(self, root):
        self.root = root
        self.name = f"sluice-{os.getpid()}"
        self.container = None
        self.leader = None

    def _nspawn(self, *args):
        return ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", f"--directory={self.root}",
                f"--machine={self.name}", *args]

    def path(self, inside):
        return self.root / inside.lstrip("/")

    def run(self, *command, check=True):
        entered = ["nsenter", "--target", str(self.leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--root",
                   "--wd", "--"] if self.container else self._nspawn("--pipe")
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        return run(*entered, *command, check=check, env=environment)

    def boot(self):
        self.container = subprocess.Popen(
            self._nspawn("--private-network", "--boot"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT)
        children = f"/proc/{self.container.pid}/task/{self.container.pid}/children"

        def leader():
            with open(children, encoding="ascii") as file:
                pids = file.read().split()
            try:
                # First there is a process that only prepares the container.
                return pids and os.readlink(f"/proc/{pids[0]}/exe").endswith("/systemd") and pids[0]
            except FileNotFoundError:
                return None

        self.leader = wait_until(leader, "systemd runs")
        wait_until(lambda: self._state() in ("running", "degraded"), lambda: f"booted: {self._state()}")

    def _state(self):
        return self.run("systemctl", "is-system-running", check=False).stdout.strip()

    def halt(self):
        if self.container:
            self.run("systemctl", "poweroff", check=False)
            try:
                self.container.wait(60)
            except subprocess.TimeoutExpired:
                self.container.kill()
                self.container.wait()
            self.container = None


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    config = os.path.join(os.environ["SLUICE_BUILD"], "CPackConfig.cmake")
    run("cpack", "--config", config, "-B", folder)
    return sorted(folder.glob("*.deb"))


@pytest.fixture(scope="module")
def debian(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("only root can install a Debian")
    for program in ("debootstrap", "systemd-nspawn", "nsenter", "curl"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    mirror = mirror_of_debian()
    if not mirror:
        pytest.skip("no mirror of Debian 12 answers")
    root = tmp_path_factory.mktemp("debian") / "root"
    debian = Debian(root)
    try:
        # What a fresh installation has beside, without which systemd-sysusers and the service could not be.
        run("debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus", "bookworm", root, mirror)
        proxies = [line for line in run("apt-config", "dump").stdout.splitlines()
                   if line.lower().startswith(("acquire::http::proxy", "acquire::https::proxy"))]
        (root / "etc/apt/apt.conf.d/90proxy").write_text("\n".join(proxies) + "\n")
        if debian.run("true", check=False).returncode != 0:
            pytest.skip("no container can be started here")
        yield debian
    finally:
        debian.halt()
        run("rm", "-rf", "--one-file-system", root)


@pytest.fixture(scope="module")
def installed(debian, packages):
    """Booted, with both packages."""
    for package in packages:
        shutil.copy(package, debian.path("/root"))
    debian.run("apt-get", "update", "--quiet")
    debian.run("apt-get", "install", "--quiet", "--yes", *("/root/" + package.name for package in packages))
    debian.boot()
    return debian


def upload(debian, name, size):
    """A file of random bytes; its path on the machine and the digest."""
    content = os.urandom(size)
    debian.path("/root/" + name).write_bytes(content)
    done = debian.run("sluice", "upload", "/root/" + name, "--to", URL)
    assert '"status":"stored"' in done.stdout.replace(" ", ""), done.stdout
    return hashlib.sha256(content).hexdigest()


def kept_digests(debian):
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in debian.path(DATA + "/videos").iterdir()}


def is_active(debian):
    return debian.run("systemctl", "is-active", UNIT, check=False).stdout.strip() == "active"


def test_apt_installs_them_and_starts_nothing(installed):
    assert installed.run("dpkg", "--audit").stdout == ""
    assert installed.run("sluice", "--version").stdout.startswith("sluice ")
    assert installed.run("stat", "--format=%U:%G", DATA, check=False).returncode != 0, "it is the service's to make"
    assert installed.run("id", "--name", "--user", "sluice").stdout == "sluice\n"
    assert not is_active(installed)


def test_the_units_are_sound_and_confined(installed):
    for unit in (UNIT, "sluice.socket"):
        verified = installed.run("systemd-analyze", "verify", "--man=no", unit)
        assert "sluice" not in verified.stdout, verified.stdout
    # Fails above the threshold, which is in tenths.
    installed.run("systemd-analyze", "security", "--threshold=20", UNIT)


def test_the_service_takes_files_through_its_death(installed):
    installed.run("systemctl", "start", UNIT)  # Returns when it says that it is ready.
    assert is_active(installed), installed.run("journalctl", "--unit", UNIT).stdout
    digests = {upload(installed, "a.bin", 3_000_000)}
    assert digests == kept_digests(installed)
    assert installed.run("stat", "--format=%U:%G %a", DATA).stdout == "sluice:sluice 700\n"
    first = installed.run("systemctl", "show", "--property=MainPID", UNIT).stdout
    installed.run("systemctl", "kill", "--signal=KILL", UNIT)
    wait_until(lambda: is_active(installed) and
               installed.run("systemctl", "show", "--property=MainPID", UNIT).stdout != first, "it is started again")
    digests.add(upload(installed, "b.bin", 100_000))
    assert digests == kept_digests(installed)
    status = installed.run("sluice", "status", "--data", DATA)
    assert "ready" in status.stdout


def test_a_backup_of_the_confined_service_is_restored_for_its_user(installed):
    kept = kept_digests(installed)
    installed.run("sluice", "backup", "/root/backup", "--data", DATA)
    installed.run("systemctl", "stop", UNIT)
    installed.run("mv", DATA, DATA + ".lost")
    installed.run("install", "--directory", "--owner=sluice", "--group=sluice", "--mode=0700", DATA)
    installed.run("sluice", "restore", "/root/backup", "--data", DATA)
    installed.run("systemctl", "start", UNIT)
    assert kept_digests(installed) == kept
    upload(installed, "c.bin", 10_000)


def test_the_files_of_the_container_are_all_that_the_server_needs(installed):
    collect = os.path.join(os.environ["SLUICE_SOURCE"], "packaging/container/collect")
    shutil.copy(collect, installed.path("/root/collect"))
    installed.run("/root/collect", "/root/image")
    assert not any(installed.path("/root/image/" + shell).exists() for shell in ("bin/sh", "usr/bin/sh", "usr/bin/dash"))
    as_user = ["chroot", "--userspec=65532:65532", "/root/image", "/usr/bin/sluice"]
    # What every container gets.
    for name in ("proc", "dev"):
        installed.path("/root/image/" + name).mkdir()
    start = "mount -t proc proc /root/image/proc && mount --rbind /dev /root/image/dev && exec \"$@\""
    in_container = ["systemd-run", "--unit=image", "--collect", "unshare", "--mount", "sh", "-c", start, "sh", *as_user]
    for types in ("image/png", "text/plain"):
        settings = f"""
            [server]
            listen = "127.0.0.1:8081"
            [data]
            directory = "/var/lib/sluice"
            [backend]
            kind = "videos"
            [checks]
            types_allowed = "{types}"
            """
        installed.path("/root/image/etc/sluice/sluice.toml").write_text(settings)
        installed.run(*in_container, "serve", "--config", "/etc/sluice/sluice.toml")
        wait_until(lambda: installed.run(*as_user, "status", "--data", DATA, check=False).returncode == 0, "it is ready")
        # Plain text: sluice-check has found that out, and sluice-probe that it is no film.
        installed.path("/root/letter.txt").write_text("a letter\n" * 100)
        uploaded = installed.run("timeout", "60", "sluice", "upload", "/root/letter.txt", "--to", "http://127.0.0.1:8081",
                                 check=False)
        expected = "text/plainarenottaken" if types == "image/png" else '"status":"fail"'
        assert expected in uploaded.stdout.replace(" ", ""), uploaded.stdout
        installed.run("systemctl", "stop", "image.service")


def test_a_purge_leaves_what_was_uploaded_and_nothing_else(installed):
    own = [path for package in ("sluice", "sluice-probe")
           for path in installed.run("dpkg", "--listfiles", package).stdout.splitlines()
           if installed.path(path).is_file()]
    assert "/usr/bin/sluice" in own and "/usr/bin/sluice-check" in own and "/etc/sluice/sluice.toml" in own
    kept = kept_digests(installed)
    installed.run("systemctl", "enable", UNIT)
    installed.run("apt-get", "remove", "--quiet", "--yes", "sluice", "sluice-probe")
    assert not is_active(installed), "the service outlived its program"
    assert [path for path in own if installed.path(path).exists()] == ["/etc/sluice/sluice.toml"]
    installed.run("apt-get", "purge", "--quiet", "--yes", "sluice", "sluice-probe")
    left = installed.run("find", "/", "-xdev", "-path", "/proc", "-prune", "-o", "-path", "/sys", "-prune", "-o",
                         "-path", "/root", "-prune", "-o", "-path", DATA + "*", "-prune", "-o",
                         "-iname", "*sluice*", "-print").stdout.split()
    # apt's archives and journald's files are not the package's.
    assert [path for path in left if not path.startswith(("/var/cache/apt", "/var/log", "/proc", "/sys"))] == []
    assert kept_digests(installed) == kept
    assert installed.run("id", "--name", "--user", "sluice").stdout == "sluice\n", "the files would have no owner"
