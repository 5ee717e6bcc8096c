"""skepctl doctor: what it finds, how it says so, and its exit status."""

import contextlib
import json
import socket
import sqlite3
import subprocess
import threading

import pytest

from support.announce import Peer, random_hash
from support.certificates import Authority
from support.engine import Engine
from support.mounts import fill, mount_small, own_mounts
from support.network import own_network
from support.skepctl import SILENT, Skepctl
from support.skepd import Skepd, free_port
from support.waiting import wait_until


def examine(daemon, *words, url=None):
    """Exit status, and the findings by check."""
    done = Skepctl().run("doctor", "--json", "--url", url or daemon.url, "--database", daemon.database, *words)
    assert done.stderr == ""
    result = json.loads(done.stdout)
    findings = result["findings"]
    for level in "fault", "warning":
        assert result[level + "s"] == sum(one["level"] == level for one in findings)
    assert done.returncode == (1 if result["faults"] else 0)
    return done.returncode, findings


def of(findings, check, level=None):
    return [one for one in findings if one["check"] == check and level in (None, one["level"])]


@pytest.fixture(scope="module")
def daemon():
    with Skepd(udp=True) as daemon:
        yield daemon


def test_healthy_tracker_has_no_faults(daemon):
    status, findings = examine(daemon)
    assert status == 0 and of(findings, "skepd")[0]["level"] == "good"
    for check in "http", "udp":
        answers = [one["text"] for one in of(findings, check, "good")]
        assert any(f"127.0.0.1:{daemon.port}" in text and "IPv4" in text for text in answers)
    for check in "files", "disk", "database":
        assert [one["level"] for one in of(findings, check)] == ["good"]
    for one in findings:
        assert (one["fix"] is None) == (one["level"] == "good") or one["check"] == "skepd"


def test_output_for_people_names_each_fix(daemon):
    port = free_port()
    done = Skepctl().run("doctor", "--url", daemon.url, "--database", daemon.database,
                         f"http://127.0.0.1:{port}/announce")
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and lines[-1].startswith("1 fault, ")
    at = next(i for i, line in enumerate(lines) if line.startswith("fault"))
    assert str(port) in lines[at] and "refused" in lines[at] and lines[at + 1].lstrip().startswith("Fix: ")


def test_stopped_tracker_is_a_fault_and_its_database_is_still_checked(tmp_path):
    with Skepd() as stopped:
        stopped.stop()
        status, findings = examine(stopped)
        assert status == 1 and of(findings, "skepd", "fault")
        assert of(findings, "database", "good")


def test_damaged_database_is_a_fault(tmp_path):
    database = tmp_path / "skep.db"
    with Skepd(database=database) as writer:
        for _ in range(50):
            Peer(writer.port, random_hash()).start()
    with contextlib.closing(sqlite3.connect(database)) as connection:
        page, root = connection.execute("PRAGMA page_size").fetchone()[0], connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'swarm'").fetchone()[0]
    with database.open("r+b") as file:
        file.seek((root - 1) * page)
        file.write(b"\xff" * page)
    with Skepd() as other:
        done = Skepctl().run("doctor", "--json", "--url", other.url, "--database", database)
    (fault,) = of(json.loads(done.stdout)["findings"], "database")
    assert done.returncode == 1 and fault["level"] == "fault" and "backup" in fault["fix"]


def test_file_that_is_no_database_of_ours_is_a_fault(daemon, tmp_path):
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE t (x)")
    done = Skepctl().run("doctor", "--json", "--url", daemon.url, "--database", other)
    (fault,) = of(json.loads(done.stdout)["findings"], "database")
    assert fault["level"] == "fault" and "not a database of skep" in fault["text"]


def test_full_disk_is_a_fault(tmp_path):
    with own_mounts_or_skip():
        mount_small(tmp_path, 4096)
        with Skepd(database=tmp_path / "skep.db") as full:
            fill(tmp_path / "ballast")
            status, findings = examine(full)
            assert status == 1 and [one["level"] for one in of(findings, "disk")] == ["fault"]
            (tmp_path / "ballast").unlink()


@contextlib.contextmanager
def own_mounts_or_skip():
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(own_mounts())
        except OSError as refusal:
            pytest.skip(f"{refusal}: run as root, or under unshare --map-root-user")
        yield


def test_certificate_is_checked(tmp_path):
    authority = Authority(tmp_path)
    port = free_port()
    with Skepd(f"https = {{ port = {port}; {authority.issue('server').setting} }};") as tracker:
        url = f"https://127.0.0.1:{port}/announce"
        status, findings = examine(tracker, url)
        (fault,) = of(findings, "https", "fault")
        assert status == 1 and "certificate" in fault["fix"]
        trusted = ("--cacert", authority.certificate)
        status, findings = examine(tracker, url, *trusted)
        assert status == 0 and of(findings, "https", "good")
        assert any("expires in" in one["text"] for one in of(findings, "https", "warning"))
    port = free_port()
    other = authority.issue("other", "127.0.0.2").setting
    with Skepd(f"https = {{ port = {port}; {other} }};") as tracker:
        status, findings = examine(tracker, f"https://127.0.0.1:{port}/announce", *trusted)
        assert status == 1 and of(findings, "https", "fault")


def test_udp_replies_from_another_address_are_a_fault(daemon):
    """As a NAT or a second address of the machine can cause; clients ignore such replies."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as at, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        at.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.2", 0))
        threading.Thread(target=answer_connects, args=(at, other), daemon=True).start()
        status, findings = examine(daemon, "--timeout", "1", f"udp://127.0.0.1:{at.getsockname()[1]}")
        (fault,) = of(findings, "udp")
        assert status == 1 and "127.0.0.2" in fault["text"] and "ignore" in fault["fix"]


def answer_connects(at, other):
    with contextlib.suppress(OSError):
        while True:
            packet, client = at.recvfrom(2048)
            if packet[8:12] == bytes(4):
                other.sendto(bytes(4) + packet[12:16] + bytes(8), client)


def test_name_that_leads_elsewhere_is_reported():
    with contextlib.ExitStack() as stack:
        try:
            network = stack.enter_context(own_network())
        except OSError as refusal:
            pytest.skip(f"{refusal}: run as root, or under unshare --map-root-user")
        tracker = stack.enter_context(Skepd())
        elsewhere = network.new_v4()  # reaches this machine, but no interface has it: as behind a router
        status, findings = examine(tracker, f"http://{elsewhere}:{tracker.port}/announce")
        (warning,) = of(findings, "name")
        assert status == 0 and elsewhere in warning["text"] and "DNS" in warning["fix"]
        assert of(findings, "http", "good")
        status, findings = examine(tracker, "http://tracker.invalid/announce")
        assert status == 1 and of(findings, "name", "fault")


def test_clients_behind_one_address_and_small_buffers_are_reported():
    with Skepd("udp = { receive_buffer = 1000000000; };", udp=True) as tracker:
        for _ in range(12):
            Peer(tracker.port, random_hash()).start()
        status, findings = examine(tracker)
        (proxy,) = of(findings, "proxy")
        assert status == 0 and "12 of 12 peers" in proxy["text"] and "trusted_proxies" in proxy["fix"]
        (buffers,) = of(findings, "buffers")
        assert buffers["level"] == "warning" and "rmem_max" in buffers["fix"]


def test_stranger_is_told_that_a_token_is_required(daemon):
    with Skepd('http = { admin_token = "0123456789abcdef"; admins = [ ]; };') as guarded:
        status, findings = examine(guarded, "--token", "0123456789abcdef")
        assert of(findings, "skepd")[0]["level"] == "good"
        status, findings = examine(guarded)
        assert any("token" in (one["fix"] or "") for one in of(findings, "skepd"))


def test_engine_of_a_cluster_is_checked():
    with Engine("--appendonly", "no") as engine, \
            Skepd(f'cluster = {{ engine = "{engine.url}"; timeout_ms = 500; join_timeout_s = 1; }};') as node:
        wait_until(lambda: of(examine(node)[1], "cluster", "warning"))
        (warning,) = of(examine(node)[1], "cluster")
        assert "appendonly" in warning["text"]
        engine.kill()
        wait_until(lambda: of(examine(node)[1], "cluster", "fault"))
        engine.options = ()
        engine.start()
        wait_until(lambda: of(examine(node)[1], "cluster", "good"))
        engine.run("CONFIG SET maxmemory 1")
        Peer(node.port, random_hash()).start()
        wait_until(lambda: of(examine(node)[1], "cluster", "fault"))
        (fault,) = of(examine(node)[1], "cluster")
        assert "engine refuses commands" in fault["text"] and "OOM" in fault["text"]


def test_health_needs_no_permission():
    with Skepd("http = { admins = [ ]; };") as tracker:
        assert Skepctl()("health", "--url", tracker.url) == "healthy\n"
    assert "refused" in Skepctl().refuses("health", "--url", tracker.url, status=SILENT)


def test_invalid_arguments_are_refused(daemon):
    status, findings = examine(daemon, "ftp://tracker.example/announce")
    assert status == 1 and of(findings, "url", "fault")
    done = subprocess.run([Skepctl().run.__globals__["program"](), "doctor", "--timeout", "never"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "--timeout" in done.stderr
