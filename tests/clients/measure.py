#!/usr/bin/python3
"""Measures how soon a new client has its first peer, and how fast it downloads then.

    tests/clients/measure.py [--size MIB] [--seeder NAME]

One client seeds, all others download at the same time, on loopback. When a client announces, and
when its first connection to or from a peer is opened, is seen on the wire; when bytes are there is
as late as the client lets it be known. The tracker's own share is measured on raw announces, from
before the TCP handshake until the reply with the seeder has been read; most of it is the time of
this program itself.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from adapters import ALL_CLIENTS, Client  # noqa: E402
from fleet import Fleet, announce_url, wait_until_complete  # noqa: E402
from handshakes import Handshake, Handshakes  # noqa: E402
from sample import Sample  # noqa: E402
from scenarios import wait_until_counted  # noqa: E402
from support.announce import Peer  # noqa: E402
from support.network import own_network  # noqa: E402
from support.skepd import Skepd  # noqa: E402

ANNOUNCES = 2000
DOWNLOAD_S = 300
LOOK_EVERY_S = 0.02


@dataclass
class Progress:
    """When something happened to one leecher; 0 until it has."""

    leecher: Client
    added: float
    announced: float = 0
    met_a_peer: float = 0
    has_bytes: float = 0
    complete: float = 0


def main() -> None:
    kinds = {kind.name: kind for kind in ALL_CLIENTS}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256, metavar="MIB")
    parser.add_argument("--seeder", choices=kinds, default="libtorrent")
    options = parser.parse_args()

    with own_network() as network, Skepd() as tracker, Fleet(network) as fleet:
        url = announce_url("http", network.new_v4(), tracker.port)
        sample = fleet.sample(url, options.size << 20)
        seeder, *leechers = fleet.start(kinds.pop(options.seeder), *kinds.values())
        seeder.seed(sample)
        wait_until_counted(tracker, sample, 1, 0, 0)
        show_announces(tracker, sample, seeder)
        all_progress = watch_downloads(leechers, sample, tracker.port)
        wait_until_complete([(leecher, sample) for leecher in leechers], timeout_s=0)
        show_downloads(all_progress, options.size)


def show_announces(tracker: Skepd, sample: Sample, seeder: Client) -> None:
    took = sorted(time_one_announce(tracker, sample, seeder) for _ in range(ANNOUNCES))
    median, late = statistics.median(took) * 1e6, took[len(took) * 99 // 100] * 1e6
    print(f"{ANNOUNCES} newcomers announced, and the first reply had the seeder: "
          f"after {median:.0f} µs (median), {late:.0f} µs (99 %)")


def time_one_announce(tracker: Skepd, sample: Sample, seeder: Client) -> float:
    newcomer = Peer(tracker.port, sample.info_hash)
    started = time.perf_counter()
    reply = newcomer.start()
    took = time.perf_counter() - started
    assert (seeder.address, seeder.port) in reply.peers
    newcomer.announce("stopped")
    return took


def watch_downloads(leechers: list[Client], sample: Sample, tracker_port: int) -> list[Progress]:
    deadline, heard = time.time() + DOWNLOAD_S, []
    with Handshakes() as handshakes:
        all_progress = [start_download(leecher, sample) for leecher in leechers]
        while not all(progress.complete for progress in all_progress) and time.time() < deadline:
            for progress in all_progress:
                look_at(progress, sample)
            heard += handshakes.heard()
            time.sleep(LOOK_EVERY_S)
    for progress in all_progress:
        add_handshakes(progress, heard, tracker_port)
    return all_progress


def start_download(leecher: Client, sample: Sample) -> Progress:
    progress = Progress(leecher, time.time())
    leecher.download(sample)
    return progress


def look_at(progress: Progress, sample: Sample) -> None:
    if not progress.complete and progress.leecher.received_bytes(sample):
        progress.has_bytes = progress.has_bytes or time.time()
        if progress.leecher.is_complete(sample):
            progress.complete = time.time()


def add_handshakes(progress: Progress, heard: list[Handshake], tracker_port: int) -> None:
    mine = [one for one in heard if progress.leecher.address in (one.address, one.to_address)]
    progress.announced = first(one.when for one in mine if one.to_port == tracker_port)
    progress.met_a_peer = first(one.when for one in mine if one.to_port != tracker_port)


def first(times: Iterable[float]) -> float:
    return min(times, default=0)


def show_downloads(all_progress: list[Progress], size_mib: int) -> None:
    heads = "add to announce", "announce to peer", "peer to bytes", "rate"
    print(f"{'leecher':14}" + "".join(f"{head:>18}" for head in heads))
    for progress in all_progress:
        steps = progress.added, progress.announced, progress.met_a_peer, progress.has_bytes
        waits = "".join(f"{later - earlier:>15.3f} s " if earlier and later else f"{'not seen':>18}"
                        for earlier, later in zip(steps, steps[1:]))
        print(f"{progress.leecher.name:14}{waits}{rate_of(progress, size_mib):>18}")


def rate_of(progress: Progress, size_mib: int) -> str:
    took = progress.complete - progress.has_bytes
    return f"{size_mib / took:.1f} MiB/s" if took > LOOK_EVERY_S else "not seen"


if __name__ == "__main__":
    main()
