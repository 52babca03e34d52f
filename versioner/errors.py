"""The errors that a user can see: a root class, and a class for each exit code.

Exit codes are part of the contract with CI (versioner/docs/exit-codes-and-errors.md):
1 could not be done, 2 usage, 3 validation found errors, 4 the event or edit is not
valid, 5 blocked, 6 kept in the spool, or not on the branch yet when waiting ran out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Problem

__all__ = [
    "Ambiguous",
    "Blocked",
    "FilesChanged",
    "GitFailure",
    "InvalidInput",
    "NoRegistry",
    "NotFound",
    "OperationFailed",
    "ProductDeleted",
    "Spooled",
    "UnreadableRules",
    "UsageFault",
    "ValidationFailed",
    "VersionConflict",
    "VersionerError",
    "quoted",
]

_CANDIDATES_SHOWN: Final = 10


class VersionerError(Exception):
    """The root of all errors that a user can see: a message, a hint and an exit code."""

    exit_code: ClassVar[int] = 1
    # Whether a start of a deployment is not recorded because of rules about what may ship.
    is_of_rules: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        # A refused value may be a secret in the wrong place: no message repeats it.
        from versioner.secret_scanning import without_secrets

        self.message = without_secrets(message)
        self.hint = without_secrets(hint)
        super().__init__(self.message)


class OperationFailed(VersionerError):
    """A failure of the file system, the network or git."""

    exit_code = 1


class FilesChanged(OperationFailed):
    """Files that were changed while they were read; they may be read again."""


class GitFailure(OperationFailed):
    """A failure of git; `stderr` is what it printed."""

    def __init__(self, message: str, *, hint: str = "", stderr: str = "") -> None:
        super().__init__(message, hint=hint)
        self.stderr = stderr


class UnreadableRules(VersionerError):
    """A start that is not judged, since a file that may be about it has errors.

    It is no failure of the machine or the network: the event is not kept to be sent later.
    """

    exit_code = 1
    is_of_rules = True


class Spooled(OperationFailed):
    """An event that is not on the remote branch; `line` sends it from another machine."""

    exit_code = 6

    def __init__(self, message: str, *, hint: str = "", line: str = "") -> None:
        super().__init__(message, hint=hint)
        self.line = line


class UsageFault(VersionerError):
    """A command line that cannot be carried out as it is."""

    exit_code = 2


class NoRegistry(UsageFault):
    """A branch or a revision that has no registry."""


class NotFound(UsageFault):
    """A name that is not in the registry; the hint contains similar names."""


class Ambiguous(NotFound):
    """The beginning of an id or a key that several entries have; the hint lists them."""

    def __init__(self, message: str, candidates: Sequence[str], *, remedy: str) -> None:
        lines = [f"  {each}" for each in candidates[:_CANDIDATES_SHOWN]]
        if more := len(candidates) - len(lines):
            lines.append(f"  and {more:,} more")
        super().__init__(message, hint="\n".join([f"{remedy}:", *lines]))


class ValidationFailed(VersionerError):
    """A registry with errors."""

    exit_code = 3

    def __init__(self, message: str, problems: Sequence[Problem] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class InvalidInput(VersionerError):
    """An event or an edit that is not valid; `field` is the invalid field, if there is one."""

    exit_code = 4

    def __init__(self, message: str, *, field: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class Blocked(VersionerError):
    """An operation that a rule, a version conflict or a deletion does not allow."""

    exit_code = 5


class VersionConflict(Blocked):
    """A version that is known with another commit, another artifact or another spelling."""


class ProductDeleted(Blocked):
    """An event of a product that was deleted."""


def quoted(text: str) -> str:
    """Return text in double quotes for a message, on one line, with control characters escaped."""
    plain = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return f'"{plain}"'
