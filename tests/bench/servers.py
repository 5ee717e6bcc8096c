"""The compared servers: skepd, the bare servers, and two other trackers.

Each runs pinned to SERVER_CORE, with one thread that serves, and has `name`, `pid` and `port`.
"""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
os.environ.setdefault("SKEPD_STOP_S", "60")

from support.skepd import ROOT, Skepd, clean_environment, free_port  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
SERVER_CORE, LOAD_CORE = 0, min(1, os.cpu_count() - 1)
START_S = 10
NODE_PACKAGE, NODE_VERSION = "bittorrent-tracker", "11.0.2"
NODE_FOLDER = ROOT / "build" / "node"

CONFIG = """
announce = { interval_min_s = %(interval_s)d; interval_max_s = %(interval_s)d; peer_timeout_min_s = 0; };
http = { threads = 1; };
udp = { threads = 1; };
limits = {
    torrents_max = 10000000; torrent_peers_max = 10000000; peers_max = 10000000;
    loopback = true;  # each address is counted and metered, but none comes to its limit
    address_peers_max = 65534; address_torrent_peers_max = 65534;
    address_requests_per_s = 1000000; address_requests_burst = 1000000;
};
store = { enabled = %(store)s; };
"""


@contextlib.contextmanager
def pinned_to(core):
    """Processes started inside the block run on that core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class PinnedSkepd(Skepd):
    name = "skepd"

    def __init__(self, store=False, interval_s=1800):
        config = CONFIG % {"interval_s": interval_s, "store": "true" if store else "false"}
        super().__init__(config=config, udp=True)

    def start(self):
        with pinned_to(SERVER_CORE):
            return super().start()


class Program:
    """A server program. `command` returns its command line for a port."""

    def __init__(self, name, command, tcp=True, cwd=None):
        self.name = name
        self.port = free_port()
        self._command = [str(part) for part in command(self.port)]
        self._tcp = tcp
        self._cwd = cwd
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    def __enter__(self):
        with pinned_to(SERVER_CORE):
            self._process = subprocess.Popen(
                self._command, cwd=self._cwd, env=clean_environment(), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._wait_until_it_is_there()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind, value, traceback):
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_until_it_is_there(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self._process.returncode}")
            if self._is_there():
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self.name} does not answer on port {self.port}")

    def _is_there(self):
        if not self._tcp:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                try:
                    probe.bind(("0.0.0.0", self.port))
                    return False
                except OSError:
                    return True
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False


def bare_http(build, body_bytes):
    return Program("bare", lambda port: [build / "bench/bare_http", port, body_bytes])


def bare_udp(build, reply_bytes):
    return Program("bare", lambda port: [build / "bench/bare_udp", port, reply_bytes], tcp=False)


class Opentracker(Program):
    """Debian's build serves only the torrents of a list, and needs a working directory."""

    def __init__(self, info_hashes):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="opentracker-"))
        self._folder.chmod(0o755)
        (self._folder / "list").write_text(info_hashes)
        super().__init__("opentracker", lambda port: [
            "opentracker", "-i", "127.0.0.1", "-p", port, "-P", port, "-d", self._folder,
            "-w", "list"], cwd=self._folder)

    def __exit__(self, kind, value, traceback):
        super().__exit__(kind, value, traceback)
        shutil.rmtree(self._folder, ignore_errors=True)


def node_tracker():
    return Program("node", lambda port: ["node", HERE / "node_tracker.mjs", NODE_FOLDER, port])


def _node_tracker_is_there():
    manifest = NODE_FOLDER / "node_modules" / NODE_PACKAGE / "package.json"
    return manifest.exists() and json.loads(manifest.read_text())["version"] == NODE_VERSION


def install_node_tracker():
    """Installs it with npm if it is missing. Returns whether it is installed."""
    if not _node_tracker_is_there() and shutil.which("npm"):
        NODE_FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--prefix", NODE_FOLDER, "--ignore-scripts",
                        "--omit=optional", "--no-audit", "--no-fund", "--silent",
                        f"{NODE_PACKAGE}@{NODE_VERSION}"], check=False)
    return _node_tracker_is_there()
