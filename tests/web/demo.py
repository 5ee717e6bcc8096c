#!/usr/bin/python3
"""Fills a tracker with demo data: registers torrents and simulates clients that join, download,
complete and leave, from many loopback addresses.

    demo.py past DATABASE          write a month of history into the database of a stopped tracker
    demo.py live PORT [SECONDS]    register and announce, print "ready", simulate for SECONDS
"""

import contextlib
import hashlib
import json
import math
import pathlib
import random
import socket
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.announce import Peer  # noqa: E402
from support.database import add_torrents, opened, wire  # noqa: E402

GIB = 1 << 30
PIECE = 1 << 24
# Name, size in GiB, seeders, leechers. A name that starts with "?" is not registered.
TORRENTS = [
    ("debian-12.9.0-amd64-DVD-1.iso", 3.7, 9, 6), ("ubuntu-24.04.2-desktop-amd64.iso", 5.9, 7, 8),
    ("archlinux-2026.11.01-x86_64.iso", 1.1, 5, 2), ("Big Buck Bunny (2008) 4K", 0.9, 1, 5),
    ("Sintel: Durian Open Movie 2160p", 6.1, 4, 3), ("Cosmos Laundromat", 2.2, 3, 1),
    ("LibreOffice 25.8 for all platforms", 1.6, 6, 2), ("Project Gutenberg, July 2026 snapshot", 71.4, 2, 4),
    ("OpenStreetMap planet-261117.osm.pbf", 79.3, 3, 7), ("Blender 4.5 demo files", 4.4, 2, 0),
    ("fedora-workstation-43.iso", 2.4, 4, 2), ("Wikipedia en 2026-10 (Kiwix)", 102.3, 3, 6),
    ("Summer holidays 2026 (photos)", 12.8, 0, 3), ("Team offsite recordings", 8.2, 1, 4),
    ("<b>Lecture notes</b> & \"slides\"", 0.4, 2, 1), ("Linux Mint 22.3 Cinnamon", 2.9, 5, 1),
    ("NixOS 26.05 minimal", 1.2, 0, 0), ("Tears of Steel (all masters)", 23.5, 2, 2),
    ("FreeBSD-14.3-RELEASE-amd64-dvd1.iso", 4.6, 4, 0), ("?unnamed", 3.3, 1, 2),
]
CLIENTS = [b"-qB4520-", b"-qB5030-", b"-TR4060-", b"-DE2110-", b"A2-1-36-0-", b"-lt0D80-", b"-BI3600-", b"-WD0024-"]
ADDRESSES = [f"127.0.0.{10 + 3 * number}" for number in range(18)]
UNREACHABLE = set(ADDRESSES[::5])
STALLED = "Big Buck Bunny (2008) 4K"  # its only seeder is unreachable
PERIODS = ((10, 360), (120, 720), (3600, 720))
MONTH_S = 30 * 86400


def info_dictionary(name, size):
    """Depends only on name and size, so that `past` and `live` use the same info_hash."""
    def text(value):
        raw = value.encode()
        return b"%d:%s" % (len(raw), raw)
    count = -(-size // PIECE)
    pieces = b"%d:" % (20 * count) + random.Random(name).randbytes(20 * count)
    return b"d6:lengthi%de4:name%s12:piece lengthi%de6:pieces%se" % (size, text(name), PIECE, pieces)


def info_hash(name, gib):
    return hashlib.sha1(info_dictionary(name, int(gib * GIB))).digest()


class Client(Peer):
    """A peer with a transfer speed and the time of its last announce."""

    def __init__(self, port, torrent, size, address, left):
        client = random.choice(CLIENTS)
        super().__init__(port, torrent, left, address, peer_id=client + random.randbytes(20 - len(client)))
        self.uploaded, self.downloaded = random.randrange(9 * GIB), size - left
        self.speed = random.uniform(0.2, 5) * (1 << 20)
        self.announced = time.monotonic()
        self.report("started")

    def report(self, event=None):
        self.announce(event, uploaded=self.uploaded, downloaded=self.downloaded)

    def transfer(self):
        """Transfers data for the time since the last announce, and announces."""
        passed, self.announced = time.monotonic() - self.announced, time.monotonic()
        moved = int(self.speed * passed * random.uniform(0.7, 1.3))
        received = min(moved, self.left)
        self.uploaded += moved // 5 if self.left else moved
        self.downloaded += received
        self.left -= received
        self.report("completed" if received and self.left == 0 else None)

    def finish(self):
        """Completes the download at once."""
        self.left = 0
        self.report("completed")


class Swarm:
    def __init__(self, port, listeners, name, gib, seeders, leechers):
        self.port, self.listeners, self.size, self.name = port, listeners, int(gib * GIB), name
        info = info_dictionary(name, self.size)
        self.info_hash = hashlib.sha1(info).digest()
        if not name.startswith("?"):
            self.register(info)
        self.clients = []
        for number in range(seeders + leechers):
            self.add(0 if number < seeders else int(self.size * random.random() ** 1.5))

    def register(self, info):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1/torrents", b"d4:info%se" % info,
                                         {"Content-Type": "application/x-bittorrent"})
        try:
            urllib.request.urlopen(request).close()
        except urllib.error.HTTPError as error:
            if error.code != 409:  # already registered
                raise

    def add(self, left):
        """Adds a client from an address not yet in the swarm. Unreachable addresses do not listen."""
        used = {client.source for client in self.clients}
        candidates = UNREACHABLE if self.name == STALLED and left == 0 else ADDRESSES
        free = [address for address in candidates if address not in used]
        if not free:
            return
        client = Client(self.port, self.info_hash, self.size, random.choice(free), left)
        if client.source not in UNREACHABLE:
            with contextlib.suppress(OSError):
                self.listeners.append(socket.create_server((client.source, client.port)))
        self.clients.append(client)

    def step(self):
        """Simulates one step: some clients transfer data, and a client may complete, join or leave."""
        for client in random.sample(self.clients, min(4, len(self.clients))):
            client.transfer()
        leechers = [client for client in self.clients if client.left]
        chance = random.random()
        if chance < 0.2 and self.name != STALLED and leechers and len(leechers) < len(self.clients):
            random.choice(leechers).finish()
        elif chance < 0.4 and self.name != STALLED:
            self.add(int(self.size * random.random()))
        elif chance < 0.5 and len(self.clients) > 5:
            self.clients.pop(random.randrange(1, len(self.clients))).report("stopped")


def post(port, path, **body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with contextlib.suppress(urllib.error.HTTPError):  # exists already
        urllib.request.urlopen(request).close()


def live(port, seconds):
    random.seed(7)
    for label in ("Anna's laptop", "Office seedbox", "Reading room"):
        post(port, "passkeys", label=label)
    post(port, "bans", network="203.0.113.0/24", reason="Announces every second", for_s=7 * 86400)
    post(port, "bans", network="198.51.100.23", reason="Reports false upload totals")
    listeners = []
    swarms = [Swarm(port, listeners, *torrent) for torrent in TORRENTS]
    time.sleep(1.1)  # rates need a second between two announces
    for swarm in swarms:
        for client in swarm.clients:
            client.transfer()
    for swarm in swarms:
        swarm.step()
    print("ready", flush=True)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.4)
        random.choice(swarms).step()


def past(database):
    """Writes a month of growing use with daily and weekly cycles, and completions."""
    random.seed(8)
    now = int(time.time())
    with opened(database) as db:
        db.execute("BEGIN")
        for period, count in PERIODS:
            for step in range(count, 0, -1):
                at = (now // period - step) * period
                db.execute("INSERT INTO sample VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?)", (period, at, *totals_at(at, now)))
        for torrent in TORRENTS:
            torrent_past(db, now, *torrent)
        db.execute("COMMIT")


def tide(at):
    """More peers in the daytime and at weekends."""
    day = at / 86400 * 2 * math.pi
    return 1 + 0.22 * math.sin(day - 2) + 0.1 * math.sin(day / 7) + 0.05 * math.sin(day * 5.3) + 0.02 * math.sin(day * 31)


def totals_at(at, now):
    growth = 1 - 0.55 * (now - at) / MONTH_S
    seeders, leechers = 70 * growth * tide(at), 52 * growth * tide(at + 9000) ** 1.5
    torrents = math.ceil(20 * (growth + 0.05))
    return (torrents, seeders + leechers, seeders, leechers, (seeders + leechers) / 14, leechers * 2.6e6,
            leechers * 2.4e6)


def torrent_past(db, now, name, gib, seeders, leechers):
    torrent, shift = info_hash(name, gib), random.randrange(86400)
    completed = random.randrange(4, 90) if seeders else 0
    add_torrents(db, [(torrent, completed)])
    for period, count in PERIODS[1:]:
        for step in range(count, 0, -1):
            at = (now // period - step) * period
            some = round(seeders * tide(at + shift)), round(leechers * tide(at + 2 * shift) ** 2)
            db.execute("INSERT INTO torrent_sample VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?)",
                       (period, at, torrent, *some, completed, int(some[1] * 2.6e6), int(some[1] * 2.4e6)))
    for when in sorted(now - random.randrange(600, 200000) for _ in range(min(completed, 12))):
        client = random.choice(CLIENTS)
        db.execute("INSERT INTO completion (at_s, info_hash, peer_id, endpoint) VALUES (?, ?, ?, ?)",
                   (when, torrent, client + bytes(20 - len(client)), wire(random.choice(ADDRESSES), 20000)))


if __name__ == "__main__":
    if sys.argv[1] == "past":
        past(sys.argv[2])
    else:
        live(int(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0)
