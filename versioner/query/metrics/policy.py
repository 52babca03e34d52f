"""What the metrics count, as `metrics` of registry.yaml says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from versioner.query.times.text import parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.registry.records import Registry

__all__ = ["LEAST_SAMPLES", "MetricsPolicy", "metrics_policy"]

# With fewer samples no verdict is given, because one more sample may change the median much.
LEAST_SAMPLES: Final = 5
_WEEK: Final = 7 * 86400
_DAY: Final = 86400


@dataclass(frozen=True, slots=True)
class MetricsPolicy:
    """The windows of the metrics in seconds, the environments that count, and what is a failure.

    `environments` are those whose deployments count, None for all. `lead_time_environments` are
    those in which a lead time ends, None for all. `failures` are words out of `failed`, `aborted`
    and `rolled-back`.
    """

    rollback_window: int = _WEEK
    rework_window: int = _DAY
    environments: frozenset[str] | None = None
    lead_time_environments: frozenset[str] | None = frozenset()
    failures: frozenset[str] = frozenset(("failed", "rolled-back"))

    def in_environment(self, environment: str) -> MetricsPolicy:
        """Return the policy of a question about one environment, which is told to count."""
        only = frozenset((environment,))
        return MetricsPolicy(self.rollback_window, self.rework_window, only, only, self.failures)

    @property
    def everywhere(self) -> MetricsPolicy:
        """Return the policy with all environments, for figures that are chosen from later."""
        return MetricsPolicy(self.rollback_window, self.rework_window, None, None, self.failures)

    def counts(self, environment: str) -> bool:
        """Return whether the deployments to an environment count."""
        return self.environments is None or environment in self.environments

    def has_lead_times(self, environment: str) -> bool:
        """Return whether a lead time ends in an environment."""
        chosen = self.lead_time_environments
        return chosen is None or environment in chosen


def metrics_policy(registry: Registry) -> MetricsPolicy:
    """Return the policy of a registry: a lead time ends in production unless `metrics` says so.

    An environment is named by its name or a former one.
    """
    told: Mapping[str, Any] = registry.config.get("metrics") or {}
    named = told.get("environments")
    chosen = None if named is None else frozenset(map(registry.environment_name, named))
    production = frozenset(
        name
        for name, document in registry.environments.items()
        if document.get("type") == "production"
    )
    return MetricsPolicy(
        rollback_window=_seconds(told, "rollback_window", _WEEK),
        rework_window=_seconds(told, "rework_window", _DAY),
        environments=chosen,
        lead_time_environments=production if chosen is None else chosen,
        failures=frozenset(told.get("failures") or ("failed", "rolled-back")),
    )


def _seconds(told: Mapping[str, Any], key: str, default: int) -> int:
    return parse_duration(told[key]) if key in told else default
