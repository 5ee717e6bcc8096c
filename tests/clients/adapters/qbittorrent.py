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
Session\\DHTEnabled={dht}
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


# The DHT nodes that version 4 starts from; they cannot be set.
DHT_NAMES = ("dht.libtorrent.org", "dht.transmissionbt.com", "router.bittorrent.com")
DHT_NAMES_PORT = 6881  # of all but the first


class QBittorrent(ProcessClient):
    """Its DHT node to start from must have port 6881."""

    name = "qbittorrent"

    def command(self) -> list[str]:
        settings = self.folder / "qBittorrent" / "config" / "qBittorrent.conf"
        settings.parent.mkdir(parents=True)
        dht = "true" if self.dht_node else "false"
        settings.write_text(SETTINGS.format(**vars(self), dht=dht))
        return [*self._naming(), "qbittorrent-nox", f"--profile={self.folder}"]

    def _naming(self) -> list[str]:
        """How to start it so that it finds the DHT node by the names that it has."""
        if not self.dht_node:
            return []
        assert self.dht_node[1] == DHT_NAMES_PORT
        hosts = self.folder / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" +
                         "".join(f"{self.dht_node[0]} {name}\n" for name in DHT_NAMES))
        return ["unshare", "--mount", "sh", "-c",
                'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]

    def environment(self) -> dict[str, str]:
        return {"SSL_CERT_FILE": str(self.authority)} if self.authority else {}

    def ask_version(self) -> str:
        return self._ask("app/version")

    def download(self, sample: Sample) -> None:
        self._add(sample.torrent)

    def download_by_magnet(self, sample: Sample) -> None:
        self._add(sample.magnet)

    def _add(self, url: object) -> None:
        answer = self._ask("torrents/add", urls=url)
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
