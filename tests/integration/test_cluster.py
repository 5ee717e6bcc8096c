"""Several skepd that share their peers through one redis-server."""

import os
import signal
import time

import pytest

from support.announce import Peer, random_hash, random_peer_id
from support.api import Api
from support.cluster import become_whole, counts_are, is_ready, node, nodes
from support.engine import PROGRAMS, Engine, Sentinel
from support.prometheus import read_metrics
from support.skepctl import Skepctl
from support.skepd import Skepd, run
from support.udp import COMPLETED, UdpClient
from support.waiting import wait_until


def test_peer_of_one_node_is_given_out_by_the_other(pair, torrent):
    a, b = pair
    seeder = Peer(a.port, torrent, left=0)
    seeder.start()
    counts_are(b, torrent, (1, 0, 0))
    assert Peer(b.port, torrent).start().peers == [seeder.endpoint]


def test_client_may_use_any_node_and_is_one_peer(pair, torrent):
    a, b = pair
    client = Peer(a.port, torrent)
    client.start()
    counts_are(b, torrent, (0, 1, 0))
    client.tracker_port = b.port
    client.complete()
    counts_are(a, torrent, (1, 0, 1))
    client.tracker_port = a.port
    client.complete()
    for daemon in pair:
        counts_are(daemon, torrent, (1, 0, 1))
    client.stop()
    for daemon in pair:
        counts_are(daemon, torrent, (0, 0, 1))


def test_client_that_moves_leaves_its_old_address(pair, torrent):
    a, b = pair
    client = Peer(a.port, torrent)
    client.start()
    counts_are(b, torrent, (0, 1, 0))
    old = client.endpoint
    client.port = next(Peer.ports)
    client.announce()
    seeder = Peer(b.port, torrent, left=0)
    wait_until(lambda: seeder.announce().peers == [client.endpoint])
    assert old != client.endpoint


def test_node_stays_in_the_cluster_after_a_reload(pair, torrent):
    a, b = pair
    a.reload(a.config.replace("interval_max_s = 1;", "interval_max_s = 1; numwant_max = 60;"))
    a.wait_for_log("configuration reloaded")
    Peer(a.port, torrent).start()
    counts_are(b, torrent, (0, 1, 0))


def test_first_announces_are_not_lost_while_the_engine_is_away():
    torrent = random_hash()
    with Engine() as engine, nodes(2, engine) as (a, b):
        Peer(a.port, torrent, left=0).start()
        counts_are(b, torrent, (1, 0, 0))
        engine.kill()
        a.wait_for_log("changes wait")
        Peer(a.port, torrent, left=0).start()
        Peer(b.port, torrent).start()
        counts_are(a, torrent, (2, 0, 0))
        counts_are(b, torrent, (1, 1, 0))
        engine.restart_empty()
        for daemon in a, b:
            counts_are(daemon, torrent, (2, 1, 0))


@pytest.mark.parametrize("program", PROGRAMS)
def test_promoted_replica_is_followed(program):
    torrent = random_hash()
    with Engine(program=program) as master, Engine(program=program) as replica:
        replica.follow(master)
        with nodes(2, master, replica) as (a, b):
            Peer(a.port, torrent, left=0).start()
            counts_are(b, torrent, (1, 0, 0))
            master.kill()
            replica.promote()
            Peer(b.port, torrent).start()
            for daemon in a, b:
                counts_are(daemon, torrent, (1, 1, 0))


def test_failover_by_a_sentinel_is_followed():
    """The old master is not used again, although it takes itself for a master when it comes back."""
    first, second = random_hash(), random_hash()
    with Engine() as master, Engine() as replica:
        replica.follow(master)
        with Sentinel(master), nodes(2, master, replica) as (a, b):
            Peer(a.port, first, left=0).start()
            counts_are(b, first, (1, 0, 0))
            master.kill()
            Peer(b.port, first).start()
            for daemon in a, b:
                counts_are(daemon, first, (1, 1, 0))
            master.start()
            Peer(a.port, second).start()
            for daemon in a, b:
                counts_are(daemon, second, (0, 1, 0))
                assert Api(daemon.port).get("/cluster")["engine"]["url"] == replica.shown_url


def test_killed_node_gets_everything_from_another_one_when_it_is_back():
    first, second = random_hash(), random_hash()
    with Engine() as engine, nodes(2, engine) as (a, b):
        become_whole(a)
        left = Peer(b.port, first)
        left.start()
        Peer(b.port, first, left=0).start()
        counts_are(a, first, (1, 1, 0))
        b.kill()
        left.tracker_port = a.port
        left.stop()
        client = Peer(a.port, second)
        client.start()
        client.complete()
        b.start()
        wait_until(lambda: is_ready(b))
        b.wait_for_log("received a copy of all peers")
        counts_are(b, first, (1, 0, 0))
        counts_are(b, second, (1, 0, 1))
        # What it counts now, both count.
        other = Peer(b.port, second)
        other.start()
        other.complete()
        for daemon in a, b:
            counts_are(daemon, second, (2, 0, 2))


def test_node_that_is_back_soon_has_nothing_more_to_send_about_a_large_swarm(torrent):
    """It removes peers and sends counts at the same time; both take many steps."""
    def sent(daemon):
        return Api(daemon.port).get("/cluster")["counts"]["records_sent"]

    with Engine() as engine, nodes(2, engine, udp=True) as (a, b):
        become_whole(a)
        become_whole(b)
        with UdpClient(a.port) as client:
            peer_id, connection_id = random_peer_id(), client.connect()
            for port in range(10000, 12000):
                client.announce(torrent, port, numwant=0, peer_id=peer_id, connection_id=connection_id)
            client.announce(torrent, port, left=0, event=COMPLETED, peer_id=peer_id, numwant=0)
        counts_are(b, torrent, (1, 1999, 1))
        for daemon in b, a:
            daemon.restart()
            wait_until(lambda daemon=daemon: is_ready(daemon))
            counts_are(daemon, torrent, (1, 1999, 1))
        time.sleep(2)
        before = sent(a), sent(b)
        time.sleep(1)
        assert max(sent(a) - before[0], sent(b) - before[1]) < 10


def test_paused_node_notices_that_entries_were_trimmed():
    torrent = random_hash()
    with Engine() as engine, nodes(2, engine) as (a, b):
        become_whole(a)
        wait_until(lambda: is_ready(b))
        b.wait_for_log("cluster: connected")
        os.kill(b.pid, signal.SIGSTOP)
        Peer(a.port, torrent, left=0).start()
        wait_until(lambda: engine.run("XLEN skep:stream") != ":0")
        counts_are(a, torrent, (1, 0, 0))
        engine.run("XTRIM skep:stream MAXLEN 0")
        os.kill(b.pid, signal.SIGCONT)
        counts_are(b, torrent, (1, 0, 0))


def test_lone_node_keeps_its_peers_and_counts_over_a_restart():
    torrent = random_hash()
    with Engine() as engine, node(engine) as daemon:
        client = Peer(daemon.port, torrent)
        client.start()
        client.complete()
        counts_are(daemon, torrent, (1, 0, 1))
        daemon.restart()
        counts_are(daemon, torrent, (1, 0, 1))
        wait_until(lambda: is_ready(daemon))
        counts_are(daemon, torrent, (1, 0, 1))
        second = Peer(daemon.port, torrent)
        second.start()
        second.complete()
        counts_are(daemon, torrent, (2, 0, 2))


def test_counts_stay_and_left_peers_go_if_a_node_starts_while_the_engine_is_away():
    torrent = random_hash()
    with Engine() as engine, nodes(2, engine) as (a, b):
        become_whole(a)
        left = Peer(a.port, torrent)
        left.start()
        client = Peer(a.port, torrent)
        client.start()
        client.complete()
        counts_are(b, torrent, (1, 1, 1))
        b.stop()
        left.stop()
        engine.kill()
        b.start()
        wait_until(lambda: is_ready(b))
        counts_are(b, torrent, (1, 1, 1))
        engine.start()
        second = Peer(b.port, torrent)
        second.start()
        second.complete()
        b.wait_for_log("cluster: received a copy of all peers")
        for daemon in a, b:
            counts_are(daemon, torrent, (2, 0, 2))


def test_stop_that_overtakes_a_start_at_another_node_counts():
    torrent = random_hash()
    with Engine() as engine, nodes(2, engine) as (a, b):
        client = Peer(b.port, torrent)
        client.start()
        counts_are(a, torrent, (0, 1, 0))
        client.stop()
        counts_are(a, torrent, (0, 0, 0))
        engine.pause()
        client.tracker_port = a.port
        client.start()
        time.sleep(0.5)  # more than the nodes' clocks differ
        client.tracker_port = b.port
        client.stop()
        engine.resume()
        counts_are(a, torrent, (0, 0, 0))
        marker = random_hash()
        Peer(a.port, marker).start()
        counts_are(b, marker, (0, 1, 0))
        counts_are(b, torrent, (0, 0, 0))


def test_nodes_and_engine_are_shown(pair, engine):
    a, b = pair
    for daemon in pair:  # each has heard a heartbeat of the other
        wait_until(lambda port=daemon.port: len(Api(port).get("/cluster")["nodes"]) == 1)
    cluster = Api(a.port).get("/cluster")
    assert cluster["engine"]["connected"] and cluster["engine"]["url"] == engine.shown_url
    assert cluster["engine"]["error"] is None and cluster["engine"]["warnings"] is None
    assert cluster["engine"]["behind_ms"] < 24 * 3600 * 1000
    assert cluster["nodes"][0]["name"] == "node1" and cluster["nodes"][0]["alive"]
    found = read_metrics(a)
    assert found("skep_cluster_engine_connected") == found("skep_cluster_other_nodes") == 1
    assert found("skep_cluster_records_sent_total") > 0
    shown = Skepctl()("cluster", "--url", b.url)
    assert "node0" in shown and "node1" in shown and engine.shown_url in shown
    assert cluster["nodes"][0]["version"] == cluster["node"]["version"] == Api(a.port).get("/status")["version"]
    for _ in range(100):
        Peer(b.port, random_hash()).start()
    wait_until(lambda: Api(a.port).get("/cluster")["nodes"][0]["announces_per_s"] > 0)


def test_lone_tracker_has_no_cluster(daemon):
    assert Api(daemon.port).get("/cluster") == {"enabled": False}
    assert "alone" in Skepctl()("cluster", "--url", daemon.url)


def test_node_without_an_engine_serves_and_becomes_ready(torrent):
    with Skepd(config='cluster = { engine = "unix:///nowhere/redis.sock"; join_timeout_s = 1; };') as daemon:
        assert Peer(daemon.port, torrent).start().failure is None
        daemon.wait_for_log("unix:///nowhere/redis.sock", "No such file or directory", "changes wait")
        wait_until(lambda: is_ready(daemon))
        counts_are(daemon, torrent, (0, 1, 0))
        assert any("No such file" in warning for warning in Api(daemon.port).get("/status")["warnings"])


def test_password_is_neither_printed_nor_logged(engine):
    url = f"redis://node:letmein@127.0.0.1:{engine.port}/0"
    assert "letmein" not in run("--cluster", url, "--print-config").stdout
    with Skepd(args=("--cluster", url)) as daemon:
        assert "letmein" not in daemon.wait_for_log("WRONGPASS")


def test_empty_node_gets_the_peers_of_a_node_that_is_not_whole_yet(torrent):
    """With the default interval, a node without a snapshot is whole after 120 s."""
    with Engine() as engine, node(engine, config="") as a:
        Peer(a.port, torrent, left=0).start()
        wait_until(lambda: is_ready(a))
        with node(engine, name="b", config="") as b:
            counts_are(b, torrent, (1, 0, 0))
            a.stop()
            b.stop()
            b.database.unlink()
            b.start()
            a.start()
            counts_are(b, torrent, (1, 0, 0))
            assert not any(Api(d.port).get("/cluster")["node"]["whole"] for d in (a, b))


def test_stop_does_not_wait_long_for_an_engine_that_hangs(torrent):
    with Engine() as engine, Skepd(f'cluster = {{ engine = "{engine.url}"; timeout_ms = 20000; }};') as daemon:
        daemon.wait_for_log("cluster: connected")
        engine.pause()
        Peer(daemon.port, torrent).start()
        time.sleep(0.5)  # until the change has been sent, without a reply
        began = time.monotonic()
        daemon.stop()
        assert time.monotonic() - began < 5
        engine.resume()
