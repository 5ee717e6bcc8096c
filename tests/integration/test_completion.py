"""Shell completion of skepctl: the candidates, and the scripts in the real shells."""

import os
import re
import shutil
import subprocess

import pytest

from support.skepctl import Skepctl, program
from support.skepd import ROOT, Skepd
from support.terminal import Terminal
from support.waiting import wait_until

SHELLS = ("bash", "zsh", "fish")
LABEL = "$(touch executed) two words"
HASHES = {"registered": "ab" * 20, "announced": "ef" * 20}
PATH = {"PATH": f"{program().parent}:{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """The current directory of the shells."""
    directory = tmp_path_factory.mktemp("files")
    for name in "film.torrent", "film.mkv":
        (directory / name).touch()
    (directory / "folder").mkdir()
    return directory


@pytest.fixture(scope="module")
def daemon():
    with Skepd() as daemon:
        skepctl = Skepctl(daemon.database)
        skepctl("add", HASHES["registered"], f"  {'cd' * 20}  ")
        skepctl("ban", "2001:db8::/32", "--reason", "flood")
        skepctl("block", HASHES["registered"])
        skepctl("unblock", HASHES["registered"])
        skepctl("block", "12" * 20)
        skepctl("name", "2001:db8::7", "Anna's laptop")
        skepctl.key_new(LABEL)
        Skepctl()("announce", daemon.announce_url, HASHES["announced"])
        wait_until(lambda: Skepctl().json("torrents", "--url", daemon.url)["total"] == 2)
        yield daemon


def complete(*words):
    """Candidates for the last word, with their summaries, and the kind of file names."""
    *lines, files = Skepctl().run("complete", "--", *map(str, words)).stdout.splitlines()
    return dict(line.partition("\t")[::2] for line in lines), files


def candidates(*words):
    return set(complete(*words)[0])


def commands():
    return re.findall(r"^  ([a-z]+(?: [a-z]+)*)", Skepctl()("--help"), re.M)


def test_commands_are_completed():
    assert candidates("") == {"help", *(command.split()[0] for command in commands())}
    assert complete("sta") == ({"status": "Show status, totals and announce URLs"}, ":none")
    assert candidates("key", "") == {"new", "list", "revoke"}
    assert candidates("--url", "http://127.0.0.1:1/", "--json", "mag") == {"magnet"}
    assert candidates("help", "") == candidates("") - {"help"}
    assert candidates("help", "key", "re") == {"revoke"}
    assert candidates("help", "status", "") == candidates("unknown", "") == candidates("--unknown", "") == set()


@pytest.mark.parametrize("command", commands())
def test_options_of_each_command_are_completed(command):
    own = re.findall(r"^  (?:-\w, |    )(--[a-z0-9-]+)", Skepctl()(*command.split(), "--help"), re.M)
    assert candidates(*command.split(), "--") == set(own) and len(own) > 4
    assert complete("torrents", "--rev") == ({"--reverse": "reverse the order"}, ":none")


@pytest.mark.parametrize("words, offered", [
    ("torrents --sort s", {"size", "seeders"}), ("torrents --show r", {"registered"}),
    ("announce http://h:1/ --event s", {"started", "stopped"}), ("completion ", {"bash", "zsh", "fish"}),
    ("ban --for ", set()), ("status ", set()), ("backup copy.db ", set())])
def test_values_are_completed(words, offered):
    assert complete(*words.split(" ")) == (dict.fromkeys(offered, ""), ":none")


@pytest.mark.parametrize("words, files", [
    ("create som", ":files"), ("backup som", ":files"), ("-d som", ":files"), ("--token-file som", ":files"),
    ("create --output som", ":files"), ("add x.torrent som", ":torrents"), ("announce udp://h:1 som", ":torrents")])
def test_files_are_completed(words, files):
    assert complete(*words.split()) == ({}, files)


def test_entries_are_completed(daemon):
    database, url = ("--database", daemon.database), ("--url", daemon.url)
    for where in database, url:
        assert candidates(*where, "remove", "ab") == {HASHES["registered"]}
        assert candidates(*where, "unblock", "") == {"12" * 20}
        assert complete(*where, "unban", "2001:d") == ({"2001:db8::/32": "flood"}, ":none")
        assert complete(*where, "unname", "2001:d") == ({"2001:db8::7": "Anna's laptop"}, ":none")
        assert candidates(*where, "key", "revoke", "") == {LABEL}
    for command in "peers", "magnet":
        assert candidates(*url, command, "ab") == {HASHES["registered"]}
        assert complete(*url, command, "") == ({HASHES["registered"]: f"  {'cd' * 20}  ", HASHES["announced"]: ""}, ":torrents")


def test_missing_daemon_and_database_offer_nothing(tmp_path):
    assert complete("--database", tmp_path / "none.db", "unban", "") == ({}, ":none")
    assert complete("--url", "http://127.0.0.1:1", "peers", "") == ({}, ":torrents")


@pytest.mark.parametrize("shell", SHELLS)
def test_script_of_each_shell_is_printed(shell):
    assert Skepctl()("completion", shell) == (ROOT / f"src/completion/skepctl.{shell}").read_text()


def test_script_of_an_unknown_shell_is_refused():
    assert "use bash, zsh or fish" in Skepctl().refuses("completion", "csh")


class Shell:
    """An interactive shell whose key ^T writes the edited line to a file."""

    def __init__(self, home, directory, command, startup, script):
        self.shown = home / "shown"
        script = script.format(shown=self.shown)
        (home / startup).write_text(f"PS1='ready> '\ncd {directory}\n{script}\n")
        self.terminal = Terminal(command, environment={**PATH, "ZDOTDIR": str(home), "HOME": str(home)})
        self.terminal.wait_for("ready> ")

    def complete(self, line):
        """The line after pressing the tab key at its end."""
        self.shown.unlink(missing_ok=True)
        self.terminal.type(f"{line}\t\x14")
        wait_until(lambda: self.terminal.read(0.02) or (self.shown.exists() and self.shown.read_text().endswith("\n")))
        self.terminal.type("\x15")
        return self.shown.read_text().rstrip()


def start_bash(home, directory):
    script = """. <(skepctl completion bash)
        bind -x '"\\C-t": printf "%s\\\\n" "$READLINE_LINE" >{shown}'"""
    return Shell(home, directory, ["bash", "--rcfile", home / "rc", "-i"], "rc", script)


ZSH_KEY = """show() {{ print -r -- "$BUFFER" >{shown} }}
        zle -N show; bindkey -e; bindkey '^T' show"""


def start_zsh(home, directory):
    script = f"autoload -U compinit; compinit -u -D; . <(skepctl completion zsh)\n{ZSH_KEY}"
    return Shell(home, directory, ["zsh", "-d", "-i"], ".zshrc", script)


def start_zsh_with_installed_completion(home, directory):
    shutil.copy(ROOT / "src/completion/skepctl.zsh", home / "_skepctl")
    script = f"fpath=({home} $fpath); autoload -U compinit; compinit -u -D\n{ZSH_KEY}"
    return Shell(home, directory, ["zsh", "-d", "-i"], ".zshrc", script)


@pytest.fixture(scope="module", params=[start_bash, start_zsh, start_zsh_with_installed_completion],
                ids=lambda start: start.__name__.removeprefix("start_"))
def shell(request, tmp_path_factory, directory):
    name = request.param.__name__.split("_")[1]
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    shell = request.param(tmp_path_factory.mktemp(name), directory)
    with shell.terminal:
        yield shell


@pytest.mark.parametrize("typed, completed", [
    ("skepctl sta", "skepctl status"), ("skepctl key rev", "skepctl key revoke"),
    ("skepctl --url http://127.0.0.1:1/ torrents --sort seed", "skepctl --url http://127.0.0.1:1/ torrents --sort seeders"),
    ("skepctl create --priv", "skepctl create --private"), ("skepctl add fil", "skepctl add film.torrent"),
    ("skepctl create fo", "skepctl create folder/"), ("skepctl create film.m", "skepctl create film.mkv"),
    ("skepctl magnet fo", "skepctl magnet folder/"), ("skepctl nothing s", "skepctl nothing s")])
def test_tab_key_completes_a_line(shell, typed, completed):
    assert shell.complete(typed) == completed


def test_tab_key_completes_entries_and_executes_nothing(shell, daemon, directory):
    start = f"skepctl -d {daemon.database}"
    assert shell.complete(f"{start} unban 2001:d") == f"{start} unban 2001:db8::/32"
    assert shell.complete(f"{start} remove a") == f"{start} remove {HASHES['registered']}"
    completed = shell.complete(f"{start} key revoke ")
    quoted = completed.removeprefix(f"{start} key revoke ")
    words = subprocess.run(["bash", "-c", f"printf %s {quoted}"], capture_output=True, text=True, check=True).stdout
    assert words == LABEL
    assert not (directory / "executed").exists()


def fish(directory, line):
    """Candidates and summaries that fish offers at the end of `line`."""
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")
    script = "skepctl completion fish | source; complete --do-complete $argv[1]"
    done = subprocess.run(["fish", "--no-config", "-c", script, line], cwd=directory, capture_output=True, text=True,
                          env={**os.environ, **PATH}, timeout=60, check=True)
    assert done.stderr == ""
    return dict(line.partition("\t")[::2] for line in done.stdout.splitlines())


def test_fish_completes_a_line(directory, daemon):
    assert fish(directory, "skepctl sta") == {"status": "Show status, totals and announce URLs"}
    assert set(fish(directory, "skepctl key ")) == {"new", "list", "revoke"}
    assert fish(directory, "skepctl torrents --sort s") == {"size": "", "seeders": ""}
    assert "film.torrent" in fish(directory, "skepctl add fil")
    assert set(fish(directory, "skepctl create f")) >= {"film.torrent", "film.mkv", "folder/"}
    assert fish(directory, "skepctl nothing s") == {}
    assert set(fish(directory, f"skepctl -d {daemon.database} key revoke ")) == {LABEL}
    assert not (directory / "executed").exists()
