"""The log at the default level."""

import time

import pytest

from support.announce import Peer, random_hash
from support.skepd import Skepd

CONFIG = "announce = { interval_min_s = 1; interval_max_s = 1; peer_timeout_min_s = 0; };"


@pytest.fixture
def peer(peer):
    return lambda **traits: peer(peer_id=b"-qB4520-abcdefghijkl", **traits)


def assert_logged(daemon, word, peer):
    address = f"[{peer.source}]:{peer.port}" if ":" in peer.source else f"{peer.source}:{peer.port}"
    return daemon.wait_for_log(word, "qBittorrent 4.5.2", address, peer.info_hash.hex())


def test_peer_that_joins_completes_and_leaves_is_logged(daemon, leecher):
    leecher.start()
    assert_logged(daemon, "joined", leecher)
    leecher.complete()
    assert_logged(daemon, "completed", leecher)
    leecher.stop()
    assert_logged(daemon, "left", leecher)


def test_peer_that_expires_is_logged(daemon, leecher):
    leecher.start()
    assert_logged(daemon, "joined", leecher)
    assert daemon.wait_for_log("expired", "qBittorrent 4.5.2", f"127.0.0.1:{leecher.port}",
                               leecher.info_hash.hex())


def test_v6_peer_is_logged_with_its_address(daemon, peer):
    v6 = peer(source="::1")
    v6.start()
    assert_logged(daemon, "joined", v6)


def test_event_is_logged_once(daemon, leecher):
    for _ in range(3):
        leecher.start()
    leecher.stop()
    assert_logged(daemon, "left", leecher)
    lines = [line for line in daemon.log().splitlines() if leecher.info_hash.hex() in line]
    assert len(lines) == 2, lines


def test_client_cannot_write_lines_of_its_own_into_the_log(daemon, torrent):
    evil = Peer(daemon.port, torrent, peer_id=b"-X\n\r\x1b[31m-evils\0\xff\x80yz")
    evil.start()
    line = daemon.wait_for_log("joined", torrent.hex())
    assert line.isascii() and line.isprintable()
    assert "\x1b" not in daemon.log() and "\0" not in daemon.log()


def test_start_logs_the_announce_urls(daemon):
    line = daemon.wait_for_log(f"http://127.0.0.1:{daemon.port}/announce")
    assert line
    assert f"http://[::1]:{daemon.port}/announce" in daemon.log()


def test_start_logs_only_urls_on_which_it_listens():
    with Skepd('http = { listen = ["127.0.0.1"]; };') as daemon:
        daemon.wait_for_log(f"http://127.0.0.1:{daemon.port}/announce")
        assert "[::" not in daemon.log()


def test_warnings_only_at_the_level_of_warnings():
    with Skepd(args=["--log-level", "warning"]) as daemon:
        Peer(daemon.port, random_hash()).start()
        daemon.stop()
        assert daemon.log() == ""


def test_flood_of_peers_is_summed_up():
    with Skepd("log_events_per_s = 5;") as daemon:
        torrent = random_hash()
        started = time.monotonic()
        for port in range(3000, 3200):
            Peer(daemon.port, torrent, port=port).start(numwant=0)
        time.sleep(1.1)
        Peer(daemon.port, torrent).start()
        daemon.wait_for_log("events suppressed", "log_events_per_s")
        assert daemon.log().count(torrent.hex()) <= 5 * (time.monotonic() - started + 2)
