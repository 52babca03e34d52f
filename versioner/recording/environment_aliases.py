"""Find the environment that a former name leads to, in the files of environments.

Imported only for a name that has no file of its own, and for an environment with former names:
the YAML loader takes longer than all else in `track`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner import layout
from versioner.errors import Blocked
from versioner.validation.documents import validate_document

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["aliases_in", "find_environment"]


def find_environment(name: str, files: Mapping[str, bytes]) -> tuple[str, tuple[str, ...]]:
    """Return the environment that has a former name, and all of its former names.

    `files` are the files of all environments by name. The name itself, without former names, is
    returned where no environment had it. Raises Blocked for a file that may contain the name and
    cannot be read.
    """
    for environment, data in sorted(files.items()):
        if b"aliases" in data and name.encode() in data:
            aliases = aliases_in(environment, data)
            if name in aliases:
                return environment, aliases
    return name, ()


def aliases_in(environment: str, data: bytes) -> tuple[str, ...]:
    """Return the former names in an environment's file; raise Blocked if it cannot be read."""
    path = layout.environment_path(environment)
    document, _ = validate_document("environment", data, path)
    if document is None:
        raise Blocked(
            f"{path} cannot be read", hint="fix it first: `versioner validate` lists its errors"
        )
    return tuple(document.get("aliases", ()))
