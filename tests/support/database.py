"""Reads the tracker's database, and creates databases without the tracker."""

import contextlib
import os
import pathlib
import secrets
import socket
import sqlite3
import struct
import typing

from support.announce import Peer, random_hash
from support.waiting import WAIT_S, wait_until

APPLICATION_ID = 0x736B6570

# The schema of version 1. Do not change it.
VERSION_1 = """
CREATE TABLE torrent (info_hash BLOB PRIMARY KEY, downloaded INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE peer (info_hash BLOB NOT NULL, endpoint BLOB NOT NULL, peer_id BLOB NOT NULL,
  key INTEGER NOT NULL, left INTEGER NOT NULL, paused INTEGER NOT NULL, counted INTEGER NOT NULL,
  PRIMARY KEY (info_hash, endpoint)) WITHOUT ROWID;
"""
VERSION_2 = VERSION_1 + """
CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""
VERSION_3 = VERSION_2 + """
CREATE TABLE listed (info_hash BLOB PRIMARY KEY, name TEXT NOT NULL, added_s INTEGER NOT NULL)
  WITHOUT ROWID;
CREATE TABLE passkey (digest BLOB PRIMARY KEY, label TEXT NOT NULL UNIQUE,
  created_s INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE ban (network TEXT PRIMARY KEY, reason TEXT NOT NULL, until_s INTEGER NOT NULL,
  created_s INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE registry_version (version INTEGER NOT NULL);
INSERT INTO registry_version VALUES (1);
""" + "".join(f"CREATE TRIGGER {table}_{event} AFTER {event} ON {table}"
              " BEGIN UPDATE registry_version SET version = version + 1; END;\n"
              for table in ("listed", "passkey", "ban") for event in ("INSERT", "UPDATE", "DELETE"))
VERSION_4 = VERSION_3 + """
ALTER TABLE torrent ADD COLUMN idle_since_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peer ADD COLUMN interval_s INTEGER NOT NULL DEFAULT 0;
"""
VERSION_5 = VERSION_4 + """
CREATE TABLE sample (period_s INTEGER NOT NULL, at_s INTEGER NOT NULL, samples INTEGER NOT NULL,
  torrents REAL NOT NULL, peers REAL NOT NULL, seeders REAL NOT NULL, leechers REAL NOT NULL,
  announces_per_s REAL NOT NULL, upload_rate REAL NOT NULL, download_rate REAL NOT NULL,
  PRIMARY KEY (period_s, at_s)) WITHOUT ROWID;
CREATE TABLE torrent_sample (period_s INTEGER NOT NULL, at_s INTEGER NOT NULL,
  info_hash BLOB NOT NULL, samples INTEGER NOT NULL, seeders INTEGER NOT NULL,
  leechers INTEGER NOT NULL, downloaded INTEGER NOT NULL, upload_rate INTEGER NOT NULL,
  download_rate INTEGER NOT NULL, PRIMARY KEY (period_s, at_s, info_hash)) WITHOUT ROWID;
CREATE TABLE completion (id INTEGER PRIMARY KEY, at_s INTEGER NOT NULL, info_hash BLOB NOT NULL,
  peer_id BLOB NOT NULL, endpoint BLOB NOT NULL);
CREATE INDEX completion_torrent ON completion (info_hash);
CREATE TABLE torrent_file (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE,
  content BLOB NOT NULL);
ALTER TABLE listed ADD COLUMN size INTEGER;
ALTER TABLE listed ADD COLUMN file_id INTEGER;
CREATE INDEX listed_file ON listed (file_id);
ALTER TABLE peer ADD COLUMN since_s INTEGER NOT NULL DEFAULT 0;
""" + "".join(f"CREATE TRIGGER torrent_file_{event} AFTER {event} ON torrent_file"
              " BEGIN UPDATE registry_version SET version = version + 1; END;\n"
              for event in ("INSERT", "UPDATE", "DELETE")
              ) + "".join(f"""CREATE TRIGGER listed_file_{event.split()[0]} AFTER {event} ON listed
  WHEN OLD.file_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM listed WHERE file_id = OLD.file_id)
  BEGIN DELETE FROM torrent_file WHERE id = OLD.file_id; END;
""" for event in ("DELETE", "UPDATE OF file_id"))
VERSION_6 = VERSION_5 + """
CREATE TABLE blocked (info_hash BLOB PRIMARY KEY, reason TEXT NOT NULL, created_s INTEGER NOT NULL)
  WITHOUT ROWID;
ALTER TABLE peer ADD COLUMN passkey INTEGER NOT NULL DEFAULT 0;
""" + "".join(f"CREATE TRIGGER blocked_{event} AFTER {event} ON blocked"
              " BEGIN UPDATE registry_version SET version = version + 1; END;\n"
              for event in ("INSERT", "UPDATE", "DELETE"))
VERSION_7 = VERSION_6 + """
CREATE TABLE machine (address TEXT PRIMARY KEY, name TEXT NOT NULL, created_s INTEGER NOT NULL)
  WITHOUT ROWID;
""" + "".join(f"CREATE TRIGGER machine_{event} AFTER {event} ON machine"
              " BEGIN UPDATE registry_version SET version = version + 1; END;\n"
              for event in ("INSERT", "UPDATE", "DELETE"))
VERSION_8 = VERSION_7 + """
CREATE TABLE swarm_log (id INTEGER PRIMARY KEY, changes BLOB NOT NULL);
"""
VERSION_9 = VERSION_8 + """
ALTER TABLE listed ADD COLUMN privacy INTEGER;
"""
VERSION_10 = VERSION_9.replace("label TEXT NOT NULL UNIQUE", "label TEXT NOT NULL") + """
CREATE TABLE registry_mark (kind INTEGER NOT NULL, key NOT NULL, stamp INTEGER NOT NULL,
  restriction INTEGER NOT NULL, restricts INTEGER NOT NULL, removed INTEGER NOT NULL,
  aside INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE INDEX passkey_label ON passkey (label);
ALTER TABLE listed ADD COLUMN file_node INTEGER;
""" + "".join(f"CREATE TRIGGER {table}_mark_{event} AFTER {event} ON {table} BEGIN"
              " UPDATE registry_mark SET stamp = 0, restriction = iif(restricts AND stamp, stamp, restriction)"
              f" WHERE kind = {kind} AND key = {'OLD' if event == 'DELETE' else 'NEW'}.{column}; END;\n"
              for kind, table, column in ((0, "listed", "info_hash"), (1, "blocked", "info_hash"),
                                          (2, "passkey", "digest"), (3, "ban", "network"),
                                          (4, "machine", "address"))
              for event in ("INSERT", "UPDATE", "DELETE"))
VERSION_11 = VERSION_10 + """
CREATE TABLE cluster_counter (info_hash BLOB NOT NULL, node INTEGER NOT NULL, counted INTEGER NOT NULL,
  taken_back INTEGER NOT NULL, PRIMARY KEY (info_hash, node)) WITHOUT ROWID;
CREATE TABLE cluster_completion (stamp INTEGER NOT NULL, identity INTEGER NOT NULL, info_hash BLOB NOT NULL,
  PRIMARY KEY (stamp, identity)) WITHOUT ROWID;
"""
VERSION_12 = VERSION_11.replace(VERSION_11[VERSION_11.index("CREATE TABLE cluster_completion"):], """
CREATE TABLE cluster_log (id INTEGER PRIMARY KEY, counters BLOB NOT NULL);
CREATE TABLE cluster_completion (id INTEGER PRIMARY KEY, completions BLOB NOT NULL);
""")
VERSION_13 = VERSION_12 + """
CREATE TABLE swarm (id INTEGER PRIMARY KEY, first BLOB NOT NULL UNIQUE, entries BLOB NOT NULL);
DROP TABLE torrent;
DROP TABLE peer;
"""
SCHEMAS = {1: VERSION_1, 2: VERSION_2, 3: VERSION_3, 4: VERSION_4, 5: VERSION_5, 6: VERSION_6,
           7: VERSION_7, 8: VERSION_8, 9: VERSION_9, 10: VERSION_10, 11: VERSION_11, 12: VERSION_12,
           13: VERSION_13}
NEWEST = max(SCHEMAS)
PACKED = 13  # since this version, torrents and peers are packed


@contextlib.contextmanager
def opened(file):
    with contextlib.closing(sqlite3.connect(file, isolation_level=None, timeout=WAIT_S)) as db:
        yield db


def sql(file, *statements):
    """Runs the statements and returns the first row of the last one."""
    with opened(file) as db:
        return [db.execute(statement).fetchone() for statement in statements][-1]


def connect(file):
    """Never creates the file."""
    uri = f"file:{pathlib.Path(file).resolve()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=WAIT_S, isolation_level=None)


def rows(file, query):
    with contextlib.closing(connect(file)) as db:
        return db.execute(query).fetchall()


def wire(address, port):
    """An endpoint as stored in the database."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_pton(family, address) + port.to_bytes(2, "big")


def pack_torrent(info_hash, downloaded):
    """As `src/store/packed_change.h` describes it."""
    return struct.pack(">B20sII", 3, info_hash, downloaded, 0)


def pack_peer(info_hash, endpoint, peer_id, left=0):
    head = 1 | (8 if len(endpoint) == 18 else 0) | (16 if left == 0 else 0) | 64
    return (bytes([head]) + info_hash + endpoint + struct.pack(">20sIHI", peer_id, 7, 0, 0)
            + (struct.pack(">q", left) if left else b""))


def _add_rows(db, rows):
    db.executemany("INSERT INTO swarm (first, entries) VALUES (?, ?)", rows)


def add_torrents(db, torrents):
    """Adds (info_hash, downloaded), a row for each."""
    _add_rows(db, ((info_hash, pack_torrent(info_hash, downloaded)) for info_hash, downloaded in torrents
                   if downloaded))


def add_peers(db, peers):
    """Adds (info_hash, endpoint, peer_id, left), a row for each."""
    _add_rows(db, ((peer[0] + peer[1], pack_peer(*peer)) for peer in peers))


class StoredPeer(typing.NamedTuple):
    peer_id: bytes
    key: int
    left: int
    paused: int
    counted: int
    interval_s: int
    since_s: int
    passkey: int


class StoredSwarms:
    """What a restart would restore: the rows of peers and torrents, and the log after them.
    `src/store/packed_change.h` describes both."""

    def __init__(self, file):
        with contextlib.closing(connect(file)) as db:
            db.execute("BEGIN")
            self.peers, self.counts = {}, {}
            for packed, in db.execute("SELECT entries FROM swarm ORDER BY first").fetchall() + db.execute(
                    "SELECT changes FROM swarm_log ORDER BY id").fetchall():
                while packed:
                    packed = self._apply(packed)

    def _apply(self, changes):
        """Applies the first change and returns the others."""
        head, info_hash, rest = changes[0], changes[1:21], changes[21:]
        kind, size = head & 7, 18 if head & 8 else 6
        if kind == 1:
            place, rest = (info_hash, rest[:size]), rest[size:]
            peer_id, key, interval_s, since_s = struct.unpack_from(">20sIHI", rest)
            left, rest = (0, rest[30:]) if head & 16 else take_i64(rest[30:])
            passkey, rest = take_i64(rest) if head & 128 else (0, rest)
            self.peers[place] = StoredPeer(peer_id, key, left, head >> 5 & 1, head >> 6 & 1, interval_s,
                                           since_s, passkey)
        elif kind == 2:
            self.peers.pop((info_hash, rest[:size]), None)
            rest = rest[size:]
        elif kind == 3:
            self.counts[info_hash], = struct.unpack_from(">I", rest)
            rest = rest[8:]
        else:
            assert kind in (4, 5)
            self.counts.pop(info_hash, None)
            if kind == 5:
                self.peers = {place: peer for place, peer in self.peers.items() if place[0] != info_hash}
        return rest


def take_i64(data):
    return struct.unpack_from(">q", data)[0], data[8:]


def stored_peers(file):
    """{(info_hash, endpoint)} of every peer in the database."""
    return set(StoredSwarms(file).peers)


def peer_count(file):
    """None if the file cannot be read yet, for example while it is created."""
    try:
        return len(stored_peers(file))
    except sqlite3.Error:
        return None


def stored_counts(file):
    """{info_hash: downloaded}"""
    return StoredSwarms(file).counts


def wait_until_stored(daemon):
    """Waits until all announces answered before are in the database. Changes are stored in order, so it
    makes another one and waits for that."""
    last = Peer(daemon.port, random_hash())
    assert last.start(numwant=0).failure is None
    wanted = last.info_hash, wire(*last.endpoint)
    wait_until(lambda: wanted in stored_peers(daemon.database), what="the last announce is stored")


def is_sound(file):
    return (sql(file, "PRAGMA integrity_check") == ("ok",)
            and sql(file, "PRAGMA foreign_key_check") is None)


def create(file, peers=0, version=NEWEST):
    """A skep database with one seeder for each of `peers` torrents, counted once. Returns the
    torrents' info_hashes."""
    hashes = [secrets.token_bytes(20) for _ in range(peers)]
    with opened(file) as db:
        db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA application_id = {APPLICATION_ID};"
                         f"PRAGMA user_version = {version};" + SCHEMAS.get(version, SCHEMAS[NEWEST]))
        db.execute("BEGIN")
        seeders = [(info_hash, wire("80.1.2.3", 1000 + number), b"-SK0001-" + secrets.token_bytes(12))
                   for number, info_hash in enumerate(hashes)]
        if version not in range(1, PACKED):
            add_torrents(db, ((info_hash, 1) for info_hash in hashes))
            add_peers(db, ((*seeder, 0) for seeder in seeders))
        else:
            db.executemany("INSERT INTO torrent (info_hash, downloaded) VALUES (?, 1)",
                           ((info_hash,) for info_hash in hashes))
            db.executemany("INSERT INTO peer (info_hash, endpoint, peer_id, key, left, paused, counted)"
                           " VALUES (?, ?, ?, 7, 0, 0, 1)", seeders)
        db.execute("COMMIT")
    return hashes


def page_size(file):
    return int.from_bytes(pathlib.Path(file).read_bytes()[16:18], "big")


def overwrite(file, at, data):
    with open(file, "r+b") as raw:
        raw.seek(at)
        raw.write(data)


def truncate(file, size):
    os.truncate(file, size)


def register_many(file, count):
    """Registers `count` torrents with names and sizes in a skep database, every other one with a
    swarm. Returns {info_hash: name}."""
    names = {secrets.token_bytes(20): f"Film {number:06d} Größe.mkv" for number in range(count)}
    with opened(file) as db:
        db.execute("BEGIN")
        db.executemany("INSERT INTO listed (info_hash, name, added_s, size) VALUES (?, ?, 1, ?)",
                       ((info_hash, name, 1000 + number)
                        for number, (info_hash, name) in enumerate(names.items())))
        some = list(enumerate(names))[::2]
        add_torrents(db, ((info_hash, number % 1000) for number, info_hash in some))
        add_peers(db, ((info_hash, wire(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 6881),
                        b"-qB4520-" + secrets.token_bytes(12), number % 3) for number, info_hash in some))
        db.execute("COMMIT")
    return names
