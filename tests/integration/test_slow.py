"""Clients that occupy connections: slow, idle, half-closed, and too many from one address."""

import contextlib
import pathlib
import select
import socket
import time

import pytest

from support.announce import Peer, connect, get, random_hash, read_reply, read_to_end, scrape
from support.skepd import Skepd
from support.waiting import WAIT_S, wait_until

LIMIT_S = 1
CUT_OFF_S = 12  # a busy machine may be late, but the other limits are longer
CONFIG = f"http = {{ request_timeout_s = {LIMIT_S}; idle_timeout_s = 300; full_scrape = true; }};"
PATIENT = "http = {{ request_timeout_s = 300; {} }}; limits = {{ loopback = true; }};"


def request(target, *headers):
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: tracker", *headers, "", ""]).encode()


def seconds_until_closed(sock, trickle, pause_s=0.05):
    """Sends a piece periodically until the tracker closes, or for somewhat longer than CUT_OFF_S."""
    started = time.monotonic()
    while time.monotonic() - started < CUT_OFF_S + 3:
        try:
            sock.sendall(next(trickle))
            readable, _, _ = select.select([sock], [], [], pause_s)
            if readable and not sock.recv(65536):
                break
        except ConnectionError:
            break
    return time.monotonic() - started


def endlessly(piece):
    while True:
        yield piece


def open_files(daemon):
    return len(list(pathlib.Path(f"/proc/{daemon.pid}/fd").iterdir()))


def is_open(sock, seconds=0.3):
    """Whether no data and no end of stream arrive."""
    readable, _, _ = select.select([sock], [], [], seconds)
    return not readable


# Slow ones

@pytest.mark.parametrize("start, piece", [
    (b"", b"G"), (b"GET /announce?info_hash=", b"x"), (b"GET / HTTP/1.1\r\n", b"X: y\r\n"),
    (b"GET / HTTP/1.1\r\nX: ", b"y"), (b"", b"\r\n"),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n", b"z"),
    (b"POST /api/v1/torrents HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 100000\r\n\r\n", b"z"),
    (b"POST /api/v1/torrents HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n",
     b"1\r\nz\r\n")])
def test_client_that_is_slow_but_never_silent_is_cut_off(daemon, start, piece):
    with connect(daemon.port) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(start)
        # Newer versions of libmicrohttpd close at the second empty line.
        earliest_s = 0 if piece == b"\r\n" else LIMIT_S - 0.3
        assert earliest_s <= seconds_until_closed(sock, endlessly(piece)) <= CUT_OFF_S


def upload(port, length, host="[::1]"):
    sock = connect(port)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(f"POST /api/v1/torrents HTTP/1.1\r\nHost: {host}\r\n"
                 f"Content-Length: {length}\r\n\r\n".encode())
    return sock


def test_slow_upload_that_advances_is_answered(daemon):
    pieces, piece = 60, b"x" * 15_000  # 300 kB/s
    with upload(daemon.port, pieces * len(piece)) as sock:
        for _ in range(pieces):
            sock.sendall(piece)
            time.sleep(0.05)
        assert read_reply(sock).status == 400


def test_upload_that_gets_stuck_is_cut_off(daemon):
    with upload(daemon.port, 5_000_000) as sock:
        for _ in range(30):
            sock.sendall(b"x" * 100_000)
        assert seconds_until_closed(sock, endlessly(b"x")) <= CUT_OFF_S


def test_upload_that_is_slower_than_the_bound_is_cut_off(daemon):
    with upload(daemon.port, 5_000_000) as sock:
        sock.sendall(b"x")
        assert seconds_until_closed(sock, endlessly(b"x" * 300)) <= CUT_OFF_S


def test_rejected_upload_has_the_usual_time_limit(daemon):
    with upload(daemon.port, 40_000, host="evil.example") as sock:
        assert seconds_until_closed(sock, endlessly(b"x" * 100)) <= CUT_OFF_S
    with upload(daemon.port, 100_000_000) as sock:
        assert seconds_until_closed(sock, endlessly(b"x" * 15_000)) <= CUT_OFF_S


def test_slow_second_request_is_cut_off(daemon, leecher):
    with connect(daemon.port) as sock:
        sock.sendall(request(leecher.target()))
        assert read_reply(sock).failure is None
        assert seconds_until_closed(sock, endlessly(b"G")) <= CUT_OFF_S


def test_connection_that_is_kept_for_later_is_closed(daemon, leecher):
    with connect(daemon.port) as sock:
        sock.sendall(request(leecher.target()))
        assert read_reply(sock).failure is None
        started = time.monotonic()
        assert read_to_end(sock) == b""
        assert LIMIT_S - 0.3 <= time.monotonic() - started <= CUT_OFF_S


def test_each_request_has_its_own_time_limit(daemon, leecher):
    with connect(daemon.port) as sock:
        for _ in range(5):
            raw = request(leecher.target())
            sock.sendall(raw[:30])
            time.sleep(LIMIT_S * 0.5)
            sock.sendall(raw[30:])
            assert read_reply(sock).failure is None


def test_silent_connection_is_cut_off(daemon):
    with connect(daemon.port) as sock:
        started = time.monotonic()
        assert read_to_end(sock) == b""
        assert time.monotonic() - started <= CUT_OFF_S


def test_reply_that_is_read_slowly_is_sent_to_its_end(daemon):
    torrents = {random_hash() for _ in range(6000)}
    with connect(daemon.port) as sock:
        for torrent in torrents:
            sock.sendall(request(Peer(daemon.port, torrent, port=1).target(numwant=0)))
            read_reply(sock)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(WAIT_S)
        sock.connect(("127.0.0.1", daemon.port))
        sock.sendall(request("/scrape", "Connection: close"))
        received = sock.recv(1000)
        for _ in range(6):
            time.sleep(LIMIT_S * 0.5)
            received += sock.recv(1000)
        received += read_to_end(sock)
    assert all(torrent in received for torrent in torrents)


def test_many_slow_clients_block_no_other_client():
    config = f"http = {{ request_timeout_s = {LIMIT_S}; connections_max = 50; threads = 2; }};"
    with Skepd(config) as daemon, contextlib.ExitStack() as stack:
        for number in range(100):
            sock = stack.enter_context(connect(daemon.port, f"127.8.0.{number % 10 + 1}"))
            sock.sendall(b"GET /announce?in")
        wait_until(lambda: get(daemon.port, "/").status == 200)


# Half-closed ones

def half_closed(port, source, raw):
    """Sends `raw` and the end of the connection in one packet."""
    sock = connect(port, source)
    sock.send(raw, socket.MSG_MORE)
    sock.shutdown(socket.SHUT_WR)
    return sock


@pytest.mark.parametrize("raw", [b"GET /announce?info_hash=x", request("/announce")])
def test_hundreds_of_half_closed_connections_exhaust_nothing(raw):
    config = f"http = {{ request_timeout_s = {LIMIT_S}; connections_max = 200; }};"
    with Skepd(config) as daemon, contextlib.ExitStack() as stack:
        before = open_files(daemon)
        for number in range(600):
            source = f"127.8.0.{number % 10 + 1}"
            stack.enter_context(half_closed(daemon.port, source, raw))
        wait_until(lambda: get(daemon.port, "/").status == 200)
        wait_until(lambda: open_files(daemon) < before + 10)


def test_half_closed_client_gets_its_reply(daemon, leecher):
    with half_closed(daemon.port, "127.0.0.1", request(leecher.target())) as sock:
        assert read_reply(sock).failure is None


# Many from one address

@pytest.fixture
def crowd():
    """Connections without a whole request: crowd(port, address, count). Each sends a byte, since the
    kernel passes silent ones to skepd only after some seconds."""
    with contextlib.ExitStack() as stack:
        def open_one(port, address):
            sock = stack.enter_context(connect(port, address))
            sock.sendall(b"G")
            return sock

        yield lambda port, address, count: [open_one(port, address) for _ in range(count)]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("address, other", [("127.8.0.1", "127.8.0.2"), ("::1", "127.0.0.1")])
def test_connections_of_one_address_are_bounded(crowd, threads, address, other):
    config = PATIENT.format(f"connections_per_address_max = 5; threads = {threads};")
    with Skepd(config) as daemon:
        taken = crowd(daemon.port, address, 5)
        assert all(is_open(sock, 0.05) for sock in taken)
        one_more, = crowd(daemon.port, address, 1)
        assert read_to_end(one_more) == b""
        assert get(daemon.port, "/", other).status == 200
        taken[0].close()
        wait_until(lambda: get(daemon.port, "/", address).status == 200)
        assert all(is_open(sock, 0.05) for sock in taken[1:])


def test_refused_connections_do_not_count(crowd):
    with Skepd(PATIENT.format("connections_per_address_max = 3;")) as daemon:
        taken = crowd(daemon.port, "127.8.0.1", 3)
        for sock in crowd(daemon.port, "127.8.0.1", 50):
            read_to_end(sock)
        for sock in taken:
            sock.close()
        wait_until(lambda: get(daemon.port, "/", "127.8.0.1").status == 200)


def test_256_connections_of_one_address_by_default(crowd):
    with Skepd(PATIENT.format("")) as daemon:
        wait_until(lambda: get(daemon.port, "/").status == 200)
        taken = crowd(daemon.port, "127.8.0.1", 256)
        assert all(is_open(sock, 0.001) for sock in taken)
        one_more, = crowd(daemon.port, "127.8.0.1", 1)
        assert read_to_end(one_more) == b""


def test_bound_of_zero_is_no_bound(crowd):
    with Skepd(PATIENT.format("connections_per_address_max = 0;")) as daemon:
        taken = crowd(daemon.port, "127.8.0.1", 300)
        assert all(is_open(sock, 0.001) for sock in taken)
        assert get(daemon.port, "/", "127.8.0.1").status == 200


def test_this_machine_itself_is_not_bounded_by_default(crowd):
    with Skepd("http = { request_timeout_s = 300; connections_per_address_max = 2; };") as daemon:
        taken = crowd(daemon.port, "127.8.0.1", 20) + crowd(daemon.port, "::1", 20)
        assert all(is_open(sock, 0.01) for sock in taken)


def test_bound_of_an_address_follows_a_reload(crowd):
    with Skepd(PATIENT.format("connections_per_address_max = 0;")) as daemon:
        taken = crowd(daemon.port, "127.8.0.1", 5)
        daemon.reload(PATIENT.format("connections_per_address_max = 5;"))
        daemon.wait_for_log("configuration reloaded")
        one_more, = crowd(daemon.port, "127.8.0.1", 1)
        assert read_to_end(one_more) == b""
        assert all(is_open(sock, 0.05) for sock in taken)
        daemon.reload(PATIENT.format("connections_per_address_max = 6;"))
        wait_until(lambda: get(daemon.port, "/", "127.8.0.1").status == 200)


def test_clients_behind_a_proxy_count_as_the_proxy(crowd):
    config = (PATIENT.format("connections_per_address_max = 2;") +
              'network = { trusted_proxies = "127.5.0.1"; };')
    with Skepd(config) as daemon:
        for number in (1, 2):
            sock, = crowd(daemon.port, "127.5.0.1", 1)
            sock.sendall(request("/", f"X-Forwarded-For: 198.51.100.{number}")[1:])
            assert read_reply(sock).status == 200
        one_more, = crowd(daemon.port, "127.5.0.1", 1)
        assert read_to_end(one_more) == b""


def test_scrape_is_bounded_in_time_as_well(daemon):
    with connect(daemon.port) as sock:
        sock.sendall(b"GET /scrape?info_hash=")
        assert seconds_until_closed(sock, endlessly(b"%00")) <= CUT_OFF_S
    assert scrape(daemon.port, random_hash()).failure is None
