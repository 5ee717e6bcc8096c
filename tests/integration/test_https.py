"""HTTPS: clients, certificates and their renewal."""

import contextlib
import pathlib
import socket
import ssl
import subprocess
import threading
import time

import pytest

from support import bencode
from support.announce import Peer, connect, get, read_reply, read_to_end, scraped
from support.certificates import Authority
from support.skepd import STOP_S, Skepd, SkepdFailed, free_port, run
from support.waiting import wait_until

CUT_OFF_S = 12  # a busy machine may be late, but the other limits are longer


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def issued(authority):
    """Created once, since keys are expensive; tests work on copies."""
    return {name: authority.issue(name) for name in ("first", "second")}


@pytest.fixture
def files(authority, issued, tmp_path):
    """Copies for the test to change; initially the first certificate."""
    place = type(issued["first"])(tmp_path / "skepd.pem", tmp_path / "skepd.key")
    issued["first"].copy_to(place)
    return place


class SecureSkepd(Skepd):
    def __init__(self, files, more="", http="", **rest):
        self.tls_port = free_port()
        super().__init__(self.text(files, more, http), **rest)

    def text(self, files, more="", http=""):
        return (f"https = {{ port = {self.tls_port}; {files.setting} }};"
                f"http = {{ {http or 'request_timeout_s = 1;'} }}; {more}")


@pytest.fixture(scope="module")
def daemon(issued):
    with SecureSkepd(issued["first"]) as daemon:
        yield daemon


def secure(daemon, authority, source="127.0.0.1", **limits):
    """A TLS connection to the tracker; the certificate must be valid."""
    context = ssl.create_default_context(cafile=authority.certificate)
    for name, value in limits.items():
        setattr(context, name, value)
    host = "::1" if ":" in source else "127.0.0.1"
    sock = connect(daemon.tls_port, source)
    try:
        return context.wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise


def ask(sock, target, *headers):
    lines = [f"GET {target} HTTP/1.1", "Host: tracker", *headers, "", ""]
    sock.sendall("\r\n".join(lines).encode())
    return read_reply(sock)


def name_of(sock):
    return dict(pair for pairs in sock.getpeercert()["subject"] for pair in pairs)["commonName"]


def shown(daemon, authority):
    with secure(daemon, authority) as sock:
        return name_of(sock)


def curl(authority, *args):
    command = ["curl", "-sS", "--max-time", "30", "--cacert", authority.certificate, *args]
    return subprocess.run(command, capture_output=True)


# Connections

@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_curl_announces(daemon, authority, leecher, host):
    done = curl(authority, "-g", f"https://{host}:{daemon.tls_port}{leecher.target()}")
    assert done.returncode == 0, done
    assert bencode.decode(done.stdout)[b"incomplete"] == 1


def test_page_is_isolated_from_its_opener(daemon, authority):
    with secure(daemon, authority) as sock:
        assert ask(sock, "/").headers["cross-origin-opener-policy"] == "same-origin"
    assert "Cross-Origin-Opener-Policy" not in get(daemon.port, "/").headers


def test_curl_reuses_its_connection(daemon, authority, leecher):
    url = f"https://127.0.0.1:{daemon.tls_port}{leecher.target()}"
    done = curl(authority, "-o", "/dev/null", "-o", "/dev/null", "-w", "%{num_connects} ", url, url)
    assert done.stdout.split() == [b"1", b"0"]


def test_swarms_are_the_same_as_over_http(daemon, authority, leecher, peer, torrent):
    with secure(daemon, authority) as sock:
        assert ask(sock, leecher.target()).failure is None
    assert scraped(daemon.port, torrent) == (0, 1, 0)
    assert leecher.endpoint in peer().start().peers
    with secure(daemon, authority, source="127.0.0.9") as sock:
        assert ask(sock, peer().target())["external ip"] == bytes([127, 0, 0, 9])


def test_connection_stays_open_between_announces(daemon, authority, leecher):
    with secure(daemon, authority) as sock:
        for _ in range(20):
            reply = ask(sock, leecher.target())
            assert reply.failure is None
            assert reply.headers.get("connection", "").lower() != "close"


@pytest.mark.parametrize("length", [1000, 4000, 8000, 12_000, 15_000])
def test_long_request_is_answered(daemon, authority, leecher, length):
    with secure(daemon, authority) as sock:
        assert ask(sock, leecher.target() + "&x=" + "x" * length).failure is None


def test_request_in_many_records_is_answered(daemon, authority, leecher):
    with secure(daemon, authority) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in f"GET {leecher.target()} HTTP/1.1\r\nHost: x\r\n\r\n".encode():
            sock.sendall(bytes([byte]))
        assert read_reply(sock).failure is None


def test_pipelined_requests_are_answered_in_order(daemon, authority, peer):
    swarm = [peer() for _ in range(5)]
    lines = "".join(f"GET {one.target()} HTTP/1.1\r\nHost: x\r\n\r\n" for one in swarm)
    with secure(daemon, authority) as sock:
        sock.sendall(lines.encode())
        assert [read_reply(sock)["incomplete"] for _ in swarm] == [1, 2, 3, 4, 5]


def test_announce_urls_are_printed_for_both(daemon):
    daemon.wait_for_log(f"http://127.0.0.1:{daemon.port}/announce")
    daemon.wait_for_log(f"https://127.0.0.1:{daemon.tls_port}/announce")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(daemon, authority, leecher, version):
    limits = {"minimum_version": version, "maximum_version": version}
    with secure(daemon, authority, **limits) as sock:
        assert ask(sock, leecher.target()).failure is None


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_older_tls_is_refused(daemon, authority, version):
    done = curl(authority, "--tls-max", version, f"--tlsv{version}", "--ciphers",
                "DEFAULT@SECLEVEL=0", f"https://127.0.0.1:{daemon.tls_port}/")
    assert done.returncode == 35, done


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_keys_of_other_kinds_are_served(authority, kind):
    with SecureSkepd(authority.issue(kind, kind=kind)) as daemon:
        assert shown(daemon, authority) == f"skep's {kind}"


def test_chain_is_sent_along(authority, tmp_path):
    between = Authority(tmp_path, "between", signer=authority)
    with SecureSkepd(between.issue("leaf")) as daemon:
        assert shown(daemon, authority) == "skep's leaf"


def test_trusted_proxy_may_speak_tls(issued, authority, torrent):
    with SecureSkepd(issued["first"], 'network = { trusted_proxies = "127.5.0.1"; };') as daemon:
        header = "X-Forwarded-For: 198.51.100.7"
        for source, client in (("127.5.0.1", "198.51.100.7"), ("127.5.0.2", "127.5.0.2")):
            with secure(daemon, authority, source) as sock:
                reply = ask(sock, Peer(daemon.port, torrent).target(), header)
                assert reply["external ip"] == socket.inet_aton(client)


def test_listens_only_where_http_does(issued, authority):
    with SecureSkepd(issued["first"], http='listen = ["127.0.0.1"];') as daemon:
        assert shown(daemon, authority)
        with pytest.raises(ConnectionRefusedError):
            connect(daemon.tls_port, source="::1")


# Invalid and incomplete TLS

def test_plain_http_is_closed_at_once(issued):
    patient = "request_timeout_s = 300; idle_timeout_s = 300;"
    with SecureSkepd(issued["first"], http=patient) as daemon, connect(daemon.tls_port) as sock:
        sock.sendall(b"GET /announce HTTP/1.1\r\nHost: x\r\n\r\n")
        assert not read_to_end(sock).startswith(b"HTTP")


def client_hello():
    hello, nothing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = ssl.create_default_context().wrap_bio(nothing, hello, server_hostname="x")
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    return hello.read()


@pytest.mark.parametrize("start", ["nothing", "half a hello", "a hello"])
def test_unfinished_handshake_is_cut_off(daemon, start):
    hello = client_hello()
    sent = {"nothing": b"", "half a hello": hello[: len(hello) // 2], "a hello": hello}[start]
    with connect(daemon.tls_port) as sock:
        sock.sendall(sent)
        started = time.monotonic()
        read_to_end(sock)
        assert time.monotonic() - started < CUT_OFF_S


def test_handshake_byte_by_byte_is_cut_off(daemon):
    started = time.monotonic()
    with connect(daemon.tls_port) as sock, contextlib.suppress(ConnectionError):
        for byte in client_hello() * 10:
            sock.sendall(bytes([byte]))
            time.sleep(0.02)
    assert time.monotonic() - started < CUT_OFF_S


def test_slow_request_over_tls_is_cut_off(daemon, authority):
    started = time.monotonic()
    with secure(daemon, authority) as sock, contextlib.suppress(OSError):
        while time.monotonic() - started < CUT_OFF_S + 3:
            sock.sendall(b"G")
            time.sleep(0.02)
    assert time.monotonic() - started < CUT_OFF_S


def test_half_closed_connections_are_gone_soon(daemon, authority):
    files = pathlib.Path(f"/proc/{daemon.pid}/fd")
    before = len(list(files.iterdir()))
    hello = client_hello()
    with contextlib.ExitStack() as stack:
        for number in range(100):
            sock = stack.enter_context(connect(daemon.tls_port, f"127.8.0.{number % 5 + 1}"))
            sock.send(hello, socket.MSG_MORE)
            sock.shutdown(socket.SHUT_WR)
        wait_until(lambda: len(list(files.iterdir())) < before + 5)
    assert shown(daemon, authority) == "skep's first"


def test_connections_of_one_address_are_bounded(issued, authority):
    bound = "connections_per_address_max = 2; idle_timeout_s = 30;"
    with SecureSkepd(issued["first"], "limits = { loopback = true; };", http=bound) as daemon:
        with secure(daemon, authority, "127.8.0.1"), secure(daemon, authority, "127.8.0.1"):
            with pytest.raises(OSError):
                secure(daemon, authority, "127.8.0.1")
            with pytest.raises(OSError):
                get(daemon.port, "/", "127.8.0.1")
            secure(daemon, authority, "127.8.0.2").close()


# A reload

def test_reload_shows_the_new_certificate_to_new_connections(issued, authority, files, torrent):
    with SecureSkepd(files) as daemon:
        target = Peer(daemon.port, torrent).target()
        with secure(daemon, authority) as old:
            assert name_of(old) == "skep's first"
            assert ask(old, target).failure is None
            issued["second"].copy_to(files)
            daemon.reload()
            wait_until(lambda: shown(daemon, authority) == "skep's second")
            assert ask(old, target).failure is None


def test_handshake_that_began_before_a_reload_is_finished(issued, authority, files):
    context = ssl.create_default_context(cafile=authority.certificate)
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    late = context.wrap_bio(received, sent, server_hostname="127.0.0.1")
    with pytest.raises(ssl.SSLWantReadError):
        late.do_handshake()
    hello = sent.read()
    with SecureSkepd(files, http="idle_timeout_s = 30;") as daemon:
        with connect(daemon.tls_port) as sock:
            sock.sendall(hello[:1])
            time.sleep(0.2)
            issued["second"].copy_to(files)
            daemon.reload()
            wait_until(lambda: shown(daemon, authority) == "skep's second")
            sock.sendall(hello[1:])
            while late.version() is None or not late.getpeercert():
                received.write(sock.recv(65536))
                with contextlib.suppress(ssl.SSLWantReadError):
                    late.do_handshake()
            assert name_of(late) == "skep's first"


def test_reload_may_name_other_files(issued, authority, files):
    with SecureSkepd(files) as daemon:
        assert shown(daemon, authority) == "skep's first"
        daemon.reload(daemon.text(issued["second"]))
        wait_until(lambda: shown(daemon, authority) == "skep's second")


def break_certificate(files, issued):
    files.certificate.write_text("no certificate\n")


def break_key(files, issued):
    files.key.write_text("no key\n")


def remove_certificate(files, issued):
    files.certificate.unlink()


def remove_key(files, issued):
    files.key.unlink()


def mistake_key(files, issued):
    files.key.write_bytes(issued["second"].key.read_bytes())


def mistake_certificate(files, issued):
    files.certificate.write_bytes(issued["second"].certificate.read_bytes())


def swap_files(files, issued):
    certificate = files.certificate.read_bytes()
    files.certificate.write_bytes(files.key.read_bytes())
    files.key.write_bytes(certificate)


def encrypt_key(files, issued):
    command = ["openssl", "pkcs8", "-topk8", "-v2", "aes256", "-passout", "pass:secret"]
    subprocess.run([*command, "-in", issued["first"].key, "-out", files.key], check=True)


def empty_certificate(files, issued):
    files.certificate.write_bytes(b"")


def directory_for_key(files, issued):
    files.key.unlink()
    files.key.mkdir()


def endless_certificate(files, issued):
    files.certificate.unlink()
    files.certificate.symlink_to("/dev/zero")


FAULTS = [(break_certificate, ["certificate", "skepd.pem"]), (break_key, ["key", "skepd.key"]),
          (remove_certificate, ["skepd.pem", "No such file"]),
          (remove_key, ["skepd.key", "No such file"]),
          (mistake_key, ["skepd.key", "does not match the certificate"]),
          (mistake_certificate, ["skepd.key", "does not match the certificate"]),
          (swap_files, ["skepd.pem"]), (encrypt_key, ["skepd.key"]),
          (empty_certificate, ["skepd.pem"]), (directory_for_key, ["skepd.key", "directory"]),
          (endless_certificate, ["skepd.pem", "too large"])]


@pytest.mark.parametrize("fault, words", FAULTS)
def test_bad_files_are_reported_and_the_old_ones_kept(issued, authority, files, fault, words):
    with SecureSkepd(files) as daemon, secure(daemon, authority) as old:
        fault(files, issued)
        daemon.reload(daemon.text(files, "announce = { interval_min_s = 777; };"))
        daemon.wait_for_log("error", *words)
        daemon.wait_for_log("configuration reloaded")
        assert shown(daemon, authority) == "skep's first"
        assert ask(old, "/announce")["interval"] == 777


def test_https_that_the_file_no_longer_has_is_served_until_the_restart(authority, files):
    with SecureSkepd(files) as daemon:
        daemon.reload("announce = { interval_min_s = 777; };")
        daemon.wait_for_log("configuration reloaded", "https.port")
        assert shown(daemon, authority) == "skep's first"
        assert "error" not in daemon.log()


def test_good_files_are_taken_after_bad_ones(issued, authority, files):
    with SecureSkepd(files) as daemon:
        break_key(files, issued)
        daemon.reload()
        daemon.wait_for_log("error", "skepd.key")
        issued["second"].copy_to(files)
        daemon.reload()
        wait_until(lambda: shown(daemon, authority) == "skep's second")


def test_reload_again_and_again_under_load(issued, authority, files, torrent):
    names, faults, done = set(), [], threading.Event()

    def visit():
        try:
            while not done.is_set():
                with secure(daemon, authority) as sock:
                    names.add(name_of(sock))
                    assert ask(sock, Peer(daemon.port, torrent).target()).failure is None
        except Exception as fault:
            faults.append(fault)

    with SecureSkepd(files) as daemon:
        visitors = [threading.Thread(target=visit) for _ in range(4)]
        for visitor in visitors:
            visitor.start()
        for number in range(40):
            daemon.reload(daemon.text(issued["second" if number % 2 else "first"]))
            time.sleep(0.03)
        done.set()
        for visitor in visitors:
            visitor.join()
    assert faults == []
    assert names == {"skep's first", "skep's second"}


def test_reload_of_the_port_waits_for_a_restart(authority, files):
    with SecureSkepd(files) as daemon:
        daemon.reload("announce = { interval_min_s = 777; };")
        wait_until(lambda: get(daemon.port, "/announce")["interval"] == 777)
        assert shown(daemon, authority) == "skep's first"
        assert "error" not in daemon.log()


# Start and stop

@pytest.mark.parametrize("fault, words", FAULTS)
def test_bad_files_are_refused_in_one_line(issued, files, tmp_path, fault, words):
    fault(files, issued)
    config = tmp_path / "skepd.conf"
    config.write_text(f"https = {{ port = {free_port()}; {files.setting} }};")
    database = tmp_path / "skep.db"
    started = ["--no-udp", "--port", free_port(), "--database", database]
    for arguments in (["--check-config"], started):
        done = run("--config", config, *arguments)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1, done.stderr
        for word in words:
            assert word in done.stderr


def test_good_files_pass_the_check(files, tmp_path):
    config = tmp_path / "skepd.conf"
    config.write_text(f"https = {{ port = 443; {files.setting} }};")
    done = run("--check-config", "--config", config)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("text, words", [
    ("https = { port = 443; };", ["https.port", "https.certificate", "https.key"]),
    ('https = { port = 443; certificate = "x.pem"; };', ["https.key"]),
    ('https = { port = 6969; certificate = "x.pem"; key = "x.key"; };', ["6969", "http.port"])])
def test_incompatible_settings_are_reported(tmp_path, text, words):
    config = tmp_path / "skepd.conf"
    config.write_text(text)
    done = run("--check-config", "--config", config)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    for word in words:
        assert word in done.stderr


def test_port_in_use_is_named(issued):
    with socket.create_server(("127.0.0.1", 0)) as other:
        daemon = SecureSkepd(issued["first"])
        port = other.getsockname()[1]
        daemon.config = daemon.config.replace(str(daemon.tls_port), str(port))
        with pytest.raises(SkepdFailed, match=f"{port} is in use"):
            daemon.__enter__()


def test_without_the_setting_there_is_no_tls(files):
    with Skepd(f"https = {{ {files.setting} }};") as daemon:
        assert "https://" not in daemon.log()


def test_stops_at_once_with_open_connections(issued, authority):
    with SecureSkepd(issued["first"]) as daemon:
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                stack.enter_context(secure(daemon, authority))
            half = stack.enter_context(connect(daemon.tls_port))
            half.sendall(client_hello()[:50])
            started = time.monotonic()
            daemon.stop()
            assert time.monotonic() - started <= STOP_S
