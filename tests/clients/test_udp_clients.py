"""Real clients meet over UDP, and those that speak UDP meet those that speak HTTP."""

import time

import pytest

import node_client
from adapters import UDP_CLIENTS, Client, LibtorrentSession, QBittorrent
from fleet import announce_url
from sample import Sample
from scenarios import (FLUSHED_S, seed_and_download, seed_each_and_download_all,
                       stop_one_after_another, wait_until_counted)
from support.network import has_ipv6

SIZE = 4 << 20


def test_clients_over_udp_and_http_are_one_swarm(tracker, fleet, udp_url, http_url):
    """In each of five swarms some speak UDP and some HTTP; every client speaks both somewhere."""
    clients = fleet.start(*UDP_CLIENTS)
    seeds = {client: fleet.sample(udp_url, SIZE) for client in clients}
    contents = [sample.content for sample in seeds.values()]

    def as_given(client: Client, sample: Sample) -> Sample:
        distance = clients.index(client) - contents.index(sample.content)
        return sample if distance % 2 == 0 else sample.with_tracker(http_url)

    seed_each_and_download_all(tracker, seeds, as_given)


@pytest.mark.skipif(not has_ipv6(), reason="this system has no IPv6")
def test_clients_meet_over_udp_and_ipv6(tracker, fleet):
    seeder, leecher = fleet.start_v6(LibtorrentSession, QBittorrent)
    url = announce_url("udp", fleet.network.new_v6(), tracker.port)
    seed_and_download(tracker, seeder, [leecher], fleet.sample(url, SIZE))


def test_clients_that_stop_are_gone_at_once(tracker, fleet, udp_url):
    stop_one_after_another(tracker, fleet.start(*UDP_CLIENTS), fleet.sample(udp_url, SIZE))


def test_clients_are_served_right_after_the_tracker_was_killed(tracker, fleet, udp_url):
    """All but rTorrent keep a connection id over announces. They wait for a minute or three before
    they ask for another, if the tracker that gave it does not know it any more."""
    clients = fleet.start(*UDP_CLIENTS)
    first, second = (fleet.sample(udp_url, SIZE) for _ in range(2))
    for client in clients:
        client.seed(first)
    wait_until_counted(tracker, first, len(clients), 0, 0)
    time.sleep(FLUSHED_S)

    tracker.kill()
    tracker.start()
    for client in clients:
        client.seed(second)
    wait_until_counted(tracker, second, len(clients), 0, 0)


@pytest.mark.needs_node_client
@pytest.mark.parametrize("scheme", ["udp", "http"])
def test_node_client_announces_and_scrapes(scheme, tracker, tracker_address, fleet, http_url):
    [seeder] = fleet.start(LibtorrentSession)
    sample = fleet.sample(http_url, SIZE)
    seeder.seed(sample)
    wait_until_counted(tracker, sample, 1, 0, 0)

    url = announce_url(scheme, tracker_address, tracker.port)
    heard = node_client.announce_and_scrape(url, sample.info_hash)

    assert f"{seeder.address}:{seeder.port}" in heard["peers"]
    assert heard["announced"]["complete"] == heard["scraped"]["complete"] == 1
    assert heard["announced"]["incomplete"] == heard["scraped"]["incomplete"] == 1
    wait_until_counted(tracker, sample, 1, 0, 0)
