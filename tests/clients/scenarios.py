"""Scenarios shared by several tests."""

from collections.abc import Callable

from adapters import Client
from fleet import wait_until_complete
from sample import Sample
from support.announce import scraped
from support.skepd import Skepd
from support.waiting import wait_until

ANNOUNCED_S = 30
FLUSHED_S = 1.6  # longer than the tracker's flush interval


def wait_until_counted(tracker: Skepd, sample: Sample, complete: int, incomplete: int,
                       downloaded: int) -> None:
    expected = complete, incomplete, downloaded
    wait_until(lambda: scraped(tracker.port, sample.info_hash) == expected, ANNOUNCED_S,
               f"the tracker counts {expected} for {sample}")


def seed_and_download(tracker: Skepd, seeder: Client, leechers: list[Client],
                      sample: Sample) -> None:
    """One client seeds; all others download from it and from each other."""
    seeder.seed(sample)
    wait_until_counted(tracker, sample, 1, 0, 0)
    for leecher in leechers:
        leecher.download(sample)
    wait_until_complete([(leecher, sample) for leecher in leechers])
    wait_until_counted(tracker, sample, 1 + len(leechers), 0, len(leechers))


def as_it_is(_: Client, sample: Sample) -> Sample:
    return sample


def seed_each_and_download_all(tracker: Skepd, seeds: dict[Client, Sample],
                               as_given: Callable[[Client, Sample], Sample] = as_it_is) -> None:
    """Each client seeds its sample, then downloads those of all others. `as_given` may give a client
    another torrent of the same file."""
    for seeder, sample in seeds.items():
        seeder.seed(as_given(seeder, sample))
    for sample in seeds.values():
        wait_until_counted(tracker, sample, 1, 0, 0)

    downloads = [(client, as_given(client, sample)) for client in seeds
                 for seeder, sample in seeds.items() if client is not seeder]
    for client, sample in downloads:
        client.download(sample)
    wait_until_complete(downloads)
    for sample in seeds.values():
        wait_until_counted(tracker, sample, len(seeds), 0, len(seeds) - 1)


def stop_one_after_another(tracker: Skepd, clients: list[Client], sample: Sample) -> None:
    """All seed the sample. Each client that stops leaves the tracker's count at once."""
    for client in clients:
        client.seed(sample)
    wait_until_counted(tracker, sample, len(clients), 0, 0)
    for position, client in enumerate(clients, start=1):
        client.stop()
        wait_until_counted(tracker, sample, len(clients) - position, 0, 0)
