"""The page and its files, admin permission, request bodies."""

import contextlib
import gzip
import http.client
import json
import pathlib
import re
import select
import socket

import pytest

from support.announce import connect, exchange, get, parse_reply, read_reply, read_to_end
from support.network import own_network
from support.skepd import ROOT, Skepd
from support.waiting import wait_until

TOKEN = "a-token-of-24-characters"
UPLOAD_MAX = 50_000
CONFIG = f'''http = {{ admin_token = "{TOKEN}"; admins = [ "127.0.0.1", "127.5.0.1", "::1" ];
                       hostnames = [ "tracker.lan" ]; upload_max = {UPLOAD_MAX};
                       request_timeout_s = 1; }};
              network = {{ trusted_proxies = [ "127.5.0.1" ]; }};'''
STRANGER, PROXY = "127.0.0.9", "127.5.0.1"
API = "/api/v1/nothing"
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
                               "img-src 'self' data:; connect-src 'self'; font-src 'self'; "
                               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PAGE = ROOT / "src" / "page"
CHART = pathlib.Path("/usr/share/javascript/chart.js/chart.min.js")


def error_of(reply):
    assert reply.headers["Content-Type"] == "application/json"
    error = json.loads(reply.body)["error"]
    assert set(error) == {"code", "message"} and error["message"]
    return error["code"]


def send(daemon, head, *lines, method="POST", body=b"", source="127.0.0.1"):
    """One request with headers as they stand here; whatever comes back until the end."""
    lines = [f"{method} {head} HTTP/1.1", "Connection: close", *lines, "", ""]
    return parse_reply(exchange(daemon.port, "\r\n".join(lines).encode() + body, source))


# The page

def test_browser_gets_the_page(daemon):
    reply = get(daemon.port, "/", headers=HTML)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    before, after = (PAGE / "index.html").read_bytes().split(b"<noscript>")
    assert reply.body.startswith(before) and reply.body.endswith(after)
    assert "Accept" in reply.headers["Vary"]


def test_page_without_scripts_has_totals_and_announce_urls(daemon):
    page = get(daemon.port, "/", headers=HTML).body.decode()
    plain = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert "seeders and" in plain and f"<code>http://127.0.0.1:{daemon.port}/announce</code>" in plain


def test_page_tells_strangers_nothing():
    with Skepd(config='http = { admins = [ "127.0.0.2" ]; };') as daemon:
        page = get(daemon.port, "/", headers=HTML)
        assert page.body == (PAGE / "index.html").read_bytes() and page.headers["ETag"]


def test_page_works_below_any_path(daemon):
    page = get(daemon.port, "/", headers=HTML).body.decode()
    targets = re.findall(r'(?:href|src)="([^"#]*)', page)
    assert len([t for t in targets if t]) > 8 and not any(t.startswith("/") for t in targets)


@pytest.mark.parametrize("accept", ["*/*", "text/plain", "application/json", "text/html;q=0"])
def test_others_get_plain_text(daemon, accept):
    reply = get(daemon.port, "/", headers={"Accept": accept})
    assert reply.headers["Content-Type"] == "text/plain"
    assert b"/announce" in reply.body


@pytest.mark.parametrize("path", ["/", "/nothing", "/metrics", "/assets/nothing", API])
def test_every_response_has_security_headers(daemon, path):
    for source in ("127.0.0.1", STRANGER):
        headers = get(daemon.port, path, source, headers=HTML).headers
        assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/health", 200), ("POST", "/health", 405), ("POST", "/announce", 405),
    ("GET", "/" + "x" * 5000, 414)])
def test_server_errors_are_plain_text(daemon, method, path, status):
    reply = get(daemon.port, path, method=method)
    assert reply.status == status
    assert reply.headers["Content-Type"] == "text/plain"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def files_of_the_page():
    files = [path for path in PAGE.rglob("*") if path.is_file() and path.name != "embed"]
    return [(str(path.relative_to(PAGE)), path) for path in files] + [("chart.min.js", CHART)]


@pytest.mark.parametrize("name, path", files_of_the_page())
def test_each_file_is_served_plain_and_compressed(daemon, name, path):
    plain = get(daemon.port, f"/assets/{name}", headers={"Accept-Encoding": "identity"})
    packed = get(daemon.port, f"/assets/{name}", headers={"Accept-Encoding": "gzip, br"})
    assert (plain.status, plain.headers["Content-Encoding"]) == (200, None)
    assert plain.body == path.read_bytes()
    assert packed.headers["Content-Type"] == plain.headers["Content-Type"]
    if packed.headers["Content-Encoding"] == "gzip":
        assert len(packed.body) < len(plain.body)
        assert gzip.decompress(packed.body) == plain.body
        assert packed.headers["ETag"] != plain.headers["ETag"]
    else:
        assert packed.body == plain.body
    assert packed.headers["Vary"] == "Accept-Encoding"


def test_large_script_is_compressed(daemon):
    reply = get(daemon.port, "/assets/chart.min.js", headers={"Accept-Encoding": "gzip"})
    assert reply.headers["Content-Encoding"] == "gzip"
    assert reply.headers["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("path, accept", [("/assets/chart.min.js", "*/*")])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_unchanged_file_is_not_sent_again(daemon, path, accept, encoding):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port)
    headers = {"Accept": accept, "Accept-Encoding": encoding}
    etag = get(daemon.port, path, headers=headers).headers["ETag"]
    for known, status in ((etag, 304), (f'"x", W/{etag}', 304), ('"x"', 200)):
        connection.request("GET", path, headers={**headers, "If-None-Match": known})
        reply = connection.getresponse()
        assert (reply.status, reply.headers["ETag"]) == (status, etag)
        assert reply.headers["Cache-Control"] == "no-cache"
        assert (reply.read() == b"") == (status == 304)
    connection.close()


@pytest.mark.parametrize("path", ["/", "/assets/chart.min.js", "/metrics", "/nothing", API,
                                  "/health", "/robots.txt", "/favicon.ico"])
def test_head_is_a_get_without_a_body(daemon, path):
    head = send(daemon, path, "Host: localhost", method="HEAD")
    whole = send(daemon, path, "Host: localhost", method="GET")
    assert (head.status, head.body) == (whole.status, b"")
    if path != "/metrics":
        assert head.headers["content-length"] == str(len(whole.body))


def test_files_that_every_site_is_asked_for(daemon):
    robots = get(daemon.port, "/robots.txt")
    assert (robots.status, robots.body) == (200, b"User-agent: *\nDisallow: /\n")
    icon = get(daemon.port, "/favicon.ico")
    assert (icon.status, icon.headers["Content-Type"]) == (200, "image/svg+xml")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", ["/", "/assets/style/base.css", "/metrics", "/health"])
def test_wrong_method_is_refused_with_the_right_ones(daemon, method, path):
    reply = get(daemon.port, path, method=method, headers={"Content-Length": "0"})
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", [
    "/assets", "/assets/", "/assets/../index.html", "/assets/nothing.js", "/style.css",
    "/assets/style/base.css/", "/assets/style/style.css%00", "/index.html", "/API/v1/session", "/apiv1"])
def test_other_paths_are_not_found(daemon, path):
    reply = get(daemon.port, path)
    assert (reply.status, reply.headers["Content-Type"]) == (404, "text/plain")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v2/session", "/api/v1", API,
                                  "/api/v1/nothing/announce", "/api/scrape"])
def test_api_errors_are_json(daemon, path):
    reply = get(daemon.port, path)
    assert (reply.status, error_of(reply)) == (404, "not_found")
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("target, status", [
    ("/" + "x" * 4000, 404), ("/" + "x" * 4096, 414), ("/?" + "x" * 4000, 200),
    ("/?" + "x" * 4096, 414)])
def test_address_longer_than_the_bound_is_refused(daemon, target, status):
    with connect(daemon.port) as sock:
        for _ in range(2):
            sock.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert read_reply(sock).status == status


# Admin permission, checked with /metrics

def sees_metrics(daemon, *lines, source="127.0.0.1"):
    reply = send(daemon, "/metrics", *lines, method="GET", source=source)
    assert reply.status in (200, 401, 403)
    assert (b"skep_build_info" in reply.body) == (reply.status == 200)
    return reply


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:6969", "[::1]:6969", "localhost",
                                  "tracker.lan:6969", "TRACKER.LAN", socket.gethostname()])
def test_admin_requires_a_correct_host_header(daemon, host):
    assert sees_metrics(daemon, f"Host: {host}").status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "lan", ""])
def test_foreign_host_name_makes_no_admin(daemon, host):
    reply = sees_metrics(daemon, f"Host: {host}")
    assert reply.status == 403
    assert b"http.hostnames" in reply.body


def test_other_networks_are_no_admins(daemon):
    reply = sees_metrics(daemon, "Host: 127.0.0.1", source=STRANGER)
    assert reply.status == 403
    assert b"http.admins" in reply.body


@pytest.mark.parametrize("source, host", [(STRANGER, "127.0.0.1"), ("127.0.0.1", "evil.example"),
                                          ("127.0.0.1", "127.0.0.1")])
def test_token_makes_an_admin(daemon, source, host):
    lines = [f"Host: {host}", f"Authorization: Bearer {TOKEN}"]
    assert sees_metrics(daemon, *lines, source=source).status == 200
    reply = sees_metrics(daemon, lines[0], lines[1] + "x", source=source)
    assert reply.status == 401
    assert reply.headers["www-authenticate"] == "Bearer"


def test_other_schemes_are_ignored(daemon):
    basic = "Authorization: Basic dXNlcjpwYXNz"
    assert sees_metrics(daemon, "Host: 127.0.0.1", basic).status == 200
    assert sees_metrics(daemon, "Host: 127.0.0.1", basic, source=STRANGER).status == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1",
                                    "X-Real-IP: 127.0.0.1", "Via: 1.1 proxy"])
def test_proxy_that_is_not_trusted_makes_no_admin(daemon, header):
    reply = sees_metrics(daemon, "Host: localhost", header)
    assert reply.status == 403
    assert b"network.trusted_proxies" in reply.body


def sees_metrics_by_old_http(daemon, *lines, source="127.0.0.1"):
    request = "\r\n".join(["GET /metrics HTTP/1.0", *lines, "", ""])
    return parse_reply(exchange(daemon.port, request.encode(), source)).status


def test_proxy_that_adds_nothing_makes_no_admin(daemon):
    host = f"Host: 127.0.0.1:{daemon.port}"
    assert sees_metrics_by_old_http(daemon, host, "Connection: close") == 403
    assert sees_metrics_by_old_http(daemon, host, f"Authorization: Bearer {TOKEN}") == 200
    assert sees_metrics_by_old_http(daemon, "Host: tracker.lan", "X-Forwarded-For: 127.0.0.1",
                                    source=PROXY) == 200


@pytest.mark.parametrize("headers, status", [
    (["X-Forwarded-For: 127.0.0.1"], 200), (["X-Forwarded-For: 198.51.100.7"], 403),
    (["X-Forwarded-For: nonsense"], 403), (["X-Real-IP: 127.0.0.1"], 403),
    (["X-Forwarded-For:"], 403), (["X-Forwarded-For: , "], 403), (["Forwarded: ,"], 403),
    ([], 403),
    (["X-Forwarded-For: 127.0.0.1", "Via: 1.1 proxy"], 200)])
def test_client_behind_a_trusted_proxy_decides(daemon, headers, status):
    assert sees_metrics(daemon, "Host: tracker.lan", *headers, source=PROXY).status == status


def test_proxys_own_address_makes_no_admin(daemon):
    reply = sees_metrics(daemon, "Host: tracker.lan", source=PROXY)
    assert reply.status == 403
    assert b"network.trusted_proxies" in reply.body and b"http.admin_token" in reply.body
    token = f"Authorization: Bearer {TOKEN}"
    assert sees_metrics(daemon, "Host: tracker.lan", token, source=PROXY).status == 200


@pytest.fixture
def network():
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(own_network())
        except OSError as refusal:
            pytest.skip(f"{refusal}: run as root, or under unshare --map-root-user")


@pytest.mark.parametrize("named, status", [("127.0.0.1", 403), ("::1", 403),
                                           ("::ffff:127.0.0.1", 403), ("10.69.0.9", 200)])
def test_proxy_elsewhere_cannot_name_this_machine(network, named, status):
    proxy = network.new_v4()
    config = f'''http = {{ admins = [ "127.0.0.0/8", "::1", "10.69.0.9" ]; }};
                  network = {{ trusted_proxies = "{proxy}"; }};'''
    with Skepd(config) as daemon:
        for header in (f"X-Forwarded-For: {named}", f'Forwarded: for="{bracketed(named)}"'):
            reply = sees_metrics(daemon, "Host: 127.0.0.1", header, source=proxy)
            assert reply.status == status


def bracketed(address):
    return f"[{address}]" if ":" in address else address


# What another site's page sends

@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("lines", [
    ["Origin: http://evil.example"], ["Origin: null"], ["Origin: http://127.0.0.1:1"],
    ["Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: same-site"],
    ["Origin: http://evil.example", f"Authorization: Bearer {TOKEN}"]])
def test_cross_site_change_is_refused(daemon, method, lines):
    reply = send(daemon, API, f"Host: 127.0.0.1:{daemon.port}", *lines, method=method)
    assert reply.status == 403
    assert json.loads(reply.body)["error"]["code"] == "cross_site"


def test_same_site_change_is_accepted(daemon):
    here = f"127.0.0.1:{daemon.port}"
    reply = send(daemon, API, f"Host: {here}", f"Origin: http://{here}",
                 "Sec-Fetch-Site: same-origin", method="DELETE")
    assert reply.status == 404


# Bodies

def post(daemon, length, *lines, host="127.0.0.1", source="127.0.0.1"):
    return send(daemon, API, f"Host: {host}", f"Content-Length: {length}", *lines,
                body=b"x" * length, source=source)


def test_admin_may_send_as_much_as_the_bound(daemon):
    assert post(daemon, UPLOAD_MAX).status == 404
    assert post(daemon, UPLOAD_MAX, f"Authorization: Bearer {TOKEN}", source=STRANGER).status == 404


def test_larger_body_of_an_admin_is_refused_after_it_was_sent(daemon):
    with connect(daemon.port) as sock:
        for length, status in ((UPLOAD_MAX + 1, 413), (1_000_000, 413), (10, 404)):
            head = f"POST {API} HTTP/1.1\r\nHost: [::1]\r\nContent-Length: {length}\r\n\r\n"
            sock.sendall(head.encode() + b"x" * length)
            reply = read_reply(sock)
            assert reply.status == status
    assert json.loads(post(daemon, UPLOAD_MAX + 1).body)["error"]["code"] == "too_large"


@pytest.mark.parametrize("size, status", [(1000, 404), (UPLOAD_MAX + 1, 413)])
def test_chunks_count_together(daemon, size, status):
    parts = (b"x" * (size // 2), b"x" * (size - size // 2))
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    reply = send(daemon, API, "Host: 127.0.0.1", "Transfer-Encoding: chunked",
                 body=chunks + b"0\r\n\r\n")
    assert reply.status == status


def test_expect_continue_is_answered_before_the_body(daemon):
    for length, first in ((UPLOAD_MAX + 1, 413), (UPLOAD_MAX, 100)):
        with connect(daemon.port) as sock:
            sock.sendall(f"POST {API} HTTP/1.1\r\nHost: [::1]\r\nExpect: 100-continue\r\n"
                         f"Content-Length: {length}\r\n\r\n".encode())
            assert read_reply(sock).status == first


@pytest.mark.parametrize("source, host, lines, status", [
    (STRANGER, "127.0.0.1", [], 403), ("127.0.0.1", "evil.example", [], 403),
    (STRANGER, "127.0.0.1", ["Authorization: Bearer wrong"], 401),
    ("127.0.0.1", "127.0.0.1", ["Origin: http://evil.example"], 403)])
@pytest.mark.parametrize("length", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_body_of_others_is_refused_before_it_comes(daemon, source, host, lines, length, status):
    with connect(daemon.port, source) as sock:
        sock.sendall("\r\n".join([f"POST {API} HTTP/1.1", f"Host: {host}", length, *lines,
                                  "", ""]).encode())
        reply = read_reply(sock)
        assert reply.status == status
        assert reply.headers["connection"].lower() == "close"
        assert read_to_end(sock) == b""


def test_short_body_of_other_clients_is_dropped(daemon):
    with connect(daemon.port, STRANGER) as sock:
        for _ in range(2):
            sock.sendall(f"POST {API} HTTP/1.1\r\nHost: [::1]\r\n"
                         "Content-Length: 4096\r\n\r\n".encode() + b"x" * 4096)
            assert read_reply(sock).status == 403


@pytest.mark.parametrize("path", ["/", "/metrics", "/health", "/nothing"])
def test_body_is_rejected_if_the_resource_takes_none(daemon, path):
    with connect(daemon.port) as sock:
        sock.sendall(f"POST {path} HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 9999\r\n\r\n".encode())
        assert read_reply(sock).status == (404 if path == "/nothing" else 405)
        assert read_to_end(sock) == b""


@pytest.mark.parametrize("source, status", [("127.0.0.1", 200), (STRANGER, 403)])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_body_of_a_get_changes_nothing(daemon, method, source, status):
    lines = ["Host: [::1]", "Content-Length: 2"]
    with connect(daemon.port, source) as sock:
        head = "\r\n".join([f"{method} /api/v1/torrents HTTP/1.1", *lines, "", ""])
        sock.sendall(head.encode() + b"{}" + b"GET /health HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n")
        replies = read_to_end(sock)
    assert replies.startswith(f"HTTP/1.1 {status} ".encode())
    assert replies.endswith(b"\r\n\r\nok\n")


def begin_upload(daemon):
    """All of a body but its last byte, which the daemon holds in memory from then on."""
    sock = connect(daemon.port)
    sock.sendall(f"POST {API} HTTP/1.1\r\nHost: [::1]\r\n"
                 f"Content-Length: {UPLOAD_MAX}\r\n\r\n".encode() + b"x" * (UPLOAD_MAX - 1))
    assert not select.select([sock], [], [], 0.3)[0]
    return sock


def test_bodies_together_are_bounded():
    config = f"http = {{ upload_max = {UPLOAD_MAX}; uploads_max = {UPLOAD_MAX + 20_000}; }};"
    with Skepd(config) as daemon:
        with begin_upload(daemon) as sock:
            reply = post(daemon, UPLOAD_MAX)
            assert reply.status == 503
            assert json.loads(reply.body)["error"]["code"] == "busy"
            assert int(reply.headers["retry-after"]) > 0
            assert post(daemon, 10_000).status == 404
            sock.sendall(b"x")
            assert read_reply(sock).status == 404
        for _ in range(3):
            assert post(daemon, UPLOAD_MAX).status == 404
        with begin_upload(daemon):
            assert post(daemon, UPLOAD_MAX).status == 503
        wait_until(lambda: post(daemon, UPLOAD_MAX).status == 404)


def test_slow_body_is_cut_off(daemon):
    with connect(daemon.port) as sock:
        sock.sendall(f"POST {API} HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 9999\r\n\r\nx".encode())
        assert not select.select([sock], [], [], 0.5)[0]
        assert read_to_end(sock) == b""


def test_sender_that_goes_away_leaves_nothing_behind(daemon):
    for _ in range(20):
        with connect(daemon.port) as sock:
            sock.sendall(f"POST {API} HTTP/1.1\r\nHost: [::1]\r\n"
                         f"Content-Length: {UPLOAD_MAX}\r\n\r\n".encode() + b"x" * 30_000)
    files = pathlib.Path(f"/proc/{daemon.pid}/fd")
    wait_until(lambda: sum(link.is_socket() for link in files.iterdir()) < 10)
    assert post(daemon, UPLOAD_MAX).status == 404


# Settings

def test_settings_follow_a_reload():
    with Skepd("") as daemon:
        assert sees_metrics(daemon, "Host: name").status == 403
        daemon.reload('http = { hostnames = [ "name" ]; upload_max = 1024; };')
        wait_until(lambda: sees_metrics(daemon, "Host: name").status == 200)
        assert post(daemon, 1025).status == 413
        daemon.reload(f'http = {{ admins = [ ]; admin_token = "{TOKEN}"; }};')
        wait_until(lambda: sees_metrics(daemon, "Host: localhost").status == 403)
        assert get(daemon.port, "/metrics", headers=BEARER).status == 200


@pytest.mark.parametrize("setting", [
    'admin_token = "too-short";', 'admin_token = "with spaces in between";',
    'hostnames = [ "http://name" ];', 'hostnames = [ "" ];', 'hostnames = [ "name:80" ];',
    "upload_max = 10;"])
def test_invalid_setting_is_refused(setting):
    with Skepd("") as daemon:
        daemon.reload(f"http = {{ {setting} }};")
        daemon.wait_for_log("error", "http." + setting.split()[0])
