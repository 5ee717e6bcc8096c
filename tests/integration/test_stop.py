"""A stop is quick and clean and frees the port."""

import signal
import socket
import time

import pytest

from support.announce import Peer, connect, get, random_hash, read_reply
from support.skepd import Skepd
from support.waiting import wait_until


def keep_alive(daemon, torrent):
    sock = connect(daemon.port)
    target = Peer(daemon.port, torrent).target(numwant=0)
    sock.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert read_reply(sock).failure is None
    return sock


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_with_status_zero(signum, torrent):
    with Skepd() as daemon:
        Peer(daemon.port, torrent).start()
        daemon.stop(signum)


def test_stop_is_quick_with_200_idle_connections(torrent):
    with Skepd() as daemon:
        crowd = [keep_alive(daemon, torrent) for _ in range(200)]
        daemon.stop()
        assert crowd[0].recv(1) == b""
        for sock in crowd:
            sock.close()


def test_stop_is_quick_with_half_sent_requests():
    with Skepd() as daemon:
        crowd = [connect(daemon.port) for _ in range(50)]
        for number, sock in enumerate(crowd):
            sock.sendall(b"GET /announce?info_hash=x HTTP/1.1\r\nHo"[: number + 1])
        daemon.stop()
        for sock in crowd:
            sock.close()


def test_port_is_free_at_once_after_a_stop(torrent):
    with Skepd() as daemon:
        crowd = [keep_alive(daemon, torrent) for _ in range(20)]
        daemon.stop()
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family) as probe:
                assert probe.connect_ex((address, daemon.port)) != 0
        daemon.start()
        keep_alive(daemon, torrent).close()
        for sock in crowd:
            sock.close()


def test_second_signal_while_stopping_does_no_harm(torrent):
    with Skepd() as daemon:
        Peer(daemon.port, torrent).start()
        for _ in range(5):
            daemon.process.send_signal(signal.SIGTERM)
        daemon.stop()


def test_delayed_stop_fails_readiness_and_serves_on(torrent):
    with Skepd("shutdown_delay_s = 600;") as daemon:
        assert get(daemon.port, "/readyz").status == 200
        daemon.process.terminate()
        wait_until(lambda: get(daemon.port, "/readyz").status == 503)
        assert get(daemon.port, "/health").status == 200
        assert Peer(daemon.port, torrent).start().failure is None
        daemon.reload()  # a reload does not end the delay
        assert get(daemon.port, "/readyz").status == 503
        daemon.stop()


def test_delayed_stop_ends_by_itself(torrent):
    with Skepd("shutdown_delay_s = 600;") as daemon:
        daemon.reload("shutdown_delay_s = 1;")
        daemon.wait_for_log("configuration reloaded")
        started = time.monotonic()
        daemon.process.terminate()
        assert daemon.process.wait(60) == 0
        assert time.monotonic() - started >= 1


def test_stop_right_after_the_start():
    with Skepd() as daemon:
        for _ in range(3):
            daemon.restart()


def test_stop_leaves_only_the_database(torrent):
    with Skepd() as daemon:
        Peer(daemon.port, torrent).start()
        daemon.stop()
        assert {path.name for path in daemon.directory.iterdir()} <= {"skep.db", "log"}


def test_other_signals_do_not_end_it(torrent):
    with Skepd() as daemon:
        for signum in (signal.SIGHUP, signal.SIGPIPE):
            daemon.process.send_signal(signum)
        assert Peer(daemon.port, random_hash()).start().failure is None
