"""What a notice says to people and machines, read from the registry when it is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from versioner.models.notification_types import DIGEST
from versioner.query.commits.words import brought_by, difference_words, list_words
from versioner.registry.checks.settings import site_url
from versioner.site.privacy import hidden_fields, pruned
from versioner.site.urls import (
    OVERVIEW,
    RULES,
    deployment_anchor,
    environment_page,
    month_page,
    product_page,
    request_page,
    version_anchor,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from versioner.models import Deployment
    from versioner.models.governance import Request, Rule
    from versioner.notify.digests.digest import Digest
    from versioner.notify.notices import Notice
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["NoticeDetails", "details_of"]


@dataclass(frozen=True, slots=True)
class NoticeDetails:
    """A notice with what the registry says of it now; `event` is its line of the log, if any.

    `url` is the page of the site, "" where the address of the site is not known. `is_void` is
    whether the event was declared a mistake since. `commits` are those that a completed deployment
    or a build brought, in words. What the site hides is not in it.
    """

    notice: Notice
    registry_title: str = ""
    product_title: str = ""
    environment_title: str = ""
    team: str = ""
    event: Mapping[str, Any] = field(default_factory=dict)
    deployment: Deployment | None = None
    rule: Rule | None = None
    request: Request | None = None
    has_rules: bool = False
    is_void: bool = False
    url: str = ""
    digest: Digest | None = None
    commits: str = ""

    @property
    def actor(self) -> str:
        """Return who did it, by name or login, "" where that is not known."""
        keys = ("deployed_by_name", "deployed_by", "built_by_name", "built_by", "by")
        found = (self.event.get(key) for key in keys)
        return next((str(each) for each in found if each), "")

    def latest(self, key: str) -> str:
        """Return the latest value of a field in the events of the deployment, up to its own."""
        events = [self.event, *(self.deployment.events if self.deployment is not None else ())]
        return next((str(each[key]) for each in events if each.get(key)), "")


def details_of(notice: Notice, registry: Registry) -> NoticeDetails:
    """Return what a registry says of a notice; its product must be loaded, if it exists."""
    if notice.type == DIGEST:
        # Few runs send one.
        from versioner.notify.digests.digest import digest_of

        digest = digest_of(registry, notice.name, *notice.words)
        return NoticeDetails(notice, digest.title, url=digest.url, digest=digest)
    hidden = hidden_fields(registry.config)
    record = registry.products.get(registry.target_of(notice.product)) if notice.product else None
    event, deployment = _event_of(notice, record, registry)
    rules = registry.governance.rules
    environment = registry.environments.get(registry.environment_name(notice.environment), {})
    metadata = (record.document.get("extra_metadata") or {}) if record is not None else {}
    return NoticeDetails(
        notice,
        registry_title=str(registry.config.get("title") or ""),
        product_title=str(record.document.get("title") or "") if record is not None else "",
        environment_title=str(environment.get("title") or ""),
        team=str(metadata.get("team") or ""),
        event=pruned(dict(event), hidden),
        deployment=deployment,
        rule=next((each for each in rules if each.name == notice.name), None)
        if notice.type.startswith(("rule.", "freeze."))
        else None,
        request=_request_of(notice, registry),
        has_rules=any(each.enforcement == "enabled" for each in rules),
        is_void=_is_void(notice, deployment),
        url=_url(notice, registry, deployment),
        commits="" if "changes" in hidden else _commits(notice, record, event, deployment),
    )


def _commits(
    notice: Notice,
    record: ProductRecord | None,
    event: Mapping[str, Any],
    deployment: Deployment | None,
) -> str:
    if record is None or not record.recorded_changes:
        return ""
    if notice.type == "deployment.completed" and deployment is not None:
        found = brought_by(record.recorded_changes, deployment)
        return difference_words(found) if found is not None else ""
    return list_words(event["changes"]) if "changes" in event else ""


def _request_of(notice: Notice, registry: Registry) -> Request | None:
    if not notice.type.startswith("dr."):
        return None
    return next((each for each in registry.governance.requests if each.name == notice.name), None)


def _event_of(
    notice: Notice, record: ProductRecord | None, registry: Registry
) -> tuple[Mapping[str, Any], Deployment | None]:
    if not notice.event:
        return {}, None
    if notice.type.startswith("dr."):
        return _request_decision(notice, registry), None
    if record is None:
        return {}, None
    event = next((each for each in _events(record) if each["id"] == notice.event), {})
    deployment = None
    if notice.deployment:
        found = (each for each in record.deployments if each.id == notice.deployment)
        deployment = next(found, None)
    return event, deployment


def _request_decision(notice: Notice, registry: Registry) -> Mapping[str, Any]:
    request = _request_of(notice, registry)
    for each in request.decisions if request is not None else ():
        if each.id == notice.event:
            return {"by": each.by, "comment": each.comment, "approval_type": each.approval_type}
    return {}


def _events(record: ProductRecord) -> Iterator[Mapping[str, Any]]:
    yield from record.deployment_events
    yield from record.builds
    yield from record.decision_events


def _is_void(notice: Notice, deployment: Deployment | None) -> bool:
    if deployment is None or notice.type == "deployment.voided":
        return False
    voids = {event["id"] for event, _ in deployment.void_events}
    return deployment.void is not None or notice.event in voids


def _url(notice: Notice, registry: Registry, deployment: Deployment | None) -> str:
    base = site_url(registry)
    if not base:
        return ""
    kind = notice.type.partition(".")[0]
    product = registry.target_of(notice.product)
    if kind == "dr":
        return base + request_page(notice.name)
    if kind in ("rule", "freeze"):
        return base + RULES
    if product and deployment is not None:
        page = month_page(product, deployment.at[:7])
        return f"{base}{page}#{deployment_anchor(deployment.id)}"
    if product and notice.version:
        return f"{base}{product_page(product)}#{version_anchor(notice.version)}"
    if product and product in registry.products:
        return base + product_page(product)
    if kind == "environment" and notice.environment in registry.environments:
        return base + environment_page(notice.environment)
    return base + OVERVIEW
