"""RESULTS.md: first the targets, then all results."""

import os
import pathlib
import platform
import re
import subprocess

from experiments import AQUATIC_LOAD, CHANGES, CPU, PUBLIC, SAME, SHAPES
from loads import TRANSPORTS
from servers import OTHERS

HERE = pathlib.Path(__file__).resolve().parent
HEAD = """# Benchmarks

Written by `make bench` on commit {commit}. Server and load generator use one core each; all traffic is on
loopback. skepd has its default settings, except that the limits per address apply to loopback and are too
high to reject requests. Each value is the median of {rounds} rounds of {seconds:g} s in which the
candidates alternate; a ratio is the median of the rounds' ratios. CPU is the CPU time of the server
process, all threads, per response. "bare" is a libmicrohttpd server, or a `recvmmsg`/`sendmmsg`
echo, that returns one fixed reply of the same size.

{machine}
{others}
"""


def _first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[0].strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def _from_file(path, pattern):
    found = re.search(pattern, pathlib.Path(path).read_text(), re.M)
    return found.group(1).strip() if found else "unknown"


def commit():
    return _first_line("git", "-C", HERE, "describe", "--always", "--dirty", "--abbrev=10")


def _others_text(bench, missing):
    lines = [f"- not measured, since it is not on PATH: {', '.join(missing)}"] if missing else []
    return "\n".join(lines + [f"- left out: {name}: {reason}" for name, reason in bench.failed.items()])


def machine():
    """Two lines. Call it before the benchmark, for the load average."""
    memory_kib = int(_from_file("/proc/meminfo", r"^MemTotal:\s+(\d+)"))
    processor = _from_file("/proc/cpuinfo", r"^model name\s*:(.*)$")
    versions = {
        "libmicrohttpd": _first_line("pkg-config", "--modversion", "libmicrohttpd"),
        "SQLite": _first_line("pkg-config", "--modversion", "sqlite3"),
        "opentracker": _first_line("dpkg-query", "-W", "-f", "${Version}", "opentracker"),
        "node": _first_line("node", "--version"),
        "gcc": _first_line("gcc", "-dumpfullversion"),
    }
    load = pathlib.Path("/proc/loadavg").read_text().split()[0]
    busy = ("; other programs used the cores, which raises all figures, latencies most of all"
            if float(load) > os.cpu_count() else "")
    return "\n".join((
        f"- {processor}, {os.cpu_count()} cores, "
        f"{memory_kib / 2**20:.1f} GiB, Linux {platform.release()}; "
        f"load average {load} at the start{busy}",
        "- " + ", ".join(f"{name} {version}" for name, version in versions.items()),
    ))


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _count(number):
    return f"{number:,.0f}".replace(",", " ")


def _size(peers):
    if peers % 1_000_000 == 0:
        return f"{peers // 1_000_000} million"
    return _count(peers)


class Targets:
    """The targets with their bounds and results."""

    def __init__(self):
        self.rows = []

    def at_most(self, what, figure, bound, unit):
        self._add(what, f"{figure:.2f} {unit}", f"at most {bound:g} {unit}", figure <= bound)

    def _add(self, what, figure, bound, reached):
        self.rows.append((what, figure, bound, "reached" if reached else "**not reached**"))

    def text(self):
        return _table(("target", "figure", "bound", ""), self.rows)


def _compare_targets(targets, sizes, found):
    series, few, many = found["full"], sizes[0], sizes[-1]
    bounds = {"http-keepalive": (1.1, None), "http-close": (1.05, 1.05), "udp": (1.15, 0.6)}
    for mode, (bare, opentracker) in bounds.items():
        for name, bound in (("bare", bare), ("opentracker", opentracker)):
            key = ("even", few, mode, SAME)
            if bound is not None and (*key, name) in series:
                ratio = series.ratio((*key, "skepd"), (*key, name), CPU)
                targets.at_most(f"{TRANSPORTS[mode]}: CPU against {name}", ratio, bound, "×")
    if many < 1_000_000:
        return
    ratio = series.ratio(("even", many, "udp", SAME, "skepd"), ("even", few, "udp", SAME, "skepd"), CPU)
    targets.at_most(f"UDP: CPU at {_size(many)} peers against {_size(few)}", ratio, 1.2, "×")
    targets.at_most(f"memory at {_size(many)} peers", found["bytes"]["even", many], 96, "bytes a peer")


def _changes_targets(targets, found):
    targets.at_most("UDP: CPU if 40 % of announces change a peer, against none", found[40] / found[0],
                    1.2, "×")


def _loadtest_targets(targets, found):
    if "skepd" in found and "aquatic_udp" in found:
        targets.at_most(f"{AQUATIC_LOAD}: CPU against aquatic_udp",
                        found["skepd"][CPU] / found["aquatic_udp"][CPU], 1, "×")


def _stalls_targets(targets, found):
    targets.at_most("longest wait while a swarm grows", found["grow"]["max_us"] / 1000, 5, "ms")
    for name in STALLS:
        targets.at_most(f"longest wait while all peers expire, {name}",
                        found[name]["busy"]["max_us"] / 1000, 5, "ms")


def _median(values):
    return sorted(values)[len(values) // 2]


def targets_text(bench, found):
    targets = Targets()
    if "compare" in found:
        _compare_targets(targets, bench.sizes, found["compare"])
    if "changes" in found:
        _changes_targets(targets, found["changes"])
    if "loadtest" in found:
        _loadtest_targets(targets, found["loadtest"])
    if "cluster" in found:
        _cluster_targets(targets, bench, found["cluster"])
    if bench.many < 1_000_000:
        return targets.text() + MILLION_NEEDED
    if "restart" in found:
        targets.at_most(f"restart with {_size(bench.many)} peers",
                        _median(found["restart"]["starts"]), 0.7, "s")
    if "stalls" in found:
        _stalls_targets(targets, found["stalls"])
    if "page" in found:
        targets.at_most(f"list of {_count(found['page']['torrents'])} torrents, each second: an HTTP thread",
                        found["page"]["http_thread"], 5, "ms")
    return targets.text()


def _cluster_targets(targets, bench, found):
    for (size, mode, where), cost in found["costs"]["few"].items():
        place = "any node" if where == "any" else "one node"
        targets.at_most(f"cluster of {size}, {TRANSPORTS[mode]} at {place}, few due: CPU against alone",
                        cost["ratio"], 1.05, "×")
    for (size, mode, where), cost in found["costs"]["all"].items():
        if where == "first":
            targets.at_most(f"cluster of {size}, {TRANSPORTS[mode]}: a record sent", cost["send"], 0.5, "µs")
        if cost["merge"] is not None:
            targets.at_most(f"cluster of {size}, {TRANSPORTS[mode]}: a record merged", cost["merge"], 1, "µs")
    for size, run in found["convergence"].items():
        targets.at_most(f"cluster of {size}: 99 % of new peers known to all", 1000 * run["p99"], 250, "ms")
    for size, runs in found["joins"].items():
        for kind, join in runs.items() if bench.many >= 1_000_000 else ():
            name = f"cluster of {size}: last node joins, {'no database' if kind == 'empty' else 'after kill -9'}"
            targets.at_most(f"{name}, with {_size(bench.many)} peers", join["took"], 10, "s")
            targets.at_most(f"{name}: p99 of another node's announces", join["busy_us"] / 1000, 5, "ms")


MILLION_NEEDED = """

Not judged, since it takes a million peers: growth, memory, restart, the longest waits, the list of torrents."""
STALLS = ("one swarm", "Zipf")
WORK_TITLES = {SAME: "", CHANGES: ", 2 % change", PUBLIC: ", public mix"}


def _compare_table(bench, series, cell):
    """A row per kind of requests, a column per server."""
    names = [name for name in ("skepd", "bare", *OTHERS)
             if any((*kind, name) in series for kind in _kinds(bench))]
    rows = []
    for shape, size, mode, work in _kinds(bench):
        cells = [cell((shape, size, mode, work, name)) if (shape, size, mode, work, name) in series
                 else "" for name in names]
        if any(cells):
            rows.append((f"{TRANSPORTS[mode]}{WORK_TITLES[work]}: {_size(size)}, {shape}", *cells))
    return _table(("", *names), rows)


def _kinds(bench):
    return [(shape, size, mode, work) for mode in TRANSPORTS for work in WORK_TITLES
            for shape in SHAPES for size in bench.sizes]


def _milliseconds(us):
    return f"{us / 1000:.1f}" if us < 100_000 else f"{us / 1000:.0f}"


def _compare_text(bench, found):
    full, half = found["full"], found["half"]
    spreads = sorted(full.spread(key, CPU) for key in full)
    sizes = [(f"{_size(size)}, {shape}", f"{found['bytes'][shape, size]:.1f}")
             for shape in SHAPES for size in bench.sizes]

    def latencies(key):
        return " / ".join(_milliseconds(value) for value in (
            half.median(key, "p99_us"), half.median(key, "p999_us"), half.largest(key, "max_us")))

    return ("## Side by side: CPU µs per response\n\nPeers announce again and again from their address; "
            "numwant is 50. Even: every torrent has about 100 peers;\nzipf: the torrent of rank r has "
            "1/r of the first one's peers. 2 % change: of 100 announces two make a leecher\na seeder, or "
            "a seeder start again as a leecher. Public mix: 55 % connects, 44 % announces, 1 % scrapes;\n"
            "one in twenty of the announces and scrapes has a wrong connection id, and is not counted as "
            "a response.\n\n"
            + _compare_table(bench, full, lambda key: f"{full.median(key, CPU):.2f}")
            + f"\n\nThe rounds of one value differ by {spreads[len(spreads) // 2]:.0%} (median), "
            f"at most {spreads[-1]:.0%}.\n\n## Latency at half load: p99 / p99.9 / max, ms\n\n"
            "Requests are sent at half the rate that this server reached above, one after the other, "
            "whether replies come\nor not. A latency counts from when the request was due. Other programs "
            "on the machine show in the maximum.\n\n" + _compare_table(bench, half, latencies)
            + "\n\n## Memory\n\nGrowth of skepd while the peers join:\n\n"
            + _table(("peers", "bytes a peer"), sizes))


def _changes_text(bench, found):
    rows = [(f"{percent} %", f"{cpu:.2f}", f"{cpu / found[0]:.2f} ×") for percent, cpu in found.items()]
    return (f"## Announces that change a peer\n\nUDP, 200 000 peers. All CPU time of the process in a "
            f"series of {3 * bench.long_s} s, and of its\nstop, when the store writes the rows that are left.\n\n"
            + _table(("change", "CPU µs", "against none"), rows))


def _loadtest_text(bench, found):
    rows = [(name, f"{run[CPU]:.2f}", _count(run["rate"]), f"{run['errors']:.1%}")
            for name, run in found.items()]
    return (f"## {AQUATIC_LOAD}\n\naquatic's load test with 100 000 torrents, 200 000 peers, 50 peers "
            f"wanted, else its defaults: half connects,\nhalf announces, of which three in eight change "
            f"the peer. One run of {bench.long_s} s, after a shorter one\nthat fills the tracker.\n\n"
            + _table(("", "CPU µs", "responses/s", "errors"), rows)) if found else ""


def _restart_text(bench, found):
    rows = [(str(number + 1), f"{stop:.2f}", f"{start:.2f}")
            for number, (stop, start) in enumerate(zip(found["stops"], found["starts"]))]
    return (f"## Restart\n\n{_size(bench.many)} peers, a database of {found['file_mib']:.0f} MiB; "
            "the start counts until the first reply with 50 peers.\n\n"
            + _table(("", "stop, s", "start, s"), rows))


def _stalls_text(bench, found):
    runs = {f"one swarm: from {_size(bench.many)} to {_size(bench.many * 11 // 10)} peers": found["grow"]}
    for name in STALLS:
        runs[f"{name}: before they expire"] = found[name]["calm"]
        runs[f"{name}: while {_size(bench.many)} peers expire"] = found[name]["busy"]
    rows = [(name, _count(run["rate"]), *(_count(run[field]) for field in
                                          ("p50_us", "p99_us", "p999_us", "max_us")))
            for name, run in runs.items()]
    return ("## Stalls\n\nUDP announces, 8 at a time; the background threads run on the same core.\n\n"
            + _table(("", "responses/s", "p50 µs", "p99 µs", "p99.9 µs", "max µs"), rows))


def _page_text(_bench, found):
    return (f"## List of torrents\n\nCPU time per second with {_count(found['torrents'])} torrents and 1 000 "
            f"announces, of which 40 % change\na peer: {found['unread']:.1f} ms, and "
            f"{found['listed']:.1f} ms if `/api/v1/torrents` is requested each second. A thread of its own makes\n"
            f"the list: the busiest HTTP thread is busy for {found['http_thread']:.2f} ms of that second.")


DUE_TITLES = {"few": "2 % change, few due", "all": "every announce due"}


def _cluster_costs(found):
    rows = []
    for due, title in DUE_TITLES.items():
        for (size, mode, where), cost in found["costs"][due].items():
            merge = "" if cost["merge"] is None else f"{cost['merge']:.2f}"
            rows.append((f"{TRANSPORTS[mode]}, {title}", str(size), where, f"{cost['alone']:.2f}",
                         f"{cost['node']:.2f}", f"{cost['ratio']:.2f} ×",
                         f"{cost['records']:.2f}", f"{cost['bytes']:.0f}", merge))
    return _table(("", "nodes", "announces at", "alone, µs", "node, µs", "ratio", "records an announce",
                   "bytes a record", "µs a merged record"), rows)


def _cluster_text(bench, found):
    convergence = [(str(size), _count(run["rate"]), _count(run["merged"]), str(run["count"]),
                    *(f"{1000 * run[field]:.0f}" for field in ("p50", "p99", "max")))
                   for size, run in found["convergence"].items()]
    joins = [(f"{size}, {'no database' if kind == 'empty' else 'after kill -9'}", f"{join['took']:.1f}",
              _count(join["has"]), f"{join['bytes'] / 2**20:.0f}",
              *(_milliseconds(join[field]) for field in ("calm_us", "shared_us", "busy_us", "max_us")))
             for size, runs in found["joins"].items() for kind, join in runs.items()]
    return ("## Cluster\n\nThe nodes share one core; the engine is on the core of the load generator. CPU is the time "
            "of the nodes that are\nannounced to, per announce: of the first node, or of all, if each announce is made "
            "at any node. All work counts,\nalso the merging, and the rows that the stores write later, at the stop "
            "at the latest; but not what a node does\nwithout announces. A refresh is a record, too. A node and a "
            "skepd alone are loaded at the same time, so that\nboth have the same part of the machine; what the other "
            "nodes merge is measured without the skepd alone.\n\n"
            + _cluster_costs(found)
            + "\n\nUntil all other nodes have a new peer, while announces that change a peer come to all nodes:\n\n"
            + _table(("nodes", "changes/s", "records/s merged by one", "peers", "p50 ms", "p99 ms", "max ms"),
                     convergence)
            + f"\n\nThe last of the nodes joins, with {_size(bench.many)} peers, while another one gets 20 000 "
            "announces a second. Their\nlatency is measured before the join, if possible when it is below 5 ms, beside "
            "programs that only compute, and\nduring the join. The joining node runs when the load generator and the "
            "engine leave it their core. A kernel with\na tick of 4 ms lets each other program that shares a core wait "
            "that long; so there are two programs that compute,\nin place of the node that sends its peers, and of "
            "the engine. The peers are counted a second after `/readyz`\nfirst answers 200, since totals are up to a "
            "second old. Of several joins, these are the medians, the fewest peers,\nand the longest latency.\n\n"
            + _table(("nodes", "s", "peers", "MiB read", "p99 before, ms", "p99 beside programs, ms", "p99 during, ms",
                      "max during, ms"), joins))


SECTIONS = {"compare": _compare_text, "changes": _changes_text, "loadtest": _loadtest_text,
            "restart": _restart_text, "stalls": _stalls_text, "page": _page_text,
            "cluster": _cluster_text}


def results(bench, found, seconds, machine_lines, missing):
    parts = [HEAD.format(commit=commit(), rounds=bench.rounds, seconds=seconds, machine=machine_lines,
                         others=_others_text(bench, missing)),
             "## Targets\n\n" + targets_text(bench, found)]
    parts += [SECTIONS[name](bench, found[name]) for name in SECTIONS if name in found]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _sections_of(text):
    """{heading: text}, the part before the first heading as that of None."""
    head, *sections = re.split(r"^(?=## )", text, flags=re.M)
    return {None: head, **{section.split("\n")[0]: section.strip() for section in sections}}


def renewed(old, new, names):
    """The old results with the sections and targets of a later run of the named experiments."""
    was, now = _sections_of(old), _sections_of(new)
    rows = {row.split(" | ")[0]: row for row in now["## Targets"].split("\n") if row.startswith("| ")}
    lines = [rows.pop(line.split(" | ")[0], line) for line in was["## Targets"].split("\n")]
    at = max(number for number, line in enumerate(lines) if line.startswith("| ")) + 1
    lines[at:at] = [row for name, row in rows.items() if not name.startswith(("| target", "| ---"))]
    load = re.search(r"load average.*", now[None])[0]
    note = f"- later than the rest: {', '.join(names)}; commit {commit()}, {load}"
    kept = [line for line in was[None].strip().split("\n") if not line.startswith(note.split(";")[0])]
    parts = {**was, **now, None: "\n".join([*kept, note]), "## Targets": "\n".join(lines)}
    return "\n\n".join(parts.values()) + "\n"
