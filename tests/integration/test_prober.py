"""Reachability probes: skepd connects to the announced port of a peer and closes the connection.

Every test has addresses of 127.0.0.0/8 of its own, or a network."""

import contextlib
import pathlib
import re
import resource
import socket
import subprocess
import threading
import time

import pytest

from support.announce import Peer, exchange, get, parse_reply, random_hash, read_reply
from support.network import LOCAL_V4, has_ipv6, own_network
from support.skepd import Skepd, run
from support.waiting import wait_until

REACHES = ("unknown", "open", "refused", "silent")
QUICK = "per_s = 100; timeout_ms = 300;"
SOON_S = 0.3  # within which a check that should not be made would have been


def check(settings=QUICK, more=""):
    return f"probe = {{ {settings} }}; {more}"


def read_metrics(daemon):
    """The metrics: {family: {label: number}}"""
    found = {}
    body = get(daemon.port, "/metrics").body.decode()
    for name, label, value in re.findall(r'^(skep_\w+)\{\w+="(\w+)"\} (\S+)$', body, re.M):
        found.setdefault(name, {})[label] = float(value)
    return found


def peers(daemon):
    """Number of peers that are (open, refused, silent)."""
    found = read_metrics(daemon)["skep_peers_checked"]
    return tuple(int(found[reach]) for reach in REACHES[1:])


def probes(daemon):
    return int(sum(read_metrics(daemon)["skep_checks_total"].values()))


class Client:
    """A BitTorrent client as the probe sees it: accepts connections and records time and data of each."""

    def __init__(self, address="127.0.0.1", port=0):
        self.listener = socket.create_server((address, port), family=family_of(address))
        self.address, self.port = self.listener.getsockname()[:2]
        self.received = []
        self.times = []
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.end()

    def end(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread, which holds it open
        self.listener.close()

    def joins(self, daemon, torrent=None, **traits):
        peer = Peer(daemon.port, torrent or random_hash(), source=self.address, port=self.port,
                    **traits)
        assert peer.start().failure is None
        return peer

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.times.append(time.monotonic())
                with connection:
                    connection.settimeout(5)
                    self.received.append(connection.recv(1000))


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


@contextlib.contextmanager
def unanswered(address="127.0.0.1"):
    """A port that neither accepts nor refuses connections: its queue is full."""
    with socket.create_server((address, 0), backlog=0) as listener:
        with socket.create_connection(listener.getsockname()):
            yield listener.getsockname()[1]


@pytest.fixture
def daemon():
    with Skepd(check()) as daemon:
        yield daemon


@pytest.fixture
def client():
    with Client() as client:
        yield client


def test_listening_peer_is_open_and_gets_no_byte(daemon, client):
    client.joins(daemon)
    wait_until(lambda: peers(daemon) == (1, 0, 0))
    wait_until(lambda: client.received)
    assert client.received == [b""]


def test_port_without_a_listener_is_refused(daemon, peer):
    peer().start()
    wait_until(lambda: peers(daemon) == (0, 1, 0))


def test_peer_that_does_not_answer_is_silent(daemon, peer):
    with unanswered() as port:
        started = time.monotonic()
        peer(port=port).start()
        wait_until(lambda: peers(daemon) == (0, 0, 1))
        assert time.monotonic() - started > 0.25


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_v6_peer_is_checked(daemon):
    with Client("::1") as client:
        client.joins(daemon)
        wait_until(lambda: client.received == [b""])
        wait_until(lambda: peers(daemon) == (1, 0, 0))


def test_peer_of_several_torrents_is_checked_once(daemon, client):
    for _ in range(5):
        client.joins(daemon)
    wait_until(lambda: peers(daemon) == (1, 0, 0))
    time.sleep(SOON_S)
    assert len(client.times) == 1


def test_peer_that_starts_with_completed_is_probed(daemon, client):
    Peer(daemon.port, random_hash(), port=client.port).complete()
    wait_until(lambda: peers(daemon) == (1, 0, 0))


def test_peer_that_stops_is_removed_and_probed_again_when_back(daemon, client):
    peer = client.joins(daemon)
    wait_until(lambda: peers(daemon) == (1, 0, 0))
    peer.stop()
    wait_until(lambda: peers(daemon) == (0, 0, 0))
    client.end()
    peer.start()
    wait_until(lambda: peers(daemon) == (0, 1, 0))


def test_peer_that_expires_is_forgotten(client):
    short = "announce = { interval_min_s = 1; interval_max_s = 1; peer_timeout_min_s = 0; };"
    with Skepd(check(more=short)) as daemon:
        client.joins(daemon)
        wait_until(lambda: peers(daemon) == (1, 0, 0))
        wait_until(lambda: peers(daemon) == (0, 0, 0))


def test_peer_that_moves_is_checked_at_its_new_port(daemon, client):
    peer = client.joins(daemon)
    wait_until(lambda: peers(daemon) == (1, 0, 0))
    with Client() as other:
        peer.port = other.port
        peer.announce()
        wait_until(lambda: other.received == [b""])
        wait_until(lambda: peers(daemon) == (1, 0, 0))


def test_peers_are_checked_again_after_the_interval(client):
    with Skepd(check(QUICK + "interval_s = 1;")) as daemon:
        started = time.monotonic()
        client.joins(daemon)
        wait_until(lambda: len(client.times) >= 3)
        assert client.times[2] - started > 1.9
        client.end()
        wait_until(lambda: peers(daemon) == (0, 1, 0))


# Peers that are not probed

def test_claimed_address_is_not_checked(client):
    network = 'network = { ip_param_networks = ["127.0.0.9"]; };'
    with Skepd(check(more=network)) as daemon:
        proxied = Peer(daemon.port, random_hash(), source="127.0.0.9", port=client.port)
        proxied.start(ip="127.0.0.1")
        time.sleep(SOON_S)
        assert (client.times, probes(daemon)) == ([], 0)
        client.joins(daemon, proxied.info_hash)
        wait_until(lambda: peers(daemon) == (1, 0, 0))


@pytest.mark.parametrize("version, header", [
    ("1.1", "X-Forwarded-For: 198.51.100.7"), ("1.1", "Forwarded: for=198.51.100.7"),
    ("1.1", "Via: 1.1 proxy"), ("1.1", "X-Real-IP: 198.51.100.7"), ("1.0", "X: y")])
def test_peer_behind_an_unknown_proxy_is_not_probed(daemon, client, version, header):
    peer = Peer(daemon.port, random_hash(), port=client.port)
    raw = f"GET {peer.target()} HTTP/{version}\r\nHost: x\r\nConnection: close\r\n{header}\r\n\r\n"
    assert parse_reply(exchange(daemon.port, raw.encode())).failure is None
    time.sleep(SOON_S)
    assert (client.times, probes(daemon)) == ([], 0)
    client.joins(daemon)
    wait_until(lambda: peers(daemon) == (1, 0, 0))


def test_peer_behind_a_trusted_proxy_is_checked(client):
    with Skepd(check(more='network = { trusted_proxies = "127.5.0.1"; };')) as daemon:
        target = Peer(daemon.port, random_hash(), port=client.port).target()
        header = {"X-Forwarded-For": "127.0.0.1", "Via": "1.1 proxy"}
        assert get(daemon.port, target, "127.5.0.1", headers=header).failure is None
        wait_until(lambda: peers(daemon) == (1, 0, 0))
        target = Peer(daemon.port, random_hash(), port=client.port).target()
        get(daemon.port, target, "127.5.0.1", headers={"X-Forwarded-For": ","})
        time.sleep(SOON_S)
        assert probes(daemon) == 1


def test_ports_below_1024_are_not_probed(daemon, client):
    for port in (1, 22, 80, 1023):
        Peer(daemon.port, random_hash(), port=port).start()
    client.joins(daemon)
    wait_until(lambda: peers(daemon) == (1, 0, 0))
    time.sleep(SOON_S)
    assert probes(daemon) == 1


def test_peer_outside_of_the_networks_is_not_checked(client):
    with Skepd(check(QUICK + 'networks = ["127.0.0.7", "192.168.0.0/16"];')) as daemon:
        client.joins(daemon)
        Peer(daemon.port, random_hash(), source="127.0.0.7").start()
        wait_until(lambda: peers(daemon) == (0, 1, 0))
        time.sleep(SOON_S)
        assert client.times == []


def test_no_peer_is_probed_when_it_is_off(client):
    with Skepd(check("enabled = false;")) as daemon:
        client.joins(daemon)
        time.sleep(SOON_S)
        assert (client.times, probes(daemon)) == ([], 0)
        assert "prober" not in threads_of(daemon)


def threads_of(daemon):
    tasks = pathlib.Path(f"/proc/{daemon.pid}/task").iterdir()
    return [(task / "comm").read_text().strip() for task in tasks]


def test_reload_switches_it_off_and_on(client):
    with Skepd(check()) as daemon:
        first = client.joins(daemon)
        wait_until(lambda: peers(daemon) == (1, 0, 0))
        daemon.reload(check("enabled = false;"))
        wait_until(lambda: "prober" not in threads_of(daemon))
        daemon.reload(check())
        wait_until(lambda: "prober" in threads_of(daemon))
        first.stop()
        first.start()
        wait_until(lambda: peers(daemon) == (1, 0, 0))
        wait_until(lambda: len(client.received) == 2)


def test_restored_peer_is_checked_once_it_announced_again(client):
    with Skepd(check()) as daemon:
        peer = client.joins(daemon)
        wait_until(lambda: peers(daemon) == (1, 0, 0))
        daemon.restart()
        time.sleep(SOON_S)
        assert (len(client.times), probes(daemon)) == (1, 0)
        peer.announce()
        wait_until(lambda: peers(daemon) == (1, 0, 0))
        wait_until(lambda: len(client.times) == 2)


# Bounds

def test_checks_keep_to_their_rate():
    crowd, per_s = 40, 20
    with Skepd(check(f"per_s = {per_s};")) as daemon:
        for number in range(crowd):
            Peer(daemon.port, random_hash(), source=f"127.4.0.{number + 1}").start()
        started = time.monotonic()
        before = probes(daemon)
        time.sleep(0.5)
        during, took = probes(daemon) - before, time.monotonic() - started
        assert during <= per_s * took + 2
        wait_until(lambda: peers(daemon) == (0, crowd, 0))
        assert time.monotonic() - started > (crowd - before) / per_s - 0.2


def test_many_ports_of_one_address_are_not_all_probed(client):
    with Skepd(check("per_s = 1000; address_peers_max = 5;")) as daemon:
        for _ in range(50):
            Peer(daemon.port, random_hash(), source="127.5.0.1").start()
        client.joins(daemon)
        wait_until(lambda: peers(daemon) == (1, 5, 0))
        time.sleep(SOON_S)
        assert probes(daemon) == 6


def test_silent_peers_do_not_keep_a_stop_waiting():
    with Skepd(check("per_s = 1000; timeout_ms = 60000;")) as daemon, unanswered() as port:
        Peer(daemon.port, random_hash(), port=port).start()
        wait_until(lambda: read_metrics(daemon)["skep_peers_checked"]["unknown"] == 1)
        daemon.stop()


# What is not the peer's fault

@pytest.fixture
def network():
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(own_network())
        except OSError as refusal:
            pytest.skip(f"{refusal}: run as root, or under unshare --map-root-user")


def test_lost_local_network_does_not_count_against_the_peer(network):
    address = network.new_v4()
    with Skepd(check(QUICK + "interval_s = 1;")) as daemon, Client(address) as client:
        Peer(daemon.port, random_hash(), source=address, port=client.port).start()
        wait_until(lambda: peers(daemon) == (1, 0, 0))
        subprocess.run(["ip", "addr", "del", LOCAL_V4, "dev", "lo"], check=True)
        wait_until(lambda: read_metrics(daemon)["skep_peers_checked"]["unknown"] == 1)
        assert peers(daemon) == (0, 0, 0)
        subprocess.run(["ip", "addr", "add", LOCAL_V4, "dev", "lo"], check=True)
        wait_until(lambda: peers(daemon) == (1, 0, 0))


def test_lack_of_descriptors_does_not_count_against_the_peer(client):
    with Skepd(check(QUICK)) as daemon, socket.create_connection(("127.0.0.1", daemon.port)) as sock:
        def announce(torrent, port):
            target = Peer(daemon.port, torrent, port=port).target()
            sock.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert read_reply(sock).failure is None

        announce(random_hash(), 1)  # accepted by now
        before = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (3, before[1]))
        announce(random_hash(), client.port)
        time.sleep(SOON_S)
        assert client.times == []
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, before)
        wait_until(lambda: peers(daemon) == (1, 0, 0))


@pytest.mark.parametrize("wrong", ["per_s = 0;", "interval_s = 0;", "timeout_ms = 99;"])
def test_settings_out_of_range_are_refused(tmp_path, wrong):
    file = tmp_path / "skepd.conf"
    file.write_text(check(wrong))
    done = run("--config", file, "--check-config")
    assert done.returncode != 0
    assert "probe." + wrong.split()[0] in done.stderr
