"""skepctl announce and scrape: against skepd over all transports, and against trackers with invalid
responses."""

import hashlib
import secrets
import socket
import struct
import time

import pytest

from support.announce import Peer, random_hash, scraped
from support.certificates import Authority
from support.false_tracker import FalseHttpTracker, FalseUdpTracker
from support.skepctl import MISTAKE, REFUSED, SILENT, Skepctl
from support.skepd import Skepd, free_port
from support.udp import ANNOUNCE, CONNECT, ERROR, PROTOCOL_ID, SCRAPE

HASH = "ab" * 20
OTHER = "cd" * 20


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tracker(authority):
    """A skepd with HTTP, HTTPS and UDP; `urls` are its announce URLs by name."""
    port = free_port()
    config = f"https = {{ port = {port}; {authority.issue('server').setting} }};"
    with Skepd(config=config, udp=True) as daemon:
        daemon.urls = {
            "http": daemon.announce_url, "https": f"https://127.0.0.1:{port}/announce",
            "http v6": f"http://[::1]:{daemon.port}/announce", "udp": f"udp://127.0.0.1:{daemon.port}",
            "udp v6": f"udp://[::1]:{daemon.port}/announce"}
        yield daemon


@pytest.fixture
def skepctl():
    return Skepctl()


TRANSPORTS = ("http", "https", "http v6", "udp", "udp v6")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_announce_finds_peers_over_everything(skepctl, tracker, torrent, authority, transport):
    v6 = transport.endswith("v6")
    url, trust = tracker.urls[transport], ("--cacert", authority.certificate)
    seeder = Peer(tracker.port, torrent, left=0, source="::1" if v6 else "127.0.0.1")
    seeder.start()
    reply = skepctl.json("announce", url, torrent.hex(), "--port", "7001", *trust)
    assert reply["peers"] == [{"address": seeder.source, "port": seeder.port, "peer_id": None,
                               "client": None}]
    assert (reply["seeders"], reply["leechers"], reply["rejected"]) == (1, 1, False)
    assert 60 <= reply["interval"] <= 150 and reply["took_ms"] > 0
    assert reply["address"] == seeder.source
    assert scraped(tracker.port, torrent) == (1, 1, 0)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_scrape_counts_over_everything(skepctl, tracker, torrent, authority, transport):
    Peer(tracker.port, torrent, left=0).start()
    leecher = Peer(tracker.port, torrent)
    leecher.start()
    leecher.complete()
    Peer(tracker.port, torrent).start()
    url, trust = tracker.urls[transport], ("--cacert", authority.certificate)
    if transport == "udp":
        url += "/anything"
    reply = skepctl.json("scrape", url, torrent.hex(), OTHER, *trust)
    assert reply["items"] == [
        {"info_hash": torrent.hex(), "seeders": 2, "leechers": 1, "downloaded": 1},
        {"info_hash": OTHER, "seeders": 0, "leechers": 0, "downloaded": 0}]


@pytest.mark.parametrize("transport", ["http", "udp"])
def test_scrape_asks_for_many(skepctl, tracker, transport):
    hashes = [random_hash() for _ in range(160)]
    for torrent in hashes[::40]:
        Peer(tracker.port, torrent, left=0).start()
    reply = skepctl.json("scrape", tracker.urls[transport] + ("/" if transport == "udp" else ""),
                         *(torrent.hex() for torrent in hashes))
    assert [item["info_hash"] for item in reply["items"]] == [torrent.hex() for torrent in hashes]
    assert [item["seeders"] for item in reply["items"]] == [i % 40 == 0 for i in range(160)]


@pytest.mark.parametrize("transport", ["http", "udp"])
def test_announce_has_the_given_values(skepctl, tracker, torrent, transport):
    url = tracker.urls[transport]
    words = ("announce", url, torrent.hex(), "--port", "7002", "--key", "beef", "--peer-id", "-XX1234-" + 12 * "x")
    skepctl(*words, "--event", "started", "--left", "5")
    assert scraped(tracker.port, torrent) == (0, 1, 0)
    skepctl(*words, "--event", "completed", "--left", "0", "--downloaded", "5")
    assert scraped(tracker.port, torrent) == (1, 0, 1)
    listed = skepctl.json("announce", tracker.urls["http"], torrent.hex(), "--no-compact")["peers"]
    assert listed == [{"address": "127.0.0.1", "port": 7002, "peer_id": ("-XX1234-" + 12 * "x").encode().hex(),
                       "client": "unknown (XX)"}]
    assert skepctl.json(*words, "--numwant", "0")["peers"] == []
    skepctl(*words, "--event", "stopped")
    assert scraped(tracker.port, torrent) == (0, 1, 1)


@pytest.mark.parametrize("transport", ["http", "udp"])
def test_leave_removes_the_peer(skepctl, tracker, torrent, transport):
    skepctl("announce", tracker.urls[transport], torrent.hex(), "--leave")
    assert scraped(tracker.port, torrent) == (0, 0, 0)


def test_reply_is_printed_as_text(skepctl, tracker, torrent):
    Peer(tracker.port, torrent, left=0, peer_id=b"-qB4520-abcdefghijkl", port=7003).start()
    text = skepctl("announce", tracker.urls["http"], torrent.hex(), "--no-compact")
    assert text.startswith(tracker.urls["http"] + " at 127.0.0.1 replied in ")
    assert "\ninterval 2 min" in text and "\nexternal address 127.0.0.1\n" in text
    assert "\nseeders 1, leechers 1, completed 0\n" in text
    assert "\n  127.0.0.1:7003  qBittorrent 4.5.2\n1 peer\n" in text
    assert f"{torrent.hex()}         1         1         0\n" in skepctl(
        "scrape", tracker.urls["http"], torrent.hex())


def test_v6_peers_stand_in_brackets(skepctl, tracker, torrent):
    Peer(tracker.port, torrent, left=0, source="::1", port=7004).start()
    assert "\n  [::1]:7004\n" in skepctl("announce", tracker.urls["udp v6"], torrent.hex())


@pytest.mark.parametrize("option, good, bad", [("--v4", "127.0.0.1", "[::1]"), ("--v6", "[::1]", "127.0.0.1")])
@pytest.mark.parametrize("scheme", ["http", "udp"])
def test_family_is_chosen(skepctl, tracker, torrent, scheme, option, good, bad):
    here = f"{scheme}://%s:{tracker.port}/announce"
    assert skepctl.json("announce", here % good, torrent.hex(), option)["address"] == good.strip("[]")
    skepctl.refuses("announce", here % bad, torrent.hex(), option, status=SILENT)


def test_file_says_what_is_announced(skepctl, tracker, tmp_path):
    info = b"d6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces20:xxxxxxxxxxxxxxxxxxxxe"
    (tmp_path / "a.torrent").write_bytes(b"d4:info" + info + b"e")
    torrent = hashlib.sha1(info + secrets.token_bytes(0)).digest()
    skepctl("announce", tracker.urls["http"], tmp_path / "a.torrent")
    assert scraped(tracker.port, torrent) == (0, 1, 0)
    reply = skepctl.json("scrape", tracker.urls["http"], tmp_path / "a.torrent")
    assert [item["info_hash"] for item in reply["items"]] == [torrent.hex()]


def test_passkey_goes_with_the_path(authority):
    with Skepd(config='access = { mode = "private"; };', udp=True) as daemon:
        key = Skepctl(daemon.database).key_new("alice")
        daemon.wait_for_log("registry: loaded")
        for url in f"http://127.0.0.1:{daemon.port}/{key}/announce", f"udp://127.0.0.1:{daemon.port}/{key}/announce":
            assert not Skepctl().json("announce", url, HASH)["rejected"]
        for url in daemon.announce_url, f"udp://127.0.0.1:{daemon.port}":
            done = Skepctl().run("announce", url, HASH)
            assert done.returncode == REFUSED and "rejected by the tracker: " in done.stderr
            assert "passkey" in done.stderr


def test_refusal_is_printed_as_json(skepctl, tracker):
    denied = 'access = { clients_deny = [ "-SK" ]; };'
    with Skepd(config=denied) as daemon:
        done = skepctl.run("announce", daemon.announce_url, HASH, "--json")
    assert done.returncode == REFUSED and '"rejected": true' in done.stdout
    assert "your client is not allowed" in done.stderr
    assert "info_hash" in skepctl.refuses("scrape", tracker.urls["http"], status=REFUSED)


def test_unknown_certificate_is_not_trusted(skepctl, tracker, torrent):
    url = tracker.urls["https"]
    assert "certificate" in skepctl.refuses("announce", url, torrent.hex(), status=SILENT).lower()
    skepctl("announce", url, torrent.hex(), "--insecure")


@pytest.mark.parametrize("words, complaint", [
    (["tracker.example", HASH], "http://"), (["http://", HASH], "host"), (["udp://h", HASH], "port"),
    (["http://h/", "abc"], "info_hash"), (["http://h/"], "missing argument"),
    (["http://h/", HASH, "more"], "unexpected argument"), (["http://h/", HASH, "--port", "65536"], "--port"),
    (["http://h/", HASH, "--port", "x"], "--port"), (["http://h/", HASH, "--left", "-1"], "--left"),
    (["http://h/", HASH, "--event", "going"], "--event"), (["http://h/", HASH, "--key", "xyz"], "key"),
    (["http://h/", HASH, "--key", "123456789"], "key"), (["http://h/", HASH, "--peer-id", "short"], "peer-id"),
    (["http://h/", HASH, "--v4", "--v6"], "--v6"), (["udp4://h:1", HASH, "--v6"], "udp4://"), (["http://h/", HASH, "--timeout", "0"], "--timeout")])
def test_mistake_is_named(skepctl, words, complaint):
    assert complaint in skepctl.refuses("announce", *words, status=MISTAKE)


@pytest.mark.parametrize("command", [["status"], ["top", "--json"], ["torrents"], ["peers", HASH], ["magnet", HASH]])
def test_given_certificate_is_trusted_by_every_command(tracker, authority, command):
    url = tracker.urls["https"].removesuffix("/announce")
    Peer(tracker.port, bytes.fromhex(HASH)).start()
    for trust in ("--cacert", authority.certificate), ("--insecure",):
        assert Skepctl(options=("--url", url, *trust)).json(*command)
    if command[0] != "magnet":
        assert "certificate" in Skepctl(options=("--url", url)).refuses(*command, status=SILENT)


@pytest.mark.parametrize("end", ["", "/", "#top"])
def test_bare_address_of_a_tracker_means_its_announce_url(skepctl, tracker, torrent, end):
    url = f"http://127.0.0.1:{tracker.port}{end}"
    skepctl("announce", url, torrent.hex(), "--left", "0")
    assert skepctl.json("scrape", url, torrent.hex())["items"][0]["seeders"] == 1


def test_scrape_needs_an_announce_url(skepctl):
    assert "announce" in skepctl.refuses("scrape", "http://127.0.0.1:1/x", HASH, status=MISTAKE)
    assert "UDP" in skepctl.refuses("scrape", "udp://127.0.0.1:1", status=MISTAKE)


@pytest.mark.parametrize("scheme", ["http", "udp"])
def test_unreachable_tracker_is_reported_at_once(skepctl, scheme):
    started = time.monotonic()
    url = f"{scheme}://127.0.0.1:{free_port()}/announce"
    assert url in skepctl.refuses("announce", url, HASH, status=SILENT)
    assert time.monotonic() - started < 14


ESCAPES = b"\x1b]0;gotcha\x07\x1b[2J\xff\n"


def test_escapes_of_a_hostile_tracker_are_removed(skepctl):
    text = b"%d:%s" % (len(ESCAPES), ESCAPES)
    body = b"d14:failure reason%s15:warning message%s8:intervali60ee" % (text, text)
    with FalseHttpTracker(body.replace(b"8:intervali60e", b"") + b"") as tracker:
        done = skepctl.run("announce", tracker.url, HASH)
    assert done.returncode == REFUSED
    assert not any(c in done.stdout + done.stderr for c in "\x1b\x07") and "\\x1b" in done.stdout
    with FalseHttpTracker(body) as tracker:
        done = skepctl.run("announce", tracker.url, HASH, "--json")
    assert "\x1b" not in done.stdout and "gotcha" in done.stdout


@pytest.mark.parametrize("body", [
    b"", b"<html>no</html>", b"d8:intervali60e", b"de", b"i1e", b"d8:intervali99999999999999999999ee",
    b"d" * 100000, b"l" * 1000 + b"e" * 1000, b"d8:interval1000000000000:e", bytes(1000)])
def test_invalid_response_is_reported(skepctl, body):
    with FalseHttpTracker(body) as tracker:
        assert "invalid response" in skepctl.refuses("announce", tracker.url, HASH, status=SILENT)
        assert "invalid response" in skepctl.refuses("scrape", tracker.url, HASH, status=SILENT)


def test_peers_that_are_none_are_passed_over(skepctl):
    body = (b"d8:intervali60e5:peersld2:ip5:a\x1b[0m4:porti1eed2:ip7:1.2.3.44:porti99999eei5e"
            b"d2:ip7:1.2.3.44:porti5eeee")
    with FalseHttpTracker(body) as tracker:
        assert [peer["port"] for peer in skepctl.json("announce", tracker.url, HASH)["peers"]] == [1, 5]
        assert "\x1b" not in skepctl("announce", tracker.url, HASH)


def test_answer_without_end_is_cut(skepctl):
    def endless(target):
        return 200, {}, b"d5:peers" + bytes(17 << 20)

    with FalseHttpTracker(endless) as tracker:
        assert "longer than 16 MiB" in skepctl.refuses("announce", tracker.url, HASH, status=SILENT)


def test_redirections_stay_with_http(skepctl, tmp_path):
    (tmp_path / "secret").write_text("d8:intervali60e5:peers0:e")
    with FalseHttpTracker(b"", 302, {"Location": f"file://{tmp_path}/secret"}) as tracker:
        skepctl.refuses("announce", tracker.url, HASH, status=SILENT)
        assert len(tracker.requests) == 1
    with FalseHttpTracker(b"", 302, {"Location": "/announce"}) as tracker:
        skepctl.refuses("announce", tracker.url, HASH, status=SILENT)
        assert len(tracker.requests) == 6


def test_slow_tracker_is_given_up(skepctl):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/announce"
        started = time.monotonic()
        skepctl.refuses("announce", url, HASH, "--timeout", "1", status=SILENT)
        assert 0.9 < time.monotonic() - started < 14


def header(packet):
    return struct.unpack(">QII", packet[:16])


def answer_well(packet):
    """A tracker without peers."""
    _, action, transaction = header(packet)
    body = {CONNECT: struct.pack(">Q", 77), ANNOUNCE: struct.pack(">III", 60, 2, 1),
            SCRAPE: struct.pack(">III", 1, 2, 3)}[action]
    return [struct.pack(">II", action, transaction) + body]


def test_lost_packets_are_sent_again(skepctl):
    lost = []

    def lose_first(packet):
        if lost:
            return answer_well(packet)
        lost.append(packet)
        return []

    with FalseUdpTracker(lose_first) as tracker:
        reply = skepctl.json("announce", tracker.url, HASH)
    assert (reply["seeders"], reply["leechers"]) == (1, 2) and tracker.packets[1] == lost[0]
    assert header(tracker.packets[0])[0] == PROTOCOL_ID and header(tracker.packets[-1])[0] == 77


def test_strange_packets_are_passed_over(skepctl):
    def babble(packet):
        _, action, transaction = header(packet)
        return [b"x", bytes(65000), struct.pack(">II", action, transaction ^ 1) + b"x" * 20,
                *answer_well(packet)]

    with FalseUdpTracker(babble) as tracker:
        assert skepctl.json("scrape", tracker.url, HASH)["items"][0]["downloaded"] == 2


@pytest.mark.parametrize("wrong, complaint", [
    (lambda action, transaction: struct.pack(">II", 9, transaction), "unexpected action"),
    (lambda action, transaction: struct.pack(">II", action, transaction), "too short")])
@pytest.mark.parametrize("at", [CONNECT, ANNOUNCE])
def test_broken_packets_are_reported(skepctl, at, wrong, complaint):
    def answer(packet):
        _, action, transaction = header(packet)
        return [wrong(action, transaction)] if action == at else answer_well(packet)

    with FalseUdpTracker(answer) as tracker:
        assert complaint in skepctl.refuses("announce", tracker.url, HASH, status=SILENT)


def test_udp_refusal_is_cleaned(skepctl):
    def refuse(packet):
        _, action, transaction = header(packet)
        return answer_well(packet) if action == CONNECT else [struct.pack(">II", ERROR, transaction) + ESCAPES]

    with FalseUdpTracker(refuse) as tracker:
        done = skepctl.run("announce", tracker.url, HASH)
        assert done.returncode == REFUSED and "\x1b" not in done.stderr and "gotcha" in done.stderr
        assert "gotcha" in skepctl.refuses("scrape", tracker.url, HASH, status=REFUSED)


def test_silent_udp_tracker_is_given_up(skepctl):
    with FalseUdpTracker(lambda packet: []) as tracker:
        started = time.monotonic()
        assert "timed out" in skepctl.refuses("announce", tracker.url, HASH, "--timeout", "1", status=SILENT)
        assert 0.9 < time.monotonic() - started < 14
