"""Runs skepctl, which stands beside the skepd that is tested.

    skepctl = Skepctl(daemon.database)
    key = skepctl.key_new("alice")
"""

import pathlib

from support import skepd


class Skepctl:
    def __init__(self, database=None, cwd=None):
        self.database = database
        self.cwd = cwd

    def run(self, *words):
        """Whatever becomes of it: .returncode, .stdout, .stderr."""
        database = ("--database", self.database) if self.database else ()
        program = pathlib.Path(skepd.binary()).with_name("skepctl")
        return skepd.run(*database, *words, program=program, cwd=self.cwd, timeout=30)

    def __call__(self, *words):
        """What it prints; it must succeed and have nothing to complain of."""
        done = self.run(*words)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def refuses(self, *words):
        """Why it does: one line. It must say nothing else."""
        done = self.run(*words)
        assert done.returncode == 1 and done.stdout == "", done
        assert done.stderr.startswith("skepctl: ") and done.stderr.count("\n") == 1, done
        return done.stderr

    def key_new(self, label):
        return self("key", "new", label).strip()
