"""Recorded requests of real clients, byte for byte."""

import pytest

from captured_requests import CLIENTS, raw_request
from support.announce import connect, read_reply, read_to_end
from support.skepd import Skepd

ALL = [(client, name) for client, known in CLIENTS.items() for name in known["targets"]]
FULL_LIFE = [client for client, known in CLIENTS.items() if "regular" in known["targets"]]


def replay(daemon, client, name):
    source = "::1" if name == "over IPv6" else "127.0.0.1"
    with connect(daemon.port, source) as sock:
        sock.sendall(raw_request(client, name))
        return read_reply(sock)


@pytest.mark.parametrize("client, name", ALL, ids=" ".join)
def test_captured_request_is_answered(daemon, client, name):
    reply = replay(daemon, client, name)
    assert reply.status == 200
    assert reply.failure is None
    assert "files" in reply if name.startswith("scrape") else "peers" in reply


@pytest.mark.parametrize("client", CLIENTS)
def test_connection_ends_as_the_client_asked(daemon, client):
    raw = raw_request(client, "started")
    with connect(daemon.port) as sock:
        sock.sendall(raw)
        read_reply(sock)
        if b"connection: close" in raw.lower():
            assert read_to_end(sock) == b""
        else:
            sock.sendall(raw_request(client, "stopped"))
            assert read_reply(sock).failure is None


@pytest.mark.parametrize("client", [client for client in FULL_LIFE
                                    if client.split()[0] in ("aria2", "qBittorrent", "rTorrent",
                                                             "Transmission")])
def test_life_of_a_client_counts_one_download(client):
    with Skepd() as daemon:
        assert replay(daemon, client, "started").counts == (0, 1, 0)
        assert replay(daemon, client, "completed").counts == (1, 0, 1)
        assert replay(daemon, client, "completed").counts == (1, 0, 1)
        replay(daemon, client, "stopped")
        assert replay(daemon, client, "started").counts == (0, 1, 1)


def test_clients_of_one_torrent_see_each_other():
    leechers = ["aria2 1.36.0", "libtorrent 2.0.8", "qBittorrent 4.5.2", "rTorrent 0.9.8",
                "Transmission 3.00"]
    with Skepd() as daemon:
        for client in leechers:
            replay(daemon, client, "started")
        ports = [port for address, port in replay(daemon, "aria2 1.36.0", "started").peers]
    assert ports == [24317, 24330, 27108, 27545]
