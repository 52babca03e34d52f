"""People's files as data: the shapes that the schemas allow."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

__all__ = [
    "Alias",
    "CommitIdentity",
    "Deletion",
    "Environment",
    "EnvironmentType",
    "Forge",
    "Link",
    "Product",
    "RegistryConfig",
]

EnvironmentType = Literal["dev", "test", "staging", "production", "other"]


class Link(TypedDict):
    """Lead to a page elsewhere."""

    title: str
    url: str


class Product(TypedDict):
    """Describe a deployable component (`products/<name>/product.yaml`)."""

    name: str
    title: NotRequired[str]
    description: NotRequired[str]
    lifecycle: NotRequired[Literal["active", "deprecated"]]
    links: NotRequired[list[Link]]
    depends_on: NotRequired[list[str]]
    extra_metadata: NotRequired[dict[str, Any]]


class Environment(TypedDict):
    """Describe a deployment target (`environments/<name>.yaml`)."""

    name: str
    title: NotRequired[str]
    type: NotRequired[EnvironmentType]
    order: NotRequired[int]
    description: NotRequired[str]
    stale_after: NotRequired[str]
    metadata: NotRequired[dict[str, Any]]
    retired: NotRequired[bool]


class Alias(TypedDict):
    """Lead from an old name to a product (`aliases/<old name>.yaml`)."""

    to: str


class Deletion(TypedDict):
    """Record that a product was deleted (`deleted/<name>.yaml`)."""

    deleted_at: str
    deleted_by: NotRequired[str]
    last_commit: str


class Forge(TypedDict):
    """Say where the repository is hosted, for links."""

    type: Literal["github", "gitlab", "gitea", "forgejo", "bitbucket", "none"]
    url: NotRequired[str]


class CommitIdentity(TypedDict):
    """Name who the tool's commits are by, where git knows nobody."""

    name: str
    email: str


class RegistryConfig(TypedDict):
    """Configure a registry (`registry.yaml`)."""

    schema_version: int
    title: NotRequired[str]
    description: NotRequired[str]
    forge: NotRequired[Forge]
    branch: NotRequired[str]
    names: NotRequired[Literal["strict", "slugify"]]
    via: NotRequired[Literal["auto", "direct", "inbox"]]
    people: NotRequired[Literal["none", "login", "all"]]
    commit: NotRequired[CommitIdentity]
    site: NotRequired[dict[str, Any]]
