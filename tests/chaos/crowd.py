"""Clients of a cluster whose state is known at each time, whatever happens to the nodes.

Each client announces at any node. If that does not answer, it repeats the same announce at another
one until it is answered. A request that was not answered may still be handled later, when a stopped
process continues; until then the client changes nothing.
"""

import dataclasses
import http.client
import random
import threading
import time
import typing

from support.announce import Peer, random_hash, random_peer_id
from support import bencode
from support.waiting import wait_until

ABSENT, LEECHER, SEEDER = "absent", "leecher", "seeder"
TIMEOUT_S = 1.5
RESUMED_S = 2  # after a stopped process continues, until it has handled what waited
CHANGE_S = 0.5, 3  # between two announces of a client while it changes
THREADS = 6
STANDING = 2000  # more than a node sends at once
STANDING_S = 20  # in which each of them announces
AVOID_S = 5


class Left(typing.NamedTuple):
    """An address that a client has left, and how."""
    how: str  # stopped, moved, vanished
    node: int  # that took the announce
    time: float
    heard: float  # when it was last announced
    trail: list  # last requests of the client


class Completion(typing.NamedTuple):
    node: int
    time: float
    repeated: bool  # it may have been counted at another node, too


@dataclasses.dataclass
class Client:
    peer: Peer
    due: float
    state: str = ABSENT
    node: int = 0  # that has answered last
    heard: float = 0  # when it did
    repeats: int = 0  # requests that may have been handled twice
    trail: list = dataclasses.field(default_factory=list)
    unanswered: dict = dataclasses.field(default_factory=dict)  # node: time


class Standing:
    """Many clients of one torrent that stay: a node that is back has a large swarm to compare. A node that
    does not answer one of them is left out for a while."""

    def __init__(self, seed, nodes):
        self.nodes = nodes
        self.torrent = random_hash()
        self.peers = [Peer(0, self.torrent) for _ in range(STANDING)]
        self.chance = random.Random(f"{seed} standing")
        self.avoided = {}  # node: until when
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.thread.join()

    def expected(self):
        return {self.torrent: {peer.port: peer.left == 0 for peer in self.peers}}

    def _run(self):
        self.peers[0].left = 0
        self._announce(self.peers[0], "completed")  # so that the torrent has counts
        while self.running:
            began = time.monotonic()
            for number, peer in enumerate(self.peers):
                if self.running:
                    self._announce(peer)
                    time.sleep(max(0, began + number * STANDING_S / STANDING - time.monotonic()))

    def _announce(self, peer, event=None):
        now = time.monotonic()
        usable = [node for node in range(len(self.nodes)) if self.avoided.get(node, 0) < now]
        if not usable:
            return
        node = self.chance.choice(usable)
        try:
            request(self.nodes[node].port, peer.target(event=event, numwant=0))
        except (OSError, http.client.HTTPException):
            self.avoided[node] = time.monotonic() + AVOID_S


class Crowd:
    """`nodes` are the daemons. `continued(number)` returns when a node last continued after a fault, None
    if it does not run."""

    def __init__(self, seed, nodes, continued, clients=400, torrents=20):
        self.nodes = nodes
        self.continued = continued
        self.torrents = [random_hash() for _ in range(torrents)]
        self.clients = [self._new_client(random.Random(f"{seed} {i}")) for i in range(clients)]
        self.left = {}  # (info_hash, port): Left
        self.completions = {torrent: [] for torrent in self.torrents}
        self.announces = self.repeats = 0
        self.failure = None
        self.changing = True
        self.running = True
        self.kept = set()  # threads whose clients have ended their last change
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run, args=(random.Random(f"{seed}-{i}"), i), daemon=True)
                        for i in range(THREADS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        for thread in self.threads:
            thread.join()

    def keep(self):
        """From now on, clients only repeat what they are, once per interval. Waits for the last changes."""
        self.changing = False
        wait_until(lambda: len(self.kept) == THREADS or self.failure, what="all clients have ended their changes")

    def heard_since(self, when):
        """Whether all clients that are present have been answered since."""
        return all(client.heard >= when for client in self.clients if client.state != ABSENT)

    def expected(self):
        """{info_hash: {port: whether it is a seeder}}"""
        present = {torrent: {} for torrent in self.torrents}
        for client in self.clients:
            if client.state != ABSENT:
                present[client.peer.info_hash][client.peer.port] = client.state == SEEDER
        return present

    def story(self, info_hash, port):
        """The last requests of the client at this address, if it is there."""
        found = [client for client in self.clients if (client.peer.info_hash, client.peer.port) == (info_hash, port)]
        return found[0].trail[-8:] if found else None

    def _new_client(self, chance):
        return Client(Peer(0, chance.choice(self.torrents)), time.monotonic() + chance.uniform(0, CHANGE_S[1]))

    def _run(self, chance, number):
        own = self.clients[number::THREADS]
        try:
            while self.running:
                keeping = not self.changing
                for client in own:
                    if self.running and client.due <= time.monotonic():
                        self._act(chance, client)
                if keeping:
                    self.kept.add(number)
                time.sleep(0.005)
        except Exception as failure:  # reported by the test
            self.failure = failure
            raise

    def _may_change(self, client):
        for node, when in list(client.unanswered.items()):
            continued = self.continued(node)
            if continued is not None and time.monotonic() > max(when, continued) + RESUMED_S:
                del client.unanswered[node]
        return self.changing and not client.unanswered

    def _act(self, chance, client):
        now = time.monotonic()
        interval = None
        if self._may_change(client):
            interval = self._change(chance, client)
        elif client.state != ABSENT:
            interval = self._announce(chance, client, None)
        if self.changing or interval is None:
            client.due = now + chance.uniform(*CHANGE_S)
        else:
            client.due = now + interval

    def _change(self, chance, client):
        draw = chance.random()
        if client.state == ABSENT:
            return self._start(chance, client) if draw < 0.5 else None
        if draw < 0.08:
            return self._stop(chance, client)
        if draw < 0.09:
            return self._vanish(client)
        if draw < 0.13:
            return self._move(chance, client)
        if draw < 0.25 and client.state == LEECHER:
            return self._complete(chance, client)
        interval = self._announce(chance, client, None)
        return self._announce(chance, client, None) if draw > 0.9 else interval

    def _start(self, chance, client):
        if client.peer.left == 0 and chance.random() < 0.5:
            client.peer = Peer(0, client.peer.info_hash)
        interval = self._announce(chance, client, "started")
        client.state = SEEDER if client.peer.left == 0 else LEECHER
        return interval

    def _leave(self, client, how):
        key = client.peer.info_hash, client.peer.port
        self.left[key] = Left(how, client.node, time.monotonic(), client.heard, client.trail[-8:])

    def _stop(self, chance, client):
        heard = client.heard
        self._announce(chance, client, "stopped")
        client.heard = heard
        client.state = ABSENT
        self._leave(client, "stopped")

    def _vanish(self, client):
        self._leave(client, "vanished")
        client.state = ABSENT
        client.peer = Peer(0, client.peer.info_hash)

    def _move(self, chance, client):
        old, heard, client.peer.port = client.peer.port, client.heard, next(Peer.ports)
        interval = self._announce(chance, client, None)
        self.left[client.peer.info_hash, old] = Left("moved", client.node, time.monotonic(), heard, client.trail[-8:])
        return interval

    def _complete(self, chance, client):
        client.peer.left = 0
        before = client.repeats
        interval = self._announce(chance, client, "completed")
        client.state = SEEDER
        self.completions[client.peer.info_hash].append(
            Completion(client.node, time.monotonic(), client.repeats != before))
        return interval

    def _announce(self, chance, client, event):
        """Until a node answers. Returns the interval."""
        while self.running:
            node = chance.randrange(len(self.nodes))
            began = time.monotonic()
            client.trail.append((event, node, round(began, 2), "?"))
            try:
                reply = request(self.nodes[node].port, client.peer.target(event=event))
            except (OSError, http.client.HTTPException) as error:
                client.trail[-1] = event, node, round(began, 2), type(error).__name__
                if not isinstance(error, ConnectionRefusedError):
                    client.unanswered[node] = time.monotonic()
                    client.repeats += 1
                    with self.lock:
                        self.repeats += 1
                time.sleep(0.02)
                continue
            assert b"failure reason" not in reply, reply
            client.trail[-1] = event, node, round(began, 2), "ok"
            client.node = node
            client.heard = time.monotonic()
            with self.lock:
                self.announces += 1
                self.left.pop((client.peer.info_hash, client.peer.port), None)
            return reply[b"interval"]
        return 0


def request(port, target, timeout=TIMEOUT_S):
    """The decoded response to a request."""
    return bencode.decode(download(port, target, timeout))


def download(port, target, timeout):
    """The body of the response to a request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", target, headers={"Connection": "close"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise http.client.HTTPException(f"status {answer.status}")
        return body
    finally:
        connection.close()
