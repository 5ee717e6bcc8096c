"""Waiting for what takes a moment."""

import time


def wait_until(condition, timeout=5, what="the condition holds"):
    """Until `condition` holds; a refused or broken connection counts as not yet."""
    deadline = time.monotonic() + timeout
    while not _holds(condition):
        assert time.monotonic() < deadline, f"still not so after {timeout} s: {what}"
        time.sleep(0.02)


def _holds(condition):
    try:
        return condition()
    except OSError:
        return False
