"""The life of the Debian package: installed, upgraded, not downgraded, removed and purged. The tests
run in this order, on one machine."""

import contextlib
import os
import re
import sqlite3
import urllib.request

import pytest

from support import package
from support.announce import scraped
from support.service import CLIENTS, PORT, SLOW_S, Clients, announce, is_active, main_pid
from support.skepd import ROOT
from support.udp import UdpClient
from support.waiting import wait_until

STATE = "var/lib/private/skep"
DATABASES = ROOT / "tests/unit/store/databases"
CHANGED, BY_THE_PACKAGE = "# changed by the admin\n", "# changed by the package\n"

pytestmark = pytest.mark.skipif(package.path() is None, reason="no package; make deb builds it")


def apt(machine, *words):
    return machine.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "--yes", *words, timeout=300)


def install(machine, file):
    (machine.root / "root" / file.name).write_bytes(file.read_bytes())
    done = apt(machine, "-o", "Dpkg::Options::=--force-confdef", "install", f"/root/{file.name}")
    assert done.returncode == 0, done.stdout + done.stderr


def installed_version(machine):
    return machine.run("dpkg-query", "--show", "--showformat=${Version} ${db:Status-Status}", "skep").stdout


@pytest.fixture(scope="module")
def version():
    return package.field("Version")


@pytest.fixture(scope="module")
def installed(machine):
    install(machine, package.path())


@pytest.fixture(scope="module")
def newer(tmp_path_factory, version):
    """Makes the package of a newer version: newer(1), newer(2)."""
    def edit(tree):
        for name in "skepd.conf", "lan.conf":
            with (tree / "etc/skep" / name).open("a") as file:
                file.write(BY_THE_PACKAGE)

    def make(number):
        file = tmp_path_factory.mktemp("packages") / f"skep{number}.deb"
        package.make_newer(f"{version}+{number}", file, edit)
        return file
    return make


def page():
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/", headers={"Accept": "text/html"})
    with urllib.request.urlopen(request, timeout=SLOW_S) as response:
        return response.read().decode()


def test_installed_service_runs_and_serves_the_page(machine, installed, version):
    assert installed_version(machine) == f"{version} installed"
    wait_until(lambda: is_active(machine), SLOW_S)
    assert machine.property("skepd", "UnitFileState") == "enabled"
    assert "<title>" in page()
    assert version in machine.check("skepctl", "--version")
    assert "peers" in machine.check("skepctl", "status")


def test_database_is_restored_from_a_backup_as_the_guide_says(machine, installed):
    guide = (ROOT / "src/man/skep.7").read_text()
    steps = re.search(r"To restore it:\n\.Bd .*?\n(.*?)\.Ed", guide, re.S)[1]
    saved, later = "ab" * 20, "cd" * 20
    machine.check("mkdir", "-p", "/backup")
    machine.check("skepctl", "add", saved)
    machine.check("skepctl", "backup", "/backup/skep.db")
    machine.check("skepctl", "add", later)
    machine.check("sh", "-ec", steps)
    listed = machine.check("skepctl", "list")
    assert saved in listed and later not in listed
    machine.check("skepctl", "remove", saved)


def test_socket_is_installed_but_off(machine, installed):
    assert machine.property("skepd.socket", "LoadState") == "loaded"
    assert machine.property("skepd.socket", "UnitFileState") == "disabled"
    assert machine.property("skepd.socket", "ActiveState") == "inactive"


def test_files_are_complete(machine, installed):
    files = set(machine.check("dpkg", "--listfiles", "skep").split())
    share = {"doc/skep/grafana-dashboard.json", "doc/skep/prometheus-alerts.yml", "doc/skep/copyright",
             "man/man1/skepctl.1.gz", "man/man5/skepd.conf.5.gz", "man/man7/skep.7.gz", "man/man8/skepd.8.gz",
             "bash-completion/completions/skepctl", "zsh/vendor-completions/_skepctl",
             "fish/vendor_completions.d/skepctl.fish"}
    assert {"/usr/bin/skepd", "/usr/bin/skepctl", *(f"/usr/share/{name}" for name in share)} <= files
    conffiles = machine.check("dpkg-query", "--show", "--showformat=${Conffiles}", "skep")
    assert set(re.findall(r"^ (\S+)", conffiles, re.M)) == {
        f"/etc/skep/{name}.conf" for name in ("skepd", "lan", "only-lan", "private", "public")}


def schema_version(machine):
    with contextlib.closing(sqlite3.connect(machine.root / STATE / "skep.db")) as database:
        return database.execute("PRAGMA user_version").fetchone()[0]


def replace_database(machine, replacement):
    """skepd must not run."""
    database = machine.root / STATE / "skep.db"
    owner = database.stat()
    for file in database.parent.glob("skep.db*"):
        file.unlink()
    database.write_bytes(replacement.read_bytes())
    os.chown(database, owner.st_uid, owner.st_gid)


def test_upgrade_keeps_a_changed_conffile_and_migrates_the_database(machine, installed, newer, version):
    config = machine.root / "etc/skep/skepd.conf"
    config.write_text(config.read_text() + CHANGED)
    machine.check("systemctl", "stop", "skepd")
    current = schema_version(machine)
    replace_database(machine, DATABASES / f"version_{current - 1}.db")
    assert schema_version(machine) == current - 1
    install(machine, newer(1))
    assert installed_version(machine) == f"{version}+1 installed"
    wait_until(lambda: is_active(machine), SLOW_S)
    assert config.read_text().endswith(CHANGED)
    assert (machine.root / "etc/skep/lan.conf").read_text().endswith(BY_THE_PACKAGE)
    assert schema_version(machine) == current
    assert machine.check("skepctl", "list") != ""


def test_downgrade_is_refused(machine, installed, version):
    done = apt(machine, "--allow-downgrades", "install", f"/root/{package.path().name}")
    assert done.returncode != 0
    assert f"skep: cannot downgrade from version {version}+1 to {version}" in done.stdout + done.stderr
    assert installed_version(machine) == f"{version}+1 installed"
    wait_until(lambda: is_active(machine), SLOW_S)


def test_upgrade_under_socket_activation_loses_no_request_and_no_peer(machine, installed, newer, version, torrent):
    package_file = newer(2)
    machine.check("systemctl", "disable", "--now", "skepd")
    machine.check("systemctl", "enable", "--now", "skepd.socket")
    announce(torrent, left=0)
    pid = main_pid(machine)
    with Clients(torrent) as clients:
        wait_until(lambda: clients.served > 100, SLOW_S)
        install(machine, package_file)
        before = clients.served
        wait_until(lambda: clients.served > before + 100, SLOW_S)
    assert clients.failures == []
    assert installed_version(machine) == f"{version}+2 installed"
    assert main_pid(machine) != pid
    assert machine.property("skepd.socket", "ActiveState") == "active"
    with UdpClient(PORT) as client:
        client.announce(torrent, 5001)
    assert scraped(PORT, torrent) == (1, CLIENTS + 1, 0)


def test_removal_keeps_the_state(machine, installed):
    assert apt(machine, "remove", "skep").returncode == 0
    assert machine.property("skepd", "LoadState") == "not-found"
    assert machine.property("skepd.socket", "ActiveState") == "inactive"
    assert (machine.root / STATE / "skep.db").exists()
    assert (machine.root / "etc/skep/skepd.conf").read_text().endswith(CHANGED)


def test_purge_leaves_nothing(machine, installed):
    (machine.root / "etc/skep/admin_token").write_text("a-token-of-24-characters\n")
    assert apt(machine, "purge", "skep").returncode == 0
    left = machine.check("find", "/etc", "/usr", "/var/lib", "/run/systemd", "-iname", "*skep*").split()
    assert [path for path in left if not path.startswith("/var/lib/dpkg/")] == []
    assert "skep" not in machine.run("dpkg-query", "--show", "skep").stdout
    assert machine.check("systemctl", "list-units", "--all", "--no-legend", "skep*") == ""
