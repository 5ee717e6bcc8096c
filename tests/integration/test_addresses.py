"""The address of a peer as others see it: LAN, outside, and claimed addresses.

127.1.0.0/16 is the LAN here, 127.2.0.0/16 the outside, 127.3.0.0/16 a trusted network."""

import contextlib
import http.client
import socket
import subprocess

import pytest

from support.api import Api
from support.announce import Peer, Reply, random_hash
from support.network import has_ipv6, own_network
from support.skepd import Skepd
from support.udp import UdpClient
from support.waiting import wait_until

LAN, OUTSIDE, TRUSTED = "127.1.0.{}", "127.2.0.{}", "127.3.0.{}"
NETWORK = 'network = {{ lan = ["127.1.0.0/16"]; ip_param_networks = ["127.3.0.0/16", "::1/128"]; {} }};'
EXTERNAL = "203.0.113.9"

CONFIG = NETWORK.format("")


@pytest.fixture(scope="module")
def gateway():
    """A tracker with an external address."""
    with Skepd(NETWORK.format(f'external_address = "{EXTERNAL}";')) as daemon:
        yield daemon


def swarm_of(daemon):
    torrent = random_hash()
    swarm = [Peer(daemon.port, torrent, source=network.format(number))
             for network in (LAN, OUTSIDE) for number in (1, 2)]
    for one in swarm:
        one.start()
    return swarm


def outside_of(peer):
    return EXTERNAL, peer.port


# LAN and outside

def test_lan_peers_see_lan_addresses(gateway):
    home, neighbour, far, farther = swarm_of(gateway)
    expected = sorted([neighbour.endpoint, far.endpoint, farther.endpoint])
    assert home.announce().peers == expected


def test_outsiders_see_the_external_address_with_the_port_of_the_peer(gateway):
    home, neighbour, far, farther = swarm_of(gateway)
    expected = sorted([outside_of(home), outside_of(neighbour), farther.endpoint])
    assert far.announce().peers == expected


@pytest.mark.parametrize("source, other, claim", [("127.2.0.1", "::1", {"ipv6": "2001:db8::7"}),
                                                  ("::1", "127.2.0.1", {"ipv4": "198.51.100.7"})])
def test_client_with_both_families_is_given_both(daemon, torrent, source, other, claim):
    near = Peer(daemon.port, torrent, source=source)
    far = Peer(daemon.port, torrent, source=other)
    near.start(), far.start()
    both = Peer(daemon.port, torrent, source=source)
    assert both.start().peers == [near.endpoint]
    reply = both.announce(**claim)
    assert reply.peers == sorted([near.endpoint, far.endpoint])
    assert (len(reply["peers"]), len(reply["peers6"])) == (6, 18)
    assert both.announce(**claim, numwant=1).peers in ([near.endpoint], [far.endpoint])
    assert {entry[b"port"] for entry in both.announce(**claim, compact=0)["peers"]} == {near.port, far.port}
    assert far.announce().peers == []  # the client is known by its own address only


def test_external_address_stands_in_dictionaries_too(gateway):
    home, neighbour, far, farther = swarm_of(gateway)
    entries = far.announce(compact=0)["peers"]
    assert {(entry[b"ip"].decode(), entry[b"port"]) for entry in entries} == {
        outside_of(home), outside_of(neighbour), farther.endpoint}
    assert {entry[b"peer id"] for entry in entries} == {
        home.peer_id, neighbour.peer_id, farther.peer_id}


def test_lan_seeder_is_offered_outside_by_the_external_address(gateway):
    torrent = random_hash()
    seeder = Peer(gateway.port, torrent, left=0, source=LAN.format(1))
    seeder.start()
    assert Peer(gateway.port, torrent, source=OUTSIDE.format(1)).start().peers == [
        outside_of(seeder)]


def test_without_an_external_address_outsiders_get_no_lan_peers(daemon):
    home, neighbour, far, farther = swarm_of(daemon)
    assert far.announce().peers == [farther.endpoint]
    assert far.announce(numwant=1).peers == [farther.endpoint]
    assert home.announce().peers == sorted(
        [neighbour.endpoint, far.endpoint, farther.endpoint])


def test_hidden_lan_peers_do_not_crowd_out_the_others(daemon):
    torrent = random_hash()
    for number in range(40):
        Peer(daemon.port, torrent, source=LAN.format(number + 1)).start()
    far, farther = (Peer(daemon.port, torrent, source=OUTSIDE.format(n)) for n in (1, 2))
    far.start()
    for _ in range(20):
        assert farther.start(numwant=1).peers == [far.endpoint]


def test_hidden_lan_peers_are_still_counted(daemon):
    home, neighbour, far, farther = swarm_of(daemon)
    assert far.announce()["incomplete"] == 4


def test_lan_peer_can_leave_a_tracker_with_an_external_address(gateway):
    home, neighbour, far, farther = swarm_of(gateway)
    home.stop()
    assert far.announce().peers == sorted([outside_of(neighbour), farther.endpoint])


def test_networks_follow_a_reload():
    with Skepd(NETWORK.format("")) as daemon:
        home, neighbour, far, farther = swarm_of(daemon)
        daemon.reload(NETWORK.format(f'external_address = "{EXTERNAL}";'))
        wait_until(lambda: len(far.announce().peers) == 3)
        assert outside_of(home) in far.announce().peers


# Claimed addresses

@pytest.mark.parametrize("name", ["ip", "ipv4"])
def test_claimed_address_is_ignored_from_untrusted_networks(daemon, peer, name):
    liar, witness = peer(source=OUTSIDE.format(1)), peer(source=OUTSIDE.format(2))
    liar.start(**{name: "198.51.100.7"})
    assert witness.start().peers == [liar.endpoint]


def test_claimed_address_is_ignored_without_a_config(torrent):
    with Skepd() as daemon:
        liar, witness = Peer(daemon.port, torrent), Peer(daemon.port, torrent)
        liar.start(ip="198.51.100.7", ipv4="198.51.100.8", ipv6="2001:db8::8")
        assert witness.start().peers == [liar.endpoint]


@pytest.mark.parametrize("name", ["ip", "ipv4"])
def test_claimed_address_is_honoured_from_trusted_networks(peer, name):
    proxied, witness = peer(source=TRUSTED.format(1)), peer(source=OUTSIDE.format(2))
    reply = proxied.start(**{name: "198.51.100.7"})
    assert reply["external ip"] == bytes([198, 51, 100, 7])
    assert witness.start().peers == [("198.51.100.7", proxied.port)]


def test_trusted_peer_without_a_claim_has_its_own_address(peer):
    plain, witness = peer(source=TRUSTED.format(1)), peer(source=OUTSIDE.format(2))
    plain.start()
    assert witness.start().peers == [plain.endpoint]


@pytest.mark.parametrize("claim", ["", "x", "tracker.example", "1.2.3", "1.2.3.4.5", "999.1.1.1",
                                   "1.2.3.4:5", "1.2.3.4/8", "1.2.3.4\0x", "::g", "a" * 3000])
def test_claim_that_is_no_address_is_ignored(peer, claim):
    odd, witness = peer(source=TRUSTED.format(1)), peer(source=OUTSIDE.format(2))
    assert odd.start(ip=claim).failure is None
    assert witness.start().peers == [odd.endpoint]


def test_claim_of_a_v6_address_makes_a_v6_peer(peer):
    proxied, witness = peer(source=TRUSTED.format(1)), peer(source="::1")
    proxied.start(ip="2001:db8::7")
    assert witness.start().peers == [("2001:db8::7", proxied.port)]


def test_second_address_of_the_other_family_does_not_hide_the_first(peer):
    both, witness = peer(source=TRUSTED.format(1)), peer(source=OUTSIDE.format(2))
    both.start(ipv6="2001:db8::7")
    assert witness.start().peers == [both.endpoint]


def test_claim_of_a_v4_mapped_address_is_v4(peer):
    proxied, witness = peer(source="::1"), peer(source=OUTSIDE.format(2))
    proxied.start(ip="::ffff:198.51.100.9")
    assert witness.start().peers == [("198.51.100.9", proxied.port)]


def test_claimed_address_can_be_stopped(peer):
    proxied, witness = peer(source=TRUSTED.format(1)), peer(source=OUTSIDE.format(2))
    proxied.start(ip="198.51.100.7")
    proxied.stop(ip="198.51.100.7")
    assert witness.start().peers == []


def test_claim_of_a_lan_address_makes_a_lan_peer(peer):
    proxied, far = peer(source=TRUSTED.format(1)), peer(source=OUTSIDE.format(2))
    proxied.start(ip=LAN.format(77))
    assert far.start().peers == []
    assert peer(source=LAN.format(1)).start(numwant=1).peers != []


# A client on the tracker's own machine that announces to its loopback address

@pytest.fixture
def network():
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(own_network())
        except OSError as refusal:
            pytest.skip(f"{refusal}: run as root, or under unshare --map-root-user")


def announce_to(host, peer, headers=None, **more):
    """The peers of an announce by HTTP to the tracker at `host`."""
    connection = http.client.HTTPConnection("tracker", peer.tracker_port)
    connection.sock = socket.create_connection((host, peer.tracker_port), 30, source_address=(peer.source, 0))
    connection.request("GET", peer.target(**more), headers=headers or {})
    answer = connection.getresponse()
    reply = Reply(answer.status, answer.headers, answer.read())
    connection.close()
    return reply.peers


@pytest.mark.parametrize("family", [4, pytest.param(6, marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6"))])
def test_loopback_seeder_is_given_by_the_address_of_the_tracker(network, family):
    loopback = "::1" if family == 6 else "127.0.0.1"
    tracker, other_tracker, client = ((network.new_v6 if family == 6 else network.new_v4)() for _ in range(3))
    with Skepd(f'network = {{ trusted_proxies = [ "{loopback}" ]; }};', udp=True) as daemon:
        torrent = random_hash()
        seeder = Peer(daemon.port, torrent, left=0, source=loopback)
        seeder.start()
        leecher = Peer(daemon.port, torrent, source=client)
        assert announce_to(tracker, leecher) == [(tracker, seeder.port)]
        assert announce_to(other_tracker, leecher) == [(other_tracker, seeder.port)]
        with UdpClient(daemon.port, source=client, target=tracker) as udp:
            assert udp.announce(torrent, leecher.port).peers == [(tracker, seeder.port)]
        # Behind a proxy it is not known where the client reached the tracker.
        proxied = Peer(daemon.port, torrent, source=loopback)
        assert announce_to(loopback, proxied, {"X-Forwarded-For": client}) == [(client, leecher.port)]
        # On this machine, too, it is known as it announced.
        neighbour = Peer(daemon.port, torrent, source=loopback)
        assert (loopback, seeder.port) in neighbour.start().peers


def test_router_that_hides_the_clients_is_reported(network):
    """As with the bridge network of a container: all clients have the gateway's address."""
    router = "10.70.0.1"
    subprocess.run(["ip", "route", "add", "default", "via", router, "dev", "lo", "onlink"], check=True)
    with Skepd('network = { ip_param_networks = [ "127.0.0.1" ]; };') as daemon:
        for number in range(4):
            Peer(daemon.port, random_hash(), port=7000 + number).start(ip=router)
        Peer(daemon.port, random_hash(), port=7000).start(ip="10.70.0.3")
        assert Api(daemon.port).get("/status")["warnings"] == []
        Peer(daemon.port, random_hash(), port=7004).start(ip=router)
        (warning,) = Api(daemon.port).get("/status")["warnings"]
        assert "Most peers (5)" in warning and router in warning
        daemon.wait_for_log(f"most peers (5) have the address of the default router, {router}")
