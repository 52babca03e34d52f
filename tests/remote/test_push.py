from __future__ import annotations

import subprocess

import pytest

from tests.fixtures.clones import LOG, append, at_tip, make, sh
from versioner.errors import UsageFault
from versioner.git.repository import open_repository
from versioner.remote.faults import FAULTS
from versioner.remote.push import PushFailure, push_branch


@pytest.fixture
def origin(tmp_path):
    first = make(tmp_path / "first")
    sh(tmp_path, "clone", "-q", "--bare", str(first), "origin.git")
    return tmp_path / "origin.git"


@pytest.fixture
def top(tmp_path, origin):
    sh(tmp_path, "clone", "-q", str(origin), "c")
    return tmp_path / "c"


def tip(top, rev="main") -> str:
    return sh(top, "rev-parse", rev).strip()


def test_the_commit_reaches_the_remote_and_the_clone_knows(top, origin):
    old, new = tip(top), append(top, b"- 1")
    push_branch(open_repository(top), "origin", old, new)
    assert tip(origin) == new
    assert at_tip(origin, LOG, "main") == b"# log\n- 1\n"
    assert tip(top, "origin/main") == new
    assert "up to date" in sh(top, "status")


def test_a_users_own_unpushed_commits_are_never_pushed(top, origin):
    sh(top, "commit", "-q", "--allow-empty", "-m", "Mine")
    old, new, there = tip(top), append(top, b"- 1"), tip(origin)
    with pytest.raises(PushFailure) as caught:
        push_branch(open_repository(top), "origin", old, new)
    assert caught.value.fault == "race"
    assert tip(origin) == there
    assert tip(top) == new


def test_a_lost_race_is_told_and_overwrites_nothing(top, origin, tmp_path):
    sh(tmp_path, "clone", "-q", str(origin), "other")
    theirs = append(tmp_path / "other", b"- theirs")
    sh(tmp_path / "other", "push", "-q")
    old, new = tip(top), append(top, b"- ours")
    with pytest.raises(PushFailure, match="has changed since this commit was made") as caught:
        push_branch(open_repository(top), "origin", old, new)
    assert caught.value.fault == "race"
    assert tip(origin) == theirs


def test_a_remote_branch_that_went_back_is_not_brought_forward(top, origin):
    append(top, b"- 1")
    sh(top, "push", "-q")
    old = tip(top)
    sh(origin, "update-ref", "refs/heads/main", "main~1")
    there = tip(origin)
    with pytest.raises(PushFailure) as caught:
        push_branch(open_repository(top), "origin", old, append(top, b"- 2"))
    assert caught.value.fault == "race"
    assert tip(origin) == there


@pytest.mark.parametrize(
    ("reason", "fault"), [("no deployment on a Friday", "hook"), ("GH006: no", "protected")]
)
def test_a_refusal_is_told_with_the_remotes_words(top, origin, reason, fault):
    hook = origin / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho '{reason}\x1b[31m' >&2\nexit 1\n")
    hook.chmod(0o755)
    old, new = tip(top), append(top, b"- 1")
    with pytest.raises(PushFailure) as caught:
        push_branch(open_repository(top), "origin", old, new)
    assert caught.value.fault == fault
    assert f"pre-receive hook declined\n  remote: {reason}" in caught.value.message
    assert "the commit stays on the local branch" in caught.value.hint
    assert "\x1b" not in caught.value.message
    assert tip(origin) == old


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("/no/such/place.git", "missing"),
        ("https://localhost:1/x.git", "unreachable"),
        ("ssh://localhost:1/x.git", "unreachable"),
    ],
)
def test_a_remote_that_is_not_reached_leaves_the_commit_here(top, url, fault):
    sh(top, "remote", "set-url", "origin", url)
    old, new = tip(top), append(top, b"- 1")
    with pytest.raises(PushFailure, match=FAULTS[fault][0]) as caught:
        push_branch(open_repository(top), "origin", old, new)
    assert caught.value.fault == fault
    assert "the commit stays on the local branch: `git push` later" in caught.value.hint
    assert tip(top) == new


def test_a_token_in_the_clones_url_is_in_no_argument_and_no_message(top, monkeypatch):
    token = "0123456789abcdef0123456789abcdef01234567"
    sh(top, "remote", "set-url", "origin", f"https://ci:{token}@localhost:1/x.git")
    seen = []
    real = subprocess.run

    def watching(args, **options):
        seen.append((args, options.get("env") or {}))
        return real(args, **options)

    monkeypatch.setattr("versioner.git.process.subprocess.run", watching)
    with pytest.raises(PushFailure) as caught:
        push_branch(open_repository(top), "origin", tip(top), tip(top))
    assert token not in caught.value.message + caught.value.stderr
    assert not any(token in " ".join(args) for args, _ in seen)
    assert any(token in env.values() for _, env in seen)


def test_a_branch_that_the_remote_has_not_is_made_only_when_expected(top, origin):
    sh(top, "checkout", "-q", "-b", "fresh")
    new = append(top, b"- 1")
    push_branch(open_repository(top), "origin", None, new)
    assert tip(origin, "fresh") == new
    with pytest.raises(PushFailure):
        push_branch(open_repository(top), "origin", None, append(top, b"- 2"))


def test_a_shallow_clone_can_push(top, origin, tmp_path):
    append(top, b"- 0")
    sh(top, "push", "-q")
    sh(tmp_path, "clone", "-q", "--depth=1", f"file://{origin}", "shallow")
    place = tmp_path / "shallow"
    old, new = tip(place), append(place, b"- 1")
    push_branch(open_repository(place), "origin", old, new)
    assert tip(origin) == new
    assert sh(origin, "fsck", "--no-dangling") == ""


def test_a_sha256_repository_can_push(tmp_path):
    first = make(tmp_path / "first", None, "--object-format=sha256")
    sh(tmp_path, "clone", "-q", "--bare", str(first), "origin.git")
    sh(tmp_path, "clone", "-q", "origin.git", "c")
    old, new = tip(tmp_path / "c"), append(tmp_path / "c", b"- 1")
    push_branch(open_repository(tmp_path / "c"), "origin", old, new)
    assert tip(tmp_path / "origin.git") == new


def test_a_relative_remote_counts_from_the_clone(top, origin, monkeypatch, tmp_path):
    sh(top, "remote", "set-url", "origin", "../origin.git")
    monkeypatch.chdir(tmp_path.parent)
    old, new = tip(top), append(top, b"- 1")
    push_branch(open_repository(top), "origin", old, new)
    assert tip(origin) == new


@pytest.mark.parametrize("remote", ["nowhere", "ext::touch marker", "a/b::x", "-x/y"])
def test_an_unknown_or_unfit_remote_is_a_usage_error(top, remote):
    if "::" in remote or remote.startswith("-"):
        sh(top, "config", "remote.origin.url", remote.replace("a/b", "ext"))
        remote = "origin"
    with pytest.raises(UsageFault):
        push_branch(open_repository(top), remote, tip(top), tip(top))


def test_nothing_that_the_clone_configures_runs_on_a_push(top, origin, tmp_path):
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/marker\n")
    evil.chmod(0o755)
    hook = top / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_bytes(evil.read_bytes())
    hook.chmod(0o755)
    for key in [
        "core.sshCommand",
        "core.gitProxy",
        "core.askPass",
        "credential.helper",
        "core.alternateRefsCommand",
        "remote.origin.receivepack",
        "remote.origin.uploadpack",
        "credential.https://localhost:1.helper",
        "gpg.program",
        "core.fsmonitor",
    ]:
        sh(top, "config", key, f"!{evil}" if key.endswith("helper") else str(evil))
    sh(top, "config", "push.gpgSign", "if-asked")
    sh(top, "config", "remote.origin.vcs", "ext")
    sh(top, "config", "protocol.ext.allow", "always")
    sh(top, "config", f"url.ext::{evil} .insteadOf", str(origin))
    old, new = tip(top), append(top, b"- 1")
    push_branch(open_repository(top), "origin", old, new)
    assert tip(origin) == new
    for url in ("ssh://localhost:1/x", "git://localhost:1/x", "https://localhost:1/x.git"):
        sh(top, "config", "remote.origin.url", url)
        with pytest.raises(PushFailure):
            push_branch(open_repository(top), "origin", old, new)
    assert not (tmp_path / "marker").exists()


def test_a_token_that_a_ci_checkout_left_as_header_travels_out_of_sight(top, monkeypatch):
    sh(top, "config", "http.https://localhost:1/.extraheader", "AUTHORIZATION: basic c2VjcmV0")
    sh(top, "remote", "set-url", "origin", "https://localhost:1/x.git")
    seen = []
    real = subprocess.run

    def watching(args, **options):
        seen.append((args, options.get("env")))
        return real(args, **options)

    monkeypatch.setattr("versioner.git.process.subprocess.run", watching)
    with pytest.raises(PushFailure):
        push_branch(open_repository(top), "origin", tip(top), tip(top))
    pushes = [(args, env) for args, env in seen if "push" in args]
    assert pushes
    for args, env in pushes:
        assert "c2VjcmV0" not in " ".join(args)
        assert "AUTHORIZATION: basic c2VjcmV0" in env.values()
