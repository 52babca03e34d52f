"""The common part of all edits: read the tip, check the new content, make one commit."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from versioner import layout
from versioner.errors import Blocked, InvalidInput, UsageFault
from versioner.git.commit import commit_changes
from versioner.git.snapshot import OverlaySnapshot, snapshot_at
from versioner.git.transaction import transaction
from versioner.registry.checks.changed_products import load_checked
from versioner.registry.checks.results_file import ValidatedProducts
from versioner.registry.config import no_registry
from versioner.serialization.assignments import Unset, parse_assignment, parse_key
from versioner.serialization.yaml_edit import edit_document
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.git.repository import Repository
    from versioner.git.session import LockedRepository
    from versioner.git.snapshot import Snapshot
    from versioner.models import Changes, CommitIdentity, Problem
    from versioner.registry.records import Registry
    from versioner.serialization.assignments import Set

__all__ = [
    "EditConflict",
    "EditResult",
    "EditSession",
    "InvalidEdit",
    "blob_id_of",
    "edit_session",
    "parse_edits",
    "read_tip",
    "refuse_unread",
]

# Errors between files; they are found after the events have been read.
_AFTER_READING: Final = frozenset(
    (codes.CASE_TWIN, codes.DEPLOYMENT, codes.ENVIRONMENT, codes.SHA_CONFLICT, codes.VOID)
)


@dataclass(frozen=True, slots=True)
class EditResult:
    """The result of an edit: `commit` is None if there was nothing to change."""

    commit: str | None
    subject: str
    paths: tuple[str, ...] = ()
    branch: str = ""
    notes: tuple[str, ...] = ()


class InvalidEdit(InvalidInput):
    """An edit that would cause errors: `problems` are those that are new."""

    def __init__(self, message: str, problems: Sequence[Problem], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class EditConflict(Blocked):
    """The error of an edit whose author saw another content; `path` is the file at the tip.

    `found` is the blob id that it has now, "" where it is gone, and `content` its text.
    """

    def __init__(self, path: str, found: str, content: bytes) -> None:
        super().__init__(
            f"{path} was changed meanwhile" if found else f"{path} was removed meanwhile",
            hint="read it again, and apply the edit to its present content",
        )
        self.path, self.found, self.content = path, found, content


@dataclass(slots=True)
class EditSession:
    """The registry at the tip, under the write lock; events are read when they are asked for."""

    repository: LockedRepository
    snapshot: Snapshot
    registry: Registry
    kept: ValidatedProducts

    def read(self, path: str) -> bytes:
        """Return a file that is known to exist at the tip."""
        return self.snapshot.read(path) or b""

    def edited(self, path: str, edits: Sequence[Set | Unset]) -> Changes:
        """Return the changes that edits make to a file; empty if they change nothing."""
        before = self.read(path)
        after = edit_document(before, edits)
        return {path: after} if after != before else {}

    def refuse_other_content(self, path: str, expected: str | None) -> None:
        """Raise EditConflict where a file is not the blob that is expected; None expects any."""
        if expected is None:
            return
        found = blob_id_of(self.snapshot, path)
        if found != expected:
            raise EditConflict(path, found, self.snapshot.read(path) or b"")

    def files_of(self, product: str) -> dict[str, bytes]:
        """Return the files of a product's directory."""
        return dict(self.snapshot.read_many(self.snapshot.entries(layout.product_dir(product))))

    def check(self, changes: Changes) -> None:
        """Raise InvalidInput with the first new error that the changes cause, if there is one."""
        _refuse_new_errors(self, changes, ())

    def commit(
        self,
        changes: Changes,
        subject: str,
        *,
        now: str,
        notes: tuple[str, ...] = (),
        assignments: Sequence[str] = (),
        comment: str = "",
    ) -> EditResult:
        """Commit the changes; `assignments` are the texts of --set that made them.

        The message of the commit is the subject, and the comment of the person below. Raises
        InvalidInput with the first new error, if the changes cause one.
        """
        _refuse_new_errors(self, changes, assignments)
        identity = cast("CommitIdentity | None", self.registry.config.get("commit"))
        message = f"{subject}\n\n{comment.strip()}" if comment.strip() else subject
        commit = commit_changes(self.repository, changes, message, identity=identity, when=now)
        paths = tuple(sorted(changes)) if commit else ()
        return EditResult(commit, subject, paths, self.repository.branch or "", notes)


def blob_id_of(snapshot: Snapshot, path: str) -> str:
    """Return the id of the blob that a file is, "" where there is no such file."""
    entry = snapshot.entries(path.rpartition("/")[0]).get(path)
    return entry.id or "" if entry is not None else ""


def parse_edits(set_: Sequence[str], unset: Sequence[str] = ()) -> list[Set | Unset]:
    """Parse KEY=VALUE and KEY texts with dotted keys as edits."""
    return [*map(parse_assignment, set_), *(Unset(parse_key(text)) for text in unset)]


@contextmanager
def edit_session(repository: Repository) -> Iterator[EditSession]:
    """Take the write lock, and read the registry at the tip."""
    with (
        transaction(repository) as locked,
        ValidatedProducts.of(repository) as kept,
    ):
        snapshot, registry = _read(locked, kept)
        yield EditSession(locked, snapshot, registry, kept)


def read_tip(repository: Repository) -> tuple[Snapshot, Registry]:
    """Read the registry at the tip, without a lock."""
    with ValidatedProducts.of(repository) as kept:
        return _read(repository, kept)


def _read(repository: Repository, kept: ValidatedProducts) -> tuple[Snapshot, Registry]:
    if repository.tip is None:
        raise UsageFault("there is no registry on this branch yet", hint="run `versioner init`")
    snapshot = snapshot_at(repository, repository.tip)
    if snapshot.read(layout.CONFIG) is None:
        raise no_registry()
    return snapshot, load_checked(snapshot, kept=kept)


def _refuse_new_errors(editing: EditSession, changes: Changes, assignments: Sequence[str]) -> None:
    outcome = load_checked(OverlaySnapshot(editing.snapshot, changes), kept=editing.kept)
    before = {_identity(problem) for problem in editing.registry.problems}
    new = [
        problem
        for problem in outcome.problems
        if problem.severity == "error" and _identity(problem) not in before
    ]
    if new:
        first = new[0]
        _refuse_unknown_key(first, assignments)
        more = f" (and {len(new) - 1} more)" if len(new) > 1 else ""
        raise InvalidEdit(
            f"{first.path}:{first.line}:{first.column}: {first.message}{more}", new, hint=first.hint
        )


def _refuse_unknown_key(problem: Problem, assignments: Sequence[str]) -> None:
    """Raise InvalidInput that names the option, if an error is the key of one."""
    if problem.code != codes.UNKNOWN_KEY:
        return
    place = layout.place_of(problem.path)
    free = "extra_metadata" if place is not None and place.kind == "product" else "metadata"
    for text in assignments:
        key, _, value = text.partition("=")
        if problem.message == f'unknown key "{key}"':
            raise InvalidInput(
                f"--set {text}: {problem.message}",
                field=key,
                hint=f"{problem.hint}; a key of your own: --set {free}.{key}={value}",
            )


def _identity(problem: Problem) -> tuple[Any, ...]:
    # The line is left out, because an edit may move an existing problem to another line.
    return problem.path, problem.code, problem.message


def refuse_unread(registry: Registry, product: str) -> None:
    """Raise Blocked if some of the product's files cannot be read: the report would be wrong."""
    own = f"{layout.product_dir(product)}/"
    wrong = [
        problem
        for problem in registry.errors
        if problem.path.startswith(own)
        and problem.path != layout.product_path(product)
        and problem.code not in _AFTER_READING
    ]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise Blocked(
            f'"{product}" has errors, so some of its files cannot be read: '
            f"{wrong[0].path}:{wrong[0].line}: {wrong[0].message}{more}",
            hint="`versioner validate` lists them; fix them first",
        )
