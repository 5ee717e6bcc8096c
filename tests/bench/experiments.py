"""The experiments. Each takes a Bench and returns its results."""

import contextlib
import dataclasses
import pathlib
import time
import urllib.request

import servers
from loads import Load, Population, Series, TRANSPORTS, swarms_of_hundred

CPU, RATE = "cpu_us_per_response", "rate"
CHURN = "stopped=4,completed=2"
USUAL = ("http-close", "udp")  # what clients do


@dataclasses.dataclass
class Bench:
    build: pathlib.Path
    load: Load
    rounds: int
    sizes: tuple       # of the growth, in peers
    many: int          # peers, where many are needed
    interval_s: int    # short enough to wait for expiry, longer than `many` take to come
    others: tuple      # trackers of others that are compared
    say: object        # reports progress to the user


def rss_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS")


@contextlib.contextmanager
def filled_skepd(bench, population, **options):
    """skepd with all peers of the population; `bytes_a_peer` is the memory that each took."""
    with servers.PinnedSkepd(**options) as daemon:
        before = rss_kib(daemon.pid)
        daemon.fill = bench.load.fill(daemon, population)
        daemon.bytes_a_peer = (rss_kib(daemon.pid) - before) * 1024 / population.peers
        yield daemon


def _reply_bytes(bench, daemon, population, mode):
    return round(bench.load.measure(daemon, population, mode, seconds=0.2)["reply_bytes"])


def compare(bench):
    """skepd, the bare servers and other trackers, with the same requests over each transport."""
    population = Population(10_000, 100)
    series = Series()
    with contextlib.ExitStack() as stack:
        skepd = stack.enter_context(filled_skepd(bench, population))
        http_bytes = _reply_bytes(bench, skepd, population, "http-keepalive")
        udp_bytes = _reply_bytes(bench, skepd, population, "udp")
        http = stack.enter_context(servers.bare_http(bench.build, http_bytes))
        udp = stack.enter_context(servers.bare_udp(bench.build, udp_bytes))
        trackers = [skepd]
        if "opentracker" in bench.others:
            hashes = bench.load.info_hashes(population)
            trackers.append(stack.enter_context(servers.Opentracker(hashes)))
        if "node" in bench.others:
            trackers.append(stack.enter_context(servers.node_tracker()))
        for tracker in trackers[1:]:
            bench.load.fill(tracker, population)
        for number in range(bench.rounds):
            for mode in TRANSPORTS:
                for server in (trackers[0], udp if mode == "udp" else http, *trackers[1:]):
                    bench.say(f"round {number + 1}: {TRANSPORTS[mode]}, {server.name}")
                    series.add((mode, server.name), bench.load.measure(server, population, mode))
    return series


def grow(bench):
    """Increasing numbers of swarms of about 100 peers."""
    series, memory = Series(), {}
    with contextlib.ExitStack() as stack:
        daemons = {}
        for size in bench.sizes:
            bench.say(f"filling {size} peers")
            daemons[size] = stack.enter_context(filled_skepd(bench, swarms_of_hundred(size)))
            memory[size] = daemons[size].bytes_a_peer
        _alternate(bench, series, daemons, swarms_of_hundred)
    return series, memory


def _alternate(bench, series, daemons, population_of, modes=USUAL, **options):
    for number in range(bench.rounds):
        for mode in modes:
            for key, daemon in daemons.items():
                bench.say(f"round {number + 1}: {TRANSPORTS[mode]}, {key}")
                run = bench.load.measure(daemon, population_of(key), mode, **options)
                series.add((mode, key), run)


def shaped(bench, torrents, name):
    return Population(bench.many, torrents, bench.many // 10, name)


def shape(bench):
    """The same number of peers in one swarm, in a swarm each, and by Zipf's law."""
    populations = {
        "one swarm": shaped(bench, 1, "one"),
        "a swarm for each": shaped(bench, bench.many, "each"),
        "Zipf": shaped(bench, bench.many // 10, "zipf"),
    }
    series, memory = Series(), {}
    with contextlib.ExitStack() as stack:
        daemons = {}
        for name, population in populations.items():
            bench.say(f"filling {name}")
            daemons[name] = stack.enter_context(filled_skepd(bench, population))
            memory[name] = daemons[name].bytes_a_peer
        _alternate(bench, series, daemons, populations.get)
    return series, memory


def numwant(bench):
    population = Population(30_000, 100)
    series = Series()
    with filled_skepd(bench, population) as daemon:
        for number in range(bench.rounds):
            for mode in TRANSPORTS:
                for wanted in (0, 50, 200):
                    bench.say(f"round {number + 1}: {TRANSPORTS[mode]}, numwant {wanted}")
                    series.add((mode, wanted),
                               bench.load.measure(daemon, population, mode, numwant=wanted))
    return series


def store(bench):
    """With and without SQLite: peers that only announce again, and peers that change."""
    population = swarms_of_hundred(100_000)
    series = Series()
    with contextlib.ExitStack() as stack:
        daemons = {on: stack.enter_context(filled_skepd(bench, population, store=on))
                   for on in (False, True)}
        time.sleep(2)  # the first flush of them all
        # Long runs, of some flushes each, and so fewer of them.
        for number in range(min(5, bench.rounds)):
            for work, mix in (("re-announces", None), ("churn", CHURN)):
                for mode in USUAL:
                    for on, daemon in daemons.items():
                        bench.say(f"round {number + 1}: {TRANSPORTS[mode]}, {work}, "
                                  f"store {'on' if on else 'off'}")
                        run = bench.load.measure(daemon, population, mode, mix=mix, seconds=2.1)
                        series.add((work, mode, on), run)
    return series


def _answers_with_peers(daemon, info_hash):
    escaped = "".join(f"%{byte:02x}" for byte in info_hash)
    url = (f"{daemon.announce_url}?info_hash={escaped}&peer_id=-SB0001-restart00000&port=7"
           "&uploaded=0&downloaded=0&left=1&compact=1&numwant=50&event=started")
    with urllib.request.urlopen(url, timeout=10) as reply:
        return b"5:peers300:" in reply.read()


def restart(bench):
    """Seconds for the stop, and from the start to the first reply with 50 peers."""
    population = swarms_of_hundred(bench.many)
    info_hash = bytes.fromhex(bench.load.info_hashes(Population(1, 1)).strip())
    stops, starts = [], []
    with filled_skepd(bench, population, store=True) as daemon:
        for _ in range(min(3, bench.rounds)):
            bench.say("restarting")
            began = time.monotonic()
            daemon.stop()
            stops.append(time.monotonic() - began)
            file_mib = daemon.database.stat().st_size / 2**20
            began = time.monotonic()
            daemon.start()
            if not _answers_with_peers(daemon, info_hash):
                raise RuntimeError("the peers are not back after a restart")
            starts.append(time.monotonic() - began)
    return {"stops": stops, "starts": starts, "file_mib": file_mib}


def _seen_peers(daemon, info_hash):
    escaped = "".join(f"%{byte:02x}" for byte in info_hash)
    with urllib.request.urlopen(f"{daemon.url}/scrape?info_hash={escaped}", timeout=10) as reply:
        body = reply.read()
    return sum(int(body.split(b":" + key + b"i", 1)[1].split(b"e", 1)[0])
               for key in (b"complete", b"incomplete"))


def expire(bench):
    """Latency of announces before and while many peers expire."""
    found = {}
    interval_s = bench.interval_s
    lifetime_s = 2 * interval_s
    info_hash = bytes.fromhex(bench.load.info_hashes(Population(1, 1)).strip())
    for name, population in (("one swarm", shaped(bench, 1, "one")),
                             ("Zipf", shaped(bench, bench.many // 10, "zipf"))):
        # Clients that announce while others expire.
        awake = dataclasses.replace(population, peers=1000, addresses=1000, first_peer=bench.many)
        with servers.PinnedSkepd(interval_s=interval_s) as daemon:
            bench.say(f"{name}: filling")
            began = time.monotonic()
            bench.load.fill(daemon, population)
            filled_s = time.monotonic() - began
            before = _seen_peers(daemon, info_hash)
            bench.say(f"{name}: before the first peer expires")
            calm_s = max(0.5, min(3.0, lifetime_s - filled_s - 2))
            calm = bench.load.measure(daemon, awake, "udp", seconds=calm_s, concurrency=8)
            bench.say(f"{name}: while they expire")
            time.sleep(max(0.0, began + lifetime_s - 1 - time.monotonic()))
            rest_s = began + filled_s + lifetime_s + interval_s / 4 + 1 - time.monotonic()
            busy = bench.load.measure(daemon, awake, "udp", seconds=rest_s, concurrency=8)
            after = _seen_peers(daemon, info_hash)
            if after > before / 10 + 1000:
                raise RuntimeError(f"{before} peers should have expired, {after} are left")
            found[name] = {"calm": calm, "busy": busy, "filled_s": filled_s}
    return found
