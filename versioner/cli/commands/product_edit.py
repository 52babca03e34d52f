"""versioner product create, edit, rename, merge, delete and restore."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from versioner.cli import clock
from versioner.cli.commands.completion import product_names
from versioner.cli.errors import report_error
from versioner.cli.params import assignments_of, edit_options, examples_epilog, repo_option
from versioner.errors import InvalidInput, OperationFailed, VersionerError

if TYPE_CHECKING:
    from versioner.editing.products import DeletionPlan
    from versioner.editing.session import EditResult
    from versioner.git.repository import Repository

__all__ = ["create", "delete", "edit", "merge", "rename", "restore"]


@click.command(
    short_help="Create a product.",
    epilog=examples_epilog(
        'versioner product create user-service --description "User management"',
        "versioner product create user-service --set extra_metadata.team=identity",
    ),
)
@click.argument("name")
@click.option("--description", default="", help="A description of the product.")
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Set any other field.",
    callback=assignments_of,
)  # fmt: skip
@repo_option
def create(name: str, description: str, assignments: tuple[str, ...], repo: str | None) -> None:
    """Create a product. The first event of an unknown product also creates it."""
    from versioner.cli.after_commit import apply
    from versioner.editing.products import create_product

    apply(
        repo,
        lambda repository: create_product(
            repository, name, description=description, assignments=assignments, now=clock.now()
        ),
    )


@click.command(
    short_help="Edit a product's file.",
    epilog=examples_epilog(
        "versioner product edit user-service --set lifecycle=deprecated --unset links",
        "versioner product edit user-service --set extra_metadata.team=identity",
        "versioner product edit user-service --editor",
    ),
)
@click.argument("name", shell_complete=product_names)
@edit_options
@click.option("--editor", is_flag=True, help="Open the file in your editor.")
@repo_option
def edit(
    name: str, set_: tuple[str, ...], unset: tuple[str, ...], editor: bool, repo: str | None
) -> None:
    """Edit a product's file; its comments and order are kept."""
    if editor == bool(set_ or unset):
        raise click.UsageError(
            "nothing to change: give --set KEY=VALUE or --unset KEY, or --editor alone"
        )
    from versioner.cli.after_commit import apply
    from versioner.editing.products import edit_product
    from versioner.errors import VersionerError

    if editor:
        editor_edit = EditorEdit(name)
        try:
            apply(repo, editor_edit)
        except VersionerError as error:
            raise editor_edit.with_saved_text(error) from None
        return
    apply(
        repo,
        lambda repository: edit_product(repository, name, set_=set_, unset=unset, now=clock.now()),
    )


@click.command(
    short_help="Rename a product; the old name stays valid.",
    epilog=examples_epilog("versioner product rename user-service account-service"),
)
@click.argument("old", shell_complete=product_names)
@click.argument("new")
@repo_option
def rename(old: str, new: str, repo: str | None) -> None:
    """Rename a product; all commands still accept the old name."""
    from versioner.cli.after_commit import apply
    from versioner.editing.products import rename_product

    apply(repo, lambda repository: rename_product(repository, old, new, now=clock.now()))


@click.command(
    short_help="Merge a product into another one.",
    epilog=examples_epilog("versioner product merge user-servce --into user-service"),
)
@click.argument("name", shell_complete=product_names)
@click.option(
    "--into", required=True, metavar="NAME", shell_complete=product_names,
    help="The product that takes over the events and the name.",
)  # fmt: skip
@repo_option
def merge(name: str, into: str, repo: str | None) -> None:
    """Merge a product into another one, for example one that a typing error created.

    Its events become events of the other product, and its name a former name of it: pipelines
    may still use it.
    """
    from versioner.cli.after_commit import apply
    from versioner.editing.product_merge import merge_product

    apply(repo, lambda repository: merge_product(repository, name, into, now=clock.now()))


@click.command(
    short_help="Delete a product and all its events.",
    epilog=examples_epilog(
        "versioner product delete user-service", "versioner product delete user-service --yes"
    ),
)
@click.argument("name", shell_complete=product_names)
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@click.option("--force", is_flag=True, help="Also remove it from the depends_on of other products.")
@repo_option
def delete(name: str, yes: bool, force: bool, repo: str | None) -> None:
    """Delete a product with all its versions and deployments, in one commit.

    Shows what will be removed, then asks for the name of the product. A record of the deletion
    stays, and `versioner product restore` restores everything from git's history.
    """
    from versioner.cli.after_commit import apply
    from versioner.cli.output import show
    from versioner.cli.registry import find_registry
    from versioner.editing.products import delete_product, plan_deletion
    from versioner.git.identity import committer_of
    from versioner.reporting.edits import deletion_text

    plan = plan_deletion(find_registry(repo), name)
    show(deletion_text(plan))
    _confirm(plan, yes=yes, force=force)

    def remove(repository: Repository) -> EditResult:
        by = committer_of(repository, None).author[0]
        return delete_product(repository, plan.name, force=force, by=by, now=clock.now())

    apply(repo, remove)


def _confirm(plan: DeletionPlan, *, yes: bool, force: bool) -> None:
    from versioner.errors import Blocked, UsageFault

    if plan.dependents and not force:
        # Refused before the question, because the answer could not change it.
        raise Blocked(
            f"{plan.name} is not deleted: other products depend on it",
            hint="remove it from their depends_on first, or add --force to do so here",
        )
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageFault(
            f"{plan.name} is not deleted: there is no terminal to ask for confirmation",
            hint="add --yes to delete it",
        )
    typed = click.prompt(
        f"Type {plan.name} to delete it", prompt_suffix=": ", default="", show_default=False
    )
    if typed.strip() != plan.name:
        raise UsageFault("nothing was deleted: the name does not match")


@click.command(
    short_help="Restore a deleted product.",
    epilog=examples_epilog("versioner product restore user-service"),
)
@click.argument("name")
@repo_option
def restore(name: str, repo: str | None) -> None:
    """Restore a deleted product with all its versions and deployments.

    If another product has been created under the name since, the events of both are merged.
    """
    from versioner.cli.after_commit import apply
    from versioner.editing.restore import restore_product

    apply(
        repo, lambda repository: restore_product(repository, name, now=clock.now()), restoring=name
    )


class EditorEdit:
    """An edit of a product's file in the user's editor.

    The editor opens again for a text that is not valid. After a lost race the same text is
    committed, without opening the editor again.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._before = b""
        self._text: str | None = None

    def __call__(self, repository: Repository) -> EditResult:
        """Open the editor, unless the text is known from an earlier try, and commit the text."""
        from versioner.editing.products import product_source

        if self._text is not None:
            return self._rewrite(repository, self._text)
        self._before = product_source(repository, self._name)
        text = self._before.decode()
        while True:
            text = self._text = _edited(text)
            try:
                return self._rewrite(repository, text)
            except InvalidInput as error:
                if not _wants_again(error):
                    raise

    def _rewrite(self, repository: Repository, text: str) -> EditResult:
        from versioner.editing.products import rewrite_product

        data = text.encode()
        return rewrite_product(repository, self._name, data, before=self._before, now=clock.now())

    def with_saved_text(self, error: VersionerError) -> VersionerError:
        """Save the text in a file, and return the error with a hint that names the file."""
        if self._text is None:
            return error
        # `product list` and `show` need none of what this imports.
        import tempfile

        descriptor, path = tempfile.mkstemp(prefix=f"{self._name}-", suffix=".yaml")
        with os.fdopen(descriptor, "w", encoding="utf-8") as kept:
            kept.write(self._text)
        saved = f"your text is saved in {path}"
        error.hint = f"{error.hint}; {saved}" if error.hint else saved
        return error


def _edited(text: str) -> str:
    try:
        # None means that the editor was closed without saving.
        return click.edit(text, extension=".yaml") or text
    except click.ClickException as error:
        raise OperationFailed(
            _editor_fault(error),
            hint="set VISUAL or EDITOR to an editor that works here, or use --set and --unset",
        ) from None


def _editor_fault(error: click.ClickException) -> str:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, FileNotFoundError):
        return f'the editor "{cause.filename}" was not found'
    return f"the editor failed: {error.format_message()}"


def _wants_again(error: InvalidInput) -> bool:
    if not sys.stdin.isatty():
        return False
    report_error(error)
    return click.confirm("Open the editor again?", default=True)
