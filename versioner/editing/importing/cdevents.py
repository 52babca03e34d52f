"""CDEvents (0.3 and later): what became of services, one event an object.

An event of this tool's own notifications also tells of starts and failures, for which CDEvents have
only runs of tasks: its `customData` names the product, the version and the place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qs, unquote

from versioner.editing.importing.exports import ExportRow, text_of
from versioner.models.events import DEFAULT_ARTIFACT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.editing.importing.options import SourceRow

__all__ = ["WORDS", "Package", "is_one", "kind_of", "package_of", "read"]

WORDS: Final = {
    "service.deployed": "completed",
    "service.upgraded": "completed",
    "service.rolledback": "completed",
    "service.removed": "undeployed",
    "deployment.pending": "pending",
    "deployment.started": "started",
    "deployment.failed": "failed",
    "deployment.aborted": "aborted",
}
# A custom event is of `dev.cdeventsx` and of a subject of its tool's own.
_TYPE: Final = re.compile(r"dev\.cdevents(x?)\.([a-z-]+\.[a-z]+)\.[0-9]+\.[0-9]+\.[0-9]+.*")
_DIGEST: Final = re.compile(r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})")
_SHORT: Final = 12


class Package(NamedTuple):
    """What a package URL names: `digest` is "" where its version is none."""

    name: str
    version: str
    digest: str = ""


def is_one(values: Mapping[str, Any]) -> bool:
    """Return whether an object is a CDEvent."""
    return isinstance(values.get("subject"), dict) and bool(kind_of(values))


def kind_of(values: Mapping[str, Any]) -> str:
    """Return the subject and the predicate of a CDEvent, "" for another object."""
    found = _TYPE.fullmatch(text_of(values, "context.type"))
    return f"{'custom ' if found[1] else ''}{found[2]}" if found else ""


def read(rows: Sequence[SourceRow]) -> Iterator[ExportRow]:
    """Yield an event for each that tells what became of a service; the word says what it was."""
    for row in rows:
        if row.fault:
            yield ExportRow(row.place, {}, row.values, row.fault)
        else:
            yield _event(row)


def _event(row: SourceRow) -> ExportRow:
    values = row.values
    own = values.get("customData")
    kind = kind_of(values)
    if kind not in WORDS and isinstance(own, dict):
        kind = text_of(own, "event_type")
    if kind not in WORDS:
        # What is no event of a deployment is left out by its word.
        return ExportRow(row.place, {"product": "-", "environment": "-", "status": "-"}, values)
    package = package_of(text_of(values, "subject.content.artifactId"))
    fields: dict[str, Any] = {
        "product": text_of(own, "product") or _last(text_of(values, "subject.id")),
        "environment": text_of(own, "environment")
        or _last(text_of(values, "subject.content.environment.id")),
        "instance": text_of(own, "instance"),
        "version": text_of(own, "version") or package.version,
        "at": text_of(values, "context.timestamp"),
        "status": kind,
        "source_system": "cdevents",
        "deploy_url": text_of(values, "subject.content.environment.url", "subject.content.url"),
    }
    if package.digest:
        fields["artifacts"] = {DEFAULT_ARTIFACT: package.digest}
    return ExportRow(row.place, fields, values)


def package_of(purl: str) -> Package:
    """Return the name, the version and the digest of a package URL; empty texts where it is none.

    The version of an image is its tag; without one, it is the beginning of the digest.
    """
    whole, _, query = purl.partition("#")[0].partition("?")
    path, _, version = whole.partition("@")
    if not path.startswith("pkg:"):
        return Package("", "")
    name, version = unquote(_last(path)), unquote(version)
    tag = parse_qs(query).get("tag", [""])[0]
    if _DIGEST.fullmatch(version):
        return Package(name, tag or version.partition(":")[2][:_SHORT], version)
    return Package(name, version or tag)


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
