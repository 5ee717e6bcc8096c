"""Nodes at two sites: LAN peers stay at their site, all others are shared.

127.1.0.0/16 is the LAN here, 127.2.0.0/16 the outside."""

import contextlib

import pytest

from support.announce import Peer
from support.cluster import QUICK, become_whole, counts_are, node
from support.engine import Engine

LAN, OUTSIDE = "127.1.0.{}", "127.2.0.{}"
NETWORK = 'network = { lan = ["127.1.0.0/16"]; };'


def at_site(engine, name, site):
    return node(engine, name=name, cluster=f'site = "{site}";', config=QUICK + NETWORK)


@pytest.fixture(scope="module")
def sites():
    """Two nodes at one site, and one at another."""
    with Engine() as engine, contextlib.ExitStack() as stack:
        nodes = [stack.enter_context(at_site(engine, *name_and_site))
                 for name_and_site in (("a", "north"), ("b", "north"), ("c", "south"))]
        for daemon in nodes:
            daemon.wait_for_log("cluster: connected")
        yield nodes


def test_lan_peers_stay_at_their_site_and_others_are_shared(sites, torrent):
    a, b, c = sites
    home = Peer(a.port, torrent, left=0, source=LAN.format(1))
    away = Peer(c.port, torrent, source=LAN.format(2))
    far = Peer(a.port, torrent, source=OUTSIDE.format(1))
    for peer in home, away, far:
        peer.start()
    counts_are(a, torrent, (1, 1, 0))
    counts_are(b, torrent, (1, 1, 0))
    counts_are(c, torrent, (0, 2, 0))
    assert Peer(b.port, torrent, source=LAN.format(3)).start().peers == sorted([home.endpoint, far.endpoint])
    assert Peer(c.port, torrent, source=LAN.format(3)).start().peers == sorted([away.endpoint, far.endpoint])


def test_two_lans_may_use_one_address(sites, torrent):
    a, b, c = sites
    north = Peer(a.port, torrent, left=0, source=LAN.format(1))
    south = Peer(c.port, torrent, source=LAN.format(1), port=north.port)
    north.start(), south.start()
    counts_are(b, torrent, (1, 0, 0))
    counts_are(c, torrent, (0, 1, 0))
    south.stop()
    counts_are(c, torrent, (0, 0, 0))
    marker = Peer(c.port, torrent, source=OUTSIDE.format(1))
    marker.start()  # read after the stop
    for daemon in a, b:
        counts_are(daemon, torrent, (1, 1, 0))


def test_completion_of_a_lan_peer_counts_at_every_site(sites, torrent):
    a, b, c = sites
    home = Peer(b.port, torrent, source=LAN.format(1))
    home.start()
    home.complete()
    for daemon in a, b:
        counts_are(daemon, torrent, (1, 0, 1))
    counts_are(c, torrent, (0, 0, 1))
    home.tracker_port = a.port
    home.complete()
    away = Peer(c.port, torrent, source=LAN.format(2))
    away.start()
    away.complete()
    for daemon in sites:
        counts_are(daemon, torrent, (1, 0, 2))


def test_copy_of_another_site_brings_no_lan_peers(torrent):
    with Engine() as engine, at_site(engine, "a", "north") as a:
        become_whole(a)
        Peer(a.port, torrent, source=LAN.format(1)).start()
        Peer(a.port, torrent, left=0, source=OUTSIDE.format(1)).start()
        with at_site(engine, "b", "north") as b, at_site(engine, "c", "south") as c:
            for daemon in b, c:
                daemon.wait_for_log("received a copy of all peers")
            counts_are(b, torrent, (1, 1, 0))
            counts_are(c, torrent, (1, 0, 0))
