"""Freeze an environment, and thaw it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from versioner.editing.rules import freeze, freeze_time, rule_of_name, thaw
from versioner.errors import Blocked, InvalidInput
from versioner.query.gate.rule_words import requirement_words, scope_words
from versioner.query.times.text import parse_moment
from versioner.registry.event_order import seconds_of
from versioner.rules.gate.rule_types.schedule import local_text
from versioner.server.access import requires
from versioner.server.api.own_products import present_names
from versioner.server.api.writes import Writes
from versioner.server.callers import Caller
from versioner.server.pages.checks import require_products
from versioner.server.pages.forms import Field, Form, Option, Section, section_line, words
from versioner.server.pages.respond import FormPage, Sent, page, saved_at, submit
from versioner.server.services import Services, services_of

if TYPE_CHECKING:
    from versioner.editing.rules import FreezeTime
    from versioner.models.governance import Rule

__all__ = ["router"]

router = APIRouter()
Editor = Annotated[Caller, requires("edit")]
_LIST: Final = ("/edit/freezes", "Freezes")
_RULES: Final = ("/rules/index.html", "Rules")
_ENDED_SHOWN: Final = 20
# Two clicks that two servers got: as long as the same body of a token is the same event.
_SAME_SECONDS: Final = 120
_TITLES: Final = {
    "now": "Frozen now",
    "planned": "Planned",
    "ended": "Ended",
    "disabled": "Cancelled before they began",
}


@router.get("/freezes")
def freezes(request: Request, caller: Editor) -> Response:
    """Return the freezes, with the form that ends each of those that have not ended."""
    services = services_of(request)
    now = seconds_of(services.settings.clock.now())
    found: dict[str, list[tuple[FreezeTime, Rule]]] = {each: [] for each in _TITLES}
    for rule, time in _freezes(services):
        found[time.state(now)].append((time, rule))
    sections = []
    for state, title in _TITLES.items():
        rows = sorted(found[state], key=lambda each: (each[0].end, each[1].name), reverse=True)
        lines = [_freeze_line(rule, time, state, caller) for time, rule in rows[:_ENDED_SHOWN]]
        if lines:
            note = f"The latest {len(lines)}." if len(rows) > len(lines) else ""
            sections.append(Section(title, note, lines))
    made = FormPage(
        "Freezes",
        lead="In a freeze, nothing may be deployed to an environment."
        + ("" if sections else " There is no freeze."),
        sections=sections,
        actions=(("/edit/freezes/new", "Freeze an environment"),),
        back=_RULES,
        crumbs=(_RULES,),
    )
    return page(request, made)


def _freezes(services: Services) -> list[tuple[Rule, FreezeTime]]:
    with services.reader.index([]) as index:
        rules = index.registry().governance.rules
    found = []
    for rule in rules:
        try:
            found.append((rule, freeze_time(rule)))
        except Blocked:
            continue
    return found


def _freeze_line(rule: Rule, time: FreezeTime, state: str, caller: Caller) -> dict[str, str]:
    text = f"{rule.title or rule.name}: {scope_words(rule)}, {_period(time)}"
    if rule.enforcement == "report-only":
        text += ", only reported"
    open_ = state in ("now", "planned") and not (caller.products or caller.environments)
    href = f"/edit/rules/{rule.name}/thaw" if open_ else ""
    return section_line(text, href, "End it" if state == "now" else "Cancel it")


def _period(time: FreezeTime) -> str:
    start, end = (local_text(each, time.time_zone) for each in (time.start, time.end))
    return f"from {start} to {end}"


@router.get("/freezes/new")
def freeze_form(request: Request, caller: Editor) -> Response:
    """Return the form of a freeze."""
    made = _freeze_page(services_of(request), caller, Sent(request.query_params))
    return page(request, made)


@router.post("/freezes/new")
async def add_freeze(request: Request, caller: Editor) -> Response:
    """Close an environment for a time."""
    services = services_of(request)
    return await submit(request, caller, lambda sent: _freeze_page(services, caller, sent), _freeze)


def _freeze_page(services: Services, caller: Caller, sent: Sent) -> FormPage:
    with services.reader.index([]) as index:
        environments = [each for each in index.head.environments if caller.may_environment(each)]
    fields = [
        Field("environment", "Environment", "select", value=sent.text("environment"),
              options=[Option(each, each) for each in environments], required=True),
        Field("products", "Products", value=sent.text("products"),
              hint="Names separated by commas; empty for all products."),
        Field("since", "From", value=sent.text("since"), hint="Empty for now."),
        Field("until", "Until", value=sent.text("until"), required=True,
              hint="For example 2h, tomorrow, monday 09:00, 2026-12-24 or a time with a zone. "
              "Times without a zone are in UTC."),
        Field("reason", "Reason", "textarea", value=sent.text("reason"), lines=2, required=True,
              hint="Shown to everybody whose deployment is refused."),
    ]  # fmt: skip
    # The list of the freezes is about every product and environment.
    is_limited = bool(caller.products or caller.environments)
    return FormPage(
        "Freeze an environment",
        [Form("/edit/freezes/new", fields, "Freeze")],
        lead="Nothing may be deployed there in that time. A freeze is a rule, and can be ended.",
        back=("/index.html", "Overview") if is_limited else _LIST,
        crumbs=() if is_limited else (_RULES, _LIST),
    )


def _freeze(services: Services, caller: Caller, sent: Sent) -> str:
    writes = Writes(services)
    now, products = writes.now(), words(sent.text("products"))
    caller.require_environment(sent.text("environment"))
    require_products(services, products, "products")
    if products:
        caller.require_product(*present_names(services, products))
    elif caller.products:
        caller.require_unrestricted()
    if not sent.text("reason"):
        raise InvalidInput("a reason is missing", field="reason", hint="people will ask for it")
    since = sent.text("since")
    result = writes.run(
        caller,
        lambda repository: freeze(
            repository, sent.text("environment"), products=products,
            since=parse_moment(since, now, field="since", direction="future") if since else "",
            until=parse_moment(sent.text("until"), now, field="until", direction="future"),
            reason=sent.text("reason"), within=_SAME_SECONDS, now=now,
        ),
    )  # fmt: skip
    # The path of the same freeze where there was one: a click that another server was sent before.
    name = result.paths[0].rpartition("/")[2].removesuffix(".yaml")
    return saved_at(f"/edit/rules/{name}/thaw", result.commit)


@router.get("/rules/{name}/thaw")
def thaw_form(request: Request, caller: Editor, name: str) -> Response:
    """Return a freeze, and the form that ends it."""
    return page(request, _thaw_page(services_of(request), caller, name))


@router.post("/rules/{name}/thaw")
async def end_freeze(request: Request, caller: Editor, name: str) -> Response:
    """End a freeze now."""
    services = services_of(request)
    return await submit(
        request,
        caller,
        lambda _: _thaw_page(services, caller, name),
        lambda services, caller, _: _thaw(services, caller, name),
    )


def _thaw_page(services: Services, caller: Caller, name: str) -> FormPage:
    with services.reader.index([]) as index:
        rule = rule_of_name(index.registry(), name)
    state, told = _state_of(rule, seconds_of(services.settings.clock.now()))
    if state in ("now", "planned") and (caller.products or caller.environments):
        state, told = "", f'{told} "{caller.name}" is limited, and may not end it.'
    facts = [
        section_line(scope_words(rule)),
        section_line(requirement_words(rule.block)),
        section_line(f"Enforcement: {rule.enforcement}"),
    ]
    button = {"now": "End it now", "planned": "Cancel it"}.get(state, "")
    return FormPage(
        rule.title or name,
        [Form(f"/edit/rules/{name}/thaw", [], button)] if button else [],
        lead=" ".join(each for each in (rule.reason, told) if each),
        sections=[Section("The rule", lines=[each for each in facts if each["text"]])],
        back=_LIST,
        crumbs=(_RULES, _LIST),
    )


def _state_of(rule: Rule, now: int) -> tuple[str, str]:
    """Return what a freeze is now, "" for a rule that is none, with a sentence about it."""
    try:
        time = freeze_time(rule)
    except Blocked:
        return "", "This rule is no freeze: it is changed in its file."
    state = time.state(now)
    start, end = (local_text(each, time.time_zone) for each in (time.start, time.end))
    return state, {
        "now": f"The freeze ends at {end}.",
        "planned": f"The freeze begins at {start}.",
        "ended": f"The freeze ended at {end}.",
        "disabled": "The freeze is disabled.",
    }[state]


def _thaw(services: Services, caller: Caller, name: str) -> str:
    caller.require_unrestricted()
    writes = Writes(services)
    result = writes.run(caller, lambda repository: thaw(repository, name, now=writes.now()))
    return saved_at(f"/edit/rules/{name}/thaw", result.commit)
