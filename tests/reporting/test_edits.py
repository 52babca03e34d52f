"""What became of an edit, a deletion plan, an import."""

from __future__ import annotations

from versioner.editing.importing.batch import ImportResult
from versioner.editing.products import DeletionPlan
from versioner.editing.session import EditResult
from versioner.reporting.edits import deletion_text, edited_text
from versioner.reporting.imports import imported_text


def test_an_edit_names_its_commit_branch_and_first_files() -> None:
    paths = tuple(f"registry/products/a/deployments/2026-0{month}.yaml" for month in range(1, 8))
    edited = EditResult(
        "c" * 40, "Delete product a", paths, "refs/heads/main", ("b no longer needs it",)
    )
    assert edited_text(edited).splitlines() == [
        "Delete product a",
        "  commit cccccccccccc on main",
        *(f"  {path}" for path in paths[:5]),
        "  and 2 more files",
        "  note: b no longer needs it",
    ]


def test_an_edit_that_changes_nothing_says_so() -> None:
    assert (
        edited_text(EditResult(None, "Edit product a"))
        == "nothing to change: the registry is already in this state"
    )


def test_a_plan_counts_and_names_those_left_behind() -> None:
    plan = DeletionPlan("a", 1, 1234, 1300, ("b", "c"), ("old-a",))
    assert deletion_text(plan).splitlines() == [
        "Deleting a removes",
        "  1 version and 1,234 deployments (1,300 events)",
        "Its former name refers to the record of the deletion: old-a",
        "b, c depend on it.",
        "It stays in git's history: `versioner product restore a` restores it.",
    ]


def test_an_import_lists_refused_rows_twenty_at_most() -> None:
    refused = [(line, "no version\x1b[2J") for line in range(2, 32)]
    text = imported_text(ImportResult(added=2, products=1, refused=refused), dry_run=True)
    assert text.startswith("would import 2 deployment events into 1 product")
    assert "30 rows refused" in text and "line 21:" in text and "line 22:" not in text
    assert "and 10 more" in text
    assert "\x1b" not in text
