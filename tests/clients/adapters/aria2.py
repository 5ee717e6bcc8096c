"""aria2, steered over JSON-RPC."""

import base64
import signal

from sample import Sample

from .client import ProcessClient, http_json


class Aria2(ProcessClient):
    name = "aria2"
    stop_signal = signal.SIGINT  # at SIGTERM it exits without event=stopped
    uses_dht = False

    def __init__(self, *args):
        super().__init__(*args)
        self._gids: dict[bytes, str] = {}

    def command(self) -> list[str]:
        dht = "true" if self.uses_dht or self.dht_node else "false"
        return [
            "aria2c", "--no-conf", "--enable-rpc", f"--rpc-listen-port={self.rpc_port}",
            f"--interface={self.address}", f"--listen-port={self.port}", f"--dir={self.downloads}",
            f"--enable-dht={dht}", f"--dht-file-path={self.folder}/dht.dat",
            f"--dht-listen-port={self.port}", "--enable-dht6=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false",
            "--seed-ratio=0.0", "--check-integrity=true", "--file-allocation=none",
            "--console-log-level=info", "--summary-interval=0",
            *(["--dht-entry-point={}:{}".format(*self.dht_node)] if self.dht_node else []),
            *([f"--ca-certificate={self.authority}"] if self.authority else []),
        ]

    def ask_version(self) -> dict:
        return self._ask("aria2.getVersion")

    def download(self, sample: Sample) -> None:
        torrent = base64.b64encode(sample.torrent.read_bytes()).decode()
        self._gids[sample.info_hash] = self._ask("aria2.addTorrent", torrent)

    def download_by_magnet(self, sample: Sample) -> None:
        self._gids[sample.info_hash] = self._ask("aria2.addUri", [sample.magnet])

    def is_complete(self, sample: Sample) -> bool:
        return self._status(sample).get("seeder") == "true"

    def received_bytes(self, sample: Sample) -> int:
        return int(self._status(sample).get("completedLength", 0))

    def _status(self, sample: Sample) -> dict:
        status = self._ask("aria2.tellStatus", self._gids[sample.info_hash])
        for gid in status.get("followedBy", []):  # the torrent whose metadata this one fetched
            self._gids[sample.info_hash] = gid
        return {} if "followedBy" in status else status

    def _ask(self, method: str, *params: object) -> dict:
        question = {"jsonrpc": "2.0", "id": "skep", "method": method, "params": params}
        return http_json(f"http://127.0.0.1:{self.rpc_port}/jsonrpc", question)["result"]


class Aria2WithUdp(Aria2):
    """It talks to UDP trackers over its DHT's socket only. No node of the DHT is in its reach, and
    it looks for no peers of a private torrent there."""

    uses_dht = True
