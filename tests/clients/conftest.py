import contextlib
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import node_client  # noqa: E402
from adapters.qbittorrent import DHT_NAMES_PORT  # noqa: E402
from fleet import Fleet, announce_url  # noqa: E402
from support.network import own_network  # noqa: E402
from support.skepd import Skepd  # noqa: E402

LOG_TAIL = 3000


def pytest_configure(config):
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that fixtures are cleaned up
    config.addinivalue_line("markers", "needs_node_client: uses npm's bittorrent-tracker package")


def pytest_collection_finish(session):
    """Installs npm packages before the tests enter a network without access to the Internet."""
    if any(item.get_closest_marker("needs_node_client") for item in session.items):
        node_client.install()


@pytest.fixture(scope="module")
def network():
    with contextlib.ExitStack() as stack:
        try:
            network = stack.enter_context(own_network())
        except OSError as refusal:
            pytest.skip(f"{refusal}: run as root, or under unshare --map-root-user")
        yield network


@pytest.fixture
def tracker(network):
    with Skepd(udp=True) as daemon:
        yield daemon


@pytest.fixture
def tracker_address(network):
    """A new address for each test: all sessions of libtorrent in a process share one cache of UDP
    trackers by address."""
    return network.new_v4()


@pytest.fixture
def http_url(tracker, tracker_address):
    return announce_url("http", tracker_address, tracker.port)


@pytest.fixture
def udp_url(tracker, tracker_address):
    return announce_url("udp", tracker_address, tracker.port)


@pytest.fixture
def fleet(network):
    with Fleet(network) as fleet:
        yield fleet


@pytest.fixture
def dht_tracker(network, tracker_address):
    """The only DHT node that the clients know at their start; qBittorrent 4 uses this port."""
    config = (f'http = {{ listen = [ "{tracker_address}", "127.0.0.1" ]; }};'
              f'dht = {{ enabled = true; port = {DHT_NAMES_PORT}; answer_swarms = "all"; }};')
    with Skepd(config=config, udp=True) as daemon:
        yield daemon


@pytest.fixture
def dht_fleet(network, dht_tracker, tracker_address):
    with Fleet(network) as fleet:
        fleet.dht_node = tracker_address, DHT_NAMES_PORT
        yield fleet


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Adds the end of the clients' and the tracker's logs to the report of a failed test."""
    report = (yield).get_result()
    if not report.failed:
        return
    if tracker := item.funcargs.get("tracker") or item.funcargs.get("dht_tracker"):
        report.sections.append(("tracker", tracker.log()[-LOG_TAIL:]))
    if fleet := item.funcargs.get("fleet") or item.funcargs.get("dht_fleet"):
        report.sections += [(client.name, client.log()[-LOG_TAIL:]) for client in fleet.clients]
