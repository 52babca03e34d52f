"""The server does what it says, as plain git sees it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.git_server.processes import Ran, many, plain, run
from tests.git_server.registries import registry_on

if TYPE_CHECKING:
    from pathlib import Path

    from tests.git_server.served import Served
    from tests.git_server.server import GitServer

pytestmark = pytest.mark.slow

PUSH_MAIN = ("push", "origin", "HEAD:refs/heads/main")
PUSH_BOTH = (*PUSH_MAIN, "HEAD:refs/versioner/inbox/user-service/x")
SILENT = {"GIT_TERMINAL_PROMPT": "0"}


@pytest.fixture
def clone(registry: Served, tmp_path: Path) -> Path:
    return cloned(registry, tmp_path)


def cloned(served: Served, tmp_path: Path) -> Path:
    """Clone beside the server, commit once, and lead `origin` to the server."""
    place = tmp_path / f"clone-{served.name}"
    git(tmp_path, "clone", "-q", str(served.path), str(place))
    git(place, "config", "user.name", "Jane")
    git(place, "config", "user.email", "jane@example.test")
    git(place, "commit", "-q", "--allow-empty", "-m", "More")
    git(place, "remote", "set-url", "origin", served.url)
    return place


def git(place: Path, *args: str, code: int = 0) -> Ran:
    ran = run(plain("git", *args, cwd=place, env=SILENT))
    assert ran.code == code, ran.said
    return ran


def head(place: Path) -> str:
    return git(place, "rev-parse", "HEAD").out.strip()


def with_user(served: Served, token: str) -> str:
    return served.url.replace("//", f"//anybody:{token}@")


def test_a_registry_is_cloned_and_pushed_to(clone: Path, registry: Served, tmp_path: Path) -> None:
    git(clone, *PUSH_MAIN)
    assert registry.tip() == head(clone)
    git(tmp_path, "clone", "-q", registry.url, "another")
    assert head(tmp_path / "another") == registry.tip()
    registry.assert_sound()


def test_a_registry_has_its_events_once(registry: Served) -> None:
    ids = registry.event_ids()
    assert sorted(ids) == sorted({f"row-{number}" for number in range(8)})
    assert [event["id"] for event in registry.events("web-frontend")] == ["row-7"]


def test_64_pushes_to_64_refs_at_once_all_land(clone: Path, registry: Served) -> None:
    registry.set(hook_seconds=0.3)
    refs = [f"refs/versioner/inbox/user-service/{number}" for number in range(64)]
    ran = many(plain("git", "push", "-q", "origin", f"HEAD:{ref}", cwd=clone) for ref in refs)
    assert [each.said for each in ran if each.code] == []
    assert registry.refs("refs/versioner/") == dict.fromkeys(refs, head(clone))
    registry.assert_sound()


@pytest.mark.parametrize(
    ("token", "words"), [("old", "Authentication failed"), ("none", "Authentication failed")]
)
def test_a_bad_token_is_unauthorized(clone: Path, registry: Served, token: str, words: str) -> None:
    registry.set(tokens={"good": "write", "old": "expired"})
    assert words in git(clone, "ls-remote", with_user(registry, token), code=128).err
    assert "could not read Username" in git(clone, "ls-remote", registry.url, code=128).err
    git(clone, "push", "-q", with_user(registry, "good"), "HEAD:refs/heads/main")
    assert registry.tip() == head(clone)


def test_a_token_for_reading_is_forbidden_to_write(clone: Path, registry: Served) -> None:
    registry.set(tokens={"reader": "read", "lost": "hidden"})
    url = with_user(registry, "reader")
    git(clone, "fetch", "-q", url)
    err = git(clone, "push", url, "HEAD:refs/heads/main", code=128).err
    assert "remote: Write access to repository not granted." in err
    assert "403" in err
    assert "not found" in git(clone, "ls-remote", with_user(registry, "lost"), code=128).err


def test_a_public_registry_is_read_without_a_token(clone: Path, registry: Served) -> None:
    registry.set(tokens={"good": "write"}, public=True)
    git(clone, "fetch", "-q")
    assert "could not read Username" in git(clone, *PUSH_MAIN, code=128).err


def test_a_bearer_token_serves_too(clone: Path, registry: Served) -> None:
    registry.set(tokens={"good": "write"})
    git(clone, "-c", "http.extraHeader=Authorization: Bearer good", *PUSH_MAIN)
    assert registry.tip() == head(clone)


def fetch_with(place: Path, url: str, spec: str) -> Ran:
    git(place.parent, "init", "-q", "--bare", f"partial-{spec}")
    into = place.parent / f"partial-{spec}"
    fetch = ("fetch", "-q", "--depth=1", f"--filter={spec}", url, "main")
    return run(plain("git", *fetch, cwd=into, env=SILENT))


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        ("blob:none", True),
        ("tree:0", True),
        ("tree:3", False),
        ("combine:tree:3+blob:none", False),
        ("blob:limit=1k", False),
    ],
)
def test_a_limited_server_takes_two_filters(
    clone: Path, registry: Served, spec: str, allowed: bool
) -> None:
    assert fetch_with(clone, registry.url, spec).code == 0
    registry.set(limited=True)
    (clone.parent / f"partial-{spec}").rename(clone.parent / "before")
    ran = fetch_with(clone, registry.url, spec)
    assert (ran.code == 0) == allowed, ran.err
    if not allowed:
        assert "not supported" in ran.err or "allows max depth 0" in ran.err


def test_a_server_without_filters_ignores_them(clone: Path, registry: Served) -> None:
    registry.set(filters=False)
    assert "filtering not recognized by server" in fetch_with(clone, registry.url, "tree:0").err


@pytest.mark.parametrize("protocol", [0, 2])
def test_the_protocol_is_the_one_set(registry: Served, tmp_path: Path, protocol: int) -> None:
    registry.set(protocol=protocol)
    traced = {"GIT_TRACE_PACKET": "1"}
    err = run(plain("git", "ls-remote", registry.url, env=traced)).err
    assert ("< version 2" in err) == (protocol == 2)


@pytest.mark.parametrize(
    ("rule", "words", "reason", "inbox"),
    [
        ("github", "GH006: Protected branch", "protected branch hook declined", True),
        ("gitlab", "not allowed to push code to protected", "pre-receive hook declined", False),
        ("github-signed", "GH013: Repository rule", "repository rule violations", True),
        ("gitlab-signed", "must be signed", "pre-receive hook declined", False),
    ],
)
def test_a_protected_branch_is_refused_as_forges_do(
    clone: Path, registry: Served, rule: str, words: str, reason: str, inbox: bool
) -> None:
    before = registry.tip()
    registry.set(protected=rule)
    err = git(clone, *PUSH_BOTH, code=1).err
    assert words in err
    assert f"({reason}" in err or reason in err
    assert registry.tip() == before
    # One ref that GitHub refuses leaves the others alone; GitLab refuses the push.
    assert bool(registry.refs("refs/versioner/")) == inbox
    git(clone, "push", "-q", "origin", "HEAD:refs/versioner/inbox/user-service/y")


@pytest.mark.parametrize("rule", ["github-signed", "gitlab-signed"])
def test_a_signed_commit_passes_the_signature_rule(
    clone: Path, registry: Served, tmp_path: Path, rule: str
) -> None:
    registry.set(protected=rule)
    key = tmp_path / "key"
    made = run(plain("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key))
    assert made.code == 0, made.said
    signing = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={key}")
    git(clone, *signing, "commit", "-q", "-S", "--allow-empty", "--amend", "-m", "Signed")
    git(clone, *PUSH_BOTH)
    assert registry.tip() == head(clone)


@pytest.mark.parametrize(
    ("how", "words", "main"),
    [
        ("update", "hook declined", True),
        ("pre-receive", "pre-receive hook declined", False),
        ("receive.hideRefs", "deny updating a hidden ref", True),
        ("transfer.hideRefs", "deny updating a hidden ref", True),
    ],
)
def test_custom_refs_are_refused(
    clone: Path, registry: Served, how: str, words: str, main: bool
) -> None:
    registry.set(custom_refs=how)
    assert words in git(clone, *PUSH_BOTH, code=1).err
    assert registry.refs("refs/versioner/") == {}
    assert (registry.tip() == head(clone)) == main


def test_an_atomic_push_is_refused_where_set(clone: Path, registry: Served) -> None:
    git(clone, *PUSH_BOTH, "--atomic")
    registry.set(atomic=False)
    git(clone, "commit", "-q", "--allow-empty", "-m", "Again")
    assert "does not support --atomic" in git(clone, *PUSH_MAIN, "--atomic", code=1).err


def test_a_stale_lock_fails_a_push(clone: Path, registry: Served) -> None:
    lock = registry.plant_lock()
    err = git(clone, *PUSH_MAIN, code=1).err
    assert "main.lock': File exists" in err
    lock.unlink()
    git(clone, *PUSH_MAIN)
    assert registry.tip() == head(clone)


def add_large_file(clone: Path) -> None:
    (clone / "large").write_bytes(random.Random(1).randbytes(1_000_000))
    git(clone, "add", "large")
    git(clone, "commit", "-q", "-m", "Grow")


def test_a_limit_of_file_size_fails_a_push(clone: Path, registry: Served) -> None:
    add_large_file(clone)
    registry.set(file_limit=100_000)
    err = git(clone, *PUSH_MAIN, code=1).err
    assert "remote unpack failed" in err
    assert "File too large" in err
    registry.set(file_limit=None)
    git(clone, *PUSH_MAIN)
    registry.assert_sound()


def test_a_full_disk_fails_a_push(server: GitServer, tmp_path: Path) -> None:
    served = registry_on(server, disk=4_000_000)
    clone = cloned(served, tmp_path)
    filler = served.fill_disk()
    err = git(clone, *PUSH_MAIN, code=1).err
    assert "No space left on device" in err
    filler.unlink()
    git(clone, *PUSH_MAIN)
    assert served.tip() == head(clone)
    served.assert_sound()


def test_a_large_registry_is_valid_and_shares_its_repository(server: GitServer) -> None:
    served = registry_on(server, products=20, events=100, beside=True)
    assert len(set(served.event_ids())) == len(served.event_ids()) == 108
    assert len(served.git("ls-tree", "-r", "main", "--", "src", "docs").splitlines()) == 320
    assert run(plain("git", "-C", served.path, "fsck", "--strict")).code == 0
