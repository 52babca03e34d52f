"""Reports of a replay: what rules would have done to the deployments of the past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from versioner.layout import rule_path
from versioner.reporting.ci_annotations import FileNote
from versioner.reporting.tables import Column, table
from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import count
from versioner.rules.gate.rule_types.flow import duration_text

if TYPE_CHECKING:
    from versioner.reporting.text import TextLayout
    from versioner.rules.gate.replay import RefusedDeployment, Replay, ReplayedRule

__all__ = ["replay_json", "replay_lines", "replay_notes", "replay_text"]


def replay_text(layout: TextLayout, done: Replay, limit: int) -> str:
    """Return a replay for people: each rule, then the last of the refused deployments."""
    if not done.rules:
        return "there are no rules to replay"
    parts = [_period(done), _rules(layout, done), _whole(done)]
    shown = done.refused[-limit:] if limit else []
    if shown:
        more = f", the last {len(shown)}" if len(shown) < len(done.refused) else ""
        parts += [layout.heading(f"Refused{more}"), _refused(layout, shown)]
    return "\n\n".join(parts[:3]) + "".join(f"\n{part}" for part in parts[3:])


def _period(done: Replay) -> str:
    since, until = done.since or "the beginning", done.until or "now"
    return f"{count(done.deployments, 'deployment')} that began from {since} until {until}"


def _rules(layout: TextLayout, done: Replay) -> str:
    columns = [
        *(Column("rule"), Column("judged"), Column("refused"), Column("rollbacks")),
        *(Column("exempt"), Column("would have waited")),
    ]
    rows = [
        [
            *(rule.name, f"{rule.judged:,}", f"{rule.refused:,}", f"{rule.rollbacks:,}"),
            *(f"{rule.exempt:,}", _waits(rule)),
        ]
        for rule in done.rules
    ]
    return table(layout, columns, rows)


def _waits(rule: ReplayedRule) -> str:
    if not rule.refused:
        return ""
    never = rule.refused - len(rule.waits)
    parts = []
    if rule.waits:
        ordered = sorted(rule.waits)
        half = ordered[len(ordered) // 2]
        parts.append(
            f"half of them up to {duration_text(half)}, at most {duration_text(ordered[-1])}"
        )
    if never:
        parts.append(f"{never:,} for something else than time")
    return "; ".join(parts)


def _whole(done: Replay) -> str:
    return f"would have refused {_share(len(done.refused), done.judged, done.rollbacks)}"


def _share(refused: int, judged: int, rollbacks: int) -> str:
    text = f"{refused:,} of {count(judged, 'deployment')}"
    return f"{text}, {rollbacks:,} of them rollbacks" if rollbacks else text


def _refused(layout: TextLayout, rows: list[RefusedDeployment]) -> str:
    columns = [
        *(Column("began"), Column("product"), Column("version"), Column("environment")),
        *(Column("refused by"), Column("wait")),
    ]
    return table(
        layout,
        columns,
        [
            [
                *(each.at, each.product, clean(each.version)),
                each.environment + (f"/{each.instance}" if each.instance else ""),
                ", ".join(each.rules) + (" (rollback)" if each.is_rollback else ""),
                "" if each.wait is None else duration_text(each.wait),
            ]
            for each in rows
        ],
    )


def replay_lines(done: Replay) -> list[str]:
    """Return a sentence for each rule: what it would have refused."""
    return [
        f'rule "{rule.name}" would have refused {_share(rule.refused, rule.judged, rule.rollbacks)}'
        + (f" since {done.since[:10]}" if done.since else "")
        for rule in done.rules
    ]


def replay_notes(done: Replay) -> list[FileNote]:
    """Return the same sentences as notes of the files of rules."""
    return [
        FileNote(rule_path(rule.name), "replay", text)
        for rule, text in zip(done.rules, replay_lines(done), strict=True)
    ]


def replay_json(done: Replay) -> str:
    """Return a replay as JSON with stable keys."""
    return as_json(
        {
            "since": done.since,
            "until": done.until,
            "deployments": done.deployments,
            "judged": done.judged,
            "refused": len(done.refused),
            "rollbacks": done.rollbacks,
            "rules": [_rule_json(rule) for rule in done.rules],
            "refusals": [_refusal_json(each) for each in done.refused],
        }
    )


def _rule_json(rule: ReplayedRule) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "type": rule.type,
        "enforcement": rule.enforcement,
        "judged": rule.judged,
        "refused": rule.refused,
        "rollbacks": rule.rollbacks,
        "exempt": rule.exempt,
        "waited": len(rule.waits),
        "waited_seconds": sum(rule.waits),
        "longest_wait_seconds": max(rule.waits, default=0),
    }


def _refusal_json(each: RefusedDeployment) -> dict[str, Any]:
    return {
        "product": each.product,
        "environment": each.environment,
        "instance": each.instance,
        "version": each.version,
        "at": each.at,
        "deployment": each.id,
        "rollback": each.is_rollback,
        "rules": list(each.rules),
        "codes": list(each.codes),
        "wait_seconds": each.wait,
    }
