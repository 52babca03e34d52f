"""The fields that a site does not show: those that registry.yaml hides, and people by policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.models.event_fields import EVENT_FIELDS, RUN_KEYS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from versioner.registry.records import Registry

__all__ = ["hidden_fields", "is_shown_name", "pruned", "shows_people"]

_PERSONAL: Final = {name: each.personal for name, each in EVENT_FIELDS.items() if each.personal}
_PRIVATE: Final = frozenset(name for name, kind in _PERSONAL.items() if kind == "identity")
# `people` decides what is recorded. Values that were imported, or recorded under another policy,
# must not be published under this one either.
_BY_POLICY: Final[dict[str, frozenset[str]]] = {
    "none": frozenset(_PERSONAL) | {"deleted_by"},
    "login": _PRIVATE,
    "all": frozenset(),
}


def hidden_fields(config: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the fields that no file of the site shows."""
    named = frozenset((config.get("site") or {}).get("hidden_fields") or ())
    of_runs = {RUN_KEYS[name] for name in named if name in RUN_KEYS}
    return named | of_runs | _BY_POLICY.get(str(config.get("people", "login")), _PRIVATE)


def shows_people(registry: Registry) -> bool:
    """Return whether the site of a registry shows who deployed, so that it has pages of people."""
    return "deployed_by" not in hidden_fields(registry.config)


def is_shown_name(registry: Registry, name: str) -> bool:
    """Return whether a name may have a page: without `people: all`, no e-mail address has one."""
    return bool(name.strip()) and ("@" not in name or registry.config.get("people") == "all")


def pruned(value: Any, hidden: Collection[str]) -> Any:
    """Return a copy of a value of any shape without the hidden keys, at any depth."""
    if isinstance(value, dict):
        return {key: pruned(each, hidden) for key, each in value.items() if key not in hidden}
    if isinstance(value, list):
        return [pruned(each, hidden) for each in value]
    return value
