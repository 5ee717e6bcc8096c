"""Several skepd that share their registry through one redis-server."""

import contextlib

import pytest

from support.announce import Peer, get, random_hash, scraped
from support.api import Api
from support.engine import Engine
from support.skepctl import Skepctl
from support.skepd import Skepd
from support.waiting import wait_until

QUICK = "announce = { interval_min_s = 1; interval_max_s = 1; }; "


def node(engine, name="a", access="", **more):
    return Skepd(config=QUICK + access + f'cluster = {{ engine = "{engine.url}"; name = "{name}"; '
                 "join_timeout_s = 1; timeout_ms = 500; };", **more)


@contextlib.contextmanager
def nodes(count, engine, access=""):
    with contextlib.ExitStack() as stack:
        daemons = [stack.enter_context(node(engine, f"node{i}", access)) for i in range(count)]
        for daemon in daemons:
            daemon.wait_for_log("cluster: connected")
        yield daemons


@pytest.fixture(scope="module")
def engine():
    with Engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def three(engine):
    with nodes(3, engine) as three:
        yield three


def control(daemon, *words):
    return Skepctl()(*words, "--url", daemon.url)


def everywhere(daemons, condition):
    for daemon in daemons:
        wait_until(lambda d=daemon: condition(d))


def registered(daemon):
    return {row["info_hash"]: row["name"] for row in Api(daemon.port).get("/torrents")["items"]}


def labels(daemon):
    return {row["label"] for row in Api(daemon.port).get("/passkeys")["items"]}


def test_registered_torrent_its_name_and_its_removal(three, torrent):
    a, b, c = three
    control(a, "add", torrent.hex(), "a film")
    everywhere(three, lambda daemon: "a film" in control(daemon, "list"))
    control(b, "add", torrent.hex(), "another film")
    everywhere(three, lambda daemon: "another film" in control(daemon, "list"))
    control(c, "remove", torrent.hex())
    everywhere(three, lambda daemon: torrent.hex() not in control(daemon, "list"))


def test_blocked_torrent_loses_its_peers_everywhere(three, torrent):
    a, b, c = three
    Peer(a.port, torrent).start()
    everywhere(three, lambda daemon: scraped(daemon.port, torrent) == (0, 1, 0))
    control(b, "block", torrent.hex(), "--reason", "court order")
    everywhere(three, lambda daemon: scraped(daemon.port, torrent) == (0, 0, 0))
    assert "court order" in Peer(c.port, torrent).start().failure
    control(c, "unblock", torrent.hex())
    everywhere(three, lambda daemon: Peer(daemon.port, torrent).start().failure is None)


def test_ban_removes_peers_and_is_lifted_everywhere(three, torrent):
    a, b, c = three
    Peer(a.port, torrent, source="127.0.0.5").start()
    everywhere(three, lambda daemon: scraped(daemon.port, torrent) == (0, 1, 0))
    control(b, "ban", "127.0.0.5", "--reason", "flooding")
    everywhere(three, lambda daemon: scraped(daemon.port, torrent) == (0, 0, 0))
    assert "flooding" in Peer(c.port, torrent, source="127.0.0.5").start().failure
    control(c, "unban", "127.0.0.5")
    everywhere(three, lambda daemon: "127.0.0.5" not in control(daemon, "bans"))


def test_name_of_a_machine(three):
    control(three[0], "name", "192.0.2.7", "Anna's laptop")
    everywhere(three, lambda daemon: "Anna's laptop" in control(daemon, "names"))


def test_changes_survive_a_restart_of_every_node(three):
    info_hash = random_hash()
    control(three[0], "add", info_hash.hex(), "kept")
    everywhere(three, lambda daemon: "kept" in control(daemon, "list"))
    for daemon in three:
        daemon.restart()
        assert "kept" in control(daemon, "list")
