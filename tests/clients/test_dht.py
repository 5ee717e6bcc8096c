"""Clients without a tracker find each other by the DHT."""

import pytest

from adapters import ALL_CLIENTS, LibtorrentSession

SIZE = 2 << 20
