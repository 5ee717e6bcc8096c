"""At the limits: new peers are refused with a reason, existing ones stay."""

import pytest

from support.announce import Peer, random_hash, scraped
from support.skepd import Skepd

INTERVALS = "announce = { interval_min_s = 300; interval_max_s = 900; };"


@pytest.fixture
def start():
    """A daemon with the given limits: start("torrents_max = 1;")."""
    daemons = []

    def start(limits):
        daemons.append(Skepd(f"{INTERVALS} limits = {{ {limits} }};"))
        return daemons[-1].__enter__()

    yield start
    for daemon in daemons:
        daemon.__exit__(None, None, None)


def assert_polite_refusal(reply):
    assert reply.status == 200
    assert reply.failure
    assert reply["interval"] >= 300
    assert 0 < reply["min interval"] <= reply["interval"]
    assert reply["retry in"] == b"never" or reply["retry in"] > 0
    assert "peers" not in reply


def test_torrents_beyond_the_bound_are_refused(start):
    daemon = start("torrents_max = 2;")
    first, second, third = (Peer(daemon.port, random_hash()) for _ in range(3))
    assert first.start().failure is None
    assert second.start().failure is None
    assert_polite_refusal(third.start())
    assert first.announce().failure is None
    assert scraped(daemon.port, third.info_hash) == (0, 0, 0)


def test_peers_of_one_torrent_beyond_the_bound_are_refused(start):
    daemon = start("torrent_peers_max = 3;")
    torrent = random_hash()
    swarm = [Peer(daemon.port, torrent) for _ in range(4)]
    for one in swarm[:3]:
        assert one.start().failure is None
    assert_polite_refusal(swarm[3].start())
    assert swarm[0].complete().counts == (1, 2, 1)
    assert Peer(daemon.port, random_hash()).start().failure is None


def test_peers_of_all_torrents_beyond_the_bound_are_refused(start):
    daemon = start("peers_max = 3;")
    swarm = [Peer(daemon.port, random_hash()) for _ in range(4)]
    for one in swarm[:3]:
        assert one.start().failure is None
    assert_polite_refusal(swarm[3].start())
    assert swarm[0].announce().failure is None


def test_peer_that_leaves_makes_room(start):
    daemon = start("torrent_peers_max = 2; peers_max = 2;")
    torrent = random_hash()
    first, second, third = (Peer(daemon.port, torrent) for _ in range(3))
    first.start(), second.start()
    assert third.start().failure
    first.stop()
    assert third.start().failure is None


def test_peer_that_moves_within_a_full_swarm_keeps_its_place(start):
    daemon = start("torrent_peers_max = 2;")
    torrent = random_hash()
    mover, other = Peer(daemon.port, torrent), Peer(daemon.port, torrent)
    mover.start(), other.start()
    mover.port = 6006
    assert mover.announce().failure is None
    assert other.announce().peers == [mover.endpoint]


def test_stopped_is_answered_at_the_bounds(start):
    daemon = start("torrents_max = 1; peers_max = 1;")
    Peer(daemon.port, random_hash()).start()
    assert Peer(daemon.port, random_hash()).stop().failure is None


def test_numwant_follows_the_config():
    with Skepd("announce = { numwant = 2; numwant_max = 4; };") as daemon:
        torrent = random_hash()
        for _ in range(9):
            Peer(daemon.port, torrent).start()
        client = Peer(daemon.port, torrent)
        assert [len(client.announce(numwant=wanted).peers) for wanted in (None, 3, 50)] == [2, 3, 4]


def test_interval_follows_the_load():
    config = "announce = { interval_min_s = 10; interval_max_s = 1000; budget_per_s = 1; };"
    with Skepd(config) as daemon:
        torrent = random_hash()
        for port in range(1000, 1100):
            Peer(daemon.port, torrent, port=port).start(numwant=0)
        assert 90 <= Peer(daemon.port, torrent).start(numwant=0)["interval"] <= 130
