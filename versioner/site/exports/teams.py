"""The teams that own products, and a slug of each name for use in paths."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from versioner.names import slugify
from versioner.site.views.products import team_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.site.context import SiteContext

__all__ = ["slugs_of", "teams_of"]


def teams_of(context: SiteContext) -> dict[str, list[str]]:
    """Return the products of each team, both by name; none where teams are hidden."""
    teams: dict[str, list[str]] = {}
    for name in sorted(context.registry.products):
        if team := team_of(context, name):
            teams.setdefault(team, []).append(name)
    return dict(sorted(teams.items()))


def slugs_of(teams: Iterable[str]) -> dict[str, str]:
    """Return the slug of each team's name.

    A slug that lost characters of the name, or that two names share, gets a part of the name's
    digest, so that the path of one team depends on few others.
    """
    plain = {team: slugify(team) for team in teams}
    times = Counter(plain.values())
    return {
        team: slug
        if slug == team.lower().replace(" ", "-") and times[slug] == 1
        else f"{slug or 'team'}-{hashlib.sha256(team.encode('utf-8', 'replace')).hexdigest()[:8]}"
        for team, slug in plain.items()
    }
