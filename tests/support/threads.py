"""Stops a single thread of another process, like a lock or a disk that never responds."""

import contextlib
import ctypes
import os
import pathlib

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WAIT_ALL_KINDS = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def held_up(pid, name):
    """Stops the thread inside the block. PermissionError if this user may not trace."""
    tid = _find(pid, name)
    _ptrace(PTRACE_SEIZE, tid)
    _ptrace(PTRACE_INTERRUPT, tid)
    os.waitpid(tid, WAIT_ALL_KINDS)
    try:
        yield
    finally:
        _ptrace(PTRACE_DETACH, tid)


def _find(pid, name):
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return next(int(task.name) for task in tasks if (task / "comm").read_text().strip() == name)


def _ptrace(request, tid):
    if libc.ptrace(request, tid, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace of thread {tid}")
