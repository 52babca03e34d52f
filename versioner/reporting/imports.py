"""Reports of imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.reporting.edits import commit_line, listed_paths
from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import count

if TYPE_CHECKING:
    from versioner.editing.importing.batch import ImportResult

__all__ = ["imported_json", "imported_text"]

_REFUSED_SHOWN: Final = 20
_NAMES_SHOWN: Final = 5


def imported_text(imported: ImportResult, *, dry_run: bool) -> str:
    """Return what an import did, or would do; refused rows by line number."""
    word = "would import" if dry_run else "imported"
    into = f" into {count(imported.products, 'product')}" if imported.added else ""
    lines = [f"{word} {count(imported.added, 'deployment event')}{into}"]
    if imported.already:
        lines.append(f"  {imported.already:,} already recorded")
    lines += _refused(imported)
    if imported.added:
        lines += listed_paths("would create " if dry_run else "created ", imported.created)
    if imported.commit:
        lines.append(commit_line(imported.commit, imported.branch))
    return "\n".join([*lines, *(f"  note: {clean(note)}" for note in _notes(imported))])


def imported_json(imported: ImportResult, *, dry_run: bool) -> str:
    """Return the same as JSON with stable keys."""
    document: dict[str, Any] = {
        "dry_run": dry_run,
        "format": imported.format,
        "added": imported.added,
        "already_recorded": imported.already,
        "refused": [{"line": line, "message": message} for line, message in imported.refused],
        "skipped": imported.skipped,
        "without_status": imported.without_status,
        "doubtful_versions": imported.doubtful,
        "near_names": [
            {"kind": kind, "name": name, "near": near} for kind, name, near in imported.near
        ],
        "products": imported.products,
        "created": list(imported.created),
        "commit": imported.commit,
        "branch": imported.branch.removeprefix("refs/heads/"),
        "notes": _notes(imported),
    }
    return as_json(document)


def _notes(imported: ImportResult) -> list[str]:
    """Return what is told of rows that were imported, or left out, without an error."""
    notes = [f"{count(number, 'row')} skipped: {word}" for word, number in imported.skipped.items()]
    if imported.without_status:
        notes.append(
            f"{count(imported.without_status, 'deployment')} without a result in the file: "
            "recorded as pending; --set status=completed if all of them succeeded"
        )
    if imported.doubtful:
        names = [f'"{name}" ({rows:,})' for name, rows in imported.doubtful.items()]
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        notes.append(
            f"versions that do not identify one build: {', '.join(names[:_NAMES_SHOWN])}{more}"
        )
    for kind, name, near in imported.near:
        notes.append(
            f'the new {kind} "{name}" has a name similar to "{near}": if both are the same, '
            f"`versioner {kind} merge {name} --into {near}`"
        )
    return notes


def _refused(imported: ImportResult) -> list[str]:
    if not imported.refused:
        return []
    shown = imported.refused[:_REFUSED_SHOWN]
    lines = [f"  {count(len(imported.refused), 'row')} refused:"]
    lines += [f"    line {number}: {clean(message)}" for number, message in shown]
    if len(imported.refused) > len(shown):
        lines.append(f"    and {len(imported.refused) - len(shown):,} more")
    return lines
