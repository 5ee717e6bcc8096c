"""Runs the container image by podman, on the network of the test.

runc and cgroupfs also work inside of containers and of other sandboxes, if no limit is raised."""

import json
import subprocess

from support.skepd import ROOT

IMAGE = "localhost/skep:" + next(line.split("=")[1].strip() for line in (ROOT / "Makefile").read_text().splitlines()
                                 if line.startswith("VERSION"))
GLOBAL = ("--runtime", "runc", "--cgroup-manager", "cgroupfs")
LIMITS = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=1000:1000")


class CannotRun(Exception):
    """This machine cannot run the image; says why."""


def podman(*words, check=True):
    done = subprocess.run(["podman", *GLOBAL, *map(str, words)], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise CannotRun(f"podman {' '.join(map(str, words))}: {done.stderr}")
    return done


def run_once(*options, command=()):
    """What the image prints with this command."""
    return podman("run", "--rm", "--network", "host", *LIMITS, *options, IMAGE, *command)


class Container:
    """A running container; `options` are those of podman run."""

    def __init__(self, *options, command=()):
        self.id = podman("run", "--detach", "--network", "host", *LIMITS, *options, IMAGE, *command).stdout.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        podman("rm", "--force", "--volumes", self.id, check=False)

    def log(self):
        done = podman("logs", self.id)
        return done.stdout + done.stderr

    def state(self):
        return json.loads(podman("inspect", self.id).stdout)[0]["State"]

    def stop(self):
        """Stops it as an upgrade does; returns its exit status."""
        podman("stop", "--time", "60", self.id)
        return self.state()["ExitCode"]
