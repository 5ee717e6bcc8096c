"""Runs a redis-server or a valkey-server for a test: on a free port, in a directory of its own."""

import pathlib
import re
import shutil
import signal
import socket
import tempfile
import urllib.parse

from support.process import Process
from support.skepd import ROOT, free_port
from support.waiting import WAIT_S, wait_until

PROGRAMS = [name for name in ("redis-server", "valkey-server") if shutil.which(name)]
USER, PASSWORD = "skep", "an-engine's-password"


def rights_in_readme():
    """A user with its rights, so that tests run with the rights that the README gives."""
    text = (ROOT / "README.md").read_text()
    command = re.search(r"user (skep on .*)", text)[1]
    return command.replace(">PASSWORD", f">{PASSWORD}").split()


class Engine:
    """`options` are more arguments of the server. `program`: one of PROGRAMS."""

    def __init__(self, *options, program=None):
        self.options = options
        self.program = program or PROGRAMS[0]
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="engine-"))
        self.port = free_port()
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *error):
        self.process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def url(self):
        return f"redis://{USER}:{urllib.parse.quote(PASSWORD)}@127.0.0.1:{self.port}/0"

    @property
    def shown_url(self):
        return f"redis://{USER}@127.0.0.1:{self.port}/0"

    def start(self):
        return self.launch().await_start()

    def launch(self, *options):
        """Starts it, with more options; it may refuse commands at first."""
        self.process = Process([self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir",
                                str(self.directory), "--save", "", "--appendonly", "yes",
                                "--repl-diskless-sync-delay", "0", "--user", *rights_in_readme(),
                                *self.options, *options],
                               self.directory / "log")
        return self

    def await_start(self):
        wait_until(lambda: self.run("PING") == "+PONG")
        return self

    def kill(self):
        self.process.kill()

    def pause(self):
        self.process.popen.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.popen.send_signal(signal.SIGCONT)

    def forget(self):
        """What it has stored, while it does not run."""
        shutil.rmtree(self.directory / "appendonlydir", ignore_errors=True)

    def restart_empty(self):
        self.kill()
        self.forget()
        return self.start()

    def run(self, command):
        """The reply: its first line, or the text of a string."""
        with socket.create_connection(("127.0.0.1", self.port), WAIT_S) as connection:
            connection.sendall(command.encode() + b"\r\n")
            reply = connection.makefile("rb")
            line = reply.readline().decode().rstrip()
            return reply.read(int(line[1:])).decode() if line.startswith("$") else line

    def follow(self, master):
        self.run_when_loaded(f"REPLICAOF 127.0.0.1 {master.port}")
        wait_until(lambda: "master_link_status:up" in self.run("INFO replication"))

    def promote(self):
        self.run_when_loaded("REPLICAOF NO ONE")

    def run_when_loaded(self, command):
        """A replica that loads what its master has refuses to become a master, or another one's replica."""
        wait_until(lambda: self.run(command) == "+OK", what=f"the engine accepts {command}")


class Sentinel(Engine):
    """Watches a master and its replicas: if the master is gone, it promotes a replica."""

    def __init__(self, master):
        super().__init__(program=master.program)
        self.master = master

    def launch(self):
        file = self.directory / "sentinel.conf"
        file.write_text(f"port {self.port}\nbind 127.0.0.1\ndir {self.directory}\n"
                        f"sentinel monitor cluster 127.0.0.1 {self.master.port} 1\n"
                        "sentinel down-after-milliseconds cluster 500\n"
                        "sentinel failover-timeout cluster 5000\n")
        self.process = Process([self.program, str(file), "--sentinel"], self.directory / "log")
        return self

    def await_start(self):
        wait_until(lambda: "slaves=1" in self.run("INFO sentinel"))
        return self
