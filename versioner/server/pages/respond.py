"""Pages from forms, and one submission: the write, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from versioner.editing.session import EditConflict, InvalidEdit
from versioner.errors import ValidationFailed, VersionerError
from versioner.resources import site_templates_dir
from versioner.server.pages.checks import check_form, mark_faults
from versioner.server.pages.forms import Form, Section, section_line
from versioner.server.pages.submissions import submission_key
from versioner.server.problems import HttpProblem, problem_of
from versioner.server.services import Services, services_of
from versioner.site.forge_links import ForgeLinks
from versioner.site.navigation import navigation_view, sections_of
from versioner.site.rendering.render import Renderer, Templates, read_templates
from versioner.site.scripts import script_path
from versioner.site.urls import CALENDAR, GLOSSARY, OVERVIEW, REQUESTS, RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request

    from versioner.server.callers import Caller

__all__ = ["FormPage", "Sent", "page", "saved_at", "submit"]

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_LONGEST_COMMIT: Final = 64
# Pages that a site has only where the registry has something for them.
_SOMETIMES: Final = frozenset(f"/{path}" for path in (RULES, REQUESTS, CALENDAR))


@dataclass(slots=True)
class FormPage:
    """A page with forms: its title, what it says, and where it leads; `actions` are other forms."""

    title: str
    forms: list[Form] = field(default_factory=list)
    lead: str = ""
    sections: list[Section] = field(default_factory=list)
    back: tuple[str, str] = ("/", "Overview")
    crumbs: tuple[tuple[str, str], ...] = ()
    actions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """The fields of a form that was sent, each once; `key` is equal for two clicks on a button."""

    values: Mapping[str, str]
    key: str = ""

    @property
    def event_id(self) -> str:
        """Return the id of the event that the form records, "" for a form without its mark."""
        return self.key[:32]

    def text(self, name: str) -> str:
        """Return a field without white space around it and with plain line ends, "" for none."""
        return self.values.get(name, "").replace("\r\n", "\n").strip()


async def read_form(request: Request) -> Sent:
    """Return the fields that were sent; raise HttpProblem for files."""
    form = await request.form()
    found: dict[str, str] = {}
    for name, value in form.multi_items():
        if not isinstance(value, str):
            raise HttpProblem("invalid", "this form takes no files")
        found.setdefault(name, value)
    return Sent(found)


def page(
    request: Request,
    made: FormPage,
    *,
    status: int = 200,
    problem: VersionerError | HttpProblem | None = None,
) -> Response:
    """Return a page with its forms; `problem` is why what was sent was not written."""
    services = services_of(request)
    with services.reader.index([]) as index:
        registry = index.registry()
    sections = sections_of(registry)
    absent = _SOMETIMES - {f"/{path}" for path in sections}
    back = (f"/{OVERVIEW}", "Overview") if made.back[0] in absent else made.back
    crumbs = [each for each in made.crumbs if each[0] not in absent]
    faults = [each.name for form in made.forms for each in form.fields if each.fault]
    # The title is the first that a screen reader says; the focus shows where the fault is.
    title = f"Error: {made.title}" if faults or problem is not None else made.title
    view = {
        "frame": _frame(registry.site_title, title, sections, crumbs),
        "focus": faults[0] if faults else "",
        "title": made.title,
        "lead": made.lead,
        "saved": _saved(request, services),
        "problem": _problem_view(problem) if problem is not None else None,
        "actions": [{"href": href, "text": text} for href, text in made.actions],
        "sections": [each.view() for each in made.sections],
        "forms": [each.view() for each in made.forms],
        "csrf": _csrf(request, services),
        "once": services.settings.clock.random(16).hex(),
        "back": {"href": back[0], "text": back[1]},
    }
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(_renderer().render("edit/form.html", view), status, headers)


def _csrf(request: Request, services: Services) -> str:
    try:
        return services.sessions.form_token(request)
    except HttpProblem:
        # A caller that sends a token of its own with each request needs none.
        return ""


@cache
def _renderer() -> Renderer:
    return Renderer(Templates(read_templates(site_templates_dir())))


def _frame(
    site_title: str,
    page_title: str,
    sections: Mapping[str, str],
    crumbs: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    return {
        "page_title": page_title,
        "site_title": site_title,
        "description": "",
        "home": "/index.html",
        "glossary": f"/{GLOSSARY}",
        "logo": "",
        "style": "/_versioner/site.css",
        "early": f"/{script_path('early')}",
        "script": f"/{script_path('default')}",
        "icon": "/assets/icon.svg",
        **navigation_view(sections, "/{}".format, ""),
        "crumbs": [{"href": href, "text": text} for href, text in crumbs],
        "feeds": [],
        "current": False,
        "zone": "",
        "as_of": "",
        "as_of_text": "",
        "footer": [],
    }


def _saved(request: Request, services: Services) -> dict[str, str] | None:
    commit = request.query_params.get("saved")
    if commit is None:
        return None
    known = commit if commit.isalnum() and len(commit) <= _LONGEST_COMMIT else ""
    if not known:
        return {"text": "Nothing was to be changed.", "href": "", "commit": ""}
    with services.reader.index([]) as index:
        href = ForgeLinks.of(index.head.config).commit(known)
    return {"text": "Saved in the commit", "href": href, "commit": known[:12]}


def _problem_view(problem: VersionerError | HttpProblem) -> dict[str, str]:
    told = problem if isinstance(problem, HttpProblem) else problem_of(problem)
    return {"text": told.detail, "hint": told.hint}


def saved_at(path: str, commit: str | None) -> str:
    """Return the address of a page that says what commit was made."""
    return f"{quote(path)}?{urlencode({'saved': commit or ''})}"


async def submit(
    request: Request,
    caller: Caller,
    make: Callable[[Sent], FormPage],
    write: Callable[[Services, Caller, Sent], str],
    *,
    sent: Sent | None = None,
) -> Response:
    """Carry out what a form asks for, and lead to the page that `write` returns.

    Where it cannot be done, the page that `make` returns comes back with what was typed and the
    reason, beside the field where it is about one.
    """
    services = services_of(request)
    given = sent or await read_form(request)
    key = submission_key(f"{caller.by} {caller.name}", request.url.path, given.values)
    given = replace(given, key=key)

    def checked() -> str:
        forms = make(given).forms
        if len(forms) == 1:
            check_form(forms[0], given.values)
        return write(services, caller, given)

    try:
        address = await run_in_threadpool(request.app.state.submissions.run, key, checked)
    except (VersionerError, HttpProblem) as error:
        return await run_in_threadpool(_refused, request, make, given, error)
    return RedirectResponse(address, 303)


def _refused(
    request: Request,
    make: Callable[[Sent], FormPage],
    sent: Sent,
    error: VersionerError | HttpProblem,
) -> Response:
    made = make(sent)
    status = error.status if isinstance(error, HttpProblem) else problem_of(error).status
    conflict = error if isinstance(error, EditConflict) else error.__cause__
    if isinstance(conflict, EditConflict):
        status = 412
        _show_both(made, conflict)
    elif isinstance(error, VersionerError) and mark_faults(made.forms, error):
        return page(request, made, status=status)
    elif isinstance(error, ValidationFailed | InvalidEdit) and len(error.problems) > 1:
        lines = [
            section_line(f"{each.message}{f': {each.hint}' if each.hint else ''}")
            for each in error.problems
        ]
        made.sections.insert(0, Section("Errors", lines=lines))
    return page(request, made, status=status, problem=error)


def _show_both(made: FormPage, error: EditConflict) -> None:
    """Show what the file says now; what was typed stays in the form, for that content."""
    text = error.content.decode("utf-8", "replace")
    note = "The form below has what you typed. Sent again, it changes this content."
    made.sections.insert(0, Section(f"{error.path} now", note=note, text=text))
    for form in made.forms:
        form.hidden = [
            (name, error.found if name == "content" else value) for name, value in form.hidden
        ]
