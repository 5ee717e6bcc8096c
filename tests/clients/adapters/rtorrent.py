"""rTorrent as a daemon, steered by XML-RPC over SCGI on a unix socket."""

import signal
import socket
import xmlrpc.client

from sample import Sample

from .client import RPC_TIMEOUT_S, ProcessClient

SETTINGS = """\
system.daemon.set = true
network.scgi.open_local = {rpc_socket}
network.bind_address.set = {address}
network.port_range.set = {port}-{port}
network.port_random.set = no
directory.default.set = {downloads}
session.path.set = {session}
dht.mode.set = {dht}
dht.port.set = {port}
protocol.pex.set = no
pieces.hash.on_completion.set = no
trackers.use_udp.set = yes
log.open_file = "log", {log_file}
log.add_output = "info", "log"
log.add_output = "tracker_debug", "log"
"""


class RTorrent(ProcessClient):
    """No hash check on completion: otherwise it announces the completion one interval later."""

    name = "rtorrent"
    stop_signal = signal.SIGINT

    def command(self) -> list[str]:
        self.rpc_socket = self.folder / "rpc"
        settings = self.folder / "rtorrent.rc"
        trust = f"network.http.cacert.set = {self.authority}\n" if self.authority else ""
        self.session = self.folder / "session"  # without one its DHT does not start
        self.session.mkdir()
        dht = "on" if self.dht_node else "disable"
        settings.write_text(SETTINGS.format(**vars(self), dht=dht) + trust)
        return ["rtorrent", "-n", "-o", f"import={settings}"]

    def ask_version(self) -> str:
        return self._ask("system.client_version")

    def is_ready(self) -> bool:
        super().is_ready()
        if self.dht_node:
            self._ask("dht.add_node", "", "{}:{}".format(*self.dht_node))
        return True

    def download(self, sample: Sample) -> None:
        self._ask("load.start", "", str(sample.torrent))

    def download_by_magnet(self, sample: Sample) -> None:
        self._ask("load.start", "", sample.magnet)

    def is_complete(self, sample: Sample) -> bool:
        return self._ask_of(sample, "d.complete") == 1

    def received_bytes(self, sample: Sample) -> int:
        return self._ask_of(sample, "d.completed_bytes")

    def _ask_of(self, sample: Sample, what: str) -> int:
        try:
            return self._ask(what, sample.info_hash.hex().upper())
        except xmlrpc.client.Fault:
            return 0  # it loads torrents in the background and does not know this one yet

    def _ask(self, method: str, *params: object):
        body = xmlrpc.client.dumps(params, method).encode()
        answer = self._exchange(scgi_request(body)).partition(b"\r\n\r\n")[2]
        return xmlrpc.client.loads(answer)[0][0]

    def _exchange(self, request: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(RPC_TIMEOUT_S)
            connection.connect(str(self.rpc_socket))
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))


def scgi_request(body: bytes) -> bytes:
    headers = b"CONTENT_LENGTH\0%d\0SCGI\x001\0" % len(body)
    return b"%d:%s,%s" % (len(headers), headers, body)
