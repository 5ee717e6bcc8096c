"""The client of npm's bittorrent-tracker package, which WebTorrent and others build upon."""

import json
import shutil
import subprocess
from pathlib import Path

from support.skepd import ROOT, free_port

PACKAGE = "bittorrent-tracker"
VERSION = "11.0.2"  # the last one without a native WebRTC library, which no tracker test needs
FOLDER = ROOT / "build" / "node"
SCRIPT = Path(__file__).with_name("announce_and_scrape.mjs")
VISIT_S = 20


def install() -> None:
    """Asks npm for the package, unless it is there. If npm fails, so will who needs the package."""
    if shutil.which("npm") and not _is_installed():
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--prefix", FOLDER, "--ignore-scripts", "--omit=optional",
                        "--no-audit", "--no-fund", "--loglevel=error", f"{PACKAGE}@{VERSION}"])


def announce_and_scrape(announce_url: str, info_hash: bytes) -> dict:
    """A leecher announces, scrapes and stops; returns what it was told."""
    assert _is_installed(), f"npm's {PACKAGE} {VERSION} is not in {FOLDER}"
    command = ["node", SCRIPT, _package(), announce_url, info_hash.hex(), str(free_port())]
    visit = subprocess.run(command, capture_output=True, text=True, timeout=VISIT_S)
    assert visit.returncode == 0, visit.stderr
    return json.loads(visit.stdout)


def _package() -> Path:
    return FOLDER / "node_modules" / PACKAGE


def _is_installed() -> bool:
    manifest = _package() / "package.json"
    return manifest.exists() and json.loads(manifest.read_text())["version"] == VERSION
