"""Scrapes over HTTP. BEP 48, 21."""

import contextlib
import socket

import pytest

from support import bencode
from support.announce import (Peer, escape_all, exchange, get, parse_reply, random_hash, read_reply,
                              connect, scrape, scraped)
from support.skepd import Skepd
from support.waiting import wait_until


def test_scrape_counts_seeders_leechers_and_downloads(daemon, torrent, peer):
    peer(left=0).start(), peer(left=0).start(), peer().start(), peer().complete()
    entry = scrape(daemon.port, torrent)["files"][torrent]
    assert entry == {b"complete": 3, b"downloaded": 1, b"downloaders": 1, b"incomplete": 1}


def test_scrape_of_an_unknown_torrent_is_zeros(daemon, torrent):
    reply = scrape(daemon.port, torrent)
    assert reply.status == 200
    assert reply["files"] == {
        torrent: {b"complete": 0, b"downloaded": 0, b"downloaders": 0, b"incomplete": 0}}


def test_scrape_does_not_create_a_torrent(daemon, torrent, peer):
    scrape(daemon.port, torrent)
    assert peer().start().counts == (0, 1, 0)


def test_scrape_has_a_minimum_interval(daemon, torrent):
    assert scrape(daemon.port, torrent)["flags"][b"min_request_interval"] > 0


def test_many_hashes_are_answered_once_each_and_sorted(daemon):
    hashes = [random_hash() for _ in range(20)]
    Peer(daemon.port, hashes[5], left=0).start()
    files = scrape(daemon.port, *hashes, *reversed(hashes), hashes[5])["files"]
    assert list(files) == sorted(hashes)
    assert [torrent for torrent, entry in files.items() if entry[b"complete"]] == [hashes[5]]


def test_hashes_that_sort_by_unsigned_bytes_stay_sorted(daemon):
    hashes = [bytes([first]) + bytes(19) for first in (0xff, 0x80, 0x7f, 0x00, 0x01)]
    assert list(scrape(daemon.port, *hashes)["files"]) == sorted(hashes)


def test_scrape_reads_hex_of_either_case_and_plus(daemon):
    text = escape_all(b"\xab" * 20)
    reply = get(daemon.port, f"/scrape?info_hash={text.lower()}&info_hash={text}"
                             "&x=y&info_hash=aaaaaaaaaaaaaaaaaaa+")
    assert list(reply["files"]) == [b"a" * 19 + b" ", b"\xab" * 20]


@pytest.mark.parametrize("value", ["", "a", "a" * 19, "a" * 21, "%zz" * 20, "%"])
def test_scrape_of_a_broken_hash_is_refused_in_bencode(daemon, value):
    reply = get(daemon.port, "/scrape?info_hash=" + value)
    assert reply.status == 200
    assert "info_hash" in reply.failure


@pytest.mark.parametrize("path", [
    "/scrape", "/scrape.php", "/0123456789abcdef0123456789abcdef/scrape", "/x/scrape.php"])
def test_scrape_path_mirrors_the_announce_path(daemon, torrent, leecher, path):
    leecher.start(path=path.replace("scrape", "announce"))
    assert scrape(daemon.port, torrent, path=path)["files"][torrent][b"incomplete"] == 1


def test_scrape_works_over_v6(daemon, torrent, leecher):
    leecher.start()
    assert scrape(daemon.port, torrent, source="::1")["files"][torrent][b"incomplete"] == 1


def test_scrape_of_everything_is_refused_by_default(daemon, leecher):
    leecher.start()
    for target in ("/scrape", "/scrape?", "/scrape?x=y"):
        reply = get(daemon.port, target)
        assert reply.status == 200
        assert reply.failure
        assert "files" not in reply


def test_scrape_max_bounds_a_scrape(daemon, torrent):
    with Skepd("http = { scrape_max = 3; };") as small:
        hashes = [random_hash() for _ in range(8)]
        assert len(scrape(small.port, *hashes[:3])["files"]) == 3
        reply = scrape(small.port, *hashes)
        assert reply.failure or len(reply["files"]) == 3


# A scrape of everything

@pytest.fixture(scope="module")
def generous():
    """A daemon with full scrape enabled, and its 2,000 torrents."""
    with Skepd("http = { full_scrape = true; };") as daemon:
        yield daemon, fill(daemon, 2000)


def fill(daemon, count):
    torrents = [random_hash() for _ in range(count)]
    with connect(daemon.port) as sock:
        for number, torrent in enumerate(torrents):
            peer = Peer(daemon.port, torrent, left=number % 2, port=6881)
            sock.sendall(f"GET {peer.target(numwant=0)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert read_reply(sock).failure is None
    return torrents


def test_full_scrape_has_every_torrent(generous):
    daemon, torrents = generous
    files = scrape(daemon.port)["files"]
    assert set(files) == set(torrents)
    assert all(entry[b"complete"] + entry[b"incomplete"] == 1 for entry in files.values())


def test_full_scrape_is_sorted(generous):
    daemon, torrents = generous
    assert list(scrape(daemon.port)["files"]) == sorted(torrents)


def test_full_scrape_is_streamed_in_chunks(generous):
    reply = scrape(generous[0].port)
    assert reply.headers["Transfer-Encoding"] == "chunked"
    assert reply.headers["Content-Length"] is None


def test_full_scrape_ends_with_the_connection_for_http_1_0(generous):
    daemon, torrents = generous
    reply = parse_reply(exchange(daemon.port, b"GET /scrape HTTP/1.0\r\n\r\n"))
    assert "transfer-encoding" not in reply.headers
    assert len(bencode.decode(reply.body)[b"files"]) == len(torrents)


def test_unread_full_scrape_delays_no_other_client(generous):
    daemon, torrents = generous
    with connect(daemon.port) as sleepy:
        sleepy.sendall(b"GET /scrape HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        assert sum(scraped(daemon.port, torrents[0])) == 1


def test_full_scrapes_that_nobody_reads_are_few(generous):
    daemon, torrents = generous
    with contextlib.ExitStack() as stack:
        reply = get(daemon.port, "/scrape")
        for _ in range(100):
            if reply.status == 503:
                break
            sleepy = stack.enter_context(socket.socket())
            sleepy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sleepy.connect(("127.0.0.1", daemon.port))
            sleepy.sendall(b"GET /scrape HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
            reply = get(daemon.port, "/scrape")
        assert (reply.status, reply.headers["Retry-After"]) == (503, "10")
        assert sum(scraped(daemon.port, torrents[0])) == 1
    wait_until(lambda: get(daemon.port, "/scrape").status == 200)


def test_full_scrape_of_an_empty_tracker_is_empty():
    with Skepd("http = { full_scrape = true; };") as daemon:
        assert scrape(daemon.port)["files"] == {}
