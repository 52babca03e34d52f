"""The files that people edit, as typed data."""

from __future__ import annotations

from typing import Any, Final, Literal, NotRequired, TypedDict

__all__ = [
    "DEFAULT_STALE_AFTER",
    "Alias",
    "CommitIdentity",
    "Deletion",
    "Environment",
    "EnvironmentType",
    "Forge",
    "Link",
    "NotificationChannel",
    "Observe",
    "Product",
    "RegistryConfig",
]

# How long a started deployment may have no result, where its environment does not say.
DEFAULT_STALE_AFTER: Final = "24h"

EnvironmentType = Literal["dev", "test", "staging", "production", "other"]


class Link(TypedDict):
    """A link to another page."""

    title: str
    url: str


class Observe(TypedDict):
    """How `versioner observe` recognizes a product: by the names of its images."""

    images: NotRequired[list[str]]


class DeploymentButton(TypedDict):
    """A link that deploys a version to an environment."""

    title: str
    url: str
    environments: NotRequired[list[str]]
    only_when: NotRequired[Literal["allowed"]]


class Product(TypedDict):
    """A deployable component (`products/<name>/product.yaml`)."""

    name: str
    title: NotRequired[str]
    description: NotRequired[str]
    lifecycle: NotRequired[Literal["active", "deprecated"]]
    links: NotRequired[list[Link]]
    depends_on: NotRequired[list[str]]
    source_paths: NotRequired[list[str]]
    observe: NotRequired[Observe]
    buttons: NotRequired[list[DeploymentButton]]
    variables: NotRequired[dict[str, str]]
    extra_metadata: NotRequired[dict[str, Any]]


class Environment(TypedDict):
    """A deployment target (`environments/<name>.yaml`)."""

    name: str
    title: NotRequired[str]
    aliases: NotRequired[list[str]]
    type: NotRequired[EnvironmentType]
    order: NotRequired[int]
    description: NotRequired[str]
    instances: NotRequired[list[str]]
    stale_after: NotRequired[str]
    metadata: NotRequired[dict[str, Any]]
    retired: NotRequired[bool]


class Alias(TypedDict):
    """An old name of a product (`aliases/<old name>.yaml`)."""

    to: str


class Deletion(TypedDict):
    """The record of a deleted product (`deleted/<name>.yaml`)."""

    deleted_at: str
    deleted_by: NotRequired[str]
    last_commit: str


class Forge(TypedDict):
    """The forge that hosts the registry, for links."""

    type: Literal["github", "gitlab", "gitea", "forgejo", "bitbucket", "none"]
    url: NotRequired[str]


class CommitIdentity(TypedDict):
    """The author of the tool's commits, where git has no identity configured."""

    name: str
    email: str


class KeyPattern(TypedDict):
    """How messages of commits name a pull request or ticket, and the address of its page."""

    match: str
    url: NotRequired[str]


class ChangesSettings(TypedDict):
    """Which commits are recorded, and the keys in their messages."""

    record: NotRequired[Literal["auto", "never"]]
    patterns: NotRequired[list[KeyPattern]]


class MetricsSettings(TypedDict):
    """What the metrics count; durations are texts such as `7d`."""

    rollback_window: NotRequired[str]
    rework_window: NotRequired[str]
    environments: NotRequired[list[str]]
    failures: NotRequired[list[Literal["failed", "aborted", "rolled-back"]]]


class NotificationChannel(TypedDict):
    """Where notifications are sent: the names of variables that have the address and the secret."""

    name: str
    to: str
    url_env: str
    secret_env: NotRequired[str]
    events: NotRequired[list[str]]
    products: NotRequired[list[str]]
    environments: NotRequired[list[str]]
    teams: NotRequired[list[str]]


class RegistryConfig(TypedDict):
    """The configuration of a registry (`registry.yaml`)."""

    schema_version: int
    title: NotRequired[str]
    description: NotRequired[str]
    forge: NotRequired[Forge]
    branch: NotRequired[str]
    names: NotRequired[Literal["strict", "slugify"]]
    create: NotRequired[Literal["auto", "never"]]
    via: NotRequired[Literal["auto", "direct", "inbox"]]
    people: NotRequired[Literal["none", "login", "all"]]
    groups: NotRequired[dict[str, list[str]]]
    commit: NotRequired[CommitIdentity]
    buttons: NotRequired[list[DeploymentButton]]
    variables: NotRequired[dict[str, str]]
    changes: NotRequired[ChangesSettings]
    metrics: NotRequired[MetricsSettings]
    lag: NotRequired[dict[str, Any]]
    notify: NotRequired[list[NotificationChannel]]
    site: NotRequired[dict[str, Any]]
