"""Runs skepctl from the directory of the tested skepd.

    skepctl = Skepctl(daemon.database)
    key = skepctl.key_new("alice")
    skepctl.json("status", "--url", daemon.url)["totals"]
"""

import json
import pathlib
import subprocess

from support import skepd

MISTAKE, SILENT, REFUSED = 1, 2, 3


def program():
    return pathlib.Path(skepd.binary()).with_name("skepctl")


class Skepctl:
    """`options` precede each command."""

    def __init__(self, database=None, cwd=None, options=()):
        self.options = (*(("--database", database) if database else ()), *options)
        self.cwd = cwd

    def start(self, *words):
        """The running process."""
        return subprocess.Popen([program(), *self.options, *words], cwd=self.cwd, text=True,
                                env=skepd.clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *words, prefix=()):
        """Result with any status: .returncode, .stdout, .stderr."""
        return skepd.run(*self.options, *words, program=program(), cwd=self.cwd, prefix=prefix)

    def __call__(self, *words):
        """Its output. It must succeed, with nothing on standard error."""
        done = self.run(*words)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def json(self, *words):
        return json.loads(self(*words, "--json"))

    def refuses(self, *words, status=MISTAKE):
        """Its error message, which must be one line and the only output."""
        done = self.run(*words)
        assert done.returncode == status and done.stdout == "", done
        assert done.stderr.startswith("skepctl: ") and done.stderr.count("\n") == 1, done
        return done.stderr

    def key_new(self, label):
        return self("key", "new", label).splitlines()[0]
