"""The clients of one test, with their folders; removed at the end of the test."""

import tempfile
from pathlib import Path

from adapters import Client, Endpoint, in_url
from sample import Sample, make_sample, sha256_of
from support.network import Network
from support.waiting import wait_until

START_S = 60
DOWNLOAD_S = 120

Download = tuple[Client, Sample]


class Fleet:
    def __init__(self, network: Network):
        self.network = network
        self.clients: list[Client] = []
        self.authority: Path | None = None  # CA that the clients started later trust
        self.dht_node: Endpoint | None = None  # where the DHT of clients started later begins
        self._samples = 0
        self._directory = tempfile.TemporaryDirectory(prefix="skep-clients-",
                                                      ignore_cleanup_errors=True)
        self._folder = Path(self._directory.name)

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_) -> None:
        for client in self.clients:
            client.kill()
        self._directory.cleanup()

    def sample(self, announce_url: str | None, size: int) -> Sample:
        self._samples += 1
        return make_sample(self._folder / f"sample{self._samples}.bin", announce_url, size)

    def start(self, *kinds: type[Client], address: str | None = None) -> list[Client]:
        """A client of each kind, at its own address or at the given one."""
        return self._start([(kind, address or self.network.new_v4()) for kind in kinds])

    def start_each_in_a_subnet(self, *kinds: type[Client]) -> list[Client]:
        """A client of each kind, each in a /24 of its own."""
        return self._start([(kind, self.network.new_v4(subnet))
                            for subnet, kind in enumerate(kinds, start=1)])

    def start_v6(self, *kinds: type[Client]) -> list[Client]:
        return self._start([(kind, self.network.new_v6()) for kind in kinds])

    def _start(self, wanted: list[tuple[type[Client], str]]) -> list[Client]:
        started = [self._new(kind, address) for kind, address in wanted]
        for client in started:
            client.start()
        for client in started:
            wait_until(client.is_ready, START_S, f"{client} is ready")
        return started

    def _new(self, kind: type[Client], address: str) -> Client:
        folder = self._folder / f"{kind.name}{len(self.clients)}"
        client = kind(folder, address, self.authority, self.dht_node)
        self.clients.append(client)
        return client


def announce_url(scheme: str, address: str, port: int) -> str:
    return f"{scheme}://{in_url(address)}:{port}/announce"


def wait_until_complete(downloads: list[Download], timeout_s: float = DOWNLOAD_S) -> None:
    """Waits until each client has the complete and correct file of its sample."""
    missing = list(downloads)

    def nothing_is_missing() -> bool:
        missing[:] = [(client, sample) for client, sample in missing
                      if not client.is_complete(sample)]
        return not missing

    try:
        wait_until(nothing_is_missing, timeout_s, "all downloads are complete")
    except AssertionError as failure:
        raise AssertionError(f"{failure}; incomplete: {missing}") from None
    for client, sample in downloads:
        assert sha256_of(client.downloaded(sample)) == sample.sha256, f"{client} has another file"
