"""Log in by OpenID Connect: the authorization code flow with PKCE, by Authlib.

What a login needs between its two requests (state, nonce, verifier) is in a signed cookie of ten
minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError

from versioner.server.callers import Person
from versioner.server.problems import HttpProblem
from versioner.server.services import services_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from versioner.server.settings import OidcSettings

__all__ = ["ProviderFault", "finish_login", "person_of_claims", "start_login"]

_SECONDS: Final = 10.0
_NEXT: Final = "versioner_next"


class ProviderFault(Exception):
    """A login that the provider did not complete; the text is for the person who logs in."""


async def start_login(request: Request, path: str) -> Response:
    """Return the redirect to the provider. Raises ProviderFault."""
    client = _client(request)
    request.session[_NEXT] = path
    try:
        response: Response = await client.authorize_redirect(request, _callback(request))
    except (AuthlibBaseError, httpx2.HTTPError, ValueError, RuntimeError) as error:
        raise ProviderFault("The provider cannot be reached now.") from error
    return response


async def finish_login(request: Request) -> tuple[Person, frozenset[str], str]:
    """Return the person whom the provider names, their scopes, and where to go on to.

    Raises ProviderFault.
    """
    client = _client(request)
    path = str(request.session.pop(_NEXT, "/"))
    try:
        answer = await client.authorize_access_token(request)
    except (httpx2.HTTPError, RuntimeError) as error:
        raise ProviderFault("The provider cannot be reached now.") from error
    except (AuthlibBaseError, JoseError, ValueError, KeyError) as error:
        raise ProviderFault("The login was not completed: try again.") from error
    finally:
        request.session.clear()
    claims = answer.get("userinfo")
    if not claims:
        raise ProviderFault("The provider does not say who you are.")
    settings = _settings(request)
    person = person_of_claims(claims, settings)
    return person, scopes_of_claims(claims, settings), path


def person_of_claims(claims: Mapping[str, Any], settings: OidcSettings) -> Person:
    """Return the person of an ID token; raise ProviderFault for one who may not log in."""
    email = _text(claims.get("email")) if _is_verified(claims, settings) else ""
    domain = email.rpartition("@")[2].lower()
    if settings.domains and domain not in settings.domains:
        raise ProviderFault("People with your e-mail address may not log in here.")
    login = _text(claims.get("preferred_username")) or email or _text(claims.get("sub"))
    if not login:
        raise ProviderFault("The provider does not say who you are.")
    return Person(login, _text(claims.get("name")), email)


def scopes_of_claims(claims: Mapping[str, Any], settings: OidcSettings) -> frozenset[str]:
    """Return the scopes of a person, by the groups that the provider names."""
    told = claims.get(settings.groups_claim, [])
    groups = {told} if isinstance(told, str) else set[str]()
    if isinstance(told, list | dict):
        groups = {each for each in told if isinstance(each, str)}
    found = settings.scopes
    for group, scopes in settings.groups:
        if group in groups:
            found |= scopes
    return found


def _is_verified(claims: Mapping[str, Any], settings: OidcSettings) -> bool:
    """Return whether an address is the person's: some providers say so by a text, some not at all.

    Where nothing is said, the person may have typed it.
    """
    told = claims.get("email_verified", settings.assumes_verified)
    return told is True or (isinstance(told, str) and told.strip().lower() == "true")


def _text(value: object) -> str:
    return value.strip()[:200] if isinstance(value, str) and value.isprintable() else ""


def _settings(request: Request) -> OidcSettings:
    settings = services_of(request).settings.oidc
    if settings is None:
        raise HttpProblem("not_found", "this server has no OpenID Connect provider")
    return settings


def _client(request: Request) -> Any:
    """Return the client of the provider; it keeps what it has learned of the provider."""
    settings = _settings(request)
    known = getattr(request.app.state, "oidc_client", None)
    if known is None:
        known = request.app.state.oidc_client = OAuth().register(
            "provider",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid profile email",
                "code_challenge_method": "S256",
                "timeout": _SECONDS,
            },
        )
    return known


def _callback(request: Request) -> str:
    base = services_of(request).settings.base_url
    if not base:
        base = f"{request.url.scheme}://{request.headers['host']}"
    return f"{base}/login/oidc/callback"
