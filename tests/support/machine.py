"""A Debian with a real systemd, booted by systemd-nspawn in a network of its own.

The installed system is kept in build/systemd; each machine runs a copy of it. Needs root.
"""

import contextlib
import ctypes
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from support import package
from support.skepd import ROOT, binary
from support.waiting import wait_until

IMAGES = ROOT / "build/systemd"
CGROUPS = pathlib.Path("/sys/fs/cgroup")
LIMITING = ("memory", "pids")
CLONE_NEWNET = 0x40000000
BOOT_S = 120
DEBOOTSTRAP_S = 900
libc = ctypes.CDLL(None, use_errno=True)


class CannotBoot(Exception):
    """This machine cannot boot another one; says why."""


def _run(*command, **how):
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **how)
    except OSError as error:
        raise CannotBoot(f"{command[0]}: {error}") from None
    if done.returncode != 0:
        raise CannotBoot(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")
    return done.stdout


def _host_release():
    lines = pathlib.Path("/etc/os-release").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    return values.get("VERSION_CODENAME", "bookworm")


def _release():
    """The release that our programs were built on; they need its libraries."""
    return os.environ.get("SKEP_RELEASE") or _host_release()


def mirror():
    """The mirror of this machine's packages, as a list; empty: debootstrap has a default."""
    lines = _run("apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages")
    pairs = (line.split(maxsplit=1) for line in lines.splitlines())
    return [mirror for release, mirror in pairs if release == _host_release()][:1]


def _libraries():
    """The packages of the libraries that our programs are linked with."""
    if _release() != _host_release():
        return package.dependencies()
    programs = pathlib.Path(binary()), pathlib.Path(binary()).with_name("skepctl")
    linked = {pathlib.Path(word).name for program in programs
              for word in _run("ldd", program).split() if word.startswith("/")}
    owners = _run("dpkg", "-S", *(f"*/{name}" for name in sorted(linked)))
    return sorted({line.split(":")[0] for line in owners.splitlines() if not line.endswith("-dev")})


def debootstrap(release, directory, *options):
    """Installs a minimal Debian. What it mounts there ends with it."""
    _run("timeout", DEBOOTSTRAP_S, "unshare", "--mount", "debootstrap", "--variant=minbase", *options,
         release, directory, *mirror())


def base_image():
    """A minimal system with systemd and the libraries, and nothing else that skepd might use."""
    packages = ",".join(["systemd", "systemd-sysv", "dbus", *_libraries()])
    image = IMAGES / f"{_release()}-{hashlib.sha256(packages.encode()).hexdigest()[:8]}"
    if image.exists():
        return image
    unfinished = pathlib.Path(tempfile.mkdtemp(dir=IMAGES))
    try:
        debootstrap(_release(), unfinished, f"--include={packages}")
        for waste in "var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale":
            shutil.rmtree(unfinished / waste, ignore_errors=True)
        unfinished.chmod(0o755)
        unfinished.rename(image)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return image


def check_host():
    if os.geteuid() != 0:
        raise CannotBoot("booting a systemd needs root")
    for program in "debootstrap", "systemd-nspawn":
        if not shutil.which(program):
            raise CannotBoot(f"{program} is not installed")


@contextlib.contextmanager
def _own_cgroups():
    """Moves what this thread starts into cgroups of its own (cgroup v1; version 2 needs none)."""
    name = f"skep-machine-{os.getpid()}"
    before = dict(line.split(":", 2)[1:] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines())
    made = []
    try:
        for controller in (*LIMITING, "systemd", "unified"):
            if not (CGROUPS / controller / "cgroup.procs").exists():
                continue
            group = CGROUPS / controller / name
            group.mkdir()
            made.append(group)
            (group / "cgroup.procs").write_text(str(os.getpid()))
        yield
    finally:
        for controller, path in before.items():
            home = CGROUPS / (controller.removeprefix("name=") or "unified") / path.lstrip("/") / "cgroup.procs"
            if home.exists():
                home.write_text(str(os.getpid()))
        for group in made:
            for inner in sorted([group, *(p for p in group.rglob("*") if p.is_dir())], reverse=True):
                with contextlib.suppress(OSError):
                    inner.rmdir()


class Machine:
    """A running system: `run` runs a command in it, `root` is its file system."""

    def __init__(self):
        IMAGES.mkdir(parents=True, exist_ok=True)
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="machine-", dir=IMAGES))
        self.console = IMAGES / "console"
        self.nspawn = None
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            self._boot()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        if self.nspawn is not None:
            self.nspawn.send_signal(signal.SIGTERM)
            try:
                self.nspawn.wait(30)
            except subprocess.TimeoutExpired:
                self.nspawn.send_signal(signal.SIGTERM)
                self.nspawn.wait(30)
        self._stack.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def _boot(self):
        _run("cp", "-a", f"{base_image()}/.", self.root)
        (self.root / "etc/machine-id").write_text("")
        self._stack.enter_context(_own_cgroups())
        with self.console.open("wb") as console:
            self.nspawn = subprocess.Popen(
                ["systemd-nspawn", "-b", "--register=no", "--keep-unit", "--private-network",
                 "--console=pipe", f"--directory={self.root}"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)
        try:
            wait_until(self._is_up, BOOT_S, "the machine is up")
        except AssertionError as slow:
            raise CannotBoot(f"{slow}\n{self.console.read_text(errors='replace')[-3000:]}") from None
        self._allow_limits()

    def _is_up(self):
        if self.nspawn.poll() is not None:
            raise CannotBoot(f"systemd-nspawn: {self.console.read_text(errors='replace')[-3000:]}")
        return self.leader() and self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")

    def leader(self):
        """The process that is 1 in the machine; None: not yet there."""
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def _allow_limits(self):
        """With cgroup v1, systemd-nspawn mounts the controllers read-only."""
        mounted = [name for name in LIMITING if self.run("test", "-d", f"/sys/fs/cgroup/{name}").returncode == 0]
        for name in mounted:
            self.check("mount", "-o", "remount,rw,bind", f"/sys/fs/cgroup/{name}")
        if mounted:
            self.check("systemctl", "daemon-reexec")

    def run(self, *command, timeout=60):
        return subprocess.run(["nsenter", f"--target={self.leader()}", "--all", "--root", "--wd", "--",
                               *map(str, command)], capture_output=True, text=True, timeout=timeout,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_COLORS": "0",
                                   "SYSTEMD_PAGER": "", "LANG": "C.UTF-8"})

    def check(self, *command):
        """Runs a command that must succeed; returns its output."""
        done = self.run(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def property(self, unit, name):
        return self.check("systemctl", "show", f"--property={name}", "--value", unit).strip()

    def journal(self, unit):
        return self.check("journalctl", "--no-pager", "--output=cat", "--unit", unit)

    @contextlib.contextmanager
    def network(self):
        """Moves this thread into the machine's network; leaves it at the end."""
        with open("/proc/self/ns/net") as old, open(f"/proc/{self.leader()}/ns/net") as new:
            if libc.setns(new.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                libc.setns(old.fileno(), CLONE_NEWNET)
