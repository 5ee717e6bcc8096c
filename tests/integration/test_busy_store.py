"""The API and skepctl write to the registry while another process writes to the database."""

import contextlib
from concurrent import futures
import sqlite3
import threading
import time

from support.announce import Peer, random_hash
from support.api import Api
from support.skepctl import Skepctl
from support.skepd import Skepd

LONG_FLUSHES = "store = { flush_interval_ms = 20000; }; probe = { enabled = false; };"
SOON_S = 10  # the next flush is later


@contextlib.contextmanager
def write_lock(database):
    db = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
    finally:
        db.close()


def took_s(work):
    began = time.monotonic()
    work()
    return time.monotonic() - began


def test_changes_that_wait_for_a_flush_block_no_writer():
    with Skepd(LONG_FLUSHES) as daemon:
        Peer(daemon.port, random_hash()).announce(event="started")
        time.sleep(0.3)  # the writer holds the lock by now
        api, skepctl = Api(daemon.port), Skepctl(daemon.database)
        assert took_s(lambda: skepctl("add", random_hash().hex())) < SOON_S
        assert took_s(lambda: skepctl("key", "new", "alice")) < SOON_S
        made = api.post("/torrents", {"info_hash": random_hash().hex()})
        assert made.status == 201, made


def test_change_is_rolled_back_if_the_database_stays_locked(daemon):
    """No thread waits: there are more such requests than threads, and announces are answered."""
    api, info_hash = Api(daemon.port), random_hash()
    wanted = {"info_hash": info_hash.hex()}
    changes = [("/torrents", wanted), ("/bans", {"network": "192.0.2.1"}),
               *(("/passkeys", {"label": f"bob {number}"}) for number in range(10))]
    with write_lock(daemon.database), futures.ThreadPoolExecutor(len(changes)) as pool:
        waiting = [pool.submit(Api(daemon.port).post, *change) for change in changes]
        while not all(future.done() for future in waiting):
            assert Peer(daemon.port, random_hash()).announce().failure is None
            time.sleep(0.05)
        for answer in (future.result() for future in waiting):
            assert (answer.status, answer.code) == (503, "store_busy"), answer
            assert answer.headers["Retry-After"] == "1"
        assert api.get("/passkeys")["items"] == api.get("/bans")["items"] == []
        assert api.call("GET", f"/torrents/{info_hash.hex()}").status == 404
    assert api.post("/torrents", wanted).status == 201


def test_change_waits_until_the_other_has_written(daemon):
    with write_lock(daemon.database) as db:
        threading.Timer(1, db.rollback).start()
        assert Api(daemon.port).post("/passkeys", {"label": "patient"}).status == 201


def test_skepctl_waits_until_the_other_has_written(daemon):
    with write_lock(daemon.database) as db:
        threading.Timer(1, db.rollback).start()
        assert took_s(lambda: Skepctl(daemon.database)("add", random_hash().hex())) > 0.5
