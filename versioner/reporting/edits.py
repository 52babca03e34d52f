"""Reports of edits, planned deletions, builds of the site and formatting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.reporting.terminal import clean
from versioner.reporting.text import count

if TYPE_CHECKING:
    from versioner.editing.format import FormatResult, UnformattedFile
    from versioner.editing.products import DeletionPlan
    from versioner.editing.session import EditResult
    from versioner.site.build import BuildReport

__all__ = [
    "built_text",
    "commit_line",
    "deletion_text",
    "edited_text",
    "formatted_text",
    "listed_paths",
    "unformatted_text",
]

_PATHS_SHOWN = 5


def edited_text(edited: EditResult) -> str:
    """Return what an edit did: its subject, commit, files and notes."""
    notes = [f"  note: {clean(note)}" for note in edited.notes]
    if edited.commit is None:
        return "\n".join(["nothing to change: the registry is already in this state", *notes])
    lines = [clean(edited.subject), commit_line(edited.commit, edited.branch)]
    lines += listed_paths("", edited.paths)
    return "\n".join([*lines, *notes])


def deletion_text(plan: DeletionPlan) -> str:
    """Return what a deletion removes, and which products depend on the product."""
    lines = [
        f"Deleting {clean(plan.name)} removes",
        f"  {count(plan.versions, 'version')} and {count(plan.deployments, 'deployment')} "
        f"({count(plan.events, 'event')})",
    ]
    if plan.aliases:
        word = "name refers" if len(plan.aliases) == 1 else "names refer"
        lines.append(f"Its former {word} to the record of the deletion: {_listed(plan.aliases)}")
    if plan.dependents:
        verb = "depends" if len(plan.dependents) == 1 else "depend"
        lines.append(f"{_listed(plan.dependents)} {verb} on it.")
    lines.append(
        f"It stays in git's history: `versioner product restore {clean(plan.name)}` restores it."
    )
    return "\n".join(lines)


def listed_paths(label: str, paths: tuple[str, ...]) -> list[str]:
    """Return lines that name the first paths, and the number of the others."""
    lines = [f"  {label}{clean(path)}" for path in paths[:_PATHS_SHOWN]]
    more = len(paths) - _PATHS_SHOWN
    return [*lines, f"  and {count(more, 'more file')}"] if more > 0 else lines


def commit_line(commit: str, branch: str) -> str:
    """Return the line that names a commit and its branch."""
    place = branch.removeprefix("refs/heads/") or "a detached HEAD"
    return f"  commit {commit[:12]} on {clean(place)}"


def _listed(names: tuple[str, ...]) -> str:
    return clean(", ".join(names))


def built_text(folder: str, report: BuildReport) -> str:
    """Return the number of pages, the folder, and the number of changed files."""
    done = [f"{report.written:,} written", f"{report.unchanged:,} unchanged"]
    if report.removed:
        done.append(f"{report.removed:,} removed")
    return f"built {count(report.pages, 'page')} in {clean(folder)}\n  files: {', '.join(done)}"


def formatted_text(done: FormatResult, *, check: bool) -> str:
    """Return the files that changed, or would change, and a line with their number."""
    verb = "would format" if check else "formatted"
    lines = [f"{verb} {clean(path)}" for path in done.changed]
    if not done.changed:
        return f"{count(done.files, 'file')}: nothing to format"
    closing = "would change" if check else "changed; `versioner validate` checks them"
    return "\n".join([*lines, f"{len(done.changed):,} of {count(done.files, 'file')} {closing}"])


def unformatted_text(file: UnformattedFile) -> str:
    """Return why a file was not formatted."""
    text = f"error: {clean(file.path)}: not formatted: {clean(file.message)}"
    return f"{text}\n  hint: {clean(file.hint)}" if file.hint else text
