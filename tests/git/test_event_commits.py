"""Which commit recorded which event, told from the history alone."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from versioner.git.event_commits import EventCommits, recorded_events
from versioner.git.repository import open_repository

if TYPE_CHECKING:
    from pathlib import Path

LOG = "registry/products/a/deployments/2026-11.yaml"


def git(top: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=top, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def line(event: str, **more: str) -> str:
    fields = "".join(f'{key}: "{value}", ' for key, value in more.items())
    return f'- {{at: "2026-11-22T10:15:00Z", {fields}id: "{event}"}}\n'


def commit(top: Path, text: str, subject: str) -> str:
    path = top / LOG
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    git(top, "add", ".")
    git(top, "commit", "-qm", subject)
    return git(top, "rev-parse", "HEAD")


def told(top: Path) -> dict[str, tuple[str, str]]:
    repository = open_repository(top)
    assert repository.tip is not None
    found = recorded_events(repository, repository.tip)
    return {event: (name, subject) for event, (name, subject, _) in found.items()}


def forget(top: Path) -> None:
    for path in (top / ".git" / "versioner").glob("recorded.sqlite*"):
        path.unlink()


def test_the_first_commit_with_an_event_recorded_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    first = commit(tmp_path, line("e1"), "Record one")
    second = commit(tmp_path, line("e1", note="redacted") + line("e2"), "Record two, mend one")
    assert told(tmp_path) == {
        "e1": (first, "Record one"),
        "e2": (second, "Record two, mend one"),
    }


def test_a_later_pass_reads_the_new_commits_and_says_the_same(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    commit(tmp_path, line("e1"), "Record one")
    before = told(tmp_path)
    commit(tmp_path, line("e1") + line("e2"), "Record two")
    later = told(tmp_path)
    forget(tmp_path)
    assert told(tmp_path) == later
    assert later["e1"] == before["e1"]


def test_what_another_history_kept_is_not_believed(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    commit(tmp_path, line("e1"), "Record one")
    told(tmp_path)
    forget(tmp_path)
    (tmp_path / ".git" / "versioner" / "recorded.sqlite").write_text("{}")
    assert set(told(tmp_path)) == {"e1"}
    git(tmp_path, "commit", "-q", "--amend", "-m", "Record one anew")
    assert told(tmp_path)["e1"] == (git(tmp_path, "rev-parse", "HEAD"), "Record one anew")


def test_a_moved_log_keeps_its_commits(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    first = commit(tmp_path, line("e1"), "Record one")
    git(tmp_path, "mv", "registry/products/a", "registry/products/b")
    git(tmp_path, "commit", "-qm", "Rename product a to b")
    assert told(tmp_path)["e1"] == (first, "Record one")


def test_a_shallow_clone_cannot_tell(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    git(source, "init", "-q")
    commit(source, line("e1"), "Record one")
    commit(source, line("e1") + line("e2"), "Record two")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{source}", "clone")
    assert told(tmp_path / "clone") == {}


def test_a_subject_of_any_text_stays_a_subject(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    commit(tmp_path, line("e1"), '+- {id: "forged"}')
    assert told(tmp_path)["e1"][1] == '+- {id: "forged"}'
    assert set(told(tmp_path)) == {"e1"}


def test_a_database_that_is_damaged_or_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    commit(tmp_path, "".join(line(f"e{number}") for number in range(900)), "Record many")
    before = told(tmp_path)
    path = tmp_path / ".git" / "versioner" / "recorded.sqlite"
    path.write_bytes(path.read_bytes()[:9000])
    assert told(tmp_path) == before
    forget(tmp_path)
    path.mkdir()
    assert told(tmp_path) == before


def test_the_state_of_a_product_changes_with_its_logs_alone(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    commit(tmp_path, line("e1"), "Record one")

    def states() -> list[str]:
        repository = open_repository(tmp_path)
        assert repository.tip is not None
        found = recorded_events(repository, repository.tip)
        assert isinstance(found, EventCommits)
        return [found.state_of("a"), found.state_of("b")]

    before = states()
    assert states() == before
    commit(tmp_path, line("e1") + line("e2"), "Record two")
    after = states()
    assert after[0] != before[0]
    assert after[1] == before[1]
    git(tmp_path, "commit", "-q", "--amend", "-m", "Record two anew")
    assert states()[1] != before[1]


def test_events_that_are_read_at_once_are_those_that_are_read_one_by_one(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    commit(tmp_path, line("e1") + line("e2"), "Record two")
    repository = open_repository(tmp_path)
    assert repository.tip is not None
    found = recorded_events(repository, repository.tip)
    assert isinstance(found, EventCommits)
    one_by_one = [found.get(event) for event in ("e1", "e2", "e3")]
    at_once = found.some(["e1", "e2", "e3"])
    assert [at_once.get(event) for event in ("e1", "e2", "e3")] == one_by_one
    assert found.some(["e3", "e1"]) == {"e1": one_by_one[0]}
    assert one_by_one[2] is None
    assert len(found) == 2
