"""Clients that find each other by the DHT, which they enter through skepd, by magnet links without a
tracker."""

import time

from adapters import Client
from fleet import Fleet, wait_until_complete
from sample import Sample
from support.announce import scraped
from support.api import Api
from support.skepd import Skepd
from support.waiting import wait_until

SIZE = 1 << 20
FOUND_S = 240
MAGNET_S = 240
# libtorrent ignores, for five minutes, an address that asks it more often than five times a second.
BETWEEN_LOOKUPS_S = 1


def is_found(tracker: Skepd, client: Client, sample: Sample) -> bool:
    """Whether the DHT, or skepd itself, knows the client as a peer."""
    api = Api(tracker.port)
    if sum(scraped(tracker.port, sample.info_hash)):
        return True
    time.sleep(BETWEEN_LOOKUPS_S)
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
