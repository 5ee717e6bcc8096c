"""The API of a tracker with real announces. support.api validates every response against the OpenAPI
description."""

import json
import re
import socket
import time
import urllib.parse

import pytest

from support.announce import Peer, random_hash
from support.api import DESCRIPTION, Api, part
from support.bencode import decode
from support.certificates import Authority
from support.skepctl import Skepctl
from support.skepd import Skepd, free_port
from support.torrents import encode
from support.waiting import wait_until

TOKEN = "a-token-of-24-characters"
CONFIG = f'http = {{ admin_token = "{TOKEN}"; }}; probe = {{ enabled = false; }};'
STRANGER = "127.0.0.9"
HASH_IN_PATH = "00" * 20
COUNTS = "/counts/" + HASH_IN_PATH


@pytest.fixture(scope="module")
def api(daemon):
    return Api(daemon.port)


def names_of(page):
    return [item["info_hash"] for item in page["items"]]


def one_of_each(path):
    """A path of the description with something in its places."""
    return (path.replace("{info_hash}", HASH_IN_PATH).replace("{address}", "192.0.2.1")
            .replace("{label}", "nobody").replace("{network}", part("192.0.2.0/24")))


def operations():
    return [(method.upper(), one_of_each(path)) for path, methods in DESCRIPTION["paths"].items()
            for method in methods]


# Who may

def test_session_describes_the_client(daemon, api):
    assert api.get("/session") == {"role": "admin", "client": "127.0.0.1", "by": "address",
                                   "why": None, "tokens": True}
    assert Api(daemon.port, token=TOKEN).get("/session")["by"] == "token"


@pytest.mark.parametrize("why,client,headers", [
    ("host", None, {"Host": "rebound.example"}), ("forwarded", "127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}),
    ("token", None, {"Host": "rebound.example", "Authorization": "Bearer of another"})])
def test_session_has_the_reason_for_no_admin(api, why, client, headers):
    answer = api.call("GET", "/session", headers=headers)
    assert answer.json == {"role": "none", "client": client, "by": None, "why": why, "tokens": True}


def test_description_is_served_as_it_is(api):
    assert api.get("/openapi.json") == DESCRIPTION


@pytest.mark.parametrize("method,path", operations())
def test_every_described_call_is_there(api, method, path):
    answer = api.call(method, path, {} if method in ("POST", "PATCH") else None)
    assert answer.status != 405
    if answer.status == 404:
        assert HASH_IN_PATH in path or "nobody" in path or "192.0.2" in path


class TestStrangers:
    """Uses its own daemon, whose admins do not include 127.0.0.1."""

    CLOSED = 'http = { admins = [ "127.0.0.2" ]; admin_token = "%s"; };' % TOKEN

    @pytest.fixture(scope="class")
    def closed(self):
        with Skepd(config=self.CLOSED) as daemon:
            yield daemon

    @pytest.mark.parametrize("method,path", operations())
    def test_may_nothing_but_ask_who_they_are(self, closed, method, path):
        answer = Api(closed.port).call(method, path, {} if method in ("POST", "PATCH") else None)
        if path in ("/session", "/openapi.json"):
            assert answer.status == 200
        else:
            assert answer.status == 403 and answer.code == "forbidden"

    def test_have_no_role(self, closed):
        assert Api(closed.port).get("/session") == {"role": "none", "client": "127.0.0.1", "by": None,
                                                       "why": "address", "tokens": True}

    def test_become_admins_by_the_token(self, closed):
        assert Api(closed.port, token=TOKEN).get("/torrents")["total"] == 0

    def test_wrong_token_is_reported(self, closed):
        answer = Api(closed.port, token=TOKEN + "x").call("GET", "/torrents")
        assert answer.status == 401 and answer.code == "invalid_token"
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_public_stats_are_totals_only():
    with Skepd(config='http = { admins = [ "127.0.0.2" ]; public_stats = true; };') as daemon:
        Peer(daemon.port, random_hash(), left=0).start()
        public = Api(daemon.port)
        assert public.get("/session")["role"] == "public"
        status = public.get("/status")
        assert set(status) == {"version", "now", "role", "totals", "mode", "interval_s", "urls"}
        assert status["totals"]["seeders"] == 1
        for method, path in operations():
            if path not in ("/session", "/status", "/openapi.json", COUNTS):
                body = {} if method in ("POST", "PATCH") else None
                assert public.call(method, path, body).status == 403, path


def test_public_counts_are_those_of_a_scrape(torrent):
    with Skepd(config='http = { admins = [ "127.0.0.2" ]; public_stats = true; };') as daemon:
        public = Api(daemon.port)
        peer = Peer(daemon.port, torrent, left=1)
        peer.start()
        peer.complete()
        Peer(daemon.port, torrent, left=1).start()
        assert public.get("/counts/" + torrent.hex().upper()) == {
            "info_hash": torrent.hex(), "seeders": 1, "leechers": 1, "downloaded": 1}
        assert public.get("/counts/" + random_hash().hex())["seeders"] == 0
        assert public.call("GET", "/counts/xyz").status == 400


def test_private_tracker_keeps_its_counts(torrent):
    config = 'http = { admins = [ "127.0.0.2" ]; public_stats = true; }; access = { mode = "private"; };'
    with Skepd(config=config) as daemon:
        refused = Api(daemon.port).call("GET", "/counts/" + torrent.hex())
        assert (refused.status, refused.code) == (403, "refused")
        assert Api(daemon.port, source="127.0.0.2").get("/counts/" + torrent.hex())["seeders"] == 0


@pytest.mark.parametrize("source,headers,scopes", [
    ("127.0.0.1", {"Host": "tracker.example"}, {"public", "loopback", "lan"}),
    ("127.0.0.1", {"Host": "tracker.example", "X-Forwarded-For": "192.0.2.1"}, {"public"}),
    ("127.0.0.3", {"Host": "tracker.example", "X-Forwarded-For": "203.0.113.9"}, {"public"})])
def test_public_urls_tell_nothing_about_our_networks(source, headers, scopes):
    config = """http = { admins = [ "127.0.0.2" ]; public_stats = true; };
                network = { trusted_proxies = [ "127.0.0.3" ]; };"""
    with Skepd(config=config) as daemon:
        urls = Api(daemon.port, source=source).call("GET", "/status", headers=headers).json["urls"]
        assert urls[0]["host"] == "tracker.example"
        assert {url["scope"] for url in urls} <= scopes
        if scopes == {"public"}:
            assert {url["host"] for url in urls} == {"tracker.example"}


@pytest.mark.parametrize("headers,url", [
    ({}, "http://tracker.example/announce"),
    ({"X-Forwarded-Proto": "https"}, "https://tracker.example/announce"),
    ({"X-Forwarded-Proto": "https, http"}, "https://tracker.example/announce"),
    ({"Forwarded": "for=203.0.113.9;proto=https, for=127.0.0.3;proto=http"}, "https://tracker.example/announce"),
    ({"Forwarded": "for=198.51.100.1;proto=https, for=203.0.113.9;proto=http"}, "http://tracker.example/announce"),
    ({"X-Forwarded-Prefix": "/tracker/"}, "http://tracker.example/tracker/announce"),
    ({"X-Forwarded-Prefix": "/a/b", "X-Forwarded-Proto": "HTTPS"},
     "https://tracker.example/a/b/announce"),
    ({"X-Forwarded-Prefix": "/"}, "http://tracker.example/announce"),
    ({"X-Forwarded-Prefix": "tracker"}, "http://tracker.example/announce"),
    ({"X-Forwarded-Prefix": "/<b>"}, "http://tracker.example/announce"),
    ({"X-Forwarded-Prefix": "/" + "x" * 64}, "http://tracker.example/announce")])
def test_announce_url_has_scheme_and_path_of_a_trusted_proxy(headers, url):
    with Skepd(config=f"""http = {{ admin_token = "{TOKEN}"; }};
                         network = {{ trusted_proxies = [ "127.0.0.3" ]; }};""") as daemon:
        headers = {"Host": "tracker.example", "X-Forwarded-For": "203.0.113.9", **headers}
        proxied = Api(daemon.port, source="127.0.0.3", token=TOKEN)
        assert proxied.call("GET", "/status", headers=headers).json["urls"][0]["url"] == url
        untrusted = Api(daemon.port, source="127.0.0.4", token=TOKEN)
        urls = untrusted.call("GET", "/status", headers=headers).json["urls"]
        assert urls[0]["url"] == "http://tracker.example/announce"


def test_configured_announce_urls_are_shown_and_written_everywhere():
    urls = ["https://tracker.example/sub/announce", "udp://tracker.example:6969/announce",
            "http://[2001:db8::1]/announce.php"]
    config = """http = { announce_urls = [ %s ]; public_stats = true; admins = [ "127.0.0.1", "127.0.0.2" ]; };"""
    given = ["https://tracker.example/sub/announce/", " udp://tracker.example:6969", urls[2]]
    with Skepd(config=config % ", ".join(f'"{url}"' for url in given)) as daemon:
        api, skepctl = Api(daemon.port), Skepctl(options=("--url", daemon.url))
        for url in urls:
            daemon.wait_for_log(f"  {url}")
        daemon.wait_for_log("Web page: https://tracker.example/sub/")
        assert f":{daemon.port}/announce" not in daemon.log()
        for source in ("127.0.0.1", "127.0.0.3"):
            shown = Api(daemon.port, source=source).get("/status")["urls"]
            assert [url["url"] for url in shown] == urls
        assert [url["host"] for url in shown] == ["tracker.example", "tracker.example", "[2001:db8::1]"]
        key = api.post("/passkeys", {"label": "alice"}).json
        assert key["urls"][:2] == [f"https://tracker.example/sub/{key['passkey']}/announce",
                                   f"udp://tracker.example:6969/{key['passkey']}/announce"]
        info = {b"name": b"n", b"length": 1, b"piece length": 16384, b"pieces": bytes(20)}
        content = encode({b"info": info, b"announce": b"http://old/announce"})
        info_hash = api.post("/torrents", content, "application/x-bittorrent").json["items"][0]["info_hash"]
        file = decode(api.call("GET", f"/torrents/{info_hash}/file").body)
        assert [url for tier in file[b"announce-list"] for url in tier] == [url.encode() for url in urls]
        magnet = api.get("/torrents/" + info_hash)["magnet"]
        assert urllib.parse.parse_qs(magnet.partition("?")[2])["tr"] == urls
        assert urls[0] in skepctl("status")
        daemon.reload("http = { };")
        wait_until(lambda: api.get("/status")["urls"][0]["url"] not in urls)


# How the tracker is

def test_status_has_totals_and_urls():
    with Skepd(udp=True) as daemon:
        api = Api(daemon.port)
        torrent = random_hash()
        Peer(daemon.port, torrent, left=0).start()
        Peer(daemon.port, torrent, left=5, source="::1").start()
        status = api.get("/status")
        assert abs(status["now"] - time.time()) < 5
        assert status["mode"] == "open" and status["role"] == "admin"
        assert status["store"]["enabled"] and not status["store"]["failing"]
        assert status["warnings"] == []
        totals = status["totals"]
        assert (totals["torrents"], totals["peers"], totals["seeders"], totals["leechers"]) == \
            (1, 2, 1, 1)
        assert (totals["peers_v4"], totals["peers_v6"], totals["announces"]) == (1, 1, 2)
        wait_until(lambda: api.get("/status")["totals"]["announces_per_s"] > 0)
        loopback = [url for url in status["urls"] if url["scope"] == "loopback"]
        assert {url["scheme"] for url in loopback} == {"http", "udp"}
        assert f"http://127.0.0.1:{daemon.port}/announce" in [url["url"] for url in loopback]
        assert status["urls"][-1]["scope"] == "loopback"


def test_name_of_the_host_header_comes_first(daemon, api):
    host = f"192.168.77.1:{daemon.port}"
    urls = api.call("GET", "/status", headers={"Host": host}).json["urls"]
    assert urls[0] == {"scheme": "http", "host": "192.168.77.1", "scope": "lan",
                       "url": f"http://{host}/announce"}


def test_status_warns_without_a_database():
    with Skepd(config="store = { enabled = false; };") as daemon:
        status = Api(daemon.port).get("/status")
        assert not status["store"]["enabled"]
        assert any("store.enabled" in warning for warning in status["warnings"])


def test_status_warns_near_a_limit():
    with Skepd(config="limits = { torrents_max = 2; };") as daemon:
        for _ in range(2):
            Peer(daemon.port, random_hash()).start()
        assert any("torrents_max" in warning
                   for warning in Api(daemon.port).get("/status")["warnings"])


def test_status_warns_of_a_certificate(tmp_path):
    files = Authority(tmp_path).issue("server")
    with Skepd(config=f"https = {{ port = {free_port()}; {files.setting} }};") as daemon:
        api = Api(daemon.port)
        warning, = api.get("/status")["warnings"]
        assert "expires on 20" in warning
        files.key.write_text("no key")
        daemon.reload()
        wait_until(lambda: any("not be reloaded" in warning
                               for warning in api.get("/status")["warnings"]))


# Torrents and their peers

def test_torrent_is_listed_once_it_is_announced(api, torrent, seeder, leecher):
    seeder.start()
    leecher.start()
    wait_until(lambda: api.get("/torrents", search=torrent.hex())["total"] == 1)
    item = api.get("/torrents", search=torrent.hex())["items"][0]
    assert (item["seeders"], item["leechers"], item["health"]) == (1, 1, "weak")
    assert item["name"] is None and item["size"] is None and not item["registered"]
    detail = api.torrent(torrent)
    assert detail["diagnosis"] == [] and detail["versions"] == [] and detail["added"] is None
    assert f"xt=urn:btih:{torrent.hex()}" in detail["magnet"]


def test_torrents_are_searched_by_a_part_of_the_hash_in_any_case(api, torrent, seeder):
    seeder.start()
    for search in (torrent.hex()[:20], torrent.hex()[10:30].upper()):
        wait_until(lambda: names_of(api.get("/torrents", search=search)) == [torrent.hex()])
    assert api.get("/torrents", search="no such name")["items"] == []


def test_torrents_are_sorted_and_paged():
    with Skepd(config="probe = { enabled = false; };") as daemon:
        api = Api(daemon.port)
        torrents = [random_hash() for _ in range(5)]
        for number, torrent in enumerate(torrents):
            for _ in range(number):
                Peer(daemon.port, torrent, left=0).start()
            Peer(daemon.port, torrent, left=1).start()
        expected = [torrent.hex() for torrent in torrents]
        assert names_of(api.get("/torrents", sort="seeders")) == expected
        page = api.get("/torrents", sort="seeders", order="desc", offset=1, limit=2)
        assert names_of(page) == expected[::-1][1:3]
        assert (page["total"], page["offset"], page["limit"]) == (5, 1, 2)
        assert api.get("/torrents", offset=100)["items"] == []
        assert names_of(api.get("/torrents", show="unseeded")) == expected[:1]
        wait_until(lambda: api.get("/status")["health"] ==
                   {"idle": 0, "unseeded": 1, "stuck": 0, "weak": 1, "good": 3})
        assert names_of(api.get("/torrents", sort="health"))[:2] == expected[:2]
        assert sorted(names_of(api.get("/torrents"))) == sorted(expected)


def test_torrent_is_stuck_while_no_seeder_can_be_reached(torrent):
    with Skepd("probe = { per_s = 100; timeout_ms = 300; };") as daemon:
        api = Api(daemon.port)
        seeder = Peer(daemon.port, torrent, left=0)
        seeder.start()
        wait_until(lambda: api.peers(torrent)[0]["reach"] == "refused")
        assert api.torrent(torrent)["health"] == "good"  # no leecher waits
        Peer(daemon.port, torrent, left=1).start()
        assert api.torrent(torrent)["health"] == "stuck"
        finding, = api.torrent(torrent)["diagnosis"]
        assert finding["code"] == "seeders_unreachable"
        assert f"to {seeder.endpoint[0]}, port {seeder.endpoint[1]}" in finding["text"]
        wait_until(lambda: names_of(api.get("/torrents", show="stuck")) == [torrent.hex()])
        assert api.get("/torrents", sort="health")["items"][0]["health"] == "stuck"
        wait_until(lambda: api.get("/status")["health"]["stuck"] == 1)
        listed = Skepctl(options=("--url", daemon.url))("torrents")
        assert re.search(rf" stuck +{torrent.hex()}", listed)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            Peer(daemon.port, torrent, left=0, port=listener.getsockname()[1]).start()
            assert api.torrent(torrent)["health"] == "good"


def test_torrent_is_not_stuck_while_data_flows(torrent):
    with Skepd("probe = { per_s = 100; timeout_ms = 300; };") as daemon:
        api = Api(daemon.port)
        Peer(daemon.port, torrent, left=0).start()
        leecher = Peer(daemon.port, torrent, left=1)
        leecher.start()
        wait_until(lambda: api.torrent(torrent)["health"] == "stuck")
        time.sleep(1)
        leecher.announce(downloaded=1 << 30)
        assert api.torrent(torrent)["download_rate"] > 0
        assert api.torrent(torrent)["health"] == "weak"


def test_address_has_its_number_of_reachable_ports(torrent):
    with Skepd("probe = { per_s = 100; timeout_ms = 300; networks = [ \"127.0.0.1\" ]; };") as daemon:
        api = Api(daemon.port)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            Peer(daemon.port, torrent, port=listener.getsockname()[1]).start()
            for _ in range(2):
                Peer(daemon.port, torrent).start()
            Peer(daemon.port, torrent, source="127.0.0.9").start()
            reaches = {"127.0.0.1": {"open": 1, "unreachable": 2, "unknown": 0},
                       "127.0.0.9": {"open": 0, "unreachable": 0, "unknown": 1}}
            wait_until(lambda: reaches == {item["address"]: item["reach"]
                                           for item in api.get("/addresses")["items"]})
            assert [item["address"] for item in api.get("/addresses", sort="reach")["items"]] == ["127.0.0.1", "127.0.0.9"]
            firewalled = api.get("/addresses", show="unreachable")
            assert [item["address"] for item in firewalled["items"]] == ["127.0.0.1"]
            assert (firewalled["total"], firewalled["peers"]) == (1, 3)
            wait_until(lambda: api.get("/status")["machines"] == {"total": 2, "firewalled": 1})
            by_reach = [peer["reach"] for peer in api.peers(torrent, sort="reach", order="desc")]
            assert by_reach == ["refused", "refused", "open", "unknown"]
            assert [peer["reach"] for peer in api.peers(torrent, show="unreachable")] == ["refused"] * 2


def test_refused_announces_are_merged_by_address_and_reason(torrent):
    with Skepd() as daemon:
        api = Api(daemon.port)
        api.post("/bans", {"network": "127.0.2.39", "reason": "too loud"})
        banned = Peer(daemon.port, torrent, source="127.0.2.39")
        for _ in range(12):
            assert "banned: too loud" in banned.announce().failure
        Peer(daemon.port, torrent, source="127.0.2.40").start()
        wait_until(lambda: api.get("/status")["refused"] == 12)

        def entries(items):
            """Without the id, which changes when the entry becomes an event again."""
            return [{**item, "id": None} for item in items if item["kind"] == "refused"]

        entry, = entries(api.get("/refused")["items"])
        assert (entry["address"], entry["count"], entry["code"]) == ("127.0.2.39", 12, "banned")
        assert entry["reason"] == "your address is banned: too loud" and entry["info_hash"] == torrent.hex()
        assert entries(api.get("/events")["items"]) == [entry]
        assert entries(api.get("/addresses/127.0.2.39")["refused"]) == [entry]
        assert api.get("/addresses/127.0.2.40")["refused"] == []
        banned.announce()
        wait_until(lambda: api.get("/refused")["items"][0]["count"] == 13)


def test_peers_of_a_torrent_are_sorted_and_filtered(torrent):
    with Skepd("network = { lan = [ \"127.0.0.0/16\" ]; }; probe = { enabled = false; };") as daemon:
        api = Api(daemon.port)
        for source, left in ("127.0.0.3", 30), ("127.0.0.1", 0), ("127.5.0.2", 20):
            Peer(daemon.port, torrent, left=left, source=source).start()
        path = f"/torrents/{torrent.hex()}/peers"

        def addresses(**query):
            return [peer["address"] for peer in api.get(path, **query)["items"]]

        assert addresses()[0] == addresses(sort="role")[0] == "127.0.0.1"
        assert addresses(sort="address") == ["127.0.0.1", "127.0.0.3", "127.5.0.2"]
        assert addresses(sort="address", order="desc", limit=1, offset=1) == ["127.0.0.3"]
        assert addresses(sort="progress") == ["127.0.0.3", "127.5.0.2", "127.0.0.1"]
        assert addresses(show="outside") == ["127.5.0.2"] and addresses(show="unreachable") == []
        assert addresses(search="127.5") == ["127.5.0.2"]
        found = api.get(path, search="127.0", limit=1)
        assert (len(found["items"]), found["total"]) == (1, 2)
        assert sorted(addresses(sort="seen")) == sorted(addresses(sort="rate")) == sorted(addresses(sort="since"))
        assert [item["address"] for item in api.get("/addresses", show="outside", sort="seen")["items"]] == ["127.5.0.2"]


def test_network_shows_the_effect_of_a_ban(torrent):
    with Skepd() as daemon:
        api = Api(daemon.port)
        for source in "127.0.0.1", "127.0.0.1", "127.3.0.1":
            Peer(daemon.port, torrent, source=source).start()
        for network, addresses, peers, own in [
                ("127.0.0.0/16", 1, 2, True), ("0.0.0.0/0", 2, 3, True),
                ("127.3.0.1/32", 1, 1, False), ("::/0", 0, 0, False)]:
            assert api.get("/networks/" + part(network)) == {
                "network": network, "addresses": addresses, "peers": peers, "own": own}


def test_torrent_without_peers_is_idle(api, torrent, seeder):
    seeder.start()
    seeder.stop()
    detail = api.torrent(torrent)
    assert detail["health"] == "idle"
    assert [finding["code"] for finding in detail["diagnosis"]] == ["no_peers"]
    assert names_of(api.get("/torrents", search=torrent.hex(), show="active")) == []


def test_peers_have_their_client_and_rates(api, torrent, peer):
    leecher = peer(left=600, peer_id=b"-qB4520-" + b"x" * 12)
    leecher.start(uploaded=0, downloaded=0)
    time.sleep(1.1)
    leecher.left = 400
    leecher.announce(uploaded=1024 * 1024, downloaded=2048 * 1024)
    item = api.peers(torrent)[0]
    assert item["client"] == "qBittorrent 4.5.2" and item["peer_id"] == leecher.peer_id.hex()
    assert (item["address"], item["port"], item["family"]) == (*leecher.endpoint, 4)
    assert (item["role"], item["left"], item["progress"]) == ("leecher", 400, None)
    assert item["downloaded"] == 2048 * 1024 and item["upload_rate"] > 0
    assert item["download_rate"] > item["upload_rate"]
    assert time.time() - 10 < item["since"] <= item["seen"] <= time.time()
    assert api.torrent(torrent)["upload_rate"] == item["upload_rate"]


def test_peers_come_seeders_first_and_in_pages(api, torrent, peer):
    for left in (5, 0, 7, 0, 9):
        peer(left=left).start()
    roles = [item["role"] for item in api.peers(torrent)]
    assert roles == ["seeder"] * 2 + ["leecher"] * 3
    pages = [api.peers(torrent, offset=offset, limit=2) for offset in (0, 2, 4)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert len({item["port"] for page in pages for item in page}) == 5


def test_peers_are_searched_filtered_and_sorted(api, torrent, peer):
    for left, source in ((5, "127.0.0.9"), (0, "127.0.0.10"), (7, "127.0.0.1"), (9, "127.0.0.1")):
        peer(left=left, source=source).start()

    def lefts(**query):
        return [item["left"] for item in api.peers(torrent, **query)]

    assert lefts(sort="progress") == [9, 7, 5, 0]
    assert lefts(sort="progress", order="desc", offset=1, limit=2) == [5, 7]
    assert lefts(sort="address", order="desc")[:2] == [0, 5]
    assert lefts(show="seeders") == [0]
    assert sorted(lefts(show="leechers")) == [5, 7, 9]
    assert lefts(search="127.0.0.9") == [5]
    page = api.get(f"/torrents/{torrent.hex()}/peers", show="leechers", limit=1)
    assert (page["total"], len(page["items"])) == (3, 1)


def test_partial_seed_has_a_role_of_its_own(api, torrent, peer):
    peer(left=5).announce("paused")
    assert api.peers(torrent)[0]["role"] == "partial"
    assert api.torrent(torrent)["paused"] == 1


def test_missing_seeder_is_named_as_the_reason(api, torrent, leecher):
    leecher.start()
    finding = api.torrent(torrent)["diagnosis"][0]
    assert finding["code"] == "no_seeder" and "seed" in finding["text"]


def test_hidden_seeders_are_named_as_the_reason():
    with Skepd(config='network = { lan = [ "127.0.0.0/16" ]; };') as daemon:
        torrent = random_hash()
        Peer(daemon.port, torrent, left=0).start()
        Peer(daemon.port, torrent, left=5, source="127.5.0.1").start()
        codes = [finding["code"] for finding in Api(daemon.port).torrent(torrent)["diagnosis"]]
        assert "different_networks" in codes


def test_different_families_are_named_as_the_reason(api, torrent, peer):
    peer(left=0).start()
    peer(left=5, source="::1").start()
    codes = [finding["code"] for finding in api.torrent(torrent)["diagnosis"]]
    assert "different_families" in codes


def reach_of(api, torrent, peer):
    return {item["port"]: item["reach"] for item in api.peers(torrent)}[peer.port]


def test_result_of_probing_a_seeder_is_shown():
    with Skepd() as daemon, socket.create_server(("127.0.0.1", 0)) as listener:
        api, torrent = Api(daemon.port), random_hash()
        closed, leecher = Peer(daemon.port, torrent, left=0), Peer(daemon.port, torrent, left=5)
        opened = Peer(daemon.port, torrent, left=0, port=listener.getsockname()[1])
        closed.start()
        leecher.start()
        wait_until(lambda: reach_of(api, torrent, closed) == "refused")
        findings = api.torrent(torrent)["diagnosis"]
        assert [finding["code"] for finding in findings] == ["seeders_unreachable"]
        opened.start()
        wait_until(lambda: reach_of(api, torrent, opened) == "open")
        assert api.torrent(torrent)["diagnosis"] == []
        probed = [item["probed"] for item in api.peers(torrent) if item["port"] == opened.port]
        assert abs(probed[0] - time.time()) < 10
        probes = api.get("/status")["probes"]
        assert probes["enabled"] and probes["reachable"] == 1 and probes["unreachable"] >= 1


# Addresses

def test_addresses_sum_up_what_is_shared():
    with Skepd() as daemon:
        api = Api(daemon.port)
        torrents = [random_hash() for _ in range(3)]
        for torrent in torrents:
            Peer(daemon.port, torrent, left=0, source="127.0.0.2").start()
        Peer(daemon.port, torrents[0], left=5, source="127.0.0.3",
             peer_id=b"-TR3000-" + b"x" * 12).start()
        Peer(daemon.port, torrents[1], left=5, source="::1").start()
        first, second, third = api.get("/addresses")["items"]
        assert (first["address"], first["torrents"], first["seeding"]) == ("127.0.0.2", 3, 3)
        assert (second["address"], second["leeching"]) == ("127.0.0.3", 1)
        assert second["clients"] == ["Transmission 3.00"] and third["address"] == "::1"
        by_torrents = api.get("/addresses", sort="torrents", order="desc", limit=1)
        assert [item["address"] for item in by_torrents["items"]] == ["127.0.0.2"] and by_torrents["total"] == 3
        assert [item["address"] for item in api.get("/addresses", search="0.0.3")["items"]] == \
            ["127.0.0.3"]
        assert api.get("/addresses", search="transmission")["total"] == 1
        detail = api.get("/addresses/127.0.0.2")
        assert {item["info_hash"] for item in detail["peers"]} == {t.hex() for t in torrents}
        assert detail["ban"] is None and detail["total"] == 3
        assert api.get("/addresses/" + part("::1"))["peers"][0]["role"] == "leecher"
        assert api.get("/addresses/192.0.2.9")["peers"] == []


# Events and history

def test_events_follow_each_other(api, torrent, leecher):
    leecher.start()
    leecher.complete()
    leecher.stop()
    kinds = ["joined", "completed", "left"]

    def ours(after):
        page = api.get("/events", **({"after": after} if after else {}))
        return [item for item in page["items"] if item["info_hash"] == torrent.hex()]

    wait_until(lambda: [item["kind"] for item in ours(None)] == kinds)
    events = ours(None)
    assert [event["role"] for event in events] == ["leecher", "seeder", "seeder"]
    assert events[0]["address"] == "127.0.0.1" and events[0]["port"] == leecher.port
    assert [item["kind"] for item in ours(events[0]["id"])] == kinds[1:]
    assert api.get("/events")["next"] >= events[-1]["id"]
    later = api.get("/events", after=api.get("/events")["next"])
    assert later["items"] == [] or later["items"][0]["info_hash"] != torrent.hex()


def test_completions_are_remembered(api, torrent, leecher):
    leecher.start()
    leecher.complete()
    path = f"/torrents/{torrent.hex()}/completions"
    wait_until(lambda: api.get(path)["total"] == 1)
    item = api.get(path)["items"][0]
    assert (item["address"], item["port"]) == leecher.endpoint
    assert abs(item["at"] - time.time()) < 20


@pytest.mark.parametrize("named,period_s", [("hour", 10), ("day", 120), ("month", 3600)])
def test_history_has_its_ranges(api, torrent, named, period_s):
    history = api.get("/history", range=named)
    assert (history["range"], history["period_s"]) == (named, period_s)
    assert api.get(f"/torrents/{torrent.hex()}/history", range=named)["samples"] == []


# Errors

@pytest.mark.parametrize("path", [
    "/torrents?limit=501", "/torrents?limit=-1", "/torrents?limit=x", "/torrents?offset=1e3",
    "/torrents?offset=99999999999999999999", "/torrents?sort=colour", "/torrents?order=up",
    "/torrents?show=none", "/torrents?search=%zz", "/torrents?search=%00", "/torrents?search=%4",
    "/torrents?search=" + "a" * 128, "/history?range=year", "/events?after=-1",
    "/torrents/xyz", "/torrents/" + "0" * 41, "/addresses/nowhere", "/qr.svg", "/qr.svg?text=",
    "/qr.svg?text=" + "a" * 513, "/bans/192.0.2.1%2F24", "/passkeys/%zz", "/passkeys/%00",
])
def test_nonsense_is_refused(api, path):
    method = "DELETE" if path.startswith(("/bans/", "/passkeys/")) else "GET"
    target, _, query = path.partition("?")
    answer = api.call(method, target, headers={}) if not query else raw(api, path)
    assert answer.status == 400


def raw(api, target):
    """A request whose query is sent as it is."""
    from support.announce import get
    from support.api import Answer, check
    reply = get(api.port, "/api/v1" + target)
    check({"$ref": "#/components/schemas/Error"}, json.loads(reply.body))
    return Answer(reply.status, reply.headers, reply.body)


@pytest.mark.parametrize("path", [
    "/nothing", "/", "/torrents/", "/torrents/" + HASH_IN_PATH, "/torrents//peers",
    "/torrents/" + HASH_IN_PATH + "/peers", "/torrents/" + HASH_IN_PATH + "/nothing", "/Torrents",
    "/torrents/" + HASH_IN_PATH + "/file", "/status/",
])
def test_missing_items_are_not_found(api, path):
    assert api.call("GET", path).status == 404


def test_unknown_endpoint_points_to_the_description(api):
    answer = api.call("GET", "/nothing")
    assert answer.json["error"]["message"] == "No such endpoint. See /api/v1/openapi.json."


@pytest.mark.parametrize("method,path,allowed", [
    ("POST", "/status", "GET"), ("PUT", "/torrents", "GET, POST"), ("DELETE", "/bans", "GET, POST"),
    ("POST", "/torrents/" + HASH_IN_PATH, "GET, PATCH, DELETE"),
    ("POST", "/bans/192.0.2.1", "GET, DELETE"),
])
def test_wrong_method_is_refused_with_the_allowed_ones(api, method, path, allowed):
    answer = api.call(method, path)
    assert answer.status == 405 and answer.headers["Allow"] == allowed


def test_responses_are_not_cached(api):
    assert api.call("GET", "/status").headers["Cache-Control"] == "no-store"


def test_qr_code_is_a_picture(api):
    answer = api.call("GET", "/qr.svg", text="http://192.168.1.10:6969/announce")
    assert answer.body.startswith(b"<") and b"<svg" in answer.body
