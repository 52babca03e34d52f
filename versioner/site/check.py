"""Check a built site by its files alone: what a visitor or a program would trip on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.site.checks.documents import check_documents
from versioner.site.checks.folder import Fault, Folder
from versioner.site.checks.markup import check_markup
from versioner.site.checks.pages import check_pages
from versioner.site.checks.tables import check_tables

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Fault", "check_site"]


def check_site(top: Path) -> list[Fault]:
    """Return every fault of the site in a folder, by path; raise Failure where there is none.

    Pages: links, anchors, ids, policy, requests to other hosts. JSON: the site's own OpenAPI
    document. Feeds, badges, sitemap: strict XML and their formats. Tables: RFC 4180.
    """
    folder = Folder(top)
    # Pages first: the others' links lead to the anchors found there.
    faults = [
        *(Fault(path, "it is not a regular file") for path in folder.links),
        *check_pages(folder),
        *check_documents(folder),
        *check_markup(folder),
        *check_tables(folder),
    ]
    return sorted(dict.fromkeys(faults))
