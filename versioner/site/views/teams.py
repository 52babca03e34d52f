"""The pages of teams: the list, and what each one owns, runs, waits for and must meet."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from versioner.query.gate.rule_words import requirement_words, scope_words
from versioner.registry.governance.scopes import site_of
from versioner.rules.gate.scope import is_in_scope
from versioner.site.summaries.comparisons import compared
from versioner.site.urls import PRODUCTS, REQUESTS, RULES, TEAMS, request_page, team_feed, team_page
from versioner.site.views.parts.instances import on_instances
from versioner.site.views.parts.layout import View, crumb, frame
from versioner.site.views.parts.metric_cards import team_metrics
from versioner.site.views.parts.rows import STATUS_CLASSES, deployment_row
from versioner.site.views.products import team_slugs, teams_of, title_of
from versioner.site.views.requests import details_of_requests
from versioner.site.views.rules import rule_anchor
from versioner.site.wording import count, day_text, version_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from versioner.query.matrix import CellState
    from versioner.site.context import SiteContext
    from versioner.site.summaries.comparisons import Comparison

__all__ = ["team_view", "teams_view"]

_LATEST: Final = 12


def teams_view(context: SiteContext) -> View:
    """Return the view of the list of teams, with the figures of each."""
    teams = teams_of(context)
    slugs = team_slugs(teams)
    unowned = len(context.registry.products) - sum(map(len, teams.values()))
    return {
        "frame": frame(
            context,
            TEAMS,
            "Teams",
            section=TEAMS,
            script="lists",
            description="What each team owns, and how it stands.",
            current=True,
            dated=False,
        ),
        "summary": count(len(teams), "team"),
        "unowned": f"{count(unowned, 'product')} without one" if unowned else "",
        "products": context.link(TEAMS, PRODUCTS),
        "teams": [_figures(context, team, names, slugs[team]) for team, names in teams.items()],
    }


def team_view(context: SiteContext, team: str, slug: str) -> View:
    """Return the view of one team."""
    page = team_page(slug)
    names = teams_of(context)[team]
    feed = {"title": f"Deployments of {team}", "href": context.link(page, team_feed(slug))}
    waiting = [*_waiting(context, names)]
    return {
        "frame": frame(
            context,
            page,
            team,
            section=TEAMS,
            script="lists",
            description=f"What {team} owns, what runs, and what waits.",
            crumbs=[crumb("Teams", context.link(page, TEAMS))],
            feeds=[feed],
            current=True,
            dated=False,
        ),
        "team": team,
        "summary": _summary(context, names, waiting),
        "feed": feed["href"],
        "columns": [
            {"title": context.environment_title(name), "href": context.environment(page, name)}
            for name in context.columns
        ],
        "products": [_product(context, page, name) for name in names],
        "troubles": [*_troubles(context, page, names)],
        "waiting": [_wait(context, page, each) for each in waiting],
        "metrics": team_metrics(context, team),
        "requests": _requests(context, page, names),
        "rules": _rules(context, page, names),
        "deployments": [
            {
                **deployment_row(context, page, each),
                "product": title_of(context, each.product),
                "product_href": context.product(page, each.product),
            }
            for each in context.catalogue.latest(_LATEST, products=names)
        ],
    }


def _figures(context: SiteContext, team: str, names: Sequence[str], slug: str) -> View:
    latest = max((context.catalogue.of(name).latest_at for name in names), default="")
    return {
        "team": team,
        "href": context.link(TEAMS, team_page(slug)),
        "products": len(names),
        "drifting": sum(name in context.drifting for name in names),
        "waiting": sum(1 for _ in _waiting(context, names)),
        "troubles": sum(1 for _ in _troubles(context, TEAMS, names)),
        "at": latest,
        "when": day_text(latest[:10]) if latest else "",
    }


def _summary(context: SiteContext, names: Sequence[str], waiting: Sequence[Comparison]) -> str:
    drifting = sum(name in context.drifting for name in names)
    parts = [count(len(names), "product")]
    if drifting:
        parts.append(f"{drifting:,} {'drifts' if drifting == 1 else 'drift'}")
    if waiting:
        parts.append(count(len(waiting), "pending change"))
    return " · ".join(parts)


def _product(context: SiteContext, page: str, name: str) -> View:
    return {
        "title": title_of(context, name),
        "href": context.product(page, name),
        "drifting": name in context.drifting,
        "cells": [_cell(context, page, context.state(name, each)) for each in context.columns],
    }


def _cell(context: SiteContext, page: str, state: CellState) -> View:
    current = state.deployment
    return {
        "on": on_instances(context, page, state),
        "version": version_text(current.version) if current is not None else "",
        "version_full": current.version if current is not None else "",
        "href": context.deployment(page, current) if current is not None else "",
        "at": state.since,
        "when": day_text(state.since[:10]) if state.since else "",
    }


def _troubles(context: SiteContext, page: str, names: Iterable[str]) -> Iterator[View]:
    """Yield the deployments that failed last or have no result."""
    for name in names:
        for environment in context.matrix.environments:
            state = context.state(name, environment)
            for found, word in ((state.failed_last, ""), (state.no_result, "no result")):
                if found is not None:
                    yield {
                        "product": title_of(context, name),
                        "environment": context.environment_title(environment),
                        "version": version_text(found.version),
                        "version_full": found.version,
                        "href": context.deployment(page, found),
                        "status": word or found.status,
                        "status_class": "status-stale" if word else STATUS_CLASSES[found.status],
                        "at": found.changed_at,
                        "when": day_text(found.changed_at[:10]),
                    }


def _waiting(context: SiteContext, names: Iterable[str]) -> Iterator[Comparison]:
    """Yield the steps of promotion for which a newer version waits."""
    for name in names:
        for pair in pairwise(context.columns):
            found = compared(context, pair, name)
            if found is not None and found.way in ("a newer", "only a") and not found.rolled_back:
                yield found


def _wait(context: SiteContext, page: str, found: Comparison) -> View:
    a, b = found.difference.a, found.difference.b
    current = a.deployment
    since = found.difference.differs_since
    return {
        "product": title_of(context, a.product),
        "product_href": context.product(page, a.product),
        "version": version_text(a.version) if current is not None else "several versions",
        "version_full": a.version,
        "href": context.deployment(page, current) if current is not None else "",
        "from": context.environment_title(a.environment),
        "to": context.environment_title(b.environment),
        "instead": version_text(b.version) or "nothing",
        "number": count(found.between + 1, "version"),
        "at": since,
        "when": day_text(since[:10]) if since else "",
    }


def _requests(context: SiteContext, page: str, names: Sequence[str]) -> list[View]:
    """Return the requests that are not done and hold a product of the team."""
    if REQUESTS not in context.sections:
        return []
    own = set(names)
    return [
        {
            "title": each.request.title or each.request.name,
            "href": context.link(page, request_page(each.request.name)),
            "state": each.state,
            "products": ", ".join(
                title_of(context, target)
                for name in each.request.versions
                if (target := context.registry.target_of(name)) in own
            ),
        }
        for each in details_of_requests(context).values()
        if each.state not in ("completed", "cancelled")
        and own & {context.registry.target_of(name) for name in each.request.versions}
    ]


def _rules(context: SiteContext, page: str, names: Sequence[str]) -> list[View]:
    """Return the rules about a place where a product of the team is deployed."""
    if RULES not in context.sections:
        return []
    registry = context.registry
    sites = [
        site_of(registry, name, environment)
        for name in names
        for environment in context.environments
    ]
    return [
        {
            "title": rule.title or rule.name,
            "href": f"{context.link(page, RULES)}#{rule_anchor(rule.name)}",
            "scope": scope_words(rule),
            "words": requirement_words(rule.block),
        }
        for rule in registry.governance.rules
        if rule.enforcement != "disabled"
        and any(is_in_scope(rule, site, registry) for site in sites)
    ]
