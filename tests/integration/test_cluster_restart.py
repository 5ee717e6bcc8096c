"""Download counts of a cluster over restarts of its nodes and its engine."""

import contextlib
import sqlite3
import struct

import pytest

from support.announce import Peer, random_hash, scraped
from support.api import Api
from support.cluster import node, nodes
from support.database import rows, wait_until_stored
from support.engine import Engine
from support.skepd import Skepd
from support.udp import UdpClient
from support.waiting import wait_until


@contextlib.contextmanager
def pair(engine):
    with nodes(2, engine, udp=True) as pair:
        for daemon in pair:
            wait_until(lambda d=daemon: has_joined(d.database))
        yield pair


def has_joined(database):
    """Whether the file is that of a node of the cluster: completions are known by the cluster's secret."""
    return rows(database, "SELECT 1 FROM secret WHERE name = 'cluster seen' AND value <> zeroblob(8)")


def complete(daemon, torrent, count=1):
    """Clients that complete and leave."""
    clients = [Peer(daemon.port, torrent) for _ in range(count)]
    for client in clients:
        client.start()
        client.complete()
        client.stop()
    return clients


def by_udp(daemon, torrent):
    with UdpClient(daemon.port) as client:
        return client.scrape(torrent)[0]


def downloaded(daemon, torrent):
    """By HTTP and by UDP, which agree unless it has changed in between."""
    by_http = scraped(daemon.port, torrent)[2]
    return by_http, by_udp(daemon, torrent)[1]


def counts_are(daemons, counts):
    """{torrent: downloaded}"""
    for daemon in daemons:
        for torrent, count in counts.items():
            wait_until(lambda d=daemon, t=torrent, c=count: downloaded(d, t) == (c, c),
                       what=f"{daemon.port} has {downloaded(daemon, torrent)}, not {count}")


def is_whole(daemon):
    return Api(daemon.port).get("/cluster")["node"]["whole"]


def all_are_whole(daemons):
    for daemon in daemons:
        wait_until(lambda d=daemon: is_whole(d))


def agree_for_good(daemons, counts):
    """Also once each node has what the others know."""
    all_are_whole(daemons)
    for daemon in daemons:
        marker = random_hash()
        complete(daemon, marker)
        counts_are(daemons, {marker: 1})
    counts_are(daemons, counts)


def stored_counts(database):
    """By node; None if the file cannot be read yet."""
    counts = {}
    try:
        for info_hash, node, counted in rows(database, "SELECT info_hash, node, counted FROM cluster_counter"):
            counts[info_hash, node] = counted
        for counters, in rows(database, "SELECT counters FROM cluster_log ORDER BY id"):
            for info_hash, node, counted, _ in struct.iter_unpack(">20sqII", counters):
                counts[info_hash, node] = max(counted, counts.get((info_hash, node), 0))
    except sqlite3.Error:
        return None
    return sorted(counts.values())


@pytest.fixture(scope="module")
def engine():
    with Engine() as engine:
        yield engine


def test_counts_and_known_completions_stay_if_everything_is_killed(engine):
    torrents = [random_hash() for _ in range(3)]
    with pair(engine) as (a, b):
        counts = {torrent: 2 * number + 3 for number, torrent in enumerate(torrents)}
        for number, torrent in enumerate(torrents):
            clients = complete(a, torrent, number + 1) + complete(b, torrent, number + 2)
        counts_are((a, b), counts)
        for daemon in a, b:
            wait_until_stored(daemon)
        for daemon in a, b:
            daemon.kill()
        engine.restart_empty()
        a.start()
        b.start()
        counts_are((a, b), counts)
        # What each counts before it knows the other's counts.
        complete(a, torrents[0], 2)
        complete(b, torrents[0])
        counts[torrents[0]] += 3
        # Each client that completed at one node says so again at the other.
        for client in clients:
            client.tracker_port = b.port if client.tracker_port == a.port else a.port
            client.start()
            client.complete()
            client.stop()
        agree_for_good((a, b), counts)


def test_two_files_that_differ_are_merged(engine):
    torrent = random_hash()
    with pair(engine) as (a, b):
        complete(a, torrent, 2)
        complete(b, torrent)
        counts_are((a, b), {torrent: 3})
        b.stop()
        complete(a, torrent)
        a.stop()
        engine.restart_empty()
        b.start()
        complete(b, torrent, 2)
        counts_are((b,), {torrent: 5})
        b.stop()
        engine.restart_empty()
        a.start()
        b.start()
        agree_for_good((a, b), {torrent: 6})


def test_cluster_starts_again_from_the_file_of_one_node(engine):
    torrent = random_hash()
    with pair(engine) as (a, b):
        complete(a, torrent)
        client, = complete(b, torrent)
        counts_are((a, b), {torrent: 2})
        a.stop()
        b.stop()
        engine.restart_empty()
        for file in b.directory.glob("skep.db*"):
            file.unlink()
        a.start()
        wait_until(lambda: Api(a.port).get("/cluster")["engine"]["connected"])
        b.start()
        complete(b, torrent)
        client.tracker_port = a.port
        client.start()
        client.complete()
        agree_for_good((a, b), {torrent: 3})


def test_file_of_a_node_may_be_used_alone_for_a_while(engine):
    torrent = random_hash()
    with pair(engine) as (a, b):
        complete(a, torrent)
        complete(b, torrent)
        counts_are((a, b), {torrent: 2})
        a.stop()
        b.stop()
        engine.restart_empty()
        with Skepd(database=a.database, udp=True) as alone:
            counts_are((alone,), {torrent: 2})
            complete(alone, torrent)
            counts_are((alone,), {torrent: 3})
            alone.restart()
            counts_are((alone,), {torrent: 3})
        a.start()
        b.start()
        complete(b, torrent)
        agree_for_good((a, b), {torrent: 4})


def test_replaced_database_gets_all_counts_again(engine):
    torrents = [random_hash() for _ in range(3)]
    with node(engine, udp=True) as daemon:
        daemon.wait_for_log("cluster: connected")
        for torrent in torrents:
            complete(daemon, torrent)
        all_are_whole([daemon])
        wait_until_stored(daemon)
        for file in daemon.directory.glob("skep.db*"):
            file.unlink()
        complete(daemon, torrents[0])
        wait_until(lambda: stored_counts(daemon.database) == [1, 1, 2])
        daemon.restart()
        counts_are([daemon], {torrents[0]: 2, torrents[1]: 1, torrents[2]: 1})


def test_lone_tracker_stores_no_counts_by_node(daemon):
    complete(daemon, random_hash())
    wait_until_stored(daemon)
    assert rows(daemon.database, "SELECT * FROM cluster_counter") == []
    assert rows(daemon.database, "SELECT * FROM cluster_log") == []
    assert rows(daemon.database, "SELECT * FROM cluster_completion") == []
