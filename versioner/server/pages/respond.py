"""Pages from forms, and one submission: the write, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from versioner.editing.session import EditConflict
from versioner.errors import InvalidInput, ValidationFailed, VersionerError
from versioner.resources import site_templates_dir
from versioner.server.pages.forms import Form, Section
from versioner.server.problems import HttpProblem, problem_of
from versioner.server.services import Services, services_of
from versioner.site.forge_links import ForgeLinks
from versioner.site.navigation import navigation_view, sections_of
from versioner.site.rendering.render import Renderer, Templates, read_templates
from versioner.site.scripts import script_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from versioner.server.callers import Caller

__all__ = ["FormPage", "Sent", "page", "read_form", "saved_at", "submit"]

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_LONGEST_COMMIT: Final = 64


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
    """The fields of a form that was sent, each once."""

    values: Mapping[str, str]

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
    view = {
        "frame": _frame(services, made),
        "title": made.title,
        "lead": made.lead,
        "saved": _saved(request, services),
        "problem": _problem_view(problem) if problem is not None else None,
        "actions": [{"href": href, "text": text} for href, text in made.actions],
        "sections": [each.view() for each in made.sections],
        "forms": [each.view() for each in made.forms],
        "csrf": _csrf(request, services),
        "back": {"href": made.back[0], "text": made.back[1]},
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


def _frame(services: Services, made: FormPage) -> dict[str, Any]:
    with services.reader.index([]) as index:
        registry = index.registry()
        settings = registry.config.get("site") or {}
        title = settings.get("title") or registry.config.get("title") or "Versioner"
        sections = sections_of(registry)
    return {
        "page_title": made.title,
        "site_title": title,
        "description": "",
        "home": "/index.html",
        "logo": "",
        "style": "/_versioner/site.css",
        "script": f"/{script_path('default')}",
        "icon": "/assets/icon.svg",
        **navigation_view(sections, "/{}".format, ""),
        "crumbs": [{"href": href, "text": text} for href, text in made.crumbs],
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
    if isinstance(problem, HttpProblem):
        return {"text": problem.detail, "hint": problem.hint}
    return {"text": problem.message, "hint": problem.hint}


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
    try:
        address = await run_in_threadpool(write, services, caller, given)
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
    if isinstance(error, EditConflict):
        status = 412
        _show_both(made, error)
    elif isinstance(error, InvalidInput) and _mark(made, error):
        return page(request, made, status=status)
    elif isinstance(error, ValidationFailed):
        made.sections.insert(0, Section("Errors", text=str(error)))
    return page(request, made, status=status, problem=error)


def _mark(made: FormPage, error: InvalidInput) -> bool:
    """Put an error beside the field that it is about; return whether there is one."""
    wanted = error.field.partition(".")[0]
    for form in made.forms:
        for each in form.fields:
            if wanted and wanted in (each.name, *each.about):
                each.fault = error.message + (f": {error.hint}" if error.hint else "")
                return True
    return False


def _show_both(made: FormPage, error: EditConflict) -> None:
    """Show what the file says now; what was typed stays in the form, for that content."""
    text = error.content.decode("utf-8", "replace")
    note = "The form below has what you typed. Sent again, it changes this content."
    made.sections.insert(0, Section(f"{error.path} now", note=note, text=text))
    for form in made.forms:
        form.hidden = [
            (name, error.found if name == "content" else value) for name, value in form.hidden
        ]
