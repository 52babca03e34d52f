"""What each person did with a product: numbers, the newest deployments, and decisions.

The rows of a person have a name of their own, so that an event changes those of its person only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.query.derived.latest_values import latest_value
from versioner.site.summaries.codec import RowData

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from versioner.models.governance import Decision
    from versioner.registry.records import ProductRecord

__all__ = ["NEWEST", "NEWEST_MOST", "PERSON", "PersonSummary", "people_rows"]

# What a person did with a product is kept under PERSON and the name, the newest rows under NEWEST.
PERSON: Final = "person "
NEWEST: Final = "newest "
# So many of the newest deployments, and of the newest decisions, are kept of each product.
NEWEST_MOST: Final = 40


class PersonSummary(NamedTuple):
    """What a person did with one product.

    `environments` are the numbers of deployments by environment; void ones count in `deployments`
    alone. `last` is the latest deployment in short, `at` the time of the newest row,
    "" where there is none, and `digest` that of the newest rows. A decision has its time, its word,
    its type of approval, its version and its comment.
    """

    deployments: int
    rollbacks: int
    failed: int
    undeployments: int
    environments: dict[str, int]
    last: list[Any] | None
    at: str
    digest: str
    builds: int
    built_at: str
    decided: int
    decisions: list[list[str]]


class _Person:
    """The rows, the builds and the decisions of a person, while they are gathered."""

    __slots__ = ("builds", "decisions", "rows")

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self.builds: list[str] = []
        self.decisions: list[Decision] = []


def people_rows(
    record: ProductRecord, months: Mapping[str, list[list[Any]]], digest: Any
) -> Iterator[tuple[str, list[Any]]]:
    """Yield the rows of each person by name, as JSON data.

    `months` has the rows of the product in short by month; `digest` returns that of JSON data.
    """
    people: dict[str, _Person] = {}
    for month in sorted(months):
        for row in months[month]:
            if by := row[_BY]:
                people.setdefault(by, _Person()).rows.append(row)
    for version in record.versions.values():
        if version.builds and (by := latest_value(version.builds, "built_by")):
            people.setdefault(by, _Person()).builds.append(version.at)
    for decision in record.decisions:
        if decision.by:
            people.setdefault(decision.by, _Person()).decisions.append(decision)
    for name, person in people.items():
        newest = person.rows[-NEWEST_MOST:]
        yield PERSON + name, [[*_summary(person, digest(newest))]]
        if newest:
            yield NEWEST + name, newest


_BY: Final = RowData._fields.index("by")
_KIND: Final = RowData._fields.index("kind")
_STATUS: Final = RowData._fields.index("status")
_ENVIRONMENT: Final = RowData._fields.index("environment")
_AT: Final = RowData._fields.index("at")
_VOID: Final = RowData._fields.index("void")


def _summary(person: _Person, digest: str) -> PersonSummary:
    rows = person.rows
    deployments = [row for row in rows if row[_KIND]]
    valid = [row for row in deployments if row[_VOID] is None]
    environments: dict[str, int] = {}
    for row in valid:
        environments[row[_ENVIRONMENT]] = environments.get(row[_ENVIRONMENT], 0) + 1
    return PersonSummary(
        deployments=len(deployments),
        rollbacks=sum(row[_KIND] == "rollback" for row in valid),
        failed=sum(row[_STATUS] == "failed" for row in valid),
        undeployments=len(rows) - len(deployments),
        environments=environments,
        last=deployments[-1] if deployments else None,
        at=rows[-1][_AT] if rows else "",
        digest=digest if rows else "",
        builds=len(person.builds),
        built_at=max(person.builds, default=""),
        decided=len(person.decisions),
        decisions=[*map(_decision, _newest(person.decisions))],
    )


def _newest(decisions: Iterable[Decision]) -> list[Decision]:
    return sorted(decisions, key=lambda each: each.at)[-NEWEST_MOST:]


def _decision(each: Decision) -> list[str]:
    return [each.at, each.decision, each.approval_type, each.version, each.comment]
