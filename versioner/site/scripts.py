"""The scripts of the site: small ES modules, joined into one classic script for each kind of page.

A browser loads no module for a page that was opened as a file, so the modules are joined when
the site is built. `site_templates/scripts/entries/` has one module for each published script; it
imports what its pages need. An import has one form: `import { one, two } from "./module.js";`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["script_files", "script_path"]

_IMPORT: Final = re.compile(r'^import \{ [\w, ]+ \} from "(\.{1,2}/\w+\.js)";\n', re.MULTILINE)
# The comment of a function is for readers of its module; a blank line follows that of a module.
_COMMENT: Final = re.compile(r"^ */\*[^\n]*\*/\n(?!\n)", re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?function |const )", re.MULTILINE)


def script_path(name: str) -> str:
    """Return the path of a published script on the site."""
    return f"assets/scripts/{name}.js"


def script_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the published scripts, each with its path, from a folder of modules."""
    for entry in sorted((folder / "entries").glob("*.js")):
        parts: dict[Path, str] = {}
        _add(entry.resolve(), parts)
        text = "\n".join(parts.values())
        yield script_path(entry.stem), f'(() => {{\n"use strict";\n\n{text}}})();\n'.encode()


def _add(module: Path, parts: dict[Path, str]) -> None:
    """Add the text of a module to `parts`, after that of the modules which it imports."""
    if module in parts:
        return
    text = module.read_text(encoding="utf-8")
    for name in _IMPORT.findall(text):
        _add((module.parent / name).resolve(), parts)
    text = _EXPORT.sub("", _COMMENT.sub("", _IMPORT.sub("", text)))
    parts[module] = re.sub(r"\n{3,}", "\n\n", text).lstrip("\n")
