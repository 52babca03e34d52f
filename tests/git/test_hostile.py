"""A clone that means harm: nothing of its own runs, nothing hangs, nothing leaks."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.fixtures.clones import LOG, at_tip, commit, make, sh
from tests.git.test_recovery import ROOT
from versioner.errors import VersionerError
from versioner.git import history
from versioner.git.commit import commit_changes
from versioner.git.event_commits import recorded_events
from versioner.git.files.worktree_snapshot import snapshot_of_work_tree
from versioner.git.objects import read_blobs
from versioner.git.repository import open_repository
from versioner.git.snapshot import snapshot_at
from versioner.git.transaction import recover, transaction

pytestmark = pytest.mark.slow

HOOKS = [
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-push",
    "pre-receive",
    "update",
    "proc-receive",
    "post-receive",
    "post-update",
    "reference-transaction",
    "push-to-checkout",
    "pre-auto-gc",
    "post-rewrite",
    "sendemail-validate",
    "fsmonitor-watchman",
    "post-index-change",
]
PROGRAMS = [
    "core.pager",
    "core.editor",
    "sequence.editor",
    "core.sshCommand",
    "core.gitProxy",
    "core.askPass",
    "core.alternateRefsCommand",
    "diff.external",
    "diff.d.textconv",
    "diff.d.command",
    "merge.d.driver",
    "filter.f.clean",
    "filter.f.smudge",
    "filter.f.process",
    "gpg.program",
    "gpg.ssh.program",
    "gpg.openpgp.program",
    "gpg.x509.program",
    "gpg.ssh.defaultKeyCommand",
    "credential.helper",
    "pager.log",
    "pager.config",
    "pager.rev-parse",
    "trailer.x.command",
    "interactive.diffFilter",
    "remote.origin.uploadpack",
    "remote.origin.receivepack",
    "uploadpack.packObjectsHook",
]
ALIASES = [
    "rev-parse",
    "cat-file",
    "config",
    "fast-import",
    "unpack-objects",
    "update-ref",
    "update-index",
    "ls-tree",
    "log",
]


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "marker"


@pytest.fixture
def hostile(tmp_path, marker):
    """Arm a clone with every way to have code run that git knows."""
    attributes = b"* filter=f diff=d merge=d ident\n"
    top = make(tmp_path / "c", {LOG: b"# log\n", "registry/other.yaml": b"x\n"})
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    evil.chmod(0o755)
    git_dir = top / ".git"
    (top / ".gitattributes").write_bytes(attributes)
    sh(top, "add", ".gitattributes")
    sh(top, "commit", "-q", "-m", "Attributes")
    for folder in (git_dir / "hooks", tmp_path / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in HOOKS:
            (folder / name).write_bytes(evil.read_bytes())
            (folder / name).chmod(0o755)
    lines = [f"core.hooksPath={tmp_path}/hooks", f"core.fsmonitor={evil}"]
    lines += [f"{key}={evil}" for key in PROGRAMS]
    lines += [f"alias.{name}=!{evil}" for name in ALIASES]
    lines += ["filter.f.required=true", "commit.gpgsign=true", "user.signingkey=ABC"]
    lines += ["protocol.ext.allow=always", f"remote.origin.url=ext::{evil}"]
    lines += ["blame.ignoreRevsFile=/etc/passwd", "core.attributesFile=/dev/zero"]
    lines += ["log.showSignature=true", "gc.auto=1", "gc.autoPackLimit=1", "maintenance.auto=true"]
    lines += ["submodule.recurse=true", "core.untrackedCache=true", "core.splitIndex=true"]
    for line in lines:
        sh(top, "config", *line.split("=", 1))
    marker.unlink(missing_ok=True)
    return top


def test_every_command_of_ours_runs_nothing_of_the_clones_own(hostile, marker):
    with transaction(open_repository(hostile)) as repo:
        assert read_blobs(repo, repo.tip, [LOG]) == {LOG: b"# log\n"}
        changes = {LOG: b"# log\n- 1\n", "registry/other.yaml": None, "registry/new.yaml": b"n\n"}
        assert commit_changes(repo, changes, "Record")
    repo = open_repository(hostile)
    recover(repo)
    assert snapshot_at(repo, "HEAD").entries()
    assert snapshot_of_work_tree(repo).product_trees()
    history.log_of(repo, "registry")
    recorded_events(repo, repo.tip)
    history.last_commit_with(repo, "registry/other.yaml")
    assert not marker.exists()
    assert (hostile / LOG).read_bytes() == at_tip(hostile, LOG) == b"# log\n- 1\n"
    # The trap was real: the user's own git does run it.
    sh(hostile, "config", "--unset", "core.attributesFile")
    sh(hostile, "-c", "filter.f.required=false", "status", check=False)
    assert marker.exists()


def test_recovery_runs_nothing_of_the_clones_own(hostile, marker):
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.git.writer", str(hostile), LOG, "k", "1",
         "die-after-move"],
        cwd=ROOT, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    child.wait()
    recover(open_repository(hostile))
    assert at_tip(hostile, LOG) == b"# log\nk-0\n"
    assert (hostile / LOG).read_bytes() == b"# log\nk-0\n"
    assert not marker.exists()


def test_writing_the_index_looks_into_no_file_through_the_clones_filters(hostile, marker):
    # Files as young as the index are what git itself would look into here.
    sh(hostile, "config", "--unset", "core.attributesFile")
    moment = (hostile / ".git/index").stat().st_mtime_ns
    for path in (LOG, "registry/other.yaml", ".gitattributes"):
        os.utime(hostile / path, ns=(moment, moment))
    commit(hostile, {"registry/new.yaml": b"n\n"}, "Record")
    assert not marker.exists()


@pytest.mark.parametrize("url", ["ssh://localhost:1/x", "file:///nowhere", "ext::evil"])
def test_a_clone_that_poses_as_partial_has_nothing_fetched(hostile, marker, url):
    name = sh(hostile, "rev-parse", f"HEAD:{LOG}").strip()
    (hostile / ".git/objects" / name[:2] / name[2:]).unlink()
    for setting in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", url),
    ):
        sh(hostile, "config", *setting)
    marker.unlink(missing_ok=True)
    repo = open_repository(hostile)
    with pytest.raises(VersionerError):
        read_blobs(repo, repo.tip, [LOG])
    with pytest.raises(VersionerError):
        snapshot_at(repo, "HEAD").read(LOG)
    assert not marker.exists()


@pytest.mark.parametrize("where", ["registry", "registry/products", "registry/products/shop"])
def test_links_under_the_registry_lead_nowhere(tmp_path, where):
    top = make(tmp_path / "c", {"README": b"x\n"})
    outside = tmp_path / "outside"
    outside.mkdir()
    (top / where).parent.mkdir(parents=True, exist_ok=True)
    (top / where).symlink_to(outside)
    with pytest.raises(VersionerError, match="uncommitted changes"):
        commit(top, {LOG: b"1\n"}, "Record")
    sh(top, "add", "-A")
    sh(top, "commit", "-q", "-m", "Link")
    with pytest.raises(VersionerError, match="not a directory"):
        commit(top, {LOG: b"1\n"}, "Record")
    assert list(outside.iterdir()) == []


def test_a_submodule_in_the_way_is_named(tmp_path):
    top = make(tmp_path / "c", {"README": b"x\n"})
    tip = sh(top, "rev-parse", "HEAD").strip()
    sh(top, "update-index", "--add", "--cacheinfo", f"160000,{tip},registry/products/shop")
    sh(top, "commit", "-q", "-m", "Submodule")
    with pytest.raises(VersionerError, match="registry/products/shop is not a directory"):
        commit(top, {LOG: b"1\n"}, "Record")


def test_fifos_all_over_the_registry_hang_nothing(tmp_path):
    top = make(tmp_path / "c")
    for name in ("registry/pipe", "registry/products/shop/versions", ".gitattributes"):
        os.mkfifo(top / name)
    repo = open_repository(top)
    kinds = [entry.kind for entry in snapshot_of_work_tree(repo).entries().values()]
    assert kinds.count("other") == 2
    commit(top, {LOG: b"1\n"}, "Record")
    assert at_tip(top, LOG) == b"1\n"
    with pytest.raises(VersionerError):
        commit(top, {"registry/products/shop/versions/2026-11.yaml": b"1\n"}, "Record")
