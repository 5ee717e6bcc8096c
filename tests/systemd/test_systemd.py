"""skepd as a service of a freshly installed Debian: installed, started, reloaded, restarted, frozen,
activated by its sockets, and removed. The tests run in this order, on one machine."""

import os
import pathlib
import re
import resource
import subprocess

import pytest

from support.announce import scraped
from support.service import CLIENTS, PORT, SLOW_S, Clients, announce, is_active, main_pid
from support.skepd import ROOT, binary
from support.udp import UdpClient
from support.waiting import wait_until

CONFIG = "etc/skep/skepd.conf"


def make(target, machine):
    build = os.path.relpath(pathlib.Path(binary()).parent, ROOT)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    subprocess.run(["make", "-o", "all", target, f"BUILD={build}", f"DESTDIR={machine.root}", "PREFIX=/usr"],
                   cwd=ROOT, env=inherited, check=True, capture_output=True)


@pytest.fixture(autouse=True)
def unlimited_restarts(machine):
    """On a fast machine, these tests start skepd more often than systemd's limit allows."""
    machine.run("systemctl", "reset-failed", "skepd.service")


@pytest.fixture(scope="module")
def config(machine):
    """The installed configuration file; skepd is installed and runs."""
    make("install", machine)
    machine.check("systemctl", "daemon-reload")
    machine.check("systemctl", "enable", "--now", "skepd")
    return machine.root / CONFIG


@pytest.fixture
def pid(machine, config):
    """The running skepd's process, by its number in the machine."""
    return main_pid(machine)


def test_machine_lacks_what_the_package_does_not_depend_on(machine):
    for program in "kill", "ps", "gcc", "python3":
        assert machine.run("test", "-e", f"/bin/{program}").returncode != 0


def test_installed_service_starts_and_serves(machine, pid, torrent):
    assert is_active(machine)
    assert machine.property("skepd", "UnitFileState") == "enabled"
    announce(torrent)
    with UdpClient(PORT) as client:
        client.announce(torrent, 5001)
    assert scraped(PORT, torrent) == (0, 2, 0)
    assert "skepd is ready" in machine.journal("skepd")


def test_status_shows_torrents_and_peers(machine, pid, torrent):
    announce(torrent)
    wait_until(lambda: re.fullmatch(r"[1-9]\d* torrents, [1-9]\d* peers", machine.property("skepd", "StatusText")),
               SLOW_S)


def test_skepctl_reaches_the_service(machine, pid):
    assert "peers" in machine.check("skepctl", "status")


def test_service_runs_without_rights_of_its_own(machine, pid):
    status = machine.check("cat", f"/proc/{pid}/status")
    assert re.search(r"^Uid:\t(?!0\t)", status, re.M)
    assert re.search(r"^CapEff:\t0+$", status, re.M)
    assert re.search(r"^NoNewPrivs:\t1$", status, re.M)


def limit_in_force(machine, pid, controller, v1_file, v2_file):
    """The limit in the service's cgroup, as the kernel has it."""
    groups = dict(line.split(":", 2)[1:] for line in machine.check("cat", f"/proc/{pid}/cgroup").split())
    file = f"{controller}{groups[controller]}/{v1_file}" if controller in groups else f"{groups['']}/{v2_file}"
    return int(machine.check("cat", f"/sys/fs/cgroup/{file.lstrip('/')}"))


def test_limits_are_in_force(machine, pid):
    files = re.search(r"^Max open files +(\d+)", machine.check("cat", f"/proc/{pid}/limits"), re.M)
    wanted, ours = int(machine.property("skepd", "LimitNOFILE")), resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert int(files.group(1)) in {wanted, min(wanted, ours)}, "without CAP_SYS_RESOURCE, our limit bounds it"
    memory = limit_in_force(machine, pid, "memory", "memory.limit_in_bytes", "memory.max")
    assert memory == int(machine.property("skepd", "MemoryMax")) == 4 << 30
    tasks = limit_in_force(machine, pid, "pids", "pids.max", "pids.max")
    assert tasks == int(machine.property("skepd", "TasksMax")) == 1024


def test_reload_applies_the_configuration(machine, config, pid, torrent):
    text = config.read_text()
    config.write_text(text.replace("interval_min_s = 120;", "interval_min_s = 333;"))
    machine.check("systemctl", "reload", "skepd")
    wait_until(lambda: announce(torrent)["interval"] >= 300, SLOW_S)
    config.write_text(text)
    machine.check("systemctl", "reload", "skepd")
    assert main_pid(machine) == pid


def test_reload_with_a_bad_configuration_fails_and_changes_nothing(machine, config, pid, torrent):
    text = config.read_text()
    line = text[: text.index("port = 6969;")].count("\n") + 1
    config.write_text(text.replace("port = 6969;", "port = 0;").replace("interval_min_s = 120;", "interval_min_s = 333;"))
    try:
        assert machine.run("systemctl", "reload", "skepd").returncode != 0
        assert f"/{CONFIG}:{line}: http.port must be" in machine.journal("skepd")
        assert is_active(machine)
        assert main_pid(machine) == pid
        assert announce(torrent)["interval"] < 300
    finally:
        config.write_text(text)


def test_token_is_a_credential(machine, pid, torrent):
    token, file = "a-token-of-24-characters", machine.root / "etc/skep/admin_token"
    file.write_text(token + "\n")
    file.chmod(0o600)
    try:
        machine.check("systemctl", "restart", "skepd")
        machine.check("skepctl", "--token", token, "torrents")
        assert "Invalid token" in machine.run("skepctl", "--token", token + "x", "torrents").stderr
        machine.check("systemctl", "reload", "skepd")
        machine.check("skepctl", "--token", token, "torrents")
        assert "readable" not in machine.journal("skepd")
    finally:
        file.unlink()
    machine.check("systemctl", "restart", "skepd")
    assert machine.run("skepctl", "--token", token, "torrents").returncode != 0


def test_restart_with_a_bad_configuration_fails(machine, config, pid):
    text = config.read_text()
    config.write_text("colour = 1;\n")
    try:
        assert machine.run("systemctl", "restart", "skepd").returncode != 0
        assert f'/{CONFIG}:1: unknown setting "colour"' in machine.journal("skepd")
    finally:
        config.write_text(text)
    machine.check("systemctl", "restart", "skepd")
    assert is_active(machine)


def test_restart_keeps_the_peers(machine, pid, torrent):
    announce(torrent, left=0)
    announce(torrent)
    machine.check("systemctl", "restart", "skepd")
    assert main_pid(machine) != pid
    assert scraped(PORT, torrent) == (1, 1, 0)


def test_watchdog_replaces_a_frozen_daemon(machine, config, torrent):
    drop_in = machine.root / "etc/systemd/system/skepd.service.d/watchdog.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Service]\nWatchdogSec=3\n")
    machine.check("systemctl", "daemon-reload")
    machine.check("systemctl", "restart", "skepd")
    try:
        pid = main_pid(machine)
        announce(torrent)
        wait_until(lambda: committed(machine, torrent), SLOW_S)
        machine.check("sh", "-c", f"kill -STOP {pid}")
        wait_until(lambda: main_pid(machine) not in (0, pid) and is_active(machine), SLOW_S)
        assert "watchdog timeout" in machine.check("journalctl", "--no-pager", "--unit", "skepd").lower()
        wait_until(lambda: scraped(PORT, torrent) == (0, 1, 0), SLOW_S)
    finally:
        drop_in.unlink()
        machine.check("systemctl", "daemon-reload")
        machine.check("systemctl", "restart", "skepd")


def committed(machine, torrent):
    directory = machine.root / "var/lib/private/skep"
    return any(torrent in file.read_bytes() for file in directory.glob("skep.db*"))


def test_restart_under_socket_activation_loses_no_request(machine, config, torrent):
    machine.check("systemctl", "disable", "--now", "skepd")
    machine.check("systemctl", "enable", "--now", "skepd.socket")
    assert not is_active(machine)
    announce(torrent)
    wait_until(lambda: is_active(machine), SLOW_S)
    with Clients(torrent) as clients:
        for _ in range(3):
            before = clients.served
            wait_until(lambda: clients.served > before + 100, SLOW_S)
            machine.check("systemctl", "restart", "skepd")
    assert clients.failures == []
    with UdpClient(PORT) as client:
        client.announce(torrent, 5001)
    assert scraped(PORT, torrent) == (0, 1 + CLIENTS + 1, 0)


def test_uninstall_leaves_configuration_and_database(machine, config):
    machine.check("systemctl", "disable", "--now", "skepd.socket", "skepd.service")
    make("uninstall", machine)
    machine.check("systemctl", "daemon-reload")
    assert machine.property("skepd", "LoadState") == "not-found"
    assert config.exists()
    assert (machine.root / "var/lib/private/skep/skep.db").exists()
    assert machine.check("systemctl", "list-units", "--failed", "--no-legend", "skep*") == ""
