"""Compare a repository's copy of the schemas with the tool's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.models import Problem
from versioner.resources import schemas_dir
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.git.snapshot import Snapshot
    from versioner.models import Changes

__all__ = ["SCHEMAS", "drift_problems", "drifted"]

SCHEMAS: Final = "schemas"


def drift_problems(snapshot: Snapshot) -> list[Problem]:
    """Return a warning for each copy that differs, where the repository keeps copies."""
    return [
        Problem(
            path,
            0,
            0,
            codes.SCHEMA_DRIFT,
            "this copy is not the schema that this tool checks with: editors may say otherwise",
            "run `versioner format schemas`, or use the tool that it came from",
            "warning",
        )
        for path in drifted(snapshot)
    ]


def drifted(snapshot: Snapshot) -> Changes:
    """Return the copies that differ from the tool's, with the bytes they should have."""
    own = dict(_own())
    copies = snapshot.read_many([path for path in snapshot.entries(SCHEMAS) if path in own])
    if not copies:
        return {}
    return {
        path: data
        for path, data in own.items()
        if copies.get(path, b"").replace(b"\r\n", b"\n") != data
    }


def _own() -> Iterator[tuple[str, bytes]]:
    for schema in sorted(schemas_dir().glob("*.schema.json")):
        yield f"{SCHEMAS}/{schema.name}", schema.read_bytes().replace(b"\r\n", b"\n")
