"""Nodes of a cluster, beside a skepd of its own. The nodes share a core; the engine is on the core of
the load generator."""

import concurrent.futures
import contextlib
import random
import secrets
import statistics
import time

import servers
from experiments import cpu_s, fill
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
DUE_PER_S = 30_000
LOOK_S = 0.002  # between two questions for a peer
JOIN_S = 60
SETTLE_S = 1.2  # until all is merged and stored
IDLE_LOOK_S = 1.5

INTERVAL = "announce = { interval_min_s = %d; interval_max_s = %d; peer_timeout_min_s = %d; };"
SHORT = INTERVAL % (1, 1, 0)
FEW, ALL = "few", "all"  # announces are due, so that they send a record
# The configurations of a node and of a skepd of its own, which would soon expire the peers.
DUE = {FEW: (INTERVAL % (1800, 1800, 660),) * 2, ALL: (INTERVAL % (2, 2, 0), INTERVAL % (2, 2, 600))}
# Short-lived ones expire after 65 s; there are few enough of them that nearly all are announced again before.
PEERS = {FEW: 200_000, ALL: 100_000}
LOADS = {FEW: ("--mix", "change=2"), ALL: ("--rate", DUE_PER_S)}
# Of the transports with HTTP, only one with a connection each lets every peer announce.
HTTP = {FEW: "http-keepalive", ALL: "http-close"}
FIRST, ANY = "first", "any"  # node that clients announce at


def _sizes(bench):
    """Numbers of nodes."""
    return (1, 2, 3) if bench.rounds > 1 else (2,)


def _kinds(bench, due, size):
    """Transports, and where clients announce."""
    if size < _sizes(bench)[-1]:
        return [("udp", FIRST)]
    return [("udp", FIRST), ("udp", ANY), (HTTP[due], FIRST), (HTTP[due], ANY)]


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


def _fill(bench, nodes, population):
    """Fills the first one, and waits until all have it, and are idle."""
    fill(bench, nodes[0], population)
    for node in nodes:
        wait_until(lambda node=node: _peers(node) == population.peers, 120, "all nodes have all peers")
    for _ in range(12):
        before = _cpu_s(nodes)
        time.sleep(1)
        if _cpu_s(nodes) - before < 0.015 * len(nodes):
            return


def _cpu_s(nodes):
    return sum(cpu_s(node.pid) for node in nodes)


# What announces cost.

def _use(groups):
    """CPU time of each group, and the time."""
    return [*(_cpu_s(group) for group in groups), time.monotonic()]


def _use_of_idle(groups):
    """CPU time a second of each group, without announces."""
    before = _use(groups)
    time.sleep(IDLE_LOOK_S)
    *used, took = (after - past for after, past in zip(_use(groups), before))
    return [cpu / took for cpu in used]


def _turn(bench, nodes, watched, population, mode, work, seconds):
    """Announces at each of the nodes in turn. Responses, and what they cost: CPU time of `nodes` and of those
    that are only watched, with what is done later, and without what they use when idle."""
    groups = nodes, watched
    idle = _use_of_idle(groups)
    before = _use(groups)
    responses = 0
    work = ("--warmup", 0, "--states", nodes[0].directory / "states", *work)
    for node in nodes:
        run = bench.load.run(node, population, mode, work, seconds=seconds)
        responses += run["responses"]
    time.sleep(SETTLE_S)
    *used, took = (after - past for after, past in zip(_use(groups), before))
    return responses, *(cpu - took * idle_cpu for cpu, idle_cpu in zip(used, idle))


def _starts(bench, due, size):
    """How often the daemons are started: where its memory lies changes the CPU time of a process by up to 2 %."""
    return 3 if bench.rounds > 1 and due == FEW and size == _sizes(bench)[-1] else 1


def _measure(bench, alone, nodes, population, mode, where, due, turns):
    """Responses, CPU time and that of the idle nodes, turn by turn, of a skepd of its own and of the nodes; records
    and bytes that were sent, and records that the idle nodes merged."""
    targets = nodes if where == ANY else nodes[:1]
    idle = nodes[len(targets):]
    seconds = max(0.5, bench.long_s / 40)
    counted = [_counts(node) for node in nodes]
    found = {"alone": [], "node": []}
    for _ in range(turns):
        for name, group, watched in (("alone", [alone], []), ("node", targets, idle)):
            found[name].append(_turn(bench, group, watched, population, mode, LOADS[due], seconds))
    more = [{name: _counts(node)[name] - before[name] for name in ("records_sent", "bytes_sent", "records_merged")}
            for node, before in zip(nodes, counted)]
    return found | {"sent": sum(node["records_sent"] for node in more),
                    "bytes": sum(node["bytes_sent"] for node in more),
                    "merged": sum(node["records_merged"] for node in more[len(targets):])}


def _cost(starts):
    """CPU time per announce of a skepd of its own and of a node, and the median of the turns' ratios; records
    per announce; CPU time of the other nodes per record that they merged; bytes per record."""
    turns = {name: [turn for start in starts for turn in start[name]] for name in ("alone", "node")}
    ratios = [node[1] / node[0] / (alone[1] / alone[0]) for alone, node in zip(turns["alone"], turns["node"])]
    alone, node = ([sum(column) for column in zip(*turns[name])] for name in ("alone", "node"))
    sent, sent_bytes, merged = (sum(start[name] for start in starts) for name in ("sent", "bytes", "merged"))
    responses, used, watched_used = node
    return {
        "alone": 1e6 * alone[1] / alone[0], "node": 1e6 * used / responses,
        "ratio": statistics.median(ratios),
        "records": sent / responses, "bytes": sent_bytes / max(1, sent),
        "merge": 1e6 * watched_used / merged if merged else None,
    }


def _start_and_measure(bench, due, size, turns):
    """What announces cost, by transport and where clients announce."""
    population = even(min(PEERS[due], bench.many // 5))
    config, config_alone = DUE[due]
    found = {}
    with (_engine() as engine, servers.PinnedSkepd(servers.CONFIG + config_alone) as alone,
          _nodes(engine, size, config) as nodes):
        fill(bench, alone, population)
        _fill(bench, nodes, population)
        if due == FEW:  # otherwise the peers would expire
            time.sleep(bench.long_s + 5)  # the stores write a part of the new peers each second, all in a minute
        for mode, where in _kinds(bench, due, size):
            bench.say(f"cluster: {size} nodes, {mode}, announces at {where}, {due} due")
            found[size, mode, where] = _measure(bench, alone, nodes, population, mode, where, due, turns)
    return found


def _costs(bench, due):
    found = {}
    for size in _sizes(bench):
        starts = _starts(bench, due, size)
        turns = 1 if bench.rounds == 1 else 5 if starts == 1 else 3
        measured = [_start_and_measure(bench, due, size, turns) for _ in range(starts)]
        found |= {kind: _cost([start[kind] for start in measured]) for kind in measured[0]}
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

def _join(bench, node, other, population):
    """Starts the node while clients announce at another one."""
    work = ("--rate", AWAKE_PER_S)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        calm = bench.load.measure(other, population, "udp", work, seconds=3)
        load = pool.submit(bench.load.measure, other, population, "udp", work, seconds=10)
        time.sleep(0.5)
        began = time.monotonic()
        with servers.pinned_to(servers.LOAD_CORE):  # as on a machine of its own
            node.start()
        wait_until(lambda: _is_ready(node), JOIN_S, "the node has joined")
        took = time.monotonic() - began
        time.sleep(TOTALS_S)
        return {"took": took, "has": _peers(node), "bytes": _counts(node)["bytes_read"], "calm": calm,
                "busy": load.result()}


class _JoiningSkepd(servers.Skepd):
    name = "skepd"


def _joins(bench, size):
    """The last of the nodes joins: with an empty database, and again after kill -9."""
    population = even(bench.many)
    config = DUE[FEW][0]
    with _engine() as engine, _nodes(engine, size - 1, config) as nodes:
        _fill(bench, nodes, population)
        bench.say(f"cluster: a node joins {size - 1}")
        node = _JoiningSkepd(_node(engine, "joining", config).config, udp=True)
        found = {}
        try:
            found["empty"] = _join(bench, node, nodes[0], population)
            time.sleep(5)  # until its database has all
            node.kill()
            found["killed"] = _join(bench, node, nodes[0], population)
        finally:
            node.__exit__(None, None, None)
        return found


def cluster(bench):
    """What a cluster costs, and how soon its nodes agree."""
    return {
        "costs": {due: _costs(bench, due) for due in DUE},
        "convergence": {size: _convergence(bench, size) for size in _sizes(bench) if size > 1},
        "joins": {size: _joins(bench, size) for size in _sizes(bench) if size > 1},
    }
