"""Malformed requests. The tracker must serve as before after each of them."""

import contextlib
import secrets
import socket
import struct

import pytest

from support.announce import (connect, exchange, get, parse_reply, random_hash, read_reply,
                              read_to_end, scrape, send_and_give_up)


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


@pytest.mark.parametrize("target", [
    "http://", "http:///", "http://x", "http:announce", "://announce", "*", "x:80", "http://x?/announce",
    "http://[::1/announced/", "?info_hash=x", "//" * 500, "http://" + "x" * 5000, "/../" * 500])
def test_absurd_target_is_no_announce(daemon, target):
    raw = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    answer = exchange(daemon.port, raw)
    assert answer == b"" or b"5:peers" not in answer and (
        parse_reply(answer).status >= 400 or b"skep BitTorrent tracker" in answer)


def test_absolute_uri_in_the_query_is_no_path(daemon, leecher):
    said = leecher.target().replace("?", "?url=http://other/scrape?x&")
    assert get(daemon.port, said).counts == (0, 1, 0)


@pytest.mark.parametrize("garbage", [b"\0\xff garbage\r\n\r\n", b"\r\n" * 50, b"GET / HTTP/9\r\n\r\n"])
def test_garbage_between_pipelined_requests_spoils_no_answer_before_it(daemon, leecher, garbage):
    good = f"GET {leecher.target()} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    last = good.replace(b"Host: x", b"Host: x\r\nConnection: close")
    assert 3 <= exchange(daemon.port, good * 3 + garbage + good + last).count(b"5:peers") <= 5
    assert leecher.announce().counts == (0, 1, 0)


def test_hundreds_of_pipelined_requests_are_all_answered(daemon, leecher):
    good = f"GET {leecher.target()} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    last = good.replace(b"Host: x", b"Host: x\r\nConnection: close")
    assert exchange(daemon.port, good * 499 + last).count(b"5:peers") == 500


def test_pipelining_client_that_reads_nothing_delays_no_other(daemon, leecher, peer):
    good = f"GET {leecher.target()} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with connect(daemon.port) as deaf:
        deaf.settimeout(0.5)
        with pytest.raises(OSError):
            for _ in range(1000):
                deaf.sendall(good * 100)
        assert peer().start().failure is None


def with_body(leecher, headers, body):
    head = f"GET {leecher.target()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"
    return head.encode() + body


@pytest.mark.parametrize("headers, body", [
    ("Content-Length: 0\r\n", b""), ("Content-Length: 5\r\n", b"hello"),
    ("Content-Length: 4000\r\n", b"x" * 4000),
    ("Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n")])
def test_get_with_a_small_body_is_answered(daemon, leecher, headers, body):
    assert parse_reply(exchange(daemon.port, with_body(leecher, headers, body))).counts == (0, 1, 0)


@pytest.mark.parametrize("headers, piece", [
    ("Content-Length: 1000000000\r\n", b"x" * 10_000),
    ("Content-Length: 18446744073709551615\r\n", b"x" * 10_000),
    ("Transfer-Encoding: chunked\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n")])
def test_endless_body_is_cut_off(daemon, leecher, headers, piece):
    with connect(daemon.port) as sock:
        sock.sendall(with_body(leecher, headers, b""))
        with pytest.raises(ConnectionError):
            for _ in range(2000):
                sock.sendall(piece)
    assert scrape(daemon.port, leecher.info_hash)["files"][leecher.info_hash][b"incomplete"] == 0


@pytest.mark.parametrize("headers", [
    "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: five\r\n",
    "Content-Length: 99999999999999999999999\r\n", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n"])
def test_contradictory_length_smuggles_nothing_in(daemon, leecher, peer, headers):
    inner = peer()
    smuggled = f"0\r\n\r\nGET {inner.target()} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    send_and_give_up(daemon.port, with_body(leecher, headers, smuggled), patience_s=0.5)
    assert inner.endpoint not in leecher.announce().peers


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("target", ["/announce", "/scrape", "/health", "/api/v1/status"])
@pytest.mark.parametrize("headers", [
    "Content-Length: 0\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 0\r\n",
    "Content-Length: 0\r\ncontent-length: 0\r\n",
    "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked, identity\r\n", "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding:\r\n", "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding : chunked\r\n", "Content-Length : 5\r\n", "Content-Length\t: 5\r\n",
    "X-Forwarded-For : 127.0.0.1\r\n"])
def test_request_whose_end_is_in_doubt_ends_the_connection(daemon, target, method, headers):
    with connect(daemon.port) as sock:
        sock.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode() +
                     b"0\r\n\r\n" + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_reply(sock).status == 400
        with contextlib.suppress(ConnectionError):
            assert read_to_end(sock) == b""


# libmicrohttpd appends a continuation line to the header's name.

@pytest.mark.parametrize("target", ["/announce", "/scrape", "/health", "/api/v1/status"])
@pytest.mark.parametrize("lines", [
    ("X: 9.9.9.9", " -Forwarded-For"), ("X: 9.9.9.9", "\t-Forwarded-For"),
    ("X: 9.9.9.9", " -Forwarded", " -For"), ("Forw: for=9.9.9.9", "   arded"),
    ("X-Forwarded-For: 9.9.9.9", " , 8.8.8.8"), ("X-Forwarded-For: 9.9.9.9", " "),
    ("Auth: Bearer x", " orization"), ("Authorization: Bearer x", " y"),
    ("Content: 5", " -Length"), ("Content-Length: 5", "\t"), ("Content-Length: 5", " 0"),
    ("Transfer: chunked", " -Encoding"), ("Transfer-Encoding: chunked", " x"),
    ("X: y", " z"), ("X:", " y"), ("X:", "\t")])
def test_folded_header_ends_the_connection(daemon, target, lines):
    head = "\r\n".join([f"POST {target} HTTP/1.1", "Host: [::1]", *lines, "", ""])
    with connect(daemon.port) as sock:
        sock.sendall(head.encode() + b"0\r\n\r\n" + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_reply(sock).status == 400
        with contextlib.suppress(ConnectionError):
            assert read_to_end(sock) == b""


@pytest.mark.parametrize("padding", range(16))
def test_folded_header_is_found_wherever_it_ends(daemon, padding):
    """The length of the request decides where the copy of the name is put."""
    head = f"GET /health HTTP/1.1\r\nHost: [::1]\r\nX: {'y' * padding}\r\n z\r\n\r\n"
    assert parse_reply(exchange(daemon.port, head.encode())).status == 400


@pytest.mark.parametrize("line", ["X: \t y", "X:y", "X:", "X: ", "X: y z ", "X: \t"])
def test_header_on_one_line_may_have_whitespace(daemon, line):
    head = f"GET /health HTTP/1.1\r\nHost: [::1]\r\n{line}\r\nConnection: close\r\n\r\n"
    assert parse_reply(exchange(daemon.port, head.encode())).status == 200


def test_http_1_0_knows_no_chunks(daemon):
    raw = b"POST /health HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert parse_reply(exchange(daemon.port, raw)).status == 400


def test_coding_is_chunked_in_any_case(daemon, leecher):
    raw = with_body(leecher, "tRANSFER-eNCODING: ChunKed\r\n", b"5\r\nhello\r\n0\r\n\r\n")
    assert parse_reply(exchange(daemon.port, raw)).counts == (0, 1, 0)


@pytest.mark.parametrize("length", [1000, 15_000, 20_000, 1_000_000])
def test_huge_header_is_read_or_refused(daemon, leecher, length):
    raw = with_body(leecher, "X-Huge: " + "y" * length + "\r\n", b"")
    answer = exchange(daemon.port, raw)
    if length < 15_000:
        assert parse_reply(answer).counts == (0, 1, 0)
    else:
        assert answer == b"" or parse_reply(answer).status >= 400 or b"5:peers" in answer


@pytest.mark.parametrize("method", ["POST", "TRACE", "CONNECT", "get", "GETGET", "G" * 3000])
def test_wrong_method_makes_no_peer(daemon, torrent, leecher, method):
    raw = f"{method} {leecher.target()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = send_and_give_up(daemon.port, raw.encode(), patience_s=0.5)
    assert answer == b"" or parse_reply(answer).status >= 400
    assert scrape(daemon.port, torrent)["files"][torrent][b"incomplete"] == 0


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
