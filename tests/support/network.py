"""A network namespace for the test: one loopback device, with any number of addresses.

Clients need it because Transmission takes no peer on 127.0.0.0/8 or ::1 from a tracker, and
rTorrent keeps one connection per address. It also isolates the tests from other networks.
"""

import contextlib
import ctypes
import itertools
import os
import subprocess
from collections.abc import Iterator

CLONE_NEWNET = 0x40000000
LOCAL_V4 = "10.69.0.1/16"  # on a loopback device the whole subnet is ours
libc = ctypes.CDLL(None, use_errno=True)


class Network:
    """Returns unused addresses."""

    def __init__(self):
        self._hosts = itertools.cycle(range(2, 255))

    def new_v4(self, subnet: int = 0) -> str:
        """`subnet`: which /24."""
        return f"10.69.{subnet}.{next(self._hosts)}"

    def new_v6(self) -> str:
        return _add_v6(f"fd69::{next(self._hosts):x}")


@contextlib.contextmanager
def own_network() -> Iterator[Network]:
    """Moves this thread, and what it starts, into a network namespace of their own; leaves it at the end.

    Needs root, if only that of a user namespace (unshare --map-root-user); raises OSError else."""
    with open("/proc/self/ns/net") as old:
        if libc.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "this user may not make a network namespace")
        try:
            _bring_up()
            yield Network()
        finally:
            libc.setns(old.fileno(), CLONE_NEWNET)


def has_ipv6() -> bool:
    return os.path.exists("/proc/net/if_inet6")


def _bring_up() -> None:
    _ip("link", "set", "lo", "up")
    _ip("addr", "add", LOCAL_V4, "dev", "lo")


def _add_v6(address: str) -> str:
    _ip("addr", "replace", f"{address}/128", "dev", "lo")
    return address


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
