"""A flood of changes for one torrent: the feed of its shard is full again and again, and all other
torrents are stored in time."""

import secrets
import struct
import threading
import time

from support.announce import Peer, get, random_hash, scraped
from support.database import rows, stored_peers, wire
from support.skepd import Skepd
from support.udp import ANNOUNCE, COMPLETED, STOPPED, UdpClient
from support.waiting import wait_until

# Many addresses could send as much within the limits of each.
CONFIG = """
log_level = "warning";
announce = { interval_min_s = 3600; interval_max_s = 3600; };
store = { feed_capacity = 256; };
limits = { loopback = true; address_requests_per_s = 0; address_peers_max = 0;
           address_torrent_peers_max = 0; };
"""
CROWD, HONEST = 200, 20
AT_ONCE = 50


def figure(daemon, name):
    lines = get(daemon.port, "/metrics").body.decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name + " "))


class Flood:
    """Completes and leaves, each time as another client, until it is stopped."""

    def __init__(self, port, torrent):
        self.client = UdpClient(port, source="127.0.0.9")
        self.torrent, self.ended = torrent, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.client.connect()
        self.client.sock.settimeout(0.2)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.client.sock.close()

    def send(self, event, port, peer_id):
        self.client.sock.send(struct.pack(
            ">QII20s20sQQQI4sIiH", self.client.id, ANNOUNCE, 1, self.torrent, peer_id, 0, 0, 0,
            event, bytes(4), 1, 0, port))

    def run(self):
        port = 0
        while not self.ended.is_set():
            try:
                for port in range(port, port + AT_ONCE):
                    peer_id = secrets.token_bytes(20)
                    self.send(COMPLETED, 30000 + port % 10000, peer_id)
                    self.send(STOPPED, 30000 + port % 10000, peer_id)
                for _ in range(2 * AT_ONCE):
                    self.client.sock.recv(4096)
            except (TimeoutError, ConnectionRefusedError):
                continue


def places(peers):
    return {(peer.info_hash, wire(*peer.endpoint)) for peer in peers}


def join(daemon, torrents):
    peers = [Peer(daemon.port, torrent) for torrent in torrents]
    for peer in peers:
        assert peer.start(numwant=0).failure is None
    return peers


def test_flood_for_one_torrent_costs_no_other_torrent():
    torrents = [random_hash() for _ in range(10)]
    with Skepd(CONFIG, udp=True) as daemon:
        crowd = join(daemon, torrents * (CROWD // 10))
        with Flood(daemon.port, torrents[0]):
            daemon.wait_for_log("store: change feed overflow: rewriting torrent", torrents[0].hex())
            honest = join(daemon, [random_hash() for _ in range(HONEST)])
            for peer in honest:
                assert peer.complete(numwant=0).failure is None
            overflows = figure(daemon, "skep_feed_overflows_total")
            wait_until(lambda: figure(daemon, "skep_feed_overflows_total") > overflows + 2)
            wait_until(lambda: places(honest + crowd) <= stored_peers(daemon.database))
            assert figure(daemon, "skep_store_rewrites_total") == 0
            assert figure(daemon, "skep_store_failures_total") == 0
            daemon.kill()
        daemon.start()
        assert all(scraped(daemon.port, peer.info_hash) == (1, 0, 1) for peer in honest)
        assert all(scraped(daemon.port, torrent)[1] == CROWD // 10 for torrent in torrents)
        hashes = {info_hash for info_hash, in rows(daemon.database, "SELECT info_hash FROM completion")}
        assert {peer.info_hash for peer in honest} <= hashes
        assert "write failed" not in daemon.log()


def test_peers_that_leave_during_a_flood_stay_away_after_a_restart():
    torrent = random_hash()
    with Skepd(CONFIG, udp=True) as daemon:
        crowd = join(daemon, [torrent] * CROWD)
        with Flood(daemon.port, torrent):
            daemon.wait_for_log("store: change feed overflow: rewriting torrent", torrent.hex())
            for peer in crowd[::2]:
                peer.stop()
                time.sleep(0.01)
        left, stayed = places(crowd[::2]), places(crowd[1::2])
        wait_until(lambda: not left & stored_peers(daemon.database)
                   and stayed <= stored_peers(daemon.database))
        daemon.restart()
        assert scraped(daemon.port, torrent)[1] == CROWD // 2
