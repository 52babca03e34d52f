"""Deployments that ended, in short: what the metrics count of a product, by month of the end.

A change of one product changes its own rows only. Figures of many products are added up from
tallies by day, which are kept while no row of their month changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.layout import month_of
from versioner.query.metrics.outcomes import LeadTime, ended_deployments
from versioner.query.metrics.summary import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.query.metrics.outcomes import EndedDeployment, EndedKind
    from versioner.query.metrics.policy import MetricsPolicy
    from versioner.registry.records import ProductRecord

__all__ = ["ENDED", "EndedRow", "ended_rows", "tally_from", "tally_json"]

# The rows of a product are kept under this and their month.
ENDED: Final = "ended "
# So many months with rows are kept of a product: more than pages count, because a wrong clock may
# have recorded a few of them as later than they were.
_MONTHS_MOST: Final = 16

_KINDS: Final = ("change", "rollback", "redeployment", "failed", "aborted")


class EndedRow(NamedTuple):
    """A deployment that ended, and what the metrics count it as: see EndedDeployment.

    `at` is when it ended, `began` when it began. `part` is that of the page with its row.
    """

    at: str
    environment: str
    instance: str
    version: str
    kind: EndedKind
    is_failure: bool
    restored_after: int | None
    lead: list[Any] | None
    is_rework: bool
    id: str
    began: str
    part: int

    @property
    def lead_time(self) -> LeadTime | None:
        """Return the lead time in this environment, None where there is none."""
        return None if self.lead is None else LeadTime(*self.lead)


def ended_rows(
    record: ProductRecord, policy: MetricsPolicy, later: Mapping[str, int]
) -> dict[str, list[list[Any]]]:
    """Return the rows of a product by name, as JSON data, oldest first.

    `later` has the part of the page of each row that is not on the first page of its month.
    """
    rows = sorted(ended_deployments(record, policy), key=lambda row: row.at)
    months = sorted({month_of(row.at) for row in rows})[-_MONTHS_MOST:]
    found: dict[str, list[list[Any]]] = {ENDED + month: [] for month in months}
    for row in rows:
        own = found.get(ENDED + month_of(row.at))
        if own is not None:
            own.append(_data(row, later))
    return found


def _data(row: EndedDeployment, later: Mapping[str, int]) -> list[Any]:
    deployment, lead = row.deployment, row.lead_time
    return [
        row.at,
        deployment.environment,
        deployment.instance,
        deployment.version,
        row.kind,
        row.is_failure,
        row.restored_after,
        None if lead is None else [*lead],
        row.is_rework,
        deployment.id,
        deployment.at,
        later.get(deployment.id, 1),
    ]


def tally_json(rows: Iterable[EndedRow]) -> list[Any]:
    """Return the tally of rows as JSON data, from which `tally_from` makes it again."""
    tally = Tally()
    for row in rows:
        tally.add(row)
    kinds = [tally.kinds[kind] for kind in _KINDS]
    return [
        kinds, tally.failed, tally.failed_aborted, tally.rework, tally.leads,
        tally.leads_from_build, tally.restored,
    ]  # fmt: skip


def tally_from(data: list[Any]) -> Tally:
    """Return a tally that was kept as JSON data."""
    kinds, failed, aborted, rework, leads, from_build, restored = data
    tally = Tally(
        failed=failed, failed_aborted=aborted, rework=rework, leads=leads,
        leads_from_build=from_build, restored=restored,
    )  # fmt: skip
    tally.kinds.update(dict(zip(_KINDS, kinds, strict=True)))
    return tally
