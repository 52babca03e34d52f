"""What `track` records from checkouts that lack history, or that are hostile: always the event."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.sources import SourceClone, name_source_paths
from tests.cli.test_track_commits import source, subjects
from versioner.git.source import log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.registries import Desk

    Track = Callable[..., Any]

__all__ = ["source"]

pytestmark = pytest.mark.slow


@pytest.fixture
def track(desk: Desk) -> Track:
    """Return a function that records a deployment; the result is its event and what was said."""

    def record(version: str, sha: str) -> Any:
        named = ["-p", "tea", "-e", "staging", "--version", version, "--scm-sha", sha]
        done = desk.run("track", "deployment", *named, "-o", "json")
        assert done.code == 0
        return done.json()["event"], done.err

    return record


def clone_of(source: SourceClone, top: Path, *options: str) -> str:
    """Return what git has of a clone, whose remote can send any part of its history."""
    source.git("config", "uploadpack.allowFilter", "true")
    source.git("config", "uploadpack.allowAnySHA1InWant", "true")
    command = ["git", "clone", "-q", *options, f"file://{source.top}", str(top)]
    subprocess.run(command, check=True)
    return objects_of(top)


def objects_of(top: Path) -> str:
    return subprocess.run(
        ["git", "-C", str(top), "count-objects", "-v"], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("has_remote", [True, False])
def test_a_clone_without_folders_is_read_and_nothing_is_fetched(
    desk: Desk, source: SourceClone, track: Track, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, has_remote: bool,
) -> None:  # fmt: skip
    track("1.0", source.commit("Begin", path="tea/a"))
    source.commit("Brew", path="tea/b")
    last = source.commit("Grind", path="coffee/a")
    top = tmp_path / "treeless"
    before = clone_of(source, top, "--filter=tree:0", "--no-checkout")
    if not has_remote:
        source.top.rename(tmp_path / "gone")
    monkeypatch.chdir(top)
    event, said = track("1.1", last)
    assert subjects(event) == ["Grind", "Brew"]
    assert said.count("\n") <= 1
    name_source_paths(desk, "tea")
    event, said = track("1.2", last[:12])
    assert event["changes"] == {"since": "1.1", "commits": []}
    event, said = track("1.3", source_parent(top, last))
    assert "changes" not in event
    assert "the checkout lacks the folders of earlier commits" in said
    assert "--filter=blob:none" in said
    assert objects_of(top) == before


def source_parent(top: Path, commit: str) -> str:
    asked = ["git", "-C", str(top), "rev-parse", f"{commit}^"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def test_a_clone_without_files_has_the_commits_of_a_products_paths(
    desk: Desk, source: SourceClone, track: Track, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track("1.0", source.commit("Begin", path="tea/a"))
    name_source_paths(desk, "tea")
    source.commit("Brew", path="tea/b")
    last = source.commit("Grind", path="coffee/a")
    top = tmp_path / "blobless"
    before = clone_of(source, top, "--filter=blob:none", "--no-checkout")
    monkeypatch.chdir(top)
    event, _ = track("1.1", last)
    assert subjects(event) == ["Brew"]
    assert objects_of(top) == before


def test_a_shallow_clone_says_how_many_commits_it_has(
    source: SourceClone, track: Track, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track("1.0", source.commit("Begin"))
    for text in ("One", "Two", "Three"):
        last = source.commit(text)
    clone_of(source, tmp_path / "shallow", "--depth=2")
    monkeypatch.chdir(tmp_path / "shallow")
    event, said = track("1.1", last)
    assert event["changes"]["partial"] is True
    assert subjects(event) == ["Three"]
    assert "the checkout has only 2 commits" in said
    assert "fetch-depth: 0" in said
    # The version before is in a clone that is deep enough.
    clone_of(source, tmp_path / "deep", "--depth=4")
    monkeypatch.chdir(tmp_path / "deep")
    event, said = track("1.1.1", source_parent(tmp_path / "deep", last))
    assert (event["changes"]["since"], subjects(event)) == ("1.0", ["Two", "One"])
    assert "only" not in said


def test_a_shallow_clone_that_lacks_a_part_of_a_branch_does_not_claim_to_have_all(
    source: SourceClone, track: Track, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.commit("Begin")
    source.git("checkout", "-q", "-b", "side")
    for text in ("A", "B", "C"):
        source.commit(text)
    source.git("checkout", "-q", "main")
    track("1.0", source.commit("Ahead"))
    source.git("merge", "-q", "--no-ff", "side", "-m", "Merge side")
    last = source.git("rev-parse", "HEAD")
    clone_of(source, tmp_path / "shallow", "--depth=3")
    monkeypatch.chdir(tmp_path / "shallow")
    event, said = track("1.1", last)
    assert event["changes"]["partial"] is True
    assert subjects(event) == ["Merge side"]
    assert "the checkout has only" in said
    # The whole clone has them.
    monkeypatch.chdir(source.top)
    event, _ = track("1.1", last)
    assert "partial" not in event.get("changes", {})


def test_replaced_and_grafted_commits_are_as_they_were_made(
    source: SourceClone, track: Track
) -> None:
    begin = source.commit("Begin")
    track("1.0", begin)
    first = source.commit("First")
    last = source.commit("Last")
    source.git("update-ref", "refs/tags/--output=x", first)
    source.git("replace", "--graft", last, begin)
    (source.top / ".git/info").mkdir(exist_ok=True)
    (source.top / ".git/info/grafts").write_text(f"{last} {begin}\n")
    event, _ = track("1.1", last)
    assert subjects(event) == ["Last", "First"]


def test_linked_work_trees_and_submodules_are_checkouts(
    source: SourceClone, track: Track, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track("1.0", source.commit("Begin"))
    last = source.commit("Next")
    source.git("worktree", "add", "-q", str(tmp_path / "linked"), last)
    monkeypatch.chdir(tmp_path / "linked")
    assert subjects(track("1.1", last)[0]) == ["Next"]
    outer = SourceClone(tmp_path / "outer")
    adding = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    outer.git(*adding, "--depth=1", f"file://{source.top}", "tea")
    monkeypatch.chdir(outer.top / "tea")
    event, said = track("1.2", outer.git("-C", "tea", "rev-parse", "HEAD"))
    assert event["changes"] == {"since": "1.1", "commits": []}
    more = source.commit("More")
    outer.git("-C", "tea", "fetch", "-q", "--depth=1", f"file://{source.top}", "main")
    event, said = track("1.3", more)
    assert event["changes"]["partial"] is True
    assert "the checkout has only" in said


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs another owner")
def test_a_checkout_of_another_user_is_left_out_in_one_line(
    source: SourceClone, track: Track
) -> None:
    track("1.0", source.commit("Begin"))
    last = source.commit("Next")
    os.chown(source.top, 12345, 12345)
    os.chown(source.top / ".git", 12345, 12345)
    event, said = track("1.1", last)
    assert "changes" not in event
    assert "no commits are recorded: git refuses the checkout" in said
    assert f"safe.directory {source.top}" in said


def test_a_checkout_that_takes_too_long_is_left_out_in_one_line(
    source: SourceClone, track: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    track("1.0", source.commit("Begin"))
    last = source.commit("Next")
    monkeypatch.setattr(log, "SECONDS", 0.0)
    event, said = track("1.1", last)
    assert "changes" not in event
    assert "no commits are recorded: reading them took more than" in said


def test_a_broken_checkout_is_left_out_in_one_line(source: SourceClone, track: Track) -> None:
    track("1.0", source.commit("Begin"))
    last = source.commit("Next")
    (source.top / ".git/HEAD").write_bytes(b"\0garbage")
    event, said = track("1.1", last)
    assert "changes" not in event
    assert "no commits are recorded: " in said
    assert "Traceback" not in said
