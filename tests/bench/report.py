"""RESULTS.md: first the targets, then all results."""

import os
import pathlib
import platform
import re
import subprocess

from experiments import CPU, RATE, USUAL
from loads import TRANSPORTS

HEAD = """# Benchmarks

Written by `make bench`. Server and load generator use one core each, the server with one thread; all
traffic is on loopback. Each value is the median of {rounds} rounds of {seconds:g} s in which the
candidates alternate; a ratio is the median of the rounds' ratios. CPU is the CPU time of the server
process, all threads, per response. "bare" is a libmicrohttpd server, or a `recvmmsg`/`sendmmsg`
echo, that returns one fixed reply of the same size.

{machine}
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
    return "\n".join((
        f"- {processor}, {os.cpu_count()} cores, "
        f"{memory_kib / 2**20:.1f} GiB, Linux {platform.release()}; "
        f"load average {load} at the start",
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

    def below(self, what, figure, bound, unit):
        self._add(what, f"{figure:.2f} {unit}", f"below {bound:g} {unit}", figure < bound)

    def _add(self, what, figure, bound, reached):
        self.rows.append((what, figure, bound, "reached" if reached else "**not reached**"))

    def text(self):
        return _table(("target", "figure", "bound", ""), self.rows)


def _compare_targets(targets, series):
    bounds = {"http-keepalive": (1.15, None), "http-close": (1.1, 1.0), "udp": (1.25, 0.5)}
    for mode, (bare, opentracker) in bounds.items():
        ratio = series.ratio((mode, "skepd"), (mode, "bare"), CPU)
        targets.at_most(f"{TRANSPORTS[mode]}: CPU against bare", ratio, bare, "×")
        if opentracker is not None and (mode, "opentracker") in series:
            ratio = series.ratio((mode, "skepd"), (mode, "opentracker"), CPU)
            targets.at_most(f"{TRANSPORTS[mode]}: CPU against opentracker", ratio, opentracker, "×")


def _grow_targets(targets, sizes, series, memory):
    few, many = sizes[0], max(size for size in sizes if size <= 1_000_000)
    for mode in USUAL:
        ratio = series.ratio((mode, many), (mode, few), CPU)
        targets.at_most(f"{TRANSPORTS[mode]}: CPU at {_size(many)} peers against {_size(few)}",
                        ratio, 1.3, "×")
    targets.at_most(f"memory at {_size(many)} peers", memory[many], 96, "bytes a peer")


def _store_targets(targets, series):
    for work in ("re-announces", "churn"):
        for mode in USUAL:
            # From CPU time, since the measured rate depends on other load of the machine.
            loss = 100 * (1 - series.ratio((work, mode, False), (work, mode, True), CPU))
            targets.at_most(f"{TRANSPORTS[mode]}, {work}: loss of rate per core due to SQLite", loss,
                            10, "%")


def _median(values):
    return sorted(values)[len(values) // 2]


def targets_text(bench, found):
    targets = Targets()
    if "compare" in found:
        _compare_targets(targets, found["compare"])
    if "grow" in found:
        _grow_targets(targets, bench.sizes, *found["grow"])
    if "restart" in found:
        targets.below(f"restart with {_size(bench.many)} peers",
                      _median(found["restart"]["starts"]), 3, "s")
    if "store" in found:
        _store_targets(targets, found["store"])
    return targets.text()


RUN_HEAD = ("CPU µs", "spread", "responses/s", "p50 µs", "p99 µs", "p99.9 µs", "max µs")


def _run_cells(series, key):
    return (f"{series.median(key, CPU):.2f}", f"{series.spread(key, CPU):.0%}",
            _count(series.median(key, RATE)), _count(series.median(key, "p50_us")),
            _count(series.median(key, "p99_us")), _count(series.median(key, "p999_us")),
            _count(series.largest(key, "max_us")))


def _compare_text(bench, series):
    rows = []
    for mode, title in TRANSPORTS.items():
        for name in ("skepd", "bare", *bench.others):
            ratio = series.ratio((mode, name), (mode, "skepd"), CPU)
            rows.append((f"{title}: {name}", *_run_cells(series, (mode, name)), f"{ratio:.2f} ×"))
    return ("## Side by side\n\n10 000 peers in 100 torrents, numwant 50.\n\n"
            + _table(("", *RUN_HEAD, "against skepd"), rows))


def _grow_text(bench, found):
    series, memory = found
    rows = [(f"{TRANSPORTS[mode]}: {_size(size)}", *_run_cells(series, (mode, size)),
             f"{series.ratio((mode, size), (mode, bench.sizes[0]), CPU):.2f} ×")
            for mode in USUAL for size in bench.sizes]
    sizes = [(_size(size), f"{memory[size]:.1f}") for size in bench.sizes]
    return ("## Growth\n\nAn increasing number of swarms of about 100 peers; about ten peers "
            "per address.\n\n"
            + _table(("peers", *RUN_HEAD, "against the fewest"), rows)
            + "\n\nGrowth of the process while the peers join (store off):\n\n"
            + _table(("peers", "bytes a peer"), sizes))


def _shape_text(bench, found):
    series, memory = found
    rows = [(f"{TRANSPORTS[mode]}: {name}", *_run_cells(series, (mode, name)))
            for mode in USUAL for name in memory]
    sizes = [(name, f"{size:.1f}") for name, size in memory.items()]
    return (f"## Shapes of {_size(bench.many)} peers\n\nTen peers per address. With Zipf, "
            "the torrent of rank r has 1/r of the first one's peers.\n\n"
            + _table(("shape", *RUN_HEAD), rows)
            + "\n\n" + _table(("shape", "bytes a peer"), sizes))


def _numwant_text(_bench, series):
    rows = [(f"{title}: {wanted}", *_run_cells(series, (mode, wanted)),
             f"{series.median((mode, wanted), 'reply_peers'):.0f}")
            for mode, title in TRANSPORTS.items() for wanted in (0, 50, 200)]
    return ("## numwant\n\n30 000 peers in 100 torrents. A UDP reply has room for 196 peers.\n\n"
            + _table(("numwant", *RUN_HEAD, "peers in a reply"), rows))


def _store_text(_bench, series):
    rows = []
    for work in ("re-announces", "churn"):
        for mode in USUAL:
            for on in (False, True):
                rows.append((f"{TRANSPORTS[mode]}, {work}: store {'on' if on else 'off'}",
                             *_run_cells(series, (work, mode, on))))
    return ("## SQLite on and off\n\n100 000 peers; with churn, of 100 announces 4 are `stopped`, "
            "2 are `completed`, and stopped\npeers start again. The store's thread runs on the same "
            "core.\n\n" + _table(("", *RUN_HEAD), rows))


def _restart_text(bench, found):
    rows = [(str(number + 1), f"{stop:.2f}", f"{start:.2f}")
            for number, (stop, start) in enumerate(zip(found["stops"], found["starts"]))]
    return (f"## Restart\n\n{_size(bench.many)} peers, a database of {found['file_mib']:.0f} MiB; "
            "the start counts until the first reply with 50 peers.\n\n"
            + _table(("", "stop, s", "start, s"), rows))


def _expire_text(bench, found):
    rows = []
    for name, runs in found.items():
        for when in ("calm", "busy"):
            run = runs[when]
            rows.append((f"{name}: {'before' if when == 'calm' else 'while they expire'}",
                         _count(run[RATE]), *(_count(run[field]) for field in
                                              ("p50_us", "p99_us", "p999_us", "max_us"))))
    return (f"## While {_size(bench.many)} peers expire\n\nUDP announces, 8 at a time; the sweeper "
            "runs on the same core.\n\n"
            + _table(("", "responses/s", "p50 µs", "p99 µs", "p99.9 µs", "max µs"), rows))


SECTIONS = {"compare": _compare_text, "grow": _grow_text, "shape": _shape_text,
            "numwant": _numwant_text, "store": _store_text, "restart": _restart_text,
            "expire": _expire_text}


def results(bench, found, seconds, machine_lines):
    parts = [HEAD.format(rounds=bench.rounds, seconds=seconds, machine=machine_lines),
             "## Targets\n\n" + targets_text(bench, found)]
    parts += [SECTIONS[name](bench, found[name]) for name in SECTIONS if name in found]
    return "\n\n".join(part.strip() for part in parts) + "\n"
