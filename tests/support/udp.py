"""UDP client (BEP 15) with full control over each byte."""

import secrets
import socket
import struct

from support.announce import random_peer_id
from support.waiting import WAIT_S

PROTOCOL_ID = 0x41727101980
CONNECT, ANNOUNCE, SCRAPE, ERROR = range(4)
NO_EVENT, COMPLETED, STARTED, STOPPED, PAUSED = range(5)
TIMEOUT_S = WAIT_S / 3  # a wait of tests for a reply can be repeated
SILENCE_S = 0.3


class UdpError(Exception):
    """The tracker answered with an error packet; its text is the message."""


class UdpClient:
    """A socket from `source`, whose family determines the size of a peer, to the tracker at `target`."""

    def __init__(self, port, source="127.0.0.1", target=None):
        self.v6 = ":" in source
        target = target or ("::1" if self.v6 else "127.0.0.1")
        self.sock = socket.socket(socket.AF_INET6 if self.v6 else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((source, 0))
        # A connected socket drops packets from other addresses.
        self.sock.connect((target, port))
        self.sock.settimeout(TIMEOUT_S)
        self.id = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def exchange(self, packet):
        self.sock.send(packet)
        return self.sock.recv(4096)

    def is_silent_on(self, packet):
        self.sock.send(packet)
        self.sock.settimeout(SILENCE_S)
        try:
            return not self.sock.recv(4096)
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(TIMEOUT_S)

    def request(self, action, body=b"", connection_id=None):
        """The reply after its header, which must match the request."""
        if connection_id is None:
            connection_id = self.connect()
        transaction = secrets.randbits(32)
        reply = self.exchange(struct.pack(">QII", connection_id, action, transaction) + body)
        said, answered = struct.unpack(">II", reply[:8])
        assert answered == transaction
        if said == ERROR:
            raise UdpError(reply[8:].decode())
        assert said == action
        return reply[8:]

    def connect(self):
        if self.id is None:
            self.id, = struct.unpack(">Q", self.request(CONNECT, connection_id=PROTOCOL_ID))
        return self.id

    def announce(self, info_hash, port, left=1000, event=NO_EVENT, numwant=-1, peer_id=None, key=0,
                 claimed="0.0.0.0", options=b"", connection_id=None):
        body = struct.pack(">20s20sQQQI4sIiH", info_hash, peer_id or random_peer_id(), 0, left, 0,
                           event, socket.inet_aton(claimed), key, numwant, port)
        return UdpReply(self.request(ANNOUNCE, body + options, connection_id), self.v6)

    def scrape(self, *info_hashes, connection_id=None):
        """(seeders, completed, leechers) of each."""
        reply = self.request(SCRAPE, b"".join(info_hashes), connection_id)
        return list(struct.iter_unpack(">III", reply))


class UdpReply:
    def __init__(self, body, v6):
        self.interval, self.leechers, self.seeders = struct.unpack(">III", body[:12])
        self.length = len(body) + 8
        family, width = (socket.AF_INET6, 18) if v6 else (socket.AF_INET, 6)
        assert (len(body) - 12) % width == 0
        self.peers = [(socket.inet_ntop(family, body[at:at + width - 2]),
                       int.from_bytes(body[at + width - 2:at + width], "big"))
                      for at in range(12, len(body), width)]
