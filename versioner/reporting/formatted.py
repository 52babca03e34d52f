"""Say what `format` did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.reporting.terminal import clean
from versioner.reporting.wording import count

if TYPE_CHECKING:
    from versioner.editing.format import Formatted, LeftAlone

__all__ = ["formatted_text", "left_alone_text"]


def formatted_text(done: Formatted, *, check: bool) -> str:
    """Return the files that changed, or would, and a line that closes."""
    verb = "would format" if check else "formatted"
    lines = [f"{verb} {clean(path)}" for path in done.changed]
    if not done.changed:
        return f"{count(done.files, 'file')}: nothing to format"
    closing = "would change" if check else "changed; `versioner validate` checks them"
    return "\n".join([*lines, f"{len(done.changed):,} of {count(done.files, 'file')} {closing}"])


def left_alone_text(file: LeftAlone) -> str:
    """Return why a file was left as it is."""
    said = f"error: {clean(file.path)}: left alone: {clean(file.message)}"
    return f"{said}\n  hint: {clean(file.hint)}" if file.hint else said
