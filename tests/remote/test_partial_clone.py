"""A throw-away clone stands for a remote's branch, whatever the remote can and cannot do."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.clones import LOG, sh
from tests.fixtures.remotes import FILES, OLD, SERVERS, bare_remote, remote_to
from versioner.git.objects import read_blobs
from versioner.remote.client import RefUpdate
from versioner.remote.faults import RemoteFailure
from versioner.remote.filters import FILTERS
from versioner.remote.inbox_refs import store_commit
from versioner.remote.partial_clone import partial_clone
from versioner.remote.url import Remote

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.remote.filters import FilterLevel
    from versioner.remote.partial_clone import PartialClone

pytestmark = pytest.mark.slow

MAIN = "refs/heads/main"
INBOX = "refs/versioner/inbox/shop/"


def refs_of(bare: Path) -> dict[str, str]:
    lines = sh(bare, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def commit_in(clone: PartialClone, text: str = "{}") -> str:
    return store_commit(clone.folder, {"event.json": text.encode()}, "Hand over", 1)


@pytest.mark.parametrize("rung", FILTERS)
def test_it_steps_down_the_ladder_to_what_the_server_takes(
    tmp_path: Path, rung: FilterLevel
) -> None:
    bare = bare_remote(tmp_path, SERVERS[rung])
    with partial_clone(remote_to(bare)) as clone:
        tip = clone.fetch_tip(MAIN)
        assert (tip, clone.level) == (refs_of(bare)[MAIN], rung)
        assert read_blobs(clone.repository(MAIN, tip), tip, [LOG]) == {LOG: FILES[LOG]}
        # The step is kept: the next look does not try what was refused.
        assert clone.fetch_tip(MAIN) == tip


def test_a_server_that_knows_no_filter_gives_all_there_is(tmp_path: Path) -> None:
    with partial_clone(remote_to(bare_remote(tmp_path, OLD))) as clone:
        tip = clone.fetch_tip(MAIN)
        assert tip
        assert sh(clone.folder, "rev-list", "--objects", "--missing=print", tip).count("?") == 0


def test_a_remote_that_gives_no_object_by_its_id_gives_all_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in {"COUNT": "1", "KEY_0": "protocol.version", "VALUE_0": "0"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{key}", value)
    with partial_clone(remote_to(bare_remote(tmp_path))) as clone:
        tip = clone.fetch_tip(MAIN)
        assert read_blobs(clone.repository(MAIN, tip), tip, [LOG]) == {LOG: FILES[LOG]}
        assert clone.level == ""


@pytest.mark.parametrize("rung", FILTERS[:-1])
def test_what_is_not_asked_for_is_not_brought(tmp_path: Path, rung: FilterLevel) -> None:
    with partial_clone(remote_to(bare_remote(tmp_path, SERVERS[rung]))) as clone:
        clone.fetch_tip(MAIN)
        size = sum(path.stat().st_size for path in (clone.folder / "objects").rglob("*.pack"))
        assert 0 < size < 10_000


def test_a_caller_who_reads_all_of_it_gets_all_trees_at_once(tmp_path: Path) -> None:
    with partial_clone(remote_to(bare_remote(tmp_path))) as clone:
        tip = clone.fetch_tip_with_trees(MAIN)
        listed = sh(clone.folder, "ls-tree", "-r", "--name-only", tip or "")
        assert listed.splitlines() == sorted(FILES)


def test_a_sha256_remote_is_met_in_its_own_format(tmp_path: Path) -> None:
    bare = bare_remote(tmp_path, None, "--object-format=sha256")
    with partial_clone(remote_to(bare)) as clone:
        tip = clone.fetch_tip(MAIN)
        assert (tip, clone.object_format) == (refs_of(bare)[MAIN], "sha256")
        assert read_blobs(clone.repository(MAIN, tip), tip, [LOG]) == {LOG: FILES[LOG]}


@pytest.mark.parametrize("protocol", ["0", "1", "2"])
@pytest.mark.parametrize("name", ["trunk", "release/1.0", "größer"])
def test_the_remotes_own_branch_is_found_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, protocol: str
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "protocol.version")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", protocol)
    bare = bare_remote(tmp_path)
    sh(bare, "branch", "-m", "main", name)
    with partial_clone(remote_to(bare)) as clone:
        assert clone.fetch_tip("") == refs_of(bare)[f"refs/heads/{name}"]
        if name.isascii():
            # It was told with the tip: nothing more is asked.
            sh(bare, "config", "uploadpack.hideRefs", "HEAD")
        assert clone.head() == clone.head() == f"refs/heads/{name}"


def test_a_remote_whose_head_is_no_branch_names_none(tmp_path: Path) -> None:
    bare = bare_remote(tmp_path)
    sh(bare, "update-ref", "--no-deref", "HEAD", refs_of(bare)[MAIN])
    with partial_clone(remote_to(bare)) as clone:
        assert clone.fetch_tip("") == refs_of(bare)[MAIN]
        assert clone.head() == ""


@pytest.mark.parametrize("branch", ["", "refs/heads/none"])
def test_a_branch_that_is_not_there_has_no_tip(tmp_path: Path, branch: str) -> None:
    bare = bare_remote(tmp_path)
    if not branch:
        sh(bare, "update-ref", "-d", MAIN)
    with partial_clone(remote_to(bare)) as clone:
        assert clone.fetch_tip(branch) is None


def test_refs_below_a_prefix_come_along_and_go_again(tmp_path: Path) -> None:
    bare = bare_remote(tmp_path)
    for name in ("a", "b"):
        sh(bare, "update-ref", INBOX + name, MAIN)
    sh(bare, "update-ref", "refs/versioner/inbox/web/c", MAIN)
    with partial_clone(remote_to(bare)) as clone:
        clone.fetch_tip(MAIN, [INBOX])
        assert sorted(clone.refs(INBOX)) == [f"{INBOX}a", f"{INBOX}b"]
        assert clone.refs("refs/versioner/inbox/web/") == {}
        sh(bare, "update-ref", "-d", f"{INBOX}a")
        clone.fetch_tip(MAIN, [INBOX])
        assert sorted(clone.refs(INBOX)) == [f"{INBOX}b"]


def test_a_ref_is_created_moved_and_deleted_only_where_it_stands(tmp_path: Path) -> None:
    bare = bare_remote(tmp_path)
    ref = f"{INBOX}a"
    with partial_clone(remote_to(bare)) as clone:
        one, two = commit_in(clone), commit_in(clone, '{"a": 1}')
        assert clone.client.push([RefUpdate(ref, None, one)])[ref].fault is None
        assert clone.client.push([RefUpdate(ref, None, two)])[ref].fault == "race"
        assert clone.client.push([RefUpdate(ref, two, commit_in(clone, "[]"))])[ref].fault == "race"
        # What stands there already is no race: a push that was sent twice.
        assert clone.client.push([RefUpdate(ref, None, one)])[ref].fault is None
        assert clone.client.push([RefUpdate(ref, one, two)])[ref].fault is None
        assert refs_of(bare)[ref] == two
        assert clone.client.push([RefUpdate(ref, one, None)])[ref].fault == "race"
        assert clone.client.push([RefUpdate(ref, two, None)])[ref].fault is None
    assert ref not in refs_of(bare)


def test_what_is_pushed_as_one_lands_as_one(tmp_path: Path) -> None:
    bare = bare_remote(tmp_path)
    with partial_clone(remote_to(bare)) as clone:
        tip = clone.fetch_tip(MAIN)
        new = commit_in(clone)
        updates = [RefUpdate(f"{INBOX}a", None, new), RefUpdate(MAIN, "1" * 40, new)]
        told = clone.client.push(updates, atomic=True)
        assert all(each.fault is not None for each in told.values())
        assert refs_of(bare) == {MAIN: tip}
        told = clone.client.push(updates[:1]) | clone.client.push(updates[1:])
        assert (told[f"{INBOX}a"].fault, told[MAIN].fault) == (None, "race")


@pytest.mark.parametrize("rung", FILTERS)
def test_an_event_is_handed_over_after_a_look_at_a_branch_that_did_not_move(
    tmp_path: Path, rung: FilterLevel
) -> None:
    bare = bare_remote(tmp_path, SERVERS[rung])
    with partial_clone(remote_to(bare)) as clone:
        clone.fetch_tip(MAIN)
        ref, new = f"{INBOX}a", commit_in(clone)
        assert clone.client.push([RefUpdate(ref, None, new)])[ref].fault is None
    assert refs_of(bare)[ref] == new


def test_nothing_is_left_behind_and_nothing_of_the_users_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = bare_remote(tmp_path)
    own = tmp_path / "tmp"
    own.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(own))
    home = tmp_path / "gitconfig"
    home.write_text(
        f"[core]\n\thooksPath = {tmp_path}/hooks\n[fetch]\n\tprune = true\n"
        "[transfer]\n\tfsckObjects = true\n[remote]\n\tpushDefault = nowhere\n"
        "[push]\n\tgpgSign = if-asked\n\tfollowTags = true\n[submodule]\n\trecurse = true\n"
    )
    (tmp_path / "hooks").mkdir()
    for name in ("pre-push", "pre-auto-gc", "post-checkout"):
        (tmp_path / "hooks" / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (tmp_path / "hooks" / name).chmod(0o755)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "source" / ".git"))
    with partial_clone(remote_to(bare)) as clone:
        assert clone.fetch_tip(MAIN)
        ref = f"{INBOX}a"
        assert clone.client.push([RefUpdate(ref, None, commit_in(clone))])[ref].fault is None
        assert len(list(own.iterdir())) == 1
    assert list(own.iterdir()) == []
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("act", ["begin", "listed", "push", "bring"])
def test_a_remote_that_is_not_there_is_told_as_such(tmp_path: Path, act: str) -> None:
    with partial_clone(Remote(f"file://{tmp_path}/none.git")) as clone:
        acts = {
            "begin": lambda: clone.fetch_tip(MAIN),
            "listed": clone.client.list_refs,
            "push": lambda: clone.client.push([RefUpdate(MAIN, None, commit_in(clone))]),
            "bring": lambda: clone.fetch_objects(["1" * 40]),
        }
        with pytest.raises(RemoteFailure) as told:
            acts[act]()
        assert told.value.fault == "missing"
        assert not told.value.sent


def test_a_url_with_quotes_and_spaces_is_one_url(tmp_path: Path) -> None:
    odd = tmp_path / 'a "quoted" \\ place'
    odd.mkdir()
    bare = bare_remote(odd)
    with partial_clone(remote_to(bare)) as clone:
        assert clone.fetch_tip(MAIN) == refs_of(bare)[MAIN]


def test_ssh_is_spoken_by_the_users_own_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = bare_remote(tmp_path)
    command = tmp_path / "ssh"
    # What git asks of it: options, the host, and the command for the other side.
    command.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\nwhile [ "$1" != host ]; do shift; done\n'
        'shift\nexec sh -c "$*"\n'
    )
    command.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(command))
    with partial_clone(Remote(f"ssh://host{bare}")) as clone:
        tip = clone.fetch_tip(MAIN)
        assert tip == refs_of(bare)[MAIN]
        assert read_blobs(clone.repository(MAIN, tip), tip, [LOG]) == {LOG: FILES[LOG]}
        ref = f"{INBOX}a"
        assert clone.client.push([RefUpdate(ref, None, commit_in(clone))])[ref].fault is None
    assert "git-receive-pack" in (tmp_path / "asked").read_text()


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for ssh")
def test_an_ssh_that_would_ask_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "ssh"
    command.write_text("#!/bin/sh\necho 'Permission denied (publickey).' >&2\nexit 255\n")
    command.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(command))
    with partial_clone(Remote("host:registry.git")) as clone:
        with pytest.raises(RemoteFailure) as told:
            clone.fetch_tip(MAIN)
        assert told.value.fault == "login"


def test_what_the_remote_printed_is_the_reason_of_a_refused_push(tmp_path: Path) -> None:
    bare = bare_remote(tmp_path)
    hook = bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n")
    hook.chmod(0o755)
    with partial_clone(remote_to(bare)) as clone:
        ref = f"{INBOX}a"
        status = clone.client.push([RefUpdate(ref, None, commit_in(clone))])[ref]
        assert status.fault == "hook"
        assert "not on a Friday" in status.reason


def test_the_objects_of_a_push_are_sound_on_the_other_side(tmp_path: Path) -> None:
    bare = bare_remote(tmp_path)
    sh(bare, "config", "receive.fsckObjects", "true")
    with partial_clone(remote_to(bare)) as clone:
        ref = f"{INBOX}a"
        assert clone.client.push([RefUpdate(ref, None, commit_in(clone))])[ref].fault is None
    done = subprocess.run(["git", "fsck", "--strict"], cwd=bare, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
