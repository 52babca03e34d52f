"""The errors a user can meet: one root, and for each kind the exit code it ends with.

Exit codes are part of the contract with CI (versioner/docs/exit-codes-and-errors.md):
1 could not be done, 2 usage, 3 validation found errors, 4 the event or edit is not
valid, 5 blocked, 6 kept in the spool, or not on the branch yet when waiting ran out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Problem

__all__ = [
    "Blocked",
    "GitFailure",
    "InvalidInput",
    "NotFound",
    "OperationFailed",
    "Spooled",
    "UsageFault",
    "ValidationFailed",
    "VersionerError",
]


class VersionerError(Exception):
    """Be the root of every error that reaches a user: a message, a hint and an exit code."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        # What was refused may be a secret in the wrong place: nothing that is told repeats it.
        from versioner.secret_scanning import without_secrets

        self.message = without_secrets(message)
        self.hint = without_secrets(hint)
        super().__init__(self.message)


class OperationFailed(VersionerError):
    """Say that it could not be done: the file system, the network or git refused."""

    exit_code = 1


class GitFailure(OperationFailed):
    """Say that git refused; `stderr` is what it printed."""

    def __init__(self, message: str, *, hint: str = "", stderr: str = "") -> None:
        super().__init__(message, hint=hint)
        self.stderr = stderr


class Spooled(OperationFailed):
    """Say that an event is not on the remote branch; `line` is what sends it from elsewhere."""

    exit_code = 6

    def __init__(self, message: str, *, hint: str = "", line: str = "") -> None:
        super().__init__(message, hint=hint)
        self.line = line


class UsageFault(VersionerError):
    """Say that the command line asks for something that makes no sense."""

    exit_code = 2


class NotFound(UsageFault):
    """Say that a named thing is not in the registry; the hint holds the nearest names."""


class ValidationFailed(VersionerError):
    """Say that the registry has errors."""

    exit_code = 3

    def __init__(self, message: str, problems: Sequence[Problem] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class InvalidInput(VersionerError):
    """Say that an event or an edit is not valid; `field` names the offending field, if one does."""

    exit_code = 4

    def __init__(self, message: str, *, field: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class Blocked(VersionerError):
    """Say that a rule, a version conflict or a deletion stands in the way."""

    exit_code = 5
