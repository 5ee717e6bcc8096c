"""skepctl on a database: output, errors, and no change after an error."""

import hashlib
import re
import sqlite3
import threading
import time

import pytest

from support.announce import random_hash
from support.database import rows
from support.skepctl import Skepctl, program
from support.skepd import Skepd
from support.terminal import Terminal

DATE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}"


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A database as skepd leaves it."""
    path = tmp_path_factory.mktemp("skepctl") / "skep.db"
    with Skepd(database=path):
        pass
    return path


@pytest.fixture
def skepctl(database):
    """With an empty registry."""
    with sqlite3.connect(database) as connection:
        for table in ("listed", "passkey", "ban"):
            connection.execute(f"DELETE FROM {table}")
    connection.close()
    return Skepctl(database)


def test_torrents_are_listed_with_their_names(skepctl):
    one, two = random_hash().hex(), random_hash().hex()
    assert skepctl("list") == ""
    assert skepctl("add", two.upper(), "Zoë's film") == f"registered {two}  Zoë's film\n"
    assert skepctl("add", one) == f"registered {one}\n"
    assert skepctl("list") == f"{one}\n{two}  Zoë's film\n"
    skepctl("add", one, "another name")
    assert skepctl("list") == f"{two}  Zoë's film\n{one}  another name\n"
    assert skepctl("remove", two.upper()) == f"unregistered {two}\n"
    assert skepctl("list") == f"{one}  another name\n"


def test_passkeys_are_shown_once_and_listed_by_label(skepctl):
    keys = [skepctl.key_new(label) for label in ("bob", "alice")]
    assert all(re.fullmatch("[0-9a-f]{32}", key) for key in keys)
    assert keys[0] != keys[1]
    assert re.fullmatch(f"{DATE}  alice\n{DATE}  bob\n", skepctl("key", "list"))
    assert skepctl("key", "revoke", "bob") == "revoked bob\n"
    assert re.fullmatch(f"{DATE}  alice\n", skepctl("key", "list"))


def test_bans_are_listed_with_their_end_and_reason(skepctl):
    assert skepctl("ban", "192.0.2.0/24", "--reason", "too loud") == "banned 192.0.2.0/24 permanently: too loud\n"
    assert re.fullmatch(rf"banned 2001:db8::1/128 until {DATE}\n", skepctl("ban", "--for", "2h", "2001:db8::1"))
    lines = skepctl("bans").splitlines()
    assert re.fullmatch(r"192\.0\.2\.0/24 +permanent +too loud", lines[0])
    assert re.fullmatch(rf"2001:db8::1/128 +{DATE} *", lines[1])
    skepctl("ban", "192.0.2.0/24", "--for", "1d")
    assert re.match(rf"192\.0\.2\.0/24 +{DATE}", skepctl("bans").splitlines()[0])
    assert skepctl("unban", "192.0.2.0/24") == "unbanned 192.0.2.0/24\n"
    assert len(skepctl("bans").splitlines()) == 1


def test_machines_are_named(skepctl):
    assert skepctl("name", "::ffff:192.0.2.1", "Anna's laptop") == "named 192.0.2.1 Anna's laptop\n"
    assert skepctl("name", "2001:db8::1", "x") == "named 2001:db8::1 x\n"
    assert skepctl("name", "2001:db8::1", "server") == "named 2001:db8::1 server\n"
    lines = skepctl("names").splitlines()
    assert [re.split("  +", line) for line in lines] == [["192.0.2.1", "Anna's laptop"], ["2001:db8::1", "server"]]
    assert skepctl("unname", "192.0.2.1") == "unnamed 192.0.2.1\n"
    assert skepctl.json("names") == {"items": [{"address": "2001:db8::1", "name": "server"}]}
    skepctl("unname", "2001:db8::1")


@pytest.mark.parametrize("duration, seconds", [
    ("1s", 1), ("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604800)])
def test_duration_is_from_now_on(skepctl, database, duration, seconds):
    before = int(time.time())
    skepctl("ban", "192.0.2.1", "--for", duration)
    connection = sqlite3.connect(database)
    (until, created), = connection.execute("SELECT until_s, created_s FROM ban")
    connection.close()
    assert until - created == seconds
    assert before <= created <= time.time()


@pytest.mark.parametrize("words, complaint", [
    (["add", "abc"], '"abc": no such file, and not an info_hash'),
    (["add", "abc.torrent"], "abc.torrent: No such file"), (["add", "/"], "/: not a regular file"),
    (["add", "0" * 39 + "g"], "not an info_hash"), (["add", "0" * 41], "not an info_hash"),
    (["add", ""], "not an info_hash"), (["remove", "0" * 38], "no torrent matches"),
    (["remove", "0" * 40], 'torrent "' + "0" * 40 + '" not found'),
    (["ban", "nowhere"], 'invalid address or network "nowhere"'),
    (["ban", "192.0.2.0/33"], "invalid address or network"), (["ban", "192.0.2.1/24"], "invalid address or network"),
    (["ban", "192.0.2.1/"], "invalid address or network"), (["ban", "2001:db8::/129"], "invalid address or network"),
    (["ban", ""], "invalid address or network"), (["unban", "192.0.2"], "invalid address or network"),
    (["unban", "192.0.2.9"], 'ban "192.0.2.9" not found'),
    (["name", "192.0.2.0/24", "x"], 'invalid address "192.0.2.0/24"'), (["name", "192.0.2.1", ""], "empty name"),
    (["unname", "192.0.2.9"], 'named machine "192.0.2.9" not found'),
    (["ban", "192.0.2.1", "--for", "2"], "invalid duration"),
    (["ban", "192.0.2.1", "--for", "0s"], "invalid duration"),
    (["ban", "192.0.2.1", "--for", "-1s"], "invalid duration"),
    (["ban", "192.0.2.1", "--for", "s"], "invalid duration"),
    (["ban", "192.0.2.1", "--for", "1w"], "invalid duration"),
    (["ban", "192.0.2.1", "--for", "9999999999999999999d"], "invalid duration"),
    (["key", "revoke", "nobody"], 'passkey "nobody" not found'),
    (["key"], 'incomplete command "key"; see skepctl key --help'),
    (["key", "break"], 'unknown command "key break"; see skepctl key --help'),
    (["kick", "192.0.2.1"], 'unknown command "kick"; see skepctl --help'),
    (["statsu"], 'did you mean "status"?'), (["help", "kick"], 'unknown command "kick"'),
    (["list", "more"], 'unexpected argument "more"; usage: skepctl list'),
    (["add"], "missing argument; usage: skepctl add HASH [NAME] | MAGNET | FILE.torrent..."),
    (["add", "0" * 40, "b", "c"], 'unexpected argument "c"; usage: skepctl add HASH [NAME]'),
    (["ban"], "missing argument; usage: skepctl ban NETWORK"), (["key", "new"], "missing argument"),
    (["key", "new", "a", "b"], "unexpected argument"), (["key", "list", "a"], "unexpected argument"),
    (["bans", "--frob"], "unknown option --frob; see skepctl bans --help"),
    (["--frob"], "unknown option --frob; see skepctl --help"), (["bans", "-x"], "unknown option -x"),
    (["key", "new", "--frob"], "unknown option --frob; see skepctl key new --help"),
    (["key", "--frob"], "unknown option --frob; see skepctl key --help"),
    (["ban", "192.0.2.1", "--for"], "missing value of --for DURATION; see skepctl ban --help"), (["bans", "--json=1"], "--json takes no value")])
def test_mistake_is_named_and_changes_nothing(skepctl, words, complaint):
    assert complaint in skepctl.refuses(*words)
    assert skepctl("list") + skepctl("key", "list") + skepctl("bans") == ""


def test_label_that_is_taken_is_refused_and_its_key_stays(skepctl):
    skepctl.key_new("alice")
    before = skepctl("key", "list")
    assert "label" in skepctl.refuses("key", "new", "alice")
    assert skepctl("key", "list") == before


def test_help_names_every_command():
    text = Skepctl()("--help")
    for command in ("key new", "key list", "key revoke", "add", "remove", "list", "ban", "unban",
                    "bans"):
        assert f"\n  {command} " in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_help_is_shown_in_every_usual_way():
    general = Skepctl()("--help")
    assert Skepctl()() == Skepctl()("help") == general
    assert Skepctl()("help", "ban") == Skepctl()("ban", "--help")
    assert "Example:\n  skepctl ban " in Skepctl()("ban", "--help")
    assert Skepctl()("help", "key", "new") == Skepctl()("key", "new", "--help")
    group = Skepctl()("key", "--help")
    assert group == Skepctl()("help", "key") and re.findall(r"^  (key \w+)", group, re.M) == ["key new", "key list", "key revoke"]


def test_lists_have_headers_on_a_terminal_only(skepctl):
    def on_terminal(*words):
        with Terminal([program(), *skepctl.options, *words]) as terminal:
            assert terminal.wait_for_end() == 0
            return terminal.text

    for words, empty in ((["list"], "No registered torrents."), (["key", "list"], "No passkeys."), (["bans"], "No bans.")):
        assert empty in on_terminal(*words) and skepctl(*words) == ""
    skepctl("ban", "192.0.2.1")
    assert re.search(r"NETWORK +UNTIL +REASON\s+192\.0\.2\.1/32 +permanent", on_terminal("bans"))
    assert "NETWORK" not in skepctl("bans")


def test_version_is_that_of_skepd():
    assert re.fullmatch(r"skepctl \d+\.\d+\.\d+\n", Skepctl()("--version"))


def test_database_that_is_not_there_is_not_made(tmp_path):
    path = tmp_path / "none.db"
    assert str(path) in Skepctl(path).refuses("list")
    assert list(tmp_path.iterdir()) == []


def test_database_of_another_program_is_not_changed(tmp_path):
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE listed (name TEXT)")
    connection.close()
    before = path.read_bytes()
    assert "another program" in Skepctl(path).refuses("add", "0" * 40)
    assert path.read_bytes() == before


def test_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "text"
    path.write_text("no database" * 1000)
    assert "not an SQLite database" in Skepctl(path).refuses("list")
    assert path.read_text() == "no database" * 1000


def hold_lock(database):
    """Starts a write and does not finish it."""
    connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def test_locked_database_is_waited_for(skepctl, database):
    lock = hold_lock(database)
    timer = threading.Timer(0.5, lambda: lock.execute("ROLLBACK"))
    timer.start()
    started = time.monotonic()
    skepctl("add", "cd" * 20)
    assert time.monotonic() - started >= 0.4
    timer.join()
    lock.close()
    assert skepctl("list") == f"{'cd' * 20}\n"


def test_locked_database_is_given_up_in_the_end(skepctl, database):
    lock = hold_lock(database)
    try:
        assert skepctl("list") == ""
        assert "database is locked" in skepctl.refuses("add", "cd" * 20)
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert skepctl("list") == ""


def test_names_and_labels_are_taken_as_they_are(skepctl):
    text = "Robert'); DROP TABLE passkey;-- %s %n \\"
    skepctl.key_new(text)
    skepctl("add", "ef" * 20, text)
    assert skepctl("key", "list").endswith(f"  {text}\n")
    assert skepctl("list") == f"{'ef' * 20}  {text}\n"
    skepctl("key", "revoke", text)
    assert skepctl("key", "list") == ""


def kept_files(database):
    """(content, size) of each registered torrent that came with its file."""
    return rows(database, "SELECT content, size FROM torrent_file JOIN listed ON file_id = id")


def test_torrent_is_added_from_its_file(skepctl, database, tmp_path):
    info = b"d6:lengthi5e4:name6:a film12:piece lengthi16384e6:pieces20:xxxxxxxxxxxxxxxxxxxxe"
    file = tmp_path / "film.torrent"
    file.write_bytes(b"d8:announce3:url4:info" + info + b"e")
    info_hash = hashlib.sha1(info).hexdigest()
    assert skepctl("add", file) == f"registered {info_hash}  a film\n"
    assert skepctl("list") == f"{info_hash}  a film\n"
    assert kept_files(database) == [(file.read_bytes(), 5)]
    skepctl("add", info_hash, "another name")
    assert kept_files(database) == [(file.read_bytes(), 5)]
    skepctl("remove", info_hash)
    assert kept_files(database) == []


def test_long_name_is_cut_between_characters(skepctl, tmp_path):
    name = ("\u00e9" * 130).encode()
    info = (b"d6:lengthi5e4:name%d:%b12:piece lengthi16384e6:pieces20:xxxxxxxxxxxxxxxxxxxxe"
            % (len(name), name))
    file = tmp_path / "long.torrent"
    file.write_bytes(b"d4:info" + info + b"e")
    info_hash = hashlib.sha1(info).hexdigest()
    assert skepctl("add", file) == f"registered {info_hash}  " + "\u00e9" * 126 + "\u2026\n"
    skepctl("remove", info_hash)


def test_hybrid_torrent_is_added_and_removed_by_both_of_its_hashes(skepctl, database, tmp_path):
    info = (b"d9:file treed1:ad0:d6:lengthi5e11:pieces root32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrreee"
            b"6:lengthi5e12:meta versioni2e4:name1:a12:piece lengthi16384e6:pieces20:xxxxxxxxxxxxxxxxxxxxe")
    file = tmp_path / "hybrid.torrent"
    file.write_bytes(b"d4:info" + info + b"e")
    hashes = {hashlib.sha1(info).hexdigest(), hashlib.sha256(info).hexdigest()[:40]}
    skepctl("add", file)
    assert {line.split()[0] for line in skepctl("list").splitlines()} == hashes
    assert len(kept_files(database)) == 2
    assert rows(database, "SELECT count(*) FROM torrent_file") == [(1,)]
    skepctl("remove", max(hashes))
    assert skepctl("list") == ""
    assert rows(database, "SELECT count(*) FROM torrent_file") == [(0,)]


def torrent_file(folder, name):
    info = b"d6:lengthi5e4:name%d:%s12:piece lengthi16384e6:pieces20:%se" % (len(name), name, bytes(20))
    file = folder / f"{name.decode(errors='replace')}.torrent"
    file.write_bytes(b"d4:info" + info + b"e")
    return file, hashlib.sha1(info).hexdigest()


def test_several_files_are_added_despite_a_bad_one(skepctl, tmp_path):
    (one, hash_one), (two, hash_two) = torrent_file(tmp_path, b"one"), torrent_file(tmp_path, b"two")
    (tmp_path / "bad.torrent").write_text("bad")
    done = skepctl.run("add", one, tmp_path / "bad.torrent", tmp_path / "none.torrent", two)
    assert done.returncode == 1 and done.stderr.count("\n") == 2
    assert "bad.torrent: invalid bencoding at byte 0" in done.stderr
    assert done.stdout == f"registered {hash_one}  one\nregistered {hash_two}  two\n"
    assert set(skepctl("list").splitlines()) == {f"{hash_one}  one", f"{hash_two}  two"}
    skepctl("remove", one)
    assert skepctl("list") == f"{hash_two}  two\n"


def test_long_hash_of_version_2_is_cut_as_clients_do(skepctl):
    skepctl("add", "ab" * 32, "v2")
    assert skepctl("list") == f"{'ab' * 20}  v2\n"


def test_names_are_printed_without_terminal_escapes(skepctl, tmp_path):
    for name in (b"a\x1b[2Jb\xff", b"a\xe2\x80\xae[2Jb\xff"):
        file, info_hash = torrent_file(tmp_path, name)
        assert skepctl("add", file) == f"registered {info_hash}  a [2Jb\ufffd\n"
        assert skepctl("list") == f"{info_hash}  a [2Jb\ufffd\n"
        assert skepctl.json("list")["items"][0]["name"] == "a [2Jb\ufffd"
        skepctl("remove", info_hash)
    skepctl("add", "ab" * 20, "gpj\u202e.exe")
    assert skepctl("list") == f"{'ab' * 20}  gpj .exe\n"


def test_everything_is_printed_as_json(skepctl, tmp_path):
    file, info_hash = torrent_file(tmp_path, b"film")
    item = {"info_hash": info_hash, "name": "film", "size": 5}
    assert skepctl.json("add", file) == {"items": [item]}
    assert skepctl.json("list") == {"items": [{**item, "from_file": False}]}
    assert skepctl.json("remove", info_hash) == {"info_hash": info_hash}
    made = skepctl.json("key", "new", "alice")
    assert made["label"] == "alice" and re.fullmatch("[0-9a-f]{32}", made["passkey"])
    (key,) = skepctl.json("key", "list")["items"]
    assert key["label"] == "alice" and abs(key["created"] - time.time()) < 10
    assert skepctl.json("key", "revoke", "alice") == {"label": "alice"}
    ban = skepctl.json("ban", "192.0.2.0/24", "--reason", "loud", "--for", "1h")
    assert (ban["network"], ban["reason"], ban["until"] - ban["since"]) == ("192.0.2.0/24", "loud", 3600)
    assert skepctl.json("bans") == {"items": [ban]}
    assert skepctl.json("unban", "192.0.2.0/24") == {"network": "192.0.2.0/24"}
    assert skepctl.json("bans") == {"items": []}
