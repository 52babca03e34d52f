"""The interactive docs: `/docs`, `/redoc` and `/openapi.json`, open to everybody.

All scripts and styles come from a package (fastapi-offline), none from another host.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse, JSONResponse, Response

from versioner.resources import site_templates_dir
from versioner.server.api.links import add_links
from versioner.server.problems import MEDIA_TYPE, PROBLEMS, HttpProblem, is_known
from versioner.server.wire.description import metadata_schemas

__all__ = ["router"]

# Where the assets of the docs, and the style of the pages that are not of the site, are served.
ASSETS: Final = "/_versioner/"

_OF_PACKAGE: Final = {
    "redoc.standalone.js": "text/javascript; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
# Redoc would load a logo for its footer from there.
_FOREIGN_LOGO: Final = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
_SCRIPTS: Final = {
    "docs.js": """\
"use strict";
window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  tryItOutEnabled: true,
  layout: "BaseLayout"
});
""",
    "redoc.js": """\
"use strict";
Redoc.init("/openapi.json", {disableSearch: true, hideLoading: true, untrustedSpec: true},
  document.getElementById("docs"));
""",
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
{style}<script defer src="/_versioner/{bundle}"></script>
<script defer src="/_versioner/{start}"></script>
</head>
<body>
<main id="docs"></main>
<noscript><p>This page needs JavaScript. The description of the API is
<a href="/openapi.json">openapi.json</a>, and without a script it can be read in the
<a href="/api/">reference</a> of the site.</p></noscript>
</body>
</html>
"""
# The two viewers write styles into the page; no script may.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_ABOUT: Final = """\
Record builds and deployments, ask what runs where and what may ship, and edit the registry.
Every write is one commit in the registry's git repository.

Send a token with each request: `Authorization: Bearer vr_...`. Errors of `/api/v1` are problem
details (RFC 9457); `code` is one of {codes}.
"""

router = APIRouter(include_in_schema=False)


@router.get("/docs")
@router.get("/docs/")
def docs() -> Response:
    """Return the page of Swagger UI."""
    style = '<link rel="stylesheet" href="/_versioner/swagger-ui.css">\n'
    return _page("API docs", "swagger-ui-bundle.js", "docs.js", style)


@router.get("/redoc")
@router.get("/redoc/")
def redoc() -> Response:
    """Return the page of Redoc."""
    return _page("API reference", "redoc.standalone.js", "redoc.js", "")


@router.get("/openapi.json")
def openapi(request: Request) -> Response:
    """Return the description of the API, OpenAPI 3.1."""
    return JSONResponse(description_of(request.app))


@router.get(ASSETS + "{name}")
def asset(request: Request, name: str) -> Response:
    """Return a script or a style of the pages that are not of the site."""
    content, kind = _asset(name)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=3600"}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=kind)


def description_of(app: FastAPI) -> dict[str, Any]:
    """Return the description of an application's API; it is made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=_ABOUT.format(codes=", ".join(f"`{each}`" for each in PROBLEMS)),
            routes=app.routes,
        )
        _add_problems(made)
        add_links(made)
        app.openapi_schema = made
    return app.openapi_schema


def _add_problems(made: dict[str, Any]) -> None:
    """Describe the token, and each error as problem details instead of FastAPI's own form."""
    components = made.setdefault("components", {})
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token: vr_<id>_<secret>."}
    }
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    schemas.update(metadata_schemas())
    made["security"] = [{"token": []}]
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in made.get("paths", {}).values():
        for operation in path.values():
            responses = operation.get("responses", {})
            found = responses.get("422", {}).get("content", {}).get("application/json", {})
            if found.get("schema", {}).get("$ref", "").endswith("/HTTPValidationError"):
                # An endpoint of the hosted product describes its refusals itself.
                described = responses.get("default", {}).get("content", content)
                responses["422"] = {"description": "A value is not valid", "content": described}
            responses.setdefault("default", {"description": "A problem", "content": content})


_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string", "description": "What kind of problem it is."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, for people."},
        "code": {
            "type": "string",
            "enum": [*PROBLEMS],
            "description": "What is wrong, for programs.",
        },
        "hint": {"type": "string", "description": "What to do about it."},
        "field": {"type": "string", "description": "The field that is not valid."},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
    "examples": [
        {
            "type": "urn:versioner:problem:not_found",
            "title": "There is no such thing",
            "status": 404,
            "detail": 'there is no product "user-servise"',
            "code": "not_found",
            "hint": "did you mean user-service?",
        }
    ],
}


def _page(title: str, bundle: str, start: str, style: str) -> Response:
    page = _PAGE.format(title=title, bundle=bundle, start=start, style=style)
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})


def _asset(name: str) -> tuple[bytes, str]:
    if name in _SCRIPTS:
        return _SCRIPTS[name].encode("utf-8"), "text/javascript; charset=utf-8"
    if name in _OF_PACKAGE:
        content = (files("fastapi_offline") / "static" / name).read_bytes()
        return content.replace(_FOREIGN_LOGO, b"data:,"), _OF_PACKAGE[name]
    if name == "site.css":
        found = site_templates_dir() / "assets" / "site.css"
        return found.read_bytes(), "text/css; charset=utf-8"
    raise HttpProblem("not_found", "there is no such file")
