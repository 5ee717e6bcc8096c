"""A damaged skep database is renamed and a new one created; other files are left unchanged."""

import fcntl

import pytest

from support import database
from support.announce import Peer, scraped
from support.database import APPLICATION_ID, is_sound, overwrite, peer_count, sql, truncate
from support.skepctl import Skepctl
from support.skepd import Skepd, free_port, run
from support.waiting import wait_until

PEERS = 300
FAST = "store = { flush_interval_ms = 100; };"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "skep.db"


def page_of_peers(file):
    """Offset of a page with peers."""
    size = database.page_size(file)
    content = file.read_bytes()
    return next(at for at in range(len(content) // size // 2 * size, len(content), size)
                if b"-SK0001-" in content[at:at + size])


def garbage_in_a_page(file):
    overwrite(file, page_of_peers(file), b"\xa5" * database.page_size(file))


def zeros_in_a_page(file):
    overwrite(file, page_of_peers(file), bytes(database.page_size(file)))


def garbage_everywhere_but_in_the_header(file):
    overwrite(file, 100, b"\xa5" * (file.stat().st_size - 100))


def nonsense_in_the_header(file):
    overwrite(file, 16, b"\xff\xff\x07\x07\x13\x13")


def torn_in_the_middle(file):
    truncate(file, file.stat().st_size // 2 + 100)


def torn_within_the_first_page(file):
    truncate(file, 1000)


def torn_within_the_header(file):
    truncate(file, 80)


def table_is_missing(file):
    sql(file, "DROP TABLE swarm")


def column_is_missing(file):
    sql(file, "ALTER TABLE swarm DROP COLUMN entries")


def rows_of_the_wrong_length(file):
    sql(file, "INSERT INTO swarm (first, entries) VALUES (x'00', x'0111')")


DAMAGES = [garbage_in_a_page, zeros_in_a_page, garbage_everywhere_but_in_the_header,
           nonsense_in_the_header, torn_in_the_middle, torn_within_the_first_page,
           torn_within_the_header, table_is_missing, column_is_missing, rows_of_the_wrong_length]


def kept(file):
    return [path for path in file.parent.iterdir() if ".corrupt-" in path.name
            and not path.name.endswith(("-wal", "-shm"))]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damaged_database_is_kept_and_a_new_one_begun(file, torrent, damage):
    database.create(file, PEERS)
    damage(file)
    before = file.read_bytes()
    with Skepd(FAST, database=file) as daemon:
        aside, = kept(file)
        errors = [line for line in daemon.log().splitlines() if " error: " in line]
        assert 1 <= len(errors) <= 2 and "is corrupt" in errors[0] and str(aside) in errors[0]
        assert aside.read_bytes() == before
        one = Peer(daemon.port, torrent)
        one.start()
        daemon.restart()
        assert one.announce().counts == (0, 1, 0)
        assert len(kept(file)) == 1
    assert is_sound(file)


def test_readable_rows_of_a_damaged_database_are_kept(file):
    hashes = database.create(file, PEERS)
    rows_of_the_wrong_length(file)
    with Skepd(FAST, database=file) as daemon:
        assert scraped(daemon.port, hashes[0]) == (1, 0, 1)
        wait_until(lambda: peer_count(file) == PEERS)
        daemon.restart()
        assert all(scraped(daemon.port, info_hash) == (1, 0, 1) for info_hash in hashes[:20])


def register(file):
    """The registry and the history, which memory cannot restore."""
    sql(file, "INSERT INTO listed (info_hash, name, added_s) VALUES (x'%s', 'a film', 5)" % ("ab" * 20))
    sql(file, "INSERT INTO ban VALUES ('10.9.8.0/24', 'noise', 0, 5)")
    sql(file, "INSERT INTO secret VALUES ('a name', x'0102')")
    sql(file, "INSERT INTO torrent_file VALUES (3, x'04', 'content')",
        "UPDATE listed SET size = 6, file_id = 3")
    sql(file, "INSERT INTO sample VALUES (3600, 7200, 1, 2, 3, 4, 5, 6, 7, 8)")
    sql(file, "INSERT INTO torrent_sample VALUES (3600, 7200, x'%s', 1, 2, 3, 4, 5, 6)" % ("ab" * 20))
    sql(file, "INSERT INTO completion VALUES (9, 5, x'%s', x'%s', x'010203040506')" % ("ab" * 20, "cd" * 20))


def registered(file):
    return [sql(file, f"SELECT * FROM {table}") for table in
            ("listed", "ban", "secret", "torrent_file", "sample", "torrent_sample", "completion")]


@pytest.mark.parametrize("damage", [garbage_in_a_page, rows_of_the_wrong_length, table_is_missing],
                         ids=lambda damage: damage.__name__)
def test_registry_and_history_of_a_damaged_database_are_carried_over(file, damage):
    database.create(file, PEERS)
    register(file)
    before = registered(file)
    damage(file)
    assert all(before)
    with Skepd(FAST, database=file):
        assert len(kept(file)) == 1
        assert registered(file) == before


@pytest.mark.parametrize("gone", [("-wal",), ("", "-wal", "-shm")], ids="".join)
def test_registry_outlives_files_deleted_under_it(file, torrent, gone):
    access = 'access = { mode = "listed"; };'
    database.create(file)
    with Skepd(FAST + access, database=file) as daemon:
        one = Peer(daemon.port, torrent)
        assert one.start().failure
        sql(file, f"INSERT INTO listed (info_hash, name, added_s) VALUES (x'{torrent.hex()}', 'a film', 5)")
        wait_until(lambda: one.start().failure is None)
        for suffix in gone:
            file.with_name(file.name + suffix).unlink()
        # Opened before the daemon does, the file would get a -wal that its -shm does not match.
        wait_until(file.with_name("skep.db-wal").exists)
        wait_until(lambda: peer_count(file))
        assert sql(file, "SELECT name FROM listed") == ("a film",)
        sql(file, f"INSERT INTO listed (info_hash, name, added_s) VALUES (x'{'cd' * 20}', 'another', 6)")
        other = Peer(daemon.port, bytes.fromhex("cd" * 20))
        wait_until(lambda: other.start().failure is None)
        assert one.start().failure is None


def test_log_of_a_damaged_database_is_kept_with_it(file):
    with Skepd(FAST, database=file) as daemon:
        Peer(daemon.port, bytes(20)).start()
        wait_until(lambda: peer_count(file))
        daemon.kill()
        written = file.with_name("skep.db-wal").read_bytes()
        garbage_everywhere_but_in_the_header(file)
        overwrite(file.with_name("skep.db-wal"), 100, b"\xa5" * (len(written) - 100))
        daemon.start()
        aside, = kept(file)
        assert aside.with_name(aside.name + "-wal").stat().st_size == len(written)


def test_damaged_databases_of_one_second_are_both_kept(file):
    for _ in range(2):
        database.create(file, PEERS)
        torn_in_the_middle(file)
        with Skepd(database=file):
            pass
        file.unlink()
    assert len(kept(file)) == 2


def test_damaged_database_behind_a_symlink_is_kept_at_its_own_place(tmp_path, file):
    real = tmp_path / "elsewhere" / "real.db"
    real.parent.mkdir()
    database.create(real, PEERS)
    torn_in_the_middle(real)
    file.symlink_to(real)
    with Skepd(database=file):
        assert len(kept(real)) == 1 and not kept(file)
    assert file.is_symlink() and is_sound(file)


# Foreign files

def assert_left_alone(file):
    before = file.read_bytes()
    done = run("--no-udp", "--port", free_port(), "--database", file)
    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines)) == (1, 1), done
    assert str(file) in lines[0]
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def foreign_application_id(file):
    overwrite(file, 68, b"abcd")


def newer_version(file):
    overwrite(file, 60, (database.NEWEST + 1).to_bytes(4, "big"))


def no_magic(file):
    overwrite(file, 0, b"SQLite format 4\0")


@pytest.mark.parametrize("stranger", [foreign_application_id, newer_version, no_magic])
def test_damaged_foreign_database_is_not_changed(file, stranger):
    database.create(file, PEERS)
    garbage_everywhere_but_in_the_header(file)
    stranger(file)
    assert_left_alone(file)


def test_database_of_a_future_version_is_not_changed(file):
    database.create(file, PEERS, version=database.NEWEST + 1)
    assert_left_alone(file)


def test_log_of_another_program_is_not_changed(file):
    with database.opened(file) as db:
        db.executescript("PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (url TEXT);")
        names = {path: path.read_bytes() for path in file.parent.glob("skep.db*")
                 if not path.name.endswith("-shm")}
        assert run("--no-udp", "--port", free_port(), "--database", file).returncode == 1
        assert all(path.read_bytes() == content for path, content in names.items())


# Older versions

@pytest.mark.parametrize("version", range(1, database.NEWEST))
def test_older_database_is_taken_forward(file, version):
    hashes = database.create(file, PEERS, version=version)
    with Skepd(database=file, udp=True) as daemon:
        daemon.wait_for_log(f"{PEERS} torrents", f"{PEERS} peers")
        assert scraped(daemon.port, hashes[-1]) == (1, 0, 1)
        assert not kept(file)
    assert sql(file, "PRAGMA user_version") == (database.NEWEST,)
    assert sql(file, "PRAGMA application_id") == (APPLICATION_ID,)
    assert sql(file, "SELECT count(*) FROM secret") == (1,)
    assert is_sound(file)


def test_database_of_a_running_older_skepd_is_not_taken_forward(file):
    """It could not use it any more."""
    database.create(file, PEERS, version=database.NEWEST - 1)
    with open(file, "r+b") as used:
        fcntl.flock(used, fcntl.LOCK_EX)
        done = Skepctl(file).run("list")
        assert done.returncode != 0 and "older skepd" in done.stderr, done
        assert sql(file, "PRAGMA user_version") == (database.NEWEST - 1,)
    Skepctl(file)("list")
    assert sql(file, "PRAGMA user_version") == (database.NEWEST,)
