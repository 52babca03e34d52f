"""The field's nouns as typed data; no behaviour beyond what a noun knows of itself."""

from versioner.models.changes import Changes
from versioner.models.deployments import Cell, Deployment, DeploymentKind, Version
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
    STATUSES,
    BuildEvent,
    DeploymentEvent,
    Event,
    EventKind,
    Status,
)
from versioner.models.problems import Problem, Severity

__all__ = [
    "BUILD_KEYS",
    "DEPLOYMENT_KEYS",
    "STATUSES",
    "Alias",
    "BuildEvent",
    "Cell",
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
    "Forge",
    "Link",
    "Problem",
    "Product",
    "RegistryConfig",
    "Severity",
    "Status",
    "Version",
]
