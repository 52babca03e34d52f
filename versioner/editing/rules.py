"""Create and edit rules, and freeze and thaw an environment: each edit is one commit."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from versioner import layout
from versioner.editing.session import EditResult, edit_session, parse_edits
from versioner.errors import Blocked, InvalidInput, NotFound
from versioner.models.governance import OnceWindow, ScheduleBlock, Scope
from versioner.names import check_name, nearest
from versioner.query.times.text import no_zone
from versioner.recording.policy import refuse_secrets
from versioner.registry.event_order import seconds_of
from versioner.registry.governance.calendar import local_time, moment_of, zone_of
from versioner.rules.gate.rule_types.schedule import local_text
from versioner.serialization.assignments import Set
from versioner.serialization.documents import dump_document
from versioner.serialization.yaml_edit import edit_document
from versioner.validation.locate import locate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.editing.session import EditSession
    from versioner.git.repository import Repository
    from versioner.models import Changes
    from versioner.models.governance import Rule
    from versioner.registry.records import Registry

__all__ = [
    "FreezeTime",
    "create_rule",
    "edit_rule",
    "freeze",
    "freeze_time",
    "rule_of_name",
    "thaw",
    "unknown_rule",
]

# No event is later.
_LAST = "3000-01-01T00:00:00Z"


def create_rule(
    repository: Repository,
    name: str,
    kind: str,
    *,
    fields: Mapping[str, Any],
    assignments: Sequence[str] = (),
    now: str,
) -> EditResult:
    """Add a rule; `assignments` are KEY=VALUE with dotted keys, `fields` are keys of its file."""
    check_name(name, "rule")
    refuse_secrets(dict(fields))
    with edit_session(repository) as edit:
        _refuse_existing(edit, name)
        source = dump_document("rule", {"name": name, **fields, "type": kind})
        edits = parse_edits(assignments)
        if kind not in fields and not any(each.path[0] == kind for each in edits):
            edits.append(Set((kind,), {}))
        changes: Changes = {layout.rule_path(name): edit_document(source, edits)}
        return edit.commit(changes, f"Create rule {name}", now=now, assignments=assignments)


def _refuse_existing(edit: EditSession, name: str) -> None:
    if edit.snapshot.read(layout.rule_path(name)) is not None:
        hint = f"`versioner rule edit {name}` edits it; choose another name"
        raise Blocked(f'the rule "{name}" already exists', hint=hint)


def edit_rule(
    repository: Repository,
    name: str,
    *,
    set_: Sequence[str] = (),
    unset: Sequence[str] = (),
    now: str,
) -> EditResult:
    """Set and unset dotted keys of a rule, keeping its comments, order and style."""
    edits = parse_edits(set_, unset)
    with edit_session(repository) as edit:
        path = layout.rule_path(name)
        if edit.snapshot.read(path) is None:
            # Also one with errors can be edited, so the file alone counts.
            raise unknown_rule(edit.registry, name)
        changes = edit.edited(path, edits)
        return edit.commit(changes, f"Edit rule {name}", now=now, assignments=set_)


def rule_of_name(registry: Registry, name: str) -> Rule:
    """Return a rule that can be read; raise NotFound with the nearest names."""
    for rule in registry.governance.rules:
        if rule.name == name:
            return rule
    path = layout.rule_path(name)
    for each in registry.governance.unreadable:
        if each.path == path:
            raise InvalidInput(each.text, hint="correct the file first")
    raise unknown_rule(registry, name)


def unknown_rule(registry: Registry, name: str) -> NotFound:
    """Return the error for a rule that has no file, with the nearest names."""
    near = nearest(name, [rule.name for rule in registry.governance.rules])
    hint = f"did you mean {', '.join(near)}?" if near else "see `versioner rule list`"
    return NotFound(f'there is no rule "{name}"', hint=hint)


def freeze(
    repository: Repository,
    environment: str,
    *,
    products: Sequence[str] = (),
    since: str = "",
    until: str,
    time_zone: str = "UTC",
    reason: str,
    name: str = "",
    within: int = 0,
    now: str,
) -> EditResult:
    """Add a rule with one window, in which nothing may ship to an environment.

    The window begins at `since`, or now, and stands in the file in the time of a zone. A freeze of
    the same scope and reason whose times are no more than `within` seconds from these is the same
    one: then nothing is written, and the result has its path. Raises InvalidInput where it would
    never occur, and NotFound for an unknown environment or product.
    """
    since = since or now
    _refuse_past(since, until, now)
    if not reason.strip():
        hint = "say it with --reason: whoever is refused reads it"
        raise InvalidInput("the freeze has no reason", field="reason", hint=hint)
    with edit_session(repository) as edit:
        registry = edit.registry
        environment = registry.environment(environment)["name"]
        names = [registry.resolve(each).name for each in products]
        if name:
            check_name(name, "rule")
            _refuse_existing(edit, name)
        elif within:
            wanted = Scope(tuple(names) or None, environments=(environment,))
            same = _same_freeze(registry, wanted, (since, until), reason, within)
            if same is not None:
                return EditResult(None, f"Freeze {environment} (rule {same.name})", (same.path,))
        name = name or _free_name(edit, environment, names, since)
        schedule = _freeze_schedule(since, until, time_zone)
        document = _freeze_document(name, environment, names, schedule, reason)
        changes: Changes = {layout.rule_path(name): dump_document("rule", document)}
        start, end = (local_text(seconds_of(each), time_zone) for each in (since, until))
        notes = (f"closed from {start} to {end}", f"`versioner thaw {name}` ends it before")
        subject = f"Freeze {environment} (rule {name})"
        return edit.commit(changes, subject, now=now, notes=notes)


def _refuse_past(since: str, until: str, now: str) -> None:
    if until >= _LAST:
        raise InvalidInput(
            f"the freeze would end at {until}",
            field="until",
            hint="give a time before the year 3000; `versioner block` stops a version for good",
        )
    if until <= now:
        raise InvalidInput(
            f"the freeze would end at {until}, and it is {now} now",
            field="until",
            hint="give a time after now: 2h, 3d, tomorrow, monday 09:00; a day means its first "
            "second",
        )
    if until <= since:
        raise InvalidInput(
            f"the freeze would end at {until}, before it begins at {since}",
            field="until",
            hint="both are counted from now: to begin in 1h for 2h, give --from 1h --until 3h",
        )


def _same_freeze(
    registry: Registry, scope: Scope, times: tuple[str, str], reason: str, within: int
) -> Rule | None:
    """Return the freeze that says the same for about the same time, None where there is none."""
    for rule in registry.governance.rules:
        if (rule.applies_to, rule.reason, rule.enforcement) != (scope, reason, "enabled"):
            continue
        try:
            found = freeze_time(rule)
        except Blocked:
            continue
        bounds = zip((found.start, found.end), map(seconds_of, times), strict=True)
        if all(abs(one - other) <= within for one, other in bounds):
            return rule
    return None


def _free_name(edit: EditSession, environment: str, products: Sequence[str], since: str) -> str:
    stem = "-".join(["freeze", environment[:30], *(each[:20] for each in products[:1]), since[:10]])
    name, number = stem, 1
    while edit.snapshot.read(layout.rule_path(name)) is not None:
        number += 1
        name = f"{stem}-{number}"
    return name


def _freeze_schedule(since: str, until: str, time_zone: str) -> dict[str, Any]:
    """Return a schedule with one window, in the time of a zone where that is exact, else in UTC."""
    zone = zone_of(time_zone)
    if zone is None:
        raise no_zone(time_zone)
    bounds = [seconds_of(since), seconds_of(until)]
    start, end = (local_time(each, zone) for each in bounds)
    if [moment_of(start, zone), moment_of(end, zone, is_end=True)] != bounds:
        # A local time that the clocks pass twice.
        return _freeze_schedule(since, until, "UTC")
    window = {"from": start.isoformat(), "to": end.isoformat()}
    return {"time_zone": time_zone, "blocked": [{"once": window}]}


def _freeze_document(
    name: str,
    environment: str,
    products: Sequence[str],
    schedule: Mapping[str, Any],
    reason: str,
) -> dict[str, Any]:
    where = {"products": [*products], "environments": [environment]}
    return {
        "name": name,
        "title": f"Freeze of {environment}",
        "reason": reason,
        "applies_to": where if products else {"environments": [environment]},
        "type": "schedule",
        "schedule": schedule,
    }


class FreezeTime(NamedTuple):
    """When a freeze is, in seconds, and its time zone; a disabled one is never."""

    start: int
    end: int
    time_zone: str
    is_disabled: bool

    def state(self, now: int) -> Literal["planned", "now", "ended", "disabled"]:
        """Return what a freeze is at a moment."""
        if self.is_disabled:
            return "disabled"
        if self.end <= now:
            return "ended"
        return "planned" if now < self.start else "now"


def freeze_time(rule: Rule) -> FreezeTime:
    """Return when a freeze is; raise Blocked for a rule that is none."""
    window, zone_name = _window_of(rule)
    zone = zone_of(zone_name)
    assert zone is not None  # noqa: S101 - a rule of an unknown zone is unreadable
    return FreezeTime(
        moment_of(datetime.fromisoformat(window.start), zone),
        moment_of(datetime.fromisoformat(window.end), zone, is_end=True),
        zone_name,
        rule.enforcement == "disabled",
    )


def thaw(repository: Repository, name: str, *, now: str, comment: str = "") -> EditResult:
    """End the one window of a rule now; one that did not begin yet is disabled.

    The comment stands in the message of the commit.
    Raises Blocked for a rule that is no freeze: one with other windows, or of another type.
    """
    refuse_secrets({"comment": comment})
    with edit_session(repository) as edit:
        rule = rule_of_name(edit.registry, name)
        time, moment = freeze_time(rule), seconds_of(now)
        subject, state = f"Thaw (rule {name})", time.state(moment)
        if state in ("ended", "disabled"):
            return EditResult(None, subject)
        if state == "planned" or moment == time.start:
            changes = edit.edited(rule.path, [Set(("enforcement",), "disabled")])
            note = "it did not begin yet, so it is disabled"
            return edit.commit(changes, subject, now=now, notes=(note,), comment=comment)
        zone = zone_of(time.time_zone)
        assert zone is not None  # noqa: S101 - its time was read
        text = local_time(moment, zone).isoformat(timespec="seconds")
        changed = _with_end(edit.read(rule.path), text)
        return edit.commit({rule.path: changed}, subject, now=now, comment=comment)


def _window_of(rule: Rule) -> tuple[OnceWindow, str]:
    block = rule.block
    if isinstance(block, ScheduleBlock) and block.is_blocked and len(block.windows) == 1:
        window = block.windows[0]
        if isinstance(window, OnceWindow):
            return window, block.time_zone
    raise Blocked(
        f'the rule "{rule.name}" is no freeze: it has not one single window that occurs once',
        hint=f"`versioner rule edit {rule.name} --set enforcement=disabled` disables it",
    )


def _with_end(data: bytes, text: str) -> bytes:
    """Return a rule's file with another end of its window; nothing else changes."""
    line, column = locate(data, ("schedule", "blocked", 0, "once", "to"))
    lines = data.decode("utf-8").split("\n")
    own = lines[line - 1]
    before, rest = own[: column - 1], own[column - 1 :]
    quote = rest[:1] if rest[:1] in ("'", '"') else ""
    old = rest[1:].partition(quote)[0] if quote else rest.split(",")[0].split("}")[0].rstrip()
    after = rest[len(old) + 2 * len(quote) :]
    lines[line - 1] = f'{before}"{text}"{after}'
    return "\n".join(lines).encode("utf-8")
