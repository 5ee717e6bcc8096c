"""Nodes of a cluster, beside a skepd of its own. The nodes share a core; the engine is on the core of
the load generator."""

import concurrent.futures
import contextlib
import functools
import os
import random
import secrets
import statistics
import subprocess
import sys
import time

import servers
from experiments import cpu_s, fill, stop_and_count
from loads import even
from support.announce import get
from support.api import Api
from support.engine import Engine
from support.prometheus import read_metrics
from support.udp import STARTED, UdpClient
from support.waiting import wait_until

CHANGES_PER_S = 10_000
TOTALS_S = 1.1  # how old totals may be
AWAKE_PER_S = 20_000  # announces at a node while another one joins
AWAKE_S = 4  # not longer than a join
CALM_US = 5000  # before a join, longer waits are those of other programs on the machine
CALM_TRIES = 15
DUE_PER_S = 30_000
LOOK_S = 0.002  # between two questions for a peer
JOIN_S = 60
TURN_S = 0.5
SETTLE_S = 0.15  # until all is merged
SENT_BYTES = 16 << 20  # that a node keeps

INTERVAL = "announce = { interval_min_s = %d; interval_max_s = %d; peer_timeout_min_s = %d; };"
SHORT = INTERVAL % (1, 1, 0)
FEW, ALL = "few", "all"  # announces are due, so that they send a record
# The configurations of a node and of a skepd of its own, which would soon expire the peers.
DUE = {FEW: (INTERVAL % (1800, 1800, 660),) * 2, ALL: (INTERVAL % (2, 2, 0), INTERVAL % (2, 2, 600))}
# Short-lived ones expire after 65 s; there are few enough of them that nearly all are announced again before.
PEERS = {FEW: 200_000, ALL: 100_000}
LOADS = {FEW: ("--mix", "change=2"), ALL: ("--rate", DUE_PER_S // 2)}
MERGING = ("--rate", DUE_PER_S)
# Of the transports with HTTP, only one with a connection each lets every peer announce.
HTTP = {FEW: "http-keepalive", ALL: "http-close"}
# Node that clients announce at; to measure what the others merge, no skepd of its own is announced to.
FIRST, ANY, MERGED = "first", "any", "first (merging)"
TURNS = {FIRST: 16, ANY: 8, MERGED: 8}


def _sizes(bench):
    """Numbers of nodes."""
    return (1, 2, 3) if bench.rounds > 1 else (2,)


def _kinds(bench, due, size):
    """Transports, and where clients announce."""
    largest = size == _sizes(bench)[-1]
    modes = ["udp", HTTP[due]] if largest else ["udp"]
    places = {FIRST: True, MERGED: due == ALL and size > 1, ANY: largest}
    return [(mode, where) for mode in modes for where in places if places[where]]


@contextlib.contextmanager
def _engine():
    with servers.pinned_to(servers.LOAD_CORE):
        engine = Engine().start()
    try:
        yield engine
    finally:
        engine.__exit__()


def _peers(daemon):
    return read_metrics(daemon).sum("skep_peers")


def _is_ready(daemon):
    return get(daemon.port, "/readyz").status == 200


def _is_whole(daemon):
    return Api(daemon.port).get("/cluster")["node"]["whole"]


def _counts(daemon):
    return Api(daemon.port).get("/cluster")["counts"]


def _node(engine, name, config):
    return servers.PinnedSkepd(servers.CONFIG + config + f'cluster = {{ engine = "{engine.url}"; name = "{name}"; '
                               "join_timeout_s = 2; };")


@contextlib.contextmanager
def _nodes(engine, count, config):
    """The first one is soon whole, by its short interval, so that it sends the others a snapshot."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(_node(engine, "node0", SHORT))
        wait_until(lambda: _is_whole(first))
        first.reload(first.config.replace(SHORT, config))
        others = [stack.enter_context(_node(engine, f"node{i}", config)) for i in range(1, count)]
        for other in others:
            wait_until(lambda other=other: _is_whole(other))
        yield [first, *others]


def _cpu_of(daemons):
    return [cpu_s(daemon.pid) for daemon in daemons]


def _since(before, daemons):
    return [now - past for now, past in zip(_cpu_of(daemons), before)]


def _fill(bench, nodes, population):
    """Fills the first one, and waits until all have it, and are idle."""
    fill(bench, nodes[0], population)
    for node in nodes:
        wait_until(lambda node=node: _peers(node) == population.peers, 120, "all nodes have all peers")
    for _ in range(12):
        before = _cpu_of(nodes)
        time.sleep(1)
        if sum(_since(before, nodes)) < 0.015 * len(nodes):
            return


# What announces cost.

def _use_of_idle(bench, daemons):
    """CPU time a second of each, without announces."""
    seconds = max(1.5, bench.long_s / 6)
    before = _cpu_of(daemons)
    time.sleep(seconds)
    return [used / seconds for used in _since(before, daemons)]


def _announce(bench, daemon, population, mode, work, owner):
    """Returns the number of responses. Nodes share the file with the states of the peers, whose `owner` is one of
    them: else each announce at another node would change the peer."""
    work = ("--warmup", 0, "--states", owner.directory / "states", *work)
    return bench.load.run(daemon, population, mode, work, seconds=TURN_S)["responses"]


def _announce_at_once(bench, pairs, population, mode, work):
    """At a skepd of its own and at a node at the same time, and so at one speed of the machine; one pair after the
    other. Returns the numbers of responses of both sides."""
    counts = [0, 0]
    for alone, node in pairs:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(_announce, bench, daemon, population, mode, work, owner)
                    for daemon, owner in ((alone, alone), (node, pairs[0][1]))]
        time.sleep(SETTLE_S)
        counts = [count + run.result() for count, run in zip(counts, runs)]
    return counts


def _announce_at_first(bench, pairs, population, mode, work):
    """At the first node only: merging costs more if a skepd of its own takes the cache from it."""
    _, node = pairs[0]
    responses = _announce(bench, node, population, mode, work, node)
    time.sleep(SETTLE_S)
    return 0, responses


def _warm_up(bench, pairs, population, due):
    """If all announces are due, until each node has used all memory for entries that it has sent."""
    _announce_at_once(bench, pairs, population, "udp", LOADS[due])
    for pair in pairs if due == ALL and bench.rounds > 1 else ():
        while _counts(pair[1])["bytes_sent"] < SENT_BYTES:
            _announce_at_once(bench, [pair], population, "udp", ())


def _measure(sides, idle, turns, announce):
    """Calls `announce` in each turn. Returns for both sides, skepds of their own and nodes, the responses, and the CPU
    time of each daemon without what it uses when idle; records and bytes that were sent, and records that all nodes
    but the first merged."""
    nodes = sides[1]
    counted = [_counts(node) for node in nodes]
    before, began = [_cpu_of(side) for side in sides], time.monotonic()
    responses = [announce() for _ in range(turns)]
    took = time.monotonic() - began
    used = [[used - took * rate for used, rate in zip(_since(past, side), rates)]
            for past, side, rates in zip(before, sides, idle)]
    sent, sent_bytes, merged = ([_counts(node)[name] - past[name] for node, past in zip(nodes, counted)]
                                for name in ("records_sent", "bytes_sent", "records_merged"))
    return {"responses": [sum(side) for side in zip(*responses)], "used": used,
            "sent": sum(sent), "bytes": sum(sent_bytes), "merged": sum(merged[1:])}


def _add_later(found, later):
    """Adds what each daemon did when it was stopped: a part for each response."""
    for side, daemons in enumerate(later):
        responses = sum(kind["responses"][side] for kind in found.values())
        for kind in found.values():
            kind["used"][side] = [used + more * kind["responses"][side] / responses
                                  for used, more in zip(kind["used"][side], daemons)]


def _cost(starts, where, merging):
    """CPU time per announce of a skepd of its own and of a node; their ratio, and their difference per record; records
    per announce; CPU time of the other nodes per record that they merged; bytes per record."""
    end = 1 if where == FIRST else None
    alone, node = ([sum(start["used"][side][:end]) / start["responses"][side] for start in starts]
                   for side in (0, 1))
    responses = sum(start["responses"][1] for start in starts)
    sent, sent_bytes = (sum(start[name] for start in starts) for name in ("sent", "bytes"))
    others = sum(sum(start["used"][1][1:]) for start in merging)
    return {
        "alone": 1e6 * statistics.median(alone), "node": 1e6 * statistics.median(node),
        "ratio": statistics.median(one / other for one, other in zip(node, alone)),
        "send": 1e6 * statistics.median(one - other for one, other in zip(node, alone)) * responses / max(1, sent),
        "records": sent / responses, "bytes": sent_bytes / max(1, sent),
        "merge": 1e6 * others / sum(start["merged"] for start in merging) if merging else None,
    }


@contextlib.contextmanager
def _pairs(bench, due, size, population):
    """Each node with a skepd of its own. All have all peers in memory and in their databases."""
    config, config_alone = DUE[due]
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(_engine())
        alones = [stack.enter_context(servers.PinnedSkepd(servers.CONFIG + config_alone)) for _ in range(size)]
        nodes = stack.enter_context(_nodes(engine, size, config))
        for alone in alones:
            fill(bench, alone, population)
        _fill(bench, nodes, population)
        for alone in alones:
            alone.restart()
        is_back = _is_whole if size > 1 else _is_ready  # a lone node learns from no other that it has all
        for node in nodes:
            node.restart()
            wait_until(lambda node=node: is_back(node))
        if size == 1:
            fill(bench, nodes[0], population)  # no other node confirmed its peers, so that all were due
        yield list(zip(alones, nodes))


def _start_and_measure(bench, due, size):
    """What announces cost, by transport and where clients announce. What the stores put off counts, too."""
    population = even(min(PEERS[due], bench.many // 5))
    found = {}
    with _pairs(bench, due, size, population) as pairs:
        sides = list(zip(*pairs))
        _warm_up(bench, pairs, population, due)
        idle = [_use_of_idle(bench, side) for side in sides]
        for mode, where in _kinds(bench, due, size):
            bench.say(f"cluster: {size} nodes, {mode}, announces at {where}, {due} due")
            announce = _announce_at_first if where == MERGED else _announce_at_once
            run = functools.partial(announce, bench, pairs if where == ANY else pairs[:1], population, mode,
                                    MERGING if where == MERGED else LOADS[due])
            found[mode, where] = _measure(sides, idle, 1 if bench.rounds == 1 else TURNS[where], run)
        _add_later(found, [[stop_and_count(daemon) - used for used, daemon in zip(_cpu_of(side), side)]
                           for side in sides])
    return found


def _starts(bench, size):
    """How often the daemons are started: where its memory lies changes the CPU time of a process by up to 2 %."""
    return 5 if bench.rounds > 1 and size == _sizes(bench)[-1] else 1


def _costs(bench, due):
    found = {}
    for size in _sizes(bench):
        starts = [_start_and_measure(bench, due, size) for _ in range(_starts(bench, size))]
        for mode, where in starts[0]:
            if where != MERGED:
                merging = [start[mode, MERGED] for start in starts if where == FIRST and (mode, MERGED) in start]
                found[size, mode, where] = _cost([start[mode, where] for start in starts], where, merging)
    return found


# How soon all nodes have a peer.

def _seen_by_all(peer, clients, info_hash):
    """Seconds from the announce until the last of the others counts the peer."""
    began = time.monotonic()
    clients[0].announce(info_hash, peer, left=0, event=STARTED, numwant=0)
    for client in clients[1:]:
        while client.scrape(info_hash)[0][0] == 0:
            if time.monotonic() > began + JOIN_S:
                raise RuntimeError("a peer is not known everywhere")
            time.sleep(LOOK_S)
    return time.monotonic() - began


def _probe(nodes, loads):
    """As often as possible while the loads run."""
    with contextlib.ExitStack() as stack, servers.pinned_to(servers.LOAD_CORE):
        clients = [stack.enter_context(UdpClient(node.port)) for node in nodes]
        found = []
        while not any(load.done() for load in loads):
            random.shuffle(clients)
            found.append(_seen_by_all(10_000 + len(found) % 50_000, clients, secrets.token_bytes(20)))
            time.sleep(random.uniform(0, 0.04))
        return sorted(found)


def _convergence(bench, size):
    population = even(min(PEERS[FEW], bench.many // 5))
    work = ("--mix", "change=100", "--rate", CHANGES_PER_S // size)
    seconds = max(5, bench.long_s / 2)
    with _engine() as engine, _nodes(engine, size, DUE[FEW][0]) as nodes:
        _fill(bench, nodes, population)
        bench.say(f"cluster: how soon {size} nodes have a peer")
        before = _counts(nodes[0])["records_merged"]
        with concurrent.futures.ThreadPoolExecutor(size) as pool:
            loads = [pool.submit(bench.load.run, node, population, "udp", work, seconds=seconds)
                     for node in nodes]
            found = _probe(nodes, loads)
            runs = [load.result() for load in loads]
        return {"p50": found[len(found) // 2], "p99": found[len(found) * 99 // 100], "max": found[-1],
                "count": len(found), "rate": sum(run["rate"] for run in runs),
                "merged": (_counts(nodes[0])["records_merged"] - before) / seconds}


# How soon a node has all peers.

@contextlib.contextmanager
def _busy_cores():
    """Programs that only compute in place of a node that sends its peers, and of the engine."""
    with contextlib.ExitStack() as stack:
        for core in (servers.SERVER_CORE, servers.LOAD_CORE):
            with servers.pinned_to(core):
                program = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(program.kill)
        yield


def _start_apart(node):
    """As on a machine of its own: it runs only when the load generator and the engine leave it their core."""
    with servers.pinned_to(servers.LOAD_CORE):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        node.start()


def _wait_for_calm(bench, other, population, work):
    """Returns the last run, whatever its latency."""
    for _ in range(CALM_TRIES):
        calm = bench.load.measure(other, population, "udp", work, seconds=AWAKE_S)
        if calm["p99_us"] < CALM_US:
            break
    return calm


def _join(bench, node, other, population):
    """Starts the node while clients announce at another one."""
    work = ("--rate", AWAKE_PER_S)
    calm = _wait_for_calm(bench, other, population, work)
    with _busy_cores():
        shared = bench.load.measure(other, population, "udp", work, seconds=AWAKE_S)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        load = pool.submit(bench.load.measure, other, population, "udp", work, seconds=AWAKE_S)
        began = time.monotonic()
        pool.submit(_start_apart, node).result()  # in a thread that has its priority, too
        wait_until(lambda: _is_ready(node), JOIN_S, "the node has joined")
        took = time.monotonic() - began
        time.sleep(TOTALS_S)
        busy = load.result()
        return {"took": took, "has": _peers(node), "bytes": _counts(node)["bytes_read"], "calm_us": calm["p99_us"],
                "shared_us": shared["p99_us"], "busy_us": busy["p99_us"], "max_us": busy["max_us"]}


class _JoiningSkepd(servers.Skepd):
    name = "skepd"


def _join_twice(bench, engine, nodes, population, config):
    """With an empty database, and again after kill -9."""
    node = _JoiningSkepd(_node(engine, "joining", config).config, udp=True)
    try:
        empty = _join(bench, node, nodes[0], population)
        time.sleep(5)  # until its database has all
        node.kill()
        return {"empty": empty, "killed": _join(bench, node, nodes[0], population)}
    finally:
        node.__exit__(None, None, None)


OF_JOINS = {"has": min, "max_us": max}  # of other fields, the median


def _joins(bench, size):
    """The last of the nodes joins, several times."""
    population = even(bench.many)
    config = DUE[FEW][0]
    with _engine() as engine, _nodes(engine, size - 1, config) as nodes:
        _fill(bench, nodes, population)
        bench.say(f"cluster: a node joins {size - 1}")
        runs = [_join_twice(bench, engine, nodes, population, config) for _ in range(bench.rounds)]
        return {kind: {field: OF_JOINS.get(field, statistics.median)(run[kind][field] for run in runs)
                       for field in runs[0][kind]} for kind in runs[0]}


def cluster(bench):
    """What a cluster costs, and how soon its nodes agree."""
    return {
        "costs": {due: _costs(bench, due) for due in DUE},
        "convergence": {size: _convergence(bench, size) for size in _sizes(bench) if size > 1},
        "joins": {size: _joins(bench, size) for size in _sizes(bench) if size > 1},
    }
