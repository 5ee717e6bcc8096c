"""The tracker over UDP: BEP 15, IPv6, and BEP 41."""

import secrets
import signal
import socket
import struct

import pytest

from support.announce import Peer, random_hash, random_peer_id, scraped
from support.skepd import Skepd, free_port, run
from support.udp import (ANNOUNCE, COMPLETED, CONNECT, NO_EVENT, PAUSED, PROTOCOL_ID, SCRAPE,
                         STARTED, STOPPED, UdpClient, UdpError)
from support.waiting import wait_until

REPLY_MAX = 1200
SCRAPE_MAX = 74


@pytest.fixture(scope="module")
def daemon():
    with Skepd(udp=True) as daemon:
        yield daemon


@pytest.fixture
def client(daemon):
    with UdpClient(daemon.port) as client:
        yield client


def test_leecher_is_given_the_seeder(client, torrent):
    client.announce(torrent, 5001, left=0, event=STARTED)
    reply = client.announce(torrent, 5002, event=STARTED)
    assert reply.peers == [("127.0.0.1", 5001)]
    assert (reply.seeders, reply.leechers) == (1, 1)
    assert 120 <= reply.interval <= 1800


def test_seeder_is_given_leechers_only(client, torrent):
    client.announce(torrent, 5001, left=0)
    client.announce(torrent, 5002)
    assert client.announce(torrent, 5003, left=0).peers == [("127.0.0.1", 5002)]


def test_udp_and_http_peers_are_one_swarm(daemon, client, torrent):
    over_http = Peer(daemon.port, torrent, left=0)
    over_http.start()
    assert client.announce(torrent, 5001, event=STARTED).peers == [over_http.endpoint]
    assert Peer(daemon.port, torrent).start().peers.count(("127.0.0.1", 5001)) == 1
    assert client.scrape(torrent) == [(1, 0, 2)]


def test_peer_known_over_http_is_the_same_over_udp(daemon, client, torrent):
    peer = Peer(daemon.port, torrent)
    peer.start()
    reply = client.announce(torrent, peer.port, left=0, event=COMPLETED, peer_id=peer.peer_id,
                            key=int(peer.key, 16))
    assert (reply.seeders, reply.leechers) == (1, 0)
    assert scraped(daemon.port, torrent) == (1, 0, 1)


def test_v6_peers_have_eighteen_bytes(daemon, torrent):
    with UdpClient(daemon.port, source="::1") as client:
        client.announce(torrent, 5001, left=0)
        assert client.announce(torrent, 5002).peers == [("::1", 5001)]


def test_v4_and_v6_peers_are_not_mixed(daemon, client, torrent):
    client.announce(torrent, 5001, left=0)
    with UdpClient(daemon.port, source="::1") as other:
        reply = other.announce(torrent, 5002)
    assert reply.peers == []
    assert (reply.seeders, reply.leechers) == (1, 1)


@pytest.mark.parametrize("event, left", [(NO_EVENT, 5), (STARTED, 5), (PAUSED, 5), (77, 5)])
def test_events_that_are_no_end_keep_the_peer(client, torrent, event, left):
    client.announce(torrent, 5001, left=left, event=event)
    assert client.scrape(torrent) == [(0, 0, 1)]


def test_stopped_removes_at_once_and_takes_port_zero(client, torrent):
    client.announce(torrent, 5001, peer_id=b"-SK0001-aaaaaaaaaaaa", key=7)
    client.announce(torrent, 0, event=STOPPED, peer_id=b"-SK0001-aaaaaaaaaaaa", key=7)
    assert client.scrape(torrent) == [(0, 0, 0)]


def test_completed_counts_once(client, torrent):
    peer_id = random_peer_id()
    for key in (1, 1, 2):  # aria2 has another key in every packet
        client.announce(torrent, 5001, left=0, event=COMPLETED, peer_id=peer_id, key=key)
    assert client.scrape(torrent) == [(1, 1, 0)]


def test_unknown_left_is_a_leechers(client, torrent):
    reply = client.announce(torrent, 5001, left=2**64 - 1)
    assert (reply.seeders, reply.leechers) == (0, 1)


def test_claimed_address_is_ignored(client, torrent):
    client.announce(torrent, 5001, left=0, claimed="198.51.100.7")
    assert client.announce(torrent, 5002).peers == [("127.0.0.1", 5001)]


@pytest.mark.parametrize("numwant, count", [(-1, 50), (0, 0), (3, 3), (2**31 - 1, 60)])
def test_numwant_is_honoured(daemon, client, torrent, numwant, count):
    for port in range(6000, 6060):
        client.announce(torrent, port, left=0)
    assert len(client.announce(torrent, 5002, numwant=numwant).peers) == count


def test_reply_fits_into_every_network(torrent):
    config = "announce = { numwant_max = 1000; }; "
    with Skepd(config=config, udp=True) as daemon, UdpClient(daemon.port) as v4, \
            UdpClient(daemon.port, source="::1") as v6:
        for client, width in ((v4, 6), (v6, 18)):
            for port in range(6000, 6300):
                client.announce(torrent, port, left=0)
            reply = client.announce(torrent, 5001, numwant=1000)
            assert REPLY_MAX - width < reply.length <= REPLY_MAX
            assert len(set(reply.peers)) == len(reply.peers)


def test_client_with_port_zero_is_given_peers_and_listed_nowhere(client, torrent):
    client.announce(torrent, 5001, left=0)
    reply = client.announce(torrent, 0, event=STARTED)
    assert reply.peers == [("127.0.0.1", 5001)]
    assert (reply.seeders, reply.leechers) == (1, 0)


def test_scrape_answers_by_position_with_duplicates(client, torrent):
    other = random_hash()
    client.announce(torrent, 5001, left=0)
    assert client.scrape(torrent, other, torrent) == [(1, 0, 0), (0, 0, 0), (1, 0, 0)]


@pytest.mark.parametrize("count", [0, 1, SCRAPE_MAX, SCRAPE_MAX + 1, 90])
def test_scrape_of_many_is_bounded(client, count):
    hashes = [random_hash() for _ in range(count)]
    assert client.scrape(*hashes) == [(0, 0, 0)] * min(count, SCRAPE_MAX)


@pytest.mark.parametrize("options", [
    b"\x00", b"\x01\x01\x01\x00rubbish", b"\x02\x09/announce", b"\x02\x05/KEY/\x02\x08announce",
    b"\x09\x03xyz\x02\x01/", b"\x02\xffcut off", b"\x02", b"\xff" * 300,
])
def test_options_and_trailing_bytes_do_no_harm(client, torrent, options):
    client.announce(torrent, 5001, left=0, options=options)
    assert client.announce(torrent, 5002, options=options).peers == [("127.0.0.1", 5001)]


def header(connection_id, action, transaction=0x1234):
    return struct.pack(">QII", connection_id, action, transaction)


@pytest.mark.parametrize("length", range(16))
def test_packet_without_a_transaction_id_is_not_answered(client, length):
    assert client.is_silent_on(header(PROTOCOL_ID, CONNECT)[:length])


@pytest.mark.parametrize("action", [CONNECT, ANNOUNCE, SCRAPE, 3, 4, 2**32 - 1])
@pytest.mark.parametrize("length", [16, 20, 97, 98, 200])
def test_forged_id_gets_an_error_no_longer_than_the_packet(client, action, length):
    packet = (header(0x0123456789ABCDEF, action) + bytes(200))[:length]
    reply = client.exchange(packet)
    assert struct.unpack(">II", reply[:8]) == (3, 0x1234)
    assert len(reply) <= len(packet)


def test_id_of_another_address_is_refused(daemon, client, torrent):
    stolen = client.connect()
    with UdpClient(daemon.port, source="127.0.0.2") as thief:
        with pytest.raises(UdpError, match="connection id"):
            thief.announce(torrent, 5001, connection_id=stolen)
        with pytest.raises(UdpError, match="connection id"):
            thief.scrape(torrent, connection_id=stolen)


def test_id_is_good_for_another_port_of_the_address(daemon, client, torrent):
    """Behind a NAT the port changes between two packets."""
    with UdpClient(daemon.port) as other:
        other.announce(torrent, 5001, connection_id=client.connect())


def test_ids_change_with_the_address_and_the_start(daemon, client):
    with UdpClient(daemon.port, source="127.0.0.9") as other:
        assert other.connect() != client.connect()
    with Skepd(udp=True) as second, UdpClient(second.port) as elsewhere:
        assert elsewhere.connect() != client.connect()


@pytest.mark.parametrize("target", ["127.0.0.1", "127.0.0.77", "127.9.9.9"])
def test_reply_leaves_from_the_requested_address(daemon, torrent, target):
    with UdpClient(daemon.port, target=target) as client:
        assert client.announce(torrent, 5001).leechers == 1


def test_short_announce_with_a_good_id_is_refused_with_a_reason(client):
    with pytest.raises(UdpError, match="98"):
        client.request(ANNOUNCE, bytes(81))


def test_unknown_action_with_a_good_id_is_refused(client):
    with pytest.raises(UdpError, match="action"):
        client.request(9, bytes(84))


def test_random_packets_do_no_harm(daemon, client, torrent):
    for length in list(range(64)) + [98, 500, 1400, 2048, 9000]:
        client.sock.send(secrets.token_bytes(length))
    with UdpClient(daemon.port) as other:
        assert other.announce(torrent, 5001).leechers == 1


def test_torrents_limit_is_refused_with_a_reason(torrent):
    config = "limits = { torrents_max = 1; };"
    with Skepd(config=config, udp=True) as daemon, UdpClient(daemon.port) as client:
        client.announce(torrent, 5001)
        with pytest.raises(UdpError, match="torrents"):
            client.announce(random_hash(), 5001)


def test_udp_urls_are_printed(daemon):
    daemon.wait_for_log(f"udp://127.0.0.1:{daemon.port}/announce")


def test_udp_may_have_another_port(torrent):
    port = free_port()
    with Skepd(config=f"udp = {{ port = {port}; }};", udp=True) as daemon:
        daemon.wait_for_log(f"udp://127.0.0.1:{port}/announce")
        with UdpClient(port) as client:
            client.announce(torrent, 5001)
        assert scraped(daemon.port, torrent) == (0, 1, 0)


@pytest.mark.parametrize("how", [dict(udp=False), dict(config="udp = { enabled = false; };", udp=True)])
def test_udp_may_be_switched_off(how):
    with Skepd(**how) as daemon, UdpClient(daemon.port) as client:
        assert "udp://" not in daemon.log()
        with pytest.raises(ConnectionRefusedError):
            client.exchange(header(PROTOCOL_ID, CONNECT))


@pytest.mark.parametrize("reuse", [False, True])
def test_udp_port_in_use_is_named(tmp_path, reuse):
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        if reuse:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("0.0.0.0", port))
        done = run("--port", port, "--database", tmp_path / "skep.db")
    assert done.returncode == 1
    line, = done.stderr.splitlines()
    assert f"UDP port {port} is in use" in line


def test_listen_address_holds_for_udp(torrent):
    with Skepd(config='http = { listen = "127.0.0.1"; };', udp=True) as daemon:
        with UdpClient(daemon.port) as client:
            client.announce(torrent, 5001)
        with UdpClient(daemon.port, target="127.0.0.2") as elsewhere:
            with pytest.raises(ConnectionRefusedError):
                elsewhere.exchange(header(PROTOCOL_ID, CONNECT))


def test_packets_that_the_kernel_drops_are_reported(torrent):
    with Skepd(config="udp = { receive_buffer = 4096; threads = 1; };", udp=True) as daemon:
        with UdpClient(daemon.port) as client:
            client.announce(torrent, 5001)
            daemon.process.send_signal(signal.SIGSTOP)
            for _ in range(500):
                client.sock.send(header(PROTOCOL_ID, CONNECT))
            daemon.process.send_signal(signal.SIGCONT)
            daemon.wait_for_log("udp: receive buffer full", "packets dropped")


def test_peers_over_udp_survive_a_crash(torrent):
    with Skepd(udp=True) as daemon:
        with UdpClient(daemon.port) as client:
            client.announce(torrent, 5001, left=0, event=STARTED)
        daemon.wait_for_log("joined")
        wait_until(lambda: b"-SK0001-" in (daemon.directory / "skep.db-wal").read_bytes())
        daemon.kill()
        daemon.start()
        with UdpClient(daemon.port) as client:
            assert client.announce(torrent, 5002).peers == [("127.0.0.1", 5001)]


@pytest.mark.parametrize("end", [Skepd.stop, Skepd.kill])
def test_connection_ids_outlive_one_restart(torrent, end):
    with Skepd(udp=True) as daemon, UdpClient(daemon.port) as client:
        client.announce(torrent, 5001)
        end(daemon)
        daemon.start()
        assert client.announce(torrent, 5001).leechers == 1
        end(daemon)
        daemon.start()
        with pytest.raises(UdpError, match="connection id"):
            client.announce(torrent, 5001)
