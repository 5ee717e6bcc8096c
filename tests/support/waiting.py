"""Waits for conditions."""

import time


def wait_until(condition, timeout=5, what="the condition holds"):
    """Waits until `condition` holds; a refused or broken connection means not yet."""
    deadline = time.monotonic() + timeout
    while not _holds(condition):
        assert time.monotonic() < deadline, f"still not so after {timeout} s: {what}"
        time.sleep(0.02)


def _holds(condition):
    try:
        return condition()
    except OSError:
        return False
