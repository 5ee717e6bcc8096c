"""HTTP client for announces and scrapes, with full control over each byte."""

import http.client
import ipaddress
import os
import re
import secrets
import socket

from support import bencode
from support.waiting import WAIT_S

UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def random_hash():
    return secrets.token_bytes(20)


def random_peer_id(client=b"-SK0001-"):
    return client + secrets.token_hex(6).encode()


def escape(value):
    """Percent-encodes bytes, text or numbers."""
    raw = value if isinstance(value, bytes) else str(value).encode()
    return "".join(chr(byte) if byte in UNRESERVED else f"%{byte:02x}" for byte in raw)


def escape_all(raw):
    return "".join(f"%{byte:02X}" for byte in raw)


def query(pairs):
    """'a=1&b=2' of a dict or of pairs; pairs with value None are omitted."""
    pairs = pairs.items() if isinstance(pairs, dict) else pairs
    return "&".join(f"{name}={escape(value)}" for name, value in pairs if value is not None)


class Reply:
    """An HTTP response: .status, .headers, .body, and its bencoded contents."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def __repr__(self):
        return f"Reply({self.status}, {self.body[:200]!r})"

    def __getitem__(self, key):
        return self.bencoded[key.encode()]

    def __contains__(self, key):
        return key.encode() in self.bencoded

    @property
    def bencoded(self):
        return bencode.decode(self.body)

    @property
    def failure(self):
        """The failure reason as text, or None."""
        reason = self.bencoded.get(b"failure reason")
        return None if reason is None else reason.decode()

    @property
    def peers(self):
        """All peers of the answer, of both families, as a sorted list of (address, port)."""
        assert self.failure is None, self.failure
        v4, v6 = self["peers"], self.bencoded.get(b"peers6", b"")
        return sorted(peers_of(v4, 4) + peers_of(v6, 16))

    @property
    def counts(self):
        """(complete, incomplete, downloaded)"""
        return self["complete"], self["incomplete"], self["downloaded"]


def peers_of(value, address_len):
    if isinstance(value, list):
        return [(peer[b"ip"].decode(), peer[b"port"]) for peer in value]
    size = address_len + 2
    assert len(value) % size == 0, f"{len(value)} bytes are no multiple of {size}"
    return [_compact_peer(value[at : at + size]) for at in range(0, len(value), size)]


def _compact_peer(raw):
    return str(ipaddress.ip_address(raw[:-2])), int.from_bytes(raw[-2:], "big")


def connect(tracker_port, source="127.0.0.1"):
    """A TCP connection to the tracker, from the address `source`, in its family."""
    host = "::1" if ":" in source else "127.0.0.1"
    return socket.create_connection((host, tracker_port), WAIT_S, source_address=(source, 0))


def get(tracker_port, target, source="127.0.0.1", method="GET", headers=None):
    """One request on a connection of its own; `target` is the path with its query, as sent."""
    connection = http.client.HTTPConnection("localhost", tracker_port)
    connection.sock = connect(tracker_port, source)
    try:
        connection._validate_path = lambda path: None
        connection.request(method, target, headers={"Connection": "close", **(headers or {})})
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def exchange(tracker_port, raw, source="127.0.0.1"):
    """Sends raw bytes and returns all bytes received until the tracker closes, even while we are still
    sending."""
    with connect(tracker_port, source) as sock:
        try:
            sock.sendall(raw)
        except ConnectionError:
            pass
        return read_to_end(sock)


def send_and_give_up(tracker_port, raw, patience_s=0.2):
    """Sends raw bytes, shuts down the sending side, and returns what is received shortly after."""
    with connect(tracker_port) as sock:
        try:
            sock.sendall(raw)
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(patience_s)
            return sock.recv(65536)
        except OSError:
            return b""


def read_to_end(sock):
    received = b""
    try:
        while piece := sock.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def read_reply(sock):
    """Reads one HTTP response with a Content-Length from a connection that may stay open."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = sock.recv(1)
        if not piece:
            raise ConnectionError(f"closed after {head!r}")
        head += piece
    status, headers = _parse_head(head)
    length, body = int(headers.get("content-length", 0)), b""
    while len(body) < length:
        body += sock.recv(length - len(body))
    return Reply(status, headers, body)


def parse_reply(raw):
    """Parses `raw` as exactly one HTTP response."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status, headers = _parse_head(head)
    return Reply(status, headers, body)


def _parse_head(head):
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    status = int(re.match(r"HTTP/1\.[01] (\d{3})", first).group(1))
    pairs = (line.split(":", 1) for line in lines)
    return status, {name.strip().lower(): value.strip() for name, value in pairs}


def scrape(tracker_port, *info_hashes, path="/scrape", source="127.0.0.1"):
    target = path + "?" + query([("info_hash", info_hash) for info_hash in info_hashes])
    return get(tracker_port, target.rstrip("?"), source)


def scraped(tracker_port, info_hash):
    """(complete, incomplete, downloaded) of one torrent, by scrape."""
    entry = scrape(tracker_port, info_hash)["files"][info_hash]
    return entry[b"complete"], entry[b"incomplete"], entry[b"downloaded"]


class Peer:
    """A client with one torrent, a peer_id, a port and a source address.

    Attributes may be changed between two announces. Arguments of announce() replace parameters of the
    query (None: omit it)."""

    # Above the ports of the tests' daemons: a probe of such a port is refused.
    ports = iter(range(20000 + os.getpid() % 1000, 65536))

    def __init__(self, tracker_port, info_hash, left=1000, source="127.0.0.1", port=None,
                 peer_id=None, key=None):
        self.tracker_port = tracker_port
        self.info_hash = info_hash
        self.left = left
        self.source = source
        self.port = port or next(Peer.ports)
        self.peer_id = peer_id or random_peer_id()
        self.key = key or secrets.token_hex(4)

    @property
    def endpoint(self):
        return self.source, self.port

    def target(self, path="/announce", **more):
        said = {"info_hash": self.info_hash, "peer_id": self.peer_id, "port": self.port,
                "uploaded": 0, "downloaded": 0, "left": self.left, "key": self.key, "compact": 1}
        return path + "?" + query({**said, **more})

    def announce(self, event=None, path="/announce", **more):
        return get(self.tracker_port, self.target(path, event=event, **more), self.source)

    def start(self, **more):
        return self.announce("started", **more)

    def complete(self, **more):
        self.left = 0
        return self.announce("completed", **more)

    def stop(self, **more):
        return self.announce("stopped", **more)
