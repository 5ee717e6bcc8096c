"""GET /api/v1/events?stream: Server-Sent Events over raw sockets."""

import contextlib
import json
import socket
import time

import pytest

from support.announce import Peer, connect, get, query, random_hash, read_to_end
from support.api import Api
from support.inherited_sockets import with_sockets
from support.skepd import Skepd
from support.waiting import WAIT_S, wait_until

PATH = "/api/v1/events?stream"
STREAMS_MAX = 4
KEPT = 1000  # events
TOKEN = "a-token-that-is-long-enough"
CONFIG = f"""
log_level = "warning";
http = {{ event_streams_max = {STREAMS_MAX}; admin_token = "{TOKEN}"; request_timeout_s = 2; idle_timeout_s = 2; }};
"""

PATIENT = """
log_level = "warning";
http = { request_timeout_s = 300; idle_timeout_s = 300; };
"""


class Stream:
    """An open stream of events. `receive_buffer`: size of the socket's buffer."""

    def __init__(self, port, path=PATH, source="127.0.0.1", version="1.1", receive_buffer=None, **headers):
        self.sock = connect(port, source)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        lines = [f"GET {path} HTTP/{version}", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode())
        self.file = self.sock.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        head = iter(self.file.readline, b"\r\n")
        self.headers = dict(line.decode().strip().split(": ", 1) for line in head)
        self.chunked = self.headers.get("Transfer-Encoding") == "chunked"
        self.text = b""

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.close()

    def close(self):
        self.file.close()
        self.sock.close()

    def read_piece(self):
        """Empty at the end."""
        if not self.chunked:
            return self.file.read1(65536)
        size = int(self.file.readline(), 16)  # fails if the last chunk is missing
        piece = self.file.read(size)
        self.file.readline()
        return piece

    def blocks(self):
        """The blocks of the stream, each a list of lines, until it ends."""
        deadline = time.monotonic() + WAIT_S
        while True:
            while b"\n\n" not in self.text:
                assert time.monotonic() < deadline
                piece = self.read_piece()
                if not piece:
                    return
                self.text += piece
            block, self.text = self.text.split(b"\n\n", 1)
            yield block.decode().split("\n")

    def events(self):
        """(name, id, data) of each event."""
        for block in self.blocks():
            fields = dict(line.split(": ", 1) for line in block if not line.startswith(":"))
            if "data" in fields:
                yield fields.get("event"), int(fields.get("id", 0)), json.loads(fields["data"])

    def next_of(self, info_hash):
        """The next event of this torrent."""
        return next(data for _, _, data in self.events() if data.get("info_hash") == info_hash.hex())


@pytest.fixture(scope="module")
def daemon():
    with Skepd(CONFIG) as running:
        yield running


@pytest.fixture
def peer(daemon):
    return Peer(daemon.port, random_hash())


def open_when_possible(daemon, **options):
    """A stream of the test before may be noticed as closed a moment later."""
    wait_until(lambda: get(daemon.port, PATH, method="HEAD").status == 200)
    return Stream(daemon.port, **options)


def test_events_arrive_as_they_happen(daemon, peer):
    with open_when_possible(daemon) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert stream.headers["Cache-Control"] == "no-store"
        assert stream.headers["X-Accel-Buffering"] == "no"
        assert next(stream.blocks()) == ["retry: 2000"]  # at once, so that a client sees that it works
        Api(daemon.port).post("/torrents", {"info_hash": peer.info_hash.hex(), "name": "A file"})
        peer.start()
        first = stream.next_of(peer.info_hash)
        assert (first["kind"], first["role"], first["port"]) == ("joined", "leecher", peer.port)
        assert first["name"] == "A file"
        peer.left = 0
        peer.announce()
        assert stream.next_of(peer.info_hash)["kind"] == "updated"
        peer.stop()
        last = stream.next_of(peer.info_hash)
        assert last["kind"] == "left"
        assert last in Api(daemon.port).get("/events", after=first["id"])["items"]


def test_stream_resumes_after_the_last_event(daemon, peer):
    with open_when_possible(daemon) as stream:
        peer.start()
        first = stream.next_of(peer.info_hash)
    peer.complete()
    wait_until(lambda: Api(daemon.port).get("/events", after=first["id"])["items"])
    peer.stop()
    for path, headers in ((f"{PATH}&after={first['id']}", {}), (f"{PATH}&after=1", {"Last_Event_ID": first["id"]})):
        with Stream(daemon.port, path, **headers) as stream:
            (name, number, data), (_, following, left) = (next(stream.events()) for _ in range(2))
            assert name is None and number == data["id"] == first["id"] + 1 and data["kind"] == "completed"
            assert following == number + 1 and left["kind"] == "left"


def test_position_must_be_a_number(daemon):
    for path, headers in ((PATH + "&after=x", {}), (PATH, {"Last_Event_ID": "x"}), (PATH, {"Last_Event_ID": 1 << 63})):
        with Stream(daemon.port, path, **headers) as stream:
            assert stream.status == 400


def test_idle_stream_gets_comments_and_outlives_the_idle_timeout(daemon, peer):
    with open_when_possible(daemon) as stream:
        assert [":"] in (block for block in stream.blocks())
        peer.start()
        assert stream.next_of(peer.info_hash)["kind"] == "joined"


def test_streams_are_few_and_a_closed_client_makes_room(daemon):
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(open_when_possible(daemon)) for _ in range(STREAMS_MAX)]
        answer = Api(daemon.port).call("GET", "/events", stream="")
        assert answer.status == 503 and answer.code == "busy" and answer.headers["Retry-After"] == "10"
        assert f"http.event_streams_max = {STREAMS_MAX}" in answer.json["error"]["message"]
        assert Api(daemon.port).get("/events")["items"] is not None
        streams[0].close()
        stack.enter_context(open_when_possible(daemon))


def test_head_occupies_no_stream(daemon):
    wait_until(lambda: get(daemon.port, PATH, method="HEAD").status == 200)
    for _ in range(2 * STREAMS_MAX):
        answer = get(daemon.port, PATH, method="HEAD")
        assert answer.headers["Content-Type"] == "text/event-stream" and answer.body == b""


def test_http_1_0_gets_a_stream_without_chunks(daemon, peer):
    with open_when_possible(daemon, version="1.0", Authorization=f"Bearer {TOKEN}") as stream:
        assert stream.status == 200 and not stream.chunked
        peer.start()
        assert stream.next_of(peer.info_hash)["kind"] == "joined"


def test_streams_are_for_admins(daemon):
    assert get(daemon.port, PATH, headers={"Authorization": "Bearer wrong"}).status == 401
    assert get(daemon.port, PATH, headers={"Host": "attacker.example"}).status == 403


def announce_many(peer, times):
    """Joins and leaves, all requests at once on one connection."""
    requests = [f"GET {peer.target(event=event)} HTTP/1.1\r\nHost: x\r\n\r\n" for _ in range(times)
                for event in ("started", "stopped")]
    requests[-1] = requests[-1].replace("Host: x", "Connection: close\r\nHost: x")
    with connect(peer.tracker_port) as sock:
        sock.sendall("".join(requests).encode())
        assert read_to_end(sock).count(b"HTTP/1.1 200") == len(requests)


def read_until(stream, port):
    """Reads up to the first event of a peer with that port; each gap before must be announced."""
    last, lost = None, None
    for name, number, data in stream.events():
        if name == "lost":
            lost = data
            continue
        assert last in (None, number - 1) or lost == {"after": last, "before": number}
        if data["port"] == port:
            return
        last, lost = number, None
    raise AssertionError("the stream ended")


def test_reader_that_stalls_holds_nothing_up_and_losses_are_announced():
    with Skepd(PATIENT) as daemon:
        busy = Peer(daemon.port, random_hash())
        last = Peer(daemon.port, busy.info_hash)  # only the events of one torrent are in order
        with Stream(daemon.port, receive_buffer=1024) as slow, Stream(daemon.port) as quick:
            announce_many(busy, 3 * KEPT // 2)
            last.start()
            read_until(quick, last.port)
            assert slow.status == 200


def test_position_of_an_earlier_run_is_told_that_events_were_lost():
    with Skepd(CONFIG) as daemon:
        peer = Peer(daemon.port, random_hash())
        with Stream(daemon.port) as stream:
            peer.start()
            before = stream.next_of(peer.info_hash)
            daemon.stop()  # with a stream open
            assert list(stream.events()) == []  # it ends properly
        daemon.start()
        peer.stop()
        with Stream(daemon.port, Last_Event_ID=before["id"]) as stream:
            (name, _, lost), (_, number, data) = (next(stream.events()) for _ in range(2))
            assert name == "lost" and lost == {"after": before["id"], "before": number}
            assert number > before["id"] and data["kind"] == "left"


def test_stop_ends_streams_of_inherited_sockets():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with Skepd(CONFIG, port=port, **with_sockets([listening])) as daemon:
            with Stream(port) as stream:
                assert stream.status == 200
                daemon.stop()
                assert list(stream.events()) == []


def test_reload_ends_streams_since_the_rules_may_have_changed():
    with Skepd(CONFIG) as daemon:
        with Stream(daemon.port, Authorization=f"Bearer {TOKEN}") as stream:
            assert stream.status == 200
            daemon.reload(CONFIG.replace(TOKEN, TOKEN[::-1]).replace(f"max = {STREAMS_MAX}", "max = 0"))
            assert list(stream.events()) == []
        assert get(daemon.port, PATH, headers={"Authorization": f"Bearer {TOKEN}"}).status == 401
        assert get(daemon.port, PATH).status == 503


def test_refused_clients_are_sent_too():
    torrent = random_hash()
    with Skepd() as daemon:
        Api(daemon.port).post("/bans", {"network": "127.0.2.39", "reason": "too loud"})
        with Stream(daemon.port) as stream:
            Peer(daemon.port, torrent, source="127.0.2.39").announce()
            event = stream.next_of(torrent)
    assert (event["kind"], event["address"], event["count"]) == ("refused", "127.0.2.39", 1)
    assert event["reason"] == "your address is banned: too loud"
