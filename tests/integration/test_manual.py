"""Man pages match the programs' help."""

import json
import re
import subprocess

import pytest

from support.skepctl import Skepctl
from support.skepd import ROOT, Skepd, run

PAGES = ROOT / "src/man"


def commands():
    """Commands as listed by the help: "key new", "add"."""
    return re.findall(r"^  ([a-z]+(?: [a-z]+)*)", Skepctl()("--help"), re.M)


def options(text):
    """The options in a help text: (letter or None, name, whether it takes a value)."""
    found = re.findall(r"^  (?:-(\w), |    )--([a-z0-9-]+)( [A-Z]+)?", text, re.M)
    return [(letter or None, name, bool(value)) for letter, name, value in found]


def page(name):
    """A page without markup, so that "Fl Fl json" is "--json"."""
    text = (PAGES / name).read_text()
    return re.sub(r"\bFl Fl (?=\w)", "--", text)


def test_help_lists_commands_and_options():
    assert len(commands()) >= 17 and {"key new", "create", "top"} <= set(commands())
    assert (None, "token", True) in options(Skepctl()("--help"))
    assert ("j", "json", False) in options(Skepctl()("--help"))


@pytest.mark.parametrize("command", commands())
def test_page_of_skepctl_explains_every_command_with_its_options(command):
    text = page("skepctl.1")
    assert re.search(rf"^\.It Cm {command}\b", text, re.M)
    of_command = text[re.search(rf"^\.It Cm {command}\b", text, re.M).start():]
    of_command = re.split(r"\n\.It Cm |\n\.Sh ", of_command[4:])[0]
    general = {name for _, name, _ in options(Skepctl()("--help"))}
    for letter, name, value in options(Skepctl()(*command.split(), "--help")):
        assert name in general or re.search(rf"--{name}\b", of_command), name
        assert not letter or re.search(rf"Fl {letter} , --{name}\b", text), name


def test_page_of_skepctl_names_nothing_that_is_not_there():
    text = page("skepctl.1")
    known = {name for words in [[], *(command.split() for command in commands())]
             for _, name, _ in options(Skepctl()(*words, "--help"))}
    assert set(re.findall(r"--([a-z0-9-]+)", text)) == known
    assert set(re.findall(r"^\.It Cm ([a-z][a-z ]*[a-z])", text, re.M)) == set(commands())


def test_page_of_skepd_explains_every_option():
    text = page("skepd.8")
    listed = options(run("--help").stdout)
    assert len(listed) >= 9
    for letter, name, _ in listed:
        assert re.search(rf"^\.It (Fl {letter} , )?--{name}\b", text, re.M), name
    assert set(re.findall(r"^\.It .*--([a-z-]+)", text, re.M)) == {name for _, name, _ in listed}


def settings_page(config=ROOT / "conf/skepd.conf"):
    done = subprocess.run([PAGES / "settings-page", config], capture_output=True, text=True, check=True)
    return done.stdout


def settings():
    """The names of all settings with their groups, from conf/skepd.conf. A unit test checks that the
    file has all settings."""
    group, names = "", []
    for line in (ROOT / "conf/skepd.conf").read_text().splitlines():
        if found := re.match(r"(\w+) = \{$", line):
            group = found[1] + "."
        elif line == "};":
            group = ""
        elif found := re.match(r" *(\w+) = ", line):
            names.append(group + found[1])
    return names


def test_page_of_the_settings_explains_every_setting():
    text = settings_page()
    found, group = [], ""
    for line in text.splitlines():
        if match := re.match(r"\.Ss Group (\w+)", line):
            group = match[1] + "."
        elif match := re.match(r"\.It Va (\w+) No = Li \S", line):
            found.append(group + match[1])
    assert found == settings() and len(found) > 40
    assert "Close a connection after this many seconds without any data" in text
    assert not re.search(r"^[.'](?![A-Z]\w )(?!(?:Ed|El|It|Os|Pp)$)", text, re.M)


def documented_numbers():
    """Name, default and comment of each number in conf/skepd.conf. Settings may share a comment."""
    comment, group, inside_comment = "", "", False
    for line in (ROOT / "conf" / "skepd.conf").read_text().splitlines():
        if match := re.match(r" *# ?(.*)", line):
            comment = comment + match[1] + " " if inside_comment else match[1] + " "
        elif match := re.match(r"(\w+) = \{$", line):
            group = match[1]
        elif match := re.match(r"( *)(\w+) = (\d+);$", line):
            yield f"{group}.{match[2]}" if match[1] else match[2], match[3], comment
        inside_comment = re.match(r" *#", line) is not None


@pytest.mark.parametrize("name, default, comment", list(documented_numbers()))
def test_comment_of_a_number_has_its_range(tmp_path, name, default, comment):
    group, _, setting = name.rpartition(".")
    config = tmp_path / "skepd.conf"
    config.write_text(f"{group} = {{ {setting} = -1; }};\n" if group else f"{setting} = -1;\n")
    error = run("--check-config", "--config", config).stderr
    least, most = re.search(rf"{name} must be a number from (\d+) to (\d+)$", error.strip()).groups()
    assert int(least) <= int(default) <= int(most)
    assert re.search(rf"\b{most}\b", comment)
    assert int(least) <= 1 or re.search(rf"\b{least}\b", comment) or name == "http.uploads_max"


@pytest.mark.parametrize("line", [".Xr evil 1", "'br", "back\\slash \\fB"])
def test_explanations_are_not_taken_for_marks(tmp_path, line):
    (tmp_path / "conf").write_text(f"# Head.\n\n# {line}\nname = 1;\n")
    shown = settings_page(tmp_path / "conf")
    assert f"\n{line}\n" not in shown and line[-4:].replace("\\", "\\e") in shown


def test_pages_are_well_formed(tmp_path):
    (tmp_path / "skepd.conf.5").write_text(settings_page())
    pages = [PAGES / "skepd.8", PAGES / "skepctl.1", PAGES / "skep.7", tmp_path / "skepd.conf.5"]
    done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", *pages], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


JSON_COMMANDS = {
    "key new": ["alice"], "key list": [], "key revoke": ["alice"], "add": ["ab" * 20, "name"], "list": [],
    "remove": ["ab" * 20], "ban": ["192.0.2.1"], "bans": [], "block": ["ab" * 20], "blocks": [],
    "name": ["192.0.2.1", "laptop"], "names": [], "unname": ["192.0.2.1"], "unblock": ["ab" * 20], "unban": ["192.0.2.1"], "status": [], "top": [],
    "torrents": [], "peers": ["cd" * 20], "magnet": ["cd" * 20], "create": ["content"],
    "announce": ["URL", "cd" * 20], "backup": ["copy.db", "--database", "DATABASE"], "scrape": ["URL", "cd" * 20],
    "completion": ["bash"], "doctor": [], "health": [], "cluster": [], "dht": []}


def test_every_command_prints_json(tmp_path, monkeypatch):
    (tmp_path / "content").write_text("content")
    assert set(JSON_COMMANDS) == set(commands())
    with Skepd() as daemon:
        skepctl = Skepctl(cwd=tmp_path)
        monkeypatch.setenv("SKEPCTL_URL", daemon.url)
        skepctl("announce", daemon.announce_url, "cd" * 20)
        for command, words in JSON_COMMANDS.items():
            known = {"URL": daemon.announce_url, "DATABASE": daemon.database}
            words = [known.get(word, word) for word in words]
            done = skepctl.run(*command.split(), *words, "--json")
            assert done.returncode == 0, done
            assert isinstance(json.loads(done.stdout), dict), command
