"""The secret of a cluster, by which each node accepts the UDP connection ids of the others: in the engine, and
when that loses it."""

import pytest

from support.announce import Peer, random_hash
from support.api import Api
from support.cluster import QUICK, become_whole, counts_are, is_ready, node, nodes
from support.engine import Engine
from support.skepctl import Skepctl
from support.udp import UdpClient, UdpError
from support.waiting import wait_until

BEAT_S, SCRAPE = 5, 2


def agree(one, other):
    """Whether a client may connect to one and scrape at the other."""
    with UdpClient(one.port) as at_one, UdpClient(other.port) as at_other:
        try:
            return at_other.request(SCRAPE, random_hash(), at_one.connect()) is not None
        except UdpError:
            return False


def keys_of(daemon):
    return Skepctl()("key", "list", "--url", daemon.url)


@pytest.mark.parametrize("lose", ["FLUSHALL", "DEL skep:secret"])
def test_nodes_put_a_lost_secret_back(lose):
    with Engine() as engine, nodes(2, engine, udp=True) as (a, b):
        become_whole(a)
        engine.run(lose)
        wait_until(lambda: engine.run("EXISTS skep:secret") == ":1", 2 * BEAT_S)
        with node(engine, name="c", udp=True) as c:
            wait_until(lambda: agree(a, c) and agree(c, b))
            assert agree(a, b)


def test_nodes_that_have_joined_without_the_engine_agree_once_it_is_there(torrent):
    engine = Engine()
    with node(engine, udp=True) as a, node(engine, name="b", udp=True) as b:
        for daemon, label in (a, "alice"), (b, "bob"):
            wait_until(lambda d=daemon: is_ready(d))
            Skepctl()("key", "new", label, "--url", daemon.url)
        Peer(a.port, torrent, left=0).start()
        with engine:
            wait_until(lambda: agree(a, b) and agree(b, a))
            for daemon in a, b:
                wait_until(lambda d=daemon: "alice" in keys_of(d) and "bob" in keys_of(d))
                counts_are(daemon, torrent, (1, 0, 0))


def test_keys_come_at_once_to_a_node_that_joins_while_no_node_has_all_peers():
    """With this interval, none has for the time of the test; and each requests a copy again and again."""
    config = QUICK.replace("_s = 1", "_s = 90")
    with Engine() as engine, node(engine, config=config) as a, node(engine, name="b", config=config) as b:
        for daemon in a, b:
            wait_until(lambda d=daemon: is_ready(d))
            Peer(daemon.port, random_hash()).start()
        Skepctl()("key", "new", "alice", "--url", a.url)
        wait_until(lambda: "alice" in keys_of(b))
        for _ in range(2):
            b.stop()
            b.database.unlink()
            b.start()
            wait_until(lambda: "alice" in keys_of(b))
        assert not Api(b.port).get("/cluster")["node"]["whole"]


def test_value_that_is_no_secret_is_reported():
    with Engine() as engine:
        engine.run("SET skep:secret short")
        with node(engine) as a:
            a.wait_for_log("changes wait", "skep:secret is not a secret")
            engine.run("DEL skep:secret")
            a.wait_for_log("cluster: connected")
