"""Messages to the service manager: ready, reloading, stopping, watchdog."""

import signal
import time

import pytest

from support.announce import Peer
from support.manager import Manager, names
from support.skepd import Skepd
from support.threads import held_up
from support.waiting import wait_until

WATCHDOG_S = 1


@pytest.fixture
def manager(tmp_path):
    with Manager(tmp_path / "notify", watchdog_s=WATCHDOG_S) as manager:
        yield manager


@pytest.fixture
def daemon(manager):
    with Skepd(environment=manager.environment) as daemon:
        manager.wait_for("READY")
        yield daemon


def pings(manager, seconds):
    return sum("WATCHDOG" in message for message in manager.receive_all(seconds))


def test_ready_is_sent_first_and_when_clients_are_served(manager, torrent):
    with Skepd(environment=manager.environment) as daemon:
        assert manager.receive() == {"READY": "1"}
        assert Peer(daemon.port, torrent).start().failure is None


def test_ready_comes_after_the_peers_are_back(tmp_path, torrent):
    with Manager(tmp_path / "notify") as manager, Skepd(environment=manager.environment) as daemon:
        Peer(daemon.port, torrent).start()
        manager.forget()
        daemon.restart()
        assert manager.wait_for("STOPPING") == {"STOPPING": "1"}
        assert manager.wait_for("READY")
        assert Peer(daemon.port, torrent).start()["incomplete"] == 2


def test_start_and_end_of_a_reload_are_notified(manager, daemon):
    before_us = time.clock_gettime(time.CLOCK_MONOTONIC) * 1e6
    daemon.reload()
    reloading = manager.wait_for("RELOADING")
    assert reloading["RELOADING"] == "1"
    assert before_us <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic() * 1e6
    assert manager.wait_for("READY") == {"READY": "1"}


def test_reload_that_fails_ends_as_well(manager, daemon):
    daemon.write_config("nonsense = ")
    daemon.reload()
    assert manager.wait_for("RELOADING")
    assert manager.wait_for("READY")


def test_delayed_stop_extends_the_time_to_stop(manager):
    with Skepd("shutdown_delay_s = 600;", environment=manager.environment) as daemon:
        manager.wait_for("READY")
        daemon.process.terminate()
        manager.wait_for("STOPPING")
        assert int(manager.wait_for("EXTEND_TIMEOUT_USEC")["EXTEND_TIMEOUT_USEC"]) > 600e6
        daemon.stop()


def test_stop_is_notified(manager, daemon):
    daemon.stop()
    assert manager.wait_for("STOPPING") == {"STOPPING": "1"}
    assert "READY" not in names(manager.receive_all(0.1))


def test_status_has_torrents_and_peers(manager, daemon, peer):
    peer().start()
    peer().start()
    wait_until(lambda: manager.wait_for("STATUS")["STATUS"] == "1 torrents, 2 peers")


def test_watchdog_is_notified_twice_per_period(manager, daemon):
    times = []
    for _ in range(8):
        manager.wait_for("WATCHDOG")
        times.append(time.monotonic())
    pauses = sorted(later - sooner for sooner, later in zip(times, times[1:]))
    # A busy machine delays some of them.
    assert pauses[2] < 0.8 * WATCHDOG_S


def test_without_a_watchdog_no_messages_are_sent(tmp_path):
    with Manager(tmp_path / "notify") as manager, Skepd(environment=manager.environment):
        manager.wait_for("READY")
        assert manager.receive_all(1) == []


def test_stopped_process_sends_no_watchdog_messages(manager, daemon):
    manager.wait_for("WATCHDOG")
    daemon.process.send_signal(signal.SIGSTOP)
    manager.receive_all(0.1)
    assert pings(manager, 2 * WATCHDOG_S) == 0
    daemon.process.send_signal(signal.SIGCONT)
    assert manager.wait_for("WATCHDOG")


@pytest.mark.parametrize("thread", ["store writer", "sweeper"])
def test_stuck_thread_stops_watchdog_messages(manager, daemon, thread):
    try:
        with held_up(daemon.pid, thread):
            manager.receive_all(WATCHDOG_S)
            messages = manager.receive_all(2 * WATCHDOG_S)
    except PermissionError as error:
        pytest.skip(str(error))
    assert "STATUS" in names(messages) and "WATCHDOG" not in names(messages)
    assert manager.wait_for("WATCHDOG")
