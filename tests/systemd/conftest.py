import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.announce import random_hash  # noqa: E402
from support.machine import CannotBoot, Machine, check_host  # noqa: E402


@pytest.fixture(scope="session")
def machine():
    try:
        check_host()
        machine = Machine().__enter__()
    except CannotBoot as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no systemd was booted: {reason}")
    yield machine
    machine.__exit__(None, None, None)


@pytest.fixture(scope="module", autouse=True)
def network(machine):
    with machine.network():
        yield


@pytest.fixture
def torrent():
    return random_hash()
