"""Announce requests and responses. BEP 3, 7, 21, 23, 24, 31."""

import ipaddress

import pytest

from support.announce import Peer, escape_all, get, query, scraped
from support.skepd import Skepd

KEYS = {b"complete", b"downloaded", b"external ip", b"incomplete", b"interval", b"min interval",
        b"peers"}


def announce_raw(daemon, text):
    return get(daemon.port, "/announce?" + text)


def complete_query(torrent, **changes):
    said = {"info_hash": torrent, "peer_id": b"-SK0001-abcdefghijkl", "port": 6881, "uploaded": 0,
            "downloaded": 0, "left": 1}
    return query({**said, **changes})


def test_success_has_every_key_that_clients_read(leecher):
    reply = leecher.start()
    assert reply.status == 200
    assert KEYS <= set(reply.bencoded)
    assert "failure reason" not in reply


def test_lone_peer_gets_an_empty_list_and_its_own_count(leecher):
    reply = leecher.start()
    assert reply["peers"] == b""
    assert reply.counts == (0, 1, 0)


def test_idle_tracker_gives_an_interval_near_two_minutes_and_half_as_minimum(leecher):
    reply = leecher.start()
    assert 120 <= reply["interval"] <= 150
    assert 0.4 <= reply["min interval"] / reply["interval"] <= 0.6


def test_intervals_have_jitter(peer):
    intervals = {peer().start()["interval"] for _ in range(30)}
    assert len(intervals) > 3


# Encoding

def test_hex_escapes_of_either_case_mean_the_same_torrent(daemon, peer):
    torrent = bytes.fromhex("abcdefabcdefabcdefabcdefabcdefabcdefabcd")
    lower, upper = escape_all(torrent).lower(), escape_all(torrent).upper()
    for port, text in enumerate((lower, upper), 7000):
        announce_raw(daemon, f"info_hash={text}&" + complete_query(None, port=port))
    assert scraped(daemon.port, torrent)[1] == 2


def test_unescaped_bytes_are_taken_as_they_are(daemon):
    reply = announce_raw(daemon, "info_hash=abcdefghijklmnopqrst&" + complete_query(None))
    assert reply.failure is None
    assert scraped(daemon.port, b"abcdefghijklmnopqrst")[1] == 1


def test_plus_is_a_space(daemon):
    announce_raw(daemon, "info_hash=plus+plus+plus+plus+&" + complete_query(None))
    assert scraped(daemon.port, b"plus plus plus plus ")[1] == 1


def test_zero_bytes_in_an_info_hash_are_kept(daemon):
    hashes = [bytes(20), bytes(19) + b"\1", b"a" + bytes(19)]
    for torrent in hashes:
        Peer(daemon.port, torrent).start()
    assert [scraped(daemon.port, torrent)[1] for torrent in hashes] == [1, 1, 1]


def test_every_byte_survives_in_an_info_hash(daemon):
    everything = bytes(range(256)) + bytes(4)
    for start in range(0, 260, 20):
        Peer(daemon.port, everything[start : start + 20]).start()
        assert scraped(daemon.port, everything[start : start + 20])[1] == 1


def test_parameters_may_come_in_any_order(daemon, leecher, seeder):
    seeder.start()
    path, _, text = leecher.target(event="started").partition("?")
    backwards = "&".join(reversed(text.split("&")))
    assert get(daemon.port, f"{path}?{backwards}").peers == [seeder.endpoint]


def test_unknown_and_empty_parameters_are_ignored(daemon, torrent):
    reply = announce_raw(daemon, "&&x=1&=&supportcrypto&" + complete_query(torrent) + "&y=%41&&")
    assert reply.counts == (0, 1, 0)


def test_first_of_duplicate_parameters_counts(daemon, torrent, leecher):
    first = complete_query(torrent, port=7001, event="started")
    announce_raw(daemon, first + "&port=7002&left=0&event=stopped")
    assert leecher.start().peers == [("127.0.0.1", 7001)]


# What must be there

@pytest.mark.parametrize("name", ["info_hash", "peer_id", "port"])
def test_missing_parameter_is_refused(daemon, torrent, name):
    reply = announce_raw(daemon, complete_query(torrent, **{name: None}))
    assert reply.status == 200
    assert name in reply.failure


@pytest.mark.parametrize("name", ["info_hash", "peer_id"])
@pytest.mark.parametrize("value", [b"", b"x" * 19, b"x" * 21, b"61" * 20], ids=len)
def test_hash_or_id_of_another_length_than_20_is_refused(daemon, torrent, name, value):
    reply = announce_raw(daemon, complete_query(torrent, **{name: value}))
    assert reply.status == 200
    assert name in reply.failure


@pytest.mark.parametrize("port", ["", "-1", "65536", "65537", "72417", "x", "6881x",
                                  "4294974177", "18446744073709558497"])
def test_impossible_port_is_refused(daemon, torrent, port):
    reply = announce_raw(daemon, complete_query(torrent, port=port))
    assert "port" in reply.failure
    assert scraped(daemon.port, torrent) == (0, 0, 0)


@pytest.mark.parametrize("port", [2, 65535])
def test_first_and_last_port_are_fine(daemon, torrent, leecher, port):
    announce_raw(daemon, complete_query(torrent, port=port))
    assert leecher.start().peers == [("127.0.0.1", port)]


@pytest.mark.parametrize("event", [None, "started", "completed"])
def test_client_with_port_zero_is_given_peers_and_listed_nowhere(daemon, torrent, seeder, leecher, event):
    seeder.start()
    reply = announce_raw(daemon, complete_query(torrent, port=0, event=event, left=0 if event == "completed" else 5))
    assert reply.peers == ([] if event == "completed" else [seeder.endpoint])
    assert reply.counts == (1, 0, 0) and scraped(daemon.port, torrent) == (1, 0, 0)
    assert leecher.start().peers == [seeder.endpoint]


def test_client_that_cannot_listen_any_more_is_no_longer_listed(daemon, torrent, leecher):
    leecher.start()
    assert scraped(daemon.port, torrent) == (0, 1, 0)
    assert leecher.announce(port=0).failure is None
    assert scraped(daemon.port, torrent) == (0, 0, 0)


def test_peer_with_port_one_is_counted_and_given_to_nobody(daemon, torrent, leecher):
    announce_raw(daemon, complete_query(torrent, port=1))
    reply = leecher.start()
    assert reply.peers == [] and reply.counts == (0, 2, 0)


@pytest.mark.parametrize("claim", ["0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "ff02::1", "fe80::1"])
def test_claim_of_an_address_that_none_can_connect_to_is_no_claim(claim, torrent):
    with Skepd('network = { ip_param_networks = [ "127.0.0.0/8" ]; };') as daemon:
        peer = Peer(daemon.port, torrent)
        peer.start(ip=claim)
        reply = Peer(daemon.port, torrent).start(ip=claim, ipv6=claim)
        assert reply.peers == [peer.endpoint] and "peers6" not in reply


def test_port_zero_is_fine_with_stopped(daemon, torrent):
    assert announce_raw(daemon, complete_query(torrent, port=0, event="stopped")).failure is None


@pytest.mark.parametrize("text", ["%", "%4", "%zz" * 20, "%4x" * 20, "%" * 20, "%%41" * 20])
def test_broken_escape_is_refused_in_bencode(daemon, text):
    reply = announce_raw(daemon, f"info_hash={text}&" + complete_query(None))
    assert reply.status == 200
    assert "info_hash" in reply.failure


def test_refusal_has_intervals_and_retry_time(daemon, torrent):
    reply = announce_raw(daemon, complete_query(torrent, port=65536))
    assert reply["interval"] > 0
    assert reply["min interval"] > 0
    assert reply["retry in"] == b"never" or reply["retry in"] > 0


# Numbers

@pytest.mark.parametrize("left", [None, "", "x", "-1"])
def test_peer_with_unknown_left_is_no_seeder(daemon, torrent, left):
    reply = announce_raw(daemon, complete_query(torrent, left=left))
    assert reply.failure or reply.counts == (0, 1, 0)


def test_peer_without_left_is_a_leecher(daemon, torrent):
    assert announce_raw(daemon, complete_query(torrent, left=None)).counts == (0, 1, 0)


@pytest.mark.parametrize("left", [2**32, 2**40, 2**63, 2**64 - 1])
def test_left_has_64_bits(peer, left):
    assert peer(left=left).start().counts == (0, 1, 0)


def test_uploaded_and_downloaded_have_64_bits(leecher):
    assert leecher.start(uploaded=2**63, downloaded=2**64 - 1).failure is None


@pytest.mark.parametrize("numwant, expected", [
    (None, 50), ("", 50), ("-1", 50), ("x", 50), ("0", 0), ("1", 1), ("50", 50), ("51", 51),
    ("200", 200), ("201", 200), ("4294967296", 200), ("9223372036854775807", 200)])
def test_numwant_bounds_the_peers(big_swarm, numwant, expected):
    reply = big_swarm.announce(numwant=numwant)
    assert len(reply.peers) == expected
    assert len(set(reply.peers)) == expected


@pytest.fixture(scope="module")
def big_swarm(daemon):
    """A client in a swarm of 230 others."""
    torrent = b"a swarm of 230 peers"
    for port in range(10000, 10230):
        Peer(daemon.port, torrent, port=port).start(numwant=0)
    return Peer(daemon.port, torrent)


# Events

@pytest.mark.parametrize("event", [None, "", "empty", "started", "bogus", "STARTED", "completed"])
def test_any_event_but_stopped_puts_the_peer_into_the_swarm(leecher, peer, event):
    leecher.announce(event)
    assert peer().start().peers == [leecher.endpoint]


@pytest.mark.parametrize("event", [None, "", "empty", "bogus", "stop", "Stopped"])
def test_other_event_than_stopped_does_not_remove(leecher, peer, event):
    leecher.start()
    leecher.announce(event)
    assert peer().start().peers == [leecher.endpoint]


def test_stopped_of_an_unknown_peer_is_fine_and_adds_nothing(daemon, torrent, leecher):
    reply = leecher.stop()
    assert reply.failure is None
    assert reply.peers == []
    assert scraped(daemon.port, torrent) == (0, 0, 0)


# The form of the peers

@pytest.mark.parametrize("compact", [None, 1])
def test_compact_is_the_default(leecher, seeder, compact):
    seeder.start()
    expected = ipaddress.ip_address("127.0.0.1").packed + seeder.port.to_bytes(2, "big")
    assert leecher.start(compact=compact)["peers"] == expected


def test_compact_zero_gives_dictionaries_with_peer_ids(leecher, seeder):
    seeder.start()
    entry, = leecher.start(compact=0)["peers"]
    assert entry == {b"ip": b"127.0.0.1", b"peer id": seeder.peer_id, b"port": seeder.port}


def test_no_peer_id_leaves_the_ids_out_of_the_dictionaries(leecher, seeder):
    seeder.start()
    entry, = leecher.start(compact=0, no_peer_id=1)["peers"]
    assert entry == {b"ip": b"127.0.0.1", b"port": seeder.port}


def test_no_peer_id_of_zero_keeps_them(leecher, seeder):
    seeder.start()
    entry, = leecher.start(compact=0, no_peer_id=0)["peers"]
    assert entry[b"peer id"] == seeder.peer_id


def test_dictionaries_without_peers_are_an_empty_list(leecher):
    assert leecher.start(compact=0)["peers"] == []


def test_binary_peer_ids_survive_in_dictionaries(leecher, peer):
    other = peer(peer_id=bytes(range(236, 256)))
    other.start()
    entry, = leecher.start(compact=0)["peers"]
    assert entry[b"peer id"] == other.peer_id


# IPv6

def test_v6_client_gets_v6_peers_in_peers6_and_an_empty_peers(peer):
    other = peer(source="::1")
    other.start()
    reply = peer(source="::1").start()
    assert reply["peers6"] == bytes(15) + b"\1" + other.port.to_bytes(2, "big")
    assert reply["peers"] == b""


def test_v6_dictionaries_stand_in_peers_where_clients_look_for_them(peer):
    other = peer(source="::1")
    other.start()
    entry, = peer(source="::1").start(compact=0)["peers"]
    assert (entry[b"ip"], entry[b"port"]) == (b"::1", other.port)


def test_each_family_sees_only_its_own_but_counts_both(peer):
    v4, v6 = peer(), peer(source="::1", left=0)
    v4.start(), v6.start()
    reply4, reply6 = v4.announce(), v6.announce()
    assert reply4.peers == [] and reply6.peers == []
    assert reply4.counts == reply6.counts == (1, 1, 0)


def test_client_on_both_families_is_a_peer_in_each(peer):
    v4 = peer()
    v6 = peer(source="::1", peer_id=v4.peer_id, key=v4.key, port=v4.port)
    v4.start(), v6.start()
    assert peer().start().peers == [v4.endpoint]
    assert peer(source="::1").start().peers == [v6.endpoint]


def test_external_ip_is_the_client_address_in_raw_bytes(peer):
    assert peer(source="127.0.0.9").start()["external ip"] == bytes([127, 0, 0, 9])
    assert peer(source="::1").start()["external ip"] == bytes(15) + b"\1"


# The path

@pytest.mark.parametrize("path", [
    "/announce", "/announce.php", "/0123456789abcdef0123456789abcdef/announce",
    "/a/b/announce", "/x/announce.php"])
def test_last_part_of_the_path_makes_it_an_announce(leecher, seeder, path):
    seeder.start(path=path)
    assert leecher.start(path=path).peers == [seeder.endpoint]
