"""Find the environment that a former name leads to, in the files of environments.

Imported only for a name that has no file of its own, and for an environment with former names.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from versioner import layout
from versioner.errors import Blocked

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["aliases_in", "find_environment", "former_names_in"]

# The list as this tool writes it, or as one line in brackets. The YAML loader would take longer
# than all else in `track`, so it reads only what is written in another way.
_NAME: Final = rb"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LINES: Final = rb'(?:\n  - "%b")+' % _NAME
_BRACKETS: Final = rb' \["%b"(?:, "%b")*\]' % (_NAME, _NAME)
_PLAIN: Final = rb"^aliases:(%b|%b)(?=\n[a-z]|\n?\Z)" % (_LINES, _BRACKETS)


def find_environment(name: str, files: Mapping[str, bytes]) -> tuple[str, tuple[str, ...]]:
    """Return the environment that has a former name, and all of its former names.

    `files` are the files of all environments by name. The name itself, without former names, is
    returned where no environment had it. Raises Blocked for a file that may contain the name and
    cannot be read, and for a former name of two environments.
    """
    found: dict[str, tuple[str, ...]] = {}
    for environment, data in sorted(files.items()):
        if b"aliases" in data and name.encode() in data:
            aliases = aliases_in(environment, data)
            if name in aliases:
                found[environment] = aliases
    if len(found) > 1:
        claims = " and of ".join(f'"{environment}"' for environment in found)
        raise Blocked(
            f'"{name}" is a former name of {claims}',
            hint="give the name of the environment that is meant, and remove the former name from "
            "the aliases of the others",
        )
    return next(iter(found.items()), (name, ()))


def former_names_in(files: Mapping[str, bytes]) -> set[str]:
    """Return the former names of all environments; a file that cannot be read is left out."""
    found: set[str] = set()
    for environment, data in files.items():
        if b"aliases" in data:
            with suppress(Blocked):
                found.update(aliases_in(environment, data))
    return found


def aliases_in(environment: str, data: bytes) -> tuple[str, ...]:
    """Return the former names in an environment's file; raise Blocked if it cannot be read."""
    plain = re.search(_PLAIN, data, re.MULTILINE)
    if plain is not None and data.count(b"aliases") == 1:
        return tuple(name.decode() for name in re.findall(rb'"([^"]+)"', plain[1]))
    from versioner.validation.documents import validate_document

    path = layout.environment_path(environment)
    document, _ = validate_document("environment", data, path)
    if document is None:
        raise Blocked(
            f"{path} cannot be read",
            hint="fix the file first: `versioner validate` lists its errors",
        )
    return tuple(document.get("aliases", ()))
