"""Find what is probably a mistake about an event: its names, its version, its instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from versioner import layout
from versioner.models.events import UNDEPLOYED
from versioner.names import is_missing, is_moving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.models import Event
    from versioner.recording.context import RecordContext

__all__ = [
    "AbsentName",
    "EventWarning",
    "absent_names",
    "doubts",
    "warnings_of_place",
    "warnings_of_values",
]


class EventWarning(NamedTuple):
    """Something about a recorded event that is probably a mistake; `code` is stable."""

    code: Literal[
        "commits",
        "decision",
        "instance",
        "missing-value",
        "near-name",
        "retired",
        "version",
        "without-effect",
    ]
    message: str
    hint: str


class AbsentName(NamedTuple):
    """A product or environment that does not exist; `near` is a known name that is near, or ""."""

    kind: Literal["product", "environment"]
    name: str
    title: str
    near: str
    path: str


def absent_names(context: RecordContext) -> Iterator[AbsentName]:
    """Yield the product and the environment of an event where they do not exist."""
    if not context.has_product:
        name, path = context.product, layout.product_path(context.product)
        yield AbsentName("product", name, context.title, context.near_product, path)
    if context.environment and not context.has_environment:
        name, title = context.environment, context.environment_title
        path = layout.environment_path(name)
        yield AbsentName("environment", name, title, context.near_environment, path)


def doubts(context: RecordContext, event: Event) -> Iterator[EventWarning]:
    """Yield the warnings about a new event in its registry."""
    yield from _doubtful_names(context)
    yield from _doubtful_places(context, event)


def warnings_of_values(event: Event) -> tuple[EventWarning, ...]:
    """Return the warnings about a version or an instance that is probably not one."""
    version = event.get("version", "")
    found = [key for key in ("version", "instance") if is_missing(event.get(key, ""))]
    warnings = [_missing_value(key, event[key]) for key in found]
    if is_moving(version):
        message = f'the version "{version}" does not always mean the same build'
        hint = "give the version, tag or commit that it stands for now"
        warnings.append(EventWarning("version", message, hint))
    return tuple(warnings)


def _missing_value(kind: str, value: str) -> EventWarning:
    return EventWarning(
        "missing-value",
        f'the {kind} "{value}" looks like what a script prints for a missing value',
        "scripts print such a word where a variable or a key is not set",
    )


def warnings_of_place(context: RecordContext) -> tuple[EventWarning, ...]:
    """Return the warning about a retired environment."""
    if not context.is_retired:
        return ()
    name = context.environment
    hint = f"`versioner environment retire --undo {name}` makes it active again"
    return (EventWarning("retired", f'the environment "{name}" is retired', hint),)


def _doubtful_names(context: RecordContext) -> Iterator[EventWarning]:
    """Yield a warning for each name that the event creates and that is probably a mistake."""
    for kind, name, _, near, _ in absent_names(context):
        if near:
            message = f'the new {kind} "{name}" has a name similar to "{near}"'
            hint = f"if both are the same {kind}: `versioner {kind} merge {name} --into {near}`"
            yield EventWarning("near-name", message, hint)
        elif is_missing(name):
            yield _missing_value(kind, name)


def _doubtful_places(context: RecordContext, event: Event) -> Iterator[EventWarning]:
    """Yield warnings about the instance of an event, and about an undeployment without effect."""
    if context.listed and "instance" in event:
        from versioner.recording.instance_warnings import unlisted_warning

        if found := unlisted_warning(event, context.listed):
            yield EventWarning("instance", *found)
    if event["status"] == UNDEPLOYED and "version" in event:
        from versioner.recording.instance_warnings import without_effect_warning

        recorded = context.visible().events("deployment")
        if found := without_effect_warning(event, recorded, context.listed):
            yield EventWarning("without-effect", *found)
