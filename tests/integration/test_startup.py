"""The command line, and errors at startup: one line and status 1."""

import os
import pathlib
import shutil
import socket
import tempfile

import pytest

from support.announce import Peer, get, random_hash, scraped
from support.database import APPLICATION_ID, peer_count, sql
from support.skepd import ROOT, SANITIZED, Skepd, as_nobody, binary, can_trace, free_port, run
from support.waiting import wait_until

OPTIONS = ["--config", "--set", "--port", "--database", "--threads", "--log-level", "--no-udp",
           "--cluster", "--check-config", "--print-config", "--help", "--version"]


def start(database, *args, port=None, **how):
    """Runs a daemon that must fail to start."""
    return run("--no-udp", "--port", port or free_port(), "--database", database, *args, **how)


def assert_one_line(done, *words):
    lines = done.stderr.splitlines()
    assert done.returncode == 1, done
    assert len(lines) == 1, lines
    assert done.stdout == ""
    for word in words:
        assert str(word) in lines[0], lines[0]
    return lines[0]


def assert_refuses(database, *words, **how):
    before = database.read_bytes()
    names = set(database.parent.iterdir())
    line = assert_one_line(start(database, **how), database, *words)
    assert database.read_bytes() == before
    assert set(database.parent.iterdir()) == names
    return line


def used_database(directory):
    """A skep database with one peer, and its torrent."""
    torrent = random_hash()
    database = directory / "skep.db"
    with Skepd(database=database) as daemon:
        Peer(daemon.port, torrent, left=0).start()
    return database, torrent


# Memory

def huge_pages_mode():
    file = pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return file.read_text() if file.exists() else "never"


def heap_asks_for_huge_pages(daemon):
    mappings = pathlib.Path(f"/proc/{daemon.pid}/smaps").read_text().split("VmFlags:")
    heap = next(number for number, text in enumerate(mappings) if "[heap]" in text)
    return "hg" in mappings[heap + 1].split("\n")[0].split()


@pytest.mark.skipif(SANITIZED or "[madvise]" not in huge_pages_mode(), reason="malloc cannot ask for huge pages")
@pytest.mark.parametrize("environment, asks", [({}, True), ({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}, False)])
def test_heap_is_in_huge_pages_unless_the_environment_says_otherwise(torrent, environment, asks):
    with Skepd(environment=environment) as daemon:
        Peer(daemon.port, torrent).start()
        assert heap_asks_for_huge_pages(daemon) == asks
        assert pathlib.Path(f"/proc/{daemon.pid}/comm").read_text() == "skepd\n"


# The port

@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "::", "::1"])
def test_port_in_use_is_named(tmp_path, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as holder:
        holder.bind((address, 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert_one_line(start(tmp_path / "skep.db", port=port), port, "in use")
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("listen, v6", [('"0.0.0.0"', False), ('[ "::", "127.0.0.1" ]', True)])
def test_any_address_is_shown_as_those_of_the_machine(listen, v6):
    with Skepd(f"http = {{ listen = {listen}; }};") as daemon:
        daemon.wait_for_log("Web page: ")  # it comes after the URLs
        shown = [line.split()[-1] for line in daemon.log().splitlines() if line.endswith("/announce")]
        assert f"http://127.0.0.1:{daemon.port}/announce" in shown
        assert (f"http://[::1]:{daemon.port}/announce" in shown) == v6 == any("[" in url for url in shown)
        assert not any("//0.0.0.0:" in url or "//[::]:" in url for url in shown)


def test_second_daemon_on_the_same_port_is_refused(tmp_path):
    with Skepd() as daemon:
        assert_one_line(start(tmp_path / "skep.db", port=daemon.port), daemon.port, "in use")


@pytest.mark.skipif(not can_trace(), reason="no strace, or no right to trace")
@pytest.mark.skipif(SANITIZED, reason="sanitizers and strace exclude each other")
def test_first_connection_of_a_first_start_is_answered():
    slow = ("strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=listen",
            "-e", "inject=listen:delay_exit=300000")
    with Skepd(prefix=slow) as daemon:  # returns once the port accepts a connection
        assert get(daemon.port, "/").status == 200


def test_address_that_is_not_ours_is_named(tmp_path):
    config = tmp_path / "skepd.conf"
    config.write_text('http = { listen = ["203.0.113.77"]; };')
    assert_one_line(start(tmp_path / "skep.db", "--config", config), "203.0.113.77")


# The database

def test_text_file_is_no_database(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("Dear diary,\n" * 100)
    assert_refuses(file)


def test_short_text_file_is_no_database(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("x\n")
    assert_refuses(file)


def test_database_of_another_program_is_not_changed(tmp_path):
    file = tmp_path / "places.sqlite"
    sql(file, "create table bookmarks (url text)",
        "insert into bookmarks values ('https://example.org')")
    assert_refuses(file)


def test_database_with_another_application_id_is_not_changed(tmp_path):
    file = tmp_path / "other.db"
    sql(file, "pragma application_id = 12345")
    assert_refuses(file)


def test_database_of_a_newer_skepd_is_not_changed(tmp_path):
    database, _ = used_database(tmp_path)
    assert sql(database, "pragma application_id") == (APPLICATION_ID,)
    sql(database, "pragma user_version = 9999")
    assert "newer" in assert_refuses(database)


def test_directory_is_no_database(tmp_path):
    assert_one_line(start(tmp_path), tmp_path)


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_database_gets_no_closed_standard_descriptor(tmp_path, torrent, closed):
    """Otherwise the log is written into the database, and destroys it."""
    redirections = " ".join(f"{fd}>&-" for fd in closed)
    database = tmp_path / "skep.db"
    with Skepd(database=database, prefix=("sh", "-c", f'exec "$@" {redirections}', "sh")) as daemon:
        Peer(daemon.port, torrent, left=0).start()
        files = pathlib.Path(f"/proc/{daemon.pid}/fd")
        assert all(os.readlink(files / str(fd)) == "/dev/null" for fd in closed)
        wait_until(lambda: peer_count(database) == 1)


def test_missing_directory_is_named_and_not_created(tmp_path):
    assert_one_line(start(tmp_path / "no" / "skep.db"), f"directory {tmp_path}/no")
    assert list(tmp_path.iterdir()) == []


def test_second_daemon_on_the_same_database_is_refused(torrent):
    with Skepd() as daemon:
        one = Peer(daemon.port, torrent)
        one.start()
        assert_one_line(start(daemon.database), daemon.database)
        assert scraped(daemon.port, torrent) == (0, 1, 0)
        daemon.restart()
        assert scraped(daemon.port, torrent) == (0, 1, 0)


@pytest.fixture
def nobody():
    """A directory that any user may enter, and a function that runs a daemon there without privileges."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="skepd-"))
    directory.chmod(0o755)
    shutil.copy(binary(), directory / "skepd")
    yield directory, {"prefix": as_nobody(), "program": directory / "skepd", "cwd": "/"}
    for path in (directory, *directory.iterdir()):
        path.chmod(0o700)
    shutil.rmtree(directory)


def test_read_only_database_is_named(nobody):
    directory, how = nobody
    database, _ = used_database(directory)
    database.chmod(0o444)
    assert_refuses(database, **how)


def test_unreadable_database_is_named(nobody):
    directory, how = nobody
    database, _ = used_database(directory)
    database.chmod(0)
    before = os.stat(database)
    assert_one_line(start(database, **how), database)
    assert os.stat(database).st_mtime_ns == before.st_mtime_ns


def test_directory_without_write_permission_is_named(nobody):
    directory, how = nobody
    database = directory / "skep.db"
    directory.chmod(0o555)
    assert_one_line(start(database, **how), database)
    assert not database.exists()


def test_unreadable_directory_is_named(nobody):
    directory, how = nobody
    (directory / "closed").mkdir(mode=0)
    database = directory / "closed" / "skep.db"
    assert_one_line(start(database, **how), database)


def test_unreadable_config_is_named(nobody):
    directory, how = nobody
    config = directory / "skepd.conf"
    config.write_text("")
    config.chmod(0)
    assert_one_line(run("--check-config", "--config", config, **how), config)


def test_empty_file_becomes_a_database(tmp_path, torrent):
    database = tmp_path / "skep.db"
    database.touch()
    with Skepd(database=database) as daemon:
        Peer(daemon.port, torrent).start()
        daemon.restart()
        assert scraped(daemon.port, torrent) == (0, 1, 0)


def test_database_may_be_a_symlink(tmp_path, torrent):
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    with Skepd(database=tmp_path / "link.db") as daemon:
        Peer(daemon.port, torrent).start()
        daemon.restart()
        assert scraped(daemon.port, torrent) == (0, 1, 0)
    assert (tmp_path / "real.db").exists()


# The config

def check(tmp_path, text, name="skepd.conf"):
    config = tmp_path / name
    config.write_text(text)
    return run("--check-config", "--config", config, cwd=tmp_path)


@pytest.mark.parametrize("name", ["skepd.conf", "lan.conf", "only-lan.conf", "private.conf", "public.conf"])
def test_shipped_config_is_good(tmp_path, name):
    done = run("--check-config", "--config", ROOT / "conf" / name, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_public_config_has_intervals_that_tracker_lists_accept():
    with Skepd((ROOT / "conf" / "public.conf").read_text()) as daemon:
        reply = Peer(daemon.port, random_hash()).start()
        assert reply["interval"] >= 300 and reply["min interval"] >= 300


def test_private_config_rejects_clients_without_a_passkey():
    with Skepd((ROOT / "conf" / "private.conf").read_text()) as daemon:
        reply = Peer(daemon.port, random_hash()).start()
        assert b"passkey" in reply["failure reason"]


def test_environment_overrides_the_file(tmp_path):
    config = tmp_path / "skepd.conf"
    config.write_text('http = { port = 7001; admin_token = "0123456789abcdef"; };')
    done = run("--print-config", "--config", config, cwd=tmp_path, environment={
        "SKEP_HTTP_PORT": "7002", "SKEP_ACCESS_MODE": "listed", "SKEP_LOG_LEVEL": ""})
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr  # others can read the token
    assert "    port = 7002;" in done.stdout
    assert '    mode = "listed";' in done.stdout
    assert 'log_level = "info";' in done.stdout


def test_wrong_variable_is_refused_and_an_unknown_one_reported(tmp_path):
    done = run("--check-config", cwd=tmp_path, environment={"SKEP_HTTP_PORT": "tcp://10.0.0.1:80"})
    assert_one_line(done, "SKEP_HTTP_PORT", "65535", "tcp://10.0.0.1:80")
    done = run("--check-config", cwd=tmp_path, environment={
        "SKEP_HTTP_PROT": "80", "SKEP_HTTP_ADMIN_TOKEN": "0123456789abcdef"})
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if "SKEP_HTTP_PROT " in line] == \
        done.stderr.splitlines()


def test_check_config_starts_and_writes_nothing(tmp_path):
    assert check(tmp_path, "log_level = \"debug\";").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["skepd.conf"]


@pytest.mark.parametrize("text, line, words", [
    ("announce = {\n  interval_mim_s = 5;\n};", 2, ["interval_mim_s", "interval_min_s"]),
    ("\n\nannounse = { };", 3, ["announse", "announce"]),
    ("interval_min_s = 5;", 1, ["interval_min_s", "announce.interval_min_s"]),
    ("http = {\n  port = 70000;\n};", 2, ["http.port", "65535"]),
    ("http = {\n  port = \"x\";\n};", 2, ["http.port"]),
    ("http = {\n  full_scrape = 1;\n};", 2, ["full_scrape", "true"]),
    ("http = 7;", 1, ["http"]),
    ("log_level = \"loud\";", 1, ["log_level", "loud", "debug"]),
    ("network = {\n  lan = [\n    \"10.0.0.0/8\",\n    \"10.0.0.1/8\" ];\n};", 4, ["lan"]),
    ("network = { external_address = \"here\"; };", 1, ["external_address", "here"]),
    ("announce = {\n  numwant = 5\n  numwant_max 9;\n};", 3, []),
    ("announce = {", 1, [])])
def test_wrong_config_is_reported_with_file_and_line(tmp_path, text, line, words):
    done = check(tmp_path, text)
    assert_one_line(done, f"skepd.conf:{line}", *words)


@pytest.mark.parametrize("text, words", [
    ("announce = { interval_min_s = 500; interval_max_s = 300; };",
     ["interval_min_s", "interval_max_s"]),
    ("announce = { numwant = 100; numwant_max = 50; };", ["numwant", "numwant_max"])])
def test_settings_that_contradict_each_other_are_reported(tmp_path, text, words):
    assert_one_line(check(tmp_path, text), *words)


def test_every_error_of_a_config_is_reported(tmp_path):
    done = check(tmp_path, "colour = 1;\nhttp = { port = 0;\nprot = 1; };\nannounce = { numwant = 300; };\n"
                           'store = { database = "/nowhere/skep.db"; };')
    assert done.returncode == 1
    assert [line.rsplit("/", 1)[-1].split(" ")[0] for line in done.stderr.splitlines()[:3]] == [
        "skepd.conf:1:", "skepd.conf:2:", "skepd.conf:3:"]
    assert done.stderr.splitlines()[3:] == [
        "skepd: store.database: directory /nowhere: No such file or directory",
        "skepd: announce.numwant (300) must not exceed announce.numwant_max (200)"]


def test_reload_logs_every_error_of_a_config():
    with Skepd("# nothing") as daemon:
        daemon.reload("colour = 1;\nhttp = { port = 0; };")
        daemon.wait_for_log("error", "keeping the current one")
        daemon.wait_for_log("error", "skepd.conf:1: unknown setting")
        daemon.wait_for_log("error", "skepd.conf:2: http.port must be")


def test_settings_in_force_are_printed_without_secrets(tmp_path):
    config = tmp_path / "skepd.conf"
    config.write_text('http = { port = 7001; threads = 3; admin_token = "0123456789abcdef"; };')
    config.chmod(0o600)
    options = ("--set", "http.threads=5", "--set", "network.lan=10.0.0.0/8,fd00::/8", "--database", tmp_path / "x.db")
    done = run("--config", config, *options, "--print-config", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for line in ("log_level = \"info\";", "    port = 7001;", "    threads = 5;", '    admin_token = "********";',
                 '    lan = [ "10.0.0.0/8", "fd00::/8" ];', f'    database = "{tmp_path}/x.db";'):
        assert line in done.stdout.splitlines()
    assert "0123456789abcdef" not in done.stdout
    assert done.stdout.count("    port = 7001;\n") == 2, "UDP uses the port of HTTP"
    config.write_text(done.stdout.replace("********", "0123456789abcdef"))
    assert run("--config", config, "--print-config", cwd=tmp_path).stdout == done.stdout


def test_any_setting_is_set_on_the_command_line(torrent):
    with Skepd("announce = { numwant = 7; };", args=("--set", "announce.interval_min_s=77")) as daemon:
        assert Peer(daemon.port, torrent).start()["interval"] >= 70
        daemon.reload("announce = { interval_min_s = 99; };")
        daemon.wait_for_log("configuration reloaded")
        assert Peer(daemon.port, torrent).start()["interval"] < 90


def test_wrong_config_does_not_start(tmp_path):
    config = tmp_path / "skepd.conf"
    config.write_text("nonsense = 1;")
    assert_one_line(start(tmp_path / "skep.db", "--config", config), "skepd.conf:1", "nonsense")
    assert not (tmp_path / "skep.db").exists()


def test_missing_config_is_named(tmp_path):
    assert_one_line(run("--check-config", "--config", tmp_path / "none.conf"), "none.conf")


def test_directory_is_no_config(tmp_path):
    assert_one_line(run("--check-config", "--config", tmp_path), tmp_path)


# The command line

def test_help_lists_the_options():
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for option in OPTIONS:
        assert option in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_version_is_one_line():
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("skepd ") and done.stdout.count("\n") == 1


@pytest.mark.parametrize("args, word", [
    (["--prot", "1"], "--prot"), (["-x"], "-x"), (["stray"], "stray"), (["--port"], "--port"),
    (["--port", "0x1"], "--port"), (["--port", "65536"], "65536"), (["--threads", "-1"], "-1"),
    (["--log-level", "loud"], "loud"), (["--no-udp=1"], "--no-udp"),
    (["--database", ""], "--database"), (["--set", "http.prot=1"], "http.port"),
    (["--set", "http.port=x"], "http.port")])
def test_wrong_option_is_named(tmp_path, args, word):
    done = run(*args, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert len(done.stderr.splitlines()) == 1 and word in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_state_directory_holds_the_database_by_default(tmp_path, torrent):
    with Skepd(database="", environment={"STATE_DIRECTORY": str(tmp_path)}) as daemon:
        Peer(daemon.port, torrent).start()
        daemon.stop()
    assert (tmp_path / "skep.db").exists()


def test_runs_with_no_config_at_all_in_any_directory(torrent):
    with Skepd(database="") as daemon:
        assert Peer(daemon.port, torrent).start().failure is None
        daemon.stop()
        assert (daemon.directory / "var" / "skep.db").exists()
