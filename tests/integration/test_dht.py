"""The DHT node beside the tracker."""

import contextlib
import socket

import libtorrent
import pytest

from support.announce import Peer, random_hash, scraped
from support.api import Api
from support.dht import DhtNode
from support.prometheus import read_metrics
from support.skepctl import REFUSED, SILENT, Skepctl
from support.skepd import Skepd, free_port
from support.torrents import encode
from support.waiting import WAIT_S, wait_until

GENERIC_ERROR = 201  # BEP 5


def config(port, share="all", more=""):
    return f'dht = {{ enabled = true; port = {port}; answer_swarms = "{share}"; {more} }};'


class Tracker(Skepd):
    def __init__(self, dht_port=None, **options):
        self.dht_port = dht_port or free_port()
        super().__init__(config=config(self.dht_port, **options))


def machine_address():
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address")
        return probe.getsockname()[0]


@pytest.fixture(scope="module")
def daemon():
    with Tracker() as daemon:
        yield daemon


@pytest.fixture(scope="module")
def api(daemon):
    return Api(daemon.port)


@pytest.fixture
def node(daemon):
    with DhtNode(daemon.dht_port) as node:
        yield node


def describe(name, private):
    """A .torrent file and its info_hash."""
    files = libtorrent.file_storage()
    files.add_file(name, 16384)
    torrent = libtorrent.create_torrent(files, 16384, libtorrent.create_torrent.v1_only)
    torrent.set_hash(0, random_hash())
    torrent.set_priv(private)
    content = libtorrent.bencode(torrent.generate())
    return content, libtorrent.torrent_info(libtorrent.bdecode(content)).info_hash().to_bytes()


def test_peer_of_an_announce_is_found_by_the_dht(daemon, node, torrent):
    seeder = Peer(daemon.port, torrent, left=0)
    seeder.start()
    peers, _ = node.get_peers(torrent)
    assert peers == [seeder.endpoint]


def test_peer_of_the_dht_is_given_to_announces_and_shown(daemon, api, node, torrent):
    assert node.announce(torrent, 4321) is None
    peer = Peer(daemon.port, torrent)
    assert peer.start().peers == [("127.0.0.1", 4321)]
    found, = [item for item in api.get(f"/torrents/{torrent.hex()}/peers")["items"]
              if item["port"] == 4321]
    assert (found["source"], found["peer_id"], found["client"], found["progress"]) == \
        ("dht", None, "found by DHT", None)


def test_peer_is_one_however_it_announces(daemon, node, torrent):
    peer = Peer(daemon.port, torrent, left=0)
    assert node.announce(torrent, peer.endpoint[1]) is None
    peer.start()
    assert node.announce(torrent, peer.endpoint[1]) is None
    assert scraped(daemon.port, torrent) == (1, 0, 0)


def test_many_queries_at_once_are_answered(daemon):
    """Fewer than an address may send at once."""
    asked = {bytes([number, 0]) for number in range(30)}
    answered = set()
    with DhtNode(daemon.dht_port, source="127.0.0.20") as node:
        for transaction in asked:
            node.send("ping", transaction)
        while answered != asked:
            answered.add(node.receive()[b"t"])


def test_what_is_no_query_is_not_answered(daemon, api):
    """Garbage, the longest datagram there is, and replies and errors without a query."""
    ignored = api.get("/dht")["counts"]["ignored"]
    with DhtNode(daemon.dht_port, source="127.0.0.21") as node:
        reply = {b"id": node.id, b"nodes": node.id + bytes([192, 0, 2, 1, 26, 225]), b"token": b"t"}
        junk = [b"\0", b"d", b"d" * 1400, b"l" * 65507, b"d1:y1:q",
                encode({b"t": b"aa", b"y": b"r", b"r": reply}),
                encode({b"t": b"aa", b"y": b"e", b"e": [201, b"error"]})]
        for datagram in junk:
            node.socket.send(datagram)
        transaction = b"after"
        node.send("ping", transaction)
        assert node.receive()[b"t"] == transaction
    assert api.get("/dht")["counts"]["ignored"] >= ignored + len(junk)


def test_reply_leaves_from_the_address_that_was_asked(daemon):
    with DhtNode(daemon.dht_port, source="127.0.0.9", target="127.0.0.8") as node:
        assert node.ask("ping")[b"y"] == b"r"  # its socket takes nothing from another address


def test_each_listen_address_is_served(torrent):
    """What the node sends to others leaves from an address that they can reach."""
    addresses = ["127.0.0.1", "127.0.0.9", machine_address()]
    port = free_port()
    with DhtNode(port, source=addresses[-1]) as other:  # its socket takes nothing from another address
        listen = f'http = {{ listen = [ "{addresses[0]}", "{addresses[1]}", "{addresses[2]}" ]; }};'
        with Skepd(config=listen + config(port, more=f'bootstrap = "{addresses[-1]}:{other.port}";')):
            other.receive(queries=True)
            for address in addresses:
                with DhtNode(port, source=address) as node:
                    assert node.announce(torrent, 4321) is None


def test_peer_of_the_dht_outlives_a_restart(torrent):
    with Tracker() as daemon:
        with DhtNode(daemon.dht_port) as node:
            assert node.announce(torrent, 4321) is None
        daemon.restart()
        found, = Api(daemon.port).get(f"/torrents/{torrent.hex()}/peers")["items"]
        assert (found["port"], found["source"]) == (4321, "dht")
        with DhtNode(daemon.dht_port) as node:
            assert node.get_peers(torrent)[0] == [("127.0.0.1", 4321)]


def test_private_torrent_is_not_shared(daemon, api, node):
    content, info_hash = describe("private", private=True)
    assert api.post("/torrents", content).status == 201
    Peer(daemon.port, info_hash).start()
    assert node.get_peers(info_hash)[0] == []
    assert node.announce(info_hash, 4321) is not None
    assert scraped(daemon.port, info_hash) == (0, 1, 0)


def test_node_and_its_counts_are_shown(daemon, api, node, torrent):
    node.announce(torrent, 4321)
    shown = api.get("/dht")
    assert shown["running"] and shown["port"] == daemon.dht_port and shown["error"] is None
    assert shown["counts"]["announces_shared"] >= 1
    assert [table["family"] for table in shown["tables"]] == [4, 6]
    assert api.get("/status")["dht"] == {"running": True, "nodes": shown["tables"][0]["good"]}
    metrics = read_metrics(daemon)
    assert metrics("skep_dht_running") == 1
    assert metrics("skep_dht_queries_total", query="announce_peer") >= 1
    skepctl = Skepctl(options=("--url", daemon.url))
    assert f"port       {daemon.dht_port} UDP" in skepctl("dht")
    assert skepctl.json("dht")["stored_peers"] == shown["stored_peers"]


def test_trackerless_torrent_names_the_node(daemon, tmp_path):
    skepctl = Skepctl(options=("--url", daemon.url), cwd=tmp_path)
    (tmp_path / "content").write_bytes(bytes(1000))
    made = skepctl.json("create", "content", "--trackerless")
    torrent = libtorrent.torrent_info(str(tmp_path / made["file"]))
    assert torrent.nodes() == [(made["node"].rpartition(":")[0].strip("[]"), daemon.dht_port)]
    assert list(torrent.trackers()) == [] and not torrent.priv()
    made = skepctl.json("create", "content", "--node", "[2001:db8::1]:7", "--force")
    assert made["node"] == "[2001:db8::1]:7" and made["announce"] == []
    assert libtorrent.torrent_info(str(tmp_path / made["file"])).nodes() == [("2001:db8::1", 7)]
    for node in "a", "a:0", "::1:5", ":5":
        assert "HOST:PORT" in skepctl.refuses("create", "content", "--force", "--node", node)
    assert "exclude" in skepctl.refuses("create", "content", "--force", "--trackerless", "--private")


def test_lookup_finds_what_another_node_knows(torrent):
    with Tracker() as first, Tracker(more=f'bootstrap = "127.0.0.1:{first.dht_port}";') as second:
        with DhtNode(first.dht_port) as node:
            node.announce(torrent, 4321)
        api = Api(second.port)
        wait_until(lambda: api.get("/dht")["tables"][0]["good"] > 0, what="it knows a node")
        skepctl = Skepctl(options=("--url", second.url))
        assert skepctl("dht", torrent.hex()) == "127.0.0.1:4321\n"
        assert api.get("/dht")["lookups"][0]["info_hash"] == torrent.hex()
        assert f"lookups    {torrent.hex()}  1 peers, started " in skepctl("dht")
        assert skepctl("dht", random_hash().hex()) == "no peers found in the DHT\n"

        second.stop()
        second.config = config(second.dht_port)
        second.start()
        wait_until(lambda: api.get("/dht")["tables"][0]["good"] > 0,
                   what="it knows the node of the last run")


def test_nodes_to_start_from_are_reloaded_and_unknown_names_reported():
    unknown = "a" * 64  # longer than a label of a name may be
    port = free_port()
    with DhtNode(port) as first, DhtNode(port) as second, \
            Tracker(port, more=f'bootstrap = [ "{unknown}:1", "127.0.0.1:{first.port}" ];') as daemon:
        first.receive(queries=True)
        daemon.wait_for_log("warning: dht: bootstrap: ", f"{unknown}:1: no address found")
        daemon.reload(config(port, more=f'bootstrap = "127.0.0.1:{second.port}";'))
        second.receive(queries=True)
        api = Api(daemon.port)
        wait_until(lambda: any("dht.bootstrap" in warning for warning in api.get("/status")["warnings"]),
                   what="it reports that it knows no node")


def test_stop_does_not_wait_for_a_lookup_or_a_name(torrent):
    """The node to start from does not answer, as perhaps the name server."""
    port = free_port()
    with DhtNode(port) as silent, \
            Tracker(port, more=f'bootstrap = [ "no-host.invalid:1", "127.0.0.1:{silent.port}" ];') as daemon:
        skepctl = Skepctl(options=("--url", daemon.url))
        silent.receive(queries=True)
        with skepctl.start("dht", torrent.hex()) as waiting:
            wait_until(lambda: Api(daemon.port).get("/dht")["lookups"], what="the lookup runs")
            daemon.stop()
            _, error = waiting.communicate(timeout=WAIT_S)
            assert waiting.returncode in (0, SILENT) and error.count("\n") <= 1


def test_stored_peers_are_listed():
    """Of torrents that are not shared, by the number of their peers."""
    many, few = random_hash(), random_hash()
    with Tracker(share="none") as daemon:
        with DhtNode(daemon.dht_port) as node:
            for info_hash, port in (many, 4321), (few, 4322), (many, 4323):
                assert node.announce(info_hash, port) is None
        api = Api(daemon.port)
        shown = api.get("/dht")
        assert (shown["stored_torrents"], shown["stored_peers"]) == (2, 3)
        metrics = read_metrics(daemon)
        assert (metrics("skep_dht_stored_torrents"), metrics("skep_dht_stored_peers")) == (2, 3)
        items = [{"info_hash": many.hex(), "peers": 2}, {"info_hash": few.hex(), "peers": 1}]
        assert api.get("/dht/torrents") == {"items": items, "total": 2, "offset": 0, "limit": 50}
        assert api.get("/dht/torrents", offset=1, limit=1)["items"] == items[1:]
        assert api.get("/dht/torrents", limit=0)["items"] == []
        peers = api.get(f"/dht/torrents/{many.hex()}")
        assert {(peer["address"], peer["port"]) for peer in peers["items"]} == \
            {("127.0.0.1", 4321), ("127.0.0.1", 4323)}
        assert all(0 <= peers["now"] - peer["seen"] < 1800 for peer in peers["items"])
        assert api.get(f"/dht/torrents/{random_hash().hex()}")["total"] == 0
        skepctl = Skepctl(options=("--url", daemon.url))
        assert "stored     3 peers of 2 torrents" in skepctl("dht")
        assert skepctl("dht", "--stored").splitlines()[1:] == \
            [f"{many.hex()}      2", f"{few.hex()}      1"]
        assert "1 of 2 stored torrents" in skepctl("dht", "--stored", "--limit", "1")
        assert "127.0.0.1:4322" in skepctl("dht", "--stored", few.hex())
        assert "No stored peers." in skepctl("dht", "--stored", random_hash().hex())
        assert skepctl.json("dht", "--stored")["items"] == items


@pytest.mark.parametrize("limit, announced, refused", [
    ("peers_max = 2", [(1, 4001), (2, 4001)], (3, 4001)),
    ("torrents_max = 2", [(1, 4001), (2, 4001), (2, 4002)], (3, 4001)),
    ("torrent_peers_max = 2", [(1, 4001), (1, 4002), (2, 4001)], (1, 4003)),
    ("address_peers_max = 2", [(1, 4001), (2, 4001)], (1, 4002))])
def test_stored_peers_are_limited_as_configured(limit, announced, refused):
    with Tracker(share="none", more=f"{limit};") as daemon, DhtNode(daemon.dht_port) as node:
        for number, port in announced:
            assert node.announce(bytes([number]) * 20, port) is None
        assert node.announce(bytes([refused[0]]) * 20, refused[1]) == GENERIC_ERROR
        number, port = announced[0]
        assert node.announce(bytes([number]) * 20, port) is None
        shown = Api(daemon.port).get("/dht")
        assert shown["stored_peers"] == len(announced)


def test_replies_to_an_address_are_limited_as_configured():
    """A burst is four times as long."""
    with Tracker(more="address_replies_per_s = 1;") as daemon, DhtNode(daemon.dht_port) as node:
        for number in range(50):
            node.send("ping", b"%02d" % number)
        api = Api(daemon.port)
        wait_until(lambda: api.get("/dht")["counts"]["limited"] >= 40)
        assert node.receive()[b"t"] == b"00"


def test_swarms_are_shared_as_configured(torrent):
    files = [describe("public", private=False), describe("private", private=True)]
    (_, public), (_, private) = files
    with Tracker(share="registered") as daemon, DhtNode(daemon.dht_port) as node:
        for content, _ in files:
            assert Api(daemon.port).post("/torrents", content).status == 201
        for info_hash in public, private, torrent:
            Peer(daemon.port, info_hash).start()

        def numbers():
            assert node.announce(private, 4321) is not None
            return [len(node.get_peers(info_hash)[0]) for info_hash in (public, torrent, private)]

        assert numbers() == [1, 0, 0]
        daemon.reload(config(daemon.dht_port, share="none"))
        wait_until(lambda: numbers() == [0, 0, 0], what="nothing is shared")
        daemon.reload(config(daemon.dht_port, share="all"))
        wait_until(lambda: numbers() == [1, 1, 0], what="all is shared but a private torrent")


def test_port_in_use_is_reported_and_the_tracker_runs(torrent):
    with contextlib.ExitStack() as stack:
        taken = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        taken.bind(("0.0.0.0", 0))
        port = taken.getsockname()[1]
        daemon = stack.enter_context(Skepd(config=config(port)))
        daemon.wait_for_log("error", "dht: ", str(port), "runs without DHT")
        api = Api(daemon.port)
        assert api.get("/dht")["running"] is False
        assert api.get("/status")["dht"] == {"running": False, "nodes": 0}
        assert any("without DHT" in warning for warning in api.get("/status")["warnings"])
        assert api.post("/dht/lookups", {"info_hash": torrent.hex()}).status == 409
        assert Peer(daemon.port, torrent).start().failure is None


def test_dht_is_off_by_default(torrent, tmp_path):
    (tmp_path / "content").write_bytes(bytes(1000))
    with Skepd() as daemon:
        api = Api(daemon.port)
        assert api.get("/dht") == {"enabled": False} and api.get("/status")["dht"] is None
        assert api.post("/dht/lookups", {"info_hash": torrent.hex()}).status == 409
        skepctl = Skepctl(options=("--url", daemon.url), cwd=tmp_path)
        assert "no DHT node" in skepctl.refuses("create", "content", "--trackerless", status=REFUSED)
        assert "the DHT is off" in skepctl("dht")
