"""Everything that changed in the hours before a moment, each change in one sentence."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from versioner.query.derived.running_versions import place_text
from versioner.query.observed import (
    UNNAMED,
    RecordedState,
    differs_from,
    is_running,
    recorded_at,
    same_state,
    seen_until,
    versions_in,
)
from versioner.query.times.text import age_text, seconds_between
from versioner.query.today.sentences import joined
from versioner.rules.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from versioner.git.files.file_changes import FileChange
    from versioner.models import Cell, Event
    from versioner.models.governance import Decision, Request
    from versioner.query.today.happenings import Happening
    from versioner.registry.records import ProductRecord

__all__ = [
    "GROUP_TITLES",
    "Change",
    "ChangeGroup",
    "change_of",
    "change_of_rule",
    "changes_of_product",
    "changes_of_request",
    "grouped",
    "hours_before",
    "incident_line",
]

ChangeKind = Literal[
    "deployment", "rollback", "undeployment", "failure", "void", "decision", "drift", "rule",
]  # fmt: skip
GROUP_TITLES: Final = ("Production", "Rules and decisions", "Other environments")
_MINUTE: Final = 60


class Change(NamedTuple):
    """A change at a moment; `environment` is "" for one that is of no environment."""

    at: str
    kind: ChangeKind
    environment: str
    text: str


class ChangeGroup(NamedTuple):
    """Changes under a heading, the latest first."""

    title: str
    changes: tuple[Change, ...]


def grouped(
    changes: Iterable[Change], production: Collection[str], environments: Collection[str] = ()
) -> list[ChangeGroup]:
    """Return changes in groups: production, rules and decisions, and the other environments.

    Of `environments` alone where some are given, with what is of no environment.
    """
    parts: dict[str, list[Change]] = {title: [] for title in GROUP_TITLES}
    for each in changes:
        if environments and each.environment and each.environment not in environments:
            continue
        place = 1 if not each.environment else 0 if each.environment in production else 2
        parts[GROUP_TITLES[place]].append(each)
    for own in parts.values():
        own.sort(key=lambda each: each.text)
        own.sort(key=lambda each: each.at, reverse=True)
    return [ChangeGroup(name, tuple(own)) for name, own in parts.items() if own]


def hours_before(moment: str, hours: int) -> str:
    """Return the moment some hours before another one."""
    return utc_text(datetime.fromisoformat(moment) - timedelta(hours=hours))


def incident_line(change: Change) -> str:
    """Return a change as a line to paste: `2026-11-22 09:45 UTC payment-api 2.4.0 ...`."""
    return f"{change.at[:10]} {change.at[11:16]} UTC {change.text}"


def change_of(each: Happening) -> Change:
    """Return a deployment or an undeployment, or that it was declared a mistake."""
    place = place_text(each.environment, each.instance)
    old = joined(each.before)
    by = f", by {each.by}" if each.by else ""
    if each.is_void:
        what = (
            f"undeployment of {each.product} from"
            if _is_undeployment(each)
            else (f"deployment of {each.product} {each.version} to")
        )
        began = f"{each.began[:10]} {each.began[11:16]} UTC"
        text = f"the {what} {place} of {began} was declared a mistake"
        return Change(each.at, "void", each.environment, f"{text}{_said(each.reason)}")
    if _is_undeployment(each):
        was = f" {each.version or old}" if each.version or old else ""
        text = f"{each.product}{was} was removed from {place}{by}"
        return Change(each.at, "undeployment", each.environment, text + _said(each.reason))
    kind: ChangeKind = "deployment"
    if each.status in ("failed", "aborted"):
        kind, word = "failure", "failed" if each.status == "failed" else "was cancelled"
        text = f"{each.product} {each.version} {word} in {place}{by}"
    elif each.status in ("pending", "started"):
        word = "is being deployed to" if each.status == "started" else "waits to be deployed to"
        text = f"{each.product} {each.version} {word} {place}{by}"
    elif each.kind == "rollback":
        kind = "rollback"
        text = f"{each.product} was rolled back from {old} to {each.version} in {place}{by}"
    else:
        again = " again" if each.kind == "redeployment" else ""
        was = "" if again else f" ({_was(each, old)})"
        text = f"{each.product} {each.version} was deployed{again} to {place}{by}{was}"
    took = seconds_between(each.began, each.at)
    gone = f"; it took away {each.taken}" if each.taken not in ("", old) else ""
    lasted = f", after {age_text(took)}" if took >= _MINUTE else ""
    return Change(each.at, kind, each.environment, f"{text}{lasted}{_said(each.reason)}{gone}")


def _is_undeployment(each: Happening) -> bool:
    return each.kind == "undeployment"


def _was(each: Happening, old: str) -> str:
    if not old:
        return "for the first time"
    if not each.before_since:
        return f"was {old}"
    seconds = seconds_between(each.before_since, each.at)
    return f"was {old} for {age_text(seconds) if seconds >= _MINUTE else 'under a minute'}"


def _said(reason: str) -> str:
    text = " ".join(reason.split())
    return f": {text if len(text) <= 160 else text[:159].rstrip() + '…'}" if text else ""


def changes_of_product(record: ProductRecord) -> Iterator[Change]:
    """Yield the decisions about the versions of a product, and what was seen to differ."""
    for each in record.decisions:
        approval = f" ({each.approval_type})" if each.approval_type else ""
        text = f"{record.name} {each.version} was {each.decision}{approval}"
        yield _decision(each, text)
    if record.observations:
        yield from _drifts(record)


def changes_of_request(request: Request) -> Iterator[Change]:
    """Yield the decisions about a deployment request."""
    for each in request.decisions:
        step = f" (step {each.step})" if each.step else ""
        approval = f" ({each.approval_type})" if each.approval_type else ""
        yield _decision(each, f"request {request.name}: {each.decision}{approval}{step}")


def _decision(each: Decision, text: str) -> Change:
    by = f", by {each.by}" if each.by else ""
    return Change(each.at, "decision", "", f"{text}{by}{_said(each.comment)}")


def change_of_rule(each: FileChange) -> Change:
    """Return that the file of a rule changed."""
    word = "created" if not each.before else "deleted" if not each.after else "changed"
    name = each.path.rpartition("/")[2].removesuffix(".yaml")
    return Change(each.at, "rule", "", f"rule {name} was {word}")


def _drifts(record: ProductRecord) -> Iterator[Change]:
    """Yield each observation that differs from what was recorded then, not the same again."""
    for key, events in seen_until(record.observations).items():
        before: Event | None = None
        for event in events:
            cell = record.cells.get(key.environment)
            recorded = recorded_at(_recorded(cell, event["at"]), key.instance)
            if not differs_from(event, recorded):
                before = None
                continue
            if before is None or not same_state(before, event):
                place = place_text(key.environment, key.instance)
                yield Change(
                    event["at"], "drift", key.environment,
                    f"{record.name} {_seen(event)} in {place} ({key.source}), where "
                    f"{joined(recorded.versions) or 'nothing'} is recorded",
                )  # fmt: skip
            before = event


def _seen(event: Event) -> str:
    if not is_running(event):
        return "was seen not to run"
    found: Sequence[str] = versions_in(event) or event.get("images", ())
    return f"{joined(list(found)) or 'of an unknown version'} was seen to run"


def _recorded(cell: Cell | None, at: str) -> Mapping[str, RecordedState]:
    """Return what is recorded to have run at a moment, by instance."""
    periods = [
        each for each in (cell.periods if cell is not None else ())
        if each.since <= at and (not each.until or at < each.until)
    ]  # fmt: skip
    found = {
        each.instance or UNNAMED: RecordedState((each.version,), each.since) for each in periods
    }
    opened = {
        each.version for each in (cell.deployments if cell is not None else ())
        if each.void is None and each.at <= at and (each.is_open or at < each.changed_at)
    }  # fmt: skip
    versions = tuple(dict.fromkeys(each.version for each in periods))
    since = max((each.since for each in periods), default="")
    found[""] = RecordedState(versions, since, frozenset(opened))
    return found if set(found) != {"", UNNAMED} else {"": found[""]}
