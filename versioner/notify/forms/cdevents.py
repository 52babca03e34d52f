"""CDEvents 0.4.1 of notices, as CloudEvents over HTTP in binary mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from versioner import __version__
from versioner.notify.forms.payloads import compact, signature_of
from versioner.notify.forms.wording import message_of

if TYPE_CHECKING:
    from versioner.notify.forms.payloads import HttpRequest
    from versioner.notify.notice_details import NoticeDetails

__all__ = ["cdevent_of", "cdevents_request"]

_SPEC: Final = "0.4.1"
_TASKS: Final = {
    "deployment.started": ("taskrun.started", ""),
    "deployment.failed": ("taskrun.finished", "failure"),
    "deployment.aborted": ("taskrun.finished", "cancel"),
    "deployment.preflight_failed": ("taskrun.finished", "error"),
}
_BUILDS: Final = {
    "build.pending": "build.queued",
    "build.started": "build.started",
    "build.completed": "build.finished",
    "build.failed": "build.finished",
    "build.aborted": "build.finished",
}
_ENVIRONMENTS: Final = {
    "environment.created": "environment.created",
    "environment.changed": "environment.modified",
    "environment.renamed": "environment.modified",
    "environment.deleted": "environment.deleted",
    "environment.merged": "environment.deleted",
}


def cdevents_request(details: NoticeDetails, secret: str) -> HttpRequest:
    """Return the body and the headers of a CDEvent; with a secret it is signed as a webhook is."""
    event = cdevent_of(details)
    context = event["context"]
    body = compact(event)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"versioner/{__version__}",
        "ce-specversion": "1.0",
        "ce-id": context["id"],
        "ce-source": context["source"],
        "ce-type": context["type"],
        # A header of CloudEvents has printable ASCII characters, others are encoded.
        "ce-subject": quote(event["subject"]["id"], safe=" !#$&'()*+,/:;=?@[]-._~"),
        "ce-time": context["timestamp"],
    }
    if secret:
        headers["X-Versioner-Signature"] = signature_of(body, secret)
    return body, headers


def cdevent_of(details: NoticeDetails) -> dict[str, Any]:
    """Return a notice as a CDEvent; what CDEvents have no type for is one of a type of our own."""
    notice = details.notice
    kind, subject = _subject(details)
    source = _source(details)
    return {
        "context": {
            "version": _SPEC,
            "id": notice.key,
            "source": source,
            "type": kind,
            "timestamp": notice.at,
        },
        "subject": {"source": source, **subject},
        "customData": {
            "title": message_of(details).title,
            **({"text": message_of(details).text} if details.digest is not None else {}),
            "product": notice.product,
            "version": notice.version,
            "environment": notice.environment,
            "instance": notice.instance,
            "event_type": notice.type,
            "deployment_id": notice.deployment,
            "url": details.url,
        },
        "customDataContentType": "application/json",
    }


def _source(details: NoticeDetails) -> str:
    """Return the source of events: the site of the registry, else a path of its own."""
    base = details.url.partition("#")[0]
    for part in ("/products/", "/requests/", "/rules/", "/environments/", "/index.html"):
        base = base.partition(part)[0]
    return base or f"/versioner/{quote(details.registry_title, safe='') or 'registry'}"


def _subject(details: NoticeDetails) -> tuple[str, dict[str, Any]]:
    notice = details.notice
    if notice.type in ("deployment.completed", "deployment.undeployed"):
        return _service(details)
    if notice.type in _TASKS:
        name, outcome = _TASKS[notice.type]
        return _standard(name, "taskRun", notice.deployment or notice.key, _task(details, outcome))
    if notice.type in _BUILDS:
        done = notice.type == "build.completed"
        content = {"artifactId": _package(details)} if done else {}
        run = details.event.get("invoke_id") or f"{notice.product}@{notice.version}"
        return _standard(_BUILDS[notice.type], "build", str(run), content)
    if notice.type in _ENVIRONMENTS:
        name = notice.name or notice.environment
        return _standard(_ENVIRONMENTS[notice.type], "environment", name, {"name": name})
    return _custom(details)


def _standard(
    name: str, subject: str, subject_id: str, content: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    return (
        f"dev.cdevents.{name}.0.2.0",
        {"id": subject_id, "type": subject, "content": content},
    )


def _service(details: NoticeDetails) -> tuple[str, dict[str, Any]]:
    notice = details.notice
    content: dict[str, Any] = {"environment": {"id": notice.environment}}
    if notice.type == "deployment.undeployed":
        return _standard("service.removed", "service", notice.product, content)
    content["artifactId"] = _package(details)
    name = "service.upgraded" if notice.previous else "service.deployed"
    if notice.previous == notice.version:
        name = "service.deployed"
    if "deployment.rollback" in notice.also:
        name = "service.rolledback"
    return _standard(name, "service", notice.product, content)


def _task(details: NoticeDetails, outcome: str) -> dict[str, Any]:
    notice = details.notice
    content = {"taskName": f"deploy {notice.product} {notice.version} to {notice.environment}"}
    url = str(details.event.get("deploy_url") or details.event.get("build_url") or details.url)
    if url:
        content["url"] = url
    if outcome:
        content["outcome"] = outcome
        if details.event.get("reason"):
            content["errors"] = str(details.event["reason"])
    return content


def _package(details: NoticeDetails) -> str:
    """Return a package URL of the version; with its digest, where there is one."""
    notice = details.notice
    artifacts = details.event.get("artifacts") or {}
    digest = next(iter(artifacts.values()), "") if isinstance(artifacts, dict) else ""
    if digest:
        return f"pkg:oci/{notice.product}@{quote(str(digest), safe='')}?tag={quote(notice.version)}"
    return f"pkg:generic/{notice.product}@{quote(notice.version, safe='')}"


def _custom(details: NoticeDetails) -> tuple[str, dict[str, Any]]:
    """Return an event of a type of our own: `dev.cdeventsx.versioner-product.deleted.0.1.0`."""
    notice = details.notice
    subject, _, predicate = notice.type.partition(".")
    subject = {"dr": "request"}.get(subject, subject)
    predicate = predicate.replace("_", "") or "published"
    content = {
        "name": notice.name or notice.product or notice.environment,
        "oldName": notice.old_name,
        "products": list(notice.products or ()),
        "environments": list(notice.environments or ()),
        "version": notice.version,
        "fields": list(notice.words),
    }
    return (
        f"dev.cdeventsx.versioner-{subject}.{predicate}.0.1.0",
        {"id": content["name"] or notice.key, "type": f"versioner-{subject}", "content": content},
    )
