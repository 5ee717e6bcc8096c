"""The compared servers: skepd, the bare servers, and other trackers.

Each runs pinned to SERVER_CORE and has `name`, `pid`, `port`, `modes` (its transports) and `peers_max` (the
most peers in a reply if 50 are wanted).
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

ALL_MODES = ("http-keepalive", "http-close", "udp")
HTTP_MODES = ALL_MODES[:2]
NUMWANT = 50

# Default settings, except that the limits apply to this machine, and are too high to reject requests.
CONFIG = """
limits = {
    loopback = true; torrent_peers_max = 10000000;
    address_peers_max = 65534; address_torrent_peers_max = 65534;
    address_requests_per_s = 1000000; address_requests_burst = 1000000;
};
"""
SHORT_LIVES = """
announce = { interval_min_s = %(interval_s)d; interval_max_s = %(interval_s)d; peer_timeout_min_s = 0; };
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
    name, modes, peers_max = "skepd", ALL_MODES, NUMWANT

    def __init__(self, config=CONFIG):
        super().__init__(config=config, udp=True)

    def start(self):
        with pinned_to(SERVER_CORE):
            return super().start()

    def log(self):
        """Its end, since it lists many peers."""
        return super().log()[-2000:]


class Program:
    """A server program in a directory of its own, with a file `config` there. In the words of
    `command` and in `config`, PORT is its port and HERE its directory."""

    def __init__(self, name, command, config="", environment=(), modes=ALL_MODES, peers_max=NUMWANT):
        self.name = name
        self.modes = modes
        self.peers_max = peers_max
        self.port = free_port()
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-"))
        self._folder.chmod(0o755)
        (self._folder / "config").write_text(self._filled_in(config))
        self._command = [self._filled_in(word) for word in command]
        self._environment = {name: self._filled_in(text) for name, text in environment}
        self._process = None

    def _filled_in(self, text):
        return str(text).replace("PORT", str(self.port)).replace("HERE", str(self._folder))

    @property
    def pid(self):
        return self._process.pid

    def __enter__(self):
        with pinned_to(SERVER_CORE):
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env={**clean_environment(), **self._environment},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
        shutil.rmtree(self._folder, ignore_errors=True)

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
        if self.modes == ("udp",):
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
    return Program("bare", [build / "bench/bare_http", "PORT", body_bytes], modes=HTTP_MODES)


def bare_udp(build, reply_bytes):
    return Program("bare", [build / "bench/bare_udp", "PORT", reply_bytes], modes=("udp",))


# The most peers that the slow ones are filled with.
FILL_MAX = {"node": 10_000, "aquatic_http": 100_000}


def modes_of(name):
    """The transports of another tracker."""
    return {"aquatic_udp": ("udp",), "aquatic_http": ("http-keepalive",)}.get(name, ALL_MODES)


def _opentracker(info_hashes):
    """Debian's build serves only the torrents of a list."""
    return Program("opentracker", ["opentracker", "-i", "127.0.0.1", "-p", "PORT", "-P", "PORT",
                                   "-d", "HERE", "-w", "config"], config=info_hashes)


def _aquatic_udp(_info_hashes):
    return Program("aquatic_udp", ["aquatic_udp", "-c", "config"], modes=modes_of("aquatic_udp"), config=f"""
[network]
address = "127.0.0.1:PORT"
[protocol]
max_response_peers = {NUMWANT}
""")


def _aquatic_http(_info_hashes):
    """It keeps connections open, whatever the client asks for."""
    return Program("aquatic_http", ["aquatic_http", "-c", "config"], modes=modes_of("aquatic_http"), config=f"""
[network]
address = "127.0.0.1:PORT"
[protocol]
max_peers = {NUMWANT}
""")


def _torrust(_info_hashes):
    """It returns at least 74 peers."""
    return Program("torrust-tracker", ["torrust-tracker"], peers_max=74, config="""
[metadata]
app = "torrust-tracker"
purpose = "configuration"
schema_version = "2.0.0"
[logging]
threshold = "error"
[core]
listed = false
private = false
[core.database]
driver = "sqlite3"
path = "HERE/torrents.db"
[[udp_trackers]]
bind_address = "127.0.0.1:PORT"
[[http_trackers]]
bind_address = "127.0.0.1:PORT"
""", environment=[("TORRUST_TRACKER_CONFIG_TOML_PATH", "HERE/config")])


def _node_tracker(_info_hashes):
    return Program("node", ["node", HERE / "node_tracker.mjs", NODE_FOLDER, "PORT"])


# Other trackers by the name of their program. Each function takes the torrents that will be used.
OTHERS = {"opentracker": _opentracker, "aquatic_udp": _aquatic_udp, "aquatic_http": _aquatic_http,
          "torrust-tracker": _torrust, "node": _node_tracker}


def others_here():
    """Names of those that can be run, and of the missing ones."""
    missing = [name for name in OTHERS if not shutil.which(name)]
    if "node" not in missing and not _install_node_tracker():
        missing.append("node")
    return [name for name in OTHERS if name not in missing], missing


def _node_tracker_is_there():
    manifest = NODE_FOLDER / "node_modules" / NODE_PACKAGE / "package.json"
    return manifest.exists() and json.loads(manifest.read_text())["version"] == NODE_VERSION


def _install_node_tracker():
    """Installs it with npm if it is missing. Returns whether it is installed."""
    if not _node_tracker_is_there() and shutil.which("npm"):
        NODE_FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--prefix", NODE_FOLDER, "--ignore-scripts",
                        "--omit=optional", "--no-audit", "--no-fund", "--silent",
                        f"{NODE_PACKAGE}@{NODE_VERSION}"], check=False)
    return _node_tracker_is_there()
