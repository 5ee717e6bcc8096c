"""aria2, steered over JSON-RPC."""

import base64
import signal

from sample import Sample

from .client import ProcessClient, http_json


class Aria2(ProcessClient):
    name = "aria2"
    stop_signal = signal.SIGINT  # at SIGTERM it exits without event=stopped
    dht = "false"

    def __init__(self, *args):
        super().__init__(*args)
        self._gids: dict[bytes, str] = {}

    def command(self) -> list[str]:
        return [
            "aria2c", "--no-conf", "--enable-rpc", f"--rpc-listen-port={self.rpc_port}",
            f"--interface={self.address}", f"--listen-port={self.port}", f"--dir={self.downloads}",
            f"--enable-dht={self.dht}", f"--dht-file-path={self.folder}/dht.dat",
            "--enable-dht6=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false",
            "--seed-ratio=0.0", "--check-integrity=true", "--file-allocation=none",
            "--console-log-level=info", "--summary-interval=0",
            *([f"--ca-certificate={self.authority}"] if self.authority else []),
        ]

    def ask_version(self) -> dict:
        return self._ask("aria2.getVersion")

    def download(self, sample: Sample) -> None:
        torrent = base64.b64encode(sample.torrent.read_bytes()).decode()
        self._gids[sample.info_hash] = self._ask("aria2.addTorrent", torrent)

    def is_complete(self, sample: Sample) -> bool:
        return self._status(sample).get("seeder") == "true"

    def received_bytes(self, sample: Sample) -> int:
        return int(self._status(sample)["completedLength"])

    def _status(self, sample: Sample) -> dict:
        return self._ask("aria2.tellStatus", self._gids[sample.info_hash])

    def _ask(self, method: str, *params: object) -> dict:
        question = {"jsonrpc": "2.0", "id": "skep", "method": method, "params": params}
        return http_json(f"http://127.0.0.1:{self.rpc_port}/jsonrpc", question)["result"]


class Aria2WithUdp(Aria2):
    """It talks to UDP trackers over its DHT's socket only. No node of the DHT is in its reach, and
    it looks for no peers of a private torrent there."""

    dht = "true"
