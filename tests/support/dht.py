"""A node of the DHT, as another one sees it: sends queries and reads replies (BEP 5)."""

import contextlib
import ipaddress
import secrets
import socket

from support import bencode
from support.torrents import encode
from support.waiting import WAIT_S


class NoReply(AssertionError):
    """The other node did not answer in time."""


class DhtNode:
    """Queries the node at `port` of this machine. It takes part in nothing: it answers no query."""

    def __init__(self, port, source="127.0.0.1", target=None):
        self.id = secrets.token_bytes(20)
        self.socket = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET,
                                    socket.SOCK_DGRAM)
        self.socket.bind((source, 0))
        self.socket.connect((target or source, port))
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, query, transaction, **arguments):
        arguments = {name.encode(): value for name, value in arguments.items()}
        self.socket.send(encode({b"t": transaction, b"y": b"q", b"q": query.encode(),
                                 b"a": {b"id": self.id, **arguments}}))

    def receive(self, queries=False, timeout=WAIT_S):
        """The next message that is no query, or that is one."""
        self.socket.settimeout(timeout)
        with contextlib.suppress(TimeoutError):
            while True:
                message = bencode.decode(self.socket.recv(2000))
                if (message[b"y"] == b"q") == queries:
                    return message
        raise NoReply

    def ask(self, query, **arguments):
        """The whole reply. Asks again if none comes, since an address gets few replies a second.
        ConnectionRefusedError if nothing listens at the port."""
        transaction = secrets.token_bytes(2)
        for _ in range(round(WAIT_S)):
            self.send(query, transaction, **arguments)
            with contextlib.suppress(NoReply):
                while (message := self.receive(timeout=1))[b"t"] != transaction:
                    continue
                return message
        raise NoReply

    def get_peers(self, info_hash):
        """(peers as a sorted list of (address, port), token)"""
        reply = self.ask("get_peers", info_hash=info_hash)[b"r"]
        return sorted(map(_endpoint, reply.get(b"values", []))), reply[b"token"]

    def announce(self, info_hash, port):
        """The error code, or None."""
        _, token = self.get_peers(info_hash)
        reply = self.ask("announce_peer", info_hash=info_hash, port=port, token=token)
        return reply[b"e"][0] if reply[b"y"] == b"e" else None


def _endpoint(raw):
    return str(ipaddress.ip_address(raw[:-2])), int.from_bytes(raw[-2:], "big")
