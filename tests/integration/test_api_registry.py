"""Changes by the API: torrents, passkeys, bans; and their effect on announces."""

import sqlite3
import urllib.parse
from concurrent import futures

import libtorrent
import pytest

from support import bencode
from support.announce import Peer, random_hash
from support.api import Api, part
from support.skepctl import Skepctl
from support.skepd import Skepd
from support.waiting import wait_until

CONFIG = "probe = { enabled = false; };"
MODES = {"v1_only": libtorrent.create_torrent.v1_only, "v2_only": libtorrent.create_torrent.v2_only,
         "hybrid": 0}


@pytest.fixture(scope="module")
def api(daemon):
    return Api(daemon.port)


def make_torrent(directory, mode, name="Größe & Co.bin", size=100_000, private=False):
    """A .torrent file, as bytes, and its info_hashes, cut to 20 bytes."""
    (directory / name).write_bytes(bytes(size))
    files = libtorrent.file_storage()
    libtorrent.add_files(files, str(directory / name))
    torrent = libtorrent.create_torrent(files, flags=MODES[mode])
    torrent.add_tracker("http://elsewhere.example/announce")
    torrent.set_comment("kept")
    torrent.set_priv(private)
    libtorrent.set_piece_hashes(torrent, str(directory))
    content = libtorrent.bencode(torrent.generate())
    hashes = libtorrent.torrent_info(libtorrent.bdecode(content)).info_hashes()
    found = [hashes.v1.to_bytes()] if hashes.has_v1() else []
    return content, found + ([hashes.v2.to_bytes()[:20]] if hashes.has_v2() else [])


@pytest.mark.parametrize("mode", MODES)
def test_torrent_file_comes_back_with_our_urls(daemon, api, tmp_path, mode):
    content, hashes = make_torrent(tmp_path, mode)
    answer = api.post("/torrents", content, "application/x-bittorrent")
    assert answer.status == 201
    assert [item["info_hash"] for item in answer.json["items"]] == [h.hex() for h in hashes]
    assert {(item["name"], item["size"]) for item in answer.json["items"]} == \
        {("Größe & Co.bin", 100_000)}
    for info_hash in hashes:
        detail = api.torrent(info_hash)
        assert detail["registered"] and detail["has_file"] and detail["health"] == "idle"
        assert detail["versions"] == [h.hex() for h in hashes if h != info_hash]
        assert ("urn:btmh:1220" in detail["magnet"]) == (mode != "v1_only")
        assert ("urn:btih:" in detail["magnet"]) == (mode != "v2_only")
        check_download(daemon, api, info_hash, content)
    assert api.post("/torrents", content, "application/x-bittorrent").status == 409
    row, = api.get("/torrents", search=hashes[-1].hex())["items"]
    assert sorted([row["info_hash"], *row["versions"]]) == sorted(h.hex() for h in hashes)
    assert api.delete("/torrents/" + hashes[-1].hex()).status == 204
    for info_hash in hashes:
        assert api.delete("/torrents/" + info_hash.hex()).status == 404
    assert api.call("GET", f"/torrents/{hashes[0].hex()}/file").status == 404


def check_download(daemon, api, info_hash, content):
    answer = api.call("GET", f"/torrents/{info_hash.hex()}/file",
                      headers={"Host": f"192.168.7.7:{daemon.port}"})
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    sent, got = bencode.decode(content), bencode.decode(answer.body)
    assert got[b"announce"] == f"http://192.168.7.7:{daemon.port}/announce".encode()
    assert got[b"info"] == sent[b"info"] and got[b"comment"] == b"kept"
    assert b"elsewhere.example" not in answer.body and b"127.0.0.1" not in answer.body
    libtorrent.torrent_info(libtorrent.bdecode(answer.body))


def test_downloaded_torrent_may_carry_a_passkey(api, tmp_path):
    content, (info_hash,) = make_torrent(tmp_path, "v1_only", size=1000)
    api.post("/torrents", content)
    answer = api.call("GET", f"/torrents/{info_hash.hex()}/file", passkey="abc123")
    assert b"/abc123/announce" in answer.body
    assert api.call("GET", f"/torrents/{info_hash.hex()}/file", passkey="a/b").status == 400


def test_name_cannot_deceive_the_reader(daemon, api):
    info = {b"name": "gpj.\u202eexe\x85\u2066\n".encode() + b"\xff", b"piece length": 16384,
            b"pieces": b"x" * 20, b"length": 1}
    made = api.post("/torrents", libtorrent.bencode({b"info": info}), "application/x-bittorrent")
    assert made.json["items"][0]["name"] == "gpj. exe   \ufffd"
    info_hash = bytes.fromhex(made.json["items"][0]["info_hash"])
    assert api.torrent(info_hash)["name"] == "gpj. exe   \ufffd"
    with sqlite3.connect(daemon.database) as db:  # as it may have been registered before
        db.execute("UPDATE listed SET name = ? WHERE info_hash = ?", ("a\u202eb", info_hash))
    wait_until(lambda: api.torrent(info_hash)["name"] == "a b", 5)


def test_255_bytes_of_a_name_are_kept_and_a_longer_one_is_marked(daemon, api):
    made = []
    for name in ("n" * 251 + "ä.z", "n" * 300 + ".iso"):
        info = {b"name": name.encode(), b"piece length": 16384, b"pieces": b"x" * 20, b"length": 1}
        made += api.post("/torrents", libtorrent.bencode({b"info": info})).json["items"]
    assert [item["name"] for item in made] == ["n" * 251 + "ä.z", "n" * 252 + "…"]
    for item in made:
        assert api.torrent(bytes.fromhex(item["info_hash"]))["name"] == item["name"]
    named = api.call("PATCH", "/torrents/" + made[0]["info_hash"], {"name": "m" * 255})
    assert named.json["name"] == "m" * 255
    label = "ä" * 127 + "z"
    created = api.post("/passkeys", {"label": label})
    assert created.headers["Location"] == "passkeys/" + part(label)
    assert api.delete("/passkeys/" + part(label)).status == 204


def test_name_of_a_machine_is_shown_and_found_with_its_address(daemon, api, torrent):
    address = "127.0.77.1"
    named = api.post("/machines", {"address": "::ffff:" + address, "name": "Änne's laptop"})
    assert named.status == 201 and named.headers["Location"] == "machines/" + address
    assert api.get("/machines/" + address) == named.json and named.json in api.get("/machines")["items"]
    peer = Peer(daemon.port, torrent, source=address)
    other = Peer(daemon.port, torrent, source="127.0.77.2")
    peer.start()
    other.start()
    assert [found["machine"] for found in api.peers(torrent, sort="address")] == ["Änne's laptop", None]
    assert [found["address"] for found in api.peers(torrent, search="'S LAPTOP")] == [address]
    wait_until(lambda: [found["machine"] for found in api.get("/addresses", search="nne's LAP")["items"]]
               == ["Änne's laptop"])
    assert api.get("/addresses/" + address)["machine"] == "Änne's laptop"
    assert api.get("/addresses/127.0.77.2")["machine"] is None
    peer.announce(event="completed", left=0)
    wait_until(lambda: [found["machine"] for found in api.get(f"/torrents/{torrent.hex()}/completions")["items"]]
               == ["Änne's laptop"])
    assert {event["machine"] for event in api.get("/events")["items"] if event["address"] == address} == \
        {"Änne's laptop"}
    assert api.post("/machines", {"address": address, "name": "server"}).json["name"] == "server"
    assert api.delete("/machines/" + address).status == 204
    assert api.get("/addresses/" + address)["machine"] is None
    assert api.delete("/machines/" + address).status == api.call("GET", "/machines/" + address).status == 404


def test_names_of_machines_survive_a_restart():
    with Skepd(CONFIG) as daemon:
        Api(daemon.port).post("/machines", {"address": "2001:db8::7", "name": "server"})
        daemon.restart()
        assert [(machine["address"], machine["name"]) for machine in Api(daemon.port).get("/machines")["items"]] \
            == [("2001:db8::7", "server")]


def test_size_makes_progress_known(daemon, api, tmp_path):
    content, (info_hash,) = make_torrent(tmp_path, "v1_only", size=5000)
    api.post("/torrents", content)
    Peer(daemon.port, info_hash, left=1250).start()
    assert api.peers(info_hash)[0]["progress"] == 0.75
    Peer(daemon.port, info_hash, left=0).start()
    assert api.peers(info_hash)[0]["progress"] == 1


def test_torrent_is_registered_by_its_hash_renamed_and_removed(api):
    info_hash = random_hash().hex()
    answer = api.post("/torrents", {"info_hash": info_hash.upper(), "name": "First"})
    assert answer.status == 201 and answer.json["items"] == \
        [{"info_hash": info_hash, "name": "First", "size": None}]
    assert api.post("/torrents", {"info_hash": info_hash}).status == 409
    page = api.get("/torrents", search="FIRST", show="registered")
    assert [item["info_hash"] for item in page["items"]] == [info_hash]
    assert api.patch("/torrents/" + info_hash, {"name": "Ärger"}).json["name"] == "Ärger"
    assert api.get("/torrents", search="äRGER")["total"] == 1
    assert api.get("/torrents", search="first")["total"] == 0
    assert api.delete("/torrents/" + info_hash).status == 204
    assert api.get("/torrents", search="ärger")["total"] == 0
    assert api.patch("/torrents/" + info_hash, {"name": "x"}).status == 404


def test_private_torrent_stays_private_after_a_restart(daemon, api, tmp_path):
    content, (info_hash,) = make_torrent(tmp_path, "v1_only", name="private.bin", private=True)
    assert api.post("/torrents", content).status == 201
    assert api.torrent(info_hash)["private"] is True
    assert api.patch("/torrents/" + info_hash.hex(), {"name": "x"}).json["private"] is True
    daemon.stop()
    daemon.start()
    assert api.torrent(info_hash)["private"] is True


def test_hash_gets_its_file_later(api, tmp_path):
    content, (info_hash,) = make_torrent(tmp_path, "v1_only", name="late.bin")
    assert api.post("/torrents", {"info_hash": info_hash.hex()}).status == 201
    assert api.torrent(info_hash)["has_file"] is False
    assert api.torrent(info_hash)["private"] is None
    assert api.post("/torrents", content).status == 201
    assert api.torrent(info_hash)["has_file"] is True
    assert api.torrent(info_hash)["private"] is False
    assert api.post("/torrents", content).status == 409


def test_registered_torrents_alone_are_tracked_in_listed_mode():
    with Skepd(config='access = { mode = "listed"; };') as daemon:
        api, torrent = Api(daemon.port), random_hash()
        peer = Peer(daemon.port, torrent)
        assert peer.start().failure is not None
        assert api.get("/status")["mode"] == "listed"
        api.post("/torrents", {"info_hash": torrent.hex()})
        wait_until(lambda: peer.start().failure is None)
        api.delete("/torrents/" + torrent.hex())
        wait_until(lambda: peer.announce().failure is not None)
        codes = [finding["code"] for finding in api.torrent(torrent)["diagnosis"]]
        assert codes[0] == "not_registered"


def test_passkey_lets_in_until_it_is_revoked():
    with Skepd(config='access = { mode = "private"; };') as daemon:
        api, torrent = Api(daemon.port), random_hash()
        made = api.post("/passkeys", {"label": "Alice & Bob/1"})
        assert made.status == 201
        key = made.json["passkey"]
        assert all(url.endswith(f"/{key}/announce") for url in made.json["urls"])
        assert [item["label"] for item in api.get("/passkeys")["items"]] == ["Alice & Bob/1"]
        assert key not in str(api.get("/passkeys"))
        assert api.post("/passkeys", {"label": "Alice & Bob/1"}).status == 409
        peer = Peer(daemon.port, torrent)
        assert peer.announce(path=f"/{key}/announce").failure is None
        assert peer.announce().failure is not None
        assert api.delete("/passkeys/" + part("Alice & Bob/1")).status == 204
        assert peer.announce(path=f"/{key}/announce").failure is not None
        assert api.delete("/passkeys/" + part("Alice & Bob/1")).status == 404


def test_ban_refuses_until_it_is_lifted(daemon, api, torrent):
    made = api.post("/bans", {"network": "127.0.3.0/24", "reason": "too loud", "for_s": 3600})
    assert made.status == 201 and made.json["until"] - made.json["since"] == 3600
    assert made.json["network"] == "127.0.3.0/24" and made.json["machine"] is None
    peer = Peer(daemon.port, torrent, source="127.0.3.7")
    assert "too loud" in peer.start().failure
    ban = {name: value for name, value in made.json.items() if name != "replaced"}
    assert made.json["replaced"] is None and ban in api.get("/bans")["items"]
    assert api.get("/addresses/127.0.3.7")["ban"] == ban
    assert api.delete("/bans/127.0.3.0%2F24").status == 204
    assert peer.start().failure is None
    assert api.get("/addresses/127.0.3.7")["ban"] is None
    assert api.delete("/bans/127.0.3.0%2F24").status == 404


def test_ban_of_one_address_is_permanent_and_replaceable(api):
    assert api.post("/bans", {"network": "2001:db8::1"}).json["until"] is None
    again = api.post("/bans", {"network": "2001:db8::1/128", "reason": "again"})
    assert again.status == 201 and again.json["replaced"]["reason"] == ""
    api.post("/machines", {"address": "2001:db8::1", "name": "Anna's laptop"})
    bans = [ban for ban in api.get("/bans")["items"] if "2001" in ban["network"]]
    assert [(ban["network"], ban["machine"], ban["reason"]) for ban in bans] == [("2001:db8::1/128", "Anna's laptop", "again")]
    api.delete("/machines/2001:db8::1")
    assert api.delete("/bans/" + part("2001:db8::1")).status == 204


def test_of_passkeys_of_one_label_made_at_once_one_is_made(api):
    with futures.ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: api.post("/passkeys", {"label": "contended"}), range(24)))
    assert sorted(answer.status for answer in made) == [201] + [409] * 23


def test_lists_are_paged(api):
    for number in range(5):
        api.post("/passkeys", {"label": f"paged {number}"})
    page = api.get("/passkeys", offset=1, limit=2)
    assert len(page["items"]) == 2 and page["total"] >= 5
    assert api.get("/passkeys", limit=0)["items"] == []


@pytest.mark.parametrize("path,body,code", [
    ("/torrents", {"info_hash": "xyz"}, "invalid_info_hash"),
    ("/torrents", {"info_hash": 5}, "invalid_body"),
    ("/torrents", {"name": "x"}, "invalid_body"),
    ("/torrents", {"info_hash": "0" * 40, "name": "x" * 256}, "invalid_body"),
    ("/torrents", {"info_hash": "0" * 40, "name": "a\nb"}, "invalid_body"),
    ("/torrents", {"info_hash": "0" * 40, "name": "a\u202eb"}, "invalid_body"),
    ("/torrents", [], "invalid_json"), ("/torrents", b"{", "invalid_json"), ("/torrents", b"", "invalid_json"),
    ("/torrents", b'{"info_hash":"a","info_hash":"b"}', "invalid_json"),
    ("/torrents", b'{"info_hash":"\xff"}', "invalid_json"),
    ("/torrents", b"[" * 3000, "invalid_json"),
    ("/passkeys", {}, "invalid_body"), ("/passkeys", {"label": ""}, "invalid_body"),
    ("/passkeys", {"label": "x" * 256}, "invalid_body"), ("/passkeys", {"label": None}, "invalid_body"),
    ("/machines", {"address": "192.0.2.0/24", "name": "x"}, "invalid_address"),
    ("/machines", {"address": "192.0.2.1", "name": ""}, "invalid_body"), ("/machines", {"name": "x"}, "invalid_body"),
    ("/bans", {"network": "nowhere"}, "invalid_network"),
    ("/bans", {"network": "192.0.2.1/24"}, "invalid_network"),
    ("/bans", {"network": "192.0.2.1", "for_s": 0}, "invalid_body"),
    ("/bans", {"network": "192.0.2.1", "for_s": -5}, "invalid_body"),
    ("/bans", {"network": "192.0.2.1", "for_s": 10 ** 12}, "invalid_body"),
    ("/bans", {"network": "192.0.2.1", "for_s": "1h"}, "invalid_body"),
    ("/bans", {"network": "192.0.2.1", "reason": "x" * 96}, "invalid_body"),
])
def test_bad_body_is_refused(api, path, body, code):
    answer = api.post(path, body, "application/json")
    assert answer.status == 400 and answer.code == code


@pytest.mark.parametrize("method,path,body,unknown", [
    ("POST", "/passkeys", {"label": "x", "key": "0123456789abcdef"}, "key"),
    ("POST", "/bans", {"network": "192.0.2.9", "duration": 60, "Force": True}, "duration, Force"),
    ("POST", "/blocks", {"info_hash": "0" * 40, "name": "x"}, "name"),
    ("POST", "/torrents", {"info_hash": "0" * 40, "": 1}, ""),
    ("PATCH", "/torrents/" + "0" * 40, {"name": "x", "size": 1}, "size"),
    ("POST", "/passkeys", {"label": "x", "a\n\"b": 1}, 'a\n"b'),
    ("POST", "/passkeys", {"label": "x", "ä" * 100: 1}, "ä" * 30),
    ("POST", "/passkeys", {"label": "x", "é" * 30 + "x": 1}, "é" * 30),
])
def test_unknown_field_is_an_error_that_names_it(api, method, path, body, unknown):
    answer = api.call(method, path, body)
    assert (answer.status, answer.code) == (400, "unknown_field")
    assert answer.json["error"]["message"].startswith(f"Unknown fields: {unknown}. Allowed: ")


def test_many_unknown_fields_do_not_fill_the_message(api):
    answer = api.post("/passkeys", {f"field-{number}": 1 for number in range(1000)})
    message = answer.json["error"]["message"]
    assert "field-0, field-1" in message and message.endswith("…. Allowed: label, passkey.")


def test_info_hash_and_magnet_exclude_each_other(api):
    body = {"info_hash": "0" * 40, "magnet": "magnet:?xt=urn:btih:" + "1" * 40}
    assert api.post("/torrents", body).code == "invalid_body"


@pytest.mark.parametrize("label", ["Location & Co/1", "ü" * 63, "?"])
def test_location_leads_to_the_new_passkey(api, label):
    made = api.post("/passkeys", {"label": label})
    shown = follow(api, "/passkeys", made)
    assert shown["label"] == label and "passkey" not in shown
    api.delete("/passkeys/" + part(label))
    assert api.call("GET", "/passkeys/" + part(label)).status == 404


def test_location_leads_to_the_new_item(api, tmp_path):
    assert follow(api, "/bans", api.post("/bans", {"network": "2001:db8:7::/48"}))["network"] == \
        "2001:db8:7::/48"
    info_hash = random_hash().hex()
    block = api.post("/blocks", {"info_hash": info_hash.upper(), "reason": "why"})
    assert follow(api, "/blocks", block) == block.json
    content, hashes = make_torrent(tmp_path, "hybrid", name="followed.bin")
    torrent = follow(api, "/torrents", api.post("/torrents", content))
    assert torrent["info_hash"] == hashes[0].hex() and torrent["registered"]
    for path in "/bans/192.0.2.200", "/blocks/" + random_hash().hex():
        answer = api.call("GET", path)
        assert answer.status == 404 and "Location" not in answer.headers


def follow(api, path, made):
    """The item that the header Location of a 201 leads to."""
    assert made.status == 201
    url = urllib.parse.urljoin("http://host/prefix/api/v1" + path, made.headers["Location"])
    return api.get(url.removeprefix("http://host/prefix/api/v1"))


@pytest.mark.parametrize("content", [b"", b"d4:infodee", b"garbage", b"d" * 1000,
                                     b"d4:infod6:lengthi-1eee"])
def test_what_is_no_torrent_file_is_refused(api, content):
    answer = api.post("/torrents", content, "application/x-bittorrent")
    assert answer.status == 400 and answer.code == "invalid_torrent"


@pytest.mark.parametrize("method,path", [("POST", "/passkeys"), ("POST", "/bans"),
                                         ("PATCH", "/torrents/" + "0" * 40)])
@pytest.mark.parametrize("kind", [None, "text/plain", "application/jsonx", "multipart/form-data"])
def test_body_that_does_not_say_it_is_json_is_refused(api, method, path, kind):
    assert api.call(method, path, b'{"label":"x","name":"x"}', kind).status == 415


@pytest.mark.parametrize("method,path", [("POST", "/torrents"), ("POST", "/passkeys"),
                                         ("POST", "/bans"), ("PATCH", "/torrents/" + "0" * 40)])
def test_long_json_is_refused_unread(api, method, path):
    answer = api.call(method, path, b"[" * (64 * 1024), "application/json")
    assert (answer.status, answer.code) == (400, "invalid_json")
    answer = api.call(method, path, b"[" * (64 * 1024 + 1), "application/json")
    assert (answer.status, answer.code) == (413, "too_large")


def test_long_body_is_refused():
    with Skepd(config="http = { upload_max = 5000; };") as daemon:
        answer = Api(daemon.port).post("/torrents", b"x" * 6000, "application/x-bittorrent")
        assert answer.status == 413


def test_other_sites_cannot_make_a_browser_write(daemon, api):
    body = {"network": "192.0.2.77"}
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"},
                    {"Host": "evil.example"}):
        assert api.call("POST", "/bans", body, headers=headers).status == 403
    own = {"Origin": f"http://127.0.0.1:{daemon.port}", "Sec-Fetch-Site": "same-origin"}
    assert api.call("POST", "/bans", body, headers=own).status == 201


def test_without_a_database_nothing_is_registered():
    with Skepd(config="store = { enabled = false; };") as daemon:
        api = Api(daemon.port)
        assert api.post("/bans", {"network": "192.0.2.1"}).status == 503
        assert api.get("/bans")["items"] == [] and api.get("/history")["samples"] == []
        assert api.get("/torrents")["items"] == []


def test_names_of_any_bytes_come_out_as_text(daemon, api):
    """Names as a .torrent file or another program may have written them."""
    info_hash = random_hash()
    with sqlite3.connect(daemon.database, timeout=10) as db:
        db.execute("INSERT INTO listed (info_hash, name, added_s) VALUES (?, CAST(? AS TEXT), 1)",
                   (info_hash, b"a\xff\xc3\xa4\xe2\x82z"))
    wait_until(lambda: api.call("GET", f"/torrents/{info_hash.hex()}").status == 200)
    assert api.torrent(info_hash)["name"] == "a\ufffdä\ufffd\ufffdz"


# What the response promises

def test_ban_and_block_remove_peers_before_the_response(torrent):
    with Skepd() as daemon:
        api = Api(daemon.port)
        for number in range(1, 30):
            Peer(daemon.port, torrent, source=f"127.0.4.{number}").start()
        other = Peer(daemon.port, random_hash(), source="127.0.5.1")
        other.start()
        assert api.post("/bans", {"network": "127.0.4.0/28"}).status == 201
        shown = api.get(f"/torrents/{torrent.hex()}")
        assert shown["leechers"] == 29 - 15 and shown["blocked"] is None
        assert api.post("/blocks", {"info_hash": torrent.hex(), "reason": "takedown"}).status == 201
        shown = api.get(f"/torrents/{torrent.hex()}")
        assert shown["leechers"] == 0 and shown["blocked"] == "takedown"
        assert api.get("/blocks")["items"][0]["info_hash"] == torrent.hex()
        refused = Peer(daemon.port, torrent, source="127.0.4.20").start()
        assert refused.failure == "torrent blocked by this tracker: takedown"
        assert other.announce().failure is None
        assert api.delete(f"/blocks/{torrent.hex()}").status == 204
        assert api.delete(f"/blocks/{torrent.hex()}").status == 404
        assert Peer(daemon.port, torrent, source="127.0.4.20").start().failure is None


def test_change_that_was_confirmed_survives_a_kill(torrent):
    with Skepd('access = { mode = "listed"; }; store = { flush_interval_ms = 60000; };') as daemon:
        api = Api(daemon.port)
        assert api.post("/torrents", {"info_hash": torrent.hex(), "name": "kept"}).status == 201
        assert api.post("/bans", {"network": "192.0.2.1"}).status == 201
        daemon.kill()
        daemon.start()
        assert api.torrent(torrent)["name"] == "kept"
        assert [ban["network"] for ban in api.get("/bans")["items"]] == ["192.0.2.1/32"]
        assert Peer(daemon.port, torrent).start().failure is None


@pytest.mark.parametrize("network", ["127.0.0.1", "127.0.0.0/8", "0.0.0.0/0", "::/0", "192.0.2.9"])
def test_ban_that_shuts_out_the_caller_needs_force(network):
    with Skepd('network = { trusted_proxies = [ "192.0.2.9" ]; };') as daemon:
        api = Api(daemon.port)
        refused = api.post("/bans", {"network": network})
        assert (refused.status, refused.code) == (409, "needs_force")
        assert api.get("/bans")["total"] == 0
        assert api.post("/bans", {"network": network, "force": True}).status == 201


def test_ended_bans_are_listed_on_request_only():
    with Skepd() as daemon:
        api = Api(daemon.port)
        assert api.post("/bans", {"network": "192.0.2.1", "for_s": 1}).status == 201
        assert api.get("/bans")["total"] == 1
        wait_until(lambda: api.get("/bans")["total"] == 0)
        assert api.get("/bans", ended=1)["total"] == 1


def test_passkey_may_be_given_once(torrent):
    with Skepd('access = { mode = "private"; };') as daemon:
        api, key = Api(daemon.port), "from-the_OLD-tracker1"
        made = api.post("/passkeys", {"label": "alice", "passkey": key})
        assert made.status == 201 and made.json["passkey"] == key
        assert Peer(daemon.port, torrent).announce(path=f"/{key}/announce").failure is None
        again = api.post("/passkeys", {"label": "bob", "passkey": key})
        assert (again.status, again.code) == (409, "exists")
        for bad in ("short", "x" * 65, "with a space in it", "slash/slash/slash", "ümlaut-ümlaut-üml"):
            assert (answer := api.post("/passkeys", {"label": "eve", "passkey": bad})).status == 400, answer
        skepctl = Skepctl(options=("--url", daemon.url))
        assert skepctl("key", "new", "carol", "--passkey", "x" * 16).splitlines()[0] == "x" * 16
        assert "already exists" in skepctl.refuses("key", "new", "dave", "--passkey", "x" * 16)
        database = Skepctl(daemon.database)
        assert "already exists" in database.refuses("key", "new", "dave", "--passkey", "x" * 16)
        assert "16 to 64" in database.refuses("key", "new", "dave", "--passkey", "x" * 15)
