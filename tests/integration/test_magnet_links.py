"""A magnet link names a torrent wherever an info_hash does: in skepctl and in the API."""

import base64
import secrets

import pytest

from support.announce import Peer
from support.api import Api
from support.skepctl import Skepctl

V1 = bytes.fromhex("ab" * 20)
V2 = bytes.fromhex("cd" * 32)
HYBRID = f"magnet:?xt.1=urn:btmh:1220{V2.hex()}&xt.2=urn:btih:{V1.hex()}&dn=A%20film&xl=4000&tr=http%3A%2F%2Ft%2Fannounce"


def link(info_hash, **parameters):
    """In capitals and base32, as old clients write it."""
    text = "MAGNET:?XT=URN:BTIH:" + base64.b32encode(info_hash).decode()
    return text + "".join(f"&{name}={value}" for name, value in parameters.items())


@pytest.fixture(params=["database", "skepd"])
def skepctl(request, daemon):
    """Writes to the database, or asks a skepd."""
    return Skepctl(daemon.database) if request.param == "database" else Skepctl(options=("--url", daemon.url))


def test_both_torrents_of_a_hybrid_are_added_and_removed(skepctl):
    lines = {f"{V1.hex()}  A film", f"{V2.hex()[:40]}  A film"}
    assert set(skepctl("add", HYBRID).splitlines()) == {"registered " + line for line in lines}
    assert set(skepctl("list").splitlines()) == lines
    skepctl("add", HYBRID)  # again
    skepctl("remove", HYBRID)
    assert skepctl("list") == ""


def test_both_torrents_of_a_hybrid_are_blocked_and_unblocked(skepctl):
    hashes = {V1.hex(), V2.hex()[:40]}
    skepctl("block", HYBRID)
    assert {item["info_hash"] for item in skepctl.json("blocks")["items"]} == hashes
    assert set(skepctl("unblock", HYBRID).splitlines()) == {"unblocked " + one for one in hashes}


def test_links_and_files_are_added_together(skepctl, tmp_path):
    one, two = secrets.token_bytes(20), secrets.token_bytes(20)
    done = skepctl.run("add", link(one, dn="one"), tmp_path / "none.torrent", link(two))
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stdout == f"registered {one.hex()}  one\nregistered {two.hex()}\n"
    skepctl("remove", link(one))
    skepctl("remove", link(two))


def test_peers_and_scrape_take_a_link(daemon, torrent):
    Peer(daemon.port, torrent, left=0).start()
    skepctl = Skepctl(options=("--url", daemon.url))
    assert "seeder" in skepctl("peers", link(torrent))
    plain = Skepctl()
    assert plain.json("scrape", daemon.announce_url, link(torrent))["items"][0]["seeders"] == 1
    assert plain.json("announce", daemon.announce_url, link(torrent, xl=7))["seeders"] >= 1
    assert f"xt=urn:btih:{torrent.hex()}&dn=x" in skepctl("magnet", link(torrent, dn="x"))


@pytest.mark.parametrize("text, words", [
    (f"magnet:?xt=urn:btih:{V2.hex()}", "btih must be 40 hexadecimal or 32 base32 characters, not 64"),
    (f"magnet:?xt=urn:btmh:{V2.hex()}", "btmh must be 1220"),
    ("magnet:?dn=a", "must have xt="),
])
def test_bad_link_is_refused_and_never_cut(daemon, text, words):
    skepctl = Skepctl(options=("--url", daemon.url))
    for command in ("add", "remove", "peers", "magnet"):
        assert words in skepctl.refuses(command, text)
    for command in ("scrape", "announce"):
        assert words in Skepctl().refuses(command, daemon.announce_url, text)
    answer = Api(daemon.port).call("POST", "/torrents", {"magnet": text})
    assert answer.status == 400 and words in answer.json["error"]["message"]


def test_pasted_hash_may_have_space_around_it(skepctl):
    one = secrets.token_bytes(20).hex()
    assert skepctl("add", f" {one.upper()}\r\n") == f"registered {one}\n"
    skepctl("remove", f"\ufeff{one}\n")


@pytest.mark.parametrize("field", ["magnet", "info_hash"])
def test_api_registers_a_link(daemon, field):
    api = Api(daemon.port)
    answer = api.post("/torrents", {field: f"\r\n {HYBRID}\n"})
    assert answer.status == 201
    assert answer.json["items"] == [{"info_hash": one, "name": "A film", "size": 4000}
                                    for one in (V1.hex(), V2.hex()[:40])]
    assert api.post("/torrents", {field: HYBRID}).status == 409
    for one in (V1.hex(), V2.hex()[:40]):
        assert api.delete("/torrents/" + one).status == 204


def test_name_of_the_request_overrides_that_of_the_link(daemon, torrent):
    api = Api(daemon.port)
    api.post("/torrents", {"magnet": link(torrent, dn="theirs"), "name": "mine"})
    assert api.torrent(torrent)["name"] == "mine"
    assert api.delete("/torrents/" + torrent.hex()).status == 204
