"""Text that people paste, and files that people edit: any case, white space, line ends, quotation marks
and invisible marks around it."""

import base64

import pytest

from support.announce import Peer, random_hash
from support.api import Api, part
from support.skepctl import Skepctl
from support.skepd import Skepd, run
from support.waiting import wait_until

TOKEN = "0123456789abcdef"
CONFIG = f'probe = {{ enabled = false; }}; http = {{ admin_token = "{TOKEN}"; }};'

# What stands around a text that was copied from a page, a terminal, a table or a mail.
BLANKS = ["{}", " {}\t", "\ufeff{} ", "{}\u00a0", "\u200b{}\u200e", "\u2003\u2068{}\u2069", "\u2028{}\u3000"]
QUOTES = ["'{}'", '"{}"', " <{}> ", "\u201c{}\u201d", "\u00ab\u00a0{}\u00a0\u00bb", "`{}`", '<"{}">']


@pytest.fixture(scope="module")
def api(daemon):
    return Api(daemon.port)


@pytest.fixture(scope="module")
def skepctl(daemon):
    return Skepctl(options=("--url", f" HTTP://127.0.0.1:{daemon.port}/\u00a0"))


def names_of(info_hash):
    base32 = base64.b32encode(info_hash).decode()
    return [info_hash.hex(), info_hash.hex().upper(), f"magnet:?xt=urn:btih:{info_hash.hex()}",
            f"MAGNET:?XT.1=URN:BTIH:{base32}", f"magnet:?xt=urn%3Abtih%3A{base32.lower()}"]


def pasted():
    """Torrents, and a pasted text that names each."""
    hashes = [random_hash() for _ in BLANKS + QUOTES]
    return [(info_hash, around.format(names_of(info_hash)[i % 5]))
            for i, (info_hash, around) in enumerate(zip(hashes, BLANKS + QUOTES))]


def test_api_takes_a_pasted_torrent(api):
    for info_hash, text in pasted():
        field = "magnet" if "agnet" in text and "<" in text else "info_hash"
        assert api.post("/torrents", {field: text, "name": " a name\u00a0"}).json["items"] == \
            [{"info_hash": info_hash.hex(), "name": "a name", "size": None}]
        assert api.get("/torrents", search=text)["items"][0]["info_hash"] == info_hash.hex()
        assert api.get("/torrents/" + part(text))["info_hash"] == info_hash.hex()
        assert api.get("/counts/" + part(text))["info_hash"] == info_hash.hex()
        assert api.post("/blocks", {field: text, "reason": "\ufeffspam "}).json["reason"] == "spam"
        assert api.get("/blocks/" + info_hash.hex())["reason"] == "spam"
        for path in ("/blocks/", "/torrents/"):
            assert api.delete(path + part(text)).status == 204


def test_block_of_a_hybrid_magnet_link_blocks_both_swarms(api):
    v1, v2 = random_hash(), random_hash() + bytes(12)
    link = f"magnet:?xt=urn:btih:{v1.hex()}&xt=urn:btmh:1220{v2.hex()}"
    assert api.post("/blocks", {"info_hash": link}).json["info_hash"] == v1.hex()
    for info_hash in (v1, v2[:20]):
        assert Peer(api.port, info_hash).start().failure is not None
        assert api.delete("/blocks/" + info_hash.hex()).status == 204
    for text in ("magnet:?dn=x", "magnet:?xt=urn:btih:" + 64 * "0"):
        assert api.post("/blocks", {"info_hash": text}).code == "invalid_magnet"
    assert api.post("/blocks", {"info_hash": 64 * "0"}).code == "invalid_info_hash"


def test_api_takes_a_pasted_network_label_and_passkey(api):
    for i, around in enumerate(BLANKS + QUOTES):
        text = around.format(f"203.0.113.{i}/32")
        assert api.post("/bans", {"network": text, "reason": " r "}).json["network"] == f"203.0.113.{i}/32"
        assert api.get("/bans/" + part(text))["reason"] == "r"
        assert api.delete("/bans/" + part(text)).status == 204
    for i, around in enumerate(BLANKS):
        answer = api.post("/passkeys", {"label": around.format(f"user {i}"), "passkey": around.format(f"{i:016}")})
        assert (answer.json["label"], answer.json["passkey"]) == (f"user {i}", f"{i:016}")
        assert api.delete(f"/passkeys/user%20{i}").status == 204
    assert api.post("/passkeys", {"label": "\u200b "}).code == "invalid_body"
    body = '\ufeff{"network": "203.0.113.99"}\r\n'.encode()
    assert api.call("POST", "/bans", body, "application/json").status == 201
    assert api.delete("/bans/203.0.113.99").status == 204


def test_skepctl_takes_pasted_text(daemon, skepctl, api, tmp_path):
    for info_hash, text in pasted():
        skepctl("add", text)
        assert info_hash.hex() in skepctl("list")
        url = daemon.announce_url.replace("http", "HTTP")
        assert info_hash.hex() in Skepctl()("scrape", f" <{url}>", text)
        skepctl("block", text)
        skepctl("unblock", text)
        skepctl("remove", text)
    assert "203.0.113.0/24" in skepctl("ban", "\u00a0203.0.113.0/24\u200b")
    skepctl("unban", "'203.0.113.0/24'")
    skepctl("key", "new", " alice\u00a0")
    skepctl("key", "revoke", "alice")
    (tmp_path / "token").write_text(f"\ufeff{TOKEN}\u200b\r\n")
    for option in (("--token-file", tmp_path / "token"), ("--token", f" {TOKEN}\u00a0")):
        skepctl("status", *option)


def test_skepctl_without_skepd_takes_pasted_text(tmp_path):
    database = tmp_path / "skep.db"
    with Skepd(config=CONFIG, database=database):
        pass
    skepctl = Skepctl(database)
    skepctl("key", "new", " alice\u00a0")
    assert "already exists" in skepctl.refuses("key", "new", "alice")
    skepctl("key", "revoke", "alice")
    skepctl("ban", " 203.0.113.9", "--reason", "spam\u200b ")
    assert skepctl.json("bans")["items"][0]["reason"] == "spam"


def test_list_file_may_come_from_any_editor(tmp_path):
    listed, hybrid = random_hash(), (random_hash(), random_hash())
    lines = [around.format(name) for around in BLANKS[:-1] + QUOTES for name in names_of(listed)]
    whitelist = tmp_path / "list"
    config = f'access = {{ mode = "listed"; whitelist_file = "{whitelist}"; }};'
    whitelist.write_bytes("\r\n".join(["\ufeff# torrents", *lines]).encode())
    with Skepd(config=config) as daemon:
        peers = [Peer(daemon.port, info_hash) for info_hash in (listed, *hybrid)]
        assert [peer.start().failure is None for peer in peers] == [True, False, False]
        assert "line ignored" not in daemon.log()
        link = f"magnet:?xt=urn:btih:{hybrid[0].hex()}&xt=urn:btmh:1220{hybrid[1].hex()}{24 * '0'}&dn=a name"
        whitelist.write_bytes(f"{link}\r\rmagnet:?xt=urn:btih:{64 * '0'}\r\"{listed.hex()}\",a table\r{listed.hex()}0\r".encode())
        wait_until(lambda: all(peer.announce().failure is None for peer in peers))
        daemon.wait_for_log(f"{whitelist}:1: line ignored: btih must be 40 hexadecimal or 32 base32 characters, not 64")
        daemon.wait_for_log(f"{whitelist}:1: line ignored: not an info_hash of 40 hexadecimal digits or a magnet link")
        whitelist.write_text(listed.hex(), encoding="utf-16")
        daemon.wait_for_log("error", f"{whitelist}: the file is UTF-16; save it as UTF-8", "keeping")


def test_config_file_may_come_from_any_editor(tmp_path):
    config = tmp_path / "skepd.conf"
    text = 'http = { listen = [ " ::1\u00a0" ]; hostnames = "tracker.lan\u200b"; }; access = { mode = " Listed "; deny = " 192.0.2.0/24 "; };'
    config.write_bytes(("\ufeff" + text.replace("; ", ";\r\n")).encode())
    printed = run("--config", config, "--print-config")
    assert printed.returncode == 0, printed
    for value in ('listen = [ "::1" ]', 'hostnames = [ "tracker.lan" ]', 'mode = "listed"', '"192.0.2.0/24"'):
        assert value in printed.stdout
    config.write_text(text, encoding="utf-16")
    assert "the file is UTF-16; save it as UTF-8" in run("--config", config, "--check-config").stderr
