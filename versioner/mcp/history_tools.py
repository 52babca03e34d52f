"""Tools that answer what happened: deployments, who made them, and what changed since."""

from contextlib import AbstractContextManager
from typing import Any

from versioner.errors import InvalidInput
from versioner.mcp.answers import Answer, page_of
from versioner.mcp.arguments import (
    Cursor,
    DeploymentId,
    Digits,
    Environment,
    Limit,
    Person,
    Product,
    Since,
    Status,
    Until,
    Version,
)
from versioner.mcp.source import ReadRegistry, RegistrySource
from versioner.names import canonical_status
from versioner.query.compare.environments import EnvironmentAt, diff
from versioner.query.deployments import existing_names
from versioner.query.deployments import find_in_index as find_deployment
from versioner.query.derived.latest_values import latest_value
from versioner.query.source_links import commit_url
from versioner.query.times.text import parse_moment
from versioner.query.versions.product_versions import find_in_index, list_versions, show_version
from versioner.registry.index import DeploymentFilter
from versioner.reporting.query.deployments import deployment_document
from versioner.reporting.query.differences import difference_document
from versioner.reporting.query.versions import version_document, version_summary

__all__ = ["HistoryTools"]

_LATEST = 20
_PEOPLE = ("deployed_by", "deployed_by_name", "deployed_by_email")


class HistoryTools:
    """The tools about deployments, versions, and changes between two moments."""

    def __init__(self, source: RegistrySource) -> None:
        self._source = source

    def _reading(self) -> AbstractContextManager[ReadRegistry]:
        return self._source.reading()

    def get_deployments(
        self,
        product: Product = "",
        environment: Environment = "",
        status: Status = "",
        since: Since = "",
        until: Until = "",
        version: Version = "",
        person: Person = "",
        limit: Limit = 20,
        cursor: Cursor = "",
    ) -> Answer:
        """Return deployments that match all that is given, the latest first.

        `kind` is deployment, redeployment, rollback, return or undeployment; `void` is not null
        where the deployment was declared a mistake. `total` is how many match.
        """
        with self._reading() as read:
            wanted = _filter(read, product, environment)._replace(
                status=_status(status),
                since=_moment("since", since, read),
                until=_moment("until", until, read, end=True),
                version=version or None,
                person=person or None,
            )
            found = read.index.deployments(wanted)
            page = page_of(found, deployment_document, limit=limit, cursor=cursor)
            total = read.index.count_deployments(wanted)
            return read.answer({"total": total, "deployments": page.items}, page)

    def get_deployment(self, deployment: DeploymentId) -> Answer:
        """Return one deployment with the events that it is made of, by the id of any of them."""
        with self._reading() as read:
            found = find_deployment(read.index, read.registry, deployment)
            voided = [{"event": event, "voided_by": by} for event, by in found.void_events]
            result = {
                **deployment_document(found),
                "events": list(found.events),
                "void_events": voided,
            }
            return read.answer(result)

    def get_who_deployed(
        self,
        product: Product,
        environment: Environment = "",
        version: Version = "",
        limit: Limit = 10,
        cursor: Cursor = "",
    ) -> Answer:
        """Return who deployed a product, the latest first: person, version, place and time.

        The person is as the pipeline reported it, null where it reported none.
        """
        with self._reading() as read:
            wanted = _filter(read, product, environment)._replace(version=version or None)
            found = read.index.deployments(wanted)
            page = page_of(found, _who, limit=limit, cursor=cursor)
            return read.answer({"deployments": page.items}, page)

    def get_changes(
        self,
        environment: Environment,
        since: Since,
        until: Until = "",
        product: Product = "",
        limit: Limit = 50,
        cursor: Cursor = "",
    ) -> Answer:
        """Return what changed in an environment between two moments, product by product.

        `a` is what ran at the first moment, `b` at the second (now, unless `until` is given), and
        `between` the versions between the two. `deployments` counts all deployments of that time,
        also those that changed nothing.
        """
        with self._reading() as read:
            start = _moment("since", since, read) or ""
            given = _moment("until", until, read, end=True)
            end = given or read.now
            if start > end:
                raise InvalidInput(f"since ({start}) is after until ({end})", field="since")
            wanted = _filter(read, product, environment)._replace(since=start, until=end)
            # What runs now is read at once; the state of a moment of the past is folded.
            sides = EnvironmentAt(environment, start), EnvironmentAt(environment, given)
            found = diff(read.registry, *sides, now=read.now, product=product or None)
            page = page_of(found, difference_document, limit=limit, cursor=cursor)
            result = {
                "environment": wanted.environment,
                "since": start,
                "until": end,
                "deployments": read.index.count_deployments(wanted),
                "changes": page.items,
            }
            return read.answer(result, page)

    def compare_environments(
        self, a: Environment, b: Environment, limit: Limit = 50, cursor: Cursor = ""
    ) -> Answer:
        """Return the products that run different versions in two environments, and which is newer.

        This answers "what would ship": from a = staging to b = production.
        """
        with self._reading() as read:
            found = diff(read.registry, EnvironmentAt(a), EnvironmentAt(b), now=read.now)
            page = page_of(found, difference_document, limit=limit, cursor=cursor)
            return read.answer({"a": a, "b": b, "differences": page.items}, page)

    def list_versions(self, product: Product, limit: Limit = 20, cursor: Cursor = "") -> Answer:
        """Return the versions of a product, the newest first, with where each runs."""
        with self._reading() as read:
            record = read.registry.resolve(product)
            found = list_versions(record)
            page = page_of(found, version_summary, limit=limit, cursor=cursor)
            return read.answer(
                {"product": record.name, "total": len(found), "versions": page.items}, page
            )

    def get_version(self, product: Product, version: Version) -> Answer:
        """Return one version: its commit and builds, where it runs and ran, and its approvals."""
        with self._reading() as read:
            record = read.registry.resolve(product)
            detail = show_version(record, version)
            url = commit_url(read.registry, record, detail.version)
            document = version_document(detail, commit_url=url)
            for key in ("builds", "stays", "deployments"):
                document[f"{key}_total"] = len(document[key])
                document[key] = document[key][:_LATEST]
            return read.answer(document)

    def find_version(
        self, digits: Digits, product: Product = "", limit: Limit = 20, cursor: Cursor = ""
    ) -> Answer:
        """Return the versions that were made of a commit, or that have an artifact's digest."""
        with self._reading() as read:
            found = find_in_index(read.index, digits)
            if product:
                name = read.registry.resolve(product).name
                found = [each for each in found if each.version.product == name]
            page = page_of(found, version_summary, limit=limit, cursor=cursor)
            return read.answer({"versions": page.items}, page)


def _filter(read: ReadRegistry, product: str, environment: str) -> DeploymentFilter:
    """Return the filter of a product and an environment by their present names."""
    name = read.registry.resolve(product).name if product else None
    _, place = existing_names(read.index, None, environment or None)
    return DeploymentFilter(product=name, environment=place)


def _status(status: str) -> str | None:
    if not status:
        return None
    return "void" if status.lower() == "void" else canonical_status(status, "deployment")


def _moment(field: str, text: str, read: ReadRegistry, *, end: bool = False) -> str | None:
    return parse_moment(text, read.now, end=end, field=field) if text else None


def _who(deployment: Any) -> dict[str, Any]:
    people = {key: latest_value(deployment.events, key) or None for key in _PEOPLE}
    document = deployment_document(deployment)
    keys = ("product", "environment", "instance", "version", "status", "kind", "at", "id")
    return {**people, **{key: document[key] for key in keys if key in document}}
