"""The session cookie of a person, and the tokens of forms (CSRF).

The cookie is signed, not encrypted, and holds no secret: who logged in, with which token or by
which provider, until when. A session that began with a token ends when the token does.

A page with a form puts `sessions.form_token(request)` into the hidden field `csrf_token`; the
dependency `requires` checks it, so that a route does nothing for it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer

from versioner.errors import OperationFailed
from versioner.git.state import read_regular, write_whole
from versioner.rules.times import utc_text
from versioner.server.callers import Caller, Person, caller_of_token
from versioner.server.problems import HttpProblem
from versioner.server.tokens import private_folder

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from versioner.server.settings import ServerSettings
    from versioner.server.tokens import TokenStore

__all__ = ["Sessions"]

_SECONDS: Final = 12 * 3600
_PRIVATE: Final = 0o600

_SESSION: Final = "versioner_session"
_FORM: Final = "versioner_form"
_ID: Final = r"[0-9a-f]{32}"


class Sessions:
    """The sessions of the people who use one server."""

    def __init__(self, settings: ServerSettings, tokens: TokenStore) -> None:
        self._settings = settings
        self._tokens = tokens
        self._ended = settings.state_dir / "ended-sessions"
        self._key = _key(settings)
        self._signer = URLSafeSerializer(self._key, salt="session")
        # For the cookie of a login at a provider.
        self.login_key = hmac.new(self._key, b"oidc", hashlib.sha256).hexdigest()

    def caller(self, request: Request) -> Caller | None:
        """Return the person of a session, or the one that a trusted proxy names; None for none."""
        return self._of_cookie(request) or self._of_proxy(request)

    def begin(
        self,
        request: Request,
        response: Response,
        person: Person,
        *,
        scopes: frozenset[str] = frozenset(),
        token_id: str = "",
    ) -> None:
        """Set the cookie of a new session.

        With `token_id`, the session has the scopes of that token, as long as the token counts.
        """  # fmt: skip
        until = datetime.fromisoformat(self._settings.clock.now()) + timedelta(seconds=_SECONDS)
        content = {
            "id": self._new_id(),
            "person": [person.login, person.name, person.email],
            "scopes": sorted(scopes),
            "token": token_id,
            "until": utc_text(until),
        }
        self._set(request, response, _SESSION, self._signer.dumps(content))

    def end(self, request: Request, response: Response) -> None:
        """End the session of a request: a copy of its cookie counts no more."""
        content = self._content(request)
        if content is not None:
            private_folder(self._ended)
            write_whole(
                self._ended / content["id"], content["until"].encode("ascii"), mode=_PRIVATE
            )
        name = self._cookie(request, _SESSION)
        response.delete_cookie(
            name, path="/", secure=name.startswith("__Host-"), httponly=True, samesite="lax"
        )

    def form_token(self, request: Request) -> str:
        """Return the value of the hidden field `csrf_token` of a page's forms.

        Raises HttpProblem where there is neither a session nor a person of a proxy.
        """
        content = self._content(request)
        if content is not None:
            return self._token_of(f"session {content['id']}")
        caller = self._of_proxy(request)
        if caller is None:
            raise HttpProblem("csrf", "the session has ended", hint="log in again")
        return self._token_of(f"proxy {caller.name}")

    def start_login_form(self, request: Request, response: Response, login_id: str) -> None:
        """Set the cookie that binds a login form to a browser; see `new_login_form`."""
        self._set(request, response, _FORM, login_id)

    def new_login_form(self) -> tuple[str, str]:
        """Return an id for the cookie of a login form, and the value of its `csrf_token`."""
        login_id = self._new_id()
        return login_id, self._token_of(f"login {login_id}")

    async def check_form(self, request: Request) -> None:
        """Raise HttpProblem unless a request comes from a form or a script of our own pages."""
        await self._check(request, self.form_token(request))

    async def check_login_form(self, request: Request) -> None:
        """Raise HttpProblem unless a request comes from the login form of the same browser."""
        await self._check(request, self._token_of(f"login {self._login_id(request)}"))

    async def _check(self, request: Request, expected: str) -> None:
        origin = request.headers.get("origin")
        if origin is not None and not self.is_own_origin(request, origin):
            raise HttpProblem("csrf", "the request comes from a page of another site")
        given = request.headers.get("x-csrf-token", "") or await _form_field(request)
        if not hmac.compare_digest(given.encode("utf-8"), expected.encode("ascii")):
            raise HttpProblem(
                "csrf", "the form has expired, or comes from elsewhere", hint="load the page again"
            )

    def _token_of(self, owner: str) -> str:
        return hmac.new(self._key, owner.encode("utf-8"), hashlib.sha256).hexdigest()

    def is_own_origin(self, request: Request, origin: str) -> bool:
        """Return whether an `Origin` header names this server."""
        own = {f"{request.url.scheme}://{request.headers.get('host', '')}".lower()}
        if self._settings.base_url:
            parts = urlsplit(self._settings.base_url)
            own.add(f"{parts.scheme}://{parts.netloc}".lower())
        return origin.lower() in own

    def _of_cookie(self, request: Request) -> Caller | None:
        content = self._content(request)
        if content is None:
            return None
        person = Person(*content["person"])
        if not content["token"]:
            return Caller(person.login, frozenset(content["scopes"]), person=person, by="session")
        token = self._tokens.find(content["token"], now=self._settings.clock.now())
        if token is None:
            return None
        return replace(caller_of_token(token), person=person, by="session")

    def _of_proxy(self, request: Request) -> Caller | None:
        proxy = self._settings.proxy
        login = getattr(request.state, "proxy_person", "")
        if proxy is None or not proxy.header or not login:
            return None
        return Caller(login, proxy.scopes, person=Person(login), by="proxy")

    def _content(self, request: Request) -> dict[str, Any] | None:
        text = request.cookies.get(self._cookie(request, _SESSION), "")
        try:
            content = self._signer.loads(text) if text else None
        except BadData:
            return None
        if not isinstance(content, dict) or content["until"] <= self._settings.clock.now():
            return None
        return None if (self._ended / content["id"]).exists() else content

    def _login_id(self, request: Request) -> str:
        found = request.cookies.get(self._cookie(request, _FORM), "")
        if re.fullmatch(_ID, found) is None:
            raise HttpProblem("csrf", "the form has expired", hint="load the page again")
        return found

    def _cookie(self, request: Request, name: str) -> str:
        # With this prefix a browser takes the cookie from this very host by https only.
        return f"__Host-{name}" if request.url.scheme == "https" else name

    def _set(self, request: Request, response: Response, name: str, value: str) -> None:
        name = self._cookie(request, name)
        response.set_cookie(
            name, value, max_age=_SECONDS, path="/", httponly=True, samesite="lax",
            secure=name.startswith("__Host-"),
        )  # fmt: skip

    def _new_id(self) -> str:
        return self._settings.clock.random(16).hex()


async def _form_field(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return ""
    # The body is kept for a route that reads it. Of a route with fields of a form, FastAPI has read
    # it before, and keeps the form.
    with suppress(RuntimeError):
        await request.body()
    form = await request.form()
    found = form.get("csrf_token")
    if isinstance(found, str):
        return found
    await form.close()
    return ""


def _key(settings: ServerSettings) -> bytes:
    """Return the key of the cookies, which is made once and kept in the state folder."""
    path = private_folder(settings.state_dir) / "session-key"
    with suppress(OSError):
        found = read_regular(path, limit=1024)[0]
        if len(found) == 64:
            return found
    key = settings.clock.random(32).hex().encode("ascii")
    try:
        write_whole(path, key, mode=_PRIVATE, sync=True)
    except OSError as error:
        raise OperationFailed(f"cannot write to {path}: {error.strerror}") from error
    return key
