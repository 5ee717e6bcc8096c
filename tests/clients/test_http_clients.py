"""Real clients meet over HTTP, and only through the tracker."""

import time

import pytest

from adapters import ALL_CLIENTS, Aria2, LibtorrentSession, QBittorrent, RTorrent
from fleet import announce_url, wait_until_complete
from scenarios import (FLUSHED_S, seed_and_download, seed_each_and_download_all,
                       stop_one_after_another, wait_until_counted)
from support.announce import Peer
from support.network import has_ipv6

SIZE = 16 << 20
SHORTEST_INTERVAL_S = 120


def test_each_client_seeds_and_every_other_client_downloads(tracker, fleet, http_url):
    clients = fleet.start(*ALL_CLIENTS)
    seeds = {client: fleet.sample(http_url, SIZE) for client in clients}
    seed_each_and_download_all(tracker, seeds)


def test_clients_behind_one_address_find_each_other(tracker, fleet, http_url):
    address = fleet.network.new_v4()
    seeder, *leechers = fleet.start(QBittorrent, LibtorrentSession, Aria2, address=address)
    seed_and_download(tracker, seeder, leechers, fleet.sample(http_url, SIZE))


@pytest.mark.skipif(not has_ipv6(), reason="this system has no IPv6")
def test_clients_meet_over_ipv6(tracker, fleet):
    seeder, *leechers = fleet.start_v6(LibtorrentSession, QBittorrent, Aria2)
    url = announce_url("http", fleet.network.new_v6(), tracker.port)
    seed_and_download(tracker, seeder, leechers, fleet.sample(url, SIZE))


def test_newcomers_find_the_seeder_right_after_the_tracker_was_killed(tracker, fleet, http_url):
    seeder, *newcomers = fleet.start(LibtorrentSession, QBittorrent, Aria2, RTorrent)
    sample = fleet.sample(http_url, SIZE)
    seeder.seed(sample)
    wait_until_counted(tracker, sample, 1, 0, 0)
    assert Peer(tracker.port, b"another torrent's id").start()["interval"] >= SHORTEST_INTERVAL_S
    time.sleep(FLUSHED_S)

    tracker.kill()
    tracker.start()
    wait_until_counted(tracker, sample, 1, 0, 0)
    for newcomer in newcomers:
        newcomer.download(sample)

    wait_until_complete([(newcomer, sample) for newcomer in newcomers])
    assert seeder.announces() == 1, "the seeder has announced again"


def test_clients_that_stop_are_gone_at_once(tracker, fleet, http_url):
    stop_one_after_another(tracker, fleet.start(*ALL_CLIENTS), fleet.sample(http_url, SIZE))
