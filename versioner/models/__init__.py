"""The data types of a registry: events, deployments, documents, problems.

Each module is imported when one of its names is first used, since recording an event needs only
the types of events.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from versioner.models.changes import Changes
    from versioner.models.deployments import (
        Cell,
        CellResults,
        Deployment,
        DeploymentKind,
        Instance,
        RunningPeriod,
        Undeployment,
        Version,
    )
    from versioner.models.documents import (
        Alias,
        CommitIdentity,
        Deletion,
        Environment,
        EnvironmentType,
        Forge,
        Link,
        Product,
        RegistryConfig,
    )
    from versioner.models.events import (
        BUILD_KEYS,
        DEPLOYMENT_KEYS,
        OBSERVATION_KEYS,
        STATUSES,
        BuildEvent,
        DeploymentEvent,
        Event,
        EventKind,
        EventStatus,
        LogKind,
        Observation,
        Status,
    )
    from versioner.models.problems import Problem, Severity

__all__ = [
    "BUILD_KEYS",
    "DEPLOYMENT_KEYS",
    "OBSERVATION_KEYS",
    "STATUSES",
    "Alias",
    "BuildEvent",
    "Cell",
    "CellResults",
    "Changes",
    "CommitIdentity",
    "Deletion",
    "Deployment",
    "DeploymentEvent",
    "DeploymentKind",
    "Environment",
    "EnvironmentType",
    "Event",
    "EventKind",
    "EventStatus",
    "Forge",
    "Instance",
    "Link",
    "LogKind",
    "Observation",
    "Problem",
    "Product",
    "RegistryConfig",
    "RunningPeriod",
    "Severity",
    "Status",
    "Undeployment",
    "Version",
]

_MODULES = ("events", "changes", "documents", "deployments", "problems")


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in _MODULES:
            found = importlib.import_module(f"{__name__}.{module}")
            if name in found.__all__:
                # Stored in the module, so that __getattr__ is called once for each name.
                value = globals()[name] = getattr(found, name)
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
