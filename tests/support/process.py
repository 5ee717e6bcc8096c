"""A program that runs during a test, is ended with it, and writes a log."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")


class Process:
    """Runs `command` in a process group of its own; its output goes to the file `log`."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str] | None = None):
        assert shutil.which(command[0]), f"{command[0]} is not installed"
        with log.open("ab") as output:
            self.popen = subprocess.Popen([*DIES_WITH_US, *command], stdin=subprocess.DEVNULL,
                                          stdout=output, stderr=output, start_new_session=True,
                                          env={**os.environ, **(environment or {})})

    def is_running(self) -> bool:
        return self.popen.poll() is None

    def ask_to_end(self, signum: int = signal.SIGTERM) -> None:
        """Returns immediately; the program needs some time."""
        self.popen.send_signal(signum)

    def kill(self) -> None:
        """Kills it and its children; no error if it has ended already."""
        if self.is_running():
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
