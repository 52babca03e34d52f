"""Reports of what changed in the hours before a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from versioner.query.incident import incident_line
from versioner.reporting.terminal import as_json, clean
from versioner.reporting.text import count, escaped_markdown, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.query.incident import ChangeGroup
    from versioner.reporting.text import TextLayout

__all__ = ["Moment", "incident_json", "incident_markdown", "incident_text"]


class Moment(NamedTuple):
    """The moment that is asked for, since when changes are listed, and of which environments."""

    until: str
    since: str
    hours: int
    environments: tuple[str, ...] = ()


def incident_text(layout: TextLayout, groups: Sequence[ChangeGroup], moment: Moment) -> str:
    """Return changes as text, each a line."""
    parts = [layout.heading(_title(groups, moment))]
    for group in groups:
        parts += ["", layout.heading(group.title)]
        for change in group.changes:
            lines = wrap(incident_line(change), layout.width - 4)
            parts += ["  - " + lines[0], *("    " + line for line in lines[1:])]
    return "\n".join(parts)


def incident_markdown(groups: Sequence[ChangeGroup], moment: Moment) -> str:
    """Return changes as Markdown: a list below each heading."""
    parts = [f"## {escaped_markdown(_title(groups, moment))}"]
    for group in groups:
        parts += ["", f"### {group.title}", ""]
        parts += [f"- {escaped_markdown(incident_line(each))}" for each in group.changes]
    return "\n".join(parts)


def incident_json(groups: Sequence[ChangeGroup], moment: Moment, *, problems: int) -> str:
    """Return changes as JSON."""
    return as_json(
        {
            "at": moment.until,
            "since": moment.since,
            "hours": moment.hours,
            "environments": list(moment.environments),
            "changes": [
                {
                    "at": each.at,
                    "kind": each.kind,
                    "environment": each.environment or None,
                    "text": clean(each.text),
                }
                for group in groups
                for each in group.changes
            ],
            "problems": problems,
        }
    )


def _title(groups: Sequence[ChangeGroup], moment: Moment) -> str:
    number = count(sum(len(each.changes) for each in groups), "change")
    where = f" in {' and '.join(moment.environments)}" if moment.environments else ""
    until = f"{moment.until[:10]} {moment.until[11:16]} UTC"
    return f"{number}{where} in the {count(moment.hours, 'hour')} before {until}"
