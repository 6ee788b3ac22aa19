# SPDX-License-Identifier: MIT
"""The measured file system: the one of a directory, or an ext4 or XFS of its own on a loop device."""

import contextlib
import ctypes
import os
import shutil
import subprocess
import tempfile

from runner.processes import Failed

IMAGE_BYTES = 16 << 30
_CLONE_NEWNS = 0x00020000
_MAKE = {
    "ext4": ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
    "xfs": ["mkfs.xfs", "-q", "-f"],
}


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()


def _enter_private_mounts():
    """From now on mounts of this process end with it, however it ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        raise Failed(f"unshare: {os.strerror(ctypes.get_errno())}: ext4 and xfs on loop devices need root")
    _run("mount", "--make-rprivate", "/")


@contextlib.contextmanager
def prepared(kind, parent):
    """A fresh folder on the file system `kind` ("here": as it is), in or under `parent`."""
    folder = tempfile.mkdtemp(prefix="sluice-bench-", dir=parent)
    try:
        if kind == "here":
            yield folder
            return
        _enter_private_mounts()
        image = os.path.join(folder, "image")
        mount_point = os.path.join(folder, "mounted")
        os.mkdir(mount_point)
        with open(image, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, IMAGE_BYTES)
        _run(*_MAKE[kind], image)
        # Without direct I/O every byte would also go through the cache of the file system below.
        device = _run("losetup", "--direct-io=on", "-f", "--show", image)
        os.remove(image)  # Its room becomes free with the device, however this process ends.
        try:
            _run("mount", device, mount_point)
        finally:
            _run("losetup", "-d", device)  # Detached when the file system is unmounted.
        try:
            yield mount_point
        finally:
            _run("umount", "--lazy", mount_point)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def describe(folder):
    return _run("stat", "-f", "-c", "%T", folder)
