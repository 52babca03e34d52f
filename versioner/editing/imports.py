"""Import deployments from a file in one commit; importing it again adds nothing."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from versioner.editing.importing.batch import ImportBatch, ImportResult
from versioner.editing.importing.options import ImportNotes
from versioner.editing.importing.rows import read_rows
from versioner.editing.session import edit_session
from versioner.errors import InvalidInput, VersionerError
from versioner.secret_scanning import may_hold_secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.editing.importing.options import ImportOptions, ImportRow, Place
    from versioner.editing.importing.recorded import PreparedRow
    from versioner.editing.importing.source import Source
    from versioner.git.repository import Repository

__all__ = ["MOST_ROWS", "ImportResult", "RowsRefused", "import_file"]

_REFUSED_SHOWN = 10
_TOGETHER: Final = 256
# All rows are in memory at once, to be sorted by time: about a kilobyte each.
MOST_ROWS: Final = 2_000_000


class RowsRefused(InvalidInput):
    """A file with rows that are not valid, so that nothing was imported."""

    def __init__(self, result: ImportResult, total: int) -> None:
        message, hint = _refusal(result.refused, total)
        super().__init__(message, hint=hint)
        self.result = result


def import_file(
    repository: Repository,
    source: Source,
    *,
    options: ImportOptions | None = None,
    now: str,
    dry_run: bool = False,
    skip_invalid: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ImportResult:
    """Import the deployment events of a file, or of a stream of bytes.

    Rows are checked like recorded events, in the order of their times. If a row is invalid and
    `skip_invalid` is false, nothing is imported: raises RowsRefused, which lists the rows.
    """
    notes = ImportNotes()
    rows = list(islice(read_rows(source, options, notes=notes), MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        raise InvalidInput(
            f"the file has more than {MOST_ROWS:,} rows",
            hint="import it in parts: rows that are already recorded are skipped",
        )
    with edit_session(repository) as edit:
        batch = ImportBatch(edit.registry, now, notes)
        prepared = _prepared(rows, batch)
        matched = batch.recorded.match([row for _, row in prepared])
        for count, (place, row) in enumerate(prepared, 1):
            batch.add(place, row, is_recorded=count - 1 in matched)
            if progress is not None:
                progress(count, len(prepared))
        imported = batch.imported
        imported.refused.sort()
        if imported.refused and not skip_invalid:
            imported.added = imported.already = 0
            raise RowsRefused(imported, len(rows))
        changes = batch.changes(edit)
        if dry_run or not changes:
            return imported
        subject = f"Import {imported.added} deployment events"
        edited = edit.commit(changes, subject, now=now)
        imported.commit, imported.branch = edited.commit, edited.branch
    return imported


def _prepared(rows: list[ImportRow], batch: ImportBatch) -> list[tuple[Place, PreparedRow]]:
    """Return rows as events in the order of their times; refuse the rows that are not valid."""
    prepared = []
    for start in range(0, len(rows), _TOGETHER):
        part = rows[start : start + _TOGETHER]
        # The quick test for secrets costs as much for one row as for many.
        suspect = may_hold_secret(repr(part).encode(errors="replace"))
        for place, row in part:
            try:
                prepared.append((place, batch.prepare(row, suspect=suspect)))
            except VersionerError as error:
                batch.refuse(place, error)
    # The sort is stable: rows of the same second keep their order, as the lines of a log do.
    prepared.sort(key=lambda each: each[1].event["at"])
    return prepared


def _refusal(refused: list[tuple[int, str]], total: int) -> tuple[str, str]:
    shown = "\n".join(f"  line {number}: {message}" for number, message in refused[:_REFUSED_SHOWN])
    more = len(refused) - _REFUSED_SHOWN
    rest = f"\n  and {more} more" if more > 0 else ""
    are, them = ("is", "it") if len(refused) == 1 else ("are", "them")
    return (
        f"{len(refused)} of {total} rows {are} not valid, so nothing was imported:\n{shown}{rest}",
        f"fix {them}, or add --skip-invalid to import the others",
    )
