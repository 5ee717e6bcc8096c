"""A directory of torrents (access.torrent_dir): each .torrent file in it and below is registered as
long as it is there."""

import hashlib
import os
import random
import shutil
import subprocess

import pytest

from support.announce import Peer
from support.api import Api
from support.bencode import decode
from support.skepctl import Skepctl
from support.skepd import Skepd, as_nobody, run
from support.torrents import BLOCK, encode, good_torrent
from support.waiting import wait_until

NOT_LISTED = "torrent not registered"


def make_torrent(name, seed=0, comment=b"kept"):
    """A .torrent file of version 1, and its info_hash."""
    info = {b"name": name.encode(), b"piece length": BLOCK, b"length": 1000,
            b"pieces": random.Random(f"{name} {seed}").randbytes(20)}
    return (encode({b"announce": b"http://elsewhere/announce", b"comment": comment, b"info": info}),
            hashlib.sha1(encode(info)).digest())


def config(path, more=""):
    return f'access = {{ mode = "listed"; torrent_dir = "{path}"; {more} }}; probe = {{ enabled = false; }};'


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("torrents")


@pytest.fixture(scope="module")
def started(path):
    """A torrent that is there at the start."""
    (path / "deep/er").mkdir(parents=True)
    content, info_hash = make_torrent("started")
    (path / "deep/er/started.TORRENT").write_bytes(content)
    return info_hash


@pytest.fixture(scope="module")
def daemon(path, started):
    with Skepd(config=config(path)) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def api(daemon):
    return Api(daemon.port)


def registered(api, info_hash):
    answer = api.call("GET", "/torrents/" + info_hash.hex())
    return answer.status == 200 and answer.json["registered"]


def wait_registered(api, info_hash, wanted=True):
    wait_until(lambda: registered(api, info_hash) == wanted, what=f"registered is {wanted}")


def test_torrent_of_the_directory_has_name_size_file_and_path(api, path, started):
    detail = api.torrent(started)
    assert detail["registered"] and detail["has_file"] and not detail["versions"]
    assert (detail["name"], detail["size"], detail["private"]) == ("started", 1000, False)
    assert detail["path"] == str(path / "deep/er/started.TORRENT")
    answer = api.call("GET", f"/torrents/{started.hex()}/file")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="started.torrent"'
    downloaded = decode(answer.body)
    assert downloaded[b"comment"] == b"kept" and b":%d/announce" % api.port in downloaded[b"announce"]
    assert Peer(api.port, started).start().failure is None


def test_new_file_is_registered_and_a_removed_one_is_not(api, path):
    content, info_hash = make_torrent("film")
    peer = Peer(api.port, info_hash)
    assert peer.start().failure == NOT_LISTED
    (path / "film.torrent").write_bytes(content)
    wait_until(lambda: peer.start().failure is None)
    assert [item["path"] for item in api.get("/torrents", search="film")["items"]] == [str(path / "film.torrent")]
    (path / "film.torrent").unlink()
    wait_until(lambda: peer.announce().failure == NOT_LISTED)
    assert not registered(api, info_hash)


def test_file_that_is_replaced_in_any_way_counts(api, path, tmp_path):
    old, old_hash = make_torrent("edited", 1)
    new, new_hash = make_torrent("edited", 2)
    place = path / "edited.torrent"
    place.write_bytes(old)
    wait_registered(api, old_hash)
    (path / ".edited.torrent.swp").write_bytes(new)
    os.replace(path / ".edited.torrent.swp", place)
    wait_registered(api, new_hash)
    assert not registered(api, old_hash)
    place.write_bytes(old)
    wait_registered(api, old_hash)
    (tmp_path / "other").write_bytes(new)
    shutil.move(tmp_path / "other", place)
    wait_registered(api, new_hash)
    os.rename(place, path / "edited")
    wait_registered(api, new_hash, False)


def test_directories_may_come_go_and_be_renamed(api, path, tmp_path):
    content, info_hash = make_torrent("moved")
    later, later_hash = make_torrent("later")
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/sub/a.torrent").write_bytes(content)
    shutil.move(tmp_path / "tree", path / "tree")
    wait_registered(api, info_hash)
    os.rename(path / "tree", path / "renamed")
    wait_until(lambda: api.torrent(info_hash)["path"] == str(path / "renamed/sub/a.torrent"))
    (path / "renamed/sub/later.torrent").write_bytes(later)
    wait_registered(api, later_hash)
    shutil.rmtree(path / "renamed")
    wait_registered(api, info_hash, False)
    wait_registered(api, later_hash, False)


def test_links_are_followed_but_not_in_a_circle(api, path, tmp_path):
    (one, one_hash), (other, other_hash) = make_torrent("link"), make_torrent("linked directory")
    (tmp_path / "one").write_bytes(one)
    (tmp_path / "other.torrent").write_bytes(other)
    (path / "circle").symlink_to(path)
    (path / "link.torrent").symlink_to(tmp_path / "one")
    (path / "nowhere.torrent").symlink_to(tmp_path / "none")
    (path / "linked").symlink_to(tmp_path)
    wait_registered(api, one_hash)
    wait_registered(api, other_hash)
    for name in ("circle", "link.torrent", "nowhere.torrent", "linked"):
        (path / name).unlink()
    wait_registered(api, one_hash, False)
    wait_registered(api, other_hash, False)


def test_invalid_file_is_logged_once_and_valid_when_it_is_complete(daemon, api, path):
    content, info_hash = make_torrent("growing")
    (path / "bad.torrent").write_bytes(b"<html>")
    (path / "dir.torrent").mkdir()
    os.mkfifo(path / "pipe.torrent")
    (path / "bad\nname.torrent").write_bytes(b"")
    with (path / "growing.torrent").open("wb") as file:
        file.write(content[:50])
        file.flush()
        for name in ("/bad.torrent: file ignored: ", "/growing.torrent: file ignored: ", "/bad name.torrent: file ignored",
                     "/pipe.torrent: file ignored: not a regular file"):
            daemon.wait_for_log("warning", str(path) + name)
        file.write(content[50:])
    wait_registered(api, info_hash)
    assert daemon.log().count("/bad.torrent: file ignored: ") == 1
    assert "dir.torrent: file ignored" not in daemon.log()
    for name in ("bad.torrent", "pipe.torrent", "bad\nname.torrent", "growing.torrent"):
        (path / name).unlink()
    wait_registered(api, info_hash, False)


def test_good_file_that_is_overwritten_stays_registered_meanwhile(daemon, api, path):
    content, info_hash = make_torrent("overwritten")
    place = path / "overwritten.torrent"
    place.write_bytes(content)
    wait_registered(api, info_hash)
    peer = Peer(api.port, info_hash)
    for _ in range(5):
        for comment in (b"longer than before", b""):
            with place.open("wb") as file:
                for part in (content[:20], make_torrent("overwritten", comment=comment)[0][20:]):
                    file.write(part)
                    file.flush()
                    assert peer.announce().failure is None
    assert "overwritten.torrent: file ignored" not in daemon.log()
    place.write_bytes(b"no torrent")
    wait_registered(api, info_hash, False)
    place.unlink()


def test_torrent_of_a_file_can_only_be_removed_with_its_file(daemon, api, path, started):
    call, skepctl = "/torrents/" + started.hex(), Skepctl(options=("--url", daemon.url))
    for answer in (api.delete(call), api.patch(call, {"name": "x"})):
        assert (answer.status, answer.code) == (409, "from_file")
        assert str(path / "deep/er/started.TORRENT") in answer.json["error"]["message"]
    assert str(path / "deep/er/started.TORRENT") in skepctl.run("remove", started.hex()).stderr
    listed = {line.split()[0]: line for line in skepctl("list").splitlines()}
    assert listed[started.hex()].endswith("  (from access.torrent_dir)") and registered(api, started)
    assert {item["info_hash"]: item["from_file"] for item in skepctl.json("list")["items"]}[started.hex()]


def test_torrent_registered_by_hand_too_stays_when_its_file_goes(daemon, api, path):
    content, info_hash = make_torrent("both")
    call = "/torrents/" + info_hash.hex()
    (path / "both.torrent").write_bytes(content)
    wait_registered(api, info_hash)
    count = api.get("/status")["registry"]["torrents"]
    assert api.post("/torrents", {"info_hash": info_hash.hex(), "name": "by hand"}).status == 201
    detail = api.torrent(info_hash)
    assert (detail["name"], detail["size"], detail["has_file"]) == ("by hand", 1000, True)
    assert api.get("/status")["registry"]["torrents"] == count
    assert api.get("/torrents", show="registered", search=info_hash.hex())["total"] == 1
    assert api.delete(call).code == "from_file"
    assert api.patch(call, {"name": "renamed"}).status == 200
    (path / "both.torrent").unlink()
    wait_until(lambda: not api.torrent(info_hash)["has_file"])
    detail = api.torrent(info_hash)
    assert (detail["name"], detail["registered"], detail["path"]) == ("renamed", True, None)
    assert Peer(api.port, info_hash).start().failure is None
    assert api.delete(call).status == 204
    assert Peer(api.port, info_hash).start().failure == NOT_LISTED


def test_torrent_of_two_files_stays_while_one_is_there(api, path):
    content, info_hash = make_torrent("twice")
    (path / "twice 1.torrent").write_bytes(content)
    (path / "twice 2.torrent").write_bytes(make_torrent("twice", comment=b"other")[0])
    wait_registered(api, info_hash)
    (path / "twice 1.torrent").unlink()
    wait_until(lambda: api.torrent(info_hash)["path"] == str(path / "twice 2.torrent"))
    (path / "twice 2.torrent").unlink()
    wait_registered(api, info_hash, False)


def test_hybrid_torrent_has_two_info_hashes(api, path):
    seeds = (random.Random(seed) for seed in range(1000))
    top = next(top for top in map(good_torrent, seeds)
               if {b"meta version", b"pieces"} <= top[b"info"].keys())
    info = encode(top[b"info"])
    hashes = [hashlib.sha1(info).digest(), hashlib.sha256(info).digest()[:20]]
    (path / "hybrid.torrent").write_bytes(encode(top))
    for info_hash, other in (hashes, hashes[::-1]):
        wait_registered(api, info_hash)
        assert api.torrent(info_hash)["versions"] == [other.hex()]
    (path / "hybrid.torrent").unlink()
    for info_hash in hashes:
        wait_registered(api, info_hash, False)


def test_restart_keeps_peers_and_no_entry_in_the_database(tmp_path):
    content, info_hash = make_torrent("kept")
    (tmp_path / "kept.torrent").write_bytes(content)
    with Skepd(config=config(tmp_path)) as daemon:
        assert Peer(daemon.port, info_hash).start().failure is None
        daemon.restart()
        assert Api(daemon.port).torrent(info_hash)["leechers"] == 1
        daemon.stop()
        assert Skepctl(daemon.database)("list") == ""
        (tmp_path / "kept.torrent").unlink()
        daemon.start()
        assert Peer(daemon.port, info_hash).start().failure == NOT_LISTED


def test_reload_changes_the_directory(tmp_path):
    contents = {name: make_torrent(name) for name in ("one", "other")}
    for name, (content, _) in contents.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.torrent").write_bytes(content)
    one, other = (info_hash for _, info_hash in contents.values())
    with Skepd(config=config(tmp_path / "one"), args=["--set", "store.enabled=false"]) as daemon:
        api, peer = Api(daemon.port), Peer(daemon.port, one)
        assert peer.start().failure is None and not registered(api, other)
        daemon.reload(config(tmp_path / "other"))
        wait_registered(api, other)
        assert peer.announce().failure == NOT_LISTED
        daemon.reload(config(tmp_path / "none"))
        daemon.wait_for_log("error", f"{tmp_path}/none: No such file", "keeping the registered torrents")
        assert registered(api, other)
        os.rename(tmp_path / "one", tmp_path / "none")
        wait_registered(api, one)
        shutil.rmtree(tmp_path / "none")
        wait_until(lambda: daemon.log().count("keeping the registered torrents") == 2)
        assert peer.announce().failure is None
        daemon.reload(config(""))
        wait_registered(api, one, False)


def test_daemon_does_not_start_without_its_directory(tmp_path):
    with pytest.raises(AssertionError, match=f"torrent_dir: {tmp_path}/none: No such file"):
        with Skepd(config=config(tmp_path / "none")):
            pass
    assert run("--set", f"access.torrent_dir={tmp_path}", "--check-config").returncode == 0


@pytest.mark.skipif(not as_nobody(), reason="needs root to drop privileges")
def test_unreadable_file_and_directory_are_logged_and_taken_when_readable(tmp_path):
    (file, file_hash), (below, below_hash) = make_torrent("unreadable"), make_torrent("below")
    os.chmod(tmp_path, 0o755)
    for parent in tmp_path.parents[:3]:
        if parent.owner() == tmp_path.owner() and parent != parent.parent:
            os.chmod(parent, parent.stat().st_mode | 0o011)
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/below.torrent").write_bytes(below)
    (tmp_path / "file.torrent").write_bytes(file)
    os.chmod(tmp_path / "dir", 0)
    os.chmod(tmp_path / "file.torrent", 0)
    daemon = Skepd(config=config(tmp_path), prefix=as_nobody())
    os.chmod(daemon.directory, 0o777)
    with daemon:
        daemon.wait_for_log("warning", f"{tmp_path}/file.torrent: file ignored: Permission denied")
        daemon.wait_for_log("warning", f"{tmp_path}/dir: permission denied")
        os.chmod(tmp_path / "dir", 0o755)
        os.chmod(tmp_path / "file.torrent", 0o644)
        api = Api(daemon.port)
        wait_registered(api, file_hash)
        wait_registered(api, below_hash)
        assert daemon.log().count("file.torrent: file ignored") == 1
