"""What is sent to break a tracker. After each of these it must serve as before."""

import secrets
import socket
import struct

import pytest

from support.announce import (connect, exchange, get, parse_reply, random_hash, scrape,
                              send_and_give_up)


@pytest.fixture(autouse=True)
def still_serves(daemon, peer):
    yield
    assert daemon.running()
    one, other = peer(source="127.9.9.9"), peer(source="127.9.9.8")
    one.start()
    assert one.endpoint in other.start(numwant=200).peers


@pytest.mark.parametrize("raw", [
    b"", b"G", b"GET", b"GET ", b"GET /announce", b"GET /announce HTTP/1.1", b"\r\n\r\n",
    b"GET /announce?info_hash=%", b"GET /announce HTTP/1.1\r\nHost", b"\0" * 100])
def test_truncated_request_is_dropped(daemon, raw):
    answer = send_and_give_up(daemon.port, raw)
    assert answer == b"" or parse_reply(answer).status >= 400


@pytest.mark.parametrize("raw", [
    b"\xff\xfe\xfd\r\n\r\n", b"GET\r\n\r\n", b"/announce\r\n\r\n", b"GET /announce FTP/9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x13BitTorrent protocol" + b"\0" * 48,
    b"GET /announce HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"GET /announce HTTP/1.1\r\n: \r\n\r\n", b"GET  /announce  HTTP/1.1\r\n\r\n"])
def test_no_http_is_answered_with_an_error_or_not_at_all(daemon, raw):
    answer = send_and_give_up(daemon.port, raw)
    assert answer == b"" or not answer.startswith(b"HTTP/1.1 200") or b"failure reason" in answer


def test_absolute_uri_is_understood(daemon, leecher):
    target = f"http://127.0.0.1:{daemon.port}{leecher.target()}"
    assert get(daemon.port, target).failure is None


def test_thousands_of_parameters_are_read_or_refused(daemon, leecher):
    for count in (1000, 3000, 5000, 100_000):
        target = leecher.target() + "&a=1" * count
        raw = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        answer = exchange(daemon.port, raw)
        assert answer == b"" or parse_reply(answer).status >= 400 or b"5:peers" in answer


def test_parameters_behind_thousands_of_others_are_still_read(daemon, leecher):
    target = leecher.target().replace("?", "?" + "a&" * 1000)
    assert get(daemon.port, target).counts == (0, 1, 0)


def test_thousands_of_headers_are_read_or_refused(daemon, leecher):
    headers = {f"X-{number}": "y" for number in range(90)}
    assert get(daemon.port, leecher.target(), headers=headers).failure is None
    raw = b"GET /announce HTTP/1.1\r\n" + b"X-Header: y\r\n" * 20_000 + b"\r\n"
    answer = exchange(daemon.port, raw)
    assert answer == b"" or parse_reply(answer).status >= 400


def test_scrape_of_hundreds_of_hashes_is_bounded(daemon):
    reply = scrape(daemon.port, *[random_hash() for _ in range(150)])
    assert reply.failure or len(reply["files"]) == 100


def test_nul_and_control_bytes_in_a_value_do_not_leak_into_the_reply(daemon):
    reply = get(daemon.port, "/announce?info_hash=%00%0d%0aX-Evil:+1&event=%0d%0a")
    assert reply.failure
    assert reply.headers["X-Evil"] is None


def test_body_of_a_get_is_no_second_request(daemon, leecher, peer):
    inner = peer(port=6666)
    smuggled = f"GET {inner.target()} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    head = f"GET {leecher.target()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    raw = head.encode() + b"Content-Length: %d\r\n\r\n" % len(smuggled) + smuggled
    exchange(daemon.port, raw)
    assert inner.endpoint not in leecher.announce().peers


def test_connections_reset_in_the_middle_do_no_harm(daemon, leecher):
    request = f"GET {leecher.target()} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    for cut in (0, 10, len(request) - 1, len(request)):
        for _ in range(10):
            with connect(daemon.port) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.sendall(request[:cut])


def test_random_bytes_do_no_harm(daemon):
    for _ in range(50):
        noise = secrets.token_bytes(secrets.randbelow(2000)) + b"\r\n\r\n"
        send_and_give_up(daemon.port, noise, patience_s=0.01)


def test_random_queries_are_refused_in_bencode(daemon):
    for _ in range(100):
        text = "".join(secrets.choice("%&=+;?abc012info_hash") for _ in range(120))
        reply = get(daemon.port, "/announce?" + text)
        assert reply.status == 200 and reply.failure
