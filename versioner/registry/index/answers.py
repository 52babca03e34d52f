"""What the index is asked for, and its short answers."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CellStep", "DeploymentFilter", "FoundEvent", "FoundSource", "IndexCounts"]


class DeploymentFilter(NamedTuple):
    """Which deployments and undeployments are asked for; None leaves a filter out.

    Without `status`, void ones are included; a status excludes them, and "void" selects them.
    `since` and `until` (UTC text, both inclusive) limit when a deployment began. `changed_since`
    leaves out what changed last before, and is not void. `person` is a login, e-mail or name, upper
    and lower case alike.
    """

    product: str | None = None
    environment: str | None = None
    version: str | None = None
    status: str | None = None
    person: str | None = None
    since: str | None = None
    until: str | None = None
    changed_since: str | None = None


class FoundEvent(NamedTuple):
    """The product and the whole id of an event that was found by the beginning of its id."""

    product: str
    id: str


class IndexCounts(NamedTuple):
    """How much the index has; events are those of all logs."""

    products: int
    events: int
    deployments: int


class FoundSource(NamedTuple):
    """A version with an artifact or a commit that was found by its digits."""

    product: str
    version: str


class CellStep(NamedTuple):
    """A completion or an undeployment in a cell: when, on which instance, of which version.

    An undeployment has the version "".
    """

    at: str
    instance: str
    version: str
