"""HTTP apart from announces: connections, methods, paths; curl as a client."""

import pathlib
import re
import select
import socket
import subprocess
import time

import pytest

from support import bencode
from support.announce import (connect, escape_all, exchange, get, parse_reply, read_reply,
                              read_to_end, scraped, send_and_give_up)
from support.skepd import Skepd
from support.waiting import WAIT_S, wait_until


def request(target, *headers, version="1.1", method="GET"):
    lines = [f"{method} {target} HTTP/{version}", "Host: tracker", *headers, "", ""]
    return "\r\n".join(lines).encode()


def stays_open(sock, seconds=0.2):
    readable, _, _ = select.select([sock], [], [], seconds)
    return not readable


# Connections

def test_connection_stays_open_between_announces(daemon, leecher):
    with connect(daemon.port) as sock:
        for _ in range(3):
            sock.sendall(request(leecher.target()))
            reply = read_reply(sock)
            assert reply.failure is None
            assert reply.headers.get("connection", "").lower() != "close"
            assert stays_open(sock)


def test_refusals_and_errors_keep_the_connection_too(daemon, leecher):
    with connect(daemon.port) as sock:
        for target, status in (("/announce", 200), ("/nothing", 404), ("/scrape", 200)):
            sock.sendall(request(target))
            assert read_reply(sock).status == status
            assert stays_open(sock, 0.05)
        sock.sendall(request(leecher.target()))
        assert read_reply(sock).failure is None


def test_connection_closes_where_the_client_wants_it(daemon, leecher):
    reply = parse_reply(exchange(daemon.port, request(leecher.target(), "Connection: close")))
    assert reply.failure is None
    assert reply.headers["connection"].lower() == "close"


def test_http_1_0_is_answered_and_closed(daemon, leecher):
    reply = parse_reply(exchange(daemon.port, request(leecher.target(), version="1.0")))
    assert reply.failure is None


def test_http_1_0_may_keep_its_connection(daemon, leecher):
    with connect(daemon.port) as sock:
        for _ in range(2):
            sock.sendall(request(leecher.target(), "Connection: keep-alive", version="1.0"))
            assert read_reply(sock).failure is None


def test_kept_connection_answers_without_delay(daemon, leecher):
    with connect(daemon.port) as sock:
        took = []
        for _ in range(100):
            started = time.monotonic()
            sock.sendall(request(leecher.target()))
            read_reply(sock)
            took.append(time.monotonic() - started)
        # The kernel acknowledges after 40 ms. On a busy machine some replies take as long anyway.
        assert sorted(took)[33] < 0.03, "replies wait for acknowledgements"


def test_pipelined_requests_are_answered_in_order(daemon, peer):
    swarm = [peer() for _ in range(5)]
    with connect(daemon.port) as sock:
        sock.sendall(b"".join(request(one.target()) for one in swarm))
        replies = [read_reply(sock) for _ in swarm]
    assert [reply["incomplete"] for reply in replies] == [1, 2, 3, 4, 5]


def test_request_in_single_bytes_is_answered(daemon, leecher):
    with connect(daemon.port) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request(leecher.target()):
            sock.sendall(bytes([byte]))
        assert read_reply(sock).failure is None


def test_client_that_shuts_its_side_still_gets_its_answer(daemon, leecher):
    raw = send_and_give_up(daemon.port, request(leecher.target()), patience_s=WAIT_S)
    assert parse_reply(raw).failure is None


def test_v4_and_v6_share_the_port(peer):
    assert peer(source="127.0.0.1").start().failure is None
    assert peer(source="::1").start().failure is None


def test_v4_mapped_client_is_v4(daemon, leecher, peer):
    peer(port=7000).start()
    with socket.socket(socket.AF_INET6) as sock:
        sock.connect(("::ffff:127.0.0.1", daemon.port))
        sock.sendall(request(leecher.target()))
        reply = read_reply(sock)
    assert reply.peers == [("127.0.0.1", 7000)]
    assert reply["external ip"] == bytes([127, 0, 0, 1])


def test_silent_connection_is_closed_after_the_timeout():
    with Skepd("http = { idle_timeout_s = 1; };") as daemon, connect(daemon.port) as sock:
        sock.sendall(b"GET /announce?info")
        read_to_end(sock)


def test_listens_only_on_configured_addresses():
    with Skepd('http = { listen = ["127.0.0.1"]; };') as daemon:
        with pytest.raises(ConnectionRefusedError):
            connect(daemon.port, source="::1")


def test_abandoned_connections_are_gone_after_the_timeout():
    with Skepd("http = { idle_timeout_s = 1; };") as daemon:
        files = pathlib.Path(f"/proc/{daemon.pid}/fd")
        before = len(list(files.iterdir()))
        for _ in range(100):
            with connect(daemon.port) as sock:
                sock.sendall(b"GET /announce?info")
        wait_until(lambda: len(list(files.iterdir())) < before + 10)


def test_connections_beyond_the_bound_do_not_stop_it():
    with Skepd("http = { connections_max = 8; threads = 1; };") as daemon:
        crowd = [connect(daemon.port) for _ in range(30)]
        for sock in crowd:
            sock.close()
        wait_until(lambda: get(daemon.port, "/announce").status == 200)


# Replies

def test_announce_is_plain_text_of_known_length(leecher):
    reply = leecher.start()
    assert reply.headers["Content-Type"].startswith("text/plain")
    assert int(reply.headers["Content-Length"]) == len(reply.body)


def test_nothing_is_compressed_even_if_the_client_could_read_it(daemon, leecher):
    reply = get(daemon.port, leecher.target(), headers={"Accept-Encoding": "gzip, deflate, br"})
    assert reply.headers["Content-Encoding"] is None
    assert reply.failure is None


def test_replies_are_not_to_be_cached_by_accident(daemon, leecher):
    control = leecher.start().headers.get("Cache-Control", "no-store")
    assert "public" not in control and "max-age" not in control


# Methods

@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
@pytest.mark.parametrize("path", ["/announce", "/scrape"])
def test_other_methods_are_refused_with_the_allowed_ones(daemon, method, path):
    reply = get(daemon.port, path, method=method)
    assert reply.status == 405
    assert "GET" in reply.headers["Allow"]


def test_refused_post_leaves_no_peer(daemon, torrent, leecher, peer):
    get(daemon.port, leecher.target(), method="POST", headers={"Content-Length": "0"})
    assert peer().start().peers == []


@pytest.mark.parametrize("path", ["/announce", "/scrape"])
def test_head_does_not_stand_for_an_announce(daemon, torrent, leecher, path):
    raw = exchange(daemon.port, request(leecher.target(path), "Connection: close", method="HEAD"))
    reply = parse_reply(raw)
    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "text/plain", b"")
    assert "content-length" not in reply.headers  # a GET would have another one
    assert scraped(daemon.port, torrent) == (0, 0, 0)


@pytest.mark.parametrize("target, status", [("/", 200), ("/nothing", 404)])
def test_head_is_a_get_without_a_body(daemon, target, status):
    head = exchange(daemon.port, request(target, "Connection: close", method="HEAD"))
    body = get(daemon.port, target).body
    reply = parse_reply(head)
    assert reply.status == status
    assert reply.body == b""
    assert int(reply.headers["content-length"]) == len(body)


def test_head_leaves_the_connection_in_order(daemon, leecher):
    with connect(daemon.port) as sock:
        sock.sendall(request("/nothing", method="HEAD") + request(leecher.target()))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += sock.recv(1)
        assert read_reply(sock).failure is None


# Paths

@pytest.mark.parametrize("path", [
    "/nothing", "/announcer", "/xannounce", "/announce/x/y", "/ANNOUNCE", "/scraped",
    "/%61nnounce%00", "//", "/..", "/etc/passwd", "/announce%3finfo_hash=x"])
def test_unknown_path_is_not_found(daemon, path):
    reply = get(daemon.port, path)
    assert reply.status == 404
    assert reply.body.isascii() and reply.body.strip()


TOO_LONG = (400, 413, 414, 431)


def test_url_longer_than_the_bound_is_refused(daemon):
    for length in (20_000, 50_000):
        raw = exchange(daemon.port, request("/announce?" + "x" * length))
        assert parse_reply(raw).status in TOO_LONG


def test_bound_of_requests_follows_the_config(leecher):
    target = leecher.target() + "&x=" + "x" * 50_000
    with Skepd("http = { header_max = 100000; };") as daemon:
        assert get(daemon.port, target).failure is None


@pytest.mark.parametrize("length", [
    1000, 4000, 8000, 12_000, 15_000, *range(15_600, 16_800, 100), 32_768, 65_536, 1_000_000])
def test_request_of_any_length_is_answered_or_closed_at_once(daemon, leecher, length):
    target = leecher.target() + "&x="
    raw = request(target + "x" * (length - len(target)), "Connection: close")
    answer = exchange(daemon.port, raw)
    assert answer == b"" or parse_reply(answer).status in (200, *TOO_LONG)


# curl

def curl(*args):
    done = subprocess.run(["curl", "-s", "--max-time", "5", *args], capture_output=True)
    assert done.returncode == 0, done
    return done.stdout


def test_curl_can_announce_and_scrape(daemon, torrent):
    text = escape_all(torrent)
    url = f"{daemon.url}/announce?info_hash={text}&peer_id=-XX0001-abcdefghijkl&port=6881&left=0"
    assert bencode.decode(curl(url))[b"complete"] == 1
    files = bencode.decode(curl(f"{daemon.url}/scrape?info_hash={text}"))[b"files"]
    assert files[torrent][b"complete"] == 1


def test_curl_can_use_v6_and_old_http(daemon, leecher):
    assert b"failure" not in curl("-6", f"http://[::1]:{daemon.port}{leecher.target()}")
    assert b"failure" not in curl("--http1.0", f"{daemon.url}{leecher.target()}")


def test_curl_reuses_its_connection(daemon, leecher):
    url = daemon.url + leecher.target()
    count = curl("-o", "/dev/null", "-o", "/dev/null", "-w", "%{num_connects} ", url, url)
    assert count.split() == [b"1", b"0"]


def test_curl_sees_the_status_line_and_headers(daemon):
    text = curl("-I", daemon.url + "/nothing").decode()
    assert re.match(r"HTTP/1\.1 404 ", text)


def test_curl_post_is_refused(daemon):
    status = curl("-o", "/dev/null", "-w", "%{http_code}", "-d", "x=y", daemon.url + "/announce")
    assert status == b"405"
