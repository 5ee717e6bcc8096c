"""Runs the load generator and computes medians of its results."""

import dataclasses
import json
import statistics
import subprocess

from servers import LOAD_CORE, NUMWANT, pinned_to

TRANSPORTS = {"http-keepalive": "HTTP, keep-alive", "http-close": "HTTP, a connection each",
              "udp": "UDP"}
CONCURRENCY = {"http-keepalive": 64, "http-close": 64, "udp": 128}
# Number of failed or repeated requests that invalidates a run.
FAULTS_MAX = 0.001
FILL_S = 300
TRIES = 4  # of one run, since another process may have used the core


class LoadFailed(RuntimeError):
    pass


@dataclasses.dataclass(frozen=True)
class Population:
    """A set of peers; equal parameters give the same peers."""
    peers: int
    torrents: int
    addresses: int = 64
    shape: str = "even"
    first_peer: int = 0

    def options(self):
        return ["--peers", self.peers, "--torrents", self.torrents, "--shape", self.shape,
                "--addresses", self.addresses, "--first-peer", self.first_peer]


def even(peers):
    """Each torrent has about a hundred peers, and each address about ten."""
    return Population(peers, peers // 100, peers // 10)


def zipf(peers):
    """The torrent of rank r has 1/r of the first one's peers."""
    return Population(peers, peers // 10, peers // 10, "zipf")


class Load:
    """The load generator of a build."""

    def __init__(self, build, seconds):
        self._program = build / "bench/load"
        self._seconds = seconds
        self._seed = 0

    def _call(self, *options, timeout=700):
        with pinned_to(LOAD_CORE):
            done = subprocess.run([str(part) for part in (self._program, *options)],
                                  capture_output=True, text=True, timeout=timeout)
        if done.returncode != 0:
            raise LoadFailed(f"load {options}: {done.stderr}")
        return done.stdout

    def info_hashes(self, population):
        return self._call("--print-hashes", *population.options())

    def fill(self, server, population, concurrency=None):
        """Announces `started` for every peer."""
        mode = "udp" if "udp" in server.modes else "http-keepalive"
        found = json.loads(self._call(
            "--fill", "--seconds", FILL_S, "--mode", mode, "--port", server.port, "--server-pid", server.pid,
            "--concurrency", concurrency or CONCURRENCY[mode], "--peers-max", server.peers_max,
            *population.options()))
        if found["responses"] != population.peers:
            raise LoadFailed(f"{server.name} accepted {found['responses']} of {population.peers} "
                             f"peers: {found.get('first_error')}")
        return found

    def run(self, server, population, mode, work=(), seconds=None, concurrency=None):
        """One run, whatever its result. `work` are options of the load generator."""
        self._seed += 1
        options = ["--mode", mode, "--port", server.port, "--server-pid", server.pid,
                   "--seconds", seconds or self._seconds, "--numwant", NUMWANT,
                   "--peers-max", server.peers_max,
                   "--concurrency", concurrency or CONCURRENCY[mode], "--seed", self._seed,
                   *population.options(), *work]
        return json.loads(self._call(*options))

    def measure(self, server, population, mode, *args, **options):
        """A run with few faults."""
        for _ in range(TRIES):
            found = self.run(server, population, mode, *args, **options)
            faults = found["errors"] + found["lost"]
            if found["responses"] > 0 and faults <= FAULTS_MAX * found["responses"] + 1:
                return found
        raise LoadFailed(f"{server.name}, {mode}: {found['responses']} responses, "
                         f"{found['errors']} errors ({found.get('first_error')}), "
                         f"{found['lost']} lost")


class Series:
    """Results of several candidates that were measured in turn, in rounds."""

    def __init__(self):
        self._runs = {}

    def add(self, key, run):
        self._runs.setdefault(key, []).append(run)

    def __contains__(self, key):
        return key in self._runs

    def __iter__(self):
        return iter(self._runs)

    def median(self, key, field):
        return statistics.median(run[field] for run in self._runs[key])

    def largest(self, key, field):
        return max(run[field] for run in self._runs[key])

    def spread(self, key, field):
        """Range of the rounds' values, relative to their median."""
        values = [run[field] for run in self._runs[key]]
        middle = statistics.median(values)
        return (max(values) - min(values)) / middle if middle else 0

    def ratio(self, key, other, field):
        """Median of the rounds' ratios, since a disturbance affects both sides of a round."""
        pairs = zip(self._runs[key], self._runs[other])
        return statistics.median(one[field] / two[field] for one, two in pairs)
