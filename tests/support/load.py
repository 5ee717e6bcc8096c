"""Simulated clients over HTTP and UDP, with a journal of acknowledged announces."""

import random
import secrets
import socket
import threading
import time

from support.announce import query, random_hash, random_peer_id
from support.database import wire
from support.udp import COMPLETED, STARTED, STOPPED, UdpClient
from support.waiting import wait_until

SOURCE = "127.0.0.1"
EVENTS = {"started": STARTED, "completed": COMPLETED, "stopped": STOPPED}
ABSENT, LEECHER, SEEDER = "absent", "leecher", "seeder"
AFTER = {"started": LEECHER, "completed": SEEDER, "stopped": ABSENT}
PATIENCE_S = 1


class Client:
    def __init__(self, info_hash, port):
        self.info_hash, self.port = info_hash, port
        self.peer_id, self.key = random_peer_id(), secrets.randbits(32)
        self.state = ABSENT  # as the tracker should have it

    @property
    def place(self):
        return self.info_hash, wire(SOURCE, self.port)


class Operation:
    """One announce. `acked` is the time of the response, None if there was none."""

    def __init__(self, client, event):
        self.client, self.event, self.acked = client, event, None

    def was_acked_by(self, moment):
        return self.acked is not None and self.acked <= moment


class HttpWire:
    def __init__(self, port):
        self.sock = socket.create_connection((SOURCE, port), PATIENCE_S)

    def announce(self, client, event):
        said = {"info_hash": client.info_hash, "peer_id": client.peer_id, "port": client.port,
                "left": 0 if event == "completed" else 1000, "key": f"{client.key:08x}",
                "numwant": 0, "event": event}
        self.sock.sendall(f"GET /announce?{query(said)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = self.sock.recv(65536)
        if b" 200 " not in answer[:20] or b"failure" in answer:
            raise ConnectionError(answer)

    def close(self):
        self.sock.close()


class UdpWire:
    def __init__(self, port):
        self.udp = UdpClient(port)
        self.udp.sock.settimeout(PATIENCE_S)
        wait_until(self.udp.connect)  # UDP comes up a moment after HTTP

    def announce(self, client, event):
        self.udp.announce(client.info_hash, client.port, 0 if event == "completed" else 1000,
                          EVENTS[event], 0, client.peer_id, client.key)

    def close(self):
        self.udp.sock.close()


class Crew:
    """The clients of one thread, with torrents of their own, so that their announces are sequential."""

    def __init__(self, make_wire, torrents=20):
        self.make_wire = make_wire
        self.torrents = [random_hash() for _ in range(torrents)]
        self.clients = {}  # by place
        self.journal = []

    def work(self, port, ended):
        """Announces until `ended` is set or a request fails."""
        self.journal = []
        try:
            wire_to = self.make_wire(port)
            while not ended.is_set():
                self._do_one(wire_to)
            wire_to.close()
        except OSError:
            pass

    def _do_one(self, wire_to):
        client, event = self._next()
        operation = Operation(client, event)
        self.journal.append(operation)
        client.state = AFTER[event]
        wire_to.announce(client, event)
        operation.acked = time.monotonic()

    def _next(self):
        client = random.choice(self.present) if self.present and random.random() < 0.55 else None
        if client is None:
            return self._newcomer(), "started"
        if client.state == LEECHER and random.random() < 0.5:
            return client, "completed"
        self.present.remove(client)
        return client, "stopped"

    def _newcomer(self):
        client = None
        while client is None or client.place in self.clients:
            client = Client(random.choice(self.torrents), random.randrange(1024, 65536))
        self.clients[client.place] = client
        self.present.append(client)
        return client

    def take_over(self, states):
        """Continues from the database's state: {place: state}."""
        self.clients = {place: client for place, client in self.clients.items() if place in states}
        for place, client in self.clients.items():
            client.state = states[place]
        self.present = list(self.clients.values())


class Load:
    def __init__(self, http=2, udp=2):
        self.crews = [Crew(HttpWire) for _ in range(http)] + [Crew(UdpWire) for _ in range(udp)]
        self.threads = []
        self.ended = threading.Event()
        self.take_over({})

    def start(self, port):
        self.ended.clear()
        self.threads = [threading.Thread(target=crew.work, args=(port, self.ended), daemon=True)
                        for crew in self.crews]
        for thread in self.threads:
            thread.start()

    def join(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    @property
    def journal(self):
        return [operation for crew in self.crews for operation in crew.journal]

    def take_over(self, states):
        for crew in self.crews:
            crew.take_over(states)
