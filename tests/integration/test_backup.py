"""skepctl backup: a copy of the database, while skepd uses it and writes to it."""

import sqlite3
import stat
import threading

import pytest

from support.announce import Peer, random_hash
from support.database import stored_peers
from support.skepctl import Skepctl
from support.skepd import Skepd
from support.waiting import wait_until


@pytest.fixture(scope="module")
def daemon():
    with Skepd(config="store = { flush_interval_ms = 10; };") as daemon:
        Skepctl(daemon.database)("add", "ab" * 20, "film")
        yield daemon


def copy_is_whole(path):
    connection = sqlite3.connect(path)
    found = connection.execute("PRAGMA integrity_check").fetchall()
    connection.close()
    return found == [("ok",)]


def test_copy_has_all_and_starts(daemon, tmp_path):
    torrent = random_hash()
    Peer(daemon.port, torrent, left=0).start()
    wait_until(lambda: stored_peers(daemon.database))
    copy = tmp_path / "copy.db"
    assert Skepctl(daemon.database)("backup", copy).startswith(f"wrote {copy}, ")
    assert copy_is_whole(copy) and stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]
    with Skepd(database=copy) as other:
        skepctl = Skepctl(options=("--url", other.url))
        assert skepctl("list") == f"{'ab' * 20}  film\n"
        assert skepctl.json("peers", torrent.hex())["total"] == 1


def test_copies_under_load_are_whole(daemon, tmp_path):
    """Commits of skepd neither fail nor restart a backup."""
    stop = threading.Event()

    def announce():
        while not stop.is_set():
            Peer(daemon.port, random_hash()).start()

    threads = [threading.Thread(target=announce) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(5):
            copy = tmp_path / f"{number}.db"
            Skepctl(daemon.database)("backup", copy)
            assert copy_is_whole(copy)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert "failed" not in daemon.log()


def test_existing_file_is_kept_without_force(daemon, tmp_path):
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    assert "--force" in Skepctl(daemon.database).refuses("backup", copy)
    assert copy.read_text() == "mine"
    Skepctl(daemon.database)("backup", copy, "--force")
    assert copy_is_whole(copy)


def test_mistakes_are_named_and_leave_nothing(daemon, tmp_path):
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE t (name TEXT)")
    connection.close()
    before = sorted(tmp_path.iterdir())
    assert "not a database of skep" in Skepctl(other).refuses("backup", tmp_path / "copy.db")
    assert "none.db" in Skepctl(tmp_path / "none.db").refuses("backup", tmp_path / "copy.db")
    assert "No such file" in Skepctl(daemon.database).refuses("backup", tmp_path / "nowhere/copy.db")
    assert sorted(tmp_path.iterdir()) == before
