"""The systemd units: systemd accepts them, and skepd works within their restrictions."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from support.announce import Peer
from support.manager import Manager
from support.skepd import ROOT, SANITIZED, Skepd, binary, can_trace
from support.udp import UdpClient
from support.waiting import wait_until

EXPOSURE_MAX = 1.5
UNITS = ["skepd.service", "skepd.socket"]
# As root, SQLite calls chown to give its files to the owner of the database.
ROOT_ALONE = {"fchown"} if os.geteuid() == 0 else set()

needs_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")


def analyze(*args):
    return subprocess.run(["systemd-analyze", *map(str, args)], capture_output=True, text=True,
                          env={**os.environ, "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""})


@pytest.fixture(scope="module")
def units(tmp_path_factory):
    """The units as installed, with an existing program."""
    directory = tmp_path_factory.mktemp("units")
    for name in UNITS:
        text = (ROOT / "systemd" / name).read_text()
        text = text.replace("@BINDIR@", str(pathlib.Path(binary()).parent))
        (directory / name).write_text(text.replace("@SYSCONFDIR@", "/etc"))
    return directory


@needs_analyze
def test_systemd_reports_no_error(units):
    done = analyze("verify", "--man=no", *(units / name for name in UNITS))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_analyze
def test_little_is_exposed(units):
    done = analyze("security", "--offline=true", "--no-pager", units / "skepd.service")
    exposure = re.search(r"Overall exposure level for skepd.service: ([\d.]+)", done.stdout)
    assert float(exposure.group(1)) <= EXPOSURE_MAX


def test_memory_limit_leaves_room_above_the_default_limits():
    service, config = (ROOT / "systemd/skepd.service").read_text(), (ROOT / "conf/skepd.conf").read_text()
    gib = int(re.search(r"^MemoryMax=(\d+)G$", service, re.M).group(1))
    swarms_mib = int(re.search(r"memory_max_mib = (\d+);", config).group(1))
    assert gib * 1024 >= 1.5 * swarms_mib


def calls_of_set(name):
    lines = analyze("syscall-filter", name).stdout.splitlines()[1:]
    words = {line.strip() for line in lines if line.strip() and not line.strip().startswith("#")}
    return set().union(*(calls_of_set(word) if word.startswith("@") else {word} for word in words))


def allowed_calls():
    """Evaluates the unit's SystemCallFilter lines; later ones take precedence."""
    allowed = set()
    for line in (ROOT / "systemd/skepd.service").read_text().splitlines():
        name, _, value = line.partition("=")
        if name != "SystemCallFilter":
            continue
        named = set().union(*map(calls_of_set, value.lstrip("~").split()))
        allowed = allowed - named if value.startswith("~") else allowed | named
    return allowed


def live_a_full_life(daemon, manager, torrent):
    """Announces over HTTP and UDP, then sweep, commit, reload, watchdog, stop and restore."""
    for _ in range(2):
        manager.wait_for("READY")
        with UdpClient(daemon.port) as client:
            client.announce(torrent, 5001)
        Peer(daemon.port, torrent, source="::1").start()
        daemon.reload()
        manager.wait_for("RELOADING")
        manager.wait_for("WATCHDOG")
        wait_until(lambda: b"-SK0001-" in (daemon.directory / "skep.db-wal").read_bytes())
        daemon.process.terminate()
        assert daemon.process.wait(10) == 0
        manager.wait_for("STOPPING")
        daemon.start()


@needs_analyze
@pytest.mark.skipif(not can_trace(), reason="no strace, or no right to trace")
@pytest.mark.skipif(SANITIZED, reason="a sanitizer makes system calls of its own")
def test_all_system_calls_are_allowed(tmp_path, torrent):
    traced = ("strace", "-D", "-f", "-qq", "-c", "-U", "name", "-o", "|cat >>calls")
    with Manager(tmp_path / "notify", watchdog_s=1) as manager:
        with Skepd(config="", udp=True, prefix=traced, environment=manager.environment) as daemon:
            live_a_full_life(daemon, manager, torrent)
            calls = daemon.directory / "calls"
            wait_until(lambda: calls.read_text().count("total") == 2)
            made = set(re.findall(r"^\w+$", calls.read_text(), re.M)) - {"syscall", "total"}
    assert {"recvmmsg", "epoll_wait", "fdatasync", "sendmsg"} <= made
    assert made - allowed_calls() <= ROOT_ALONE
