"""skepctl create: the same torrents as libtorrent's, and errors for invalid input."""

import contextlib
import hashlib
import os
import pathlib
import re
import pty
import random
import select
import shutil
import stat
import subprocess
import tempfile
import time

import libtorrent
import pytest

from support.bencode import decode
from support.database import rows
from support.skepctl import SILENT, Skepctl, program
from support.skepd import Skepd, as_nobody, free_port, run
from support.waiting import WAIT_S

URL = "http://192.0.2.1:6969/announce"
VERSIONS = {"v1": ([], libtorrent.create_torrent.v1_only),
            "v2": (["--v2"], libtorrent.create_torrent.v2_only), "hybrid": (["--hybrid"], 0)}
PIECE = 32768
SIZES = {"b.bin": 100000, "a/z": 1, "a/empty": 0, "a.txt": 16384, "a/b/c": 70001, "zz": 5 * 16384,
         "a-b/x": 40000, "Ä/ü.txt": 32768, ".hidden": 20, "last/": None}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A directory whose file order is error-prone, and single files of special sizes."""
    top = tmp_path_factory.mktemp("content")
    source = random.Random(1)
    for name, size in SIZES.items():
        if size is not None:
            path = top / "folder" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.randbytes(size))
    (top / "folder" / "same").write_bytes((top / "folder/a/b/c").read_bytes())
    for size in 1, PIECE, 4 * PIECE, 234567:
        (top / f"file of {size}").write_bytes(source.randbytes(size))
    return top


@pytest.fixture
def skepctl(tmp_path):
    return Skepctl(cwd=tmp_path)


def create(skepctl, path, *options):
    return skepctl.json("create", path, "--announce", URL, "--piece-length", PIECE, *options)


def in_order(path):
    """Files in the order of BEP 52: bytewise by path component."""
    return sorted((file for file in path.rglob("*") if file.is_file()),
                  key=lambda file: [part.encode() for part in file.relative_to(path).parts])


def libtorrents(path, flags, private=False):
    files = libtorrent.file_storage()
    for file in in_order(path) if path.is_dir() else [path]:
        files.add_file(str(file.relative_to(path.parent)), file.stat().st_size)
    torrent = libtorrent.create_torrent(files, PIECE, flags)
    torrent.set_priv(private)
    libtorrent.set_piece_hashes(torrent, str(path.parent))
    return torrent.generate()


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("name", ["folder", *(f"file of {size}" for size in (1, 32768, 131072, 234567))])
@pytest.mark.parametrize("version", VERSIONS)
def test_torrent_is_libtorrents_to_the_byte(skepctl, content, tmp_path, version, name, private):
    options, flags = VERSIONS[version]
    made = create(skepctl, content / name, *options, *(["--private"] if private else []))
    torrent = decode((tmp_path / made["file"]).read_bytes())
    expected = libtorrents(content / name, flags, private)
    assert libtorrent.bencode(torrent[b"info"]) == libtorrent.bencode(expected[b"info"])
    assert torrent.get(b"piece layers") == expected.get(b"piece layers")
    loaded = libtorrent.torrent_info(str(tmp_path / made["file"]))
    hashes = loaded.info_hashes()
    assert made["info_hash"] == str(hashes.v1 if hashes.has_v1() else hashes.v2)[:40]
    assert made["info_hash_v2"] == (str(hashes.v2) if hashes.has_v2() else None)
    assert [tracker.url for tracker in loaded.trackers()] == [URL]


@pytest.mark.parametrize("piece", [16384, 65536, 1 << 20])
def test_pieces_are_the_digests_of_all_files_in_a_row(skepctl, content, tmp_path, piece):
    made = create(skepctl, content / "folder", "--hybrid", "--piece-length", piece)
    info = decode((tmp_path / made["file"]).read_bytes())[b"info"]
    whole = b"".join(bytes(file[b"length"]) if b"attr" in file else
                     content.joinpath("folder", *map(os.fsdecode, file[b"path"])).read_bytes()
                     for file in info[b"files"])
    assert info[b"pieces"] == b"".join(hashlib.sha1(whole[at:at + piece]).digest()
                                       for at in range(0, len(whole), piece))


def test_torrent_has_the_requested_properties(skepctl, content, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    second = "udp://192.0.2.1:6969/announce"
    made = skepctl.json("create", content / "folder", "--announce", URL, "--announce", second, "--name",
                        "Zoë's", "--comment", "a b", "-o", "out.torrent")
    torrent = decode((tmp_path / "out.torrent").read_bytes())
    assert torrent[b"announce"] == URL.encode()
    assert torrent[b"announce-list"] == [[URL.encode()], [second.encode()]]
    assert torrent[b"comment"] == b"a b" and torrent[b"creation date"] == 1700000000
    assert torrent[b"info"][b"name"] == made["name"].encode() == "Zoë's".encode()
    assert b"private" not in torrent[b"info"]
    assert (made["size"], made["files"]) == (sum(filter(None, SIZES.values())) + 70001, 10)
    again = (tmp_path / "out.torrent").read_bytes()
    skepctl.json("create", content / "folder", "--announce", URL, "--announce", second, "--name", "Zoë's",
                 "--comment", "a b", "-o", "out.torrent", "--force")
    assert (tmp_path / "out.torrent").read_bytes() == again


def test_result_is_printed_as_text(skepctl, content, tmp_path):
    text = skepctl("create", content / "folder", "--announce", URL)
    info_hash = libtorrent.torrent_info(str(tmp_path / "folder.torrent")).info_hash()
    assert re.search(f"^info_hash +{info_hash}$", text, re.M) and URL in text and "in 10 files" in text


def test_file_that_is_there_is_kept(skepctl, content, tmp_path):
    (tmp_path / "folder.torrent").write_text("mine")
    assert "--force" in skepctl.refuses("create", content / "folder", "--announce", URL)
    assert (tmp_path / "folder.torrent").read_text() == "mine"
    skepctl("create", content / "folder", "--announce", URL, "--force")
    assert decode((tmp_path / "folder.torrent").read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == ["folder.torrent"]


def test_torrent_has_the_mode_that_the_umask_leaves(skepctl, content, tmp_path):
    skepctl("create", content / "folder", "--announce", URL)
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "folder.torrent").stat().st_mode) == 0o666 & ~mask


def test_output_that_would_be_in_the_torrent_is_refused(skepctl, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_text("a")
    (folder / "old.torrent").write_text("old")
    assert "part of the torrent" in skepctl.refuses(
        "create", folder, "--announce", URL, "-o", folder / "old.torrent", "--force")
    assert (folder / "old.torrent").read_text() == "old"


def make_strange(folder, kind):
    folder.mkdir()
    (folder / "good").write_text("good")
    strange = folder / "strange"
    if kind == "fifo":
        os.mkfifo(strange)
    elif kind == "dangling":
        strange.symlink_to("nowhere")
    elif kind == "loop":
        strange.symlink_to("../folder")
    elif kind == "latin-1":
        os.close(os.open(bytes(folder) + b"/\xe9", os.O_CREAT))
    return folder


@pytest.mark.parametrize("kind, complaint", [
    ("fifo", "not a regular file or directory"), ("dangling", "dangling symbolic link"),
    ("loop", "symbolic link loop"), ("latin-1", "not valid UTF-8")])
def test_unusable_file_is_named(skepctl, tmp_path, kind, complaint):
    folder = make_strange(tmp_path / "folder", kind)
    assert complaint in skepctl.refuses("create", folder, "--announce", URL)
    assert not (tmp_path / "folder.torrent").exists()


@pytest.fixture
def open_to_all():
    """A directory with a copy of skepctl that an unprivileged user can reach."""
    with tempfile.TemporaryDirectory(prefix="skepctl-") as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        shutil.copy(program(), directory / "skepctl")
        yield directory


def test_file_that_may_not_be_read_is_named(open_to_all):
    folder = open_to_all / "folder"
    folder.mkdir()
    (folder / "secret").write_text("secret")
    (folder / "secret").chmod(0)
    done = run("create", folder, "--announce", URL, program=open_to_all / "skepctl", cwd=open_to_all,
               prefix=as_nobody())
    assert done.returncode == 1 and f"{folder}/secret: Permission denied" in done.stderr


def test_links_are_followed_and_reported(skepctl, tmp_path):
    folder = tmp_path / "folder"
    (folder / "empty").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("here")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    done = skepctl.run("create", folder, "--announce", URL, "--json")
    assert done.returncode == 0
    assert "symbolic links" in done.stderr and "empty directories" in done.stderr
    info = decode((tmp_path / "folder.torrent").read_bytes())[b"info"]
    assert info[b"files"] == [{b"length": 4, b"path": [b"link", b"file"]}]


@pytest.mark.parametrize("words, complaint", [
    (["nowhere"], "No such file"), (["empty"], "directory contains no files"), (["hollow"], "empty"),
    (["file", "--piece-length", "1000"], "power of two"),
    (["file", "--piece-length", "8K"], "power of two"),
    (["file", "--piece-length", "128M"], "power of two"), (["file", "--name", "a/b"], "name"),
    (["file", "--name", ".."], "name"), (["file", "--name", ""], "name"),
    (["file", "--v2", "--hybrid"], "--hybrid"), (["file", "-o", "empty"], "not a regular file"),
    (["file", "-o", "nowhere/out"], "No such file"),
    (["file", "--announce", "ftp://x/"], "http://"), (["file", "more"], "unexpected argument"),
    ([], "missing argument")])
def test_mistake_is_named(skepctl, tmp_path, words, complaint):
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "hollow").write_text("")
    assert complaint in skepctl.refuses("create", *words, "--announce", URL)
    assert not list(tmp_path.glob("*.torrent"))


def test_file_that_changes_is_reported(tmp_path):
    """Immediately, before gigabytes are read."""
    path = tmp_path / "growing"
    with path.open("wb") as file:
        file.truncate(16 << 30)
    process = subprocess.Popen([program(), "create", path, "--announce", URL], cwd=tmp_path,
                               stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while not has_open(process.pid, path):
        assert process.poll() is None
    with path.open("ab") as file:
        file.write(b"more")
    _, complaint = process.communicate()
    assert process.returncode == 1 and "changed while reading" in complaint
    assert not list(tmp_path.glob("*.torrent*"))


def has_open(pid, path):
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if entry.readlink() == path:
                return True
    return False


def test_progress_is_drawn_on_a_terminal_alone(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(8 << 30)
    ours, theirs = pty.openpty()
    command = [program(), "create", tmp_path / "large", "--announce", URL]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=theirs, stdout=subprocess.PIPE)
    os.close(theirs)
    drawn = b""
    deadline = time.monotonic() + WAIT_S
    while b"left" not in drawn and time.monotonic() < deadline and process.poll() is None:
        if select.select([ours], [], [], 0.1)[0]:
            drawn += os.read(ours, 4096)
    process.kill()
    process.communicate()
    os.close(ours)
    assert b"% " in drawn and b"/s, " in drawn and b"of 8.0 GiB" in drawn
    (tmp_path / "small").write_text("small")
    assert Skepctl(cwd=tmp_path).run("create", "small", "--announce", URL).stderr == ""


def test_running_tracker_is_the_default(tmp_path, content):
    with Skepd() as daemon:
        skepctl = Skepctl(cwd=tmp_path, options=("--url", daemon.url))
        done = skepctl.run("create", content / "folder", "--add", "--json")
        assert done.returncode == 0, done
        urls = [url["url"] for url in skepctl.json("status")["urls"]]
        torrent = (tmp_path / "folder.torrent").read_bytes()
        assert decode(torrent)[b"announce"].decode() in urls
        assert rows(daemon.database, "SELECT content FROM torrent_file") == [(torrent,)]


def test_tracker_must_be_named_if_none_runs(tmp_path, content):
    skepctl = Skepctl(cwd=tmp_path, options=("--url", f"http://127.0.0.1:{free_port()}"))
    assert "--announce" in skepctl.refuses("create", content / "folder", status=SILENT)
    assert list(tmp_path.iterdir()) == []
