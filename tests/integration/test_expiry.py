"""Silent peers expire after two of their intervals."""

import signal
import time

from support.announce import Peer, random_hash, scraped
from support.skepd import Skepd
from support.waiting import wait_until

CONFIG = """
announce = { interval_min_s = 1; interval_max_s = 1; peer_timeout_min_s = 0; };
store = { flush_interval_ms = 50; };
"""


def test_silent_peers_expire_and_announcing_ones_stay(daemon, torrent, peer):
    silent, seeder, talking = peer(), peer(left=0), peer(source="127.0.0.2")
    v6 = peer(source="::1")
    for one in (silent, seeder, talking, v6):
        assert one.start()["interval"] == 1
    started = time.monotonic()

    def alone():
        return talking.announce().counts == (0, 1, 0)

    wait_until(alone)
    assert time.monotonic() - started > 0.9, "expired too early, even in whole seconds"
    assert daemon.wait_for_log("expired", torrent.hex())
    silent.start()
    assert talking.announce().peers == [silent.endpoint]


def test_pause_of_the_process_expires_no_peer(torrent):
    """Longer than two intervals, as a paused container or a suspended machine."""
    config = CONFIG.replace("interval_min_s = 1; interval_max_s = 1;", "interval_min_s = 2; interval_max_s = 2;")
    with Skepd(config) as daemon:
        Peer(daemon.port, torrent).start()
        daemon.process.send_signal(signal.SIGSTOP)
        time.sleep(6)
        daemon.process.send_signal(signal.SIGCONT)
        daemon.wait_for_log("warning", "did not run for")
        assert scraped(daemon.port, torrent) == (0, 1, 0)
        wait_until(lambda: scraped(daemon.port, torrent) == (0, 0, 0), timeout=30)


def test_download_count_outlives_the_peers(daemon, torrent, leecher):
    leecher.complete()
    wait_until(lambda: scraped(daemon.port, torrent) == (0, 0, 1))


def test_expiry_makes_room_for_other_torrents():
    with Skepd(CONFIG + "limits = { torrents_max = 1; };") as daemon:
        assert Peer(daemon.port, random_hash()).start().failure is None
        newcomer = Peer(daemon.port, random_hash())
        assert newcomer.start().failure
        wait_until(lambda: newcomer.start().failure is None)


def test_restored_peers_get_an_interval_of_grace():
    torrent = random_hash()
    with Skepd(CONFIG.replace("_s = 1;", "_s = 2;")) as daemon:
        first, second = Peer(daemon.port, torrent, left=0), Peer(daemon.port, torrent)
        first.start()
        daemon.stop()
        time.sleep(4.5)
        daemon.start()
        assert second.start().peers == [first.endpoint]
        wait_until(lambda: second.announce().peers == [])
