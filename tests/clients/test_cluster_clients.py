"""Real clients that announce at different nodes of a cluster."""

import pytest

from adapters import Aria2, LibtorrentSession, Transmission
from fleet import announce_url, wait_until_complete
from scenarios import wait_until_counted
from support.engine import Engine
from support.skepd import Skepd

SIZE = 4 << 20


@pytest.fixture
def nodes(network):
    with Engine() as engine:
        first, second, third = (Skepd(config=f'cluster = {{ engine = "{engine.url}"; name = "node{number}"; }};')
                                for number in range(3))
        with first, second, third:
            for node in first, second, third:
                node.wait_for_log("cluster: connected")
            yield first, second, third


def test_clients_of_three_nodes_share_a_file_and_one_node_dies(nodes, fleet):
    urls = [announce_url("http", fleet.network.new_v4(), node.port) for node in nodes]
    seeder, *leechers = fleet.start(LibtorrentSession, Aria2, Transmission)
    sample = fleet.sample(urls[0], SIZE)
    seeder.seed(sample)
    for node in nodes:
        wait_until_counted(node, sample, 1, 0, 0)
    for leecher, url in zip(leechers, urls[1:]):
        leecher.download(sample.with_tracker(url))
    wait_until_complete([(leecher, sample) for leecher in leechers])
    for node in nodes:
        wait_until_counted(node, sample, 3, 0, 2)

    nodes[0].kill()
    for leecher in leechers:
        leecher.stop()
    wait_until_counted(nodes[1], sample, 1, 0, 2)
    [late] = fleet.start(LibtorrentSession)
    late.download(sample.with_tracker(urls[1]))
    wait_until_complete([(late, sample)])
    for node in nodes[1:]:
        wait_until_counted(node, sample, 2, 0, 3)
