"""Warn of an instance that is not listed, and of an undeployment without effect.

`track` imports this module for such events only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.registry.fold.product import fold_product
from versioner.rules.near_names import near_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Event

__all__ = ["unlisted_warning", "without_effect_warning"]


def unlisted_instance(event: Event, listed: Sequence[str]) -> str:
    """Return the instance of an event if its environment lists others and not it, else ""."""
    instance = str(event.get("instance", ""))
    return instance if listed and instance not in listed else ""


def unlisted_warning(event: Event, listed: Sequence[str]) -> tuple[str, str] | None:
    """Return a message and a hint on an instance that the environment's file does not list."""
    instance = unlisted_instance(event, listed)
    if not instance:
        return None
    environment = event["environment"]
    near = near_name("environment", instance, listed)
    meant = f'did you mean "{near}"? If not, ' if near else ""
    instances = ",".join((*listed, instance))
    return (
        f'the environment "{environment}" does not list the instance "{instance}"',
        f"{meant}add it: `versioner environment edit {environment} --set instances={instances}`",
    )


def without_effect_warning(
    event: Event, recorded: Sequence[Event], listed: Sequence[str]
) -> tuple[str, str] | None:
    """Return a message and a hint on an undeployment of a version that does not run there.

    `recorded` are all deployment events of the product.
    """
    environment = event["environment"]
    cells = fold_product("", [*recorded, event], {environment: listed})[1]
    undeployment = next(each for each in cells[environment].undeployments if each.event is event)
    if undeployment.has_effect:
        return None
    place = f"{environment}/{undeployment.instance}" if undeployment.instance else environment
    return (
        f'the version "{undeployment.version}" does not run in "{place}", '
        "so this undeployment changes nothing",
        "without --version, an undeployment ends whatever runs there",
    )
