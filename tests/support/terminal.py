"""A program in its own terminal, and its screen."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from support.waiting import WAIT_S


class Terminal:
    """Runs `command` in a terminal of `rows` and `columns`; `text` is its output so far."""

    def __init__(self, command, rows=24, columns=100, environment=None):
        self.ours, self.theirs = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.theirs)
        self.text = ""
        # Some Python versions set the size in the environment, which overrides the terminal.
        inherited = {name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")}
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=self.theirs, stdout=self.theirs, stderr=self.theirs,
            start_new_session=True, env={**inherited, "TERM": "xterm", "LANG": "C.UTF-8", **(environment or {})},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.theirs)
        os.close(self.ours)

    def resize(self, rows, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self.ours, keys.encode())

    def read(self, seconds=0.1):
        while select.select([self.ours], [], [], seconds)[0]:
            self.text += os.read(self.ours, 65536).decode(errors="replace")
            seconds = 0

    def wait_for(self, *words, timeout=WAIT_S):
        """Waits until all `words` are in output written after the call."""
        start = len(self.text)
        deadline = time.monotonic() + timeout
        while not all(word in self.text[start:] for word in words):
            assert time.monotonic() < deadline, (words, self.text[start:])
            self.read()

    def wait_for_end(self, timeout=WAIT_S):
        """Waits and returns the exit status; reads its output, so that it does not block."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.text
            self.read()
        self.read()
        return self.process.returncode

    def is_restored(self):
        return termios.tcgetattr(self.theirs) == self.before

    def send(self, signum=signal.SIGTERM):
        self.process.send_signal(signum)
