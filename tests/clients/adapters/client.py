"""What the tests ask of a BitTorrent client, whichever it is."""

import json
import shutil
import signal
import urllib.request
from pathlib import Path

from sample import Sample
from support.process import Process
from support.skepd import free_port

RPC_TIMEOUT_S = 20

Endpoint = tuple[str, int]


class Client:
    """A client with a folder and an address of its own. PEX and LSD are off: of other peers it
    hears from the tracker, or, if it has a DHT node to start from, from the DHT.

    start() returns at once; is_ready() says when it takes torrents, or raises OSError before."""

    name = "client"

    def __init__(self, folder: Path, address: str, authority: Path | None = None,
                 dht_node: Endpoint | None = None):
        """`authority` signed the certificates of HTTPS trackers. `dht_node` is the only node of the
        DHT that the client knows at its start; without one its DHT is off."""
        self.folder = folder
        self.downloads = folder / "downloads"
        self.downloads.mkdir(parents=True)
        self.address = address
        self.authority = authority
        self.dht_node = dht_node
        self.port = free_port()  # of its DHT node, too

    def __repr__(self) -> str:
        return self.name

    def start(self) -> None:
        raise NotImplementedError

    def is_ready(self) -> bool:
        raise NotImplementedError

    def download(self, sample: Sample) -> None:
        """Adds a torrent; what is in the downloads folder already is checked and kept."""
        raise NotImplementedError

    def download_by_magnet(self, sample: Sample) -> None:
        """Adds a magnet link without a tracker."""
        raise NotImplementedError

    def is_complete(self, sample: Sample) -> bool:
        raise NotImplementedError

    def stop(self) -> None:
        """Makes it leave its swarms as its user would, so that it tells the tracker.
        Returns at once."""
        raise NotImplementedError

    def kill(self) -> None:
        """Kills it; no error if it has ended or never started."""
        raise NotImplementedError

    def log(self) -> str:
        raise NotImplementedError

    def seed(self, sample: Sample) -> None:
        shutil.copy(sample.content, self.downloads)
        self.download(sample)

    def downloaded(self, sample: Sample) -> Path:
        return self.downloads / sample.content.name

    def received_bytes(self, sample: Sample) -> int:
        """How much of the torrent is there, as the client says."""
        raise NotImplementedError


class ProcessClient(Client):
    """A client that is a program, steered over a port on 127.0.0.1."""

    stop_signal = signal.SIGTERM
    process: Process | None = None

    def __init__(self, *args):
        super().__init__(*args)
        self.rpc_port = free_port()
        self.log_file = self.folder / "log"

    def command(self) -> list[str]:
        """Writes the settings, and says how to start the program with them."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def ask_version(self) -> object:
        """A request that succeeds once the client is up."""
        raise NotImplementedError

    def start(self) -> None:
        environment = {"HOME": str(self.folder), **self.environment()}
        self.process = Process(self.command(), self.log_file, environment)

    def is_ready(self) -> bool:
        assert self.process.is_running(), f"{self.name} ended with {self.process.popen.returncode}"
        self.ask_version()
        return True

    def stop(self) -> None:
        self.process.ask_to_end(self.stop_signal)

    def kill(self) -> None:
        if self.process:
            self.process.kill()

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""


def http(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
    request = urllib.request.Request(url, body, headers or {})
    with urllib.request.urlopen(request, timeout=RPC_TIMEOUT_S) as answer:
        return answer.read()


def http_json(url: str, body: object, headers: dict[str, str] | None = None) -> dict:
    return json.loads(http(url, json.dumps(body).encode(), headers))


def in_url(address: str) -> str:
    """An address as a URL, and most clients' settings, want it."""
    return f"[{address}]" if ":" in address else address
