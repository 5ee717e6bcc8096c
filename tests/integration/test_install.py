"""make install and make uninstall: which files they create, keep and remove."""

import os
import pathlib
import stat
import subprocess

import pytest

from support.skepd import ROOT, binary

CONFIGS = ("skepd.conf", "lan.conf", "only-lan.conf", "private.conf", "public.conf")

INSTALLED = {
    "usr/bin/skepd": 0o755,
    "usr/bin/skepctl": 0o755,
    **{f"etc/skep/{name}": 0o644 for name in CONFIGS},
    "usr/lib/systemd/system/skepd.service": 0o644,
    "usr/lib/systemd/system/skepd.socket": 0o644,
    "usr/share/doc/skep/grafana-dashboard.json": 0o644,
    "usr/share/doc/skep/prometheus-alerts.yml": 0o644,
    "usr/share/man/man1/skepctl.1": 0o644,
    "usr/share/man/man5/skepd.conf.5": 0o644,
    "usr/share/man/man7/skep.7": 0o644,
    "usr/share/man/man8/skepd.8": 0o644,
    "usr/share/bash-completion/completions/skepctl": 0o644,
    "usr/share/fish/vendor_completions.d/skepctl.fish": 0o644,
    "usr/share/zsh/site-functions/_skepctl": 0o644,
}


def make(target, destination, umask=0o022, prefix=()):
    """Uses the build under test, without rebuilding it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    build = os.path.relpath(pathlib.Path(binary()).parent, ROOT)
    subprocess.run([*prefix, "make", "-o", "all", target, f"BUILD={build}", f"DESTDIR={destination}",
                    "PREFIX=/usr"], cwd=ROOT, env=inherited, umask=umask, check=True,
                   capture_output=True)


def modes(destination):
    return {str(path.relative_to(destination)): stat.S_IMODE(path.stat().st_mode)
            for path in destination.rglob("*") if path.is_file()}


@pytest.fixture
def installed(tmp_path):
    make("install", tmp_path)
    return tmp_path


def test_install_makes_this_tree(installed):
    assert modes(installed) == INSTALLED


def test_install_does_not_depend_on_the_umask(tmp_path):
    make("install", tmp_path, umask=0o077)
    assert modes(tmp_path) == INSTALLED


def test_units_name_the_installed_files(installed):
    units = installed / "usr/lib/systemd/system"
    service = (units / "skepd.service").read_text()
    assert "\nExecStart=/usr/bin/skepd --config /etc/skep/skepd.conf\n" in service
    assert "@" not in service.replace("@system-service", "").replace("@privileged @resources", "")
    assert "@" not in (units / "skepd.socket").read_text()


def test_installed_programs_and_configs_are_those_of_the_tree(installed):
    for name in "skepd", "skepctl":
        built = pathlib.Path(binary()).parent / name
        assert (installed / "usr/bin" / name).read_bytes() == built.read_bytes()
    for name in CONFIGS:
        assert (installed / "etc/skep" / name).read_text() == (ROOT / "conf" / name).read_text()


def test_install_needs_no_proc(tmp_path):
    """As in a chroot that has no /proc."""
    hidden = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs none /proc; exec "$@"', "sh")
    if subprocess.run([*hidden, "true"]).returncode != 0:
        pytest.skip("this user may not make a mount namespace")
    make("install", tmp_path, prefix=hidden)
    assert modes(tmp_path) == INSTALLED
    assert "http.port" in (tmp_path / "usr/share/man/man5/skepd.conf.5").read_text()


@pytest.mark.parametrize("name", CONFIGS)
def test_installing_again_keeps_a_changed_configuration(installed, name):
    (installed / "etc/skep" / name).write_text("log_level = \"debug\";\n")
    make("install", installed)
    assert (installed / "etc/skep" / name).read_text() == "log_level = \"debug\";\n"
    assert modes(installed) == INSTALLED


def test_uninstall_leaves_configuration_and_database(installed):
    database = installed / "var/lib/skep/skep.db"
    database.parent.mkdir(parents=True)
    database.touch()
    make("uninstall", installed)
    assert set(modes(installed)) == {*(f"etc/skep/{name}" for name in CONFIGS), "var/lib/skep/skep.db"}


def test_uninstall_of_nothing_is_fine(tmp_path):
    make("uninstall", tmp_path)
    assert modes(tmp_path) == {}
