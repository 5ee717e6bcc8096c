"""npm packages for the tests, installed in build/node."""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path

from support.skepd import ROOT

FOLDER = ROOT / "build" / "node"


def install(packages: dict[str, str]) -> None:
    """Installs the missing packages ({name: version}). If npm fails, the tests that use them fail."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [f"{name}@{version}" for name, version in packages.items()
                   if not is_installed(name, version)]
        if missing and shutil.which("npm"):
            subprocess.run(["npm", "install", "--prefix", FOLDER, "--ignore-scripts", "--omit=optional",
                            "--no-audit", "--no-fund", "--loglevel=error", *missing])


def folder_of(name: str) -> Path:
    return FOLDER / "node_modules" / name


def is_installed(name: str, version: str) -> bool:
    manifest = folder_of(name) / "package.json"
    return manifest.exists() and json.loads(manifest.read_text())["version"] == version
