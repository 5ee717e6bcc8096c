"""The engine of a cluster runs, but refuses commands: skepd says so with the engine's words, serves on,
and sends what waits when the engine takes it again."""

import contextlib
import threading

import pytest

from support.announce import Peer, random_hash
from support.api import Api
from support.cluster import counts_are, node, nodes
from support.engine import Engine
from support.prometheus import read_metrics
from support.skepctl import Skepctl
from support.waiting import wait_until


def run(engine, *commands):
    for command in commands:
        assert not engine.run(command).startswith("-")


@contextlib.contextmanager
def commands(engine, begin, end):
    run(engine, begin)
    yield
    run(engine, end)


def save(engine):
    """Refused until the engine has sent its data to a new replica."""
    wait_until(lambda: not engine.run("BGSAVE").startswith("-"))


@contextlib.contextmanager
def failing_save(engine):
    """A directory is where the file should be."""
    path = engine.directory / "dump.rdb"
    path.mkdir()
    run(engine, 'CONFIG SET save "3600 1"')
    save(engine)
    wait_until(lambda: "rdb_last_bgsave_status:err" in engine.run("INFO persistence"))
    yield
    path.rmdir()
    save(engine)
    wait_until(lambda: "rdb_last_bgsave_status:ok" in engine.run("INFO persistence"))
    run(engine, 'CONFIG SET save ""')


@contextlib.contextmanager
def endless_script(engine):
    run(engine, "CONFIG SET busy-reply-threshold 1")
    script = threading.Thread(target=engine.run, args=('EVAL "while true do end" 0',))
    script.start()
    wait_until(lambda: engine.run("PING").startswith("-BUSY"))
    yield
    run(engine, "SCRIPT KILL")
    script.join()


@contextlib.contextmanager
def slow_start(engine):
    """Loads its data for long, and answers LOADING until then."""
    keys = "for i = 1, 1000 do redis.call('SET', 'key' .. i, string.rep('x', 3000)) end return 1"
    run(engine, "CONFIG SET rdbcompression no", f'EVAL "{keys}" 0', "BGREWRITEAOF")
    wait_until(lambda: "aof_rewrite_in_progress:0" in engine.run("INFO persistence"))
    engine.kill()
    engine.launch("--key-load-delay", "50000", "--loading-process-events-interval-bytes", "1024")
    yield
    run(engine, "CONFIG SET key-load-delay 0")
    engine.await_start()


REFUSALS = {
    "NOREPLICAS": lambda engine: commands(engine, "CONFIG SET min-replicas-to-write 1",
                                          "CONFIG SET min-replicas-to-write 0"),
    "is a replica": lambda engine: commands(engine, "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    "OOM": lambda engine: commands(engine, "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
    "NOPERM": lambda engine: commands(engine, "ACL SETUSER skep -xadd", "ACL SETUSER skep +xadd"),
    "'xread'": lambda engine: commands(engine, "ACL SETUSER skep -xread", "ACL SETUSER skep +xread"),
    "MISCONF": failing_save,
    "BUSY": endless_script,
    "is loading": slow_start,
}


def engine_of(daemon):
    return Api(daemon.port).get("/cluster")["engine"]


def error_of(daemon):
    return engine_of(daemon)["error"] or ""


@pytest.mark.parametrize("words", REFUSALS)
def test_refusal_is_shown_and_changes_arrive_after_it(engine, pair, words):
    a, b = pair
    torrent = random_hash()
    for daemon in pair:
        wait_until(lambda d=daemon: not error_of(d))
    with REFUSALS[words](engine):
        assert Peer(a.port, torrent, left=0).start().failure is None
        assert Peer(b.port, torrent).start().failure is None
        for daemon in pair:
            wait_until(lambda d=daemon: words in error_of(d), what=f"{words} in the error")
        assert any(words in warning for warning in Api(a.port).get("/status")["warnings"])
        assert words in Skepctl()("cluster", "--url", a.url)
        assert read_metrics(a)("skep_cluster_engine_failing") == 1
    for daemon in pair:
        counts_are(daemon, torrent, (1, 1, 0))
        wait_until(lambda d=daemon: not error_of(d))
    assert read_metrics(a)("skep_cluster_engine_failing") == 0


def test_node_joins_when_a_full_engine_has_room(torrent):
    """It needs the cluster's secret, which is a write."""
    with Engine() as engine:
        run(engine, "CONFIG SET maxmemory 1")
        with node(engine) as a, node(engine, name="b") as b:
            for daemon in a, b:
                daemon.wait_for_log("changes wait", "OOM")
                assert not engine_of(daemon)["connected"]
            Peer(a.port, torrent).start()
            run(engine, "CONFIG SET maxmemory 0")
            counts_are(b, torrent, (0, 1, 0))
            assert engine_of(b)["connected"]


@pytest.mark.parametrize("refuse", [REFUSALS["NOREPLICAS"], REFUSALS["MISCONF"]])
def test_next_engine_is_used_if_the_first_one_refuses_writes(refuse, torrent):
    with Engine() as first, Engine() as second:
        second.follow(first)
        with nodes(2, first, second) as (a, b):
            run(second, "REPLICAOF NO ONE")
            with refuse(first):
                Peer(a.port, torrent).start()
                for daemon in a, b:
                    counts_are(daemon, torrent, (0, 1, 0))
                    wait_until(lambda d=daemon: engine_of(d)["url"] == second.shown_url)
