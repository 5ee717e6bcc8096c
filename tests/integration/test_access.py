"""Access control: modes, registered torrents, passkeys, bans, networks, clients; changes take effect
at runtime."""

import os
import signal
import sqlite3
import time

import pytest

from support.announce import Peer, escape, get, query, random_hash, scrape
from support.api import Api
from support.database import stored_peers, wire
from support.skepctl import Skepctl
from support.skepd import Skepd
from support.udp import STARTED, STOPPED, UdpClient, UdpError
from support.waiting import wait_until

ANNOUNCED = "announce = { interval_min_s = 300; interval_max_s = 300; };"
NOT_LISTED = "torrent not registered"
NO_KEY = "private tracker: passkey required in the announce URL"
WRONG_KEY = "invalid passkey in the announce URL"
BANNED = "your address is banned"
NOT_SERVED = "access denied: your network is not allowed"
NO_CLIENT = "access denied: your client is not allowed"


def access(rules, more=""):
    return f"{ANNOUNCED} access = {{ {rules} }}; {more}"


PRIVATE = access('mode = "private";', 'log_level = "debug";')


@pytest.fixture
def start():
    """A daemon with the given access rules: start('mode = "listed";')."""
    daemons = []

    def start(rules, more="", **traits):
        daemons.append(Skepd(access(rules, more), **traits))
        return daemons[-1].__enter__()

    yield start
    for daemon in daemons:
        daemon.__exit__(None, None, None)


@pytest.fixture(scope="module")
def private():
    with Skepd(PRIVATE, udp=True) as daemon:
        yield daemon


def new_key(daemon, label):
    return Api(daemon.port).post("/passkeys", {"label": label}).json["passkey"]


def wait_for_failure(reason, peer, **more):
    wait_until(lambda: peer.announce(**more).failure == reason, what=f"failure is {reason}")


def assert_refused(reply, reason, retry):
    assert reply.status == 200
    assert reply.failure == reason
    assert reply["retry in"] == retry
    assert (reply["interval"], reply["min interval"]) == (300, 150)
    assert "peers" not in reply


# Listed torrents


def test_listed_mode_takes_what_skepctl_adds_and_drops_what_it_removes(start, torrent):
    daemon = start('mode = "listed";')
    skepctl = Skepctl(daemon.database)
    peer, other = Peer(daemon.port, torrent), Peer(daemon.port, random_hash())
    assert_refused(peer.start(), NOT_LISTED, 6)
    skepctl("add", torrent.hex(), "a name")
    wait_for_failure(None, peer)
    assert other.start().failure == NOT_LISTED
    skepctl("remove", torrent.hex())
    wait_for_failure(NOT_LISTED, peer)
    assert scrape(daemon.port, torrent)["files"][torrent][b"incomplete"] == 0


def test_list_file_is_read_again_when_it_changes(start, tmp_path):
    first, second, registered = random_hash(), random_hash(), random_hash()
    list_file = tmp_path / "torrents"
    list_file.write_text(f"# ours\n\n{first.hex()} the first\nnonsense\n")
    daemon = start(f'mode = "listed"; whitelist_file = "{list_file}";')
    daemon.wait_for_log("warning", f"{list_file}:4")
    one, two, three = (Peer(daemon.port, each) for each in (first, second, registered))
    assert one.start().failure is None
    assert two.start().failure == NOT_LISTED
    Skepctl(daemon.database)("add", registered.hex())
    list_file.write_bytes(second.hex().upper().encode() + b"\r\n")
    wait_for_failure(None, two)
    assert one.announce().failure == NOT_LISTED
    assert three.announce().failure is None
    list_file.unlink()
    daemon.wait_for_log("error", str(list_file), "keeping the current access rules")
    assert two.announce().failure is None
    replacement = tmp_path / "new"
    replacement.write_text(first.hex())
    os.replace(replacement, list_file)
    wait_for_failure(None, one)


def test_list_file_is_read_at_once_on_a_reload(start, tmp_path, torrent):
    list_file = tmp_path / "torrents"
    list_file.write_text("")
    daemon = start('mode = "listed";')
    peer = Peer(daemon.port, torrent)
    assert peer.start().failure == NOT_LISTED
    list_file.write_text(torrent.hex())
    daemon.reload(access(f'mode = "listed"; whitelist_file = "{list_file}";'))
    wait_until(lambda: peer.announce().failure is None, 0.8)


def test_daemon_does_not_start_without_its_list_file(tmp_path):
    daemon = Skepd(access(f'mode = "listed"; whitelist_file = "{tmp_path}/none";'))
    with pytest.raises(AssertionError, match="none: No such file"):
        with daemon:
            pass


def test_scrape_of_a_listed_tracker_is_open(start, torrent):
    daemon = start('mode = "listed";')
    assert "files" in scrape(daemon.port, torrent)


def test_change_is_not_lost_where_the_registry_cannot_be_read_for_a_while(start, torrent):
    daemon = start('mode = "listed";')
    connection = sqlite3.connect(daemon.database, isolation_level=None)
    connection.execute("ALTER TABLE ban RENAME TO hidden")
    Skepctl(daemon.database)("add", torrent.hex())
    daemon.wait_for_log("error", "registry", "cannot read the database")
    peer = Peer(daemon.port, torrent)
    connection.execute("INSERT INTO hidden VALUES ('127.0.0.9/32', '', 0, 0)")
    connection.execute("ALTER TABLE hidden RENAME TO ban")
    connection.close()
    wait_for_failure(None, peer)
    wait_for_failure(BANNED, Peer(daemon.port, torrent, source="127.0.0.9"))


# Passkeys


def test_private_tracker_logs_that_its_urls_require_a_passkey(private, daemon):
    words = "Announce URLs (insert a passkey before /announce):"
    assert words in private.log() and words not in daemon.log()


def test_private_tracker_requires_a_passkey_over_http(private, torrent):
    key = new_key(private, "http")
    peer = Peer(private.port, torrent)
    assert_refused(peer.start(), NO_KEY, b"never")
    assert_refused(peer.start(path=f"/{'0' * 32}/announce"), WRONG_KEY, b"never")
    wait_for_failure(None, peer, path=f"/{key}/announce")
    assert peer.announce(path=f"/{key}/announce.php").counts == (0, 1, 0)
    for wrong in (key[:-1], key + "0", key.upper(), f"x/{key}", key + "/"):
        assert peer.announce(path=f"/{wrong}/announce").failure == WRONG_KEY
    for none in ("", "/", "0" * 65 + "/"):
        assert peer.announce(path=f"/{none}announce").failure == NO_KEY


@pytest.mark.parametrize("form", ["/KEY/announce/", "/KEY/announce.php", "/announce/KEY", "/announce.php/KEY/"])
def test_passkey_may_stand_before_or_after_announce(private, torrent, form):
    key = new_key(private, form)
    peer = Peer(private.port, torrent)
    wait_for_failure(None, peer, path=form.replace("KEY", key))
    path = form.replace("KEY", key).replace("announce", "scrape")
    assert scrape(private.port, torrent, path=path)["files"][torrent][b"incomplete"] == 1
    assert peer.announce(path=form.replace("KEY", key[::-1])).failure == WRONG_KEY
    with UdpClient(private.port) as client:
        client.announce(torrent, 5001, options=url_path(form.replace("KEY", key)))
        with pytest.raises(UdpError, match=WRONG_KEY):
            client.announce(torrent, 5001, options=url_path(form.replace("KEY", key[::-1])))


@pytest.mark.parametrize("path", ["/announce", "/announce/", "/announce.php"])
def test_passkey_may_be_a_parameter(private, torrent, path):
    key = new_key(private, "parameter " + path)
    peer = Peer(private.port, torrent)
    assert peer.announce(path=path, passkey="x").failure == WRONG_KEY
    wait_for_failure(None, peer, path=path, passkey=key)
    scrape_target = path.replace("announce", "scrape") + f"?passkey={key}&info_hash={escape(torrent)}"
    assert get(private.port, scrape_target)["files"][torrent][b"incomplete"] == 1
    with UdpClient(private.port) as client:
        client.announce(torrent, 5001, options=url_path(f"{path}?passkey={key}"))


def test_skepctl_takes_each_form_of_a_private_url(private, torrent):
    key = new_key(private, "skepctl")
    wait_for_failure(None, Peer(private.port, torrent), path=f"/{key}/announce")
    host, skepctl = f"127.0.0.1:{private.port}", Skepctl()
    for form in (f"/{key}/announce", f"/{key}/announce/", f"/announce/{key}", f"/announce.php?passkey={key}"):
        assert skepctl.json("announce", f"http://{host}{form}", torrent.hex())["leechers"] >= 1
        assert skepctl.json("announce", f"udp://{host}{form}", torrent.hex())["leechers"] >= 1
        assert skepctl.json("scrape", f"http://{host}{form}", torrent.hex())["items"][0]["leechers"] >= 1


def test_private_tracker_requires_a_passkey_in_scrapes(private, torrent):
    key = new_key(private, "scrape")
    wait_until(lambda: "files" in scrape(private.port, torrent, path=f"/{key}/scrape"))
    assert scrape(private.port, torrent).failure == NO_KEY
    assert scrape(private.port, torrent, path="/wrong/scrape").failure == WRONG_KEY


def url_path(*pieces):
    """BEP 41 options with these pieces of a path, between paddings."""
    options = b"".join(b"\x02" + bytes([len(piece)]) + piece.encode() for piece in pieces)
    return b"\x01\x01" + options + b"\x00"


def test_private_tracker_requires_a_passkey_over_udp(private, torrent):
    key = new_key(private, "udp")
    wait_for_failure(None, Peer(private.port, random_hash()), path=f"/{key}/announce")
    with UdpClient(private.port) as client:
        with pytest.raises(UdpError, match=NO_KEY):
            client.announce(torrent, 5001, event=STARTED)
        with pytest.raises(UdpError, match=WRONG_KEY):
            client.announce(torrent, 5001, options=url_path("/wrong/announce"))
        client.announce(torrent, 5001, options=url_path(f"/{key}/announce"))
        reply = client.announce(torrent, 5002, options=url_path("/" + key[:9], key[9:], "/announce"))
        assert reply.peers == [("127.0.0.1", 5001)]
        with pytest.raises(UdpError, match=NO_KEY):
            client.scrape(torrent)


def test_revoked_passkey_is_refused(private, torrent):
    skepctl = Skepctl(private.database)
    key, other = skepctl.key_new("leaver"), new_key(private, "stayer")
    peer = Peer(private.port, torrent)
    wait_for_failure(None, peer, path=f"/{other}/announce")
    assert peer.announce(path=f"/{key}/announce").failure is None
    skepctl("key", "revoke", "leaver")
    wait_for_failure(WRONG_KEY, peer, path=f"/{key}/announce")
    assert peer.announce(path=f"/{other}/announce").peers == []


def test_refused_announce_leaves_another_users_peer_at_its_endpoint_alone(private, torrent):
    path = f"/{new_key(private, 'member')}/announce"
    member = Peer(private.port, torrent)
    wait_for_failure(None, member, path=path)
    stranger = Peer(private.port, torrent, port=member.port)
    assert stranger.announce(left=0).failure == NO_KEY
    assert stranger.announce(path="/wrong/announce", event="started").failure == WRONG_KEY
    assert stranger.announce(left=0, event="completed").failure == NO_KEY
    assert stranger.announce(left=0, event="stopped").failure == NO_KEY
    with UdpClient(private.port) as client:
        with pytest.raises(UdpError, match=NO_KEY):
            client.announce(torrent, member.port, left=0, event=STOPPED)
    other = Peer(private.port, torrent).announce(path=path)
    assert other.counts == (0, 2, 0)
    assert other.peers == [member.endpoint]
    assert member.announce(event="stopped").failure == NO_KEY
    assert Peer(private.port, torrent).announce(path=path).counts == (0, 2, 0)


def test_passkey_is_kept_nowhere_in_clear(private, torrent):
    key = new_key(private, "secret")
    peer = Peer(private.port, torrent)
    wait_for_failure(None, peer, path=f"/{key}/announce")
    get(private.port, f"/{key}/other")
    get(private.port, f"/{key}/announce?info_hash=1")
    scrape(private.port, torrent, path=f"/{key}/scrape")
    for path in ("/announce/KEY", "/announce?passkey=KEY", "/scrape/KEY?info_hash=1", "/announce/KEY/x",
                 "/announce.php?passkey=KEY&info_hash=1", "/favicon.ico?passkey=KEY"):
        get(private.port, path.replace("KEY", key))
    stored = torrent, wire(*peer.endpoint)
    wait_until(lambda: stored in stored_peers(private.database))
    files = list(private.directory.glob("skep.db*"))
    assert files
    for file in files:
        content = file.read_bytes().lower()
        assert key.encode() not in content and bytes.fromhex(key) not in content
    assert key not in private.log()
    assert key[:16] not in private.log()


def test_passkeys_survive_a_kill(start, torrent):
    daemon = start('mode = "private";')
    key = Skepctl(daemon.database).key_new("k")
    daemon.kill()
    daemon.start()
    assert Peer(daemon.port, torrent).start(path=f"/{key}/announce").failure is None
    assert Peer(daemon.port, torrent).start().failure == NO_KEY


def test_passkey_that_was_made_before_the_first_request_lets_in(start, torrent):
    daemon = start('mode = "private";')
    daemon.stop()
    key = Skepctl(daemon.database).key_new("early")
    daemon.start()
    assert Peer(daemon.port, torrent).start(path=f"/{key}/announce").failure is None


# Bans


def test_banned_address_gets_the_reason(start, torrent):
    daemon = start("", udp=True)
    skepctl = Skepctl(daemon.database)
    outlaw, other = (Peer(daemon.port, torrent, source=f"127.0.0.{n}") for n in (5, 9))
    assert outlaw.start().failure is None
    skepctl("ban", "127.0.0.4/30", "--reason", "no manners")
    wait_for_failure(f"{BANNED}: no manners", outlaw)
    assert_refused(outlaw.announce(), f"{BANNED}: no manners", b"never")
    assert other.start().peers == []
    assert scrape(daemon.port, torrent, source="127.0.0.5").failure == f"{BANNED}: no manners"
    with UdpClient(daemon.port, source="127.0.0.5") as client:
        with pytest.raises(UdpError, match=f"^{BANNED}: no manners$"):
            client.announce(torrent, 5001)
        with pytest.raises(UdpError, match=BANNED):
            client.scrape(torrent)
    skepctl("ban", "127.0.0.5")
    daemon.reload()
    wait_for_failure(BANNED, outlaw)
    skepctl("unban", "127.0.0.5")
    skepctl("unban", "127.0.0.4/30")
    wait_for_failure(None, outlaw)


def test_ban_of_ipv6_leaves_ipv4_alone(start, torrent):
    daemon = start("")
    v6, v4 = Peer(daemon.port, torrent, source="::1"), Peer(daemon.port, torrent)
    assert v6.start().failure is None
    Skepctl(daemon.database)("ban", "::/0")
    daemon.reload()
    wait_for_failure(BANNED, v6)
    assert v4.start().failure is None


def test_ban_survives_restarts_and_ends_in_its_time(start, torrent):
    daemon = start("")
    skepctl = Skepctl(daemon.database)
    for_now, for_good = (Peer(daemon.port, torrent, source=f"127.0.0.{n}") for n in (5, 6))
    skepctl("ban", for_good.source)
    began = time.monotonic()
    skepctl("ban", for_now.source, "--for", "4s", "--reason", "cool down")
    for end in daemon.stop, daemon.kill:
        end()
        daemon.start()
        failure = for_now.start().failure
        assert failure == f"{BANNED}: cool down" or time.monotonic() - began > 3
    wait_for_failure(None, for_now)
    assert time.monotonic() - began > 3
    assert for_good.start().failure == BANNED


def test_reason_of_any_bytes_is_good_bencode(start, torrent):
    daemon = start("")
    peer = Peer(daemon.port, torrent, source="127.0.0.5")
    for more in ("", "x"):
        reason = f'é "quoted" \t %s %n <b>{more}' + "é" * 200
        Skepctl(daemon.database)("ban", "127.0.0.5", "--reason", reason)
        daemon.reload()
        wait_until(lambda: f"<b>{more}é".encode() in peer.announce().body)
        shown = peer.announce().failure
        assert shown.startswith(f'{BANNED}: é "quoted" \t %s %n <b>{more}éé')


# Networks and clients


def test_only_allowed_networks_are_served(start, torrent):
    daemon = start('allow = [ "127.0.0.0/28", "::1" ]; deny = [ "127.0.0.3" ];', udp=True)
    for source, failure in (("127.0.0.2", None), ("127.0.0.3", NOT_SERVED), ("::1", None),
                            ("127.0.0.16", NOT_SERVED)):
        assert Peer(daemon.port, torrent, source=source).start().failure == failure
        assert ("files" in scrape(daemon.port, torrent, source=source)) == (failure is None)
    assert_refused(Peer(daemon.port, torrent, source="127.0.0.3").start(), NOT_SERVED, b"never")
    with UdpClient(daemon.port, source="127.0.0.3") as client:
        with pytest.raises(UdpError, match=NOT_SERVED):
            client.announce(torrent, 5001)


def test_only_allowed_clients_are_served(start, torrent):
    daemon = start('clients_allow = [ "-SK", "-qB" ]; clients_deny = [ "-qB40" ];')
    for peer_id, failure in ((b"-qB4500-123456789012", None), (b"-qB4050-123456789012", NO_CLIENT),
                             (b"-TR3000-123456789012", NO_CLIENT)):
        assert Peer(daemon.port, torrent, peer_id=peer_id).start().failure == failure
    refused = Peer(daemon.port, torrent, peer_id=b"M" * 20).start()
    assert_refused(refused, NO_CLIENT, b"never")


# Reloads


def test_reload_changes_the_mode_and_the_rules(start, torrent):
    daemon = start("")
    skepctl = Skepctl(daemon.database)
    peer = Peer(daemon.port, torrent)
    assert peer.start().failure is None
    daemon.reload(access('mode = "listed";'))
    wait_for_failure(NOT_LISTED, peer)
    daemon.reload(access('mode = "private";'))
    wait_for_failure(NO_KEY, peer)
    daemon.reload(access('deny = [ "127.0.0.1" ];'))
    wait_for_failure(NOT_SERVED, peer)
    daemon.reload(access('clients_deny = [ "-SK" ];'))
    wait_for_failure(NO_CLIENT, peer)
    skepctl("ban", "127.0.0.0/8")
    daemon.reload(access(""))
    wait_for_failure(BANNED, peer)
    skepctl("unban", "127.0.0.0/8")
    daemon.process.send_signal(signal.SIGHUP)
    wait_for_failure(None, peer)


@pytest.mark.parametrize("rules, name", [
    ('mode = "closed";', "access.mode"), ('allow = [ "10.0.0.1/8" ];', "access.allow"),
    ('clients_deny = [ "" ];', "access.clients_deny"), ("whitelist_file = 7;", "access.whitelist_file"),
    ('clients_allow = [ "-SK0001-3456789012345" ];', "access.clients_allow")])
def test_reload_with_broken_rules_leaves_the_old_ones(private, torrent, rules, name):
    private.reload(access(rules))
    private.wait_for_log("error", name)
    assert Peer(private.port, torrent).start().failure == NO_KEY
    private.write_config(PRIVATE)


def test_parameter_of_another_name_is_no_passkey(private, torrent):
    key = new_key(private, "query")
    wait_for_failure(None, Peer(private.port, torrent), path=f"/{key}/announce")
    said = query({"passkeys": key, "key": key})
    assert get(private.port, f"{Peer(private.port, torrent).target()}&{said}").failure == NO_KEY


# Blocked torrents

BLOCKED = "torrent blocked by this tracker"


def scraped(daemon, torrent):
    return scrape(daemon.port, torrent)["files"][torrent]


@pytest.mark.parametrize("mode", ["open", "listed"])
def test_block_file_is_loaded_again_when_it_changes(start, torrent, tmp_path, mode):
    blocklist, other = tmp_path / "blocked.txt", random_hash()
    blocklist.write_text(f"# takedowns\n{other.hex()} 2026-11-01\n")
    daemon = start(f'mode = "{mode}"; blocklist_file = "{blocklist}";', udp=True)
    if mode == "listed":
        Skepctl(daemon.database)("add", torrent.hex())
        wait_for_failure(None, Peer(daemon.port, torrent))
    peer, bystander = Peer(daemon.port, torrent), Peer(daemon.port, other)
    assert peer.start(left=0).failure is None
    assert bystander.start().failure == BLOCKED
    blocklist.write_text(torrent.hex() + "\n")
    wait_until(lambda: scraped(daemon, torrent)[b"complete"] == 0)
    assert_refused(peer.announce(), BLOCKED, peer.announce()["retry in"])
    assert b"never" != peer.announce()["retry in"]
    with UdpClient(daemon.port) as client:
        with pytest.raises(UdpError, match=BLOCKED):
            client.announce(torrent, 6881)


def test_skepctl_blocks_and_unblocks(start, torrent):
    daemon = start("")
    skepctl = Skepctl(options=("--url", daemon.url))
    peer = Peer(daemon.port, torrent)
    assert peer.start().failure is None
    assert skepctl("block", torrent.hex(), "--reason", "takedown") == f"blocked {torrent.hex()}\n"
    assert peer.announce().failure == f"{BLOCKED}: takedown"
    assert scraped(daemon, torrent)[b"incomplete"] == 0
    assert torrent.hex() in skepctl("blocks") and "takedown" in skepctl("blocks")
    assert skepctl.json("blocks")["items"][0]["info_hash"] == torrent.hex()
    assert skepctl("unblock", torrent.hex()) == f"unblocked {torrent.hex()}\n"
    assert peer.announce().failure is None
    assert "not found" in skepctl.refuses("unblock", torrent.hex())


def test_block_in_the_database_reaches_the_running_skepd(start, torrent):
    daemon = start("")
    peer = Peer(daemon.port, torrent)
    peer.start()
    Skepctl(daemon.database)("block", torrent.hex(), "--reason", "x" * 200)
    wait_until(lambda: (peer.announce().failure or "").startswith(f"{BLOCKED}: xxx"))
    Skepctl(daemon.database)("unblock", torrent.hex())
    wait_for_failure(None, peer)


def test_stricter_mode_removes_peers_at_the_reload(start, torrent):
    daemon = start("")
    Peer(daemon.port, torrent).start()
    assert scraped(daemon, torrent)[b"incomplete"] == 1
    daemon.reload(access('deny = [ "127.0.0.0/8" ];'))
    wait_until(lambda: "left:" in daemon.log())


def test_revoked_passkey_removes_its_peers(private, torrent):
    key, other = new_key(private, "revoked"), new_key(private, "kept")
    Peer(private.port, torrent, source="127.0.0.41").announce(path=f"/{key}/announce")
    Peer(private.port, torrent, source="127.0.0.42").announce(path=f"/{other}/announce")
    private.restart()
    assert Api(private.port).torrent(torrent)["leechers"] == 2
    assert Api(private.port).delete("/passkeys/revoked").status == 204
    peers = Api(private.port).peers(torrent)
    assert [peer["address"] for peer in peers] == ["127.0.0.42"]


def test_ban_says_that_it_replaces_another(start):
    daemon = start("")
    for skepctl in Skepctl(options=("--url", daemon.url)), Skepctl(daemon.database):
        skepctl("ban", "192.0.2.1")
        assert skepctl("ban", "192.0.2.1", "--for", "1h").endswith("(replaces an earlier ban)\n")
        skepctl("unban", "192.0.2.1")
        assert "replaces" not in skepctl("ban", "192.0.2.1")
        skepctl("unban", "192.0.2.1")
