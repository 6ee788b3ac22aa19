# SPDX-License-Identifier: MIT
"""File systems of a test's own: small ones, full ones, and file systems that lose their power."""

import contextlib
import ctypes
import errno
import mmap
import os
import shutil
import subprocess

from support.waiting import wait_until

MIB = 1 << 20
TOOLS = ("mount", "umount", "mkfs.ext4", "mkfs.xfs", "xfs_io", "fsfreeze")
_CLONE_NEWNS = 0x00020000
_MAKE_IMAGE = {
    "ext4": ["mkfs.ext4", "-q", "-F", "-J", "size=8"],
    "xfs": ["mkfs.xfs", "-q", "-f", "-l", "size=64m"],
    # Its files cannot be preallocated: every block is asked for when it is written.
    "ext4 without extents": ["mkfs.ext4", "-q", "-F", "-O", "^extents,^64bit", "-m", "0"],
}


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.returncode}")


def enter_private_mounts():
    """From now on no other process sees the mounts of this one, and they end with this process and its children,
    however these end. Returns the reason of a refusal, or None."""
    if os.geteuid() != 0:
        return "not root"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        return f"unshare: {os.strerror(ctypes.get_errno())}"
    try:
        run("mount", "--make-rprivate", "/")
    except OSError as error:
        return str(error)
    return None


def why_mounting_is_refused(folder):
    """Returns the reason why mounting is refused, or None."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    try:
        with Tmpfs(folder / "tmpfs", MIB):
            pass
        for kind in ("ext4", "xfs"):
            with LoopFileSystem(kind, folder / kind, 512 * MIB, image_folder=folder):
                pass
    except OSError as error:
        return str(error)
    return None


class _Mounted:
    """A file system at `path`, from `with` to its end."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        os.makedirs(self.path)
        self.mount()
        return self

    def __exit__(self, *unused):
        try:
            self.unmount()
        except AssertionError:
            run("umount", "--lazy", self.path)
            raise

    def _mount_command(self):
        raise NotImplementedError

    def mount(self):
        run(*self._mount_command(), self.path)

    def unmount(self):
        """Unmounts, repeatedly: a process that was killed may hold its files for some moments more."""
        why = []

        def unmounted():
            try:
                run("umount", self.path)
                return True
            except OSError as error:
                why[:] = [str(error)]
                return False

        wait_until(unmounted, lambda: why[0], seconds=20)

    def remount(self):
        """Unmounts and mounts again, so that no cache survives: every file left was on the disk."""
        self.unmount()
        self.mount()


class _Ballast:
    """A file that takes all the free room, and gives it back."""

    def __init__(self, folder):
        self._path = os.path.join(folder, "ballast")

    def fill(self):
        with open(self._path, "ab", buffering=0) as file:
            for count in (MIB, 4096, 512):
                try:
                    while file.write(bytes(count)):
                        pass
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
            try:
                os.fsync(file.fileno())
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def drop(self):
        with contextlib.suppress(FileNotFoundError):
            os.remove(self._path)


class Tmpfs(_Mounted):
    def __init__(self, path, size):
        super().__init__(path)
        self._size = size
        self.ballast = _Ballast(path)

    def _mount_command(self):
        return ["mount", "-t", "tmpfs", "-o", f"size={self._size}", "tmpfs"]


class LoopFileSystem(_Mounted):
    """A file system in a sparse image. The image lies in `image_folder`, where the room may run out, or beside the mount point."""

    def __init__(self, kind, path, size, image_folder=None):
        super().__init__(path)
        self._kind = kind
        self._size = size
        self._page_by_page = image_folder is not None
        self._limit_path = None
        self._limit_before = None
        self._image = os.path.join(image_folder or os.path.dirname(path), os.path.basename(path) + ".image")
        self.ballast = _Ballast(path)

    def __enter__(self):
        with open(self._image, "wb") as file:
            file.truncate(self._size)
        run(*_MAKE_IMAGE[self._kind], self._image)
        return super().__enter__()

    def __exit__(self, *rest):
        try:
            super().__exit__(*rest)
        finally:
            os.remove(self._image)

    def _mount_command(self):
        # umount removes a loop device that mount has made.
        return ["mount", "-t", self._kind.split()[0], "-o", "loop", self._image]

    def mount(self):
        super().mount()
        if self._page_by_page:
            # The loop device reports a request as written that found room for its first pages only.
            device = os.stat(self.path).st_dev
            self._limit_path = f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/queue/max_sectors_kb"
            with open(self._limit_path, encoding="ascii") as file:
                self._limit_before = file.read()
            self._limit_requests(str(mmap.PAGESIZE // 1024))

    def unmount(self):
        super().unmount()
        # The device outlives its image, and keeps the limit.
        if self._limit_before:
            self._limit_requests(self._limit_before)

    def _limit_requests(self, kib):
        with open(self._limit_path, "w", encoding="ascii") as file:
            file.write(kib)

    def cut_power(self):
        """From now on no byte reaches the disk."""
        run("xfs_io", "-x", "-c", "shutdown", self.path)

    @contextlib.contextmanager
    def frozen(self):
        """A context during which every write waits."""
        run("fsfreeze", "--freeze", self.path)
        try:
            yield
        finally:
            run("fsfreeze", "--unfreeze", self.path)
