"""Clients find each other by the DHT, which they enter through skepd, by magnet links without a
tracker."""

import pytest

from adapters import ALL_CLIENTS, Aria2, Client, LibtorrentSession, QBittorrent, Transmission
from adapters.qbittorrent import DHT_NAMES_PORT
from fleet import Fleet, announce_url, wait_until_complete
from sample import Sample
from support.announce import scraped
from support.api import Api
from support.skepd import Skepd
from support.waiting import wait_until

SIZE = 1 << 20
FOUND_S = 150
MAGNET_S = 240

# Transmission uses the DHT only if it knows more than eight nodes.
MORE_NODES = (LibtorrentSession,) * 5
QUICK_CLIENTS = tuple(kind for kind in ALL_CLIENTS if kind is not Transmission)


@pytest.fixture
def tracker(network, tracker_address):
    """The node from which the clients start, with a port that qBittorrent 4 knows."""
    config = (f'http = {{ listen = [ "{tracker_address}", "127.0.0.1" ]; }};'
              f'dht = {{ enabled = true; port = {DHT_NAMES_PORT}; answer_swarms = "all"; }};')
    with Skepd(config=config, udp=True) as daemon:
        yield daemon


@pytest.fixture
def fleet(network, tracker, tracker_address):
    with Fleet(network) as fleet:
        fleet.dht_node = tracker_address, DHT_NAMES_PORT
        yield fleet


def is_found(tracker: Skepd, client: Client, sample: Sample) -> bool:
    """Whether the DHT, or skepd itself, knows the client as a peer."""
    api = Api(tracker.port)
    if sum(scraped(tracker.port, sample.info_hash)):
        return True
    started = api.post("/dht/lookups", {"info_hash": sample.info_hash.hex()})
    if started.status != 201:
        return False
    path = f"/dht/lookups/{started.json['number']}"
    wait_until(lambda: api.get(path)["ended"], what="the lookup ends", timeout=FOUND_S)
    return client.address in {peer["address"] for peer in api.get(path)["peers"]}


def seed_each(tracker: Skepd, fleet: Fleet, clients: list[Client]) -> dict[Client, Sample]:
    seeds = {client: fleet.sample(None, SIZE) for client in clients}
    for client, sample in seeds.items():
        client.seed(sample)
    for client, sample in seeds.items():
        wait_until(lambda: is_found(tracker, client, sample), FOUND_S, f"the DHT has {client}")
    return seeds


def download_each_from_all(seeds: dict[Client, Sample]) -> None:
    downloads = [(client, sample) for client in seeds for seeder, sample in seeds.items()
                 if client is not seeder]
    for client, sample in downloads:
        client.download_by_magnet(sample)
    wait_until_complete(downloads, MAGNET_S)


def let_newcomer_enter_by(fleet: Fleet, client: Client, sample: Sample) -> None:
    fleet.dht_node = client.address, client.port
    [newcomer] = fleet.start(LibtorrentSession)
    newcomer.download_by_magnet(sample)
    wait_until_complete([(newcomer, sample)], MAGNET_S)


def test_clients_of_one_subnet_find_each_other_also_without_skepd(tracker, fleet):
    clients = fleet.start(*QUICK_CLIENTS)
    seeds = seed_each(tracker, fleet, clients)
    download_each_from_all(seeds)
    tracker.stop()
    seeder = next(client for client in clients if isinstance(client, QBittorrent))
    entry = next(client for client in clients if isinstance(client, LibtorrentSession))
    let_newcomer_enter_by(fleet, entry, seeds[seeder])


def test_clients_of_several_subnets_find_each_other(tracker, fleet):
    clients = fleet.start_each_in_a_subnet(*ALL_CLIENTS, *MORE_NODES)[:len(ALL_CLIENTS)]
    download_each_from_all(seed_each(tracker, fleet, clients))


def test_peers_of_tracker_and_dht_find_each_other(tracker, tracker_address, fleet):
    url = announce_url("http", tracker_address, tracker.port)
    [by_dht] = fleet.start(LibtorrentSession)
    fleet.dht_node = None
    [by_tracker] = fleet.start(Aria2)
    of_tracker, of_dht = fleet.sample(None, SIZE), fleet.sample(None, SIZE)
    by_tracker.seed(of_tracker.with_tracker(url))
    by_dht.seed(of_dht)
    for sample in of_tracker, of_dht:
        wait_until(lambda: sum(scraped(tracker.port, sample.info_hash)), FOUND_S, f"{sample} has a seeder")

    by_dht.download_by_magnet(of_tracker)
    by_tracker.download(of_dht.with_tracker(url))
    wait_until_complete([(by_dht, of_tracker), (by_tracker, of_dht)], MAGNET_S)
