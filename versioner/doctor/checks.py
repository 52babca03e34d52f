"""What a check comes to: a verdict, a sentence, and the remedy."""

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
    """Hold one finding; `name` is stable, `remedy` is "" where there is nothing to do."""

    name: str
    verdict: Verdict
    message: str
    remedy: str = ""


class CheckContext(NamedTuple):
    """Tell what only the command line knows.

    `spool` is this machine's folder, None where there is none. `probe` allows to push a ref to
    the remote and delete it again; `seconds` is how long each step there may take.
    """

    now: Callable[[], str]
    entropy: Callable[[], tuple[int, bytes]]
    spool: Path | None = None
    probe: bool = False
    seconds: float = 20


def ok(name: str, message: str) -> Check:
    """Say that all is well."""
    return _check(name, "ok", message, "")


def note(name: str, message: str, remedy: str = "") -> Check:
    """Say what is good to know."""
    return _check(name, "note", message, remedy)


def warning(name: str, message: str, remedy: str = "") -> Check:
    """Say what will, or may, become a problem."""
    return _check(name, "warning", message, remedy)


def problem(name: str, message: str, remedy: str = "") -> Check:
    """Say what does not work."""
    return _check(name, "problem", message, remedy)


def failed(name: str, error: VersionerError | OSError) -> Check:
    """Say that a check itself could not be made."""
    if isinstance(error, VersionerError):
        return problem(name, error.message, error.hint)
    where = f"{error.filename}: " if error.filename else ""
    return problem(name, f"{where}{error.strerror or error}")


def guarded(name: str, look: Callable[[], Iterable[Check]]) -> list[Check]:
    """Return what a look finds; one that fails is a finding too, and stops no other."""
    try:
        return list(look())
    except (VersionerError, OSError) as error:
        return [failed(name, error)]


def _check(name: str, verdict: Verdict, message: str, remedy: str) -> Check:
    # What a server or a file said may hold anything.
    return Check(name, verdict, without_secrets(message), without_secrets(remedy))
