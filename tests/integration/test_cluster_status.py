"""What a node of a cluster tells about itself and the others: lag, traffic, copies and why."""

import os
import signal
import time

from support.announce import Peer, random_hash
from support.api import Api
from support.cluster import become_whole, counts_are, is_ready, nodes
from support.engine import Engine
from support.prometheus import promtool, read_metrics
from support.skepctl import Skepctl
from support.waiting import wait_until

HEARTBEAT_S = 5
READ_MAX = 4096  # entries of a read
FILL = ('EVAL "for i = 1, tonumber(ARGV[1]) do redis.call(\'XADD\', KEYS[1], \'*\', \'d\', \'x\') end return 1"'
        " 1 skep:stream {count}")


def cluster_of(daemon):
    return Api(daemon.port).get("/cluster")


def lag_of(node):
    return node["behind_entries"], node["behind_ms"]


def metric(daemon, name, node):
    """None: there is no value."""
    labels = {"node": node["id"], "name": node["name"]}
    return read_metrics(daemon).values.get((name, frozenset(labels.items())))


def both_ready(a, b):
    become_whole(a)
    wait_until(lambda: is_ready(b))
    for daemon in a, b:  # each has heard a heartbeat of the other
        wait_until(lambda port=daemon.port: len(Api(port).get("/cluster")["nodes"]) == 1)


def test_stopped_node_is_behind_until_it_has_read_what_it_missed():
    count = 25 * READ_MAX
    torrent = random_hash()
    with Engine() as engine, nodes(2, engine) as (a, b):
        both_ready(a, b)
        assert lag_of(cluster_of(b)["node"]) == lag_of(cluster_of(a)["nodes"][0]) == (0, 0)
        os.kill(b.pid, signal.SIGSTOP)
        Peer(a.port, torrent, left=0).start()
        engine.run(FILL.format(count=count))
        time.sleep(HEARTBEAT_S + 0.5)  # so that its next heartbeat is due at once
        os.kill(b.pid, signal.SIGCONT)
        wait_until(lambda: lag_of(cluster_of(b)["node"])[0] > 0)
        entries, ms = lag_of(cluster_of(b)["node"])
        assert 0 < entries < count + 20 and 0 < ms < 60000
        assert metric(b, "skep_cluster_node_behind_entries", cluster_of(b)["node"]) == entries
        assert f"{entries} entries ({ms / 1000:.1f} s) behind" in Skepctl()("cluster", "--url", b.url)
        wait_until(lambda: lag_of(cluster_of(a)["nodes"][0]) == (entries, ms))
        other = cluster_of(a)["nodes"][0]
        assert metric(a, "skep_cluster_node_behind_seconds", other) == ms / 1000
        counts_are(b, torrent, (1, 0, 0))
        wait_until(lambda: lag_of(cluster_of(b)["node"]) == lag_of(cluster_of(a)["nodes"][0]) == (0, 0))
        assert cluster_of(b)["counts"]["holes"] == 0


def test_node_that_is_away_has_no_lag():
    with Engine() as engine, nodes(2, engine) as (a, b):
        both_ready(a, b)
        other = cluster_of(a)["nodes"][0]
        assert abs(other["since"] - cluster_of(b)["node"]["since"]) <= 2
        assert metric(a, "skep_cluster_node_alive", other) == 1
        b.kill()
        wait_until(lambda: not cluster_of(a)["nodes"][0]["alive"])
        assert metric(a, "skep_cluster_node_alive", other) == 0
        assert metric(a, "skep_cluster_node_behind_entries", other) is None
        assert metric(a, "skep_cluster_node_behind_entries", cluster_of(a)["node"]) == 0
        shown = Skepctl()("cluster", "--url", a.url)
        assert "node1" in shown and "not heard" in shown and "last heard" in shown and shown.count(" entries (") == 1
        assert promtool("check", "metrics", stdin=read_metrics(a).text) == (0, "")


def test_traffic_of_each_way_is_shown():
    with Engine() as engine, nodes(2, engine) as (a, b):
        both_ready(a, b)

        def measured():
            for _ in range(20):
                Peer(a.port, random_hash()).start()
            return cluster_of(a)["node"]["records_sent_per_s"] > 0 < cluster_of(b)["node"]["records_merged_per_s"]

        wait_until(measured)
        assert cluster_of(a)["node"]["bytes_sent_per_s"] > 0 < cluster_of(b)["node"]["bytes_read_per_s"]
        assert "changes/s" in Skepctl()("cluster", "--url", a.url)


def test_reasons_of_copies_and_resends_are_shown():
    torrent = random_hash()
    with Engine() as engine, nodes(2, engine) as (a, b):
        both_ready(a, b)
        b.restart()
        b.wait_for_log("received a copy of all peers, requested at the start")
        copy = cluster_of(b)["last_snapshot"]
        assert copy["reason"] == "started" and copy["requested"] <= copy["received"] <= time.time()
        assert cluster_of(b)["last_resend"] is None
        assert "because this node started, received" in Skepctl()("cluster", "--url", b.url)
        os.kill(b.pid, signal.SIGSTOP)
        for _ in range(2):  # the first one ends its read
            sent = cluster_of(a)["counts"]["records_sent"]
            Peer(a.port, torrent, left=0).start()
            wait_until(lambda sent=sent: cluster_of(a)["counts"]["records_sent"] > sent)
        engine.run("XTRIM skep:stream MAXLEN 0")
        os.kill(b.pid, signal.SIGCONT)
        b.wait_for_log("received a copy of all peers, requested because changes had been missing")
        assert cluster_of(b)["last_snapshot"]["reason"] == "missing"
        engine.kill()
        engine.restart_empty()
        a.wait_for_log("sent the changes of the last two minutes again: the engine restarted")
        assert cluster_of(a)["last_resend"]["reason"] == "engine"
        assert "because the engine restarted" in Skepctl()("cluster", "--url", a.url)
