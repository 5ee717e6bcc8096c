"""Steps of the wall clock, for example after the first NTP synchronisation: no peer expires or is
kept because of one."""

import os
import pathlib
import time

import pytest

from support.announce import Peer, random_hash, scraped
from support.database import peer_count, rows
from support.skepd import Skepd
from support.udp import UdpClient
from support.waiting import wait_until

LIBRARIES = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
FAST = """
announce = { interval_min_s = 3; interval_max_s = 3; peer_timeout_min_s = 0; };
store = { flush_interval_ms = 100; };
"""
STEPS = ["+10y", "-10y", "+0"]
WARP_S = 0.25
SAMPLED_S = 1.2  # a period of the history lasts a second at least


@pytest.fixture
def clock(tmp_path):
    """Has the offset of the daemon's wall clock against the machine's; see set_clock."""
    offset = tmp_path / "clock"
    offset.write_text("+0")
    return offset


@pytest.fixture
def daemon(clock):
    if not LIBRARIES:
        pytest.skip("libfaketime is not installed")
    if "build/skepd" not in os.environ.get("SKEPD", "build/skepd"):
        pytest.skip("libfaketime and the sanitizers do not go together")
    environment = {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME_TIMESTAMP_FILE": str(clock),
                   "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}
    with Skepd(FAST, udp=True, environment=environment) as daemon:
        yield daemon


def set_clock(clock, step):
    """In one step: newer versions of libfaketime end the process if the file is empty."""
    new = clock.with_suffix(".new")
    new.write_text(step)
    new.replace(clock)


def assert_stepped(daemon, torrent, step):
    """The log shows the daemon's clock."""
    year = time.gmtime().tm_year + int(step.strip("y"))
    assert abs(int(daemon.wait_for_log("joined", torrent.hex())[:4]) - year) <= 1


def test_steps_of_the_clock_expire_no_peer(daemon, clock):
    udp = UdpClient(daemon.port)
    wait_until(udp.connect)
    for step in STEPS:
        set_clock(clock, step)
        one = Peer(daemon.port, random_hash())
        assert one.start()["interval"] == 3
        assert_stepped(daemon, one.info_hash, step)
        time.sleep(WARP_S)
        assert scraped(daemon.port, one.info_hash) == (0, 1, 0)
        assert udp.scrape(one.info_hash) == [(0, 0, 1)], "the connection id holds"


def test_clock_that_stepped_back_keeps_no_expired_peer(daemon, clock, torrent, peer):
    peer().start()
    set_clock(clock, "-10y")
    wait_until(lambda: scraped(daemon.port, torrent) == (0, 0, 0))


def test_database_is_written_after_clock_steps(daemon, clock, torrent, peer):
    for step in STEPS:
        set_clock(clock, step)
        peer().start()
        wait_until(lambda: peer_count(daemon.database) == 1 + STEPS.index(step))
        daemon.kill()
        daemon.start()
        assert scraped(daemon.port, torrent)[1] == 1 + STEPS.index(step)


def sampled(daemon):
    """Number of samples of the tracker and of torrents."""
    return tuple(rows(daemon.database, f"SELECT coalesce(sum(samples), 0) FROM {table}"
                                       f" WHERE period_s = {period_s}")[0][0]
                 for table, period_s in (("sample", 10), ("torrent_sample", 120)))


def test_history_continues_after_clock_steps(daemon, clock, peer):
    for count, step in enumerate(["+3m", "-10y", "+0"], 1):
        time.sleep(SAMPLED_S)
        # A period that has just begun is too short for a sample; each step is of whole periods.
        wait_until(lambda: SAMPLED_S < time.time() % 10 < 8)
        peer().start()
        set_clock(clock, step)
        wait_until(lambda: sampled(daemon)[1] == count)
        assert sampled(daemon)[0] >= count
