"""Several skepd that share their registry through one redis-server."""

import contextlib
import sys

import pytest

from support.announce import Peer, get, random_hash, scraped
from support.api import Api
from support.cluster import QUICK, is_ready, node, nodes
from support.database import sql
from support.engine import Engine
from support.skepctl import Skepctl
from support.skepd import Skepd
from support.udp import UdpClient, UdpError
from support.waiting import wait_until


@pytest.fixture(scope="module")
def three(engine):
    with nodes(3, engine) as three:
        yield three


def control(daemon, *words):
    return Skepctl()(*words, "--url", daemon.url)


def everywhere(daemons, condition):
    for daemon in daemons:
        wait_until(lambda d=daemon: condition(d))


def seen(database):
    """When the node was last connected."""
    (value,) = sql(database, "SELECT value FROM secret WHERE name = 'cluster seen'")
    return int.from_bytes(value, sys.byteorder)


def accepts_id(client, other, torrent):
    """Whether a tracker accepts a new connection id of another one."""
    other.id = None
    with contextlib.suppress(UdpError):
        client.scrape(torrent, connection_id=other.connect())
        return True
    return False


def aside(daemon):
    return Api(daemon.port).get("/cluster")["set_aside"]


def test_registered_torrent_its_name_and_its_removal(three, torrent):
    a, b, c = three
    control(a, "add", torrent.hex(), "a film")
    everywhere(three, lambda daemon: "a film" in control(daemon, "list"))
    control(b, "add", torrent.hex(), "another film")
    everywhere(three, lambda daemon: "another film" in control(daemon, "list"))
    control(c, "remove", torrent.hex())
    everywhere(three, lambda daemon: torrent.hex() not in control(daemon, "list"))


def test_blocked_torrent_loses_its_peers_everywhere(three, torrent):
    a, b, c = three
    Peer(a.port, torrent).start()
    everywhere(three, lambda daemon: scraped(daemon.port, torrent) == (0, 1, 0))
    control(b, "block", torrent.hex(), "--reason", "court order")
    everywhere(three, lambda daemon: scraped(daemon.port, torrent) == (0, 0, 0))
    assert "court order" in Peer(c.port, torrent).start().failure
    control(c, "unblock", torrent.hex())
    everywhere(three, lambda daemon: Peer(daemon.port, torrent).start().failure is None)


def test_ban_removes_peers_and_is_lifted_everywhere(three, torrent):
    a, b, c = three
    Peer(a.port, torrent, source="127.0.0.5").start()
    everywhere(three, lambda daemon: scraped(daemon.port, torrent) == (0, 1, 0))
    control(b, "ban", "127.0.0.5", "--reason", "flooding")
    everywhere(three, lambda daemon: scraped(daemon.port, torrent) == (0, 0, 0))
    assert "flooding" in Peer(c.port, torrent, source="127.0.0.5").start().failure
    control(c, "unban", "127.0.0.5")
    everywhere(three, lambda daemon: "127.0.0.5" not in control(daemon, "bans"))


def test_udp_client_connects_at_one_node_and_announces_at_another(engine, torrent):
    with node(engine, name="udp1", udp=True) as a, node(engine, name="udp2", udp=True) as b, \
            UdpClient(a.port) as at_a, UdpClient(b.port) as at_b:
        wait_until(lambda: accepts_id(at_b, at_a, torrent))
        wait_until(lambda: accepts_id(at_a, at_b, torrent))


def message_of(daemon, path):
    answer = Api(daemon.port).call("GET", path + "/file")
    assert answer.status == 404
    return answer.json["error"]["message"]


def test_file_is_named_with_its_node(three, tmp_path):
    a, b, c = three
    (tmp_path / "film.bin").write_bytes(random_hash() * 5000)
    Skepctl()("create", str(tmp_path / "film.bin"), "--output", str(tmp_path / "film.torrent"), "--url", a.url)
    control(a, "add", str(tmp_path / "film.torrent"))
    (torrent,) = Api(a.port).get("/torrents", search="film.bin")["items"]
    assert torrent["has_file"] and torrent["file_node"] is None
    path = f"/torrents/{torrent['info_hash']}"
    for daemon in b, c:
        wait_until(lambda d=daemon: Api(d.port).call("GET", path).status == 200 and
                   Api(d.port).get(path)["file_node"] == "node0")
        shown = Api(daemon.port).get(path)
        assert not shown["has_file"] and shown["size"] == torrent["size"] and shown["registered"]
        assert "node node0" in message_of(daemon, path)
    # It may be uploaded at a second node, and stays at the first.
    control(b, "add", str(tmp_path / "film.torrent"))
    wait_until(lambda: Api(c.port).get(path)["file_node"] == "node1")
    for daemon in a, b:
        assert Api(daemon.port).get(path)["has_file"]
        daemon.restart()
        assert Api(daemon.port).call("GET", path + "/file").status == 200


def test_node_that_is_away_is_not_named_as_one_that_has_a_file(tmp_path):
    (tmp_path / "film.bin").write_bytes(random_hash() * 5000)
    with Engine() as engine, nodes(2, engine) as (a, b):
        Skepctl()("create", str(tmp_path / "film.bin"), "--output", str(tmp_path / "film.torrent"), "--url", a.url)
        control(a, "add", str(tmp_path / "film.torrent"))
        (torrent,) = Api(a.port).get("/torrents", search="film.bin")["items"]
        path = f"/torrents/{torrent['info_hash']}"
        wait_until(lambda: Api(b.port).call("GET", path).status == 200 and
                   Api(b.port).get(path)["file_node"] == "node0")
        a.kill()
        b.restart()
        assert Api(b.port).get(path)["file_node"] is None
        assert "was removed from the cluster" in message_of(b, path)


def test_name_of_a_machine(three):
    control(three[0], "name", "192.0.2.7", "Anna's laptop")
    everywhere(three, lambda daemon: "Anna's laptop" in control(daemon, "names"))


def test_database_of_a_running_node_is_refused(three, torrent):
    a = three[0]
    message = Skepctl(a.database).refuses("add", torrent.hex())
    assert "running node of a cluster" in message and "--url" in message
    assert torrent.hex() not in control(a, "list")
    a.stop()
    Skepctl(a.database)("add", torrent.hex())
    a.start()
    everywhere(three, lambda daemon: torrent.hex() in control(daemon, "list"))


def test_changes_survive_a_restart_of_every_node(three):
    info_hash = random_hash()
    control(three[0], "add", info_hash.hex(), "kept")
    everywhere(three, lambda daemon: "kept" in control(daemon, "list"))
    for daemon in three:
        daemon.restart()
        assert "kept" in control(daemon, "list")


def filled(tmp_path, name, info_hash, label, ban):
    """A database that was never part of a cluster, with a torrent, a passkey and a ban."""
    database = tmp_path / name
    with Skepd(database=database) as daemon:
        control(daemon, "add", info_hash.hex(), f"film of {label}")
        key = control(daemon, "key", "new", label).split()[0]
        control(daemon, "ban", ban, "--reason", "flooding")
    return database, key


def test_first_node_brings_its_registry_and_a_foreign_one_sets_its_own_aside(tmp_path):
    first, second = random_hash(), random_hash()
    ours, key = filled(tmp_path, "ours.db", first, "alice", "192.0.2.1")
    theirs, their_key = filled(tmp_path, "theirs.db", second, "bob", "192.0.2.2")
    private = 'access = { mode = "private"; }; '
    with Engine() as engine, node(engine, config=QUICK + private, database=ours) as a:
        a.wait_for_log("cluster: connected")
        assert aside(a) == {"torrents": 0, "passkeys": 0, "names": 0}
        with node(engine, name="b", config=QUICK + private, database=theirs) as b:
            # Its restriction holds at once, its permissions do not.
            wait_until(lambda: "192.0.2.2" in control(a, "bans"))
            b.wait_for_log("cluster: set aside 1 torrents, 1 passkeys")
            assert aside(b) == {"torrents": 1, "passkeys": 1, "names": 0}
            shown = control(b, "cluster")
            assert "1 torrents, 1 passkeys" in shown
            assert any("cluster import" in warning for warning in Api(b.port).get("/status")["warnings"])
            assert "192.0.2.1" in control(b, "bans")
            everywhere((a, b), lambda daemon: first.hex() in control(daemon, "list"))
            everywhere((a, b), lambda daemon: "alice" in control(daemon, "key", "list"))
            assert second.hex() not in control(b, "list") and "bob" not in control(b, "key", "list")
            b.restart()
            wait_until(lambda: is_ready(b))
            wait_until(lambda: aside(b)["torrents"] == 1)
            assert second.hex() not in control(b, "list")
            assert "added 2 entries" in control(b, "cluster", "import")
            everywhere((a, b), lambda daemon: second.hex() in control(daemon, "list"))
            everywhere((a, b), lambda daemon: "bob" in control(daemon, "key", "list"))
            assert aside(b) == {"torrents": 0, "passkeys": 0, "names": 0}
            for daemon in a, b:
                client = Peer(daemon.port, first)
                assert client.announce(path=f"/{their_key}/announce").failure is None
                assert client.announce(path=f"/{key}/announce").failure is None


def test_import_needs_a_cluster_and_a_database():
    with Skepd() as alone:
        refused = Api(alone.port).post("/cluster/import", None)
        assert (refused.status, refused.code) == (409, "no_cluster")
        failed = Skepctl().run("cluster", "import", "--url", alone.url)
        assert failed.returncode != 0 and "No cluster is configured" in failed.stderr
    with Engine() as engine, node(engine, config=QUICK + "store = { enabled = false; };") as daemon:
        wait_until(lambda: is_ready(daemon))
        refused = Api(daemon.port).post("/cluster/import", None)
        assert (refused.status, refused.code) == (503, "store_disabled")


def test_import_waits_for_the_end_of_a_join():
    engine = Engine()
    with node(engine) as daemon:
        refused = Api(daemon.port).post("/cluster/import", None)
        assert (refused.status, refused.code) == (503, "joining")
        failed = Skepctl().run("cluster", "import", "--url", daemon.url)
        assert failed.returncode != 0 and "does not know yet" in failed.stderr
        with engine:
            wait_until(lambda: Api(daemon.port).post("/cluster/import", None).status == 200)
            assert is_ready(daemon)


def test_node_that_comes_back_has_what_changed_and_brings_its_newer_entries():
    torrents = [random_hash() for _ in range(4)]
    with Engine() as engine, nodes(2, engine) as (a, b):
        a.wait_for_log("cluster: ", "this node has all peers")
        wait_until(lambda: is_ready(b))
        for info_hash in torrents[:2]:
            control(a, "add", info_hash.hex())
        everywhere((a, b), lambda daemon: torrents[1].hex() in control(daemon, "list"))
        b.kill()
        control(a, "remove", torrents[0].hex())
        control(a, "add", torrents[2].hex())
        offline = Skepctl(b.database)
        offline("add", torrents[3].hex())
        offline("remove", torrents[1].hex())
        b.start()
        expected = {info_hash.hex() for info_hash in torrents[2:]}
        everywhere((a, b), lambda daemon: {line.split()[0] for line in
                                           control(daemon, "list").splitlines()} == expected)
        assert aside(b)["torrents"] == 0


def test_node_that_was_away_for_a_month_sets_its_newer_permissions_aside():
    known, newer = random_hash(), random_hash()
    with Engine() as engine, nodes(2, engine) as (a, b):
        a.wait_for_log("cluster: ", "this node has all peers")
        wait_until(lambda: is_ready(b))
        control(a, "add", known.hex())
        everywhere((a, b), lambda daemon: known.hex() in control(daemon, "list"))
        wait_until(lambda: seen(b.database) > 0)
        b.stop()
        sql(b.database, "UPDATE secret SET value = x'%s' WHERE name = 'cluster seen'" %
            (seen(b.database) - 31 * 24 * 3600).to_bytes(8, sys.byteorder).hex())
        Skepctl(b.database)("add", newer.hex())
        Skepctl(b.database)("ban", "192.0.2.8")
        b.start()
        b.wait_for_log("cluster: set aside 1 torrents")
        everywhere((a, b), lambda daemon: "192.0.2.8" in control(daemon, "bans"))
        for daemon in a, b:
            assert known.hex() in control(daemon, "list") and newer.hex() not in control(daemon, "list")


def test_changes_of_a_stopped_node_win():
    torrent = random_hash()
    with Engine() as engine, nodes(2, engine) as (a, b):
        a.wait_for_log("cluster: ", "this node has all peers")
        wait_until(lambda: is_ready(b))
        control(a, "ban", "198.51.100.1")
        control(a, "block", torrent.hex())
        control(a, "name", "192.0.2.1", "desk")
        control(a, "name", "192.0.2.2", "door")
        everywhere((a, b), lambda daemon: "door" in control(daemon, "names"))
        for _ in range(3):
            b.stop()
            stopped = Skepctl(b.database)
            stopped("unban", "198.51.100.1")
            stopped("unblock", torrent.hex())
            stopped("unname", "192.0.2.1")
            stopped("name", "192.0.2.2", "window")
            stopped("ban", "203.0.113.1")
            b.start()
            wait_until(lambda: is_ready(b))
            everywhere((a, b), lambda daemon: "203.0.113.1" in control(daemon, "bans"))
            everywhere((a, b), lambda daemon: "198.51.100.1" not in control(daemon, "bans"))
            everywhere((a, b), lambda daemon: torrent.hex() not in control(daemon, "blocks"))
            everywhere((a, b), lambda daemon: "desk" not in control(daemon, "names"))
            everywhere((a, b), lambda daemon: "window" in control(daemon, "names"))
            control(b, "unban", "203.0.113.1")
            control(b, "ban", "198.51.100.1")
            control(b, "block", torrent.hex())
            control(b, "name", "192.0.2.1", "desk")
            control(b, "name", "192.0.2.2", "door")
            everywhere((a, b), lambda daemon: "door" in control(daemon, "names"))


def test_changes_wait_while_the_engine_is_away_and_restrictions_hold():
    info_hash = random_hash()
    with Engine() as engine, nodes(2, engine) as (a, b):
        engine.kill()
        a.wait_for_log("changes wait")
        control(a, "ban", "192.0.2.9")
        control(b, "add", info_hash.hex(), "a film")
        engine.start()
        everywhere((a, b), lambda daemon: "192.0.2.9" in control(daemon, "bans"))
        everywhere((a, b), lambda daemon: "a film" in control(daemon, "list"))


def test_node_without_a_database_has_the_registry_too(torrent):
    with Engine() as engine, nodes(1, engine) as (a,), \
            node(engine, name="b", config=QUICK + "store = { enabled = false; };") as b:
        b.wait_for_log("cluster: connected")
        Peer(b.port, torrent).start()
        wait_until(lambda: scraped(a.port, torrent) == (0, 1, 0))
        control(a, "block", torrent.hex())
        everywhere((a, b), lambda daemon: scraped(daemon.port, torrent) == (0, 0, 0))
        assert Peer(b.port, torrent).start().failure
