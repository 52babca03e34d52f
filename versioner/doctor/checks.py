"""The result of a check: a verdict, a sentence, and the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from versioner.errors import VersionerError
from versioner.secret_scanning import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = [
    "Check",
    "CheckContext",
    "Verdict",
    "failed",
    "guarded",
    "note",
    "ok",
    "problem",
    "warning",
]

Verdict = Literal["ok", "note", "warning", "problem"]


class Check(NamedTuple):
    """The result of one check; `name` is stable, `remedy` is "" if there is nothing to do."""

    name: str
    verdict: Verdict
    message: str
    remedy: str = ""


class CheckContext(NamedTuple):
    """The clock, the random source and the settings that the command line passes to checks.

    `spool` is the folder of this machine's spool, None if there is none. `probe` allows pushing a
    ref to the remote and deleting it again; `seconds` is the time limit of each request.
    """

    now: Callable[[], str]
    entropy: Callable[[], tuple[int, bytes]]
    spool: Path | None = None
    probe: bool = False
    seconds: float = 20


def ok(name: str, message: str) -> Check:
    """Return a result without a problem."""
    return _check(name, "ok", message, "")


def note(name: str, message: str, remedy: str = "") -> Check:
    """Return a result that is worth knowing."""
    return _check(name, "note", message, remedy)


def warning(name: str, message: str, remedy: str = "") -> Check:
    """Return a result that will, or may, become a problem."""
    return _check(name, "warning", message, remedy)


def problem(name: str, message: str, remedy: str = "") -> Check:
    """Return a result that something does not work."""
    return _check(name, "problem", message, remedy)


def failed(name: str, error: VersionerError | OSError) -> Check:
    """Return the result of a check that could not be run."""
    if isinstance(error, VersionerError):
        return problem(name, error.message, error.hint)
    where = f"{error.filename}: " if error.filename else ""
    return problem(name, f"{where}{error.strerror or error}")


def guarded(name: str, check: Callable[[], Iterable[Check]]) -> list[Check]:
    """Return the results of a check; an error becomes a result, so that other checks still run."""
    try:
        return list(check())
    except (VersionerError, OSError) as error:
        return [failed(name, error)]


def _check(name: str, verdict: Verdict, message: str, remedy: str) -> Check:
    # The text of a server or a file may contain secrets.
    return Check(name, verdict, without_secrets(message), without_secrets(remedy))
