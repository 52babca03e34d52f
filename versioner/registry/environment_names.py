"""Resolve the former names of environments, in the files of environments and in events.

Readers and writers see events of an environment under its name only: no other code compares
former names. The logs keep the name that was recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from versioner.models import Event

__all__ = ["former_environment_names", "with_environment_names"]


def former_environment_names(
    environments: Mapping[str, Mapping[str, Any]], files: Collection[str] = ()
) -> dict[str, str]:
    """Return the environment that each former name leads to.

    A former name that an environment has is none, also where the file of that environment, one of
    `files`, cannot be read. Of two environments with one former name, the first by name counts.
    """
    found: dict[str, str] = {}
    for name in sorted(environments):
        for alias in environments[name].get("aliases", ()):
            if alias not in environments and alias not in files:
                found.setdefault(alias, name)
    return found


def with_environment_names(events: Sequence[Event], names: Mapping[str, str]) -> list[Event]:
    """Return events with the environments that their former names lead to."""
    return [
        {**event, "environment": names[event["environment"]]}
        if isinstance(event.get("environment"), str) and event["environment"] in names
        else event
        for event in events
    ]
