"""libtorrent (rasterbar) through its Python binding, in this process."""

import libtorrent

from sample import Sample

from .client import Client, in_url

NO_PLUGINS = 0
DHT_INTERVAL_S = 10
ALERTS = libtorrent.alert.category_t
HEARD = ALERTS.tracker_notification | ALERTS.status_notification | ALERTS.error_notification


class LibtorrentSession(Client):
    name = "libtorrent"
    session = None

    def __init__(self, *args):
        super().__init__(*args)
        self._alerts: list[str] = []
        self._announces = 0

    def start(self) -> None:
        self.session = libtorrent.session({
            "alert_mask": HEARD,
            "allow_multiple_connections_per_ip": True,
            "dht_announce_interval": DHT_INTERVAL_S,
            "dht_bootstrap_nodes": f"{in_url(self.dht_node[0])}:{self.dht_node[1]}" if self.dht_node else "",
            "enable_dht": self.dht_node is not None,
            "enable_incoming_utp": False,
            "enable_lsd": False,
            "enable_natpmp": False,
            "enable_outgoing_utp": False,
            "enable_upnp": False,
            "listen_interfaces": f"{in_url(self.address)}:{self.port}",
            "outgoing_interfaces": self.address,
            "validate_https_trackers": False,  # it takes no authority but the system's
        }, NO_PLUGINS)
        self.session.add_extension("ut_metadata")  # for magnet links

    def is_ready(self) -> bool:
        return self.session.is_listening()

    def download(self, sample: Sample) -> None:
        params = libtorrent.add_torrent_params()
        params.ti = libtorrent.torrent_info(str(sample.torrent))
        self._add(params)

    def download_by_magnet(self, sample: Sample) -> None:
        self._add(libtorrent.parse_magnet_uri(sample.magnet))

    def _add(self, params: libtorrent.add_torrent_params) -> None:
        params.save_path = str(self.downloads)
        self.session.add_torrent(params)

    def is_complete(self, sample: Sample) -> bool:
        return self._torrent(sample).status().is_seeding

    def received_bytes(self, sample: Sample) -> int:
        return self._torrent(sample).status().total_done

    def announces(self) -> int:
        """How often it has announced so far, over all torrents."""
        self._hear()
        return self._announces

    def stop(self) -> None:
        self.session.pause()

    def kill(self) -> None:
        if self.session:
            self.session.apply_settings({"stop_tracker_timeout": 0})
            self.session = None

    def log(self) -> str:
        self._hear()
        return "\n".join(self._alerts)

    def _torrent(self, sample: Sample):
        return self.session.find_torrent(libtorrent.sha1_hash(sample.info_hash))

    def _hear(self) -> None:
        for alert in self.session.pop_alerts():
            self._alerts.append(alert.message())
            self._announces += isinstance(alert, libtorrent.tracker_announce_alert)
