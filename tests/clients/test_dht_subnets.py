"""Clients of several /24 find each other by the DHT: libtorrent takes one node of each."""

from adapters import ALL_CLIENTS, LibtorrentSession
from dht_scenarios import download_each_from_all, seed_each

# Transmission uses the DHT only if it knows more than eight nodes.
MORE_NODES = (LibtorrentSession,) * 5


def test_clients_of_several_subnets_find_each_other(dht_tracker, dht_fleet):
    started = dht_fleet.start_each_in_a_subnet(*ALL_CLIENTS, *MORE_NODES)
    download_each_from_all(seed_each(dht_tracker, dht_fleet, started[:len(ALL_CLIENTS)]))
