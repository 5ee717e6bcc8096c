"""All peers survive a restart, whether the daemon was stopped or killed."""

import time

import pytest

from support.announce import Peer, random_hash, scrape, scraped
from support.database import peer_count, wait_until_stored
from support.skepd import Skepd
from support.waiting import wait_until

FAST = "store = { flush_interval_ms = 100; };"


@pytest.fixture
def daemon():
    with Skepd(FAST) as daemon:
        yield daemon


def terminate(daemon):
    daemon.stop()


def kill(daemon):
    wait_until_stored(daemon)
    daemon.kill()


ENDS = pytest.mark.parametrize("end", [terminate, kill])


@ENDS
def test_peers_are_back_at_once(daemon, peer, end):
    leecher, seeder, v6 = peer(), peer(left=0), peer(source="::1", left=0)
    for one in (leecher, seeder, v6):
        one.start()
    end(daemon)
    daemon.start()
    reply = peer().start()
    assert reply.peers == sorted([leecher.endpoint, seeder.endpoint])
    assert reply.counts == (2, 2, 0)
    assert peer(source="::1").start().peers == [v6.endpoint]


@ENDS
def test_downloads_stay_counted(daemon, torrent, peer, end):
    stays, goes = peer(), peer()
    stays.complete(), goes.complete(), goes.stop()
    end(daemon)
    daemon.start()
    assert scraped(daemon.port, torrent) == (1, 0, 2)
    stays.complete()
    assert scraped(daemon.port, torrent) == (1, 0, 2)


@ENDS
def test_peers_that_left_stay_away(daemon, torrent, peer, end):
    stays, goes = peer(), peer()
    stays.start(), goes.start(), goes.stop()
    end(daemon)
    daemon.start()
    assert peer().start().peers == [stays.endpoint]


@ENDS
def test_last_role_of_a_peer_counts(daemon, torrent, peer, end):
    finished, partial, moved = peer(), peer(), peer(port=7000)
    for one in (finished, partial, moved):
        one.start()
    finished.left = 0
    finished.announce()
    partial.announce("paused")
    moved.port = 7001
    moved.announce()
    end(daemon)
    daemon.start()
    entry = scrape(daemon.port, torrent)["files"][torrent]
    assert (entry[b"complete"], entry[b"incomplete"], entry[b"downloaders"]) == (1, 2, 1)
    assert moved.endpoint in peer().start().peers
    moved.port = 7002
    assert moved.announce()["incomplete"] == 3


def test_peer_ids_are_back_with_their_peers(daemon, peer):
    other = peer(peer_id=bytes(range(200, 220)))
    other.start()
    daemon.restart()
    entry, = peer().start(compact=0)["peers"]
    assert entry[b"peer id"] == other.peer_id


def test_stop_saves_the_latest_announces():
    torrent = random_hash()
    with Skepd("store = { flush_interval_ms = 60000; };") as daemon:
        swarm = [Peer(daemon.port, torrent, port=port) for port in range(2000, 2300)]
        for one in swarm:
            one.start(numwant=0)
        daemon.restart()
        assert scraped(daemon.port, torrent) == (0, 300, 0)


def test_repeated_kills_lose_no_peer(daemon, torrent, peer):
    swarm = []
    for _ in range(3):
        swarm.append(peer())
        swarm[-1].start()
        kill(daemon)
        daemon.start()
    assert set(peer().start().peers) == {one.endpoint for one in swarm}


def test_many_torrents_come_back():
    with Skepd(FAST) as daemon:
        swarm = [Peer(daemon.port, random_hash()) for _ in range(300)]
        for one in swarm:
            one.start()
        daemon.restart()
        assert all(scraped(daemon.port, one.info_hash) == (0, 1, 0) for one in swarm)


def test_without_a_store_nothing_is_written_and_all_is_forgotten(torrent):
    with Skepd("store = { enabled = false; };") as daemon:
        one = Peer(daemon.port, torrent)
        one.start()
        daemon.restart()
        assert scraped(daemon.port, torrent) == (0, 0, 0)
        assert not daemon.database.exists()


def test_restart_logs_what_was_restored(daemon, peer):
    peer().start(), peer().start()
    daemon.restart()
    daemon.wait_for_log("1 torrent", "2 peers")


def test_peers_that_no_longer_fit_do_not_come_back_another_time():
    with Skepd() as daemon:
        torrent = random_hash()
        for _ in range(6):
            Peer(daemon.port, torrent).start()
        daemon.stop()
        daemon.config = "limits = { peers_max = 2; };"
        daemon.start()
        wait_until(lambda: peer_count(daemon.database) == 2)


def test_idle_time_of_a_torrent_continues_over_a_restart():
    """Times are kept in whole seconds, by two clocks: two seconds can be missing."""
    with Skepd(config="limits = { idle_torrent_s = 4; };") as daemon:
        torrent, peer = random_hash(), None
        peer = Peer(daemon.port, torrent)
        peer.complete()
        peer.stop()
        idle_since = time.monotonic()
        for _ in range(3):
            time.sleep(1)
            daemon.restart()
            kept = scraped(daemon.port, torrent) == (0, 0, 1)
            assert kept or time.monotonic() - idle_since > 2
        wait_until(lambda: scraped(daemon.port, torrent) == (0, 0, 0))
        assert time.monotonic() - idle_since > 2


def test_peers_keep_the_grace_of_the_interval_that_they_were_given():
    with Skepd(config="announce = { interval_min_s = 60; interval_max_s = 60; };") as daemon:
        torrent = random_hash()
        Peer(daemon.port, torrent).start()
        daemon.stop()
        daemon.write_config("announce = { interval_min_s = 1; interval_max_s = 1; peer_timeout_min_s = 0; };")
        daemon.start()
        time.sleep(4)
        assert scraped(daemon.port, torrent) == (0, 1, 0)
