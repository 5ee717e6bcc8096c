"""Private file systems for a test, small enough to fill."""

import contextlib
import ctypes
import os
import subprocess

CLONE_NEWNS = 0x00020000
libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def own_mounts():
    """Moves this thread, and what it starts, into a mount namespace of its own; leaves it at the end.

    Needs root, if only that of a user namespace (unshare --map-root-user); raises OSError else."""
    with open("/proc/self/ns/mnt") as old:
        directory = os.getcwd()
        if libc.unshare(CLONE_NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "this user may not make a mount namespace")
        try:
            subprocess.run(["mount", "--make-rprivate", "/"], check=True)
            yield
        finally:
            libc.setns(old.fileno(), CLONE_NEWNS)
            os.chdir(directory)


def mount_small(directory, kilobytes):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", directory],
                   check=True)


def fill(file):
    """Writes to the file until the disk is full."""
    with file.open("wb", buffering=0) as ballast:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while ballast.write(bytes(size)):
                    pass
