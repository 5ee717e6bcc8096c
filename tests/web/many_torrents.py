#!/usr/bin/python3
"""Creates a database with 100,000 registered torrents. Every 20th has a peer.

    many_torrents.py DATABASE
"""

import hashlib
import pathlib
import secrets
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.database import add_peers, add_torrents, create, opened, wire  # noqa: E402

TORRENTS = 100_000
EACH_WITH_PEERS = 20
WORDS = "amber barley clover dahlia elder fennel ginger hazel iris juniper".split()


def info_hash(number):
    return hashlib.sha1(b"torrent %d" % number).digest()


def name(number):
    return f"{WORDS[number % 10]} {WORDS[number // 10 % 10]} archive, volume {number:06}"


def main(file):
    create(file)
    now = int(time.time())
    with opened(file) as db:
        db.execute("BEGIN")
        add_torrents(db, ((info_hash(number), number % 50) for number in range(TORRENTS)))
        db.executemany("INSERT INTO listed (info_hash, name, added_s, size) VALUES (?, ?, ?, ?)",
                       ((info_hash(number), name(number), now, 1000 * number) for number in range(TORRENTS)))
        add_peers(db, peers())
        db.execute("COMMIT")


def peers():
    for number in range(0, TORRENTS, EACH_WITH_PEERS):
        yield (info_hash(number), wire("127.0.3.1", 1000 + number // EACH_WITH_PEERS),
               b"-qB4520-" + secrets.token_bytes(12), number % 2)


if __name__ == "__main__":
    main(sys.argv[1])
