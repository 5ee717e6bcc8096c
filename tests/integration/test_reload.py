"""SIGHUP applies a new configuration at runtime."""

import time

import pytest

from support.announce import connect, get, read_reply, scrape
from support.prometheus import read_metrics
from support.skepd import Skepd
from support.waiting import wait_until


def intervals(low, high, more=""):
    return f"announce = {{ interval_min_s = {low}; interval_max_s = {high}; }}; {more}"


@pytest.fixture
def daemon():
    with Skepd(intervals(300, 300)) as daemon:
        yield daemon


def test_reload_applies_a_changed_interval(daemon, leecher):
    assert leecher.start()["interval"] == 300
    daemon.reload(intervals(700, 700))
    wait_until(lambda: leecher.announce()["interval"] == 700)
    assert leecher.announce()["min interval"] == 350


def test_reload_keeps_the_peers(daemon, peer, leecher):
    leecher.start()
    daemon.reload(intervals(700, 700))
    wait_until(lambda: leecher.announce()["interval"] == 700)
    assert peer().start().peers == [leecher.endpoint]


def test_reload_keeps_open_connections(daemon, leecher):
    with connect(daemon.port) as sock:
        for seconds in (300, 700):
            daemon.reload(intervals(seconds, seconds))
            wait_until(lambda: leecher.announce()["interval"] == seconds)
            sock.sendall(f"GET {leecher.target()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert read_reply(sock)["interval"] == seconds


@pytest.mark.parametrize("broken, word", [
    ("announce = { interval_min_s = ", "skepd.conf:1"),
    (intervals(700, 700) + "\nannounse = 1;", "skepd.conf:2"),
    (intervals(700, 70), "interval_max_s"),
    (intervals(700, 700) + '\nnetwork = { lan = ["10.0.0.0/99"]; };', "skepd.conf:2")])
def test_broken_config_is_reported_and_the_old_one_kept(daemon, leecher, broken, word):
    daemon.reload(broken)
    daemon.wait_for_log("error", word)
    assert leecher.start()["interval"] == 300
    daemon.reload(intervals(800, 800))
    wait_until(lambda: leecher.announce()["interval"] == 800)


def test_reload_without_the_file_is_reported(daemon, leecher):
    daemon.config_file.unlink()
    daemon.reload()
    daemon.wait_for_log("error", "skepd.conf")
    assert leecher.start()["interval"] == 300


def test_reload_switches_the_full_scrape(daemon, torrent, leecher):
    leecher.start()
    assert scrape(daemon.port).failure
    daemon.reload("http = { full_scrape = true; };")
    wait_until(lambda: "files" in scrape(daemon.port))
    daemon.reload("http = { full_scrape = false; };")
    wait_until(lambda: "files" not in scrape(daemon.port))


def test_reload_is_logged_with_what_requires_a_restart(daemon):
    daemon.reload(intervals(300, 300))
    assert daemon.wait_for_log("configuration reloaded").endswith("configuration reloaded")
    daemon.reload(intervals(300, 300, "http = { idle_timeout_s = 77; scrape_max = 7; };"))
    daemon.wait_for_log("configuration reloaded (restart required for http.idle_timeout_s)")


def test_metrics_show_the_value_in_effect_until_the_restart(daemon):
    before = read_metrics(daemon)("skep_limit", resource="http_connections")
    daemon.reload(intervals(300, 300, "http = { connections_max = 77; connections_per_address_max = 7; };"))
    daemon.wait_for_log("restart required for http.connections_max")
    assert read_metrics(daemon)("skep_limit", resource="http_connections") == before != 77
    assert read_metrics(daemon)("skep_limit", resource="http_address_connections") == 7
    daemon.restart()
    assert read_metrics(daemon)("skep_limit", resource="http_connections") == 77


def test_command_line_still_overrides_after_a_reload(daemon, leecher):
    daemon.reload(intervals(700, 700, "http = { port = 1; };"))
    wait_until(lambda: leecher.start()["interval"] == 700)
    daemon.restart()
    assert leecher.start().failure is None


def test_reload_without_a_config_does_no_harm(torrent):
    with Skepd() as daemon:
        daemon.reload()
        time.sleep(0.1)
        assert get(daemon.port, "/announce").status == 200


def test_reload_again_and_again_under_load(daemon, peer):
    for number in range(60):
        daemon.reload(intervals(300 + number % 2 * 100, 400))
        assert peer().start(numwant=1).failure is None
