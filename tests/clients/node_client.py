"""The client of npm's bittorrent-tracker package, which WebTorrent and others build upon."""

import json
import subprocess
from pathlib import Path

from support import node_packages
from support.skepd import free_port

PACKAGE = "bittorrent-tracker"
VERSION = "11.0.2"  # the last one without a native WebRTC library, which no tracker test needs
SCRIPT = Path(__file__).with_name("announce_and_scrape.mjs")
VISIT_S = 60


def install() -> None:
    node_packages.install({PACKAGE: VERSION})


def announce_and_scrape(announce_url: str, info_hash: bytes) -> dict:
    """A leecher announces, scrapes and stops; returns the responses."""
    assert node_packages.is_installed(PACKAGE, VERSION), f"npm's {PACKAGE} {VERSION} is missing"
    command = ["node", SCRIPT, node_packages.folder_of(PACKAGE), announce_url, info_hash.hex(), str(free_port())]
    visit = subprocess.run(command, capture_output=True, text=True, timeout=VISIT_S)
    assert visit.returncode == 0, visit.stderr
    return json.loads(visit.stdout)
