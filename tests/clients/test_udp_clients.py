"""Real clients meet over UDP, and those that speak UDP meet those that speak HTTP."""

import pytest

import node_client
from adapters import UDP_CLIENTS, Client, LibtorrentSession, QBittorrent
from fleet import announce_url
from sample import Sample
from scenarios import (seed_and_download, seed_each_and_download_all, stop_one_after_another,
                       wait_until_counted)
from support.network import Network, has_ipv6

SIZE = 4 << 20


@pytest.fixture
def urls(tracker) -> dict[str, str]:
    return {scheme: announce_url(scheme, Network.tracker_v4, tracker.port) for scheme in ("udp", "http")}


def test_clients_over_udp_and_http_are_one_swarm(tracker, fleet, urls):
    """In each of five swarms some speak UDP and some HTTP, and every client speaks both somewhere."""
    clients = fleet.start(*UDP_CLIENTS)
    seeds = {client: fleet.sample(urls["udp"], SIZE) for client in clients}
    samples = [sample.content for sample in seeds.values()]

    def as_told(client: Client, sample: Sample) -> Sample:
        distance = clients.index(client) - samples.index(sample.content)
        return sample if distance % 2 == 0 else sample.with_tracker(urls["http"])

    seed_each_and_download_all(tracker, seeds, as_told)


@pytest.mark.skipif(not has_ipv6(), reason="this system has no IPv6")
def test_clients_meet_over_udp_and_ipv6(tracker, fleet):
    seeder, leecher = fleet.start_v6(LibtorrentSession, QBittorrent)
    url = announce_url("udp", Network.tracker_v6, tracker.port)
    seed_and_download(tracker, seeder, [leecher], fleet.sample(url, SIZE))


def test_clients_that_stop_are_gone_at_once(tracker, fleet, urls):
    stop_one_after_another(tracker, fleet.start(*UDP_CLIENTS), fleet.sample(urls["udp"], SIZE))


@pytest.mark.needs_node_client
@pytest.mark.parametrize("scheme", ["udp", "http"])
def test_node_client_announces_and_scrapes(scheme, tracker, fleet, urls):
    [seeder] = fleet.start(LibtorrentSession)
    sample = fleet.sample(urls["http"], SIZE)
    seeder.seed(sample)
    wait_until_counted(tracker, sample, 1, 0, 0)

    heard = node_client.announce_and_scrape(urls[scheme], sample.info_hash)

    assert f"{seeder.address}:{seeder.port}" in heard["peers"]
    assert heard["announced"]["complete"] == heard["scraped"]["complete"] == 1
    assert heard["announced"]["incomplete"] == heard["scraped"]["incomplete"] == 1
    wait_until_counted(tracker, sample, 1, 0, 0)
