"""The token of the admins and the password of a cluster's engine, in the configuration or in a file of their own,
and who can read it."""

import os

import pytest

from support.announce import get
from support.cluster import node
from support.engine import Engine
from support.skepd import Skepd, run

TOKEN = "a-token-of-24-characters"
OTHER = "another-token-of-27-characters"
CLOSED = "http = { admins = []; admin_token_file = \"%s\"; };"


def is_admin(daemon, token):
    return get(daemon.port, "/metrics", headers={"Authorization": f"Bearer {token}"}).status == 200


@pytest.fixture
def token_file(tmp_path):
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    return file


def test_token_is_read_from_its_file_and_again_at_a_reload(token_file):
    with Skepd(CLOSED % token_file) as daemon:
        assert is_admin(daemon, TOKEN) and not is_admin(daemon, OTHER)
        token_file.write_text(OTHER)
        daemon.reload()
        daemon.wait_for_log("configuration reloaded")
        assert is_admin(daemon, OTHER) and not is_admin(daemon, TOKEN)
        token_file.unlink()
        daemon.reload()
        daemon.wait_for_log("error", str(token_file), "No such file")
        assert is_admin(daemon, OTHER)
        assert "readable" not in daemon.log()


def test_token_is_read_from_the_credentials_of_the_service(tmp_path):
    (tmp_path / "admin_token").write_text(TOKEN)
    (tmp_path / "admin_token").chmod(0o400)
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    with Skepd("http = { admins = []; };", environment=environment) as daemon:
        assert is_admin(daemon, TOKEN)
    with Skepd(f'http = {{ admins = []; admin_token = "{OTHER}"; }};', environment=environment) as daemon:
        assert is_admin(daemon, OTHER) and not is_admin(daemon, TOKEN)


@pytest.mark.parametrize("create", [lambda file: file.write_text("\n"), lambda file: None])
def test_no_credential_means_no_token(tmp_path, create):
    create(tmp_path / "admin_token")
    with Skepd("http = { admins = []; };", environment={"CREDENTIALS_DIRECTORY": str(tmp_path)}) as daemon:
        assert not is_admin(daemon, "")


@pytest.mark.parametrize("content, complaint", [
    (None, "No such file"), ("", "first line is empty"), ("\n" + TOKEN, "first line is empty"), ("short", "at least 16"),
    ("with a space in it", "at least 16"), ("x" * 1024, "too long"), ("x" * 5000, "too long")])
def test_file_without_a_token_is_refused(tmp_path, content, complaint):
    config, file = tmp_path / "skepd.conf", tmp_path / "token"
    config.write_text(CLOSED % file)
    if content is not None:
        file.write_text(content)
    done = run("--config", config, "--check-config")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "http.admin_token_file" in done.stderr and complaint in done.stderr


def test_token_and_file_exclude_each_other(tmp_path, token_file):
    config = tmp_path / "skepd.conf"
    config.write_text(CLOSED % token_file)
    done = run("--config", config, "--set", f"http.admin_token={TOKEN}", "--check-config")
    assert done.returncode == 1 and "not both" in done.stderr


def test_file_with_a_token_that_others_can_read_is_reported(token_file):
    with Skepd(CLOSED % token_file) as daemon:
        token_file.chmod(0o640)
        daemon.reload()
        daemon.wait_for_log("configuration reloaded")
        assert "readable" not in daemon.log()
        token_file.chmod(0o644)
        daemon.reload()
        daemon.wait_for_log("warning", str(token_file), "readable by all users")


def test_configuration_with_a_token_that_others_can_read_is_reported(tmp_path):
    config = tmp_path / "skepd.conf"
    config.write_text(f'http = {{ admin_token = "{TOKEN}"; }};')
    for mode, reported in (0o644, True), (0o640, False):
        config.chmod(mode)
        done = run("--config", config, "--check-config")
        assert done.returncode == 0
        assert ("readable by all users" in done.stderr) == reported
    config.write_text("# nothing")
    config.chmod(0o644)
    assert run("--config", config, "--check-config").stderr == ""
    done = run("--config", config, "--set", f"http.admin_token={TOKEN}", "--check-config")
    assert "on the command line" in done.stderr and "readable" not in done.stderr


def test_token_of_a_file_is_not_printed(tmp_path, token_file):
    config = tmp_path / "skepd.conf"
    config.write_text(CLOSED % token_file)
    done = run("--config", config, "--database", "skep.db", "--print-config")
    assert TOKEN not in done.stdout
    config.write_text(done.stdout)
    assert run("--config", config, "--print-config").stdout == done.stdout


def engine_with_a_password(engine):
    """The node's user has one, and the URL lacks it."""
    engine.run("ACL SETUSER node on >letmein ~skep:* +@all")
    return f"redis://node@127.0.0.1:{engine.port}"


def test_password_of_an_engine_is_read_from_the_credentials_of_the_service(tmp_path):
    (tmp_path / "engine_password").write_text("letmein\n")
    with Engine() as engine:
        url = engine_with_a_password(engine)
        with Skepd(args=("--cluster", url), environment={"CREDENTIALS_DIRECTORY": str(tmp_path)}) as daemon:
            daemon.wait_for_log("cluster: connected to", "node@")
        (tmp_path / "engine_password").write_text("\n")
        with Skepd(args=("--cluster", url), environment={"CREDENTIALS_DIRECTORY": str(tmp_path)}) as daemon:
            daemon.wait_for_log("changes wait", "WRONGPASS")


@pytest.mark.parametrize("create, complaint", [
    (lambda file: None, "No such file"), (lambda file: file.write_text("\n"), "first line is empty"),
    (lambda file: file.mkdir(), "not a regular file"), (lambda file: os.mkfifo(file), "not a regular file"),
    (lambda file: file.write_text("x" * 600), "too long")])
def test_file_without_a_password_is_refused(tmp_path, create, complaint):
    file = tmp_path / "password"
    create(file)
    done = run("--cluster", "redis://node@127.0.0.1", "--set", f"cluster.password_file={file}", "--check-config")
    assert done.returncode == 1 and f"cluster.password_file {file}: " in done.stderr and complaint in done.stderr


def test_password_that_everyone_can_read_is_warned_about(tmp_path):
    file = tmp_path / "password"
    file.write_text("letmein")
    file.chmod(0o644)
    with Engine() as engine, node(engine, cluster=f'password_file = "{file}";') as daemon:
        daemon.wait_for_log("warning", str(file), "the engine's password", "chmod o-r")
