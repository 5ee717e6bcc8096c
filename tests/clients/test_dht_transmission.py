"""Transmission uses the DHT only if it knows more than eight nodes."""

from adapters import LibtorrentSession, Transmission
from dht_scenarios import download_each_from_all, seed_each

MANY_NODES = 12


def test_transmission_finds_peers_among_many_nodes_of_a_subnet(dht_tracker, dht_fleet):
    others = dht_fleet.start(*[LibtorrentSession] * MANY_NODES)
    clients = [others[0], *dht_fleet.start(Transmission)]
    download_each_from_all(seed_each(dht_tracker, dht_fleet, clients))
