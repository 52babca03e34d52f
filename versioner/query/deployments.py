"""Find deployments by product, environment, version, status, person and time, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.errors import Ambiguous, NotFound
from versioner.models.event_fields import personal_fields
from versioner.query.derived.running_versions import place_text
from versioner.registry.index import DeploymentFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from versioner.models import Deployment, Undeployment

    Entry = Deployment | Undeployment
    from versioner.registry.index import RegistryIndex
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["existing_names", "find", "find_by_id", "find_in_index"]

_SHORTEST_ID: Final = 6


def find(
    registry: Registry,
    *,
    product: str | None = None,
    environment: str | None = None,
    version: str | None = None,
    status: str | None = None,
    person: str | None = None,
    since: str | None = None,
    until: str | None = None,
    limit: int | None = None,
) -> list[Entry]:
    """Return the deployments and undeployments that match all filters, the latest first.

    Without `status`, void ones are included; a status excludes them, and "void" selects them.
    `since` and `until` (UTC text, both inclusive) limit when a deployment began. `person` is a
    login, e-mail or name, upper and lower case alike. Raises NotFound for an unknown product or
    environment.
    """
    records = [*registry.products.values()] if product is None else [registry.resolve(product)]
    if environment is not None:
        environment = registry.environment_name(environment)
    if environment is not None and not any(environment in each.cells for each in records):
        registry.environment(environment)
    tests = list(_tests(version, status, person, since, until))
    found = [
        deployment
        for record in records
        for deployment in _candidates(record, environment)
        if all(test(deployment) for test in tests)
    ]
    # A sort with reverse=True would keep deployments of one second in order, oldest first.
    found.sort(key=lambda each: (each.at, each.product, each.environment, each.instance))
    found.reverse()
    return found if limit is None else found[:limit]


def existing_names(
    index: RegistryIndex, product: str | None, environment: str | None
) -> tuple[str | None, str | None]:
    """Return the present names of a product and an environment, which may be given by old ones.

    An index that is asked for a product was opened for that one. Raises NotFound for an
    environment that neither a file nor an event names.
    """
    if product is not None:
        (product,) = index.product_names
    if environment is not None:
        environment = index.head.environment_name(environment)
        if not index.count_deployments(DeploymentFilter(product, environment)):
            index.head.environment(environment)
    return product, environment


def find_in_index(index: RegistryIndex, registry: Registry, event_id: str) -> Entry:
    """Return what `find_by_id` returns; only products that have such an event are read.

    Of the usual deployment, which has one event, no more than itself is read. `registry` is that
    of the index.
    """
    named, _, digits = event_id.rpartition("/")
    found = index.find_deployments(digits, is_whole=len(digits) < _SHORTEST_ID)
    if named:
        product = registry.resolve(named).name
        found = {name: each for name, each in found.items() if name == product}
    entries = [*found.values()]
    if len(entries) == 1 and len(entries[0]) == 1 and entries[0][0] is not None:
        return entries[0][0]
    return _chosen([registry.products[name] for name in sorted(found)], digits)


def find_by_id(registry: Registry, event_id: str, product: str | None = None) -> Entry:
    """Return the deployment or undeployment that has an event with this id, or raise NotFound.

    The beginning of an id is enough where it matches one deployment only. PRODUCT/ID names the
    product, too.
    """
    named, _, event_id = event_id.rpartition("/")
    product = product or named or None
    records = [*registry.products.values()] if product is None else [registry.resolve(product)]
    return _chosen(records, event_id)


def _chosen(records: Iterable[ProductRecord], event_id: str) -> Entry:
    exact: dict[str, Entry] = {}
    near: dict[int, Entry] = {}
    for record in records:
        for deployment in _candidates(record, None):
            void = [event for event, _ in deployment.void_events]
            for event in (*deployment.events, *void):
                if event["id"] == event_id:
                    exact.setdefault(record.name, deployment)
                if len(event_id) >= _SHORTEST_ID and event["id"].startswith(event_id):
                    near[id(deployment)] = deployment
    if len(exact) > 1:
        raise NotFound(
            f'deployments of {" and ".join(sorted(exact))} have the id "{event_id[:64]}"',
            hint=f"write one of: {' or '.join(f'{name}/{event_id}' for name in sorted(exact))}",
        )
    found = [*exact.values()] or [*near.values()]
    if len(found) == 1:
        return found[0]
    if len(event_id) < _SHORTEST_ID:
        raise NotFound(
            f'the beginning of an id needs at least {_SHORTEST_ID} characters, "{event_id}" has '
            f"{len(event_id)}",
            hint="`versioner deployment list` shows the ids",
        )
    if near:
        raise Ambiguous(
            f'{len(near)} deployments have ids that begin with "{event_id[:64]}"',
            [_candidate(each) for each in near.values()],
            remedy="write more characters of one of these ids",
        )
    raise NotFound(
        f'no deployment has an id "{event_id[:64]}"',
        hint="`versioner deployment list --output json` shows whole ids",
    )


def _candidate(deployment: Entry) -> str:
    """Return a deployment in a line that begins with the id to write; two products may share it."""
    place = place_text(deployment.environment, deployment.instance)
    what = f"{deployment.version or deployment.status} to {place}, {deployment.at}"
    return f"{deployment.product}/{deployment.id}  {what}"


def _candidates(record: ProductRecord, environment: str | None) -> list[Entry]:
    if environment is None:
        undeployments = [each for cell in record.cells.values() for each in cell.undeployments]
        return [*record.deployments, *undeployments]
    cell = record.cell(environment)
    return [*cell.deployments, *cell.undeployments]


def _tests(
    version: str | None,
    status: str | None,
    person: str | None,
    since: str | None,
    until: str | None,
) -> Iterator[Callable[[Entry], bool]]:
    if version is not None:
        yield lambda each: each.version == version
    if status == "void":
        yield lambda each: each.void is not None
    elif status is not None:
        yield lambda each: each.void is None and each.status == status
    if since is not None:
        yield lambda each: each.at >= since
    if until is not None:
        yield lambda each: each.at <= until
    if person is not None:
        wanted = person.casefold()
        yield lambda each: any(
            str(event.get(key, "")).casefold() == wanted
            for event in each.events
            for key in personal_fields("deployment")
        )
