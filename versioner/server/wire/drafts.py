"""The event that a body asks to record: its run, its moment, and what is no claim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.names import canonical_status
from versioner.recording.context import EventDraft
from versioner.registry.event_order import OPENING, seconds_of
from versioner.rules.times import parse_rfc3339, utc_text
from versioner.validation.predicates import predicate_of
from versioner.validation.schemas import bundled_schema

if TYPE_CHECKING:
    from versioner.server.wire.body import Body

__all__ = ["DOUBTFUL", "PostedEvent", "posted_event"]

# A client tries four times, waits 30 seconds for each answer, and 7 between them.
REPEAT_SECONDS: Final = 120
# A time this close to now says no more than that the request was made now.
_NOW_SECONDS: Final = 60
# Where the clients put which attempt of a run and which job of it an event is from.
_ATTEMPT: Final = ("vi_gh_run_attempt",)
_JOB: Final = (
    "vi_gh_job",
    "vi_gl_job_id",
    "vi_circle_workflow_job_id",
    "vi_bb_step_uuid",
    "vi_travis_job_id",
    "vi_rd_job_execid",
)
# What is kept as metadata where our schemas do not take it as what it says that it is: a revision
# that is no hash, a page that is no address, a person whose name or e-mail address is none.
DOUBTFUL: Final = {
    "scm_sha": "sha",
    "build_url": "url",
    "deploy_url": "url",
    "scm_repository": "repository",
    "deployed_by_email": "email",
    "built_by_email": "email",
    "deployed_by_name": "person",
    "built_by_name": "person",
}
# A value about a person that is not valid is left out, because metadata is on every page.
_PERSONAL: Final = frozenset(
    {"deployed_by_email", "built_by_email", "deployed_by_name", "built_by_name"}
)


class PostedEvent(NamedTuple):
    """The draft of an event, and the same one at the moment of the request.

    `at_request` is None where the draft's own moment is that of the request.
    """

    draft: EventDraft
    at_request: EventDraft | None


def posted_event(body: Body, *, sender: str, now: str, is_action: bool) -> PostedEvent:
    """Return the event of a body; raise InvalidInput for a status or a time that is none.

    `sender` identifies the token. The hosted product's action sends the time of the request as
    `completed_at` whatever the status is, and as `started_at` of builds.
    """
    values = dict(body.values)
    product = values.pop("product")
    metadata = dict(body.metadata)
    status = canonical_status(values.pop("status", "completed"), body.kind)
    moments = {name: _moment(values.pop(name, ""), name) for name in ("completed_at", "started_at")}
    ended = moments["completed_at"] if status not in OPENING and not is_action else ""
    at = ended if ended and seconds_of(now) - seconds_of(ended) > _NOW_SECONDS else now
    fields: dict[str, Any] = {"at": at, **_certain(values, metadata), "status": status}
    if body.kind == "build":
        kept = {**moments, "completed_at": ended}
        fields |= {name: text for name, text in kept.items() if text and text <= now}
    fields |= _run(metadata)
    if metadata:
        fields["extra_metadata"] = metadata
    has_run = "invoke_id" in fields
    draft = EventDraft(
        body.kind,
        product,
        fields,
        within=REPEAT_SECONDS,
        request="" if has_run else f"{sender} {body.kind} {body.digest}",
    )
    later = draft._replace(fields={**fields, "at": now}) if at != now else None
    return PostedEvent(draft, later)


def _moment(text: str, field: str) -> str:
    return utc_text(parse_rfc3339(text, field=field)) if text else ""


def _certain(values: dict[str, str], metadata: dict[str, Any]) -> dict[str, str]:
    """Return the values that our schemas take; the others become metadata."""
    found = {}
    for name, text in values.items():
        value = text.lower() if name == "scm_sha" else text
        if name not in DOUBTFUL or _is_valid(DOUBTFUL[name], value):
            found[name] = value
        elif name not in _PERSONAL:
            metadata.setdefault(f"vi_sent_{name}", text)
    return found


def _is_valid(definition: str, value: str) -> bool:
    schema = bundled_schema("deployment-event")
    return predicate_of(schema["$defs"][definition], schema)(value)


def _run(metadata: dict[str, Any]) -> dict[str, str]:
    """Return the attempt and the job of a run that metadata names."""
    found = {"attempt": _first(metadata, _ATTEMPT), "job": _first(metadata, _JOB)}
    return {name: text for name, text in found.items() if text}


def _first(metadata: dict[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = metadata.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool):
            text = str(value).strip()
            if text and text.isprintable() and len(text) <= 255:
                return text
    return ""
