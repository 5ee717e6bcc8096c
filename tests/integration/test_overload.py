"""More connections than http.connections_max: which ones are closed, and that other clients are served."""

import contextlib
import resource
import select
import socket
import threading
import time

import pytest

from support.announce import Peer, connect, get, random_hash, read_reply, read_to_end
from support.skepd import Skepd
from support.waiting import wait_until

MAX = 64
SETTLED_S = 0.5
CONFIG = ("http = {{ connections_max = {}; connections_per_address_max = 0; {} }};"
          "limits = {{ loopback = true; }};")
ASSET = b"GET /assets/chart.min.js HTTP/1.1\r\nHost: tracker\r\n\r\n"


def figure(daemon, name, **labels):
    inner = ",".join(f'{label}="{value}"' for label, value in labels.items())
    start = f"{name}{{{inner}}} " if labels else f"{name} "
    lines = get(daemon.port, "/metrics").body.decode().splitlines()
    return float(next(line for line in lines if line.startswith(start)).rsplit(" ", 1)[1])


def evicted(daemon, reason):
    return figure(daemon, "skep_http_connections_evicted_total", reason=reason)


class Attack(threading.Thread):
    """Keeps `count` connections open from a few addresses, and opens each again as soon as it is
    closed. `begin` is sent on each."""

    def __init__(self, port, count, begin):
        super().__init__(daemon=True)
        self.port, self.count, self.begin = port, count, begin
        self.ended = threading.Event()
        self.sockets = {}
        self.opened = 0

    def open_one(self):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.bind((f"127.8.0.{self.opened % 4 + 1}", 0))
        self.opened += 1
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect(("127.0.0.1", self.port))
        self.sockets[sock.fileno()] = sock

    def run(self):
        poll = select.epoll()
        while not self.ended.is_set():
            for _ in range(min(20, self.count - len(self.sockets))):
                self.open_one()
                poll.register(list(self.sockets)[-1], select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)
            for fd, events in poll.poll(0.05):
                self.handle(fd, events)
            time.sleep(0.05)  # 400 a second
        for sock in self.sockets.values():
            sock.close()

    def handle(self, fd, events):
        if events & (select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR):
            self.sockets.pop(fd).close()
        elif self.begin:
            with contextlib.suppress(OSError):
                self.sockets[fd].send(self.begin)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.ended.set()
        self.join()


@pytest.mark.parametrize("begin, reason", [
    (b"", "no_request"), (b"GET /announce?in", "no_request"), (ASSET * 100, "response_not_read"),
    (b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", "idle")],
    ids=["silent", "part of a request", "response is not read", "idle"])
@pytest.mark.parametrize("threads", [1, 2])
def test_clients_are_served_while_every_connection_is_taken(begin, reason, threads):
    torrent = random_hash()
    with Skepd(CONFIG.format(MAX, f"threads = {threads}; request_timeout_s = 60;")) as daemon:
        with Attack(daemon.port, 3 * MAX, begin):
            wait_until(lambda: evicted(daemon, reason) > MAX)
            for number in range(30):
                client = Peer(daemon.port, torrent, source=f"127.9.0.{number + 1}")
                assert client.start().failure is None
            open_now = figure(daemon, "skep_http_connections", scheme="http")
            assert MAX / 2 < open_now <= 3 * MAX
        daemon.wait_for_log("http.connections_max = 64 reached: closed")
        assert daemon.log().count("http.connections_max") <= 2


def request(target):
    return f"GET {target} HTTP/1.1\r\nHost: tracker\r\n\r\n".encode()


def is_open(sock):
    return not select.select([sock], [], [], 0.05)[0]


def test_idle_connections_go_before_requests_that_arrive():
    with Skepd(CONFIG.format(8, "request_timeout_s = 60;")) as daemon, contextlib.ExitStack() as stack:
        def opened(raw):
            sock = stack.enter_context(connect(daemon.port))
            sock.sendall(raw)
            return sock

        get(daemon.port, "/health")
        slow = [opened(b"GET /announce?in") for _ in range(4)]
        idle = [opened(request("/health")) for _ in range(4)]
        for sock in idle:
            assert read_reply(sock).status == 200
        # A connection that is accepted while another is being closed may go beyond the limit.
        for number in range(4):
            time.sleep(SETTLED_S)
            opened(b"G")
            wait_until(lambda: sum(is_open(sock) for sock in idle) == 3 - number)
            assert all(is_open(sock) for sock in slow)
        time.sleep(SETTLED_S)
        opened(b"G")
        wait_until(lambda: sum(is_open(sock) for sock in slow) == 3)


@pytest.mark.parametrize("pipelined", [1, 1000])
def test_client_that_does_not_read_is_cut_off(pipelined):
    with Skepd(CONFIG.format(MAX, "request_timeout_s = 1;")) as daemon, socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", daemon.port))
        sock.setblocking(False)
        for _ in range(pipelined):
            with contextlib.suppress(BlockingIOError):
                sock.send(ASSET)
        name = "skep_http_responses_cut_total"
        wait_until(lambda: figure(daemon, name) == 1, timeout=90)
        wait_until(lambda: figure(daemon, "skep_http_connections", scheme="http") == 1)


def test_default_bound_is_what_the_descriptors_allow():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Skepd("", prefix=("prlimit", "--nofile=1024:1024")) as daemon:
        few = figure(daemon, "skep_limit", resource="http_connections")
        assert 256 < few < 1024
        assert "open files" not in daemon.log()
    with Skepd("", prefix=("prlimit", "--nofile=1024:20000")) as daemon:
        more = figure(daemon, "skep_limit", resource="http_connections")
        assert 18_000 < more < 20_000
