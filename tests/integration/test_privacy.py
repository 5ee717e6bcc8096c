"""privacy.addresses: what log, events and history contain of a peer's address."""

import pytest

from support.announce import Peer
from support.api import Api
from support.database import rows
from support.skepd import Skepd
from support.waiting import wait_until

CONFIG = 'store = { flush_interval_ms = 50; }; probe = { enabled = false; }; privacy = { addresses = "%s"; };'
SOURCES = {"full": ["127.0.0.77", "::1"], "network": ["127.0.0.0/24", None], "none": [None, None]}
PORT = 7077  # ::1 is in ::/48, which is as good as no address


def complete(daemon, torrent):
    for source in "127.0.0.77", "::1":
        peer = Peer(daemon.port, torrent, source=source, port=PORT)
        peer.start()
        peer.complete()


def recorded(daemon, torrent):
    """Addresses and ports of the completions and of the events."""
    api = Api(daemon.port)
    completions = api.get(f"/torrents/{torrent.hex()}/completions")["items"]
    events = [event for event in api.get("/events")["items"] if event["kind"] == "completed"]
    return [[(item["address"], item["port"]) for item in items] for items in (reversed(completions), events)]


@pytest.mark.parametrize("precision", SOURCES)
def test_address_is_recorded_with_the_precision_that_is_set(torrent, precision):
    port = PORT if precision == "full" else 0
    expected = [(address, port) for address in SOURCES[precision]]
    with Skepd(CONFIG % precision) as daemon:
        complete(daemon, torrent)
        wait_until(lambda: recorded(daemon, torrent) == [expected, expected])
        line = daemon.wait_for_log("completed: ")
        assert {"full": " at 127.0.0.77:7077, ", "network": " at 127.0.0.0/24, ", "none": " 0.0.0.1, "}[precision] in line
        assert ("127.0.0.77" in daemon.log()) == (precision == "full")
        assert Api(daemon.port).get(f"/torrents/{torrent.hex()}/peers")["items"][0]["port"] == PORT


def test_earlier_records_are_reduced_after_a_restart(torrent):
    with Skepd(CONFIG % "full") as daemon:
        complete(daemon, torrent)
        daemon.stop()
        assert [endpoint[-2:] for endpoint, in rows(daemon.database, "SELECT endpoint FROM completion")] == [
            PORT.to_bytes(2, "big")] * 2
        daemon.write_config(CONFIG % "none")
        daemon.start()
        wait_until(lambda: {endpoint for endpoint, in rows(daemon.database, "SELECT endpoint FROM completion")}
                   == {bytes(6), bytes(18)}, timeout=30)
