"""One daemon per test module, configured by the module's CONFIG. Each test uses a random torrent."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.announce import Peer, random_hash  # noqa: E402
from support.cluster import nodes  # noqa: E402
from support.engine import Engine  # noqa: E402
from support.skepd import Skepd  # noqa: E402


@pytest.fixture(scope="module")
def daemon(request):
    with Skepd(config=getattr(request.module, "CONFIG", None)) as daemon:
        yield daemon


@pytest.fixture
def torrent():
    return random_hash()


@pytest.fixture
def peer(daemon, torrent):
    """Makes peers of this test's torrent: peer(left=0, source="127.0.0.2", ...)."""
    return lambda **traits: Peer(daemon.port, torrent, **traits)


@pytest.fixture
def leecher(peer):
    return peer(left=1000)


@pytest.fixture
def seeder(peer):
    return peer(left=0)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    daemon = item.funcargs.get("daemon") if hasattr(item, "funcargs") else None
    if report.failed and daemon:
        report.sections.append(("the end of skepd's log", daemon.log()[-3000:]))


@pytest.fixture(scope="module")
def engine():
    with Engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def pair(engine):
    """Two nodes of a cluster."""
    with nodes(2, engine) as pair:
        yield pair
