"""Import deployments from a file in one commit; importing it again adds nothing.

The rows are read one at a time, checked, and sorted on the disk by product and time. Then each
product's rows are evaluated, and its new logs go to the disk, too, until the commit is made of
them. So memory holds one product at a time, and no more of a new one than its versions.
"""

from __future__ import annotations

from contextlib import closing, nullcontext
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from versioner import layout
from versioner.editing.importing.batch import ImportBatch, ImportResult
from versioner.editing.importing.logs import ImportTarget, NewLogs
from versioner.editing.importing.names import ImportNames
from versioner.editing.importing.options import ImportNotes
from versioner.editing.importing.prepare import RowPreparer
from versioner.editing.importing.rows import read_rows
from versioner.editing.importing.source import MOST_CHARACTERS
from versioner.editing.importing.staging import StagedRows
from versioner.editing.importing.stored import StoredChanges
from versioner.errors import InvalidInput, OperationFailed, UsageFault
from versioner.git.commit import commit_changes
from versioner.git.temporary import temporary_folder
from versioner.git.transaction import transaction
from versioner.registry.config import no_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from versioner.editing.importing.options import ImportOptions, ImportRow
    from versioner.editing.importing.prepare import StagedRow
    from versioner.editing.importing.source import Source
    from versioner.git.repository import Repository
    from versioner.models import CommitIdentity

    _Opener = Callable[[], AbstractContextManager[Source]]

__all__ = ["MOST_ROWS", "RowsRefused", "import_file"]

_REFUSED_SHOWN = 10
# A row takes half a kilobyte of the temporary folder.
MOST_ROWS: Final = 20_000_000
# How many rows are read between two reports of the progress.
_REPORTED: Final = 256
_BLOCK: Final = 1024 * 1024


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
    reading: Callable[[int, int, int], None] | None = None,
) -> ImportResult:
    """Import the deployment events of a file, or of a stream of bytes.

    Rows are checked like recorded events, in the order of their times. If a row is invalid and
    `skip_invalid` is false, nothing is imported: raises RowsRefused, which lists the rows.
    `reading` is called with the numbers of rows and bytes read, and of all bytes; then `progress`
    with the number of rows evaluated, and of all.
    """
    with (
        temporary_folder() as place,
        closing(StagedRows(place.folder)) as rows,
        closing(StoredChanges(place.folder)) as changes,
    ):
        work = _Import(rows, changes, options, now, skip_invalid, dry_run)
        opened = _opener(source, place.folder)
        target = ImportTarget(repository, _tip_of(repository))
        batch = work.stage(target, opened, reading)
        # The rows of a large file are read before the lock is taken, for as short a lock.
        with transaction(repository) as locked:
            known, target = target.names, ImportTarget(locked, _tip_of(locked))
            if target.names != known:
                batch = work.stage(target, opened, reading)
            result = work.evaluate(target, batch, progress)
            if dry_run or not changes:
                return result
            subject = f"Import {result.added} deployment events"
            identity = cast("CommitIdentity | None", target.head.config.get("commit"))
            result.commit = commit_changes(locked, changes, subject, identity=identity, when=now)
            result.branch = locked.branch or ""
    return result


def _tip_of(repository: Repository) -> str:
    if repository.tip is None:
        raise UsageFault("there is no registry on this branch yet", hint="run `versioner init`")
    return repository.tip


class _Import:
    """The steps of one import."""

    def __init__(
        self,
        rows: StagedRows,
        changes: StoredChanges,
        options: ImportOptions | None,
        now: str,
        skip_invalid: bool,
        dry_run: bool,
    ) -> None:
        self._rows = rows
        self._changes = changes
        self._options = options
        self._now = now
        self._skip_invalid = skip_invalid
        self._dry_run = dry_run

    def stage(
        self,
        target: ImportTarget,
        opened: _Opener,
        reading: Callable[[int, int, int], None] | None,
    ) -> ImportBatch:
        """Read and check all rows, and sort them on the disk."""
        if not target.is_there(layout.CONFIG):
            raise no_registry()
        self._rows.clear()
        notes = ImportNotes()
        with opened() as source:
            rows = _limited(read_rows(source, self._options, notes=notes), notes, reading)
            # The format is known when the first row is read.
            first = list(islice(rows, 1))
            names = ImportNames(target.head, detected=notes.is_export)
            preparer = RowPreparer(names, target.head.config, self._now)
            self._rows.add(preparer.prepare(chain(first, rows)))
        return ImportBatch(self._rows, names, notes)

    def evaluate(
        self,
        target: ImportTarget,
        batch: ImportBatch,
        progress: Callable[[int, int], None] | None,
    ) -> ImportResult:
        """Evaluate the rows product by product, and make the files of the commit.

        Raises RowsRefused where a row is refused and that is not to be skipped.
        """
        logs = NewLogs(target, self._changes, check=not self._dry_run)
        counted = _Counted(self._rows.count - len(self._rows.refused), progress)
        for product, rows in self._rows.by_product():
            makes = self._skip_invalid or not self._rows.refused
            logs.add(batch, product, counted.rows(rows), makes=makes)
        if self._rows.refused and not self._skip_invalid:
            raise RowsRefused(batch.result(imported=False), self._rows.count)
        if logs.fault is None:
            logs.add_names(batch)
        if logs.fault is not None:
            raise logs.fault
        result = batch.result()
        result.created = logs.created
        return result


class _Counted:
    """The progress of the evaluation."""

    def __init__(self, total: int, progress: Callable[[int, int], None] | None) -> None:
        self._total = total
        self._progress = progress
        self._done = 0

    def rows(self, rows: Iterable[StagedRow]) -> Iterable[StagedRow]:
        """Return rows whose reading is reported."""
        return rows if self._progress is None else self._reported(rows, self._progress)

    def _reported(
        self, rows: Iterable[StagedRow], progress: Callable[[int, int], None]
    ) -> Iterator[StagedRow]:
        for row in rows:
            self._done += 1
            progress(self._done, self._total)
            yield row


def _limited(
    rows: Iterable[ImportRow],
    notes: ImportNotes,
    reading: Callable[[int, int, int], None] | None,
) -> Iterator[ImportRow]:
    """Yield the rows of a file, and report how many were read; raise for one that is too long."""
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise InvalidInput(
                f"the file has more than {MOST_ROWS:,} rows",
                hint="import it in parts: rows that are already recorded are skipped",
            )
        if reading is not None and number % _REPORTED == 0 and notes.progress is not None:
            reading(number, *notes.progress())
        yield row


def _opener(source: Source, folder: Path) -> _Opener:
    """Return a function that opens a source; a stream is copied, since it is read once only."""
    if isinstance(source, Path):
        return lambda: nullcontext(source)
    copy, left = folder / "input", MOST_CHARACTERS
    try:
        with copy.open("wb") as file:
            while data := source.read(_BLOCK):
                file.write(data)
                left -= len(data)
                if left < 0:
                    raise InvalidInput(f"the input has more than {MOST_CHARACTERS:,} bytes")
    except OSError as error:
        raise OperationFailed(
            f"cannot copy the input to {folder}: {error.strerror or error}",
            hint="free space on the disk, or set TMPDIR to a folder on another one",
        ) from error
    return lambda: copy.open("rb")


def _refusal(refused: list[tuple[int, str]], total: int) -> tuple[str, str]:
    shown = "\n".join(f"  line {number}: {message}" for number, message in refused[:_REFUSED_SHOWN])
    more = len(refused) - _REFUSED_SHOWN
    rest = f"\n  and {more} more" if more > 0 else ""
    are, them = ("is", "it") if len(refused) == 1 else ("are", "them")
    return (
        f"{len(refused)} of {total} rows {are} not valid, so nothing was imported:\n{shown}{rest}",
        f"fix {them}, or add --skip-invalid to import the others",
    )
