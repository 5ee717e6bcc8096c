"""A service manager for tests: receives a daemon's notifications."""

import socket
import time

from support.waiting import WAIT_S


class Manager:
    """`environment` is for the daemon. With `watchdog_s`, it must send WATCHDOG=1 within that time."""

    def __init__(self, path, watchdog_s=None):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(path))
        self.environment = {"NOTIFY_SOCKET": str(path)}
        if watchdog_s:
            self.environment["WATCHDOG_USEC"] = str(int(watchdog_s * 1e6))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def receive(self, timeout=WAIT_S):
        """The next message, a dict; TimeoutError if none comes."""
        self.sock.settimeout(timeout)
        lines = self.sock.recv(4096).decode().split("\n")
        return dict(line.split("=", 1) for line in lines)

    def wait_for(self, name, timeout=WAIT_S):
        """The next message with `name`; others are skipped."""
        deadline = time.monotonic() + timeout
        while True:
            message = self.receive(max(deadline - time.monotonic(), 0.001))
            if name in message:
                return message

    def receive_all(self, seconds):
        """All messages that are pending or arrive within that time."""
        messages, deadline = [], time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                messages.append(self.receive(left))
            except TimeoutError:
                break
        return messages

    def forget(self):
        """Discards all pending messages."""
        self.sock.setblocking(False)
        try:
            while self.sock.recv(4096):
                pass
        except BlockingIOError:
            pass


def names(messages):
    """The names in the messages, as a set."""
    return {name for message in messages for name in message}
