"""Pages that need nothing of the registry: the login, and refusals to people with a browser."""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response

__all__ = ["plain_page", "refusal_page"]

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/_versioner/site.css">
</head>
<body>
<main id="content" class="wide" tabindex="-1">
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""


def plain_page(title: str, content: str, status: int = 200) -> Response:
    """Return a page with a title, which is escaped, and content, which is HTML."""
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(_PAGE.format(title=escape(title), content=content), status, headers)


def refusal_page(title: str, status: int, texts: list[str], path: str, *, form: bool) -> Response:
    """Return the page of a refusal; `form` leads back to the form at the path that was sent."""
    links = [("/", "Overview")]
    if form:
        links.insert(0, (path, "Load the form again"))
    elif status == 403:
        links.append((f"/login?next={quote(path, safe='')}", "Log in as somebody else"))
    told = "".join(f"<p>{escape(each)}</p>\n" for each in texts if each)
    led = "".join(f'<a href="{escape(href)}">{text}</a>' for href, text in links)
    content = (
        f'<div class="notice problem" role="alert">\n{told}</div>\n<p class="actions">{led}</p>'
    )
    return plain_page(title, content, status)
