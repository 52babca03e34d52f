"""CDEvents over HTTP, as CloudEvents in binary, structured and batch mode, or alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.cdevents import WORDS, is_one, kind_of, package_of
from versioner.editing.importing.exports import text_of
from versioner.errors import InvalidInput
from versioner.models.events import DEFAULT_ARTIFACT
from versioner.server.hooks.drafts import Told, deployments_of, draft_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MOST_EVENTS", "told_by"]

MOST_EVENTS: Final = 100
_SHAPE: Final = "cdevents"
_BUILT: Final = ("build.finished", "artifact.packaged", "artifact.published")


def told_by(payload: Mapping[str, Any], now: str) -> Told:
    """Return what an event tells of a service or a build; raise InvalidInput for another object.

    The event stands alone, or is the data of a CloudEvent.
    """
    data = payload.get("data")
    event = data if isinstance(data, dict) else payload
    if not is_one(event):
        raise InvalidInput("the body is not a CDEvent", hint="see https://cdevents.dev")
    return _build(event, now) if kind_of(event) in _BUILT else _service(event, now)


def _service(event: Mapping[str, Any], now: str) -> Told:
    told = deployments_of([event], _SHAPE, now)
    if told.drafts or told.left_out != ("status - is no event of a deployment",):
        return told
    known = ", ".join(each for each in (*WORDS, *_BUILT) if not each.startswith("deployment."))
    return Told(left_out=(f"only these events are recorded: {known}",))


def _build(event: Mapping[str, Any], now: str) -> Told:
    package = package_of(
        text_of(event, "subject.content.artifactId")
        or (text_of(event, "subject.id") if kind_of(event).startswith("artifact.") else "")
    )
    if not package.version:
        return Told(left_out=("it names no artifact with a version",))
    own = event.get("customData")
    row: dict[str, Any] = {
        "product": text_of(own, "product") or package.name,
        "version": text_of(own, "version") or package.version,
        "at": text_of(event, "context.timestamp"),
        "status": "completed",
        "source_system": "cdevents",
        "build_url": text_of(event, "subject.content.uri", "subject.content.url"),
    }
    if package.digest:
        row["artifacts"] = {DEFAULT_ARTIFACT: package.digest}
    return Told((draft_of("build", row, now),))
