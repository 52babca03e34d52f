"""Our modules that a module needs, found in the text of the import statements.

The syntax trees of all modules would take a second, and the site's build makes the recorder.
`tests/recorder/test_closure.py` compares the two.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["modules_needed"]

_PACKAGE: Final = "versioner"
# What follows is for type checkers alone, and is never imported.
_FOR_TYPES: Final = re.compile(r"^if TYPE_CHECKING:\n(?:(?:[ \t].*)?\n)+", re.MULTILINE)
_IMPORT: Final = re.compile(
    rf"^[ ]*(?:from ({_PACKAGE}[\w.]*) import (\([^)]*\)|[^\n(]+)|import ({_PACKAGE}[\w.]*))",
    re.MULTILINE,
)
# The modules of these packages are also imported by names that are computed.
_WHOLE: Final = frozenset({f"{_PACKAGE}.models"})


def modules_needed(package: Path, roots: Iterable[str], left_out: Iterable[str]) -> dict[str, Path]:
    """Return the modules that some modules import, at once or later, with their files.

    Those of the packages `left_out` are not followed.
    """
    out = tuple(left_out)
    found: dict[str, Path] = {}
    wanted = list(roots)
    while wanted:
        name = wanted.pop()
        if name in found or any(f"{name}.".startswith(f"{each}.") for each in out):
            continue
        path = _file_of(package, name)
        if path is None:
            continue
        found[name] = path
        wanted += _parents(name)
        wanted += _imported(path.read_text("utf-8"))
        if name in _WHOLE:
            wanted += [f"{name}.{each.stem}" for each in path.parent.glob("[!_]*.py")]
    return found


@cache
def _file_of(package: Path, name: str) -> Path | None:
    """Return the file of a module or of a package; None for a name that is none."""
    path = package.joinpath(*name.split(".")[1:])
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _imported(text: str) -> Iterator[str]:
    """Yield the names that may be modules: what is imported, and what it is imported from."""
    for base, names, whole in _IMPORT.findall(_FOR_TYPES.sub("", text)):
        if whole:
            yield whole
            continue
        yield base
        for each in re.sub(r"#.*", "", names).strip("()").split(","):
            words = each.split()
            if words:
                yield f"{base}.{words[0]}"
