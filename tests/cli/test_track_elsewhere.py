"""The commits of events that wait in the inbox or in the spool before they are recorded."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.test_track_commits import source, subjects
from versioner.cli.errors import run
from versioner.delivery.direct import Destination
from versioner.errors import InvalidInput
from versioner.recording.context import EventDraft
from versioner.recording.envelope import draft_of
from versioner.recording.recent_commits import changes_of_recent, checked_recent
from versioner.remote.url import Remote
from versioner.spool.codec import parse_line, write_line
from versioner.spool.send import document_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.registries import Desk
    from tests.cli.sources import SourceClone

__all__ = ["source"]

pytestmark = pytest.mark.slow


@pytest.fixture
def forge(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Return a function that runs a command at a remote, and returns its exit code and output."""
    monkeypatch.setenv("VERSIONER_SPOOL", str(tmp_path / "spool"))
    bare = tmp_path / "forge.git"
    desk.git("clone", "-q", "--bare", str(desk.top), str(bare))

    def command(*args: str) -> Any:
        capsys.readouterr()
        code = run([*args, "--repo", f"file://{bare}"])
        return code, capsys.readouterr().out

    return command


def built(forge: Callable[..., Any], version: str, sha: str, *options: str) -> Any:
    named = ["track", "build", "-p", "user-service", "--version", version, "--scm-sha", sha]
    code, out = forge(*named, "-o", "json", *options)
    assert code in (0, 6)
    return json.loads(out) if code == 0 else None


def recorded(tmp_path: Path, version: str) -> Any:
    """Return the event of a version as the branch of the remote has it."""
    from versioner.serialization.log import read_canonical

    found = subprocess.run(
        ["git", "-C", str(tmp_path / "forge.git"), "grep", "-h", f'version: "{version}"', "main"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    (event,) = [event for _, event in read_canonical("build", found) or ()]
    return event


def test_an_event_of_the_inbox_has_its_commits_when_it_is_collected(
    forge: Callable[..., Any], source: SourceClone, tmp_path: Path
) -> None:
    built(forge, "1.0", source.commit("Begin"))
    source.git("checkout", "-q", "-b", "side")
    source.commit("Aside (#4)\n\nCloses ABC-9.")
    source.git("checkout", "-q", "main")
    source.commit("Ahead", author="Omar Li")
    source.git("merge", "-q", "--no-ff", "side", "-m", "Merge side")
    received = built(forge, "1.1", source.git("rev-parse", "HEAD"), "--via", "inbox")
    assert received["outcome"] == "received"
    built(forge, "1.2", source.commit("Last"), "--via", "inbox")
    assert forge("collect")[0] == 0
    event = recorded(tmp_path, "1.1")
    assert event["changes"]["since"] == "1.0"
    assert sorted(subjects(event)) == ["Ahead", "Aside (#4)", "Merge side"]
    by_subject = {each["subject"]: each for each in event["changes"]["commits"]}
    assert by_subject["Aside (#4)"]["keys"] == ["#4", "ABC-9"]
    assert by_subject["Ahead"]["author"] == "omar"
    assert recorded(tmp_path, "1.2")["changes"]["since"] == "1.1"
    assert subjects(recorded(tmp_path, "1.2")) == ["Last"]
    # The registry itself has no trace of the commits before.
    code, out = forge("version", "changes", "user-service", "1.0..1.2", "-o", "json")
    assert code == 0
    assert json.loads(out)["added"]["count"] == 4


def test_an_event_of_the_spool_has_its_commits_when_it_is_sent(
    forge: Callable[..., Any], source: SourceClone, tmp_path: Path
) -> None:
    built(forge, "1.0", source.commit("Begin"))
    source.commit("One")
    bare, away = tmp_path / "forge.git", tmp_path / "away.git"
    bare.rename(away)
    assert built(forge, "1.1", source.commit("Two")) is None
    away.rename(bare)
    source.top.rename(tmp_path / "gone")
    assert run(["spool", "send"]) == 0
    event = recorded(tmp_path, "1.1")
    assert (event["changes"]["since"], subjects(event)) == ("1.0", ["Two", "One"])


def test_last_commits_that_do_not_reach_the_version_before_are_not_taken_for_all(
    forge: Callable[..., Any], source: SourceClone, tmp_path: Path
) -> None:
    built(forge, "1.0", source.commit("Begin"))
    source.commit_all([f"Number {number}" for number in range(50)])
    built(forge, "1.1", source.git("rev-parse", "main"), "--via", "inbox")
    assert forge("collect")[0] == 0
    event = recorded(tmp_path, "1.1")
    assert event["changes"]["partial"] is True
    assert subjects(event) == ["Number 49"]


A, B, C, D = ("a" * 16, "b" * 16, "c" * 16, "d" * 16)


@pytest.mark.parametrize(
    ("recent", "expected"),
    [
        ([[A, B], [B, C], [C]], ["a" * 8]),
        ([[A, B, D], [D, C], [B, C], [C]], ["a" * 8, "d" * 8]),
        # A commit on the way is not there, or its parents are not known.
        ([[A, B, D], [B, C], [C]], None),
        ([[A, B, D], [D, "?"], [B]], None),
        ([[A, B, D], [D], [B]], ["a" * 8, "d" * 8]),
    ],
)
def test_the_commits_since_an_ancestor_follow_from_the_parents(
    recent: list[list[str]], expected: list[str] | None
) -> None:
    found = changes_of_recent(recent, "a" * 40, {"2.0": "e" * 40, "1.0": "b" * 40})
    assert found is not None
    if expected is None:
        assert "since" not in found
        assert found["partial"] is True
    else:
        assert found["since"] == "1.0"
        assert [each["id"] for each in found["commits"]] == expected
    assert changes_of_recent(recent, "f" * 40, {"1.0": "b" * 40}) is None


@pytest.mark.parametrize("value", [{}, "x", [1], [[]], [[1]], [["x"]], [[A, 1]], [[A]] * 41])
def test_last_commits_that_anybody_wrote_are_checked(value: Any) -> None:
    with pytest.raises(InvalidInput):
        checked_recent(value)


def test_a_spooled_event_keeps_the_type_of_a_new_environment() -> None:
    fields = {
        "environment": "qa",
        "at": "2026-11-24T09:45:00Z",
        "version": "1",
        "status": "started",
    }
    draft = EventDraft("deployment", "tea", fields, "one", environment_type="test")
    destination = Destination(Remote("https://example.com/registry.git"))
    line = write_line(document_of(destination, draft))
    assert draft_of(parse_line(line).document).environment_type == "test"
