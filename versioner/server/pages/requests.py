"""Deployment requests: create, open, approve, tick steps, cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from versioner.editing.requests import (
    RequestDraft,
    cancel_request,
    open_request,
    request_of_name,
)
from versioner.errors import InvalidInput
from versioner.names import check_version
from versioner.query.gate.requests import RequestDetail, RequestStep, request_detail
from versioner.recording.context import EventDraft
from versioner.recording.request_decisions import content_in
from versioner.reporting.text import count
from versioner.server.access import requires
from versioner.server.api.requests import create_own_request
from versioner.server.api.writes import Writes, author_of
from versioner.server.callers import Caller
from versioner.server.pages.checks import require_products
from versioner.server.pages.forms import (
    Field,
    Form,
    Option,
    Pair,
    Section,
    filled_rows,
    read_pairs,
    section_line,
)
from versioner.server.pages.respond import FormPage, Sent, page, saved_at, submit
from versioner.server.services import Services, services_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.rules.gate.requests import Slot

__all__ = ["REQUESTS", "Requester", "router", "sent_approvals", "sent_steps", "sent_versions"]

router = APIRouter()
Requester = Annotated[Caller, requires("edit", "approve")]
_DECISIONS = ("approved", "rejected", "done", "undone")
REQUESTS = ("/requests/index.html", "Requests")


@router.get("/requests/new")
def request_form(request: Request, _caller: Requester) -> Response:
    """Return the form of a new request."""
    return page(request, _new_page(services_of(request), Sent(request.query_params)))


@router.post("/requests/new")
async def add_request(request: Request, caller: Requester) -> Response:
    """Create a deployment request."""
    services = services_of(request)
    return await submit(request, caller, lambda sent: _new_page(services, sent), _create)


def _new_page(services: Services, sent: Sent) -> FormPage:
    with services.reader.index([]) as index:
        registry = index.registry()
        environments = _options(registry.environments)
        templates = _options(each.name for each in registry.governance.templates)
    rows = [*read_pairs(sent.values, "versions"), *[Pair("", "")] * 5]
    fields = [
        Field("name", "Name", value=sent.text("name"), required=True, about=("request",),
              hint="Lower-case letters, digits and hyphens, such as 2026-12-friday."),
        Field("title", "Title", value=sent.text("title")),
        Field("template", "Template", "select", value=sent.text("template"), options=templates),
        Field("target", "Deploy to", "select", value=sent.text("target"), options=environments,
              hint="A request can be opened only with an environment."),
        Field("source", "Propose all that differs from", "select", value=sent.text("source"),
              options=environments),
        Field("versions", "Versions", "pairs", rows=rows, first="Product", second="Version"),
        Field("approvals", "Approvals", "pairs", first="Type", second="People",
              rows=[*read_pairs(sent.values, "approvals"), *[Pair("", "")] * 2]),
        Field("before", "Steps before", "textarea", value=sent.text("before"),
              hint="One a line."),
        Field("after", "Steps after", "textarea", value=sent.text("after"), hint="One a line."),
    ]  # fmt: skip
    return FormPage(
        "New deployment request",
        [Form("/edit/requests/new", fields, "Create a draft")],
        lead="A request names versions that are to be deployed together, who must approve, and "
        "what people do before and after.",
        back=REQUESTS,
        crumbs=(REQUESTS,),
    )


def _options(names: Iterable[str]) -> list[Option]:
    return [Option("", "(none)"), *(Option(each, each) for each in names)]


def _create(services: Services, caller: Caller, sent: Sent) -> str:
    versions = sent_versions(services, sent)
    fields: dict[str, object] = {"title": sent.text("title")} if sent.text("title") else {}
    approvals, steps = sent_approvals(sent), sent_steps(sent)
    target, source = sent.text("target"), sent.text("source")
    if target and not source:
        fields["environments"] = [target]
    fields |= {"approvals": approvals} if approvals else {}
    fields |= {"steps": steps} if steps else {}
    draft = RequestDraft(
        sent.text("name"), sent.text("template"), source, target if source else "", versions, fields
    )
    created = create_own_request(Writes(services), caller, draft)
    return saved_at(f"/edit/requests/{draft.name}", created.edited.commit)


def sent_versions(services: Services, sent: Sent) -> dict[str, str]:
    """Return the versions that were sent, by product; raise InvalidInput of their field."""
    rows = filled_rows(sent.values, "versions", needs=("product", "version"))
    require_products(services, [row.key for row in rows], "versions")
    for row in rows:
        try:
            check_version(row.value)
        except InvalidInput as error:
            raise InvalidInput(error.message, field="versions", hint=error.hint) from error
    return {row.key: row.value for row in rows}


def sent_approvals(sent: Sent) -> dict[str, int]:
    """Return how many people were sent for each type of approval; raise InvalidInput."""
    rows = filled_rows(sent.values, "approvals", needs=("type", ""))
    return {row.key: _people(row) for row in rows}


def sent_steps(sent: Sent) -> dict[str, list[str]]:
    """Return the steps that were sent, one a line, without an empty list of them."""
    found = {
        when: [line.strip() for line in sent.text(when).split("\n") if line.strip()]
        for when in ("before", "after")
    }
    return {when: texts for when, texts in found.items() if texts}


def _people(row: Pair) -> int:
    text = row.value or "1"
    if not text.isdecimal() or len(text) > 3:
        raise InvalidInput(
            f'"{text}" is not a number of people', field="approvals", hint="write 1 or 2"
        )
    return int(text)


@router.get("/requests/{name}")
def show_request(request: Request, caller: Requester, name: str) -> Response:
    """Return a request with what can be done now."""
    return page(request, _request_page(services_of(request), caller, name, Sent({})))


@router.post("/requests/{name}")
async def act(request: Request, caller: Requester, name: str) -> Response:
    """Open, approve, reject or cancel a request, or tick one of its steps."""
    services = services_of(request)
    return await submit(
        request,
        caller,
        lambda sent: _request_page(services, caller, name, sent),
        lambda services, caller, sent: _act(services, caller, name, sent),
    )


def _detail(services: Services, name: str) -> RequestDetail:
    with services.reader.index() as index:
        registry = index.registry()
        found = request_of_name(registry, name)
        return request_detail(registry, found, services.settings.clock.now())


def _request_page(services: Services, caller: Caller, name: str, sent: Sent) -> FormPage:
    detail = _detail(services, name)
    versions = [f"{product} {version}" for product, version in detail.request.versions.items()]
    slots = [_slot_text(each) for each in detail.slots]
    lacking = [] if detail.state == "draft" else _lacking(detail)
    sections = [
        Section(title, lines=[section_line(each) for each in texts])
        for title, texts in (
            ("Versions", versions),
            ("Approvals", slots),
            ("Still missing", lacking),
        )
        if texts
    ]
    return FormPage(
        detail.request.title or name,
        _forms(detail, caller, sent),
        lead=f"This request is {'a draft' if detail.state == 'draft' else detail.state}.",
        sections=sections,
        actions=_actions(detail, caller),
        back=(f"/requests/{name}/index.html", name),
        crumbs=(REQUESTS,),
    )


def _actions(detail: RequestDetail, caller: Caller) -> tuple[tuple[str, str], ...]:
    if detail.request.state != "draft" or caller.products or caller.environments:
        return ()
    return ((f"/edit/requests/{detail.request.name}/draft", "Edit the draft"),)


def _lacking(detail: RequestDetail) -> list[str]:
    steps = {f"step {each.name}": f"step: {each.text}" for each in (*detail.before, *detail.after)}
    return [
        "the time of its window" if each == "its window" else steps.get(each, each)
        for each in detail.lacks
    ]


def _slot_text(slot: Slot) -> str:
    given = f"{len(slot.approved_by)} of {count(slot.needed, 'person', 'people')}"
    by = f" ({', '.join(slot.approved_by)})" if slot.approved_by else ""
    against = f"; rejected by {', '.join(slot.rejected_by)}" if slot.rejected_by else ""
    return f"{slot.approval_type}: {given}{by}{against}"


def _forms(detail: RequestDetail, caller: Caller, sent: Sent) -> list[Form]:
    action = f"/edit/requests/{detail.request.name}"
    forms = []
    if detail.request.state == "draft":
        forms.append(Form(action, [], "Open the request", hidden=[("do", "open")]))
    if detail.request.state == "open" and caller.may("approve"):
        forms += [_decision_form(action, detail, sent)] if detail.slots else []
        steps = (*detail.before, *detail.after)
        forms += [_step_form(action, step) for step in steps]
    if detail.request.state in ("draft", "open"):
        cancel = Form(action, [], "Cancel the request", danger=True, hidden=[("do", "cancel")])
        forms.append(cancel)
    return forms


def _decision_form(action: str, detail: RequestDetail, sent: Sent) -> Form:
    types = [Option(slot.approval_type, slot.approval_type) for slot in detail.slots]
    fields = [
        Field("approval_type", "Type", "select", options=types,
              value=sent.text("approval_type") or types[0].value, about=("type of approval",)),
        Field("do", "Decision", "select", value=sent.text("do") or "approved",
              options=[Option("approved", "Approve"), Option("rejected", "Reject")]),
        Field("comment", "Comment", "textarea", value=sent.text("comment"), lines=2),
    ]  # fmt: skip
    return Form(
        action, fields, "Record the decision", title="Approve or reject",
        hidden=[("of", detail.content)],
    )  # fmt: skip


def _step_form(action: str, step: RequestStep) -> Form:
    word = "Mark as not done" if step.done else "Mark as done"
    hidden = [("do", "undone" if step.done else "done"), ("step", step.name)]
    return Form(
        action, [], word, title=f"{step.text}{', done' if step.done else ''}", hidden=hidden
    )


def _act(services: Services, caller: Caller, name: str, sent: Sent) -> str:
    caller.require_unrestricted()
    writes, what = Writes(services), sent.text("do")
    address = f"/edit/requests/{name}"
    if what == "open":
        opened = writes.run(
            caller,
            lambda repository: open_request(
                repository, name, now=writes.now(), by=writes.login(caller)
            ),
        )
        return saved_at(address, opened.commit)
    if what == "cancel":
        cancelled = writes.run(
            caller, lambda repository: cancel_request(repository, name, now=writes.now())
        )
        return saved_at(address, cancelled.commit)
    caller.require("approve")
    if what not in _DECISIONS:
        raise InvalidInput(
            "this is not one of the choices", field="do", hint="choose one from the list"
        )
    fields = {key: sent.text(key) for key in ("approval_type", "step", "of", "comment")}
    if what in ("done", "undone"):
        fields["of"] = fields["approval_type"] = ""
    elif not fields["of"]:
        fields["of"] = content_in(services.reader.repository(), name)
    fields |= {"decision": what, "by": writes.login(caller)}
    event = {"at": writes.now(), **{key: value for key, value in fields.items() if value}}
    recorded = services.writer.record_decision(
        EventDraft("request-decision", name, event, sent.event_id), author=author_of(caller)
    )
    return saved_at(address, recorded.commit)
