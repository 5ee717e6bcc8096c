"""Runs nodes of a cluster for a test."""

import contextlib

from support.announce import get, scraped
from support.skepd import Skepd
from support.waiting import wait_until

# So that a node is soon ready, and may then send a snapshot.
QUICK = "announce = { interval_min_s = 1; interval_max_s = 1; }; "


def node(*engines, name="a", cluster="", config=QUICK, **more):
    """`cluster` are more settings of the cluster, `config` others; `more` goes to Skepd."""
    urls = ", ".join(f'"{engine.url}"' for engine in engines)
    return Skepd(config=f'{config} cluster = {{ engine = [ {urls} ]; name = "{name}"; '
                 f"join_timeout_s = 1; timeout_ms = 500; {cluster} }};", **more)


@contextlib.contextmanager
def nodes(count, *engines, **more):
    """A node gets what others announce after its start."""
    with contextlib.ExitStack() as stack:
        daemons = [stack.enter_context(node(*engines, name=f"node{i}", **more)) for i in range(count)]
        for daemon in daemons:
            daemon.wait_for_log("cluster: connected")
        yield daemons


def counts_are(daemon, torrent, counts):
    wait_until(lambda: scraped(daemon.port, torrent) == counts,
               what=f"{daemon.port} has {scraped(daemon.port, torrent)}, not {counts}")


def is_ready(daemon):
    return get(daemon.port, "/readyz").status == 200


def become_whole(daemon):
    daemon.wait_for_log("cluster: ", "this node has all peers")
