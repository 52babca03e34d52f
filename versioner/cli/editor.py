"""Edit a product's file by hand, and never lose what was typed."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import TYPE_CHECKING

import click

from versioner.cli import clock
from versioner.cli.boundary import report_error
from versioner.errors import InvalidInput, VersionerError
from versioner.operations.products import product_source, rewrite_product

if TYPE_CHECKING:
    from versioner.operations.editing import Edited
    from versioner.repository.location import Repository

__all__ = ["edit_by_hand"]


def edit_by_hand(repository: Repository, name: str) -> Edited:
    """Open the file in the user's editor, and commit what comes back.

    A text that is not valid is offered again; one that is given up is kept in a file, which the
    error names.
    """
    before = product_source(repository, name)
    text = before.decode()
    while True:
        # None means that the editor was left without saving.
        text = click.edit(text, extension=".yaml") or text
        try:
            return rewrite_product(repository, name, text.encode(), before=before, now=clock.now())
        except InvalidInput as error:
            if not _wants_again(error):
                raise _with_copy(error, name, text) from None
        except VersionerError as error:
            raise _with_copy(error, name, text) from None


def _wants_again(error: InvalidInput) -> bool:
    if not sys.stdin.isatty():
        return False
    report_error(error)
    return click.confirm("Open the editor again?", default=True)


def _with_copy(error: VersionerError, name: str, text: str) -> VersionerError:
    descriptor, path = tempfile.mkstemp(prefix=f"{name}-", suffix=".yaml")
    with os.fdopen(descriptor, "w", encoding="utf-8") as kept:
        kept.write(text)
    saved = f"your text is kept in {path}"
    error.hint = f"{error.hint}; {saved}" if error.hint else saved
    return error
