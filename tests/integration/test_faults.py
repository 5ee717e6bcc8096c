"""While database writes fail, announces are answered as usual. Afterwards the database catches up.
The start and the end of an outage are logged once each."""

import contextlib
import os
import pathlib
import resource
import shutil
import sqlite3
import tempfile
import time

import pytest

from support.announce import Peer, connect, random_hash, read_reply, scraped
from support.database import (is_sound, opened, peer_count, sql, stored_counts, stored_peers,
                              wire)
from support.mounts import fill, mount_small, own_mounts
from support.skepd import STOP_S, Skepd, as_nobody, binary
from support.waiting import wait_until

FAST = "store = { flush_interval_ms = 100; };"
FAILED, MENDED = "store: write failed", "store: recovered"
SLOW_S = 0.2  # an announce that takes longer has waited, for the store or for a busy machine


class Crowd:
    """Peers of many torrents, and the rows that the database must contain in the end."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.peers = []
        self.took = []

    def grow(self, count=20):
        for _ in range(count):
            one = Peer(self.daemon.port, random_hash())
            self._timed(lambda: one.start(numwant=0))
            self.peers.append(one)

    def shrink(self, count=5):
        for one in self.peers[:count]:
            self._timed(one.stop)
        del self.peers[:count]

    def complete(self, count=5):
        for one in self.peers[:count]:
            self._timed(one.complete)

    def stir(self):
        self.grow(), self.complete(), self.shrink(3)

    def _timed(self, announce):
        started = time.monotonic()
        assert announce().failure is None
        self.took.append(time.monotonic() - started)

    def is_stored(self, database=None):
        file = database or self.daemon.database
        wanted = {(one.info_hash, wire(*one.endpoint)) for one in self.peers}
        counts = {one.info_hash for one in self.peers if one.left == 0}
        try:
            return stored_peers(file) == wanted and counts <= stored_counts(file).keys()
        except (sqlite3.Error, UnicodeDecodeError):  # the second, if the error quotes the file
            return False

    def wait_until_stored(self):
        wait_until(self.is_stored, what="the database has what memory has")
        assert is_sound(self.daemon.database)

    def assert_prompt(self):
        assert sum(took > SLOW_S for took in self.took) <= len(self.took) // 5


@pytest.fixture
def daemon():
    with Skepd(FAST) as daemon:
        yield daemon


@pytest.fixture
def crowd(daemon):
    crowd = Crowd(daemon)
    crowd.grow()
    crowd.wait_until_stored()
    return crowd


def logged(daemon, words):
    return daemon.log().count(words)


def assert_rides_out(daemon, crowd, fault):
    """Runs one outage: `fault` is a context manager."""
    with fault:
        crowd.stir()
        daemon.wait_for_log(FAILED)
        started = time.monotonic()
        while time.monotonic() - started < 0.3:
            crowd.stir()
        assert logged(daemon, MENDED) == 0
    daemon.wait_for_log(MENDED)
    crowd.stir()
    crowd.wait_until_stored()
    assert (logged(daemon, FAILED), logged(daemon, MENDED)) == (1, 1)
    crowd.assert_prompt()


# Disk full

@contextlib.contextmanager
def full_disk(directory):
    ballast = directory / "ballast"
    fill(ballast)
    yield
    ballast.unlink()


def test_full_disk():
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(own_mounts())
        except OSError as why:
            pytest.skip(f"a small disk to fill needs a mount namespace: {why.strerror}")
        daemon = Skepd('log_level = "warning"; ' + FAST)
        small = daemon.directory / "small"
        small.mkdir()
        mount_small(small, 1024)
        daemon.database = small / "skep.db"
        stack.enter_context(daemon)
        crowd = Crowd(daemon)
        crowd.grow()
        crowd.wait_until_stored()
        assert_rides_out(daemon, crowd, full_disk(small))


@contextlib.contextmanager
def file_size_limit(daemon):
    """Limits the file size, so that SQLite's -wal cannot grow. The daemon's log is much shorter."""
    size = pathlib.Path(f"{daemon.database}-wal").stat().st_size
    before = resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (size, before[1]))
    yield
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, before)


def test_file_size_limit():
    with Skepd('log_level = "warning"; ' + FAST) as daemon:
        crowd = Crowd(daemon)
        crowd.grow()
        crowd.wait_until_stored()
        assert_rides_out(daemon, crowd, file_size_limit(daemon))


# Locked database

@contextlib.contextmanager
def locked(file):
    with opened(file) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield
        db.execute("ROLLBACK")


def test_locked_database(daemon, crowd):
    assert_rides_out(daemon, crowd, locked(daemon.database))


def test_short_lock_is_waited_for(daemon, crowd):
    for _ in range(5):
        with locked(daemon.database):
            crowd.stir()
        time.sleep(0.1)
    crowd.wait_until_stored()
    crowd.assert_prompt()


def test_start_while_locked_goes_well():
    with Skepd(config="store = { flush_interval_ms = 10; };", udp=True) as daemon:
        daemon.stop()
        with locked(daemon.database):
            daemon.start()
            assert logged(daemon, "cannot store the key for connection ids") == 1
        crowd = Crowd(daemon)
        crowd.stir()
        crowd.wait_until_stored()


@pytest.mark.parametrize("failing", [False, True])
def test_stop_while_locked_is_quick_and_logs_the_loss(daemon, crowd, failing):
    with locked(daemon.database):
        crowd.stir()
        if failing:
            daemon.wait_for_log(FAILED)
        daemon.process.terminate()
        assert daemon.process.wait(STOP_S) == 1
    daemon.check_log()
    assert logged(daemon, "store: lost the last") == 1
    daemon.start()
    assert scraped(daemon.port, random_hash()) == (0, 0, 0)


# Deleted and replaced

def delete(file, *suffixes):
    for suffix in suffixes:
        pathlib.Path(f"{file}{suffix}").unlink()


@pytest.mark.parametrize("suffixes", [("",), ("-wal",), ("", "-wal", "-shm")],
                         ids=lambda suffixes: "".join(suffixes) or "database")
def test_deleted_database_is_created_again(daemon, crowd, suffixes):
    crowd.stir()
    delete(daemon.database, *suffixes)
    crowd.stir()
    crowd.wait_until_stored()
    daemon.kill()
    assert crowd.is_stored()
    crowd.assert_prompt()


def test_deleted_database_is_created_again_without_changes(daemon, crowd):
    delete(daemon.database, "", "-wal", "-shm")
    crowd.wait_until_stored()


def test_deleted_directory_is_made_again(torrent):
    with Skepd(FAST, database="") as daemon:
        daemon.database = daemon.directory / "var" / "skep.db"
        crowd = Crowd(daemon)
        crowd.grow()
        crowd.wait_until_stored()
        shutil.rmtree(daemon.database.parent)
        crowd.stir()
        crowd.wait_until_stored()


def test_replaced_database_is_created_again(daemon, crowd):
    old = daemon.directory / "old.db"
    with opened(daemon.database) as db:
        db.execute("VACUUM INTO ?", (str(old),))
    crowd.stir()
    log = daemon.directory / "skep.db-wal"
    with log.open("rb") as past:  # of the other file: to read now would merge it into the new one
        old.replace(daemon.database)
        wait_until(lambda: not os.path.samestat(log.stat(), os.fstat(past.fileno())))
    crowd.stir()
    crowd.wait_until_stored()
    daemon.restart()
    assert crowd.is_stored()


def test_other_file_in_its_place_is_not_changed(daemon, crowd):
    notes = daemon.directory / "notes"
    notes.write_text("Dear diary,\n" * 100)

    @contextlib.contextmanager
    def replaced():
        notes.replace(daemon.database)
        yield
        assert daemon.database.read_text() == "Dear diary,\n" * 100
        daemon.database.unlink()

    assert_rides_out(daemon, crowd, replaced())


def test_damaged_while_running(daemon, crowd):
    with daemon.database.open("r+b") as raw:
        raw.truncate(5000)
    delete(daemon.database, "-wal", "-shm")
    crowd.stir()
    crowd.wait_until_stored()
    assert [path for path in daemon.directory.iterdir() if ".corrupt-" in path.name]


def test_directory_and_file_read_only():
    """An admin replaces the file by a copy that root owns."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="skepd-"))
    directory.chmod(0o777)
    program = shutil.copy(binary(), directory / "skepd")
    file = directory / "skep.db"

    @contextlib.contextmanager
    def read_only():
        copy = directory / "copy"
        shutil.copy(file, copy)
        copy.chmod(0o444)
        directory.chmod(0o555)
        copy.replace(file) if os.geteuid() == 0 else _replace_as_owner(directory, copy, file)
        yield
        file.chmod(0o666)
        directory.chmod(0o777)

    try:
        daemon = Skepd(FAST, database=file, prefix=as_nobody(), program=program)
        daemon.directory.chmod(0o755)
        with daemon:
            crowd = Crowd(daemon)
            crowd.grow()
            crowd.wait_until_stored()
            assert_rides_out(daemon, crowd, read_only())
    finally:
        directory.chmod(0o777)
        shutil.rmtree(directory)


def _replace_as_owner(directory, copy, file):
    directory.chmod(0o777)
    copy.replace(file)
    directory.chmod(0o555)


# Out of file descriptors

def test_few_file_descriptors():
    files = 100
    config = FAST + " http = { connections_max = 2000; };"
    with Skepd(config, prefix=("prlimit", f"--nofile={files}:{files}")) as daemon:
        client = connect(daemon.port)
        host = [connect(daemon.port) for _ in range(2 * files)]
        torrent = random_hash()
        for number in range(10):
            target = Peer(daemon.port, torrent).target(numwant=0)
            client.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert read_reply(client)["incomplete"] == number + 1
        wait_until(lambda: peer_count(daemon.database) == 10)
        delete(daemon.database, "", "-wal", "-shm")
        time.sleep(0.3)
        for sock in host:
            sock.close()
        wait_until(lambda: scraped(daemon.port, torrent) == (0, 10, 0))
        wait_until(lambda: peer_count(daemon.database) == 10)
        client.close()


# Feed overflow

def test_overflow_of_the_feed_leads_to_a_rewrite():
    with Skepd("store = { feed_capacity = 1; flush_interval_ms = 1000; };") as daemon:
        crowd = Crowd(daemon)
        torrent = random_hash()
        for _ in range(5):
            for port in range(4000, 4100):
                one = Peer(daemon.port, torrent, port=port)
                one.start(numwant=0)
                crowd.peers.append(one)
            torrent = random_hash()
        crowd.stir()
        daemon.wait_for_log("store: change feed overflow")
        crowd.wait_until_stored()
        assert logged(daemon, "write failed: ;") == 0
        daemon.restart()
        crowd.wait_until_stored()


def test_all_is_stored_again_after_two_outages(daemon, crowd):
    for outage in (1, 2):
        with locked(daemon.database):
            crowd.stir()
            wait_until(lambda: logged(daemon, FAILED) == outage)
        crowd.wait_until_stored()
        wait_until(lambda: logged(daemon, MENDED) == outage)
    assert logged(daemon, FAILED) == 2
    assert peer_count(daemon.database) == len(crowd.peers)
