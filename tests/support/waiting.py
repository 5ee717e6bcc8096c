"""Waits for conditions. SKEPD_WAIT_S sets how long; a wait that is too long costs time only in a test
that fails, so the default is for a busy machine (and tests/run raises it for sanitizer builds)."""

import os
import time

WAIT_S = float(os.environ.get("SKEPD_WAIT_S", "30"))


def wait_until(condition, timeout=WAIT_S, what="the condition holds"):
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
