"""qBittorrent without a screen, steered over its WebUI."""

import json
import urllib.parse

from sample import Sample

from .client import ProcessClient, http

SETTINGS = """\
[LegalNotice]
Accepted=true

[BitTorrent]
Session\\Port={port}
Session\\InterfaceAddress={address}
Session\\DefaultSavePath={downloads}
Session\\BTProtocol=TCP
Session\\DHTEnabled=false
Session\\PeXEnabled=false
Session\\LSDEnabled=false
Session\\MultiConnectionsPerIp=true
Session\\QueueingSystemEnabled=false

[Network]
PortForwardingEnabled=false

[Preferences]
WebUI\\Address=127.0.0.1
WebUI\\Port={rpc_port}
WebUI\\LocalHostAuth=false
WebUI\\UseUPnP=false
"""


class QBittorrent(ProcessClient):
    name = "qbittorrent"

    def command(self) -> list[str]:
        settings = self.folder / "qBittorrent" / "config" / "qBittorrent.conf"
        settings.parent.mkdir(parents=True)
        settings.write_text(SETTINGS.format(**vars(self)))
        return ["qbittorrent-nox", f"--profile={self.folder}"]

    def environment(self) -> dict[str, str]:
        return {"SSL_CERT_FILE": str(self.authority)} if self.authority else {}

    def ask_version(self) -> str:
        return self._ask("app/version")

    def download(self, sample: Sample) -> None:
        answer = self._ask("torrents/add", urls=sample.torrent)
        assert answer == "Ok.", answer

    def is_complete(self, sample: Sample) -> bool:
        return any(torrent["progress"] == 1 for torrent in self._torrents(sample))

    def received_bytes(self, sample: Sample) -> int:
        return sum(torrent["completed"] for torrent in self._torrents(sample))

    def _torrents(self, sample: Sample) -> list[dict]:
        return json.loads(self._ask("torrents/info", hashes=sample.info_hash.hex()))

    def _ask(self, what: str, **form: object) -> str:
        url = f"http://127.0.0.1:{self.rpc_port}/api/v2/{what}"
        return http(url, urllib.parse.urlencode(form).encode() or None).decode()
