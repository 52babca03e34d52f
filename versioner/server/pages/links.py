"""Links to the forms, which stand on the pages of the site for those who may edit."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from versioner.server.callers import Caller

__all__ = ["edit_links", "with_links"]

_NAME: Final = r"[a-z0-9][a-z0-9-]*"
_FREEZES: Final = ("/edit/freezes", "Freezes")
_MAIN: Final = re.compile(rb"<main[^>]*>")


def edit_links(path: str, caller: Caller) -> list[tuple[str, str]]:
    """Return the forms that belong to a page of the site, each with its address and a text."""
    links: list[tuple[str, str]] = []
    if match := re.fullmatch(rf"products/({_NAME})/index\.html", path):
        links = _of_product(match[1], caller)
    elif path == "products/index.html" and caller.may("edit"):
        links = [("/edit/products/new", "New product"), ("/edit/deleted", "Deleted products")]
    elif path in ("rules/index.html", "calendar/index.html") and caller.may("edit"):
        links = [_FREEZES]
    elif match := re.fullmatch(rf"environments/({_NAME})/index\.html", path):
        if caller.may("edit") and caller.may_environment(match[1]):
            links = [(f"/edit/freezes/new?environment={match[1]}", "Freeze"), _FREEZES]
    elif match := re.fullmatch(rf"requests/({_NAME})/index\.html", path):
        if caller.may("edit") or caller.may("approve"):
            links = [(f"/edit/requests/{match[1]}", "Approve or change")]
    elif path in ("requests/index.html", "index.html") and (
        caller.may("edit") or caller.may("approve")
    ):
        links = [("/edit/requests/new", "New request")]
        if path == "index.html" and caller.may("edit"):
            links = [("/edit/products/new", "New product"), *links]
    return links


def _of_product(name: str, caller: Caller) -> list[tuple[str, str]]:
    if not caller.may_product(name):
        return []
    links = []
    if caller.may("edit"):
        base = f"/edit/products/{name}"
        links.append((base, "Edit"))
        # What is about all environments is for those who may use all of them.
        if not caller.environments:
            links += [
                (f"{base}/rename", "Rename"),
                (f"{base}/deployments", "Void a deployment"),
                (f"{base}/delete", "Delete"),
            ]
    if caller.may("approve") and not caller.environments:
        links.insert(1, (f"/edit/products/{name}/decide", "Approve"))
    return links


def with_links(content: bytes, links: list[tuple[str, str]]) -> bytes:
    """Return a page with links at the beginning of its content."""
    found = _MAIN.search(content) if links else None
    if found is None:
        return content
    text = "".join(f'<a href="{escape(href)}">{escape(text)}</a>' for href, text in links)
    bar = f'\n<p class="actions edit">{text}</p>'.encode()
    return content[: found.end()] + bar + content[found.end() :]
