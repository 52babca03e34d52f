"""Facts derived from a registry, such as drift and owner, each computed here and nowhere else.

The command line, the API, the pages, the badges and the feeds all read these functions, so that
no two of them give different answers.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from versioner.errors import NotFound
from versioner.models.events import DEFAULT_ARTIFACT
from versioner.names import nearest
from versioner.query.times import seconds_between
from versioner.rules.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from versioner.models import Deployment, Event, Instance, Version
    from versioner.registry.records import EnvironmentUse, ProductRecord, Registry

__all__ = [
    "CONTACT_KEYS",
    "Contact",
    "EventDetails",
    "HiddenEnvironment",
    "active_since",
    "artifact_lines",
    "build_details",
    "compared_environments",
    "contacts_of",
    "dependents",
    "event_details",
    "former_names",
    "instance_names",
    "is_drifting",
    "is_inactive",
    "last_deployed_at",
    "latest_value",
    "owner_of",
    "pending_instances",
    "place_text",
    "products_of_team",
    "version_on",
]

_INACTIVE_AFTER_SECONDS: Final = 365 * 24 * 3600

# An environment is compared when at least one in ten of the active products was deployed there.
_ONE_IN: Final = 10

# The keys of a product's metadata that name its owner; the first one that is set counts.
_OWNER_KEYS: Final = ("team", "owner")


# The fields whose parts have latest values of their own.
_MERGED: Final = frozenset(("extra_metadata", "artifacts"))

# The keys of metadata that readers know: whom to ask, and where to look, when something failed.
CONTACT_KEYS: Final = ("team", "owner", "on_call", "chat", "runbook", "ticket")


class Contact(NamedTuple):
    """A value of a known key of metadata: whom to ask, or where to look, about a product."""

    key: str
    text: str

    @property
    def label(self) -> str:
        """Return the key as words: `on call`."""
        return self.key.replace("_", " ")


class HiddenEnvironment(NamedTuple):
    """An environment that is not compared for drift, and the reason."""

    environment: str
    why: str


class RunningVersions(Protocol):
    """What runs in a cell, as it is compared with another one."""

    @property
    def instances(self) -> Sequence[Instance]:
        """Return the states of the instances; none where there are none."""

    def version_on(self, instance: str) -> str:
        """Return the version on an instance, "" for none."""


class EventDetails(NamedTuple):
    """The latest value of each field that some events have, and of each key of their metadata."""

    fields: dict[str, Any]
    metadata: dict[str, Any]


def is_drifting(cells: Sequence[RunningVersions]) -> bool:
    """Return whether two of the environments compared run different versions on one instance.

    An environment where nothing runs on the instance is not compared.
    """
    return any(
        len({version for each in cells if (version := each.version_on(name))}) > 1
        for name in instance_names(*cells)
    )


def instance_names(*cells: RunningVersions) -> list[str]:
    """Return the instances by which cells are compared; "" stands for those not named."""
    named = dict.fromkeys(each.name for cell in cells for each in cell.instances)
    return [*named] if named else [""]


def pending_instances(
    lower: RunningVersions, upper: RunningVersions
) -> Iterator[tuple[str, str, str]]:
    """Yield the instances that run another version than the environment before: both versions.

    An environment without an instance of that name is compared by the one version that it runs.
    """
    for name in instance_names(upper) if upper.instances else instance_names(lower):
        here, there = lower.version_on(name), upper.version_on(name)
        if not here and not _has_instance(lower, name):
            here = _only_version(lower)
        if here and here != there:
            yield name, here, there


def _has_instance(cell: RunningVersions, name: str) -> bool:
    return not cell.instances or any(each.name in (name, "") for each in cell.instances)


def _only_version(cell: RunningVersions) -> str:
    versions = {each.version for each in cell.instances if each.version}
    return versions.pop() if len(versions) == 1 else ""


def version_on(instances: Sequence[Instance], name: str, whole: str) -> str:
    """Return the version on an instance of a cell, "" for none.

    The unnamed instance stands for those not named, and `whole` for all where none is.
    """
    if not instances:
        return whole
    states = {each.name: each.version for each in instances}
    return states[name] if name in states else states.get("", "")


def place_text(environment: str, instance: str) -> str:
    """Return an environment with the instance of it, where there is one: `production/eu`."""
    return f"{environment}/{instance}" if instance else environment


def compared_environments(
    use: EnvironmentUse, environments: Sequence[str]
) -> tuple[tuple[str, ...], tuple[HiddenEnvironment, ...]]:
    """Return the environments that are compared for drift, and the others with the reason.

    `use` is that of the last year, by all products. An environment is compared when enough of the
    products that were deployed in that time were deployed there. All are compared when no
    environment is in such use.
    """
    active, users = use.products, {name: use.users.get(name, 0) for name in environments}
    compared = tuple(name for name in environments if users[name] * _ONE_IN >= max(1, active))
    if not compared:
        return tuple(environments), ()
    return compared, tuple(
        HiddenEnvironment(name, _why_hidden(users[name], active))
        for name in environments
        if name not in compared
    )


def active_since(now: str) -> str:
    """Return the moment since which a product must have been deployed to be in use."""
    try:
        return utc_text(datetime.fromisoformat(now) - timedelta(seconds=_INACTIVE_AFTER_SECONDS))
    except OverflowError:
        return ""


def is_inactive(at: str, now: str) -> bool:
    """Return whether the last deployment ("": never) was over a year before `now`."""
    return not at or seconds_between(at, now) > _INACTIVE_AFTER_SECONDS


def last_deployed_at(deployments: Iterable[Deployment]) -> str:
    """Return when the latest deployment began, void ones left out; "" for never."""
    return max((each.at for each in deployments if each.void is None), default="")


def owner_of(record: ProductRecord, hidden: Collection[str] = ()) -> str:
    """Return the team or person that owns a product, "" where its file names none."""
    metadata = record.document.get("extra_metadata") or {}
    values = (metadata.get(key) for key in _OWNER_KEYS if key not in hidden)
    return next((str(value) for value in values if value), "")


def products_of_team(records: Iterable[ProductRecord], team: str) -> list[str]:
    """Return the names of the products that a team owns, whatever the case of its name.

    Raises NotFound, with the nearest names, where none has that owner.
    """
    owners = {record.name: owner_of(record) for record in records}
    found = [name for name, owner in owners.items() if owner.lower() == team.strip().lower()]
    if not found:
        near = nearest(team, sorted({*owners.values()} - {""}))
        raise NotFound(
            f'no product has the team "{team}"',
            hint=f"did you mean {', '.join(near)}?"
            if near
            else "extra_metadata.team of a product's file names its team",
        )
    return found


def contacts_of(
    record: ProductRecord, events: Sequence[Event] = (), hidden: Collection[str] = ()
) -> list[Contact]:
    """Return whom to ask about a product: the values of the known keys of its metadata.

    Metadata of `events`, those of a deployment, takes precedence: its own ticket, for example. A
    list gives one contact for each text; deeper data gives none.
    """
    found = {**(record.document.get("extra_metadata") or {}), **event_details(events).metadata}
    return [
        Contact(key, str(each))
        for key in CONTACT_KEYS
        if key not in hidden
        for each in _values(found.get(key))
        if isinstance(each, str | int | float) and not isinstance(each, bool) and str(each).strip()
    ]


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def dependents(registry: Registry) -> dict[str, list[str]]:
    """Return for each product the other products that depend on it, by name."""
    found: dict[str, list[str]] = {name: [] for name in registry.products}
    for name, others in sorted(registry.dependencies.items()):
        for needed in others:
            if needed in found and needed != name and name not in found[needed]:
                found[needed].append(name)
    return found


def former_names(registry: Registry) -> dict[str, list[str]]:
    """Return by product the names that it had before; those that had none are left out.

    Events may still use these names. An alias that is the name of another product is none.
    """
    found: dict[str, list[str]] = {}
    for alias in sorted(registry.aliases):
        if alias not in registry.products:
            found.setdefault(registry.target_of(alias), []).append(alias)
    return found


def latest_value(events: Sequence[Event], field: str, hidden: Collection[str] = ()) -> str:
    """Return the latest value of a field in some events, "" where none has it or it is hidden."""
    if field in hidden:
        return ""
    if len(events) == 1:
        # Nearly all deployments have one event.
        value = events[0].get(field)
        return str(value) if value else ""
    for event in reversed(events):
        if value := event.get(field):
            return str(value)
    return ""


def event_details(events: Sequence[Event]) -> EventDetails:
    """Return the latest value of each field, and of each artifact and each key of metadata.

    Empty values are left out.
    """
    if len(events) == 1 and not _MERGED & events[0].keys():
        return EventDetails({key: value for key, value in events[0].items() if value}, {})
    fields: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for event in events:
        for key, value in event.items():
            if key == "extra_metadata":
                metadata.update(value)
            elif key == "artifacts":
                fields[key] = {**fields.get(key, {}), **value}
            elif value:
                fields[key] = value
    return EventDetails(fields, metadata)


def build_details(version: Version) -> EventDetails:
    """Return the details of a version's builds, and the artifacts of all of its events."""
    details = event_details(version.builds)
    if version.artifacts:
        details.fields["artifacts"] = version.artifacts
    return details


def artifact_lines(artifacts: Mapping[str, str]) -> list[str]:
    """Return artifacts as texts, `image sha256:...`, in order of name; without the default name."""
    return [
        digest if name == DEFAULT_ARTIFACT else f"{name} {digest}"
        for name, digest in sorted(artifacts.items())
    ]


def _why_hidden(users: int, active: int) -> str:
    if not users:
        return "nothing was deployed there in the last year"
    products = "1 product" if users == 1 else f"{users:,} products"
    return f"only {products} of {active} deployed there in the last year"
