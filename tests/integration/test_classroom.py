"""A lab of 800 machines that boot at once and fetch one image, as the guide describes it."""

import concurrent.futures

import pytest

from support.announce import Peer, random_hash
from support.skepd import ROOT, Skepd, free_port

MACHINES = 800
LINKS_MIN = 30


@pytest.fixture(scope="module")
def daemon():
    with Skepd((ROOT / "conf" / "lan.conf").read_text(),
               environment={"SKEP_DHT_PORT": str(free_port())}) as daemon:
        yield daemon


def test_every_machine_of_a_classroom_is_linked_to_many_others(daemon):
    torrent = random_hash()
    machines = [Peer(daemon.port, torrent, source=f"127.10.{number // 200}.{number % 200 + 1}", port=6881)
                for number in range(MACHINES)]
    machines[0].left = 0
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(Peer.start, machines))
    assert all("failure reason" not in reply for reply in replies)
    assert max(reply["interval"] for reply in replies) <= 60

    links = {machine.endpoint: set() for machine in machines}
    for machine, reply in zip(machines, replies):
        for other in reply.peers:
            links[machine.endpoint].add(other)
            links[other].add(machine.endpoint)
    assert min(len(others) for others in links.values()) >= LINKS_MIN
