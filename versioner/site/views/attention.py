"""What needs somebody's attention: failed last, no result, nobody's product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.site.urls import OVERVIEW, PRODUCTS
from versioner.site.views.naming import title_of
from versioner.site.views.products import is_owned
from versioner.site.wording import count, version_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Deployment
    from versioner.site.context import Atlas
    from versioner.site.views.layout import View

__all__ = ["attention"]

_SHOWN: Final = 5


def attention(atlas: Atlas) -> list[View]:
    """Return the groups of things that somebody should look at; those with none are left out."""
    cells = [cell for row in atlas.matrix.rows for cell in row.cells]
    lost = [cell.no_result for cell in cells if cell.no_result]
    failed = [cell.failed_last for cell in cells if cell.failed_last]
    groups = [
        _deployments(atlas, lost, "late", "without a result"),
        _deployments(atlas, failed, "bad", "whose last try did not succeed"),
        _unowned(atlas),
    ]
    return [group for group in groups if group["number"]]


def _deployments(atlas: Atlas, found: Sequence[Deployment], shape: str, what: str) -> View:
    newest = sorted(found, key=lambda each: (each.changed_at, each.product), reverse=True)
    places = count(len(found), "place")
    return {
        **_group(len(found), shape, f"{places} {what}"),
        "flag": "attention",
        "items": [
            {
                "product": title_of(atlas, each.product),
                "environment": atlas.environment_title(each.environment),
                "version": version_text(each.version),
                "version_full": each.version,
                "status": each.status,
                "href": atlas.deployment(OVERVIEW, each),
                "at": each.changed_at,
                "age": atlas.age(each.changed_at),
            }
            for each in newest[:_SHOWN]
        ],
        "more": max(0, len(found) - _SHOWN),
    }


def _unowned(atlas: Atlas) -> View:
    nobodys = [name for name in atlas.registry.products if not is_owned(atlas, name)]
    if {"team", "owner"} & atlas.hidden:
        nobodys = []
    words = f"{count(len(nobodys), 'product')} that nobody is named for"
    return {
        **_group(len(nobodys), "none", words),
        "href": f"{atlas.link(OVERVIEW, PRODUCTS)}?nobody=1",
    }


def _group(number: int, shape: str, text: str) -> View:
    return {
        "number": number, "shape": shape, "text": text,
        "href": "", "flag": "", "items": [], "more": 0,
    }  # fmt: skip
