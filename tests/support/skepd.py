"""Runs skepd for a test: on a free port, in a directory of its own, with a database in it.

    with Skepd(config="announce = { numwant = 10; };") as daemon:
        urllib.request.urlopen(daemon.url + "...")

The environment may set SKEPD (the binary; build/skepd by default) and SKEPD_STOP_S (how many
seconds a clean stop may take; 5 by default, more is right for a build with sanitizers).
"""

import itertools
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from support.waiting import WAIT_S

ROOT = pathlib.Path(__file__).resolve().parents[2]
STOP_S = float(os.environ.get("SKEPD_STOP_S", "5"))
SANITIZER_MARKS = ("Sanitizer:", "runtime error:", "SUMMARY: ")
SANITIZED = pathlib.Path(os.environ.get("SKEPD", "build/skepd")).parent.name in ("address", "thread")
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


class SkepdFailed(AssertionError):
    """The daemon did not start or stop, or reported an internal error."""


def binary():
    path = (ROOT / os.environ.get("SKEPD", "build/skepd")).resolve()
    if not path.exists():
        raise SkepdFailed(f"no daemon at {path}: build it, or set SKEPD")
    return str(path)


def _ports_of_this_worker():
    """Endless: the ports of 10000 to 19999 that no other pytest worker of this run takes, in random
    order. The ports of test peers are higher, so no daemon listens on them."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = list(range(10000 + number, 20000, workers))
    random.shuffle(ports)
    return itertools.cycle(ports)


_ports = _ports_of_this_worker()


def free_port():
    """A port that is free in both families, for TCP and UDP. Each call returns another one."""
    return next(port for port in _ports if _is_free(port))


def _is_free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET6, kind) as probe:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            try:
                probe.bind(("::", port))
            except OSError:
                return False
    return True


def clean_environment():
    """Our environment, without systemd's variables."""
    hidden = ("STATE_DIRECTORY", "JOURNAL_STREAM", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID",
              "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
    return {name: value for name, value in os.environ.items() if name not in hidden}


def as_nobody():
    """Command prefix that drops root privileges, if we have them."""
    return NOBODY if os.geteuid() == 0 else ()


def can_trace():
    return shutil.which("strace") and subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"],
                                                     capture_output=True).returncode == 0


def sanitizer_report(text):
    return any(mark in text for mark in SANITIZER_MARKS)


def run(*args, program=None, prefix=(), cwd=None, timeout=WAIT_S, environment=None):
    """Runs skepd with `args`, and with `environment` added, until it exits by itself."""
    command = [*prefix, program or binary(), *args]
    done = subprocess.run([str(part) for part in command], cwd=cwd,
                          env={**clean_environment(), **(environment or {})},
                          capture_output=True, text=True, errors="replace", timeout=timeout)
    if sanitizer_report(done.stderr):
        raise SkepdFailed(done.stderr)
    return done


class Skepd:
    """`config` is the text of its config file (None: it gets none), `database` a file (None: one in
    its directory; "": it finds a place by itself), `args` are added to its command line, `prefix` is
    a program that becomes the daemon, with its arguments, `program` is another binary."""

    def __init__(self, config=None, args=(), port=None, database=None, environment=None, udp=False,
                 prefix=(), program=None, pass_fds=()):
        self.config = config
        self.args = args
        self.prefix = prefix
        self.program = program
        self.pass_fds = pass_fds
        self.port = port or free_port()
        self.environment = {**clean_environment(), **(environment or {})}
        self.udp = udp
        self.process = None
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="skepd-"))
        self.config_file = self.directory / "skepd.conf"
        self.log_file = self.directory / "log"
        self.database = self.directory / "skep.db" if database is None else database

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self._clean_up()
            raise

    def __exit__(self, kind, value, traceback):
        try:
            if kind is None and self.running():
                self.stop()
        finally:
            log = self.log()
            self._clean_up()
            if kind is not None:
                print(f"--- skepd's log ---\n{log}")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def announce_url(self):
        return self.url + "/announce"

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        """Everything that the daemon wrote to standard error, over all starts."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        if self.config is not None:
            self.write_config(self.config)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.environment,
                                            cwd=self.directory, pass_fds=self.pass_fds)
        self._wait_until_it_accepts()
        return self

    def stop(self, signum=signal.SIGTERM):
        """Stops it as an admin would; fails if that is slow or logs an error."""
        started = time.monotonic()
        self.process.send_signal(signum)
        try:
            status = self.process.wait(STOP_S + WAIT_S)
        except subprocess.TimeoutExpired:
            raise SkepdFailed(f"skepd did not stop at all:\n{self.log()}") from None
        took = time.monotonic() - started
        self.check_log()
        if status != 0 or took > STOP_S:
            raise SkepdFailed(f"skepd stopped with {status} after {took:.2f} s:\n{self.log()}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.check_log()

    def restart(self):
        self.stop()
        return self.start()

    def reload(self, config=None):
        """SIGHUP, with a new config file if one is given."""
        if config is not None:
            self.write_config(config)
        self.process.send_signal(signal.SIGHUP)

    def write_config(self, text):
        self.config = text
        self.config_file.write_text(text)

    def check_log(self):
        if sanitizer_report(self.log()):
            raise SkepdFailed(f"a sanitizer complains:\n{self.log()}")

    def wait_for_log(self, *words, timeout=WAIT_S):
        """Waits for the first log line that contains all `words`."""
        deadline = time.monotonic() + timeout
        while True:
            for line in self.log().splitlines():
                if all(word in line for word in words):
                    return line
            if time.monotonic() > deadline:
                raise SkepdFailed(f"no line with {words} in the log:\n{self.log()}")
            time.sleep(0.02)

    def _command(self):
        command = [*self.prefix, self.program or binary(), "--port", self.port]
        if self.database:
            command += ["--database", self.database]
        if self.config is not None:
            command += ["--config", self.config_file]
        if not self.udp:
            command += ["--no-udp"]
        return [str(part) for part in (*command, *self.args)]

    def _wait_until_it_accepts(self):
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if not self.running():
                raise SkepdFailed(f"skepd ended with {self.process.returncode}:\n{self.log()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.01)
        self.kill()
        raise SkepdFailed(f"skepd does not accept on port {self.port}:\n{self.log()}")

    def _clean_up(self):
        if self.running():
            self.process.kill()
            self.process.wait()
        try:
            self.check_log()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)
