"""What happened to rules is counted by the rules as they stood, in the history of the registry."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from versioner.git.files.worktree_snapshot import snapshot_of_work_tree
from versioner.git.repository import open_repository
from versioner.git.snapshot import snapshot_at
from versioner.query.gate.rule_activity import RuleActivity, rule_activity_in
from versioner.registry.index import open_index

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

RULE = "registry/rules/closed.yaml"
TIMES = ("09-10", "09-20", "10-05", "10-15", "11-10", "11-20")


def git(top: Path, *arguments: str, at: str = "") -> str:
    dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at} if at else {}
    done = subprocess.run(
        ["git", *arguments], cwd=top, check=True, capture_output=True, text=True,
        env=os.environ | dates,
    )  # fmt: skip
    return done.stdout.strip()


def write(top: Path, path: str, text: str) -> None:
    (top / path).parent.mkdir(parents=True, exist_ok=True)
    (top / path).write_text(text, encoding="utf-8")


def commit(top: Path, day: str, **files: str) -> None:
    for path, text in files.items():
        write(top, path, text)
    git(top, "add", "-A")
    git(top, "commit", "-qm", f"Change of {day}", at=f"2026-{day}T09:00:00Z")


def rule(enforcement: str, *more: str) -> str:
    block = 'schedule: {blocked: [{daily: {from: "00:00", to: "24:00"}}]}'
    lines = ['name: "closed"', f'enforcement: "{enforcement}"', 'type: "schedule"', block, *more]
    return "\n".join([*lines, ""])


@pytest.fixture
def top(tmp_path: Path) -> Path:
    top = tmp_path / "clone"
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    write(top, "registry/registry.yaml", "schema_version: 1\n")
    for product in ("a", "b"):
        write(top, f"registry/products/{product}/product.yaml", f'name: "{product}"\n')
    for day in TIMES:
        line = (
            f'- {{at: "2026-{day}T10:00:00Z", environment: "production", version: "1", '
            f'status: "completed", id: "{day}"}}\n'
        )
        path = top / f"registry/products/a/deployments/2026-{day[:2]}.yaml"
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(line)
    commit(top, "08-01")
    return top


def activity(top: Path) -> tuple[RuleActivity, int]:
    """Return what happened, and how many histories of products were read for it."""
    repository = open_repository(top)
    assert repository.tip is not None
    with open_index(repository, snapshot_at(repository, repository.tip)) as index:
        registry = index.registry()
        before = index._rows.histories_read
        found = rule_activity_in(repository, registry, now=registry.commit_time or "")
        return found, index._rows.histories_read - before


def counts(found: RuleActivity) -> tuple[int, int, int]:
    own = found.of("closed")
    return own.violations, own.overrides, own.reports


def test_each_deployment_is_judged_by_the_rule_as_it_stood(top: Path) -> None:
    commit(top, "09-15", **{RULE: rule("enabled")})
    commit(top, "10-01", **{RULE: rule("disabled")})
    commit(top, "10-10", **{RULE: rule("report-only")})
    commit(top, "11-01", **{RULE: rule("enabled")})
    commit(top, "11-15", **{RULE: rule("enabled", 'title: "Closed"')})
    commit(top, "11-28", **{"README.md": "x\n"})
    found, _ = activity(top)
    assert (found.since, found.until) == ("2026-08-30T09:00:00Z", "2026-11-28T09:00:00Z")
    assert [each.deployment for each in found.violations] == ["11-20", "11-10", "09-20"]
    assert counts(found) == (3, 0, 1)


def test_a_rule_that_was_broken_or_removed_meanwhile_closed_nothing(top: Path) -> None:
    commit(top, "08-15", **{RULE: rule("enabled")})
    commit(top, "09-15", **{RULE: "name: closed\ntype: nothing\n"})
    (top / RULE).unlink()
    commit(top, "10-10")
    commit(top, "11-15", **{RULE: rule("enabled")})
    found, _ = activity(top)
    assert [each.deployment for each in found.violations] == ["09-10"]


def test_a_rule_is_in_force_from_the_merge_that_brought_it(top: Path) -> None:
    git(top, "switch", "-qc", "rules")
    commit(top, "09-05", **{RULE: rule("enabled")})
    git(top, "switch", "-q", "main")
    commit(top, "09-12", **{"README.md": "x\n"})
    git(top, "merge", "-q", "--no-ff", "-m", "Merge", "rules", at="2026-11-15T09:00:00Z")
    commit(top, "11-28", **{"README.md": "y\n"})
    found, _ = activity(top)
    assert [each.deployment for each in found.violations] == ["11-20"]


def test_a_rule_that_is_not_committed_was_never_in_force(top: Path) -> None:
    commit(top, "08-15", **{RULE: rule("report-only")})
    commit(top, "11-28", **{"README.md": "x\n"})
    write(top, RULE, rule("enabled"))
    write(top, RULE.replace("closed", "other"), rule("enabled").replace("closed", "other"))
    repository = open_repository(top)
    with open_index(repository, snapshot_of_work_tree(repository)) as index:
        found = rule_activity_in(repository, index.registry(), now="2026-11-28T09:00:00Z")
    assert (counts(found), found.of("other").total) == ((0, 0, 6), 0)


def test_only_products_that_changed_are_read_again(top: Path) -> None:
    commit(top, "08-15", **{RULE: rule("enabled")})
    commit(top, "11-28", **{"README.md": "x\n"})
    first, read = activity(top)
    assert counts(first) == (6, 0, 0)
    assert read > 0
    again, read = activity(top)
    assert (again, read) == (first, 0)
    commit(top, "11-29", **{"registry/products/b/product.yaml": 'name: "b"\ntitle: "B"\n'})
    # Only the cells of the changed product are read, because nothing was deployed.
    assert activity(top)[1] == 1
    (top / ".git/versioner/rule-activity.json").write_bytes(b"12\n{")
    assert counts(activity(top)[0]) == (6, 0, 0)


def test_a_shallow_clone_counts_from_its_oldest_commit_on(top: Path) -> None:
    commit(top, "08-15", **{RULE: rule("enabled")})
    commit(top, "10-30", **{"README.md": "x\n"})
    commit(top, "11-28", **{"README.md": "y\n"})
    shallow = top.with_name("shallow")
    git(top.parent, "clone", "-q", "--depth", "2", f"file://{top}", str(shallow))
    found, _ = activity(shallow)
    assert (found.since, found.is_partial) == ("2026-10-30T09:00:00Z", True)
    assert counts(found) == (2, 0, 0)
