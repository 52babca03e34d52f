"""What follows a commit of this tool: the report, and the build of the site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner import IS_RECORDER
from versioner.errors import UsageFault, VersionerError
from versioner.git.state import state_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeVar

    from versioner.editing.session import EditResult
    from versioner.git.repository import Repository

    class HasEdit(Protocol):
        """A result of an operation that says what was edited, and more."""

        @property
        def edited(self) -> EditResult:
            """Return what was edited."""

    Result = TypeVar("Result", bound=HasEdit)

__all__ = [
    "after_commit",
    "apply",
    "result_of",
]


def _finish(repository: Repository, edited: EditResult) -> None:
    """Print what an edit did, then build the site if the hooks of the clone do so."""
    from versioner.cli.output import show
    from versioner.reporting.edits import edited_text

    show(edited_text(edited))
    after_commit(repository, edited.commit)


def after_commit(repository: Repository, commit: str | None) -> None:
    """Build the site if the hooks of the clone do so; a failure is a warning."""
    # Checked before any import, because `track` runs this code.
    if commit is None or not state_file(repository.common_dir, "hooks.json").exists():
        return
    from versioner.cli.errors import report_warning
    from versioner.setup.hooks import site_after_commit

    out = site_after_commit(repository)
    if out is None:
        return
    if IS_RECORDER:
        # The recorder has no module of the site.
        hint = "run `versioner site build` of the whole tool"
        error = UsageFault("versioner.pyz builds no site", hint=hint)
        report_warning(error, "committed, but the site was not built: ")
        return
    from versioner.cli.output import publish_with_progress

    try:
        publish_with_progress(repository, commit, out)
    except (VersionerError, OSError) as error:
        report_warning(error, "committed, but the site was not built: ")


def apply(
    repo: str | None, operation: Callable[[Repository], EditResult], restoring: str = ""
) -> None:
    """Edit the registry that --repo names, in a clone or at a URL, and print the result."""
    from versioner.cli.registry import find_repository
    from versioner.cli.remotes import remote_at

    remote = remote_at(repo)
    if remote is None:
        repository = find_repository(repo)
        _finish(repository, operation(repository))
        return
    from versioner.cli.output import show
    from versioner.editing.remote import edit_remotely
    from versioner.reporting.edits import edited_text

    edited = edit_remotely(remote, operation, restoring=restoring)
    show(edited_text(edited))


def result_of(repo: str | None, operation: Callable[[Repository], Result]) -> Result:
    """Edit the registry that --repo names, in a clone or at a URL, and return the last result.

    At a URL the operation is repeated after each lost race.
    """
    from versioner.cli.registry import find_repository
    from versioner.cli.remotes import remote_at

    remote = remote_at(repo)
    if remote is None:
        repository = find_repository(repo)
        result = operation(repository)
        after_commit(repository, result.edited.commit)
        return result
    from versioner.editing.remote import edit_remotely

    results: list[Result] = []

    def edit(repository: Repository) -> EditResult:
        results.append(operation(repository))
        return results[-1].edited

    edit_remotely(remote, edit)
    return results[-1]
