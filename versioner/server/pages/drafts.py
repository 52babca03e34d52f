"""Edit a deployment request that is a draft still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from versioner.editing.request_drafts import edit_draft
from versioner.editing.requests import request_of_name
from versioner.editing.session import blob_id_of
from versioner.errors import InvalidInput, NotFound
from versioner.query.times.text import parse_moment
from versioner.server.api.writes import Writes, author_of
from versioner.server.pages.forms import (
    Field,
    Form,
    Pair,
    filled_rows,
    pairs_of,
    read_pairs,
    words,
)
from versioner.server.pages.requests import (
    REQUESTS,
    Requester,
    sent_approvals,
    sent_steps,
    sent_versions,
)
from versioner.server.pages.respond import FormPage, Sent, page, saved_at, submit
from versioner.server.services import Services, services_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.models.governance import Request as DeploymentRequest
    from versioner.server.callers import Caller

__all__ = ["router"]

router = APIRouter()
_WINDOW = ("from", "to")


@router.get("/requests/{name}/draft")
def draft_form(request: Request, caller: Requester, name: str) -> Response:
    """Return the form of a draft."""
    return page(request, _draft_page(services_of(request), caller, name))


@router.post("/requests/{name}/draft")
async def save_draft(request: Request, caller: Requester, name: str) -> Response:
    """Write what a draft is to say."""
    services = services_of(request)
    return await submit(
        request,
        caller,
        lambda sent: _draft_page(services, caller, name, sent),
        lambda services, caller, sent: _save(services, caller, name, sent),
    )


def _draft_page(
    services: Services, caller: Caller, name: str, sent: Sent | None = None
) -> FormPage:
    caller.require_unrestricted()
    snapshot = services.reader.snapshot()
    with services.reader.index([], at=snapshot) as index:
        found = request_of_name(index.registry(), name)
    made = FormPage(
        f"Edit {found.title or name}",
        lead=f"The fields of {found.path}. Its comments and their order stay.",
        back=(f"/edit/requests/{name}", name),
        crumbs=(REQUESTS, (f"/requests/{name}/index.html", name)),
    )
    if found.state != "draft":
        made.lead = f"This request is {found.state}: only a draft has a form."
        return made
    blob = blob_id_of(snapshot, found.path)
    hidden = [("content", sent.text("content") if sent is not None else blob)]
    made.forms = [
        Form(f"/edit/requests/{name}/draft", _fields(found, sent), "Save the draft", hidden=hidden)
    ]
    return made


def _fields(found: DeploymentRequest, sent: Sent | None) -> list[Field]:
    window = dict(zip(_WINDOW, found.window or ("", ""), strict=True))

    def text(key: str, stored: str) -> str:
        return sent.text(key) if sent is not None else stored

    def rows(key: str, stored: Iterable[tuple[str, str]]) -> list[Pair]:
        if sent is None:
            return pairs_of(stored)
        return [*read_pairs(sent.values, key), *pairs_of(())]

    people = [(key, str(number)) for key, number in found.approvals.items()]
    links = [(each["title"], each["url"]) for each in found.links]
    return [
        Field("title", "Title", value=text("title", found.title)),
        Field("description", "Description", "textarea", lines=4,
              value=text("description", found.description.rstrip())),
        Field("environments", "Deploy to",
              value=text("environments", ", ".join(found.environments)),
              hint="Names of environments, separated by commas."),
        Field("versions", "Versions", "pairs", rows=rows("versions", found.versions.items()),
              first="Product", second="Version", hint="To remove a product, empty its row."),
        Field("from", "Allowed from", value=text("from", window["from"]), about=("window",),
              hint="Since when it allows its versions, such as monday 09:00; empty for always."),
        Field("to", "Allowed until", value=text("to", window["to"])),
        Field("approvals", "Approvals", "pairs", rows=rows("approvals", people), first="Type",
              second="People"),
        Field("before", "Steps before", "textarea", hint="One a line.",
              value=text("before", "\n".join(found.before))),
        Field("after", "Steps after", "textarea", hint="One a line.",
              value=text("after", "\n".join(found.after))),
        Field("links", "Links", "pairs", rows=rows("links", links), first="Title",
              second="Address"),
    ]  # fmt: skip


def _save(services: Services, caller: Caller, name: str, sent: Sent) -> str:
    caller.require_unrestricted()
    writes = Writes(services)
    fields = _sent_fields(services, sent, writes.now())
    expected = sent.text("content") or None
    result = services.writer.edit(
        lambda repository: edit_draft(
            repository, name, fields, expected=expected, now=writes.now()
        ),
        author=author_of(caller),
    )
    return saved_at(f"/edit/requests/{name}", result.commit)


def _sent_fields(services: Services, sent: Sent, now: str) -> dict[str, Any]:
    """Return the fields that were sent; one that was not, as of no form, stays as it is."""
    fields: dict[str, Any] = {
        key: sent.text(key) for key in ("title", "description") if key in sent.values
    }
    if "environments" in sent.values:
        fields["environments"] = _environments(services, words(sent.text("environments")))
    if "versions-1-key" in sent.values:
        fields["versions"] = sent_versions(services, sent)
    if "approvals-1-key" in sent.values:
        fields["approvals"] = sent_approvals(sent)
    if {"before", "after"} <= {*sent.values}:
        fields["steps"] = sent_steps(sent)
    if {*_WINDOW} <= {*sent.values}:
        fields["window"] = _window(sent, now)
    if "links-1-key" in sent.values:
        rows = filled_rows(sent.values, "links", needs=("title", "address"))
        fields["links"] = [{"title": row.key, "url": row.value} for row in rows]
    return fields


def _environments(services: Services, names: list[str]) -> list[str]:
    with services.reader.index([]) as index:
        registry = index.registry()
    for name in names:
        try:
            registry.environment(name)
        except NotFound as error:
            raise InvalidInput(error.message, field="environments", hint=error.hint) from error
    return names


def _window(sent: Sent, now: str) -> Mapping[str, str]:
    texts = {key: sent.text(key) for key in _WINDOW}
    if not any(texts.values()):
        return {}
    for key, text in texts.items():
        if not text:
            raise InvalidInput(
                "a window has both times", field=key, hint="fill both, or empty both"
            )
    start, end = (
        parse_moment(text, now, field=key, direction="future") for key, text in texts.items()
    )
    if end <= start:
        raise InvalidInput(
            "the window ends before it begins", field="to", hint="write a later time"
        )
    return {"from": start, "to": end}
