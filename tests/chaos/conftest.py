import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.network import own_network  # noqa: E402


@pytest.fixture
def network():
    try:
        with own_network() as network:
            yield network
    except OSError as refusal:
        pytest.skip(f"{refusal}: run as root, or under unshare --map-root-user")
