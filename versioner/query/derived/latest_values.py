"""The latest value of each field in the events of a deployment or a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.models.events import DEFAULT_ARTIFACT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from versioner.models import Event, Version

__all__ = ["EventDetails", "artifact_lines", "build_details", "event_details", "latest_value"]

# The fields whose parts have latest values of their own.
_MERGED: Final = frozenset(("extra_metadata", "artifacts"))


class EventDetails(NamedTuple):
    """The latest value of each field that some events have, and of each key of their metadata."""

    fields: dict[str, Any]
    metadata: dict[str, Any]


def latest_value(events: Sequence[Event], field: str, hidden: Collection[str] = ()) -> str:
    """Return the latest value of a field in some events, "" where none has it or it is hidden."""
    if field in hidden:
        return ""
    if len(events) == 1:
        # Nearly all deployments have one event.
        value = events[0].get(field)
        return str(value) if value else ""
    for event in reversed(events):
        if value := event.get(field):
            return str(value)
    return ""


def event_details(events: Sequence[Event]) -> EventDetails:
    """Return the latest value of each field, and of each artifact and each key of metadata.

    Empty values are left out.
    """
    if len(events) == 1 and not _MERGED & events[0].keys():
        return EventDetails({key: value for key, value in events[0].items() if value}, {})
    fields: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for event in events:
        for key, value in event.items():
            if key == "extra_metadata":
                metadata.update(value)
            elif key == "artifacts":
                fields[key] = {**fields.get(key, {}), **value}
            elif value:
                fields[key] = value
    return EventDetails(fields, metadata)


def build_details(version: Version) -> EventDetails:
    """Return the details of a version's builds, and the artifacts of all of its events."""
    details = event_details(version.builds)
    if version.artifacts:
        details.fields["artifacts"] = version.artifacts
    return details


def artifact_lines(artifacts: Mapping[str, str]) -> list[str]:
    """Return artifacts as texts, `image sha256:...`, in order of name; without the default name."""
    return [
        digest if name == DEFAULT_ARTIFACT else f"{name} {digest}"
        for name, digest in sorted(artifacts.items())
    ]
