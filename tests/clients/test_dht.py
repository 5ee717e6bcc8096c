"""Clients of one subnet find each other by the DHT."""

from adapters import ALL_CLIENTS, Aria2, Client, LibtorrentSession, QBittorrent, Transmission
from dht_scenarios import FOUND_S, MAGNET_S, SIZE, download_each_from_all, seed_each
from fleet import Fleet, announce_url, wait_until_complete
from sample import Sample
from support.announce import scraped
from support.waiting import wait_until

# Transmission uses the DHT only if it knows more than eight nodes.
CLIENTS = tuple(kind for kind in ALL_CLIENTS if kind is not Transmission)


def let_newcomer_enter_by(fleet: Fleet, client: Client, sample: Sample) -> None:
    fleet.dht_node = client.address, client.port
    [newcomer] = fleet.start(LibtorrentSession)
    newcomer.download_by_magnet(sample)
    wait_until_complete([(newcomer, sample)], MAGNET_S)


def test_clients_find_each_other_also_without_skepd(dht_tracker, dht_fleet):
    clients = dht_fleet.start(*CLIENTS)
    seeds = seed_each(dht_tracker, dht_fleet, clients)
    download_each_from_all(seeds)
    dht_tracker.stop()
    seeder = next(client for client in clients if isinstance(client, QBittorrent))
    entry = next(client for client in clients if isinstance(client, LibtorrentSession))
    let_newcomer_enter_by(dht_fleet, entry, seeds[seeder])


def test_peers_of_tracker_and_dht_find_each_other(dht_tracker, tracker_address, dht_fleet):
    url = announce_url("http", tracker_address, dht_tracker.port)
    [by_dht] = dht_fleet.start(LibtorrentSession)
    dht_fleet.dht_node = None
    [by_tracker] = dht_fleet.start(Aria2)
    of_tracker, of_dht = dht_fleet.sample(None, SIZE), dht_fleet.sample(None, SIZE)
    by_tracker.seed(of_tracker.with_tracker(url))
    by_dht.seed(of_dht)
    for sample in of_tracker, of_dht:
        wait_until(lambda: sum(scraped(dht_tracker.port, sample.info_hash)), FOUND_S,
                   f"{sample} has a seeder")

    by_dht.download_by_magnet(of_tracker)
    by_tracker.download(of_dht.with_tracker(url))
    wait_until_complete([(by_dht, of_tracker), (by_tracker, of_dht)], MAGNET_S)
