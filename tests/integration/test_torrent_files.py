"""skepctl and libtorrent agree on .torrent files, good and broken at random: both take the same ones,
with the same info_hashes. The lists name the intended differences."""

import os
import re

import libtorrent
import pytest

from support.skepctl import Skepctl
from support.torrents import random_torrent

BATCH = 60
SEED = int(os.environ.get("TORRENT_SEED", "1"))

# Only skepctl refuses: no client can use them, or only some.
STRICTER = [
    "leading zero",
    "info must have either length or files",
    "pieces must be a string",  # of a hybrid torrent
    "symlink path must",
    "path must be a list of names",  # not of control characters
    "name must be a file name",  # the same
    "must be a dictionary with a name as its key",  # the same
    "length of all files is 0",  # but padding
    "the torrent has no files",  # the same
    "meta version must be",  # libtorrent cuts it to 32 bits
    "file tree must be the same",  # also empty files
    "files must be in file tree too",
    "piece layers",
]
# Only libtorrent refuses: it counts empty directories, and limits the digits of unused numbers.
LOOSER = ["metadata does not match", "integer overflow"]


def taken_by_libtorrent(content):
    """(the info_hashes in hexadecimal, None), or (None, the error)."""
    try:
        hashes = libtorrent.torrent_info(content).info_hashes()
    except RuntimeError as error:
        return None, str(error)
    return {str(one) for one, there in ((hashes.v1, hashes.has_v1()), (hashes.v2, hashes.has_v2())) if there}, None


def taken_by_skepctl(file):
    done = Skepctl().run("magnet", "--announce", "http://t/announce", file)
    if done.returncode != 0:
        assert done.stderr.startswith("skepctl: ") and done.stderr.count("\n") == 1, done
        return None, done.stderr
    return set(re.findall(r"btih:([0-9a-f]{40})|btmh:1220([0-9a-f]{64})", done.stdout)), None


@pytest.mark.parametrize("batch", range(5))
def test_the_same_torrents_are_taken_with_the_same_hashes(tmp_path, batch):
    taken = 0
    for seed in range(BATCH * (5 * SEED + batch), BATCH * (5 * SEED + batch + 1)):
        content = random_torrent(seed)
        file = tmp_path / f"{seed}.torrent"
        file.write_bytes(content)
        theirs, their_error = taken_by_libtorrent(content)
        ours, our_error = taken_by_skepctl(file)
        if ours is not None and theirs is not None:
            assert {v1 or v2 for v1, v2 in ours} == theirs, seed
            taken += 1
        elif theirs is not None:
            assert any(reason in our_error for reason in STRICTER), (seed, our_error)
        elif ours is not None:
            assert any(reason in their_error for reason in LOOSER), (seed, their_error)
    assert BATCH / 6 < taken < BATCH * 5 / 6


@pytest.mark.parametrize("content, words", [
    (b"", "file is empty"),
    (b"<!DOCTYPE html>\n<title>Sign in</title>", "HTML page"),
    (b"\x1f\x8b\x08\x00", "gzip"),
    (b"d4:infod6:lengthi05ee", "at byte 17: leading zero"),
    (b"d1:a" + b"l" * 200, "at byte 102: nested too deeply"),
    (b"d4:info", "at byte 7: unexpected end"),
])
def test_what_is_no_torrent_is_named(tmp_path, content, words):
    file = tmp_path / "x.torrent"
    file.write_bytes(content)
    assert words in Skepctl().refuses("magnet", "--announce", "http://t/announce", file)
