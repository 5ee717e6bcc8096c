"""Runs skepctl, which stands beside the skepd that is tested.

    skepctl = Skepctl(daemon.database)
    key = skepctl.key_new("alice")
    skepctl.json("status", "--url", daemon.url)["totals"]
"""

import json
import pathlib

from support import skepd

MISTAKE, SILENT, REFUSED = 1, 2, 3


def program():
    return pathlib.Path(skepd.binary()).with_name("skepctl")


class Skepctl:
    """`options` stand before each command."""

    def __init__(self, database=None, cwd=None, options=()):
        self.options = (*(("--database", database) if database else ()), *options)
        self.cwd = cwd

    def run(self, *words, prefix=()):
        """Whatever becomes of it: .returncode, .stdout, .stderr."""
        return skepd.run(*self.options, *words, program=program(), cwd=self.cwd, timeout=30,
                         prefix=prefix)

    def __call__(self, *words):
        """What it prints; it must succeed and have nothing to complain of."""
        done = self.run(*words)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def json(self, *words):
        return json.loads(self(*words, "--json"))

    def refuses(self, *words, status=MISTAKE):
        """Why it does: one line. It must say nothing else."""
        done = self.run(*words)
        assert done.returncode == status and done.stdout == "", done
        assert done.stderr.startswith("skepctl: ") and done.stderr.count("\n") == 1, done
        return done.stderr

    def key_new(self, label):
        return self("key", "new", label).splitlines()[0]
