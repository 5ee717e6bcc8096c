"""Real clients meet over HTTPS, whose certificate they check, and those that speak HTTP."""

import pytest

from adapters import (ALL_CLIENTS, Aria2, Client, LibtorrentSession, QBittorrent, RTorrent,
                      Transmission)
from fleet import announce_url
from sample import Sample
from scenarios import seed_and_download, seed_each_and_download_all, stop_one_after_another
from support.certificates import Authority
from support.skepd import Skepd, free_port

SIZE = 4 << 20
CHECKING_CLIENTS = QBittorrent, Transmission, Aria2, RTorrent


@pytest.fixture
def authority(fleet, tmp_path):
    authority = Authority(tmp_path)
    fleet.authority = authority.certificate
    return authority


@pytest.fixture
def tls_port():
    return free_port()


@pytest.fixture
def tracker(network, tracker_address, authority, tls_port):
    shown = authority.issue("tracker", tracker_address)
    with Skepd(f"https = {{ port = {tls_port}; {shown.setting} }};") as daemon:
        yield daemon


@pytest.fixture
def https_url(tracker, tracker_address, tls_port):
    return announce_url("https", tracker_address, tls_port)


def test_clients_over_https_and_http_are_one_swarm(tracker, fleet, https_url, http_url):
    clients = fleet.start(*ALL_CLIENTS)
    seeds = {client: fleet.sample(https_url, SIZE) for client in clients}
    contents = [sample.content for sample in seeds.values()]

    def as_given(client: Client, sample: Sample) -> Sample:
        distance = clients.index(client) - contents.index(sample.content)
        return sample if distance % 2 == 0 else sample.with_tracker(http_url)

    seed_each_and_download_all(tracker, seeds, as_given)


def test_clients_share_over_https_alone(tracker, fleet, https_url):
    seeder, *leechers = fleet.start(LibtorrentSession, *CHECKING_CLIENTS)
    seed_and_download(tracker, seeder, leechers, fleet.sample(https_url, SIZE))


def test_clients_that_stop_are_gone_at_once(tracker, fleet, https_url):
    stop_one_after_another(tracker, fleet.start(*ALL_CLIENTS), fleet.sample(https_url, SIZE))
