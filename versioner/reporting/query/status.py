"""The report of `status`: products by environments as a table, or a list if it does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.query.times.text import seconds_between
from versioner.reporting.observations import observed_document, running_short
from versioner.reporting.tables import Column, fitted_table, table
from versioner.reporting.terminal import as_json
from versioner.reporting.text import STATUS_STYLES, Span, abbreviate, age_short, count, moment

if TYPE_CHECKING:
    from versioner.models import Deployment, Instance
    from versioner.query.matrix import CellState, Matrix, MatrixRow
    from versioner.query.observed import ObservedState
    from versioner.reporting.tables import CellText
    from versioner.reporting.text import TextLayout

__all__ = [
    "InboxCounts",
    "cell_document",
    "differing",
    "is_rolled_back",
    "matrix_json",
    "matrix_text",
    "observed_lines",
    "other_deployments",
    "running_lines",
    "version_lines",
]

_LEAST_NAME = 12
_LEAST_VERSION = 9


class InboxCounts(NamedTuple):
    """The numbers of waiting and of refused events, which the matrix does not include."""

    waiting: int = 0
    refused: int = 0


EMPTY_INBOX: Final = InboxCounts()


def matrix_text(
    layout: TextLayout,
    matrix: Matrix,
    *,
    as_of: str = "",
    past: bool = False,
    inbox: InboxCounts = EMPTY_INBOX,
) -> str:
    """Return the matrix for people; `as_of` is the commit it was read at, where one was asked."""
    if not matrix.rows or not matrix.environments:
        missing = "products" if not matrix.rows else "environments"
        none = f"There are no {missing} yet: `versioner track deployment` records the first one."
        return "\n\n".join([none, *_inbox_lines(layout, inbox)])
    body = (
        _as_table(layout, matrix) or _as_narrow_table(layout, matrix) or _as_blocks(layout, matrix)
    )
    parts = [body, layout.note(_summary(matrix)), *_hidden_lines(layout, matrix)]
    parts += _inbox_lines(layout, inbox)
    if past or as_of:
        known = f", as recorded at {as_of[:12]}" if as_of else ""
        parts.insert(0, layout.heading(f"Versions at {moment(matrix.at)} UTC{known}"))
    return "\n\n".join(parts)


def matrix_json(
    matrix: Matrix, *, revision: str | None, problems: int = 0, inbox: InboxCounts = EMPTY_INBOX
) -> str:
    """Return the matrix as JSON; `problems` is the number of errors found."""
    return as_json(
        {
            "at": matrix.at,
            "revision": revision,
            "environments": list(matrix.environments),
            "products": [
                {
                    "product": row.product,
                    "drifting": row.drifting,
                    "cells": {cell.environment: cell_document(cell) for cell in row.cells},
                }
                for row in matrix.rows
            ],
            "problems": problems,
            "waiting": inbox.waiting,
            "refused": inbox.refused,
        }
    )


def cell_document(cell: CellState) -> dict[str, Any]:
    """Return a cell as data; what is beside the version is null where there is none."""
    observed = [observed_document(each) for each in cell.observed]
    return {
        "version": cell.version or None,
        "status": cell.status or None,
        "since": cell.since or None,
        "age_seconds": cell.age_seconds if cell.since else None,
        "deployment": cell.deployment.id if cell.deployment else None,
        "redeployed_at": cell.redeployed_at or None,
        "rollback": is_rolled_back(cell),
        "mixed": cell.mixed,
        "instances": [_instance_document(each) for each in cell.instances],
        "in_progress": _deployment_document(cell.in_progress),
        "no_result": _deployment_document(cell.no_result),
        "failed_last": _deployment_document(cell.failed_last),
        **({"observed": observed} if observed else {}),
    }


def _instance_document(instance: Instance) -> dict[str, Any]:
    return {
        "instance": instance.name,
        "version": instance.version or None,
        "since": instance.since or None,
        "redeployed_at": instance.redeployed_at or None,
        "rollback": instance.current is not None and instance.kind == "rollback",
        "deployment": instance.current.id if instance.current is not None else None,
    }


def running_lines(cell: CellState) -> list[Span]:
    """Return what runs in a cell: one version, or that of each instance where it is mixed."""
    if cell.since and not cell.versions:
        return [Span("undeployed", "dim")]
    if not cell.mixed:
        return [Span(abbreviate(cell.version) or "-", "" if cell.version else "dim")]
    return [Span("mixed"), *map(_instance_line, cell.instances)]


def _instance_line(instance: Instance) -> Span:
    name = instance.name or "others"
    if not instance.version:
        return Span("-", "dim", f"  {name}")
    rolled_back = instance.kind == "rollback"
    tail = f"  {name}, rollback" if rolled_back else f"  {name}"
    return Span(abbreviate(instance.version), "drift" if rolled_back else "", tail)


def version_lines(cell: CellState) -> list[Span]:
    """Return what runs in a cell, and below it what is in progress or went wrong."""
    lines = running_lines(cell)
    if is_rolled_back(cell):
        lines.append(Span("", "drift", "rollback"))
    lines += [
        Span(abbreviate(deployment.version), STATUS_STYLES[word], f" {word}")
        for word, deployment in other_deployments(cell)
    ]
    return [*lines, *observed_lines(cell)]


def observed_lines(cell: CellState) -> list[Span]:
    """Return what was seen to run in a cell where it differs from what is recorded."""
    return [
        Span(running_short(each), "drift", f" observed on {each.instance}".removesuffix(" on "))
        for each in differing(cell)
    ]


def differing(cell: CellState) -> list[ObservedState]:
    """Return the observations of a cell that differ from what is recorded."""
    return [each for each in cell.observed if each.differs]


def is_rolled_back(cell: CellState) -> bool:
    """Return whether the current version of a cell is a rollback."""
    return cell.deployment is not None and cell.deployment.kind == "rollback"


def other_deployments(cell: CellState) -> list[tuple[str, Deployment]]:
    """Return deployments to show next to the current version, each with a word for its state."""
    found = []
    if cell.in_progress is not None:
        found.append((str(cell.in_progress.status), cell.in_progress))
    if cell.no_result is not None:
        found.append(("no result", cell.no_result))
    if cell.failed_last is not None:
        found.append((str(cell.failed_last.status), cell.failed_last))
    return found


def _as_table(layout: TextLayout, matrix: Matrix) -> str | None:
    columns = [Column("product", _LEAST_NAME)]
    for name in matrix.environments:
        columns += [Column(name, _LEAST_VERSION), Column("")]
    columns.append(Column(""))
    return fitted_table(layout, columns, [_row(row, matrix.at) for row in matrix.rows])


def _row(row: MatrixRow, at: str) -> list[CellText]:
    entries: list[CellText] = [Span(row.product, "bold")]
    for cell in row.cells:
        entries += [version_lines(cell), _ages(cell, at)]
    return [*entries, _drift(row)]


def _as_narrow_table(layout: TextLayout, matrix: Matrix) -> str | None:
    """Return the matrix with each age below its version."""
    names = [Column(name, _LEAST_VERSION) for name in matrix.environments]
    columns = [Column("product", _LEAST_NAME), *names, Column("")]
    rows: list[list[CellText]] = [
        [
            Span(row.product, "bold"),
            *(_stacked(cell, matrix.at) for cell in row.cells),
            _drift(row),
        ]
        for row in matrix.rows
    ]
    return fitted_table(layout, columns, rows)


def _stacked(cell: CellState, at: str) -> list[Span]:
    lines = running_lines(cell)
    if cell.since:
        lines.insert(1, Span("", "dim", "  for " + age_short(cell.age_seconds)))
    if is_rolled_back(cell):
        lines.append(Span("", "drift", "  rollback"))
    for word, deployment in other_deployments(cell):
        style = STATUS_STYLES[word]
        age = age_short(max(0, seconds_between(deployment.changed_at, at)))
        lines += [Span(abbreviate(deployment.version), style), Span("", style, f"  {word} {age}")]
    for span, seen in zip(observed_lines(cell), differing(cell), strict=True):
        age = age_short(max(0, seconds_between(seen.differs_since, at)))
        lines += [Span(span.text, "drift"), Span("", "drift", f" {span.tail} {age}")]
    return lines


def _as_blocks(layout: TextLayout, matrix: Matrix) -> str:
    columns = [Column("environment"), Column("version", _LEAST_VERSION), Column("age")]
    blocks = []
    for row in matrix.rows:
        drift = _drift(row)
        mark = f"  {layout.paint(drift.text, drift.style)}" if drift.text else ""
        body = table(
            layout,
            columns,
            [[cell.environment, version_lines(cell), _ages(cell, matrix.at)] for cell in row.cells],
            indent="  ",
        )
        # The column titles are left out, because they would repeat for each product.
        blocks.append("\n".join([layout.heading(row.product) + mark, *body.split("\n")[1:]]))
    return "\n".join(blocks)


def _ages(cell: CellState, at: str) -> list[Span]:
    ages = [age_short(cell.age_seconds) if cell.since else ""]
    ages += [""] * (len(running_lines(cell)) - 1)
    if is_rolled_back(cell):
        ages.append("")
    ages += [
        age_short(max(0, seconds_between(deployment.changed_at, at)))
        for _, deployment in other_deployments(cell)
    ]
    ages += [age_short(max(0, seconds_between(each.differs_since, at))) for each in differing(cell)]
    return [Span(age, "dim") for age in ages]


def _drift(row: MatrixRow) -> Span:
    return Span("drift" if row.drifting else "", "drift")


def _summary(matrix: Matrix) -> str:
    words = [
        word for row in matrix.rows for cell in row.cells for word, _ in other_deployments(cell)
    ]
    parts = [count(len(matrix.rows), "product"), count(len(matrix.environments), "environment")]
    counted = {
        "drifting": sum(row.drifting for row in matrix.rows),
        "in progress": words.count("started") + words.count("pending"),
        "without a result": words.count("no result"),
        "failed": words.count("failed"),
        "aborted": words.count("aborted"),
        "not as observed": sum(bool(differing(cell)) for row in matrix.rows for cell in row.cells),
    }
    return ", ".join([*parts, *(f"{number} {what}" for what, number in counted.items() if number)])


def _hidden_lines(layout: TextLayout, matrix: Matrix) -> list[str]:
    """Return the line on environments that run something and are not compared, or none."""
    running = {cell.environment for row in matrix.rows for cell in row.cells if cell.versions}
    reasons = [f"{name} ({why})" for name, why in matrix.hidden if name in running]
    return [layout.note(f"not compared for drift: {', '.join(reasons)}")] if reasons else []


def _inbox_lines(layout: TextLayout, inbox: InboxCounts) -> list[str]:
    """Return a line about the events in the inbox, or none."""
    parts = []
    if inbox.waiting:
        verb = "waits" if inbox.waiting == 1 else "wait"
        parts.append(f"{count(inbox.waiting, 'event')} {verb} for `versioner collect`")
    if inbox.refused:
        verb = "was" if inbox.refused == 1 else "were"
        what = f"{inbox.refused:,}" if inbox.waiting else count(inbox.refused, "event")
        parts.append(f"{what} {verb} refused: `versioner inbox list`")
    return [layout.note("; ".join(parts))] if parts else []


def _deployment_document(deployment: Deployment | None) -> dict[str, Any] | None:
    if deployment is None:
        return None
    return {
        "deployment": deployment.id,
        "version": deployment.version,
        "status": deployment.status,
        "at": deployment.at,
        "changed_at": deployment.changed_at,
    }
