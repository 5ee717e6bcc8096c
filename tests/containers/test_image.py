"""The container image: run by podman as the README says, and in narrow surroundings."""

import contextlib
import json
import os
import urllib.request

import pytest

from support.announce import Peer, random_hash, scraped
from support.container import IMAGE, CannotRun, Container, podman, run_once
from support.network import own_network
from support.skepd import WAIT_S, free_port
from support.udp import UdpClient
from support.waiting import wait_until

MIB = 1 << 20
SIZE_MAX = 120 * MIB


@pytest.fixture(scope="module", autouse=True)
def image():
    try:
        run_once(command=["--version"])
    except (CannotRun, FileNotFoundError) as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no container was run: {reason}")


@pytest.fixture(autouse=True)
def network():
    with own_network() as network:
        yield network


@pytest.fixture
def volume():
    name = podman("volume", "create").stdout.strip()
    yield name
    podman("volume", "rm", "--force", name)


@contextlib.contextmanager
def running(*options, port=None, variables=None):
    """A container that serves on a port of its own."""
    port = port or free_port()
    given = {"SKEP_HTTP_PORT": port, **(variables or {})}
    words = [word for name, value in given.items() for word in ("--env", f"{name}={value}")]
    with Container(*options, *words) as container:
        container.port = port
        wait_until(lambda: answers(port), WAIT_S)
        yield container


def answers(port):
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as page:
        return page.status == 200
    return False


def config_of(*options):
    """The settings in force, as lines."""
    return [line.strip() for line in run_once(*options, command=["--print-config"]).stdout.splitlines()]


def test_image_is_small_and_has_no_root():
    (described,) = json.loads(podman("image", "inspect", IMAGE).stdout)
    assert described["Size"] < SIZE_MAX
    assert described["Config"]["User"] == "65532:65532"
    assert described["Config"]["StopSignal"] == "SIGTERM"


def test_tracker_serves_and_keeps_its_peers_in_the_volume(volume):
    torrent = random_hash()
    options = ("--volume", f"{volume}:/var/lib/skep")
    with running(*options) as first:
        Peer(first.port, torrent, left=0).start()
        with UdpClient(first.port) as udp:
            assert udp.announce(torrent, 7000).peers
        page = urllib.request.Request(f"http://127.0.0.1:{first.port}/", headers={"Accept": "text/html"})
        assert b"<title>" in urllib.request.urlopen(page, timeout=WAIT_S).read()
        assert first.stop() == 0
    with running(*options) as second:
        assert scraped(second.port, torrent)[0] == 1


def test_health_check_follows_the_port():
    with running() as container:
        assert podman("healthcheck", "run", container.id, check=False).returncode == 0
        assert "healthy" in podman("exec", container.id, "skepctl", "health").stdout
        assert podman("exec", container.id, "skepctl", "doctor", check=False).stdout


@pytest.mark.parametrize("options", [
    ("--read-only",), ("--user", "12345:12345"), ("--user", "12345:0", "--read-only", "--cap-drop", "all"),
    ("--memory", "256m")], ids=" ".join)
def test_narrow_surroundings(options):
    torrent = random_hash()
    with running(*options) as container:
        assert "failure reason" not in Peer(container.port, torrent).start()
        assert container.stop() == 0


def test_one_address_family(network):
    with open("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w") as switch:
        switch.write("1")
    with running() as container:
        assert "failure reason" not in Peer(container.port, random_hash()).start()


def test_settings_come_from_the_environment_and_a_file(tmp_path):
    config = tmp_path / "skepd.conf"
    config.write_text('log_level = "debug"; http = { port = 7001; };')
    config.chmod(0o644)
    tmp_path.chmod(0o755)
    shown = config_of("--env", "SKEP_ACCESS_MODE=listed", "--env", "SKEP_HTTP_ADMINS=10.0.0.0/8,::1")
    assert 'mode = "listed";' in shown and any('"10.0.0.0/8", "::1' in line for line in shown)
    shown = run_once("--volume", f"{config}:/etc/skep/skepd.conf:ro", "--env", "SKEP_HTTP_PORT=7002",
                     command=["--config", "/etc/skep/skepd.conf", "--print-config"]).stdout
    assert 'log_level = "debug";' in shown and "port = 7002;" in shown


def test_memory_bound_follows_the_limit_of_the_container():
    assert "memory_max_mib = 2048;" in config_of()
    assert "memory_max_mib = 128;" in config_of("--memory", "256m")
