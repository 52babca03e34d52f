from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.fixtures.clones import LOG, append, assert_sound, commit, make, sh
from versioner.errors import GitFailure

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")


@pytest.fixture
def top(tmp_path):
    return make(tmp_path / "c")


@pytest.fixture
def configure(tmp_path, monkeypatch):
    """Let the user's own configuration sign with an ssh key."""
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    signers = tmp_path / "signers"
    signers.write_text(f"t@x.test {key.with_suffix('.pub').read_text()}")
    path = tmp_path / "config"

    def write(extra: str = "", gpgsign: str = "true") -> None:
        path.write_text(
            "[user]\n\tname = T\n\temail = t@x.test\n"
            f"\tsigningkey = {key}.pub\n[commit]\n\tgpgsign = {gpgsign}\n[gpg]\n\tformat = ssh\n"
            f'[gpg "ssh"]\n\tallowedSignersFile = {signers}\n{extra}'
        )
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(path))

    write()
    return write


def signature(top) -> str:
    return sh(top, "log", "-1", "--format=%G?").strip()


def mark_with(tmp_path) -> str:
    program = tmp_path / "evil"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/marker\nexit 1\n")
    program.chmod(0o755)
    return str(program)


def test_commits_are_signed_where_the_user_signs(top, configure):
    commit(top, {LOG: b"1\n"}, "Record ä", when="2026-11-22T10:15:00Z")
    assert signature(top) == "G"
    assert sh(top, "log", "-1", "--format=%s|%cI").strip() == "Record ä|2026-11-22T10:15:00+00:00"
    append(top, b"- 2")
    assert signature(top) == "G"
    assert_sound(top)


def test_the_first_commit_is_signed_too(tmp_path, configure):
    sh(tmp_path, "init", "-q", "-b", "main", "fresh")
    commit(tmp_path / "fresh", {LOG: b"1\n"})
    assert signature(tmp_path / "fresh") == "G"


def test_a_clone_can_switch_signing_off_and_a_user_with_a_key_on(top, configure):
    sh(top, "config", "commit.gpgsign", "false")
    commit(top, {LOG: b"1\n"})
    assert signature(top) == "N"
    configure(gpgsign="false")
    sh(top, "config", "commit.gpgsign", "true")
    commit(top, {LOG: b"2\n"})
    assert signature(top) == "G"


@pytest.mark.parametrize(
    "key", ["gpg.ssh.program", "gpg.program", "gpg.openpgp.program", "gpg.ssh.defaultKeyCommand"]
)
def test_programs_that_a_clone_names_never_sign(top, tmp_path, configure, key):
    sh(top, "config", key, mark_with(tmp_path))
    commit(top, {LOG: b"1\n"})
    assert not (tmp_path / "marker").exists()
    sh(top, "config", "--unset", key)
    assert signature(top) == "G"


def test_a_clone_alone_cannot_make_the_tool_sign(top, tmp_path):
    sh(top, "config", "commit.gpgsign", "true")
    sh(top, "config", "gpg.program", mark_with(tmp_path))
    sh(top, "config", "user.signingkey", "ABC")
    commit(top, {LOG: b"1\n"})
    assert not (tmp_path / "marker").exists()


def test_the_users_own_program_signs(top, tmp_path, configure):
    program = tmp_path / "mine"
    program.write_text(f'#!/bin/sh\ntouch {tmp_path}/used\nexec ssh-keygen "$@"\n')
    program.chmod(0o755)
    configure(f"\tprogram = {program}\n")
    commit(top, {LOG: b"1\n"})
    assert (tmp_path / "used").exists()
    assert signature(top) == "G"


def test_a_commit_that_cannot_be_signed_is_an_error_and_changes_nothing(top, tmp_path, configure):
    (tmp_path / "key").unlink()
    before = sh(top, "rev-parse", "HEAD")
    with pytest.raises(GitFailure) as caught:
        commit(top, {LOG: b"1\n"})
    assert "commit.gpgsign" in caught.value.hint
    assert sh(top, "rev-parse", "HEAD") == before
    assert_sound(top)
