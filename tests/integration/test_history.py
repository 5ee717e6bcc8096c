"""The history survives a restart, whether the daemon was stopped or killed."""

import time

import pytest

from support.announce import Peer, random_hash
from support.database import StoredSwarms, rows, wire
from support.skepd import Skepd
from support.waiting import wait_until

FAST = "store = { flush_interval_ms = 100; };"
PERIOD_S = 10


@pytest.fixture
def daemon():
    with Skepd(FAST) as daemon:
        yield daemon


def samples(daemon):
    return rows(daemon.database, "SELECT at_s, torrents, peers, seeders, leechers, announces_per_s"
                                 " FROM sample WHERE period_s = 10 ORDER BY at_s")


def completions(daemon):
    return rows(daemon.database, "SELECT info_hash, peer_id, endpoint FROM completion ORDER BY id")


def test_samples_outlive_a_kill_and_a_restart(daemon, torrent, peer):
    peer().start()
    seeder = peer(left=0)
    began = time.time()
    wait_until(lambda: seeder.announce() and samples(daemon))
    (at_s, *figures, announces_per_s), = before = samples(daemon)
    assert at_s % PERIOD_S == 0 and began - PERIOD_S <= at_s <= time.time() - PERIOD_S
    assert figures == [1, 2, 1, 1]
    assert 0 < announces_per_s < 1000
    for end in (daemon.kill, daemon.stop):
        end()
        daemon.start()
        assert samples(daemon)[:1] == before


def complete(daemon, count):
    torrent = random_hash()
    swarm = [Peer(daemon.port, torrent) for _ in range(count)]
    for one in swarm:
        one.start(), one.complete()
    return [(torrent, one.peer_id, wire(*one.endpoint)) for one in swarm]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_completions_outlive_the_end(daemon, end):
    expected = complete(daemon, 3)
    if end == "kill":
        wait_until(lambda: len(completions(daemon)) == 3)
    getattr(daemon, end)()
    daemon.start()
    assert completions(daemon) == expected


def test_completion_is_noted_once_a_peer(daemon, torrent, peer):
    one = peer()
    for _ in range(3):
        one.complete()
    daemon.restart()
    one.complete()
    daemon.restart()
    assert completions(daemon) == [(torrent, one.peer_id, wire(*one.endpoint))]


def test_newest_completions_are_kept():
    with Skepd(FAST + "history = { completions_max = 2; };") as daemon:
        expected = complete(daemon, 5)[-2:]
        daemon.stop()
        assert completions(daemon) == expected


def test_flood_of_completions_from_one_address_leaves_those_of_others(torrent):
    claims = 'network = { ip_param_networks = [ "127.0.0.0/8" ]; };'
    limits = "limits = { address_torrent_peers_max = 0; };"
    with Skepd(f"{FAST} {claims} {limits} history = {{ completions_max = 150; }};") as daemon:
        expected = complete(daemon, 10)
        for _ in range(200):
            assert Peer(daemon.port, torrent).complete(ip="198.51.100.7").failure is None
        daemon.stop()
        kept = completions(daemon)
        assert set(expected) <= set(kept)
        assert 10 + 100 <= len(kept) <= 10 + 101


def test_history_that_is_off_is_not_kept():
    with Skepd(FAST + "history = { enabled = false; };") as daemon:
        complete(daemon, 1)
        daemon.stop()
        assert completions(daemon) == [] and samples(daemon) == []


def joined(daemon):
    return [peer.since_s for peer in StoredSwarms(daemon.database).peers.values()]


def test_peers_keep_their_age(daemon, peer):
    peer().start()
    daemon.stop()
    came, = joined(daemon)
    assert time.time() - 60 <= came <= time.time()
    daemon.start()
    peer().start()
    daemon.stop()
    assert abs(min(joined(daemon)) - came) <= 1
