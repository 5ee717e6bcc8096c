"""A tracker behind proxies: the client address of forwarded requests.

127.5.0.0/16 and ::1 are trusted proxies here, everyone else is not."""

import socket

import pytest

from support.announce import Peer, connect, get, random_hash, read_reply
from support.skepd import Skepd
from support.waiting import wait_until

PROXY, SECOND_PROXY, STRANGER = "127.5.0.1", "127.5.0.2", "127.6.0.1"
NETWORKS = 'network = {{ trusted_proxies = [{}]; }};'
CONFIG = NETWORKS.format('"127.5.0.0/16", "::1"')


@pytest.fixture
def passed_on(peer):
    """Announces through a proxy that adds headers; returns the reply and the peer's address."""
    def announce(*headers, source=PROXY):
        client, witness = peer(source=source), peer(source="127.7.0.1")
        lines = "".join(f"{header}\r\n" for header in headers)
        with connect(client.tracker_port, source) as sock:
            sock.sendall(f"GET {client.target()} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
            reply = read_reply(sock)
        where = [host for host, port in witness.start().peers if port == client.port]
        return reply, where
    return announce


def packed(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_pton(family, address)


@pytest.mark.parametrize("headers, client", [
    (["X-Forwarded-For: 198.51.100.7"], "198.51.100.7"),
    (["x-forwarded-for: 198.51.100.7:4711"], "198.51.100.7"),
    (["X-Forwarded-For: 203.0.113.9, 198.51.100.7"], "198.51.100.7"),
    (["X-Forwarded-For: 198.51.100.7, 127.5.0.9"], "198.51.100.7"),
    (["X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 198.51.100.7, 127.5.0.9"],
     "198.51.100.7"),
    (["X-Forwarded-For: 198.51.100.7", "X-Forwarded-For: 127.5.0.9"], "198.51.100.7"),
    (["X-Forwarded-For: ::ffff:198.51.100.7"], "198.51.100.7"),
    (["Forwarded: for=198.51.100.7"], "198.51.100.7"),
    (["forwarded: For=\"198.51.100.7:80\";proto=https, for=127.5.0.9"], "198.51.100.7"),
    (["Forwarded: for=203.0.113.9", "Forwarded: for=\"[::ffff:198.51.100.7]:80\""],
     "198.51.100.7"),
    (["Forwarded: for=198.51.100.7", "X-Forwarded-For: 198.51.100.7"], "198.51.100.7"),
    (["X-Forwarded-For: 127.5.0.9"], "127.5.0.9"),
    ([], PROXY),
    (["X-Forwarded-For:"], PROXY)])
def test_client_address_comes_from_the_proxy(passed_on, headers, client):
    reply, where = passed_on(*headers)
    assert reply["external ip"] == packed(client)
    assert where == [client]


@pytest.mark.parametrize("headers", [
    ["X-Forwarded-For: 2001:db8::7"], ["X-Forwarded-For: [2001:db8::7]:80"],
    ["Forwarded: for=\"[2001:db8::7]:80\""]])
@pytest.mark.parametrize("proxy", [PROXY, "::1"])
def test_v6_client_may_come_through_a_proxy_of_either_family(passed_on, peer, headers, proxy):
    reply, _ = passed_on(*headers, source=proxy)
    assert reply["external ip"] == packed("2001:db8::7")
    assert "2001:db8::7" in [host for host, _ in peer(source="::1").start().peers]


def test_v4_client_may_come_through_a_v6_proxy(passed_on):
    reply, where = passed_on("X-Forwarded-For: 198.51.100.7", source="::1")
    assert where == ["198.51.100.7"]


def test_proxy_on_a_mapped_address_is_the_same_proxy(daemon, leecher):
    with socket.socket(socket.AF_INET6) as sock:
        sock.bind(("::ffff:127.5.0.1", 0))
        sock.connect(("::ffff:127.0.0.1", daemon.port))
        header = "X-Forwarded-For: 198.51.100.7"
        sock.sendall(f"GET {leecher.target()} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
        assert read_reply(sock)["external ip"] == packed("198.51.100.7")


@pytest.mark.parametrize("header", [
    "X-Forwarded-For: 198.51.100.7", "Forwarded: for=198.51.100.7", "X-Forwarded-For: nonsense",
    "Forwarded: nonsense", "X-Real-IP: 198.51.100.7"])
def test_other_sources_are_not_trusted(passed_on, header):
    reply, where = passed_on(header, source=STRANGER)
    assert reply["external ip"] == packed(STRANGER)
    assert where == [STRANGER]


def test_no_proxy_is_trusted_by_default(torrent):
    with Skepd() as daemon:
        peer = Peer(daemon.port, torrent)
        reply = get(daemon.port, peer.target(), headers={"X-Forwarded-For": "198.51.100.7"})
        assert reply["external ip"] == packed("127.0.0.1")


@pytest.mark.parametrize("headers", [
    ["X-Forwarded-For: nonsense"], ["X-Forwarded-For: 198.51.100.7, unknown"],
    ["Forwarded: for=unknown"], ["Forwarded: for=_hidden"], ["Forwarded: proto=https"],
    ["Forwarded: for=\"198.51.100.7"],
    ["Forwarded: for=203.0.113.9", "X-Forwarded-For: 198.51.100.7"]])
def test_invalid_headers_are_refused_with_a_reason(passed_on, headers):
    reply, where = passed_on(*headers)
    assert reply.status == 200
    assert "proxy" in reply.failure and "Forwarded" in reply.failure
    assert reply["interval"] > 0 and reply["retry in"] != b"never"
    assert where == []


def test_requests_on_one_connection_may_be_of_different_clients(daemon, peer):
    swarm = {f"198.51.100.{number}": peer() for number in range(1, 6)}
    with connect(daemon.port, PROXY) as sock:
        for client, one in swarm.items():
            header = f"X-Forwarded-For: {client}"
            sock.sendall(f"GET {one.target()} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
            assert read_reply(sock)["external ip"] == packed(client)
        sock.sendall(f"GET {peer().target()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert read_reply(sock)["external ip"] == packed(PROXY)


def test_client_behind_a_proxy_can_leave(passed_on, peer):
    client, witness = peer(source=PROXY), peer(source=STRANGER)
    header = {"X-Forwarded-For": "198.51.100.7"}
    get(client.tracker_port, client.target(), PROXY, headers=header)
    assert witness.start().peers == [("198.51.100.7", client.port)]
    get(client.tracker_port, client.target(event="stopped"), PROXY, headers=header)
    assert witness.announce().peers == []


def test_claims_count_for_the_client_and_not_for_the_proxy(torrent):
    config = ('network = { trusted_proxies = "127.5.0.0/16"; '
              'ip_param_networks = ["127.5.0.0/16", "198.51.100.0/24"]; };')
    with Skepd(config) as daemon:
        peer = Peer(daemon.port, torrent)
        for client, external in (("198.51.100.7", "203.0.113.5"), ("192.0.2.7", "192.0.2.7")):
            reply = get(daemon.port, peer.target(ip="203.0.113.5"), PROXY,
                        headers={"X-Forwarded-For": client})
            assert reply["external ip"] == packed(external)


def test_limits_are_those_of_the_client_and_not_of_the_proxy(torrent):
    config = CONFIG + "limits = { address_requests_per_s = 1; address_requests_burst = 3; loopback = true; };"
    with Skepd(config) as daemon:
        def scrapes(client):
            target = "/scrape?info_hash=" + "%00" * 20
            reply = get(daemon.port, target, PROXY, headers={"X-Forwarded-For": client})
            return reply.failure is None
        for client in ("198.51.100.1", "198.51.100.2", "198.51.100.3"):
            assert [scrapes(client) for _ in range(3)] == [True] * 3
        assert not scrapes("198.51.100.1")
        assert "Forwarded" in get(daemon.port, "/scrape?info_hash=" + "%00" * 20, PROXY,
                                  headers={"X-Forwarded-For": "nonsense"}).failure


def test_trusted_proxies_follow_a_reload():
    def external(source):
        peer = Peer(daemon.port, random_hash(), source=source)
        reply = get(daemon.port, peer.target(), source,
                    headers={"X-Forwarded-For": "198.51.100.7"})
        return reply["external ip"]

    with Skepd(NETWORKS.format("")) as daemon:
        assert external(PROXY) == packed(PROXY)
        daemon.reload(NETWORKS.format(f'"{PROXY}"'))
        wait_until(lambda: external(PROXY) == packed("198.51.100.7"))
        assert external(SECOND_PROXY) == packed(SECOND_PROXY)
        daemon.reload(NETWORKS.format(f'"{SECOND_PROXY}"'))
        wait_until(lambda: external(SECOND_PROXY) == packed("198.51.100.7"))
        assert external(PROXY) == packed(PROXY)
        daemon.reload(NETWORKS.format(""))
        wait_until(lambda: external(SECOND_PROXY) == packed(SECOND_PROXY))


def test_client_header_is_the_only_one_that_names_the_client():
    settings = 'network = {{ trusted_proxies = "127.5.0.0/16"; client_header = "{}"; }};'
    spoofed = ["X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9"]

    def send(*headers, source=PROXY):
        client = Peer(daemon.port, random_hash(), source=source)
        lines = "".join(f"{header}\r\n" for header in (*headers, *spoofed))
        with connect(daemon.port, source) as sock:
            sock.sendall(f"GET {client.target()} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
            return read_reply(sock)

    with Skepd(settings.format("X-Real-IP")) as daemon:
        for value, client in (("198.51.100.7", "198.51.100.7"), ("198.51.100.7:80", "198.51.100.7"),
                              ("2001:db8::7", "2001:db8::7"), ("[2001:db8::7]", "2001:db8::7"),
                              ("[2001:db8::7]:80", "2001:db8::7"), ("", PROXY)):
            assert send(f"x-real-ip: {value}")["external ip"] == packed(client)
        assert send()["external ip"] == packed(PROXY)
        assert send("X-Real-IP: 198.51.100.7", "X-Real-IP: 198.51.100.7")["external ip"] == \
            packed("198.51.100.7")
        for values in (["198.51.100.8", "198.51.100.7"], ["198.51.100.8, 198.51.100.7"],
                       ["198.51.100.7 198.51.100.8"], ["nonsense"], ["for=198.51.100.7"]):
            assert "proxy" in send(*[f"X-Real-IP: {value}" for value in values]).failure
        assert send("X-Real-IP: 198.51.100.7", source=STRANGER)["external ip"] == packed(STRANGER)

        daemon.reload(settings.format("CF-Connecting-IP"))
        wait_until(lambda: send("CF-Connecting-IP: 198.51.100.7")["external ip"] ==
                   packed("198.51.100.7"))
        assert send("X-Real-IP: 198.51.100.7")["external ip"] == packed(PROXY)
        daemon.reload(settings.format(""))
        wait_until(lambda: send("CF-Connecting-IP: 198.51.100.7")["external ip"] ==
                   packed("203.0.113.9"))


def test_reload_again_and_again_under_load():
    with Skepd(NETWORKS.format("")) as daemon:
        for number in range(60):
            daemon.reload(NETWORKS.format(f'"{PROXY}"' if number % 2 else ""))
            peer = Peer(daemon.port, random_hash(), source=PROXY)
            reply = get(daemon.port, peer.target(), PROXY,
                        headers={"X-Forwarded-For": "198.51.100.7"})
            assert reply["external ip"] in (packed(PROXY), packed("198.51.100.7"))
