"""Three nodes, two engines and a crowd of clients, with faults at random. Afterwards all nodes agree
with each other, and with what the clients did.

CHAOS_SEED repeats the choices of a run (not their timing); CHAOS_S is how long the faults last.
"""

import contextlib
import os
import random
import re
import secrets
import time

from crowd import Crowd, Standing, download, request
from faults import Faults, address_of, link
from support.api import Api
from support.engine import Engine
from support.skepd import Skepd
from support.waiting import WAIT_S

SEED = os.environ.get("CHAOS_SEED", secrets.token_hex(4))
CHAOS_S = float(os.environ.get("CHAOS_S", "120"))
NODES = 3
INTERVAL_S = 10
DEADLINE_S = 2.5 * INTERVAL_S + 60
JITTER = 1.1
NOISE_S = 10  # of the machine
FLUSHED_S = 2  # until a change is in the database
QUIET_S = INTERVAL_S * JITTER + NOISE_S
QUIET_MAX_S = 3 * QUIET_S
REST_S = 5
REST_RECORDS_PER_S = 600  # several times as many as the clients cause
SEEDER = {None: "absent", False: "a leecher", True: "a seeder"}

CONFIG = f"""
log_events_per_s = 0;
announce = {{ interval_min_s = {INTERVAL_S}; interval_max_s = {INTERVAL_S}; peer_timeout_min_s = {INTERVAL_S}; }};
http = {{ full_scrape = true; }};
limits = {{ address_peers_max = 0; address_torrent_peers_max = 0; network_peers_permille = 0; }};
"""


def node(number, engines):
    urls = ", ".join(f'"{engine.url.replace("127.0.0.1", address_of(number))}"' for engine in engines)
    return Skepd(config=CONFIG + f'cluster = {{ engine = [ {urls} ]; name = "node{number}"; join_timeout_s = 3; '
                 "timeout_ms = 500; };")


def name_of(daemon):
    return re.search('name = "(.*?)"', daemon.config)[1]


@contextlib.contextmanager
def cluster(network):
    with contextlib.ExitStack() as stack:
        options = "--bind", "0.0.0.0", "--protected-mode", "no"
        engines = [stack.enter_context(Engine(*options)) for _ in range(2)]
        engines[1].follow(engines[0])
        for number in range(NODES):
            link(number, up=True)
        nodes = [stack.enter_context(node(number, engines)) for number in range(NODES)]
        for daemon in nodes:
            daemon.wait_for_log("cluster: ", "this node has all peers")
        yield nodes, engines


def counts_of(daemon):
    """{info_hash: (complete, incomplete)} of a full scrape, and {info_hash: downloaded}."""
    files = request(daemon.port, "/scrape", WAIT_S)[b"files"]
    return ({torrent: (entry[b"complete"], entry[b"incomplete"]) for torrent, entry in files.items()},
            {torrent: entry[b"downloaded"] for torrent, entry in files.items()})


def peers_of(daemon, torrent):
    """{port: whether it is a seeder}"""
    found, total = {}, 1
    while len(found) < total:
        page = Api(daemon.port).get(f"/torrents/{torrent.hex()}/peers", limit=500, offset=len(found))
        found |= {peer["port"]: peer["role"] == "seeder" for peer in page["items"]}
        total = page["total"] if page["items"] else 0
    return found


def why_left_behind(left, faults):
    """Why a node may have a peer at an address that it has left, or None."""
    if left.how == "vanished":
        return "it vanished, and its deadline has not passed"
    if faults.died_with(left.node, left.time):
        return "the removal died with its node"
    if left.how == "moved" and faults.any_between(left.heard, left.time):
        return "it moved while a node could not know its old address"
    if any(left.time > death.began - FLUSHED_S for death in faults.joined_alone()):
        return "a node restored it and joined without a snapshot"
    return None


def deadline_of(left, faults):
    """A node that joins without a snapshot gives a new deadline to what it has restored."""
    restored = [death.ends for death in faults.joined_alone() if death.ends > left.heard]
    return max([left.heard, *restored]) + DEADLINE_S + NOISE_S


def why_shown(left, faults):
    if left is None or time.monotonic() > deadline_of(left, faults):
        return None
    return why_left_behind(left, faults)


def differences(daemon, torrent, expected, crowd, faults):
    """A list of wrong peers, and a list of the reasons that excuse the others."""
    found = peers_of(daemon, torrent)
    wrong, excused = [], []
    for port in expected.keys() | found.keys():
        if expected.get(port) == found.get(port):
            continue
        left = crowd.left.get((torrent, port))
        reason = None if port in expected else why_shown(left, faults)
        where = f"{name_of(daemon)} {torrent.hex()[:6]}:{port}"
        if reason is None:
            wrong.append(f"{where} is {SEEDER[found.get(port)]}, not {SEEDER[expected.get(port)]}: "
                         + (f"{left}; faults: {faults.describe(left.heard, left.time)}" if left else
                            f"requests {crowd.story(torrent, port)}"))
        else:
            excused.append(reason)
    return wrong, excused


def compare(nodes, crowd, standing, faults):
    """As differences(), of all nodes and torrents."""
    expected = crowd.expected() | standing.expected()
    wrong, excused = [], []
    for daemon in nodes:
        counts, _ = counts_of(daemon)
        for torrent, peers in expected.items():
            seeders = sum(peers.values())
            if counts.get(torrent, (0, 0)) != (seeders, len(peers) - seeders):
                more = differences(daemon, torrent, peers, crowd, faults)
                wrong += more[0]
                excused += more[1]
    return wrong, excused


def connections(nodes):
    """How often each node has connected to the engine; None if it is not connected."""
    states = [Api(daemon.port).get("/cluster") for daemon in nodes]
    return [state["counts"]["connects"] if state["engine"]["connected"] else None for state in states]


def wait_until_right(nodes, crowd, standing, faults):
    """Within an interval of quiet, in which every client has announced. A node that loses the engine,
    since the machine is slow, ends the quiet. Returns the excuses, how long it took, and how often the
    quiet was ended."""
    began = quiet = time.monotonic()
    connected, ended = connections(nodes), 0
    while crowd.failure is None:
        looked = time.monotonic()
        wrong, excused = compare(nodes, crowd, standing, faults)
        if not wrong:
            return excused, looked - began, ended
        if connections(nodes) != connected:
            connected, ended, quiet = connections(nodes), ended + 1, time.monotonic()
        over = looked > quiet + QUIET_S and crowd.heard_since(quiet)
        assert not over and looked < began + QUIET_MAX_S, failure(
            f"after {looked - began:.0f} s, {looked - quiet:.0f} s of them quiet", wrong, nodes, faults)
        time.sleep(0.5)
    raise crowd.failure


def wait_for_none(find, nodes, faults):
    """Until `find` finds no difference."""
    deadline = time.monotonic() + NOISE_S
    while differing := find():
        assert time.monotonic() < deadline, failure("after the deadline of all peers", differing, nodes, faults)
        time.sleep(0.5)


def failure(when, differing, nodes, faults):
    """The text of a failure: the differences, the nodes, and the last faults."""
    now = time.monotonic()
    states = [f"{name_of(daemon)}: {Api(daemon.port).get('/cluster')}" for daemon in nodes]
    return "\n".join([f"{when}, CHAOS_SEED={SEED}, monotonic clock {now:.2f}:", *map(str, differing[:40]), "", *states,
                      "faults, in seconds before now:", *faults.describe(now - 60, now)])


def check_downloaded(nodes, crowd, faults):
    """Returns how many completions are missing or counted twice: a completion that died with its node may
    be missing, and counts twice if another node or the dead node's database has it, too."""
    different = 0
    downloaded = counts_of(nodes[0])[1]
    for torrent, completions in crowd.completions.items():
        unsure = [completion for completion in completions
                  if completion.repeated or faults.died_with(completion.node, completion.time)]
        difference = abs(downloaded.get(torrent, 0) - len(completions))
        assert difference <= len(unsure), f"{torrent.hex()}: {downloaded[torrent]}, not {len(completions)}"
        different += difference
    return different


def summary(excused):
    return {reason: excused.count(reason) for reason in sorted(set(excused))} or "none"


def full_scrape(daemon):
    """{info_hash: bytes of its counts}, and the bytes that follow as those of None. Each node lists the
    torrents in an order of its own."""
    body = download(daemon.port, "/scrape", WAIT_S)
    head, tail = b"d5:filesd", body[body.rindex(b"e5:flags"):]
    entries = re.findall(rb"20:(.{20})(d(?:\d+:[a-z]+i\d+e)+e)", body, re.DOTALL)
    assert body == head + b"".join(b"20:" + b"".join(entry) for entry in entries) + tail, body
    return {**dict(entries), None: tail}


def unequal_scrapes(nodes):
    """Each torrent whose bytes are not the same at all nodes, with these."""
    scrapes = [full_scrape(daemon) for daemon in nodes]
    found = {torrent: [scrape.get(torrent) for scrape in scrapes] for torrent in set().union(*scrapes)}
    return [(torrent, counts) for torrent, counts in found.items() if any(count != counts[0] for count in counts)]


def engine_counts(daemon):
    counts = Api(daemon.port).get("/cluster")["counts"]
    return {name: counts[name] for name in ("connects", "resends", "holes", "snapshots_received", "records_sent")}


def check_rest(nodes):
    """No node sends again and again what the others have. Returns the records a second."""
    before = sum(engine_counts(daemon)["records_sent"] for daemon in nodes)
    time.sleep(REST_S)
    rate = (sum(engine_counts(daemon)["records_sent"] for daemon in nodes) - before) / REST_S
    assert rate < REST_RECORDS_PER_S, f"{rate:.0f} records a second"
    return rate


def test_nodes_agree_after_faults(network, capsys):
    def tell(text):
        with capsys.disabled():
            print(f"chaos: {text}", flush=True)

    tell(f"CHAOS_SEED={SEED} CHAOS_S={CHAOS_S:.0f}")
    with cluster(network) as (nodes, engines):
        faults = Faults(random.Random(SEED), nodes, engines)
        with Crowd(SEED, nodes, faults.continued) as crowd, Standing(SEED, nodes) as standing:
            faults.run(CHAOS_S)
            crowd.keep()
            tell(f"{faults.counts()}, {crowd.announces} announces, {crowd.repeats} repeated, "
                 f"{sum(map(len, crowd.completions.values()))} completions")
            quiet = time.monotonic()
            excused, took, ended = wait_until_right(nodes, crowd, standing, faults)
            tell(f"all is right after {took:.1f} s of quiet, which ended {ended} times; excused: {summary(excused)}")
            for daemon in nodes:
                tell(engine_counts(daemon))
            time.sleep(max(0, quiet + DEADLINE_S - time.monotonic()))
            wait_for_none(lambda: sum(compare(nodes, crowd, standing, faults), []), nodes, faults)
            wait_for_none(lambda: unequal_scrapes(nodes), nodes, faults)
            different = check_downloaded(nodes, crowd, faults)
            tell(f"after {DEADLINE_S:.0f} s, the scrapes are equal; {different} completions differ; "
                 f"{check_rest(nodes):.0f} records a second")
            assert crowd.failure is None
