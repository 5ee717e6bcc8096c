"""skepctl on a running skepd, and on servers with invalid responses."""

import json
import os
import signal
import socket
import subprocess

import pytest

from support.announce import Peer, random_hash
from support.api import Api
from support.false_tracker import FalseHttpTracker
from support.skepctl import MISTAKE, REFUSED, SILENT, Skepctl, program
from support.skepd import Skepd, free_port
from support.terminal import Terminal
from support.waiting import wait_until

TOKEN = "a-token-of-24-characters"
CONFIG = f'http = {{ admin_token = "{TOKEN}"; }}; probe = {{ enabled = false; }};'
HASH = "ab" * 20


@pytest.fixture
def skepctl(daemon):
    return Skepctl(options=("--url", daemon.url))


def false_daemon(**answers):
    """Responds to `status`, `torrents` and so on; None is an empty page of a list."""
    def answer(target):
        name = target.removeprefix("/api/v1/").split("?")[0].replace("/", "_")
        if name not in answers:
            return 404, {}, json.dumps({"error": {"code": "not_found", "message": "No \x1b[2J such thing."}}).encode()
        return 200, {}, json.dumps(answers[name]).encode()

    return FalseHttpTracker(answer)


STATUS = {"version": "0.1.0", "uptime_s": 3700, "mode": "open", "interval_s": 125,
          "totals": {"torrents": 3, "peers": 6, "seeders": 2, "leechers": 4, "peers_v4": 5, "peers_v6": 1,
                     "downloaded": 9, "announces_per_s": 1.25, "upload_rate": 2048, "download_rate": 1024,
                     "announces": 77},
          "urls": [{"scheme": "http", "host": "192.0.2.1", "scope": "lan", "url": "http://192.0.2.1:6969/announce"}],
          "registry": {"torrents": 5, "blocked": 1, "passkeys": 2, "bans": 0},
          "probes": {"enabled": True, "reachable": 3, "unreachable": 2, "waiting": 1},
          "store": {"enabled": True, "failing": False, "lag_s": 0.5}, "warnings": ["the \x1b[31mdisk is full"]}


def test_status_is_printed_as_text():
    with false_daemon(status=STATUS) as daemon:
        text = Skepctl()("status", "--url", daemon.origin + "/")
    assert text.splitlines() == [
        "skepd 0.1.0, up 1 h 1 min, access open, interval 2 min 5 s",
        "torrents   3 tracked, 5 registered, 1 blocked",
        "peers      6: seeders 2, leechers 4; IPv4 5, IPv6 1",
        "completed  9 downloads",
        "announces  1.2/s, total 77",
        "transfer   up 2.0 KiB/s, down 1.0 KiB/s",
        "probes     3 reachable, 2 firewalled, 1 waiting",
        "store      changes of the last 0.5 s not saved yet",
        "announce   http://192.0.2.1:6969/announce",
        "warning    the \\x1b[31mdisk is full"]


def test_status_is_that_of_the_daemon(skepctl, daemon):
    before = skepctl.json("status")
    assert "skepd 0." in skepctl("status") and before["mode"] == "open" and before["role"] == "admin"
    torrent = random_hash()
    Peer(daemon.port, torrent, left=0).start()
    wait_until(lambda: skepctl.json("status")["totals"]["peers"] == before["totals"]["peers"] + 1)
    assert f"http://127.0.0.1:{daemon.port}/announce" in skepctl("status")


def test_torrents_are_searched_sorted_and_paged(skepctl, daemon):
    hashes = sorted(random_hash().hex() for _ in range(5))
    for seeders, info_hash in enumerate(hashes):
        skepctl("add", info_hash, f"Searched {seeders}")
        for _ in range(seeders):
            Peer(daemon.port, bytes.fromhex(info_hash), left=0).start()
    wait_until(lambda: skepctl.json("torrents", "--search", "searched", "--show", "active")["total"] == 4)
    names = lambda *words: [item["name"] for item in skepctl.json("torrents", "--search", "searched", *words)["items"]]  # noqa: E731
    assert names() == [f"Searched {i}" for i in (4, 3, 2, 1, 0)]
    assert names("--sort", "name") == [f"Searched {i}" for i in range(5)]
    assert names("--sort", "name", "--reverse", "--limit", "2", "--offset", "1") == ["Searched 3", "Searched 2"]
    assert names("--show", "active", "--sort", "name") == [f"Searched {i}" for i in range(1, 5)]
    text = skepctl("torrents", "--search", "searched", "--limit", "1")
    assert f"  {hashes[4]}  Searched 4\n1 of 5 torrents" in text


def test_peers_are_listed_with_their_clients(skepctl, daemon, torrent):
    Peer(daemon.port, torrent, left=0, peer_id=b"-qB4520-abcdefghijkl", port=7010).start()
    Peer(daemon.port, torrent, source="::1", peer_id=b"-TR3000-abcdefghijkl", port=7011).start()
    skepctl("name", "127.0.0.1", "Anna's laptop")
    assert " at Anna's laptop\n" in skepctl("peers", torrent.hex())
    skepctl("unname", "127.0.0.1")
    lines = skepctl("peers", torrent.hex()).splitlines()[1:]
    assert len(lines) == 2
    assert lines[0].startswith("127.0.0.1:7010 ") and lines[0].endswith("qBittorrent 4.5.2")
    assert " seeder " in lines[0] and "100 %" in lines[0]
    assert lines[1].startswith("[::1]:7011 ") and " leecher " in lines[1]
    assert skepctl.json("peers", torrent.hex(), "--limit", "1")["total"] == 2
    assert "Torrent not found" in skepctl.refuses("peers", random_hash().hex(), status=REFUSED)


@pytest.fixture(scope="module")
def named():
    """A daemon with torrents whose names and hashes partly match."""
    with Skepd(config="probe = { enabled = false; };") as daemon:
        skepctl = Skepctl(daemon.database)
        for info_hash, name in (("abcd" + "1" * 36, "Holidays"), ("abcd" + "2" * 36, "Holidays in Zürich"),
                                ("ef01" + "3" * 36, "Der ABCD Film"), ("ef02" + "4" * 36, "ef01")):
            skepctl("add", info_hash, name)
        Peer(daemon.port, bytes.fromhex("9999" + "5" * 36)).start()
        wait_until(lambda: Api(daemon.port).get("/torrents", show="registered")["total"] == 4)
        yield daemon


NAMED = [("abcd1", "abcd1"), ("ABCD1", "abcd1"), ("zÜRICH", "abcd2"), ("holidays", "abcd1"), ("film", "ef013"),
         ("EF01", "ef024"), ("ef02", "ef024"), ("abcd" + "2" * 36, "abcd2")]


@pytest.mark.parametrize("word, start", [*NAMED, ("9999", "99995")])
def test_torrent_is_named_by_a_part_of_it(named, tmp_path, word, start):
    skepctl = Skepctl(cwd=tmp_path, options=("--url", named.url))
    (tmp_path / word).write_text("content that is called like its torrent")
    assert f"btih:{start}" in skepctl("magnet", word)
    assert skepctl.json("peers", word)["total"] == (1 if word == "9999" else 0)


@pytest.mark.parametrize("word, start", NAMED)
def test_torrent_is_removed_by_a_part_of_it(named, tmp_path, word, start):
    with Skepd(database=tmp_path / "skep.db") as daemon:
        for options in ("--url", daemon.url), ("--database", daemon.database):
            skepctl = Skepctl(options=options)
            for item in Skepctl(named.database).json("list")["items"]:
                skepctl("add", item["info_hash"], item["name"])
            assert skepctl("remove", word).startswith(f"unregistered {start}")
            assert len(skepctl("list").splitlines()) == 3 and f"\n{start}" not in "\n" + skepctl("list")


@pytest.mark.parametrize("command", ["magnet", "peers", "remove"])
@pytest.mark.parametrize("word, meant", [("abcd", ["abcd1", "abcd2", "ef013"]), ("liday", ["abcd1", "abcd2"])])
def test_ambiguous_names_are_listed(named, command, word, meant):
    done = Skepctl(options=("--url", named.url)).run(command, word)
    assert (done.returncode, done.stdout) == (MISTAKE, "")
    first, *lines = done.stderr.splitlines()
    assert word in first and sorted(line.split()[1][:5] for line in lines) == meant


@pytest.mark.parametrize("command", ["magnet", "peers", "remove"])
@pytest.mark.parametrize("word", ["999", "1111", "nowhere", "", "abcdx", "%", "0" * 39])
def test_unknown_torrent_is_reported(named, command, word):
    assert "no torrent matches" in Skepctl(options=("--url", named.url)).refuses(command, word)


def test_magnet_of_a_name_without_a_daemon_is_the_databases(tmp_path):
    with Skepd() as daemon:
        skepctl = Skepctl(daemon.database, options=("--url", f"http://127.0.0.1:{free_port()}"))
        skepctl("add", HASH, "Zoë & co")
        assert f"btih:{HASH}" in skepctl("magnet", "ZOË")
        assert "no torrent matches" in skepctl.refuses("magnet", "Zoe")


def test_magnet_is_the_daemons(skepctl, daemon, torrent):
    Peer(daemon.port, torrent).start()
    link = skepctl("magnet", torrent.hex()).strip()
    assert link.startswith(f"magnet:?xt=urn:btih:{torrent.hex()}&") and "&tr=http" in link
    assert skepctl.json("magnet", torrent.hex())["magnet"] == link


def test_magnet_without_a_daemon_has_what_the_database_knows(tmp_path):
    url = ("--url", f"http://127.0.0.1:{free_port()}")
    with Skepd() as daemon:
        skepctl = Skepctl(daemon.database, options=url)
        skepctl("add", HASH, "Zoë & co")
        assert skepctl("magnet", HASH) == f"magnet:?xt=urn:btih:{HASH}&dn=Zo%C3%AB%20%26%20co\n"
    bare = Skepctl(tmp_path / "none.db", options=url)
    assert bare("magnet", HASH.upper()) == f"magnet:?xt=urn:btih:{HASH}\n"
    assert bare("magnet", HASH, "--announce", "udp://h:1") == f"magnet:?xt=urn:btih:{HASH}&tr=udp%3A%2F%2Fh%3A1\n"


def test_magnet_of_a_file_has_all_its_fields(tmp_path):
    (tmp_path / "content").write_bytes(bytes(100000))
    skepctl = Skepctl(cwd=tmp_path, options=("--url", f"http://127.0.0.1:{free_port()}"))
    made = skepctl.json("create", "content", "--hybrid", "--announce", "udp://h:1")
    assert skepctl("magnet", "content.torrent") == (
        f"magnet:?xt=urn:btih:{made['info_hash']}&xt=urn:btmh:1220{made['info_hash_v2']}&dn=content&xl=100000\n")


def test_token_is_sent_from_every_source(tmp_path, monkeypatch):
    (tmp_path / "token").write_text("from-a-file\n")
    monkeypatch.setenv("SKEPCTL_TOKEN", "from-the-environment")
    with false_daemon(status=STATUS) as daemon:
        ask = Skepctl(options=("--url", daemon.origin))
        for words in (), ("--token", "from-an-option"), ("--token-file", tmp_path / "token"):
            ask("status", *words)
        monkeypatch.delenv("SKEPCTL_TOKEN")
        ask("status")
    assert daemon.tokens == ["Bearer from-the-environment", "Bearer from-an-option", "Bearer from-a-file", None]


def test_token_that_is_too_long_is_not_cut(tmp_path, monkeypatch):
    token = tmp_path / "token"
    token.write_text(f" {'x' * 511}\n")
    with false_daemon(status=STATUS) as daemon:
        ask = Skepctl(options=("--url", daemon.origin))
        ask("status", "--token-file", token)
        for long in "x" * 512, "x" * 5000:
            complaint = "the token is longer than 511 bytes"
            token.write_text(f"{long}\n")
            assert f"{token}: {complaint}" in ask.refuses("status", "--token-file", token)
            assert f"--token: {complaint}" in ask.refuses("status", "--token", long)
            monkeypatch.setenv("SKEPCTL_TOKEN", long)
            assert f"SKEPCTL_TOKEN: {complaint}" in ask.refuses("status")
            monkeypatch.delenv("SKEPCTL_TOKEN")
    assert daemon.tokens == ["Bearer " + "x" * 511]


def test_url_comes_from_the_environment(daemon, monkeypatch):
    monkeypatch.setenv("SKEPCTL_URL", daemon.url)
    assert Skepctl().json("status")["role"] == "admin"
    assert "127.0.0.1:1:" in Skepctl().refuses("status", "--url", "127.0.0.1:1", status=SILENT)
    monkeypatch.delenv("SKEPCTL_URL")
    monkeypatch.setenv("SKEP_HTTP_PORT", str(daemon.port))
    assert Skepctl().json("status")["role"] == "admin"


@pytest.mark.parametrize("command", [["status"], ["torrents"], ["peers", HASH], ["top", "--json"], ["list"], ["bans"]])
def test_wrong_token_is_an_error_although_the_address_suffices(skepctl, command):
    assert "Invalid token" in skepctl.refuses(*command, "--token", TOKEN + "x", status=REFUSED)


def test_wrong_token_is_reported_even_if_a_short_status_is_public():
    with Skepd(config="http = { public_stats = true; };") as daemon:
        for words in ["status"], ["torrents"]:
            complaint = Skepctl(options=("--url", daemon.url)).refuses(*words, "--token", TOKEN, status=REFUSED)
            assert "Invalid token" in complaint


def test_token_makes_an_admin_of_a_stranger(daemon):
    with Skepd(config=f'http = {{ admins = []; admin_token = "{TOKEN}"; }};') as strict:
        skepctl = Skepctl(options=("--url", strict.url))
        assert skepctl.refuses("torrents", status=REFUSED)
        assert skepctl.json("torrents", "--token", TOKEN)["total"] == 0
        assert skepctl.refuses("torrents", "--token", TOKEN + "x", status=REFUSED)


@pytest.mark.parametrize("words, complaint", [
    (["status", "--url", "ftp://x"], "http://"), (["status", "--token-file", "/nowhere"], "No such file"),
    (["torrents", "--sort", "luck"], "--sort"), (["torrents", "--show", "some"], "--show"),
    (["torrents", "--limit", "0"], "--limit"), (["torrents", "--limit", "501"], "--limit"),
    (["torrents", "--search", "x" * 2000], "too long"), (["peers"], "missing argument"),
    (["status", "more"], "unexpected argument"),
    (["status", "--database", "x"], "status does not support --database"),
    (["scrape", "udp://h:1", "--url", "x"], "scrape does not support --url"), (["status", "--sort", "name"], "does not support --sort"),
    (["top"], "terminal")])
def test_mistake_is_named(words, complaint):
    assert complaint in Skepctl().refuses(*words, status=MISTAKE)


@pytest.mark.parametrize("command", [["status"], ["torrents"], ["peers", HASH], ["top", "--json"]])
def test_missing_daemon_is_reported(command):
    url = f"http://127.0.0.1:{free_port()}"
    complaint = Skepctl(options=("--url", url)).refuses(*command, status=SILENT)
    assert f"cannot reach skepd at {url}: Connection refused; start skepd or pass --url" in complaint


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"<html>", b"\xff", b"null", b"[" * 5000])
def test_other_server_is_reported(body):
    with FalseHttpTracker(body) as daemon:
        assert "is this skepd?" in Skepctl(options=("--url", daemon.origin)).refuses("status", status=SILENT)


def test_refusal_is_printed_without_escapes():
    with false_daemon() as daemon:
        complaint = Skepctl(options=("--url", daemon.origin)).refuses("status", status=REFUSED)
    assert "such thing" in complaint and "\x1b" not in complaint


@pytest.mark.parametrize("strange", [{}, {"items": 5}, {"items": [1, None, {}]}, {"items": [
    {"name": 5, "size": "x", "seeders": -1, "leechers": 1e300, "address": [], "progress": "y", "seen": 1e300}]}])
def test_strange_answers_are_survived(strange):
    page = {"torrents": strange, f"torrents_{HASH}_peers": strange, "status": {**strange, "totals": strange}}
    with false_daemon(**page) as daemon:
        skepctl = Skepctl(options=("--url", daemon.origin))
        for command in ["torrents"], ["peers", HASH], ["status"]:
            skepctl(*command)


def test_ages_of_peers_are_by_the_clock_of_the_tracker():
    peer = {"address": "192.0.2.1", "port": 7, "role": "leecher", "seen": 5000, "client": "x"}
    page = {f"torrents_{HASH}_peers": {"items": [peer], "total": 1, "now": 5012.5}}
    with false_daemon(**page) as daemon:
        assert " 12 s " in Skepctl(options=("--url", daemon.origin))("peers", HASH)


def test_no_file_gets_a_closed_standard_descriptor():
    """Otherwise what is printed is written into that file."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(["sh", "-c", 'exec "$@" 0>&- 1>&- 2>&-', "sh", program(), "status", "--url", url])
        try:
            connection, _ = silent.accept()
            opened = [os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in (0, 1, 2)]
            connection.close()
        finally:
            process.kill()
            process.wait()
    assert opened == ["/dev/null"] * 3


def test_names_are_printed_without_terminal_escapes():
    items = [{"name": "\x1b]0;x\x07 ‮", "info_hash": HASH, "seeders": 1, "health": "good"}]
    with false_daemon(torrents={"items": items, "total": 1}) as daemon:
        text = Skepctl(options=("--url", daemon.origin))("torrents")
    assert not any(c in text for c in "\x1b\x07‮") and "\\x1b]0;x" in text


# The live view.

def top(daemon, *words, **size):
    return Terminal([program(), "top", "--url", daemon.url if isinstance(daemon, Skepd) else daemon.origin,
                     *words], **size)


def test_top_draws_follows_and_quits(skepctl, daemon):
    torrent = random_hash()
    with top(daemon) as terminal:
        terminal.wait_for("skepd 0.", "SEEDERS", "q quit")
        Peer(daemon.port, torrent).start()
        terminal.wait_for(torrent.hex()[:30])
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert terminal.is_restored() and terminal.text.rstrip().endswith(("\x1b[?1l\x1b>", "\x1b[?1049l"))


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_top_restores_the_terminal_however_it_ends(daemon, signum):
    with top(daemon) as terminal:
        terminal.wait_for("q quit")
        assert not terminal.is_restored()
        terminal.send(signum)
        assert terminal.wait_for_end() == 0
        assert terminal.is_restored() and "\x1b[?1049l" in terminal.text


def many(target):
    offset = int(target.split("offset=")[1].split("&")[0]) if "offset=" in target else 0
    if "status" in target:
        return 200, {}, json.dumps(STATUS).encode()
    limit = int(target.split("limit=")[1])
    wanted = range(offset, min(offset + limit, 200))
    items = [{"name": f"torrent-{i:03}-" + "long" * 50, "info_hash": f"{i:040x}", "seeders": i, "health": "good"}
             for i in wanted]
    if "/peers?" in target:
        items = [{"address": f"192.0.2.{i}", "port": 6881, "role": "seeder", "progress": 1, "reach": "open",
                  "client": "qBittorrent 4.5.2"} for i in wanted]
    return 200, {}, json.dumps({"items": items, "total": 200}).encode()


DOWN, UP, PAGE_DOWN, HOME, END = "\x1bOB", "\x1bOA", "\x1b[6~", "\x1bOH", "\x1bOF"


def asked(daemon, terminal, words):
    wait_until(lambda: terminal.read() or words in daemon.requests[-1])


def test_top_handles_keys_and_resizes():
    with FalseHttpTracker(many) as daemon, top(daemon, rows=12, columns=90) as terminal:
        terminal.wait_for("↓ SEEDERS", "torrent-006")
        assert "sort=seeders&order=desc&offset=0&limit=7" in daemon.requests[-1]
        terminal.type(6 * DOWN)
        terminal.type("s")
        asked(daemon, terminal, "sort=leechers&order=desc&offset=0&limit=7")
        terminal.type(DOWN)
        asked(daemon, terminal, "sort=leechers&order=desc&offset=1&limit=7")
        terminal.type("r")
        asked(daemon, terminal, "sort=leechers&order=asc&offset=1")
        terminal.type(PAGE_DOWN)
        asked(daemon, terminal, "offset=8")
        terminal.type(END)
        asked(daemon, terminal, "offset=193")
        terminal.type(HOME)
        asked(daemon, terminal, "offset=0")
        terminal.resize(40, 120)
        terminal.wait_for("torrent-034")
        assert "limit=35" in daemon.requests[-1]
        terminal.type("q")
        assert terminal.wait_for_end() == 0


def test_top_shows_the_peers_of_the_chosen_torrent():
    with FalseHttpTracker(many) as daemon, top(daemon, rows=12, columns=60) as terminal:
        terminal.wait_for("torrent-006")
        for back in "\x1b", "q":
            terminal.type(DOWN)
            terminal.read(0.3)
            terminal.type("\r")
            terminal.wait_for("peers 200 of torrent-00", "192.0.2.6:6881")
            terminal.type(DOWN)
            asked(daemon, terminal, "/peers?offset=1&limit=7")
            terminal.type(back)
            terminal.wait_for("SEEDERS")
        targets = {target.split("/")[4] for target in daemon.requests if "/peers?" in target}
        assert targets == {f"{1:040x}", f"{2:040x}"}
        terminal.type("q")
        assert terminal.wait_for_end() == 0


@pytest.mark.parametrize("columns, shown, hidden", [
    (120, ["COMPLETED", "SIZE", "RATE", "HEALTH", "announces 1.2/s", "peers 6"], []),
    (80, ["SIZE", "RATE", "HEALTH", "up 2.0 KiB/s"], ["COMPLETED"]),
    (60, ["LEECHERS", "RATE", "HEALTH", "down 1.0 KiB/s"], ["COMPLETED", "SIZE", "announces"]),
    (40, ["SEEDERS", "LEECHERS"], ["COMPLETED", "SIZE", "RATE", "HEALTH"])])
def test_top_keeps_the_names_where_the_screen_is_narrow(columns, shown, hidden):
    with FalseHttpTracker(many) as daemon, top(daemon, rows=12, columns=columns) as terminal:
        terminal.wait_for("NAME", "torrent-006", "seeders 2", "leechers 4", *shown)
        assert not any(word in terminal.text for word in hidden)


def test_top_marks_the_column_without_letters_where_there_are_no_arrows():
    with FalseHttpTracker(many) as daemon:
        with Terminal([program(), "top", "--url", daemon.origin], environment={"LANG": "C", "LC_ALL": "C"}) as terminal:
            terminal.wait_for("- SEEDERS")
            terminal.type("r")
            terminal.wait_for("+")


def test_top_continues_while_the_daemon_is_away():
    with FalseHttpTracker(many) as daemon, top(daemon) as terminal:
        terminal.wait_for("q quit")
        daemon.body = lambda target: (503, {}, b"{}")
        terminal.wait_for("HTTP status 503")
        daemon.body = many
        daemon.requests.clear()
        terminal.wait_for("disk is full")
        terminal.type("q")
        assert terminal.wait_for_end() == 0


def test_top_reports_what_it_needs(daemon):
    with Terminal([program(), "top", "--url", daemon.url], environment={"TERM": "unheard-of"}) as terminal:
        assert terminal.wait_for_end() == MISTAKE and "terminal not supported" in terminal.text
    assert set(Skepctl(options=("--url", daemon.url)).json("top")) == {"status", "torrents"}
