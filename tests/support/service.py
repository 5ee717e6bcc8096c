"""skepd as a service of a machine (support/machine.py), whose network this thread is in."""

import threading

from support.announce import Peer

PORT = 6969
SLOW_S = 60  # for what takes some seconds on a machine with nothing else to do
CLIENTS = 8


def announce(torrent, **traits):
    peer = Peer(PORT, torrent, **traits)
    reply = peer.start()
    assert reply.failure is None
    return reply


def main_pid(machine):
    return int(machine.property("skepd", "MainPID"))


def is_active(machine):
    return machine.property("skepd", "ActiveState") == "active"


class Clients:
    """Announce all the time, each over a connection of its own, and collect what goes wrong."""

    def __init__(self, torrent):
        self.torrent = torrent
        self.stop = threading.Event()
        self.served = 0
        self.failures = []
        self.threads = [threading.Thread(target=self._announce) for _ in range(CLIENTS)]

    def _announce(self):
        peer = Peer(PORT, self.torrent)
        while not self.stop.is_set():
            try:
                assert peer.announce().failure is None
                self.served += 1
            except Exception as failure:
                self.failures.append(failure)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()
