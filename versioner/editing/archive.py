"""Move the events of past months into one log a year, so that a registry has fewer files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.editing.session import EditResult
from versioner.errors import Blocked, UsageFault
from versioner.git.commit import commit_changes
from versioner.git.objects import TreeView, reading
from versioner.git.snapshot import snapshot_at
from versioner.git.transaction import transaction
from versioner.registry.config import no_registry, read_config
from versioner.registry.load import load_registry
from versioner.serialization.year_log import add_months
from versioner.validation import codes
from versioner.validation.limits import LOG_LIMIT
from versioner.validation.logs import validate_log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.git.files.entries import FileEntry
    from versioner.git.repository import Repository
    from versioner.git.session import LockedRepository
    from versioner.git.snapshot import Snapshot
    from versioner.models import Changes, CommitIdentity, LogKind

__all__ = ["ArchiveResult", "ArchivedYear", "archive_months", "check_month"]

_MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class ArchivedYear:
    """The log of a year that months were moved to, and those months."""

    product: str
    kind: LogKind
    path: str
    months: tuple[str, ...]
    events: int


@dataclass(slots=True)
class ArchiveResult:
    """What was archived; `kept` are the logs of months that would make a year's log too large."""

    before: str
    years: list[ArchivedYear] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    edited: EditResult = field(default_factory=lambda: EditResult(None, ""))

    @property
    def events(self) -> int:
        """Return how many events were moved."""
        return sum(each.events for each in self.years)

    @property
    def months(self) -> int:
        """Return how many logs of months were moved."""
        return sum(len(each.months) for each in self.years)

    @property
    def products(self) -> int:
        """Return of how many products logs were moved."""
        return len({each.product for each in self.years})


def check_month(before: str, now: str) -> None:
    """Raise UsageFault for a text that is no month, and for one with an open month before it."""
    current = layout.month_of(now)
    if not _MONTH.fullmatch(before):
        raise UsageFault(
            "--before needs a month, written YYYY-MM",
            hint=f"for example, --before {current} archives all months that are closed",
        )
    if before > current:
        raise UsageFault(
            f"the month {current} is not closed yet, so its events cannot be archived",
            hint=f"--before {current} archives all months that are closed",
        )


def archive_months(
    repository: Repository,
    *,
    before: str,
    products: Sequence[str] = (),
    now: str,
    dry_run: bool = False,
    limit: int = LOG_LIMIT,
    progress: Callable[[int, int], None] | None = None,
) -> ArchiveResult:
    """Move the events of the months before one into the logs of their years, in one commit.

    Without `products`, the months of all are moved. No line changes, and each stays behind the
    earlier ones of its month. A log that would have more than `limit` bytes stays as it is.
    Raises Blocked for a log with errors, UsageFault as `check_month` does, and NotFound for an
    unknown product.
    """
    check_month(before, now)
    result = ArchiveResult(before)
    with transaction(repository) as locked:
        snapshot, identity = _tip_of(locked)
        changes: Changes = {}
        names = _names(snapshot, products)
        for count, name in enumerate(names, 1):
            changes |= _archived(snapshot, name, result, limit)
            if progress is not None:
                progress(count, len(names))
        subject = f"Archive the months before {before}"
        if len(names) == 1:
            subject = f"Archive the months of {names[0]} before {before}"
        result.edited = EditResult(None, subject)
        if changes and not dry_run:
            commit = commit_changes(locked, changes, subject, identity=identity, when=now)
            paths = tuple(sorted(changes))
            result.edited = EditResult(commit, subject, paths, locked.branch or "")
    return result


def _tip_of(locked: LockedRepository) -> tuple[Snapshot, CommitIdentity | None]:
    """Return the files of the tip, and the identity of commits that its registry.yaml names."""
    if locked.tip is None:
        raise UsageFault("there is no registry on this branch yet", hint="run `versioner init`")
    with reading(locked) as reader:
        entry = TreeView(reader, locked.tip).entry(layout.CONFIG)
    if entry is None:
        raise no_registry()
    config = read_config(locked, entry.id)
    return snapshot_at(locked, locked.tip), config.get("commit")


def _names(snapshot: Snapshot, given: Sequence[str]) -> list[str]:
    """Return the products that are named, under their present names; without any, all."""
    if given:
        return sorted(load_registry(snapshot, products=given).products)
    return sorted(snapshot.product_trees())


def _archived(snapshot: Snapshot, product: str, result: ArchiveResult, limit: int) -> Changes:
    """Return the changes of a product's files, and add them to the result."""
    entries = snapshot.entries(layout.product_dir(product))
    changes: Changes = {}
    for (kind, year), months in _months_before(entries, result.before).items():
        path = layout.log_path(product, kind, year)
        if path in entries and entries[path].kind != "file":
            raise Blocked(f"{path} is not a regular file", hint="remove it, and commit that first")
        fitting = _fitting(entries, path, months, limit)
        result.kept += [month for month in months if month not in fitting]
        if fitting:
            contents = snapshot.read_many([path, *fitting])
            events = _count_moved(kind, contents, path)
            logs = [contents[month] for month in fitting]
            changes |= dict.fromkeys(fitting, None)
            changes[path] = add_months(kind, contents.get(path), logs)
            moved = tuple(month.rpartition("/")[2].removesuffix(".yaml") for month in fitting)
            result.years.append(ArchivedYear(product, kind, path, moved, events))
    return changes


def _count_moved(kind: LogKind, contents: Mapping[str, bytes], year: str) -> int:
    """Return the number of events that are not in the log of the year yet.

    Raises Blocked for a log that has problems, and for an id that two of the logs have: one log
    must not have it twice.
    """
    ids: dict[str, str] = {}
    count = 0
    for path, data in contents.items():
        events, problems = validate_log(kind, data, path)
        for problem in problems:
            remedy = "format" if problem.code == codes.NOT_CANONICAL else "validate"
            raise Blocked(
                f"{path}:{problem.line} cannot be archived: {problem.message}",
                hint=f"run `versioner {remedy} {path}`, fix and commit it, and try again",
            )
        for event in events:
            other = ids.setdefault(event["id"], path)
            if other != path:
                raise Blocked(
                    f'{path} cannot be archived: {other} has an event with the id "{event["id"]}", '
                    "too",
                    hint="remove the copy, commit that, and try again",
                )
        count += len(events) if path != year else 0
    return count


def _months_before(
    entries: Mapping[str, FileEntry], before: str
) -> dict[tuple[LogKind, str], list[str]]:
    """Return the paths of the logs of months before one, by kind and year, in order."""
    found: dict[tuple[LogKind, str], list[str]] = {}
    for path in sorted(entries):
        place = layout.place_of(path)
        if place is None or place.log_kind is None or place.is_of_year:
            continue
        if entries[path].kind == "file" and place.period < before:
            key = place.log_kind, layout.year_of(place.period)
            found.setdefault(key, []).append(path)
    return found


def _fitting(
    entries: Mapping[str, FileEntry], path: str, months: Sequence[str], limit: int
) -> list[str]:
    """Return the first of the logs of months that one log of a year has room for."""
    size = entries[path].size if path in entries else 0
    fitting = []
    for month in months:
        size += entries[month].size
        if size > limit:
            break
        fitting.append(month)
    return fitting
