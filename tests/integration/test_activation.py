"""Socket activation, by systemd or by the test in its place."""

import contextlib
import shutil
import socket
import struct
import time

import pytest

from support.announce import Peer, scraped
from support.inherited_sockets import with_sockets
from support.skepd import Skepd, free_port
from support.udp import CONNECT, PROTOCOL_ID, UdpClient
from support.waiting import wait_until

ACTIVATE = "systemd-socket-activate"
HOME = {"127.0.0.1": "127.0.0.1", "127.0.0.77": "127.0.0.1", "::1": "::1"}  # target: source

needs_activate = pytest.mark.skipif(not shutil.which(ACTIVATE), reason=f"no {ACTIVATE} here")


def open_socket(kind, port, address="::"):
    """A bound socket; dual-stack for the wildcard address."""
    v6 = ":" in address
    sock = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, kind)
    if v6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address != "::")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    if kind == socket.SOCK_STREAM:
        sock.listen()
    return sock


@contextlib.contextmanager
def open_sockets(port, addresses=("::",), kinds=(socket.SOCK_STREAM, socket.SOCK_DGRAM)):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(open_socket(kind, port, address))
               for kind in kinds for address in addresses]


class SkepdWithSockets(Skepd):
    """Its sockets accept before it runs, so only its log shows when it is up."""

    starts = 0

    def __init__(self, sockets, **how):
        super().__init__(**{"udp": True, **how, **with_sockets(sockets)})

    def _wait_until_it_accepts(self):
        self.starts += 1
        wait_until(lambda: not self.running() or self.log().count("skepd is ready") == self.starts)
        super()._wait_until_it_accepts()


@pytest.fixture(scope="module")
def daemon():
    """Inherits one TCP and one UDP socket for both families; other ports are in its configuration."""
    port = free_port()
    with open_sockets(port) as sockets:
        config = f"http = {{ port = {free_port()}; }}; udp = {{ threads = 3; }};"
        with SkepdWithSockets(sockets, config=config, port=port, args=("--port", free_port())) as daemon:
            yield daemon


class ActivatedByUdp(Skepd):
    """Started by the first packet to `udp_port`; opens its TCP port itself."""

    udp_port = None

    def _wait_until_it_accepts(self):
        with UdpClient(self.udp_port) as client:
            wait_until(client.connect)
        super()._wait_until_it_accepts()


@needs_activate
def test_http_socket_is_inherited_from_systemd(torrent):
    port, configured = free_port(), free_port()
    with Skepd(port=port, prefix=(ACTIVATE, "-l", port), args=("--port", configured)) as daemon:
        v4, v6 = Peer(port, torrent), Peer(port, torrent, source="::1")
        assert v4.start()["external ip"] == bytes([127, 0, 0, 1])
        assert v6.start().failure is None
        assert scraped(port, torrent) == (0, 2, 0)
        daemon.wait_for_log("inherited sockets", "http.port")
        daemon.wait_for_log(f"http://127.0.0.1:{port}/announce")
        with pytest.raises(ConnectionRefusedError):
            Peer(configured, torrent).start()


@needs_activate
def test_udp_socket_is_inherited_from_systemd(torrent):
    port = free_port()
    daemon = ActivatedByUdp(udp=True, prefix=(ACTIVATE, "--datagram", "-l", port))
    daemon.udp_port = port
    with daemon:
        with UdpClient(port) as v4, UdpClient(port, source="::1") as v6:
            v4.announce(torrent, 5001, left=0)
            assert v4.announce(torrent, 5002).peers == [("127.0.0.1", 5001)]
            assert v6.announce(torrent, 5003).seeders == 1
        daemon.wait_for_log("inherited sockets", "udp.port")
        daemon.wait_for_log(f"udp://127.0.0.1:{port}/announce")
        assert scraped(daemon.port, torrent) == (1, 2, 0)


def test_reload_with_inherited_sockets_requires_no_restart(torrent):
    port = free_port()
    with open_sockets(port) as sockets:
        with SkepdWithSockets(sockets, config="# nothing", port=port, args=("--port", free_port())) as daemon:
            daemon.reload()
            assert daemon.wait_for_log("configuration reloaded").endswith("configuration reloaded")
            assert Peer(port, torrent).start().failure is None


@pytest.mark.parametrize("target, source", HOME.items())
def test_reply_from_a_shared_socket_leaves_from_the_requested_address(daemon, torrent, target, source):
    with UdpClient(daemon.port, source=source, target=target) as client:
        for port in range(5001, 5101):
            client.announce(torrent, port)
        assert client.scrape(torrent) == [(0, 0, 100)]


def test_v4_peers_on_a_socket_for_both_families_are_v4(daemon, torrent):
    over_http = Peer(daemon.port, torrent, left=0)
    over_http.start()
    with UdpClient(daemon.port) as v4, UdpClient(daemon.port, source="::1") as v6:
        v4.announce(torrent, 5001, left=0)
        reply = v4.announce(torrent, 5002)
        assert sorted(reply.peers) == sorted([over_http.endpoint, ("127.0.0.1", 5001)])
        assert v6.announce(torrent, 5003).peers == []


def test_own_ports_are_not_opened(daemon):
    with pytest.raises(ConnectionRefusedError):
        Peer(int(daemon.args[1]), b"x" * 20).start()
    for protocol in "http", "udp":
        daemon.wait_for_log(f"{protocol}://127.0.0.1:{daemon.port}/announce")


@pytest.mark.parametrize("end", [Skepd.stop, Skepd.kill])
def test_sockets_serve_one_process_after_the_other(torrent, end):
    port = free_port()
    with open_sockets(port) as sockets:
        with SkepdWithSockets(sockets, port=port) as daemon:
            for number in range(3):
                with UdpClient(port) as v4, UdpClient(port, source="::1") as v6:
                    v4.announce(torrent, 5000 + number)
                    v6.announce(torrent, 5000 + number)
                Peer(port, torrent, source="127.0.0.3", port=5000 + number).start()
                end(daemon)
                daemon.start()


def test_clients_between_two_processes_are_served(torrent):
    port = free_port()
    with open_sockets(port) as sockets, contextlib.ExitStack() as stack:
        daemon = stack.enter_context(SkepdWithSockets(sockets, port=port))
        client = stack.enter_context(UdpClient(port))
        client.announce(torrent, 5001)
        daemon.stop()
        early = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        early.sendall(b"GET /scrape HTTP/1.0\r\n\r\n")
        client.sock.send(struct.pack(">QII", PROTOCOL_ID, CONNECT, 7))
        daemon.start()
        assert early.recv(12) == b"HTTP/1.1 200"
        assert len(client.sock.recv(100)) == 16


def test_accepted_connection_is_served_before_the_stop(torrent):
    port = free_port()
    with open_sockets(port) as sockets, SkepdWithSockets(sockets, port=port) as daemon:
        with socket.create_connection(("127.0.0.1", port)) as late, UdpClient(port) as client:
            client.connect()  # a round trip: the daemon has accepted by now
            time.sleep(0.1)
            daemon.process.terminate()
            daemon.wait_for_log("stopping")
            late.sendall(b"GET /scrape HTTP/1.0\r\n\r\n")
            assert late.recv(12) == b"HTTP/1.1 200"
        assert daemon.process.wait(10) == 0


def test_socket_for_each_family_and_address(torrent):
    port = free_port()
    with open_sockets(port, ["127.0.0.1", "127.0.0.2", "::1"]) as sockets:
        with SkepdWithSockets(sockets, port=port) as daemon:
            for source in "127.0.0.1", "::1":
                assert Peer(port, torrent, source=source).start().failure is None
            for target, source in ("127.0.0.2", "127.0.0.1"), ("::1", "::1"):
                with UdpClient(port, source=source, target=target) as client:
                    client.announce(torrent, 5001)
            assert scraped(port, torrent) == (0, 4, 0)
            daemon.wait_for_log(f"http://127.0.0.2:{port}/announce")
            assert daemon.log().count("udp://") == 3


def test_only_tcp_is_inherited(torrent):
    port = free_port()
    with open_sockets(port, kinds=[socket.SOCK_STREAM]) as sockets:
        with SkepdWithSockets(sockets, port=port):
            Peer(port, torrent).start()
            with UdpClient(port) as client:
                assert client.announce(torrent, 5001).leechers == 2


def test_inherited_udp_sockets_are_unused_if_udp_is_off(torrent):
    port = free_port()
    with open_sockets(port) as sockets:
        with SkepdWithSockets(sockets, port=port, udp=False) as daemon, UdpClient(port) as client:
            daemon.wait_for_log("warning", "UDP")
            assert "udp://" not in daemon.log()
            assert client.is_silent_on(bytes(16))
            assert Peer(port, torrent).start().failure is None


def odd_files():
    unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    unbound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    return [unix, unbound, open("/dev/null")]


@pytest.mark.parametrize("number", range(3))
def test_unusable_inherited_file_is_named(number):
    with odd_files()[number] as file:
        daemon = SkepdWithSockets([file])
        with pytest.raises(AssertionError, match="ended with 1"), daemon:
            pass
