"""Torrents for the tests: one file of random bytes; private and known to one tracker, or public
without a tracker."""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

import libtorrent

PIECE_SIZE = 256 << 10


@dataclass(frozen=True)
class Sample:
    """What clients share: a file, and a torrent of it."""

    content: Path
    torrent: Path
    info_hash: bytes
    sha256: str

    def __repr__(self) -> str:
        return self.content.stem

    @property
    def magnet(self) -> str:
        """A link without a tracker."""
        return f"magnet:?xt=urn:btih:{self.info_hash.hex()}"

    def with_tracker(self, announce_url: str) -> "Sample":
        """The same file in the same swarm, with another announce URL."""
        described = libtorrent.bdecode(self.torrent.read_bytes())
        described[b"announce"] = announce_url.encode()
        scheme = announce_url.partition(":")[0]
        other = replace(self, torrent=self.torrent.with_stem(f"{self.content.stem}-{scheme}"))
        other.torrent.write_bytes(libtorrent.bencode(described))
        return other


def make_sample(content: Path, announce_url: str | None, size: int) -> Sample:
    """Writes `size` random bytes to the file `content`, and a torrent of them beside it. Without an
    announce URL it is not private."""
    content.write_bytes(os.urandom(size))
    described = _describe(content, announce_url)
    torrent = content.with_suffix(".torrent")
    torrent.write_bytes(libtorrent.bencode(described))
    info_hash = hashlib.sha1(libtorrent.bencode(described[b"info"])).digest()
    return Sample(content, torrent, info_hash, sha256_of(content))


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _describe(content: Path, announce_url: str | None) -> dict:
    files = libtorrent.file_storage()
    libtorrent.add_files(files, str(content))
    creator = libtorrent.create_torrent(files, PIECE_SIZE, libtorrent.create_torrent.v1_only)
    if announce_url:
        creator.set_priv(True)
        creator.add_tracker(announce_url)
    libtorrent.set_piece_hashes(creator, str(content.parent))
    return creator.generate()
