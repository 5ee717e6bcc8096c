"""Prometheus metrics and the health endpoint."""

import os
import time

import pytest

from support.announce import Peer, connect, get, random_hash, random_peer_id, scrape
from support.certificates import Authority
from support.prometheus import Metrics, read_metrics, promtool
from support.skepctl import Skepctl
from support.skepd import Skepd, free_port
from support.udp import UdpClient
from support.waiting import wait_until


@pytest.fixture
def busy():
    with Skepd(config="limits = { torrents_max = 1; };", udp=True) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """A daemon with every metric family and some traffic."""
    issued = Authority(tmp_path_factory.mktemp("certificates")).issue("skep")
    tls_port = free_port()
    config = f"https = {{ port = {tls_port}; {issued.setting} }};"
    with Skepd(config=config, udp=True) as daemon:
        daemon.tls_port = tls_port
        torrent = random_hash()
        Peer(daemon.port, torrent, left=0).start()
        scrape(daemon.port, torrent)
        with UdpClient(daemon.port) as client:
            client.announce(torrent, 5001)
        yield daemon


def test_promtool_finds_nothing_to_complain_about(complete):
    assert promtool("check", "metrics", stdin=read_metrics(complete).text) == (0, "")


def test_promtool_would_find_something():
    status, said = promtool("check", "metrics", stdin="# TYPE requests counter\nrequests 1\n")
    assert status != 0
    assert "_total" in said and "no help text" in said


def test_counters_and_they_alone_are_totals(complete):
    for name, kind in read_metrics(complete).types.items():
        assert name.endswith("_total") == (kind == "counter"), name


def test_histograms_add_up(complete):
    wait_until(lambda: read_metrics(complete)("skep_store_flush_duration_seconds_count") > 0)
    found = read_metrics(complete)
    assert len(found.histograms()) >= 2
    for name, labels in found.histograms():
        labels = dict(labels)
        buckets = sorted((float(dict(has)["le"]), value) for (bucket, has), value in found.values.items()
                         if bucket == name + "_bucket" and labels.items() <= dict(has).items())
        counts = [count for _, count in buckets]
        assert buckets[-1] == (float("inf"), found(name + "_count", **labels))
        assert counts == sorted(counts)
        assert (found(name + "_sum", **labels) > 0) == (counts[-1] > 0)


def test_announces_and_scrapes_are_counted_by_result(busy):
    torrent = random_hash()
    Peer(busy.port, torrent).start()
    Peer(busy.port, random_hash()).start()
    with UdpClient(busy.port) as client:
        client.announce(torrent, 5001)
    scrape(busy.port, torrent)
    # A packet is counted once its reply has been sent.
    wait_until(lambda: read_metrics(busy)("skep_udp_packets_answered_total") == 2)
    found = read_metrics(busy)
    assert found("skep_announces_total", result="ok") == 2
    assert found("skep_announces_total", result="torrents_full") == 1
    assert found("skep_scrapes_total", result="ok") == 1
    assert found("skep_limit", resource="torrents") == 1
    assert found("skep_limit_hits_total", resource="torrents") == 1
    assert found("skep_swarms_memory_bytes") > 0
    assert found("skep_udp_packets_received_total") == 2


def test_peers_are_counted_by_family_and_role(busy):
    torrent = random_hash()
    Peer(busy.port, torrent, left=0).start()
    Peer(busy.port, torrent, left=7).start()
    Peer(busy.port, torrent, left=7, source="::1").start()
    Peer(busy.port, torrent, left=7, source="::1").announce("paused")
    found = read_metrics(busy)
    assert found("skep_peers", family="ipv4", role="seeder") == 1
    assert found("skep_peers", family="ipv4", role="leecher") == 1
    assert found("skep_peers", family="ipv6", role="seeder") == 0
    assert found("skep_peers", family="ipv6", role="leecher") == 2
    assert found("skep_partial_seeds") == 1
    assert found("skep_torrents", state="active") == 1


def test_torrents_without_peers_are_idle(busy):
    peer = Peer(busy.port, random_hash(), left=7)
    peer.start()
    peer.complete()
    peer.stop()
    found = read_metrics(busy)
    assert found("skep_torrents", state="idle") == 1
    assert found("skep_torrents", state="active") == 0


def test_swarms_are_counted_at_most_once_a_second(busy):
    torrent = random_hash()

    def join_and_wait():
        """The times just before and after the request that showed a new peer."""
        counted = read_metrics(busy).sum("skep_peers")
        Peer(busy.port, torrent).start()
        while True:
            before = time.monotonic()
            if read_metrics(busy).sum("skep_peers") > counted:
                return before, time.monotonic()

    first, _ = join_and_wait()
    _, second = join_and_wait()
    assert second - first > 0.9


def test_udp_requests_are_counted_by_result(busy):
    torrent = random_hash()
    with UdpClient(busy.port) as client:
        client.announce(torrent, 5001)
        client.exchange(bytes(16))
        client.sock.send(b"no request")
        assert client.is_silent_on(b"nor this")
    found = read_metrics(busy)
    assert found("skep_udp_requests_total", kind="connect", result="ok") == 1
    assert found("skep_udp_requests_total", kind="announce", result="ok") == 1
    assert found("skep_udp_requests_total", kind="other", result="bad_connection_id") == 1
    assert found("skep_udp_requests_total", kind="other", result="malformed") == 2
    assert found("skep_udp_request_duration_seconds_count") == 5
    assert 0 < found("skep_udp_request_duration_seconds_sum") < 5


def test_http_requests_are_counted_by_kind_and_result(busy):
    torrent = random_hash()
    Peer(busy.port, torrent).start()
    Peer(busy.port, random_hash()).start()
    get(busy.port, "/announce?info_hash=short")
    scrape(busy.port, torrent)
    get(busy.port, "/health")
    get(busy.port, "/wp-login.php")
    read_metrics(busy)
    found = read_metrics(busy)
    assert found("skep_http_requests_total", kind="announce", result="ok") == 1
    assert found("skep_http_requests_total", kind="announce", result="refused") == 1
    assert found("skep_http_requests_total", kind="announce", result="malformed") == 1
    assert found("skep_http_requests_total", kind="scrape", result="ok") == 1
    assert found("skep_http_requests_total", kind="health", result="ok") == 1
    assert found("skep_http_requests_total", kind="other", result="not_found") == 1
    assert found("skep_http_requests_total", kind="metrics", result="ok") == 1
    assert found("skep_http_request_duration_seconds_count", kind="announce") == 3
    assert 0 < found("skep_http_request_duration_seconds_sum", kind="announce") < 3


def test_open_connections_are_counted_by_scheme(complete):
    def is_open(scheme):
        return read_metrics(complete)("skep_http_connections", scheme=scheme)

    wait_until(lambda: is_open("http") == 1)
    with connect(complete.port), connect(complete.tls_port):
        wait_until(lambda: (is_open("http"), is_open("https")) == (2, 1))
    wait_until(lambda: (is_open("http"), is_open("https")) == (1, 0))


def test_expiry_of_the_certificate_is_a_metric(complete):
    two_days = 2 * 24 * 3600
    expires = read_metrics(complete)("skep_https_certificate_expiry_timestamp_seconds")
    assert abs(expires - time.time() - two_days) < 3600


def test_commits_of_the_store_are_counted(busy):
    Peer(busy.port, random_hash()).start()
    wait_until(lambda: read_metrics(busy)("skep_store_flush_duration_seconds_count") > 0)
    found = read_metrics(busy)
    assert found("skep_store_failures_total") == 0
    assert found("skep_store_failing") == 0
    assert found("skep_feed_overflows_total") == 0


def test_without_a_store_none_is_reported():
    with Skepd(config="store = { enabled = false; };") as daemon:
        assert not any(name.startswith("skep_store") for name in read_metrics(daemon).names())


def test_memory_is_given_back_to_the_count(busy):
    peer = Peer(busy.port, random_hash())
    peer.start()
    peer.stop()
    wait_until(lambda: read_metrics(busy)("skep_swarms_memory_bytes") == 0)
    wait_until(lambda: read_metrics(busy).sum("skep_torrents") == 0)


def test_sweeps_and_expired_peers_are_counted():
    with Skepd(config="announce = { interval_min_s = 1; interval_max_s = 1; peer_timeout_min_s = 0; };") as daemon:
        Peer(daemon.port, random_hash()).start()
        wait_until(lambda: read_metrics(daemon)("skep_peers_expired_total") == 1)
        found = read_metrics(daemon)
        assert found("skep_sweep_rounds_total") >= 2
        assert 0.1 < found("skep_sweep_last_round_duration_seconds") < 10


def test_reload_updates_the_limits():
    with Skepd(config="limits = { torrents_max = 5; memory_max_mib = 1; };") as daemon:
        found = read_metrics(daemon)
        assert found("skep_limit", resource="torrents") == 5
        assert found("skep_limit", resource="memory_bytes") == 1 << 20
        daemon.reload("limits = { torrents_max = 6; memory_max_mib = 0; };")
        wait_until(lambda: read_metrics(daemon)("skep_limit", resource="torrents") == 6)
        assert read_metrics(daemon)("skep_limit", resource="memory_bytes") == float("inf")


def test_success_and_time_of_the_last_reload_are_reported():
    with Skepd(config="") as daemon:
        started = read_metrics(daemon)("skep_config_last_reload_success_timestamp_seconds")
        assert abs(started - time.time()) < 30 and read_metrics(daemon)("skep_config_last_reload_successful") == 1
        daemon.reload("limits = { torrents_max = -1; };")
        wait_until(lambda: read_metrics(daemon)("skep_config_last_reload_successful") == 0)
        assert read_metrics(daemon)("skep_config_last_reload_success_timestamp_seconds") == started
        wait_until(lambda: time.time() > started + 1.1)  # the daemon's clock is coarse
        daemon.reload("")
        wait_until(lambda: read_metrics(daemon)("skep_config_last_reload_successful") == 1)
        assert read_metrics(daemon)("skep_config_last_reload_success_timestamp_seconds") > started


def test_registry_entries_are_counted_by_kind(busy):
    skepctl = Skepctl(options=("--url", busy.url))
    skepctl("add", random_hash().hex())
    for label in "alice", "bob":
        skepctl.key_new(label)
    skepctl("ban", "192.0.2.0/24")
    found = read_metrics(busy)
    counts = [found("skep_registry_entries", kind=kind) for kind in ("registered_torrent", "blocked_torrent", "passkey", "ban", "machine_name")]
    assert counts == [1, 0, 2, 1, 0]
    assert skepctl.json("status")["registry"] == {"torrents": 1, "blocked": 0, "passkeys": 2, "bans": 1,
                                                     "machines": 0}
    assert found("skep_database_size_bytes") == busy.database.stat().st_size


def test_peers_are_counted_by_client_and_major_version(busy):
    torrent = random_hash()
    for client in b"-qB4520-", b"-qB4630-", b"-TR4060-", b"-??1000-":
        Peer(busy.port, torrent, peer_id=random_peer_id(client)).start()
    expected = [(2, "qBittorrent", "4"), (1, "Transmission", "4"), (1, "other", "")]

    def counts():
        found = read_metrics(busy)
        return [found("skep_client_peers", client=client, version=version) for _, client, version in expected
                if ("skep_client_peers", frozenset({"client": client, "version": version}.items())) in found.values]

    wait_until(lambda: counts() == [count for count, _, _ in expected])


def test_rejections_are_counted_by_client(busy):
    allowed, refused = random_hash(), random_hash()
    assert Peer(busy.port, allowed).start().failure is None
    for client in b"-qB4520-", b"-qB4630-", b"-??1000-":
        assert Peer(busy.port, refused, peer_id=random_peer_id(client)).start().failure

    # Rejections of one address within a second count for the first client.
    wait_until(lambda: read_metrics(busy).sum("skep_client_rejections_total") == 3)
    assert read_metrics(busy)("skep_client_rejections_total", client="qBittorrent", version="4") >= 2


def test_malformed_announces_are_counted_by_client(complete):
    def count():
        return read_metrics(complete).sum("skep_client_rejections_total", client="Deluge", version="1")

    before = count()
    peer_id = "-DE13F0-abcdefghijkl"
    for query in f"info_hash=short&peer_id={peer_id}&port=1", f"peer_id={peer_id}&info_hash=%zz", f"peer_id={peer_id}":
        assert b"failure reason" in get(complete.port, f"/announce?{query}").body
    assert count() == before + 3


def test_bytes_are_counted_by_protocol(complete):
    def count(protocol, direction):
        return read_metrics(complete)("skep_network_bytes_total", protocol=protocol, direction=direction)

    before = {(protocol, direction): count(protocol, direction)
              for protocol in ("http", "https", "udp") for direction in ("in", "out")}
    page = get(complete.port, "/", headers={"Accept": "text/html"})
    wait_until(lambda: count("http", "out") >= before["http", "out"] + len(page.body))
    assert count("http", "in") > before["http", "in"]
    with UdpClient(complete.port) as client:
        client.announce(random_hash(), 5002)
    wait_until(lambda: count("udp", "in") >= before["udp", "in"] + 16 + 98)
    wait_until(lambda: count("udp", "out") >= before["udp", "out"] + 16 + 20)
    assert count("https", "in") == before["https", "in"]


def test_reload_keeps_limits_that_require_a_restart():
    with Skepd(config="http = { connections_max = 100; };") as daemon:
        daemon.reload("http = { connections_max = 200; }; limits = { torrents_max = 6; };")
        wait_until(lambda: read_metrics(daemon)("skep_limit", resource="torrents") == 6)
        assert read_metrics(daemon)("skep_limit", resource="http_connections") == 100


def test_process_has_the_usual_metrics(complete):
    found = read_metrics(complete)
    with open(f"/proc/{complete.pid}/statm") as statm:
        resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    assert abs(found("process_start_time_seconds") - time.time()) < 120
    assert found("process_start_time_seconds") == read_metrics(complete)("process_start_time_seconds")
    assert abs(found("process_resident_memory_bytes") - resident) < resident / 2
    assert abs(found("process_open_fds") - len(os.listdir(f"/proc/{complete.pid}/fd"))) <= 3
    assert found("process_max_fds") >= found("process_open_fds")
    assert found("process_cpu_seconds_total") > 0


def test_build_has_its_versions(complete):
    (labels,) = [dict(labels) for name, labels in read_metrics(complete).values if name == "skep_build_info"]
    assert labels.keys() >= {"version", "compiler", "libmicrohttpd", "sqlite", "gnutls"}
    assert all(any(c.isdigit() for c in version) for version in labels.values())


def test_parser_of_these_tests_undoes_escapes():
    found = Metrics('# HELP m x\n# TYPE m gauge\nm{a="1\\"2\\\\3\\n",b=""} +Inf\n')
    assert found("m", a='1"2\\3\n', b="") == float("inf")


def test_other_clients_may_not_see_metrics():
    with Skepd(config='http = { admins = [ "127.0.0.7" ]; };') as daemon:
        assert get(daemon.port, "/metrics", "127.0.0.7").status == 200
        refused = get(daemon.port, "/metrics", "127.0.0.8")
        assert refused.status == 403
        assert b"http.admins" in refused.body


def test_token_grants_access_to_them():
    config = 'http = { admins = [ "127.0.0.7" ]; admin_token = "a-token-for-Prometheus"; };'
    with Skepd(config=config) as daemon:
        headers = {"Authorization": "Bearer a-token-for-Prometheus", "Host": "tracker.example"}
        assert get(daemon.port, "/metrics", "127.0.0.8", headers=headers).status == 200
        headers["Authorization"] += "s"
        assert get(daemon.port, "/metrics", "127.0.0.8", headers=headers).status in (401, 403)


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
        def open_one():
            sock = connect(daemon.port, "127.8.0.1")
            sock.sendall(b"G")
            return sock

        idle = [open_one() for _ in range(2)]
        # Threads that accept at the same time may each let one more in.
        wait_until(lambda: read_metrics(daemon)("skep_http_connections", scheme="http") == 3)
        idle += [open_one() for _ in range(2)]
        wait_until(lambda: read_metrics(daemon)("skep_http_connections_refused_total") == 2)
        wait_until(lambda: read_metrics(daemon)("skep_http_requests_cut_total") >= 2)
        for sock in idle:
            sock.close()
