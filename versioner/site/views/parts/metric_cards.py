"""The metrics as cards, each with its definition, and as rows of weeks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.query.metrics.documents import duration_text
from versioner.query.metrics.periods import Period, periods_between
from versioner.query.metrics.policy import LEAST_SAMPLES
from versioner.query.metrics.summary import Tally
from versioner.query.times.text import age_text
from versioner.query.today.sentences import joined
from versioner.site.weeks import day_before, months_before
from versioner.site.wording import count, day_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from versioner.query.metrics.policy import MetricsPolicy
    from versioner.query.metrics.summary import Metrics, Spread
    from versioner.site.context import SiteContext
    from versioner.site.summaries.ended import EndedRow
    from versioner.site.views.parts.layout import View

__all__ = [
    "days_of",
    "figures_of",
    "metrics_in",
    "metrics_of_products",
    "metrics_view",
    "periods_to",
    "scope_words",
    "team_metrics",
    "week_rows",
]

_DAYS: Final = 90
_MONTHS: Final = 12


def periods_to(at: str) -> list[Period]:
    """Return the periods that pages show: 90 days and 12 months, to the end of the day of a time.

    They begin and end with a day (UTC), so that they are the same all day.
    """
    end = f"{at[:10]}T23:59:59Z"
    year = f"{months_before(at[:7], _MONTHS - 1)}-01"
    return [
        Period(f"{_DAYS} days", f"{day_before(at, _DAYS - 1)}T00:00:00Z", end),
        Period(f"{_MONTHS} months", f"{year}T00:00:00Z", end),
    ]


def metrics_in(days: Mapping[str, Tally], period: Period) -> Metrics:
    """Return the metrics of a period of whole days from what ended on each."""
    total = Tally()
    for day, tally in days.items():
        if period.since[:10] <= day <= period.until[:10]:
            total.add_all(tally)
    return total.metrics(period)


def metrics_of_products(context: SiteContext) -> dict[str, Metrics]:
    """Return by product the metrics of 12 months, of those of which any deployment ended."""
    year = periods_to(context.now)[-1]
    found = {}
    for name in context.registry.products:
        total = Tally()
        for month, tally in context.tallies.products.get(name, {}).items():
            # The months of the period are whole but for the days after its last one.
            if year.since[:7] <= month <= year.until[:7]:
                total.add_all(tally)
        metrics = total.metrics(year)
        if metrics.is_any:
            found[name] = metrics
    return found


def days_of(rows: Iterable[EndedRow], policy: MetricsPolicy) -> dict[str, Tally]:
    """Return by day what ended of one product, in the environments that count."""
    found: dict[str, Tally] = {}
    for row in rows:
        if policy.counts(row.environment):
            tally = found.get(row.at[:10])
            if tally is None:
                tally = found[row.at[:10]] = Tally()
            tally.add(row, lead_times=policy.has_lead_times(row.environment))
    return found


def team_metrics(context: SiteContext, team: str) -> View:
    """Return the view of the macro `metrics_cards` for a team."""
    days = context.tallies.days(team=team)
    return metrics_view(
        days,
        context.now,
        context.tallies.policy,
        f"--team '{team}'",
        scope=scope_words(context),
    )


def scope_words(context: SiteContext, environment: str = "") -> str:
    """Return which environments the figures cover, of one environment or of those that count."""
    policy = context.tallies.policy
    if environment:
        return f"Deployments to {context.environment_title(environment)} alone."
    names = [each for each in context.environments if policy.counts(each)]
    leads = [context.environment_title(each) for each in names if policy.has_lead_times(each)]
    every = "all environments" if policy.environments is None else "these environments"
    ends = f" Lead times end in {joined(leads)}." if leads and len(leads) < len(names) else ""
    titles = [context.environment_title(each) for each in names]
    return f"Deployments to {every}, taken together: {joined(titles)}.{ends}" if names else ""


def metrics_view(
    days: Mapping[str, Tally],
    until: str,
    policy: MetricsPolicy,
    options: str = "",
    *,
    scope: str = "",
    links: Sequence[str] = ("",) * 5,
) -> View:
    """Return the view of the macro `metrics_cards`: each metric, over both periods up to a day.

    `options` are those of `versioner metrics` that ask for the same deployments. `scope` says which
    environments the figures cover; `links` lead to what each metric counts, "" for none.
    """
    periods = periods_to(until)
    found = [metrics_in(days, period) for period in periods]
    values = zip(*map(_values, found), strict=True)
    return {
        "cards": [
            {
                "name": name,
                "href": href if any(each.is_any for each in found) else "",
                "definition": definition,
                "values": [
                    {**value, "period": period.name}
                    for value, period in zip(own, periods, strict=True)
                ],
            }
            for (name, definition), own, href in zip(
                _definitions(policy), values, links, strict=True
            )
        ],
        "any": any(each.is_any for each in found),
        "scope": scope,
        "until_text": day_text(until),
        "commands": [_command(period, options) for period in periods],
    }


def _command(period: Period, options: str) -> str:
    parts = ("versioner metrics", options, f"--since {period.since[:10]}")
    return " ".join(filter(None, (*parts, f"--until {period.until[:10]}")))


def _definitions(policy: MetricsPolicy) -> list[tuple[str, str]]:
    back, soon = age_text(policy.rollback_window), age_text(policy.rework_window)
    failures = {
        "failed": "failed",
        "aborted": "were aborted",
        "rolled-back": f"were rolled back from within {back}",
    }
    failed = [words for name, words in failures.items() if name in policy.failures]
    return [
        (
            "Deployment frequency",
            "Completed deployments of another version than ran there before. Rollbacks are among"
            " them; redeployments are counted apart.",
        ),
        (
            "Lead time",
            "From the first build of a version, else its first deployment anywhere, to its first"
            " completion in the environment.",
        ),
        ("Change failure rate", f"The share of the changes that {_either(failed)}."),
        (
            "Time to restore",
            "From a failed change to the next completion there of a version that stayed: that was"
            f" not itself rolled back from within {back}.",
        ),
        ("Rework", f"Completed changes within {soon} of a failed change there."),
    ]


def _either(words: Sequence[str]) -> str:
    return " or ".join(words) or "failed (nothing counts as a failure here)"


def _values(metrics: Metrics) -> list[View]:
    """Return the value of each metric, in the order of the definitions."""
    changes = count(metrics.changes, "change")
    from_build = metrics.lead_times_from_build
    return [
        {
            "value": f"{metrics.completed:,}",
            "detail": f"{count(metrics.rollbacks, 'rollback')} among them,"
            f" {count(metrics.redeployments, 'redeployment')} apart",
            "few": "",
        },
        _spread(metrics.lead_time, "version", f", {from_build:,} from a build"),
        {
            "value": _rate(metrics),
            "detail": f"{metrics.failed:,} of {changes}",
            "few": _few(metrics.changes),
        },
        _spread(metrics.time_to_restore, "failure"),
        {"value": f"{metrics.rework:,}", "detail": f"of {changes}", "few": ""},
    ]


def _spread(spread: Spread, noun: str, more: str = "") -> View:
    if spread.q1 is None or spread.median is None or spread.q3 is None:
        return {"value": "-", "detail": f"no {noun}", "few": ""}
    quartiles = f"{duration_text(spread.q1)} to {duration_text(spread.q3)}"
    return {
        "value": duration_text(spread.median),
        "detail": f"quartiles {quartiles}, {count(spread.n, noun)}{more}",
        "few": _few(spread.n),
    }


def _few(number: int) -> str:
    return f"fewer than {LEAST_SAMPLES} samples say little" if 0 < number < LEAST_SAMPLES else ""


def week_rows(days: Mapping[str, Tally], period: Period) -> list[View]:
    """Return the weeks of a period with any deployment, newest first: a row of figures each."""
    weeks = [metrics_in(days, week) for week in periods_between(period.since, period.until, "week")]
    return [_week(each) for each in reversed(weeks) if each.is_any]


def _week(metrics: Metrics) -> View:
    return {
        "name": metrics.period.name,
        "since": metrics.period.since[:10],
        "until": metrics.period.until[:10],
        "month": metrics.period.until[:7],
        "numbers": figures_of(metrics),
    }


def figures_of(metrics: Metrics) -> list[str]:
    """Return the figures of a row of a week or of a product, in the order of the columns."""
    return [
        f"{metrics.completed:,}",
        f"{metrics.rollbacks:,}",
        f"{metrics.failed:,} of {metrics.changes:,}",
        _rate(metrics),
        _median(metrics.lead_time),
        _median(metrics.time_to_restore),
        f"{metrics.rework:,}",
    ]


def _rate(metrics: Metrics) -> str:
    """Return the change failure rate, `-` without changes."""
    return "-" if metrics.failure_rate is None else f"{metrics.failure_rate:.1%}"


def _median(spread: Spread) -> str:
    """Return a median, `-` without samples."""
    return "-" if spread.median is None else duration_text(spread.median)
