"""The commands and settings of the README's chapter about clusters, run as they stand there, except for
ports, addresses and paths."""

import contextlib
import os
import re

import pytest

from support.api import Api
from support.process import Process
from support.skepctl import Skepctl, program
from support.skepd import ROOT, Skepd, free_port
from support.waiting import wait_until


@pytest.fixture(scope="module")
def blocks():
    """The indented blocks of the chapter."""
    chapter = re.search(r"\n## Run several nodes\n(.*?)\n## ", (ROOT / "README.md").read_text(), re.S)[1]
    return [re.sub(r"^    ", "", block, flags=re.M) for block in re.findall(r"(?:^    .*\n)+", chapter, re.M)]


def replace(text, replacements):
    for old, new in replacements.items():
        assert old in text, (old, text)
        text = text.replace(old, str(new))
    return text


def engine_of(port):
    return Api(port).get("/cluster")["engine"]


@contextlib.contextmanager
def running(command, directory):
    path = f"{program().parent}:{os.environ['PATH']}"
    process = Process(["bash", "-c", f"cd {directory}; {command}\nwait"], directory / "log", {"PATH": path})
    try:
        yield
    finally:
        process.kill()


def test_two_nodes_on_one_machine(blocks, tmp_path):
    start, use = blocks[:2]
    ports = {port: free_port() for port in ("7379", "7001", "7002")}
    with running(replace(start, ports), tmp_path):
        for port in ports["7001"], ports["7002"]:
            wait_until(lambda at=port: engine_of(at)["connected"])
        announce, scrape, cluster = [line.split("#")[0].split()[1:]
                                     for line in replace(use, {p: ports[p] for p in ("7001", "7002")}).splitlines()]
        Skepctl()(*announce)
        wait_until(lambda: re.search(r"^ff1dd52e\w+ +1 +0 +0$", Skepctl()(*scrape), re.M))
        wait_until(lambda: re.search("^node +a .*\nnode +b ", Skepctl()(*cluster)))


def test_settings_of_the_engine_and_a_node(blocks, tmp_path):
    engine, node, secret = blocks[2:5]
    port = free_port()
    (tmp_path / "redis.conf").write_text(replace(engine, {" 192.0.2.1": ""}) + f"port {port}\n")
    assert "/etc/skep/engine_password" in secret
    (tmp_path / "engine_password").write_text("PASSWORD\n")  # where the service has it
    config = replace(node, {"192.0.2.1:6379": f"127.0.0.1:{port}"})
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    with running("redis-server ./redis.conf", tmp_path), Skepd(config, environment=environment) as daemon:
        daemon.wait_for_log("cluster: connected")
        wait_until(lambda: engine_of(daemon.port)["connected"])
        assert engine_of(daemon.port)["error"] is None and engine_of(daemon.port)["warnings"] is None
