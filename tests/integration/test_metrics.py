"""The figures for Prometheus, and the answer for probes."""

import re

import pytest

from support.announce import Peer, connect, get, random_hash, scrape
from support.skepd import Skepd
from support.udp import UdpClient
from support.waiting import wait_until

VALUE = re.compile(r'^(skep_[a-z_]+)(?:\{([a-z]+)="([^"]*)"\})? (\S+)$')


def figures(daemon):
    """{(name, label's value): number}; every value has a family with a help text and a type before it."""
    reply = get(daemon.port, "/metrics")
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/plain")
    helped, typed, found = set(), {}, {}
    for line in reply.body.decode().splitlines():
        if line.startswith("# HELP "):
            helped.add(line.split()[2])
        elif line.startswith("# TYPE "):
            typed[line.split()[2]] = line.split()[3]
        else:
            name, _, label, number = VALUE.match(line).groups()
            assert name in helped and typed[name] in ("counter", "gauge")
            assert name.endswith("_total") == (typed[name] == "counter"), name
            assert (name, label) not in found
            found[name, label] = float(number)
    return found


@pytest.fixture
def busy():
    with Skepd(config="limits = { torrents_max = 1; };", udp=True) as daemon:
        yield daemon


def test_announces_and_scrapes_are_counted_by_result(busy):
    torrent = random_hash()
    Peer(busy.port, torrent).start()
    Peer(busy.port, random_hash()).start()
    with UdpClient(busy.port) as client:
        client.announce(torrent, 5001)
    scrape(busy.port, torrent)
    found = figures(busy)
    assert found["skep_announces_total", "ok"] == 2
    assert found["skep_announces_total", "torrents_full"] == 1
    assert found["skep_scrapes_total", "ok"] == 1
    assert found["skep_torrents", None] == 1
    assert found["skep_peers", None] == 2
    assert found["skep_swarms_memory_bytes", None] > 0
    assert found["skep_udp_packets_received_total", None] == 2
    assert found["skep_udp_packets_answered_total", None] == 2


def test_store_tells_its_commits(busy):
    Peer(busy.port, random_hash()).start()
    wait_until(lambda: figures(busy)["skep_store_flushes_total", None] > 0)
    found = figures(busy)
    assert found["skep_store_failures_total", None] == 0
    assert found["skep_store_failing", None] == 0


def test_memory_is_given_back_to_the_count(busy):
    peer = Peer(busy.port, random_hash())
    peer.start()
    peer.stop()
    wait_until(lambda: figures(busy)["skep_swarms_memory_bytes", None] == 0, timeout=15)
    assert figures(busy)["skep_torrents", None] == 0


def test_others_may_not_see_the_figures():
    with Skepd(config='http = { admins = [ "127.0.0.7" ]; };') as daemon:
        assert get(daemon.port, "/metrics", "127.0.0.7").status == 200
        refused = get(daemon.port, "/metrics", "127.0.0.8")
        assert refused.status == 403
        assert b"http.admins" in refused.body


def test_spoofed_header_makes_no_admin():
    with Skepd(config='http = { admins = [ "127.0.0.7" ]; };') as daemon:
        headers = {"X-Forwarded-For": "127.0.0.7", "Forwarded": "for=127.0.0.7"}
        assert get(daemon.port, "/metrics", "127.0.0.8", headers=headers).status == 403


def test_health_is_answered_for_anyone():
    with Skepd(config='http = { admins = [ "127.0.0.7" ]; };') as daemon:
        reply = get(daemon.port, "/health", "127.0.0.8")
        assert (reply.status, reply.body) == (200, b"ok\n")


def test_connections_and_requests_beyond_their_bounds_are_counted():
    config = ("http = { connections_per_address_max = 2; request_timeout_s = 1; };"
              "limits = { loopback = true; };")
    with Skepd(config=config) as daemon:
        idle = [connect(daemon.port, "127.8.0.1") for _ in range(4)]
        wait_until(lambda: figures(daemon)["skep_http_connections_refused_total", None] == 2)
        wait_until(lambda: figures(daemon)["skep_http_requests_cut_total", None] >= 2)
        for sock in idle:
            sock.close()
