"""Log in and out: with a token, or by the OpenID Connect provider of the team.

A form works without script. `next` leads back to the page that was asked for, never to another
host.
"""

from __future__ import annotations

import re
from html import escape
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from versioner.server.access import current_caller
from versioner.server.callers import Caller, Person
from versioner.server.oidc import ProviderFault, finish_login, start_login
from versioner.server.plain_page import plain_page
from versioner.server.services import services_of

__all__ = ["router", "safe_path"]

router = APIRouter(include_in_schema=False)

# A path of this server: a browser takes two slashes, or a slash and a backslash, for a host.
_OWN_PATH: Final = r"/(?![/\\])[!-\[\]-~]*"
_LONGEST_NEXT: Final = 2000

# A link, for the policy lets no form lead to another host, where the provider is.
_BY_PROVIDER: Final = """<p><a href="/login/oidc?next={next}">Log in with {issuer}</a></p>
"""
_FORM: Final = """<form class="create" method="post" action="/login">
<input type="hidden" name="csrf_token" value="{csrf}">
<input type="hidden" name="next" value="{next}">
{problem}<p class="field"><label for="token">Token</label>
<input id="token" name="token" type="password" size="60" maxlength="200" required
 autocomplete="current-password" spellcheck="false"{described}></p>
<p class="actions"><button class="button" type="submit">Log in</button></p>
</form>
<p class="note">An administrator makes a token:
<code>versioner token create NAME --scope edit</code>.</p>
"""
_LOGOUT: Final = """<p class="lead">You are logged in as {name}.</p>
<form method="post" action="/logout">
<input type="hidden" name="csrf_token" value="{csrf}">
<p class="actions"><button class="button" type="submit">Log out</button>
<a href="{next}">Go on</a></p>
</form>
"""


def safe_path(path: str) -> str:
    """Return a path of this server to go on to, "/" for anything else."""
    is_own = len(path) <= _LONGEST_NEXT and re.fullmatch(_OWN_PATH, path)
    return path if is_own else "/"


@router.get("/login")
async def login_page(request: Request) -> Response:
    """Return the form to log in; to those who are, the one to log out."""
    caller = await current_caller(request)
    path = safe_path(request.query_params.get("next", "/"))
    if caller.by in ("session", "proxy"):
        return _logged_in(request, caller, path)
    return _login_form(request, path)


@router.post("/login")
async def log_in(
    request: Request,
    token: Annotated[str, Form(max_length=200)] = "",
    path: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Begin a session with a token, and go on to the page that was asked for."""
    services = services_of(request)
    await services.sessions.check_login_form(request)
    found = services.tokens.check(token.strip(), now=services.settings.clock.now())
    if found is None:
        services.rates.note_failure(request)
        return _login_form(
            request, safe_path(path), "The token is unknown, revoked or expired.", 401
        )
    response = RedirectResponse(safe_path(path), 303)
    services.sessions.begin(request, response, Person(found.name), token_id=found.id)
    return response


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """End the session."""
    sessions = services_of(request).sessions
    await sessions.check_form(request)
    response = RedirectResponse("/login", 303)
    sessions.end(request, response)
    return response


@router.get("/login/oidc")
async def log_in_at_provider(request: Request) -> Response:
    """Go to the provider."""
    path = safe_path(request.query_params.get("next", "/"))
    try:
        return await start_login(request, path)
    except ProviderFault as fault:
        return _login_form(request, path, str(fault), 502)


@router.get("/login/oidc/callback")
async def log_in_from_provider(request: Request) -> Response:
    """Begin a session of the person whom the provider names."""
    services = services_of(request)
    try:
        person, scopes, path = await finish_login(request)
    except ProviderFault as fault:
        services.rates.note_failure(request)
        return _login_form(request, "/", str(fault), 401)
    response = RedirectResponse(safe_path(path), 303)
    services.sessions.begin(request, response, person, scopes=scopes)
    return response


def _login_form(request: Request, path: str, problem: str = "", status: int = 200) -> Response:
    services = services_of(request)
    login_id, csrf = services.sessions.new_login_form()
    oidc, next_ = services.settings.oidc, escape(path)
    parts = (
        [_BY_PROVIDER.format(next=quote(path, safe=""), issuer=escape(oidc.issuer))] if oidc else []
    )
    text = f'<p id="problem" class="fault" role="alert">{escape(problem)}</p>\n' if problem else ""
    described = ' aria-describedby="problem" aria-invalid="true" autofocus' if problem else ""
    parts.append(_FORM.format(csrf=csrf, next=next_, problem=text, described=described))
    response = plain_page("Log in", "".join(parts), status)
    services.sessions.start_login_form(request, response, login_id)
    return response


def _logged_in(request: Request, caller: Caller, path: str) -> Response:
    csrf = services_of(request).sessions.form_token(request)
    content = _LOGOUT.format(name=escape(caller.name), csrf=csrf, next=escape(path))
    return plain_page("Logged in", content)
