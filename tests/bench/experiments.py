"""The experiments. Each takes a Bench and returns its results."""

import contextlib
import dataclasses
import os
import pathlib
import re
import resource
import subprocess
import tempfile
import threading
import time
import urllib.request

import servers
from loads import Load, Population, Series, TRANSPORTS, even, zipf
from support.database import StoredSwarms  # servers adds its directory to the path
from support.skepd import SkepdFailed

CPU = "cpu_us_per_response"
SHAPES = {"even": even, "zipf": zipf}
SAME, CHANGES, PUBLIC = "same", "changes", "public"
WORKS = {SAME: (), CHANGES: ("--mix", "change=2"),
         PUBLIC: ("--mix", "connect=55,scrape=1", "--wrong-ids", 5)}
# What ends an experiment, but not the benchmark.
FAILURES = (RuntimeError, SkepdFailed, subprocess.SubprocessError)
AQUATIC_LOAD = "aquatic_udp_load_test"
AQUATIC_CONFIG = """
server_address = "127.0.0.1:%(port)d"
duration = %(seconds)d
[requests]
number_of_torrents = 100000
number_of_peers = 200000
announce_peers_wanted = 50
"""


@dataclasses.dataclass
class Bench:
    build: pathlib.Path
    load: Load
    rounds: int
    sizes: list        # of the populations, in peers
    many: int          # peers, where many are needed
    interval_s: int    # short enough to wait for expiry, longer than `many` take to come
    long_s: int        # duration of a long run
    others: list       # names of the trackers of others that are compared
    say: object        # reports progress to the user
    failed: dict = dataclasses.field(default_factory=dict)  # reason why something was left out


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stop_and_count(server):
    """Stops it, so that it does what it has put off. Returns the seconds of CPU that it has used since its start."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    server.stop()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def http_threads_s(pid):
    """Seconds of CPU that each HTTP thread has used."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return {task.name: int((task / "schedstat").read_text().split()[0]) / 1e9
            for task in tasks if (task / "comm").read_text().startswith("MHD")}


def rss_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("no VmRSS")


def fill(bench, server, population):
    """Fills it and waits until it is idle again. Sets `bytes_a_peer`, the memory that each took."""
    bench.say(f"filling {server.name} with {population.peers} peers")
    before = rss_kib(server.pid)
    bench.load.fill(server, population)
    server.bytes_a_peer = (rss_kib(server.pid) - before) * 1024 / population.peers
    for _ in range(30):
        used = cpu_s(server.pid)
        time.sleep(1)
        if cpu_s(server.pid) - used < 0.03:
            return


@contextlib.contextmanager
def filled_skepd(bench, population, config=servers.CONFIG):
    with servers.PinnedSkepd(config) as daemon:
        fill(bench, daemon, population)
        yield daemon


@contextlib.contextmanager
def leaves_out(bench, server):
    """Leaves a tracker of others out if it cannot do something."""
    try:
        yield
    except FAILURES as reason:
        if server not in servers.OTHERS:
            raise
        bench.failed[server] = str(reason)


def _bare_servers(bench, daemon, population):
    """Their replies are as long as those of the daemon."""
    http = bench.load.measure(daemon, population, "http-keepalive", seconds=0.2)
    udp = bench.load.measure(daemon, population, "udp", seconds=0.2)
    return [servers.bare_http(bench.build, round(http["reply_bytes"])),
            servers.bare_udp(bench.build, 20 + 6 * round(udp["reply_peers"]))]


def _works(server, mode):
    if server.name == "bare":
        return (SAME,)
    return (SAME, CHANGES, PUBLIC) if mode == "udp" else (SAME, CHANGES)


def _others(bench, stack, population, modes):
    """Those that can take the population and have one of the modes."""
    hashes = bench.load.info_hashes(population)
    for name in bench.others:
        too_slow = population.peers > servers.FILL_MAX.get(name, population.peers)
        if name in bench.failed or too_slow or not set(modes) & set(servers.modes_of(name)):
            continue
        with leaves_out(bench, name):
            tracker = stack.enter_context(servers.OTHERS[name](hashes))
            fill(bench, tracker, population)
            yield tracker


def _compare_one(bench, shape, size, found):
    population = SHAPES[shape](size)
    modes = TRANSPORTS if shape == "even" else ("udp",)
    with contextlib.ExitStack() as stack:
        skepd = stack.enter_context(filled_skepd(bench, population))
        found["bytes"][shape, size] = skepd.bytes_a_peer
        bare = [stack.enter_context(one) for one in _bare_servers(bench, skepd, population)]
        others = _others(bench, stack, population, modes)
        candidates = [skepd, *bare, *others]
        runs = [(server, mode, work) for mode in modes for server in candidates
                if mode in server.modes for work in _works(server, mode)]
        for number in range(bench.rounds):
            for server, mode, work in runs:
                if server.name in bench.failed:
                    continue
                bench.say(f"{size} peers, {shape}: round {number + 1}, {mode}, {server.name}, {work}")
                with leaves_out(bench, server.name):
                    run = bench.load.measure(server, population, mode, WORKS[work])
                    found["full"].add((shape, size, mode, work, server.name), run)
        for server, mode, work in runs:
            key = (shape, size, mode, work, server.name)
            if work != SAME or server.name in bench.failed:
                continue
            bench.say(f"{size} peers, {shape}: half load, {mode}, {server.name}")
            rate = round(found["full"].median(key, "rate") / 2)
            with leaves_out(bench, server.name):
                for _ in range(min(3, bench.rounds)):
                    run = bench.load.measure(server, population, mode, ("--rate", rate))
                    found["half"].add(key, run)


def compare(bench):
    """skepd, the bare servers and other trackers, with the same requests."""
    found = {"full": Series(), "half": Series(), "bytes": {}}
    for shape in SHAPES:
        for size in bench.sizes:
            _compare_one(bench, shape, size, found)
    return found


def changes(bench):
    """CPU time per announce with and without announces that change a peer. The store works in the
    background, so all CPU time counts that passes while they are measured in turn, and what is left to do
    at the end."""
    population = even(200_000)
    works = {0: (), 2: ("--mix", "change=2"), 40: ("--mix", "change=40")}
    turns, responses, before = 6, dict.fromkeys(works, 0), {}
    with contextlib.ExitStack() as stack:
        daemons = {percent: stack.enter_context(filled_skepd(bench, population)) for percent in works}
        for daemon in daemons.values():
            daemon.restart()  # with all peers in their rows
        before = {percent: cpu_s(daemon.pid) for percent, daemon in daemons.items()}
        for turn in range(turns):
            for percent, daemon in daemons.items():
                bench.say(f"turn {turn + 1}: {percent} % change")
                run = bench.load.run(daemon, population, "udp", ("--warmup", 0, *works[percent]),
                                     seconds=bench.long_s / turns)
                responses[percent] += run["responses"]
        return {percent: 1e6 * (stop_and_count(daemon) - before[percent]) / responses[percent]
                for percent, daemon in daemons.items()}


def _aquatic_run(server, seconds):
    """The average responses per second, and CPU time per response."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write(AQUATIC_CONFIG % {"port": server.port, "seconds": seconds})
        config.flush()
        before = cpu_s(server.pid)
        with servers.pinned_to(servers.LOAD_CORE):
            done = subprocess.run([AQUATIC_LOAD, "-c", config.name], capture_output=True, text=True,
                                  timeout=seconds + 60, check=True)
        used = cpu_s(server.pid) - before
    report = done.stdout.split("# aquatic load test report")[1]
    ran_s, rate, errors = (float(re.search(pattern, report).group(1)) for pattern in (
        r"Test ran for (\d+)", r"Average responses per second: ([\d.]+)",
        r"Error responses: +([\d.]+)"))
    return {CPU: 1e6 * used / (rate * ran_s), "rate": rate, "errors": errors / rate}


def loadtest(bench):
    """aquatic's own load test over all UDP trackers. A first run fills them."""
    found, hashes = {}, ""
    names = [name for name in ("opentracker", "aquatic_udp", "torrust-tracker") if name in bench.others]
    for name in ("skepd", *names):
        # Without limits, since all peers have one address.
        server = servers.PinnedSkepd(config="") if name == "skepd" else servers.OTHERS[name](hashes)
        with leaves_out(bench, name), server:
            bench.say(f"{AQUATIC_LOAD}: {name}")
            _aquatic_run(server, max(5, bench.long_s // 4))
            found[name] = _aquatic_run(server, bench.long_s)
            if name == "skepd":
                server.stop()  # writes the rows of all changes
                stored = StoredSwarms(server.database)
                torrents = {info_hash for info_hash, _ in stored.peers} | stored.counts.keys()
                hashes = "".join(f"{info_hash.hex()}\n" for info_hash in torrents)
    return found


def _answers_with_peers(daemon, info_hash):
    escaped = "".join(f"%{byte:02x}" for byte in info_hash)
    url = (f"{daemon.announce_url}?info_hash={escaped}&peer_id=-SB0001-restart00000&port=7"
           "&uploaded=0&downloaded=0&left=1&compact=1&numwant=50&event=started")
    with urllib.request.urlopen(url, timeout=10) as reply:
        return b"5:peers300:" in reply.read()


def restart(bench):
    """Seconds for the stop, and from the start to the first reply with 50 peers."""
    population = even(bench.many)
    info_hash = bytes.fromhex(bench.load.info_hashes(Population(1, 1)).strip())
    stops, starts = [], []
    with filled_skepd(bench, population) as daemon:
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


def stalls(bench):
    """Latency of announces before and while many peers expire, and in a swarm that grows."""
    found = {"grow": _grow_run(bench)}
    for name, population in (("one swarm", Population(bench.many, 1, bench.many // 10)),
                             ("Zipf", zipf(bench.many))):
        found[name] = _expire_run(bench, name, population)
    return found


def _grow_run(bench):
    """The fill that makes a large swarm a tenth larger."""
    population = Population(bench.many, 1, bench.many // 10)
    more = dataclasses.replace(population, peers=bench.many // 10, first_peer=bench.many)
    with filled_skepd(bench, population) as daemon:
        bench.say("one swarm: growing")
        return bench.load.fill(daemon, more, concurrency=8)


def _expire_run(bench, name, population):
    """With longer lives if the first peers would expire before the last has come."""
    interval_s = bench.interval_s
    while (found := _expire_after(bench, name, population, interval_s)) is None:
        interval_s *= 2
    return found


def _expire_after(bench, name, population, interval_s):
    """None if filling takes too long."""
    lifetime_s = 2 * interval_s
    info_hash = bytes.fromhex(bench.load.info_hashes(Population(1, 1)).strip())
    # Clients that announce while others expire.
    awake = dataclasses.replace(population, peers=1000, addresses=1000, first_peer=bench.many)
    config = servers.CONFIG + servers.SHORT_LIVES % {"interval_s": interval_s}
    with servers.PinnedSkepd(config) as daemon:
        bench.say(f"{name}: filling")
        began = time.monotonic()
        bench.load.fill(daemon, population)
        filled_s = time.monotonic() - began
        if filled_s > lifetime_s - 3:
            return None
        before = _seen_peers(daemon, info_hash)
        bench.say(f"{name}: before the first peer expires")
        calm_s = max(0.5, min(3.0, lifetime_s - filled_s - 2))
        calm = bench.load.measure(daemon, awake, "udp", seconds=calm_s, concurrency=8)
        bench.say(f"{name}: while they expire")
        time.sleep(max(0.0, began + lifetime_s - 1 - time.monotonic()))
        # The sweep of many peers takes as long as it must: its steps are short.
        rest_s = began + filled_s + lifetime_s + interval_s / 4 + 10 - time.monotonic()
        busy = bench.load.measure(daemon, awake, "udp", seconds=rest_s, concurrency=8)
        after = _seen_peers(daemon, info_hash)
        if after > before / 10 + 1000:
            raise RuntimeError(f"{before} peers should have expired, {after} are left")
        return {"calm": calm, "busy": busy}


def _list_torrents(daemon, stop):
    while not stop.wait(1):
        with urllib.request.urlopen(f"{daemon.url}/api/v1/torrents", timeout=10) as reply:
            reply.read()


def page(bench):
    """CPU time per second of a daemon with many torrents and a few changes, with and without a page
    that lists them; and of its busiest HTTP thread with the page."""
    torrents, seconds = bench.many // 10, 10
    population = Population(torrents, torrents, torrents // 10, "each")
    work = ("--rate", 1000, "--mix", "change=40")
    found = {"torrents": torrents}
    with filled_skepd(bench, population) as daemon:
        for name in ("unread", "listed"):
            bench.say(f"{torrents} torrents: {name}")
            stop = threading.Event()
            reader = threading.Thread(target=_list_torrents, args=(daemon, stop))
            if name == "listed":
                reader.start()
            before = http_threads_s(daemon.pid)
            run = bench.load.measure(daemon, population, "udp", work, seconds=seconds)
            busy = max(used - before[thread] for thread, used in http_threads_s(daemon.pid).items())
            stop.set()
            if name == "listed":
                reader.join()
            found[name] = 1000 * run["server_cpu_s"] / run["seconds"]
            found["http_thread"] = 1000 * busy / run["seconds"]
    return found
