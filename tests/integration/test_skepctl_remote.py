"""skepctl access control through a running skepd, from any directory and machine, and through the
database if it is given or no skepd runs."""

import os
import re
import sqlite3
import time

import pytest

from support.announce import random_hash
from support.database import rows
from support.false_tracker import FalseHttpTracker
from support.skepctl import MISTAKE, REFUSED, SILENT, Skepctl
from support.skepd import Skepd, free_port
from support.waiting import wait_until

TOKEN = "a-token-of-24-characters"


@pytest.fixture
def daemon():
    """With an empty registry."""
    with Skepd(config="probe = { enabled = false; };") as daemon:
        yield daemon


@pytest.fixture
def skepctl(daemon, tmp_path):
    """From an unrelated directory."""
    return Skepctl(cwd=tmp_path, options=("--url", daemon.url))


@pytest.mark.parametrize("text", ["{}\n", "\ufeff{}\r\n", "  {}\t\nmore"])
def test_token_file_of_any_editor_is_read(tmp_path, text):
    admin, user = tmp_path / "admin", tmp_path / "user"
    for file in (admin, user):
        file.write_text(text.format(TOKEN), newline="")
        file.chmod(0o600)
    with Skepd(config=f'http = {{ admin_token_file = "{admin}"; admins = [ "192.0.2.1" ]; }};') as daemon:
        assert Skepctl(cwd=tmp_path, options=("--url", daemon.url, "--token-file", user))("list") == ""
        assert Skepctl(cwd=tmp_path, options=("--url", daemon.url, "--token", TOKEN))("list") == ""


def in_database(daemon):
    """As skepctl reads it there."""
    return Skepctl(daemon.database)


def test_torrents_are_registered_renamed_listed_and_removed(skepctl, daemon):
    one, two = sorted(random_hash().hex() for _ in range(2))
    assert skepctl("add", one, "Zoë's film") == f"registered {one}  Zoë's film\n"
    assert skepctl("add", two.upper()) == f"registered {two}\n"
    assert set(skepctl("list").splitlines()) == {two, f"{one}  Zoë's film"}
    skepctl("add", one, "another name")
    skepctl("add", one)
    assert set(in_database(daemon)("list").splitlines()) == {two, f"{one}  another name"}
    assert skepctl.json("remove", one) == {"info_hash": one}
    assert skepctl("list") == f"{two}\n" == in_database(daemon)("list")
    assert "not found" in skepctl.refuses("remove", one)


def test_files_are_kept_with_their_torrents(skepctl, daemon, tmp_path):
    (tmp_path / "content").write_bytes(bytes(100000))
    made = skepctl.json("create", "content", "--hybrid", "--add")
    assert {item["info_hash"] for item in skepctl.json("list")["items"]} == set(made["versions"])
    assert rows(daemon.database, "SELECT content FROM torrent_file") == [((tmp_path / "content.torrent").read_bytes(),)]
    before = skepctl("list")
    assert sorted(skepctl("add", "content.torrent").splitlines()) == sorted(f"registered {line}" for line in before.splitlines())
    assert skepctl("list") == before
    skepctl("remove", "content.torrent")
    assert skepctl("list") == "" and rows(daemon.database, "SELECT count(*) FROM torrent_file") == [(0,)]


def test_lists_of_many_pages_are_whole(skepctl, daemon):
    hashes = sorted(random_hash().hex() for _ in range(1201))
    with sqlite3.connect(daemon.database) as connection:
        connection.executemany("INSERT INTO listed (info_hash, name, added_s) VALUES (?, '', 1)",
                               [(bytes.fromhex(info_hash),) for info_hash in hashes])
    connection.close()
    wait_until(lambda: skepctl.json("torrents", "--limit", "1")["total"] == len(hashes))
    assert sorted(skepctl("list").split()) == hashes


def test_key_comes_with_its_announce_urls(skepctl, daemon):
    label = "Zoë / 50% #1?"
    key, *urls = skepctl("key", "new", label).splitlines()
    assert re.fullmatch("[0-9a-f]{32}", key)
    assert f"http://127.0.0.1:{daemon.port}/{key}/announce" in urls
    listed = skepctl("key", "list")
    assert listed.endswith(f"  {label}\n") and listed == in_database(daemon)("key", "list")
    assert "already exists" in skepctl.refuses("key", "new", label)
    assert skepctl.json("key", "revoke", label) == {"label": label}
    assert skepctl("key", "list") == ""
    assert "not found" in skepctl.refuses("key", "revoke", label)
    made = skepctl.json("key", "new", "bob")
    assert all(f"/{made['passkey']}" in url for url in made["urls"]) and made["urls"]


def test_key_that_the_database_makes_has_no_urls(daemon):
    skepctl = in_database(daemon)
    assert re.fullmatch("[0-9a-f]{32}\n", skepctl("key", "new", "alice"))
    assert skepctl.json("key", "new", "bob")["urls"] is None


def test_bans_are_made_listed_and_lifted(skepctl, daemon):
    skepctl("ban", "192.0.2.0/24", "--reason", "too loud")
    before = int(time.time())
    skepctl("ban", "2001:db8::1", "--for", "2h")
    first, second = skepctl.json("bans")["items"]
    assert (first["network"], first["reason"], first["until"]) == ("192.0.2.0/24", "too loud", None)
    assert second["network"] == "2001:db8::1/128" and 7200 <= second["until"] - before <= 7210
    assert skepctl("bans") == in_database(daemon)("bans")
    skepctl("unban", "2001:db8::1")
    skepctl("unban", "192.0.2.0/24")
    assert skepctl("bans") == ""
    assert "not found" in skepctl.refuses("unban", "192.0.2.0/24")


def test_machines_are_named_by_either(skepctl, daemon):
    assert skepctl("name", "192.0.2.1", "Anna's laptop") == "named 192.0.2.1 Anna's laptop\n"
    in_database(daemon)("name", "192.0.2.2", "server")
    wait_until(lambda: len(skepctl.json("names")["items"]) == 2)
    assert skepctl("names") == in_database(daemon)("names")
    skepctl("unname", "192.0.2.1")
    skepctl("unname", "192.0.2.2")
    assert "not found" in skepctl.refuses("unname", "192.0.2.1")


def test_named_database_overrides_the_skepd(skepctl, daemon, tmp_path):
    with Skepd(database=tmp_path / "other.db") as other:
        Skepctl(other.database, options=("--url", daemon.url))("add", "ab" * 20)
        wait_until(lambda: Skepctl(options=("--url", other.url))("list") == "ab" * 20 + "\n")
        assert skepctl("list") == ""


def test_stranger_needs_the_token(tmp_path):
    with Skepd(config=f'http = {{ admins = []; admin_token = "{TOKEN}"; }};') as daemon:
        skepctl = Skepctl(cwd=tmp_path, options=("--url", daemon.url))
        assert "--token-file" in skepctl.refuses("add", "ab" * 20, status=REFUSED)
        assert "Invalid token" in skepctl.refuses("add", "ab" * 20, "--token", TOKEN + "x", status=REFUSED)
        skepctl("add", "ab" * 20, "--token", TOKEN)
        assert skepctl("list", "--token", TOKEN) == "ab" * 20 + "\n"


def make_database(directory):
    """./var/skep.db of the caller, as a skepd that was started in the directory leaves it."""
    (directory / "var").mkdir()
    file = directory / "var/skep.db"
    with Skepd(database=file):
        pass
    os.chown(file, os.geteuid(), os.getegid())
    return file


def test_database_is_guessed_where_no_skepd_answers(tmp_path):
    make_database(tmp_path)
    url = f"http://127.0.0.1:{free_port()}"
    here = Skepctl(cwd=tmp_path, options=("--url", url))
    for words, said in (["add", "ab" * 20, "here"], f"registered {'ab' * 20}  here\n"), (["list"], f"{'ab' * 20}  here\n"):
        done = here.run(*words)
        assert (done.returncode, done.stdout) == (0, said)
        assert done.stderr == f"skepctl: no skepd at {url}; using database ./var/skep.db\n"


def of_another_user(directory, file):
    os.chown(file, 65534, 65534)


def in_a_directory_of_another_user(directory, file):
    os.chown(directory / "var", 65534, 65534)


def behind_a_symbolic_link(directory, file):
    file.rename(directory / "elsewhere.db")
    file.symlink_to(directory / "elsewhere.db")


def in_a_linked_directory(directory, file):
    (directory / "var").rename(directory / "elsewhere")
    (directory / "var").symlink_to(directory / "elsewhere")


@pytest.mark.parametrize("trap", [of_another_user, in_a_directory_of_another_user, behind_a_symbolic_link,
                                  in_a_linked_directory], ids=lambda trap: trap.__name__)
def test_database_that_another_user_may_have_placed_is_not_used(tmp_path, trap):
    if os.geteuid() != 0 and "another_user" in trap.__name__:
        pytest.skip("only root can give a file away")
    file = make_database(tmp_path)
    before = file.read_bytes()
    trap(tmp_path, file)
    here = Skepctl(cwd=tmp_path, options=("--url", f"http://127.0.0.1:{free_port()}"))
    assert "start skepd" in here.refuses("ban", "192.0.2.1", status=SILENT)
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\0", b"x" * 50, b"x" * 5000])
def test_file_that_is_no_database_of_skepd_is_left_alone(tmp_path, content):
    file = tmp_path / "file"
    file.write_bytes(content)
    assert "database" in Skepctl(file).refuses("ban", "192.0.2.1")
    assert file.read_bytes() == content and os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("words", [["list"], ["add", "ab" * 20], ["key", "new", "x"], ["ban", "192.0.2.1"]])
def test_no_database_is_guessed_for_another_machine(tmp_path, words):
    (tmp_path / "var").mkdir()
    with Skepd(database=tmp_path / "var/skep.db"):
        pass
    before = (tmp_path / "var/skep.db").read_bytes()
    elsewhere = Skepctl(cwd=tmp_path, options=("--url", f"http://tracker.invalid:{free_port()}"))
    complaint = elsewhere.refuses(*words, status=SILENT)
    assert "tracker.invalid" in complaint and "--url" in complaint and "--database" in complaint
    assert (tmp_path / "var/skep.db").read_bytes() == before


def test_refused_request_does_not_use_the_database(tmp_path):
    (tmp_path / "var").mkdir()
    with Skepd(database=tmp_path / "var/skep.db"), Skepd(config="store = { enabled = false; };") as daemon:
        skepctl = Skepctl(cwd=tmp_path, options=("--url", daemon.url))
        assert "store.enabled" in skepctl.refuses("add", "ab" * 20, status=REFUSED)


def test_missing_database_is_reported_with_a_fix(tmp_path):
    complaint = Skepctl(tmp_path / "none.db").refuses("list", status=MISTAKE)
    assert "none.db: No such file" in complaint and "running skepd" in complaint


@pytest.mark.parametrize("page", [b"{}", b'{"items": 5, "total": 9}', b'{"items": [1, {}, {"info_hash": "x"}], "total": 9}'])
def test_strange_lists_are_survived(page):
    def answer(target):
        return 200, {}, b'{"role": "admin"}' if "session" in target else page if "offset=0&" in target else b"{}"

    with FalseHttpTracker(answer) as daemon:
        for command in ["list"], ["key", "list"], ["bans"]:
            assert Skepctl(options=("--url", daemon.origin))(*command) == ""
