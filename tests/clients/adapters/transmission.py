"""transmission-daemon, steered over its RPC."""

import json
import urllib.error

from sample import Sample

from .client import ProcessClient, http_json

SEEDING = 6
SESSION_ID = "X-Transmission-Session-Id"


class Transmission(ProcessClient):
    name = "transmission"
    session_id = ""

    def command(self) -> list[str]:
        (self.folder / "settings.json").write_text(json.dumps(self._settings()))
        if self.dht_node:
            (self.folder / "dht.bootstrap").write_text("{} {}\n".format(*self.dht_node))
        return ["transmission-daemon", "--foreground", "--config-dir", str(self.folder)]

    def environment(self) -> dict[str, str]:
        return {"CURL_CA_BUNDLE": str(self.authority)} if self.authority else {}

    def ask_version(self) -> dict:
        return self._ask("session-get", fields=["version"])

    def download(self, sample: Sample) -> None:
        self._add(str(sample.torrent))

    def download_by_magnet(self, sample: Sample) -> None:
        self._add(sample.magnet)

    def _add(self, torrent: str) -> None:
        added = self._ask("torrent-add", filename=torrent)
        assert "torrent-added" in added, added

    def stop(self) -> None:
        """Stops the torrents only: 3.00 does not announce to HTTP trackers when it exits."""
        self._ask("torrent-stop")

    def is_complete(self, sample: Sample) -> bool:
        return any(torrent["status"] == SEEDING for torrent in self._torrents(sample))

    def received_bytes(self, sample: Sample) -> int:
        return sum(torrent["haveValid"] + torrent["haveUnchecked"]
                   for torrent in self._torrents(sample))

    def _torrents(self, sample: Sample) -> list[dict]:
        fields = ["status", "haveValid", "haveUnchecked"]
        return self._ask("torrent-get", ids=[sample.info_hash.hex()], fields=fields)["torrents"]

    def _ask(self, method: str, **arguments: object) -> dict:
        try:
            return self._ask_once(method, arguments)
        except urllib.error.HTTPError as refusal:
            if refusal.code != 409:
                raise
            self.session_id = refusal.headers[SESSION_ID]
            return self._ask_once(method, arguments)

    def _ask_once(self, method: str, arguments: dict) -> dict:
        url = f"http://127.0.0.1:{self.rpc_port}/transmission/rpc"
        question = {"method": method, "arguments": arguments}
        answer = http_json(url, question, {SESSION_ID: self.session_id})
        assert answer["result"] == "success", answer
        return answer["arguments"]

    def _settings(self) -> dict:
        family = "ipv6" if ":" in self.address else "ipv4"
        return {
            f"bind-address-{family}": self.address,
            "dht-enabled": self.dht_node is not None,
            "download-dir": str(self.downloads),
            "lpd-enabled": False,
            "message-level": 3,
            "peer-port": self.port,
            "pex-enabled": False,
            "port-forwarding-enabled": False,
            "rename-partial-files": False,
            "rpc-bind-address": "127.0.0.1",
            "rpc-port": self.rpc_port,
            "utp-enabled": False,
        }
