"""The page of terms, from the documentation's glossary."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from versioner.resources import docs_dir
from versioner.site.urls import GLOSSARY
from versioner.site.views.parts.layout import View, frame

if TYPE_CHECKING:
    from versioner.site.context import SiteContext

__all__ = ["glossary_groups", "glossary_view"]

_HEADING: Final = re.compile(r"^(##|###) (.+)$", re.MULTILINE)


def glossary_view(context: SiteContext) -> View:
    """Return the view of the page; each term has an anchor, which other pages link to."""
    description = "The terms of these pages, each in a sentence or two"
    return {
        "frame": frame(context, GLOSSARY, "Glossary", section=GLOSSARY, description=description),
        "groups": glossary_groups(),
    }


@cache
def glossary_groups() -> list[View]:
    """Return the groups of terms, in the order of the documentation.

    A text is a list of parts: plain ones, and the code between them.
    """
    parts = _HEADING.split((docs_dir() / "glossary.md").read_text(encoding="utf-8"))
    groups: list[View] = []
    for level, title, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        if level == "##":
            groups.append({"title": title, "anchor": _anchor(title), "terms": []})
        else:
            words = " ".join(text.split()).split("`")
            groups[-1]["terms"].append({"name": title, "anchor": _anchor(title), "parts": words})
    return groups


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")
