"""A client that announces over IPv4 and IPv6 is listed in both families and counted once (BEP 7)."""

import pytest

from support.announce import Peer, get, random_hash, scrape, scraped
from support.api import Api
from support.prometheus import read_metrics
from support.skepd import Skepd
from support.udp import COMPLETED, STARTED, STOPPED, UdpClient
from support.waiting import wait_until

CONFIG = ("http = { full_scrape = true; }; store = { flush_interval_ms = 50; }; "
          "probe = { enabled = false; };")
V4, V6 = "127.0.0.1", "::1"


@pytest.fixture(scope="module")
def daemon():
    with Skepd(CONFIG, udp=True) as daemon:
        yield daemon


class DualStack:
    """One client over HTTP or UDP, from both addresses."""

    def __init__(self, daemon, torrent, over, left=0):
        self.torrent, self.over, self.left = torrent, over, left
        self.v4 = Peer(daemon.port, torrent)
        self.v6 = Peer(daemon.port, torrent, source=V6, peer_id=self.v4.peer_id, key=self.v4.key,
                       port=self.v4.port)
        self.daemon = daemon

    def announce(self, source, event="started"):
        """(seeders, leechers) of the reply."""
        if self.over == "http":
            peer = self.v4 if source == V4 else self.v6
            peer.left = self.left
            return peer.announce(event).counts[:2]
        number = {"started": STARTED, "completed": COMPLETED, "stopped": STOPPED}[event]
        with UdpClient(self.daemon.port, source=source) as client:
            reply = client.announce(self.torrent, self.v4.port, left=self.left, event=number,
                                    peer_id=self.v4.peer_id, key=int(self.v4.key, 16))
            return reply.seeders, reply.leechers


@pytest.mark.parametrize("over", ["http", "udp"])
@pytest.mark.parametrize("first, second", [(V4, V6), (V6, V4)])
def test_client_counts_once_until_it_has_left_both_families(daemon, torrent, over, first, second):
    client = DualStack(daemon, torrent, over)
    assert client.announce(first) == (1, 0)
    assert client.announce(second) == (1, 0)
    assert all(peer["dual_stack"] for peer in Api(daemon.port).peers(torrent))
    assert Peer(daemon.port, torrent).start().peers == [(V4, client.v4.port)]
    assert Peer(daemon.port, torrent, source=V6).start().peers == [(V6, client.v4.port)]
    assert scraped(daemon.port, torrent) == (1, 2, 0)
    assert client.announce(first, "stopped") == (1, 2)
    assert not any(peer["dual_stack"] for peer in Api(daemon.port).peers(torrent))
    assert client.announce(second, "stopped") == (0, 2)


@pytest.mark.parametrize("over", ["http", "udp"])
@pytest.mark.parametrize("first, second", [(V4, V6), (V6, V4)])
def test_client_is_what_its_latest_announce_says(daemon, torrent, over, first, second):
    client = DualStack(daemon, torrent, over, left=1000)
    assert client.announce(first) == client.announce(second) == (0, 1)
    client.left = 0
    assert client.announce(first, "completed") == client.announce(second, "completed") == (1, 0)
    assert scraped(daemon.port, torrent) == (1, 0, 1)
    client.left = 500
    assert client.announce(second) == (0, 1)


def test_client_is_the_same_over_http_and_udp(daemon, torrent):
    client = DualStack(daemon, torrent, "http")
    assert client.announce(V4) == (1, 0)
    client.over = "udp"
    assert client.announce(V6) == (1, 0)


def test_other_clients_count_for_themselves(daemon, torrent):
    one = Peer(daemon.port, torrent, left=0)
    one.start()
    same_id = Peer(daemon.port, torrent, left=0, source=V6, peer_id=one.peer_id)
    assert same_id.start().counts == (2, 0, 0)
    same_key = Peer(daemon.port, torrent, left=0, source=V6, key=one.key)
    assert same_key.start().counts == (3, 0, 0)
    no_key = Peer(daemon.port, torrent, left=0)
    no_key.start(key=None)
    no_key.source = V6
    assert no_key.start(key=None).counts == (5, 0, 0)


def test_every_display_counts_once():
    torrent = random_hash()
    with Skepd(CONFIG, udp=True) as daemon:
        api = Api(daemon.port)
        for left in 0, 1000:
            client = DualStack(daemon, torrent, "http", left)
            client.announce(V4)
            client.announce(V6)

        def check():
            with UdpClient(daemon.port) as udp:
                assert udp.scrape(torrent) == [(1, 0, 1)]
            entry = scrape(daemon.port)["files"][torrent]
            assert (entry[b"complete"], entry[b"incomplete"], entry[b"downloaders"]) == (1, 1, 1)
            shown = api.torrent(torrent)
            assert (shown["seeders"], shown["leechers"]) == (1, 1)
            assert shown["diagnosis"] == []
            assert [peer["dual_stack"] for peer in api.peers(torrent)] == [True] * 4
            totals = api.get("/status")["totals"]
            found = read_metrics(daemon)
            page = get(daemon.port, "/", headers={"Accept": "text/html"}).body
            return ((totals["peers"], totals["seeders"], totals["leechers"]) == (2, 1, 1) and
                    (totals["peers_v4"], totals["peers_v6"]) == (2, 2) and
                    found("skep_peers", family="both", role="seeder") == 1 and
                    found("skep_peers", family="both", role="leecher") == 1 and
                    found.sum("skep_peers") == 2 and found("skep_listed_peers") == 4 and
                    b"1 seeder and 1 leecher in 1 torrent" in page)

        wait_until(check)
        daemon.restart()
        wait_until(check)
