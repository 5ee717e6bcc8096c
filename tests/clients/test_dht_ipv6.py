"""Clients without IPv4 find each other by the DHT."""

import pytest

from adapters import LibtorrentSession
from dht_scenarios import download_each_from_all, seed_each
from support.network import has_ipv6


@pytest.fixture
def tracker_address(network):
    return network.new_v6()


@pytest.mark.skipif(not has_ipv6(), reason="this system has no IPv6")
def test_clients_with_ipv6_only_find_each_other(dht_tracker, dht_fleet):
    clients = dht_fleet.start_v6(LibtorrentSession, LibtorrentSession)
    download_each_from_all(seed_each(dht_tracker, dht_fleet, clients))
