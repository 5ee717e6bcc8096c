"""Limits per address: requests and peers; applied to loopback here."""

import time

import pytest

from support.announce import Peer, random_hash, random_peer_id, scrape, scraped
from support.database import peer_count
from support.skepd import Skepd
from support.udp import COMPLETED, STARTED, STOPPED, UdpClient, UdpError
from support.waiting import wait_until

TOO_FAST = "rate limit exceeded for your address"
ADDRESS_FULL = "too many peers from your address"
NETWORK_FULL = "too many peers from your network"
SWARM_FULL = "too many peers from your address in this torrent"


CLAIMS = 'network = { ip_param_networks = [ "127.0.0.0/8" ]; };'


def limits(text, more=""):
    return ("announce = { interval_min_s = 300; interval_max_s = 300; };"
            f" limits = {{ loopback = true; {text} }}; {more}")


@pytest.fixture(scope="module")
def slow():
    """A burst of ten requests, then five per second."""
    with Skepd(limits("address_requests_per_s = 5; address_requests_burst = 10;"), udp=True) as daemon:
        yield daemon


@pytest.fixture
def start():
    """A daemon with the given limits: start("address_peers_max = 3;")."""
    daemons = []

    def start(text, more="", **traits):
        daemons.append(Skepd(limits(text, more), **traits))
        return daemons[-1].__enter__()

    yield start
    for daemon in daemons:
        daemon.__exit__(None, None, None)


def failures(count, ask):
    return [ask().failure for _ in range(count)]


def test_address_over_its_rate_is_refused_and_recovers(slow, torrent):
    peer = Peer(slow.port, torrent, source="127.0.1.1")
    started = time.monotonic()
    answers = failures(40, peer.announce)
    took = time.monotonic() - started
    assert answers[:10] == [None] * 10
    allowed = answers.count(None)
    assert 10 <= allowed <= 10 + 5 * took + 1
    assert answers.count(TOO_FAST) == 40 - allowed > 0
    refused = peer.announce()
    assert refused.failure == TOO_FAST
    assert refused.status == 200
    assert (refused["interval"], refused["min interval"], refused["retry in"]) == (300, 150, 6)
    assert "peers" not in refused
    time.sleep(1)
    assert failures(3, peer.announce) == [None] * 3
    assert scraped_elsewhere(slow, torrent) == (0, 1, 0)


def scraped_elsewhere(daemon, torrent):
    entry = scrape(daemon.port, torrent, source="127.0.99.99")["files"][torrent]
    return entry[b"complete"], entry[b"incomplete"], entry[b"downloaded"]


def test_other_addresses_are_not_limited(slow, torrent):
    failures(15, Peer(slow.port, torrent, source="127.0.2.1").announce)
    assert Peer(slow.port, torrent, source="127.0.2.2").start().failure is None


def test_address_of_ipv6_has_a_rate_too(slow, torrent):
    answers = failures(30, Peer(slow.port, torrent, source="::1").announce)
    assert answers[:10] == [None] * 10
    assert TOO_FAST in answers


def test_http_and_udp_scrapes_and_announces_share_one_rate(slow, torrent):
    source = "127.0.3.1"
    assert failures(5, Peer(slow.port, torrent, source=source).announce) == [None] * 5
    with UdpClient(slow.port, source=source) as client:
        with pytest.raises(UdpError, match=f"^{TOO_FAST}$"):
            for _ in range(30):
                client.announce(torrent, 5001)
        with pytest.raises(UdpError, match=TOO_FAST):
            for _ in range(30):
                client.scrape(torrent)
    wait_until(lambda: scrape(slow.port, torrent, source=source).bencoded.get(b"failure reason")
               == TOO_FAST.encode())


def test_known_peer_completes_and_stops_despite_the_rate_limit(slow, torrent):
    source = "127.0.4.1"
    peer, quick = (Peer(slow.port, torrent, source=source) for _ in range(2))
    assert peer.start().failure is None
    with UdpClient(slow.port, source=source) as client:
        client.announce(torrent, quick.port, event=STARTED, peer_id=quick.peer_id)
        assert TOO_FAST in failures(30, peer.announce)
        assert peer.complete().failure is None
        client.announce(torrent, quick.port, left=0, event=COMPLETED, peer_id=quick.peer_id)
        assert scraped_elsewhere(slow, torrent) == (2, 0, 2)
        assert TOO_FAST in failures(30, peer.complete)
        assert failures(5, peer.stop) == [None] * 5
        client.announce(torrent, quick.port, left=0, event=STOPPED)
        client.announce(torrent, quick.port, left=0, event=STOPPED)
    assert scraped_elsewhere(slow, torrent) == (0, 0, 2)


def test_flood_of_completed_and_stopped_is_held_to_the_rate(slow):
    """New clients and torrents without end, from one address, over UDP."""
    honest = random_hash()
    assert Peer(slow.port, honest, source="127.0.8.1").complete().failure is None
    started = time.monotonic()
    refused = 0
    with UdpClient(slow.port, source="127.0.8.9") as client:
        for number in range(1000):
            torrent = honest if number % 2 == 0 else random_hash()
            try:
                client.announce(torrent, 5001, left=0, event=COMPLETED, peer_id=random_peer_id())
            except UdpError as error:
                assert str(error) == TOO_FAST
                refused += 1
            client.announce(torrent, 5001, left=0, event=STOPPED)
    allowed = 10 + 5 * (time.monotonic() - started) + 1
    assert refused >= 1000 - allowed
    assert scraped_elsewhere(slow, honest)[2] <= 1 + allowed


def test_this_machine_is_not_limited_by_default(torrent):
    config = ("limits = { address_requests_per_s = 1; address_requests_burst = 1; address_peers_max = 1;"
              " address_torrent_peers_max = 1; };")
    with Skepd(config) as daemon:
        for _ in range(20):
            assert Peer(daemon.port, torrent).start().failure is None
            assert Peer(daemon.port, torrent, source="::1").start().failure is None
        assert scraped(daemon.port, torrent) == (0, 40, 0)


def test_address_has_no_more_peers_than_it_may(start):
    daemon = start("address_peers_max = 3;", udp=True)
    torrents = [random_hash() for _ in range(4)]
    mine = [Peer(daemon.port, torrent) for torrent in torrents]
    assert [peer.start().failure for peer in mine] == [None, None, None, ADDRESS_FULL]
    refused = mine[3].start()
    assert (refused["interval"], refused["min interval"], refused["retry in"]) == (300, 150, 6)
    assert scraped(daemon.port, torrents[3]) == (0, 0, 0)
    with UdpClient(daemon.port) as client:
        with pytest.raises(UdpError, match=f"^{ADDRESS_FULL}$"):
            client.announce(torrents[0], 5001)
    assert Peer(daemon.port, torrents[3], source="127.0.0.2").start().failure is None
    assert mine[0].complete().counts == (1, 0, 1)
    mine[1].port = 6006
    assert mine[1].announce().failure is None
    mine[0].stop()
    assert mine[3].start().failure is None
    assert mine[0].start().failure == ADDRESS_FULL


def test_address_has_no_more_peers_in_one_torrent_than_it_may(start, torrent):
    daemon = start("address_torrent_peers_max = 2;")
    mine = [Peer(daemon.port, torrent) for _ in range(3)]
    assert [peer.start().failure for peer in mine] == [None, None, SWARM_FULL]
    assert Peer(daemon.port, torrent, source="127.0.0.2").start().failure is None
    assert Peer(daemon.port, random_hash()).start().failure is None
    six = [Peer(daemon.port, torrent, source="::1") for _ in range(3)]
    assert [peer.start().failure for peer in six] == [None, None, SWARM_FULL]
    mine[0].stop()
    assert mine[2].start().failure is None


def test_larger_ipv6_networks_have_a_share_of_the_limits(start, torrent):
    daemon = start("address_peers_max = 3;", CLAIMS)

    def joined(networks):
        """How many of two peers of each /64 get in."""
        replies = [Peer(daemon.port, torrent).start(ip=f"2001:db8:7:{network:x}::{host}")
                   for network in networks for host in (1, 2)]
        return [reply.failure for reply in replies].count(None)

    assert joined(range(10)) == 4 * 3
    assert sum(joined(range(256 * n, 256 * n + 10)) for n in range(1, 10)) == 12 * 3
    assert Peer(daemon.port, torrent).start(ip="2001:db8:8::1").failure is None
    assert Peer(daemon.port, torrent).start(ip="2001:db8:7:ffff::1").failure == ADDRESS_FULL


def test_network_has_its_share_of_a_tracker_that_is_half_full(start, torrent):
    daemon = start("peers_max = 400;", CLAIMS)

    def joined(addresses):
        replies = [Peer(daemon.port, torrent).start(ip=address) for address in addresses]
        failures = {reply.failure for reply in replies} - {None}
        return [reply.failure for reply in replies].count(None), failures

    assert joined(f"198.51.100.{host}" for host in range(250)) == (200, {NETWORK_FULL})
    assert joined(f"2001:db8:7:{host:x}::1" for host in range(110)) == (100, {NETWORK_FULL})
    assert joined(f"8.8.{network}.8" for network in range(50)) == (50, set())
    assert joined(["10.1.2.3", "198.51.100.1"]) == (1, {NETWORK_FULL})
    daemon.reload(limits("peers_max = 400; network_peers_permille = 0;", CLAIMS))
    wait_until(lambda: joined(["198.51.100.1"]) == (1, set()))


def test_peers_that_expired_leave_room(torrent):
    config = ("announce = { interval_min_s = 1; interval_max_s = 1; peer_timeout_min_s = 0; };"
              " limits = { loopback = true; address_peers_max = 2; };")
    with Skepd(config) as daemon:
        mine = [Peer(daemon.port, torrent) for _ in range(3)]
        assert [peer.start().failure for peer in mine] == [None, None, ADDRESS_FULL]
        wait_until(lambda: mine[2].start().failure is None)


def test_peers_of_an_address_are_counted_again_after_a_kill(start, torrent):
    daemon = start("address_peers_max = 2;")
    mine = [Peer(daemon.port, torrent) for _ in range(3)]
    mine[0].start(), mine[1].start()
    wait_until(lambda: peer_count(daemon.database) == 2)
    daemon.kill()
    daemon.start()
    assert mine[2].start().failure == ADDRESS_FULL
    assert mine[0].announce().peers == [mine[1].endpoint]


def test_flood_of_torrents_from_one_address_blocks_no_other_address(start):
    daemon = start("address_peers_max = 20; torrents_max = 40; address_requests_per_s = 0;")
    answers = [Peer(daemon.port, random_hash(), source="127.0.6.6").start().failure
               for _ in range(100)]
    assert answers == [None] * 20 + [ADDRESS_FULL] * 80
    assert Peer(daemon.port, random_hash(), source="127.0.6.7").start().failure is None


def test_address_keeps_its_share_of_torrents_without_peers(start):
    daemon = start("address_idle_torrents_max = 4;")

    def complete(source, count):
        torrents = [random_hash() for _ in range(count)]
        for torrent in torrents:
            peer = Peer(daemon.port, torrent, source=source)
            assert peer.complete().failure is None
            assert peer.stop().failure is None
        return torrents

    def kept(torrents):
        files = scrape(daemon.port, *torrents)["files"]
        return sum(entry[b"downloaded"] for entry in files.values())

    honest, flood = complete("127.0.7.1", 4), complete("127.0.7.7", 12)
    wait_until(lambda: kept(flood) == 4)
    assert kept(honest) == 4
    daemon.restart()
    assert (kept(flood), kept(honest)) == (4, 4)


def test_reload_takes_the_limits_over(start, torrent):
    daemon = start("")
    assert Peer(daemon.port, torrent).start().failure is None
    peer = Peer(daemon.port, torrent)
    daemon.reload(limits("address_peers_max = 1;"))
    wait_until(lambda: Peer(daemon.port, torrent).start().failure == ADDRESS_FULL)
    daemon.reload(limits("address_requests_per_s = 1; address_requests_burst = 1;"))
    wait_until(lambda: peer.announce().failure == TOO_FAST)
    daemon.reload(limits("address_requests_per_s = 0;"))
    wait_until(lambda: peer.announce().failure is None)
