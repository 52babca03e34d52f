"""What needs attention, in groups: deployments, what was done in spite of rules, and names."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from versioner.query.derived.running_versions import place_text
from versioner.query.doubtful_names import doubtful_names
from versioner.site.urls import OVERVIEW, PRODUCTS, RULES
from versioner.site.views.parts.event_details import contacts
from versioner.site.views.parts.observed import DIFFERS, differing, recorded_words, running_words
from versioner.site.views.products import is_owned, title_of
from versioner.site.wording import count, day_text, version_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Deployment
    from versioner.query.matrix import CellState
    from versioner.rules.gate.breaches import Breach
    from versioner.site.context import SiteContext
    from versioner.site.views.parts.layout import View

__all__ = ["attention", "spite_of_rules"]

_SHOWN: Final = 5


def attention(context: SiteContext) -> list[View]:
    """Return the groups of problems that need attention, without empty groups."""
    cells = [cell for row in context.matrix.rows for cell in row.cells]
    stale = [cell.no_result for cell in cells if cell.no_result]
    failed = [cell.failed_last for cell in cells if cell.failed_last]
    groups = [
        _deployments(context, stale, "status-stale", "deployment without a result"),
        _deployments(context, failed, "status-failed", "failed or aborted deployment"),
        *spite_of_rules(context, OVERVIEW),
        _observed(context, cells),
        _doubtful(context),
        _unowned(context),
    ]
    return [group for group in groups if group["number"]]


def _deployments(
    context: SiteContext, found: Sequence[Deployment], status_class: str, noun: str
) -> View:
    words = count(len(found), noun, noun.replace("deployment", "deployments"))
    newest = sorted(found, key=lambda each: (each.changed_at, each.product), reverse=True)
    return {
        **_group(len(found), status_class, words),
        "is_marked": True,
        "items": [
            {
                "product": title_of(context, each.product),
                "environment": place_text(
                    context.environment_title(each.environment), each.instance
                ),
                "version": version_text(each.version),
                "version_full": each.version,
                "status": each.status,
                "href": context.deployment(OVERVIEW, each),
                "command": "",
                "at": each.changed_at,
                "age": context.age(each.changed_at),
                "contacts": contacts(
                    context.registry.products[each.product], each.events, context.hidden
                ),
            }
            for each in newest[:_SHOWN]
        ],
        "more": max(0, len(found) - _SHOWN),
    }


def _observed(context: SiteContext, cells: Sequence[CellState]) -> View:
    """Return the group of the cells where something else was seen to run than is recorded."""
    found = [(cell, each) for cell in cells for each in differing(cell)]
    found.sort(key=lambda pair: (pair[1].differs_since, pair[0].product), reverse=True)
    words = count(len(found), "difference") + " between what runs and what is recorded"
    return {
        **_group(len(found), DIFFERS, words),
        "is_marked": True,
        "dated": True,
        "items": [
            {
                "product": title_of(context, cell.product),
                "environment": place_text(
                    context.environment_title(cell.environment), each.instance
                ),
                "version": running_words(each)[0],
                "version_full": running_words(each)[1],
                "status": f"runs; recorded: {recorded_words(each)}",
                "href": context.product(OVERVIEW, cell.product),
                "command": "",
                "when": day_text(each.differs_since[:10]),
                "at": each.differs_since,
                "age": context.age(each.differs_since),
                "contacts": contacts(
                    context.registry.products[cell.product], hidden=context.hidden
                ),
            }
            for cell, each in found[:_SHOWN]
        ],
        "more": max(0, len(found) - _SHOWN),
    }


def _overrides(context: SiteContext, page: str, most: int) -> View:
    """Return the group of the deployments that overrode rules, which nobody has reviewed."""
    found = [(summary, each) for summary in context.catalogue for each in summary.overrides]
    found.sort(key=lambda pair: (pair[1].at, pair[0].name), reverse=True)
    words = count(len(found), "deployment") + " in spite of a rule, not reviewed"
    return {
        **_group(len(found), "status-stale", words),
        "items": [
            {
                "product": title_of(context, summary.name),
                "environment": place_text(
                    context.environment_title(each.environment), each.instance
                ),
                "version": version_text(each.version),
                "version_full": each.version,
                "status": f"overrides {', '.join(each.rules)}: {each.reason}",
                "href": context.row(page, summary.name, each.deployment, each.began),
                "command": _review(page, summary.name, each.version, each.event),
                "at": each.at,
                "age": context.age(each.at),
                "contacts": [],
            }
            for summary, each in found[:most]
        ],
        "more": max(0, len(found) - most),
        "more_href": _to_rules(context, page),
    }


def spite_of_rules(context: SiteContext, page: str, most: int = _SHOWN) -> list[View]:
    """Return the groups of what broke a rule, or overrode one, and nobody has reviewed."""
    groups = [_violations(context, page, most), _overrides(context, page, most)]
    return [group for group in groups if group["number"]]


def _violations(context: SiteContext, page: str, most: int) -> View:
    """Return the group of the deployments that broke a rule without an override."""
    groups: dict[tuple[str, str], list[Breach]] = {}
    for each in context.activity.violations:
        groups.setdefault((each.product, each.deployment), []).append(each)
    words = count(len(groups), "deployment") + " broke a rule without an override"
    return {
        **_group(len(groups), "status-failed", words),
        "items": [_breach(context, page, own) for own in [*groups.values()][:most]],
        "more": max(0, len(groups) - most),
        "more_href": _to_rules(context, page),
    }


def _review(page: str, product: str, version: str, event: str) -> str:
    """Return the command that records a review, on the page that has room for it."""
    if page != RULES:
        return ""
    return f"versioner review {product} {shlex.quote(version)} --event {event}"


def _to_rules(context: SiteContext, page: str) -> str:
    return context.link(page, RULES) if RULES in context.sections and page != RULES else ""


def _breach(context: SiteContext, page: str, own: Sequence[Breach]) -> View:
    first = own[0]
    return {
        "product": title_of(context, first.product),
        "environment": place_text(context.environment_title(first.environment), first.instance),
        "version": version_text(first.version),
        "version_full": first.version,
        "status": "breaks " + ", ".join(each.rule for each in own),
        "href": context.row(page, first.product, first.deployment, first.at),
        "command": _review(page, first.product, first.version, first.event),
        "at": first.at,
        "age": context.age(first.at),
        "contacts": [],
    }


def _doubtful(context: SiteContext) -> View:
    """Return the group of the names that are probably slips, each with the command that helps."""
    found = doubtful_names(
        context.registry,
        uses_of=lambda name: sum(each.uses.get(name, 0) for each in context.catalogue),
        events_of=lambda name: context.catalogue.of(name).events,
    )
    return {
        **_group(
            len(found), "status-unknown", f"{count(len(found), 'name')} similar to another name"
        ),
        "commands": [{"text": each.text, "command": each.command} for each in found[:_SHOWN]],
        "more": max(0, len(found) - _SHOWN),
    }


def _unowned(context: SiteContext) -> View:
    unowned = [name for name in context.registry.products if not is_owned(context, name)]
    if {"team", "owner"} & context.hidden:
        unowned = []
    words = f"{count(len(unowned), 'product')} without an owner"
    return {
        **_group(len(unowned), "status-unknown", words),
        "href": f"{context.link(OVERVIEW, PRODUCTS)}?nobody=1",
    }


def _group(number: int, status_class: str, text: str) -> View:
    return {
        "number": number, "status_class": status_class, "text": text,
        "href": "", "items": [], "dated": False, "commands": [],
        "more": 0, "more_href": "", "is_marked": False,
    }  # fmt: skip
