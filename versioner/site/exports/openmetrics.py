"""The registry in the text format of OpenMetrics, for Prometheus and others that scrape.

Only gauges are used, so that the file is also valid in the older format of Prometheus: a server of
static files sends it as text/plain. The number of deployments may fall, because an event can be
declared void. What depends on the time is as of the last commit, as on all pages.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.registry.event_order import seconds_of
from versioner.site.views.parts.closed_times import schedules_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from versioner.query.matrix import CellState
    from versioner.site.context import SiteContext

__all__ = ["END", "METRICS", "Family", "Sample", "families_text", "metrics_file"]

METRICS: Final = "metrics.txt"
# The last line of a document.
END: Final = "# EOF\n"
# The samples of a family that has one for each cell: more would overload who scrapes them.
_SAMPLES_MOST: Final = 20_000
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class Sample(NamedTuple):
    """A value with its labels, in their order."""

    labels: Mapping[str, str]
    value: int


class Family(NamedTuple):
    """Samples of one name; `kind` is gauge or counter."""

    name: str
    help: str
    samples: Iterable[Sample]
    kind: str = "gauge"


def metrics_file(context: SiteContext) -> bytes:
    """Return the document of a registry."""
    return f"{families_text(_families(context))}{END}".encode("utf-8", "replace")


def families_text(families: Iterable[Family]) -> str:
    """Return families as text, without the end of the document."""
    return "".join(chain.from_iterable(map(_lines, families)))


def _lines(family: Family) -> Iterator[str]:
    name, kind = family.name, family.kind
    yield f"# TYPE {name} {kind}\n# HELP {name} {family.help}\n"
    end = "_total" if kind == "counter" else ""
    for labels, value in family.samples:
        text = ",".join(f'{key}="{each.translate(_ESCAPES)}"' for key, each in labels.items())
        yield f"{name}{end}{{{text}}} {value}\n" if text else f"{name}{end} {value}\n"


def _families(context: SiteContext) -> Iterator[Family]:
    yield from _of_registry(context)
    yield from _of_cells(context)
    yield from _of_environments(context)
    inbox = context.inbox
    yield Family(
        "versioner_inbox_events",
        "Events in the inbox, by state.",
        [
            Sample({"state": "waiting"}, len(inbox.waiting) + inbox.more_waiting),
            Sample({"state": "refused"}, len(inbox.refused) + inbox.more_refused),
        ],
    )


def _of_registry(context: SiteContext) -> Iterator[Family]:
    registry = context.registry
    errors = len(registry.errors)
    requests = sum(each.state == "open" for each in registry.governance.requests)
    for name, text, number in (
        ("commit_timestamp_seconds", "When the last commit was made.", seconds_of(context.now)),
        ("products", "Products.", len(registry.products)),
        ("environments", "Environments.", len(context.environments)),
        ("drifting_products", "Products whose environments differ.", len(context.drifting)),
        ("open_requests", "Deployment requests that are open.", requests),
    ):
        yield Family(f"versioner_{name}", text, [Sample({}, number)])
    problems = {"error": errors, "warning": len(registry.problems) - errors}
    yield _counted("problems", "Problems that validate reports.", "severity", problems)


def _of_cells(context: SiteContext) -> Iterator[Family]:
    """Yield the families with a sample for each product in each environment."""
    left_out = 0
    for name, text, samples in (
        ("running_version", "The version that runs, as a label.", _running),
        ("last_deployment_timestamp_seconds", "When the last deployment changed.", _latest),
    ):
        found = samples(context)
        kept = list(islice(found, _SAMPLES_MOST))
        left_out += sum(1 for _ in found)
        yield Family(f"versioner_{name}", text, kept)
    text = f"Samples beyond {_SAMPLES_MOST} of one name, which are not here."
    yield Family("versioner_samples_left_out", text, [Sample({}, left_out)])


def _running(context: SiteContext) -> Iterator[Sample]:
    for state in _states(context):
        place = {"product": state.product, "environment": state.environment}
        pairs = [(each.name, each.version) for each in state.instances] or [("", state.version)]
        for instance, version in pairs:
            if version:
                yield Sample({**place, "instance": instance, "version": version}, 1)


def _latest(context: SiteContext) -> Iterator[Sample]:
    for name, record in sorted(context.registry.products.items()):
        for environment in context.matrix.environments:
            cell = record.cells.get(environment)
            if cell is not None and cell.latest is not None:
                labels = {"product": name, "environment": environment}
                yield Sample(labels, seconds_of(cell.latest.changed_at))


def _of_environments(context: SiteContext) -> Iterator[Family]:
    """Yield the families that are counted by environment."""
    names = list(context.environments)
    results: Counter[tuple[str, str]] = Counter()
    for summary in context.catalogue:
        for environment, counts in summary.results.items():
            for status, number in counts.items():
                results[environment, status] += number
    statuses = ("pending", "started", "completed", "failed", "aborted")
    yield Family(
        "versioner_deployments",
        "Deployments by status, without void ones.",
        [
            Sample({"environment": name, "status": status}, results[name, status])
            for name in names
            for status in statuses
        ],
    )
    states = list(_states(context))
    for word, text, holds in _CONDITIONS:
        found = Counter(state.environment for state in states if holds(state))
        numbers = {name: found[name] for name in names}
        yield _counted(word, text, "environment", numbers)
    yield _counted(
        "closed", "Whether rules of windows close it at the last commit.", "environment",
        {name: int(name in _closed(context)) for name in names},
    )  # fmt: skip


_CONDITIONS: Final[tuple[tuple[str, str, Callable[[CellState], bool]], ...]] = (
    (
        "deployments_in_progress",
        "Products with a deployment that is pending or started.",
        lambda state: state.in_progress is not None,
    ),
    (
        "deployments_without_result",
        "Products with a deployment that has had no result for too long.",
        lambda state: state.no_result is not None,
    ),
    (
        "failed_last",
        "Products whose last deployment failed or was aborted.",
        lambda state: state.failed_last is not None,
    ),
)


def _closed(context: SiteContext) -> frozenset[str]:
    """Return the environments that are closed at the last commit."""
    now = seconds_of(context.now)
    return frozenset(
        environment
        for schedule in schedules_of(context)
        if schedule.rule.enforcement == "enabled"
        and any(
            (each.start is None or each.start <= now) and (each.end is None or now < each.end)
            for each in schedule.times
        )
        for environment in schedule.environments
    )


def _states(context: SiteContext) -> Iterator[CellState]:
    return (state for row in context.matrix.rows for state in row.cells)


def _counted(name: str, text: str, label: str, numbers: Mapping[str, int]) -> Family:
    samples = [Sample({label: key}, number) for key, number in numbers.items()]
    return Family(f"versioner_{name}", text, samples)
