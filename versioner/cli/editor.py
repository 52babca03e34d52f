"""Edit a product's file by hand, and never lose what was typed."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import TYPE_CHECKING

import click

from versioner.cli import clock
from versioner.cli.errors import report_error
from versioner.editing.products import product_source, rewrite_product
from versioner.errors import Failure, InvalidInput, VersionerError

if TYPE_CHECKING:
    from versioner.editing.session import Edited
    from versioner.git.repository import Repository

__all__ = ["ByHand"]


class ByHand:
    """Edit a product's file in the user's editor, and commit what comes back.

    A text that is not valid is offered again. After a lost race the same text is committed, and
    no editor opened once more.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._before = b""
        self._text: str | None = None

    def __call__(self, repository: Repository) -> Edited:
        """Open the editor, or take what was typed before, and commit it."""
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

    def _rewrite(self, repository: Repository, text: str) -> Edited:
        data = text.encode()
        return rewrite_product(repository, self._name, data, before=self._before, now=clock.now())

    def keep(self, error: VersionerError) -> VersionerError:
        """Keep what was typed in a file, and let the error name it."""
        if self._text is None:
            return error
        descriptor, path = tempfile.mkstemp(prefix=f"{self._name}-", suffix=".yaml")
        with os.fdopen(descriptor, "w", encoding="utf-8") as kept:
            kept.write(self._text)
        saved = f"your text is kept in {path}"
        error.hint = f"{error.hint}; {saved}" if error.hint else saved
        return error


def _edited(text: str) -> str:
    try:
        # None means that the editor was left without saving.
        return click.edit(text, extension=".yaml") or text
    except click.ClickException as error:
        raise Failure(
            f"the editor did not end well: {error.format_message()}",
            hint="let VISUAL or EDITOR name one that works here, or edit with --set and --unset",
        ) from None


def _wants_again(error: InvalidInput) -> bool:
    if not sys.stdin.isatty():
        return False
    report_error(error)
    return click.confirm("Open the editor again?", default=True)
