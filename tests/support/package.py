"""The Debian package that `make deb` built, and newer versions of it."""

import os
import pathlib
import re
import subprocess
import tempfile

from support.skepd import ROOT


def path():
    """The package; None if it was not built."""
    built = sorted((ROOT / "build/deb").glob("skep_*.deb"))
    given = os.environ.get("SKEP_PACKAGE")
    return pathlib.Path(given) if given else built[0] if built else None


def field(name):
    done = subprocess.run(["dpkg-deb", "--field", path(), name], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def dependencies():
    """Names of the packages that it depends on."""
    return sorted(re.match(r"\S+", entry.strip())[0] for entry in field("Depends").split(","))


def make_newer(version, file, edit):
    """Writes the package with another version to `file`. `edit` changes its files, in a directory."""
    with tempfile.TemporaryDirectory() as directory:
        tree = pathlib.Path(directory) / "tree"
        subprocess.run(["dpkg-deb", "--raw-extract", path(), tree], check=True)
        control = tree / "DEBIAN/control"
        control.write_text(re.sub(r"^Version: .*", f"Version: {version}", control.read_text(), flags=re.M))
        edit(tree)
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", "-Znone", tree, file], check=True,
                       capture_output=True)
