"""What follows a commit of the tool's own: the words, and the site where hooks build one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.errors import VersionerError
from versioner.git.state import state_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.editing.session import Edited
    from versioner.git.repository import Repository

__all__ = ["after_commit", "apply", "finish"]


def finish(repository: Repository, edited: Edited) -> None:
    """Say what an edit did, and take the step that follows a commit here."""
    from versioner.cli.output import show
    from versioner.reporting.edits import edited_text

    show(edited_text(edited))
    after_commit(repository, edited.commit)


def after_commit(repository: Repository, commit: str | None) -> None:
    """Build the site where the clone's hooks do so; a failure of it is a warning."""
    # One look at one file, before anything is imported: `track` comes through here.
    if commit is None or not state_file(repository.common_dir, "hooks.json").exists():
        return
    from versioner.cli.commands.site import publish
    from versioner.cli.errors import report_warning
    from versioner.setup.hooks import site_after_commit

    out = site_after_commit(repository)
    if out is None:
        return
    try:
        publish(repository, commit, out)
    except (VersionerError, OSError) as error:
        report_warning(error, "recorded, but the site was not built: ")


def apply(repo: str | None, operation: Callable[[Repository], Edited], restoring: str = "") -> None:
    """Edit the registry that --repo names, in a clone or at a URL, and tell what that did."""
    from versioner.cli.registry import find_repository
    from versioner.cli.remotes import remote_at

    remote = remote_at(repo)
    if remote is None:
        repository = find_repository(repo)
        finish(repository, operation(repository))
        return
    from versioner.cli.output import show
    from versioner.editing.remote import edit_remotely
    from versioner.reporting.edits import edited_text

    edited = edit_remotely(remote, operation, restoring=restoring)
    show(edited_text(edited))
