"""What the events of a product claim of its versions: the commit, and the digests of artifacts.

The checks of a product find two spellings of a version, two commits and two digests. After events
were appended, their claims are compared with those that are here, and not with all events again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from versioner.serialization.compact_json import compact_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from versioner.models import Event
    from versioner.registry.index.schema import RowWriter

__all__ = ["add_claims"]

# Claims that differ, of which some are void: what another event may claim is not known from here.
_UNCLEAR: Final = "?"


def add_claims(
    writer: RowWriter, product: int, events: Iterable[Event], known: sqlite3.Connection | None
) -> bool:
    """Add the claims of events; return False, with nothing added, where they may differ.

    `known` has the claims of the other events. Without it, the product has none yet, and all are
    added: those of void events, too.
    """
    found: dict[str, tuple[str, str, dict[str, str]]] = {}
    for event in events:
        version = event.get("version")
        if version is None:
            continue
        folded = version.lower()
        if folded not in found:
            found[folded] = (
                (version, "", {}) if known is None else _claims(known, product, folded, version)
            )
        spelled, sha, artifacts = found[folded]
        sha, agrees = _with_sha(sha, event.get("scm_sha", ""))
        for name, digest in event.get("artifacts", {}).items():
            agrees &= artifacts.setdefault(name, digest) == digest
        if spelled != version or not agrees:
            if known is not None:
                return False
            sha = _UNCLEAR
        found[folded] = (spelled, sha, artifacts)
    writer.executemany(
        "INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?)",
        [
            (
                *(product, folded, version if version != folded else "", sha),
                compact_json(artifacts) if artifacts else "",
            )
            for folded, (version, sha, artifacts) in found.items()
        ],
    )
    return True


def _with_sha(known: str, sha: str) -> tuple[str, bool]:
    """Return the longer of two commits, and whether one may be the short form of the other."""
    if known == _UNCLEAR:
        return known, False
    if known.startswith(sha):
        return known, True
    return sha, sha.startswith(known)


def _claims(
    connection: sqlite3.Connection, product: int, folded: str, version: str
) -> tuple[str, str, dict[str, str]]:
    row = connection.execute(
        "SELECT version, sha, artifacts FROM claims WHERE product = ? AND folded = ?",
        (product, folded),
    ).fetchone()
    if row is None:
        return version, "", {}
    return row[0] or folded, row[1], json.loads(row[2]) if row[2] else {}
