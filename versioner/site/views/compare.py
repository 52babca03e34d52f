"""The pages that compare two environments, and the list of all pairs."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from versioner.query.commits.words import difference_words
from versioner.site.summaries.comparisons import compared_pairs, comparison
from versioner.site.urls import COMPARE, compare_page, data_of, outward
from versioner.site.views.parts.layout import View, crumb, frame
from versioner.site.views.products import team_link, title_of
from versioner.site.wording import count, day_text, version_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models import Deployment
    from versioner.query.compare.environments import Difference
    from versioner.query.matrix import CellState
    from versioner.site.context import SiteContext
    from versioner.site.summaries.comparisons import Comparison, Pair, Way

__all__ = ["compare_index_view", "compare_view"]

_NAMED: Final = 3
# What `versioner diff` and the document of a pair have in full.
_ROWS_MOST: Final = 400


def compare_index_view(context: SiteContext) -> View:
    """Return the view of the list of pairs: how many products differ, and which side is ahead."""
    pairs = compared_pairs(context)
    neighbours = {*pairwise(context.columns)}
    rows = [(pair, _pair_row(context, pair)) for pair in pairs]
    return {
        "frame": frame(
            context,
            COMPARE,
            "Compare environments",
            section=COMPARE,
            script="compare",
            description="Which products differ between two environments.",
            current=True,
            dated=False,
        ),
        "pairs": _choice(context, COMPARE, pairs, ("", "")),
        "groups": [
            {"title": title, "id": key, "rows": found}
            for key, title, wanted in (
                ("steps", "From one environment to the next", True),
                ("others", "Other pairs", False),
            )
            if (found := [row for pair, row in rows if (pair in neighbours) is wanted])
        ],
    }


def compare_view(context: SiteContext, pair: Pair) -> View:
    """Return the view of what differs between two environments."""
    page = compare_page(*pair)
    found = comparison(context, pair)
    titles = [context.environment_title(each) for each in pair]
    title = f"{titles[0]} and {titles[1]}"
    return {
        "frame": frame(
            context,
            page,
            f"Compare {title}",
            section=COMPARE,
            script="compare",
            crumbs=[crumb("Compare", context.link(page, COMPARE))],
            current=True,
            dated=False,
        ),
        "title": title,
        "summary": _summary(context, found, titles),
        "pairs": _choice(context, page, compared_pairs(context), pair),
        "sides": [
            {"title": each, "href": context.environment(page, name)}
            for each, name in zip(titles, pair, strict=True)
        ],
        "ways": [
            [way, _way_text(way, titles)] for way in dict.fromkeys(each.way for each in found)
        ],
        "rows": [_row(context, page, each, titles) for each in found[:_ROWS_MOST]],
        "more": max(0, len(found) - _ROWS_MOST),
        "command": f"versioner diff {pair[0]} {pair[1]}",
        "data": context.link(page, data_of(page)),
        "products": len(context.registry.products),
    }


def _pair_row(context: SiteContext, pair: Pair) -> View:
    found = Counter(each.way for each in comparison(context, pair))
    return {
        "title": " and ".join(context.environment_title(each) for each in pair),
        "href": context.link(COMPARE, compare_page(*pair)),
        "number": found.total(),
        "numbers": [found["a newer"], found["b newer"], found["only a"], found["only b"]],
    }


def _choice(
    context: SiteContext, page: str, pairs: Sequence[Pair], chosen: Pair | Sequence[str]
) -> View:
    names = dict.fromkeys(name for pair in pairs for name in pair)
    return {
        "environments": [
            {"name": name, "title": context.environment_title(name)} for name in names
        ],
        "chosen": list(chosen),
        # The script puts the two names, in this order, in place of the two words.
        "pattern": context.link(page, compare_page("A", "B")),
    }


def _summary(context: SiteContext, found: Sequence[Comparison], titles: Sequence[str]) -> str:
    every = count(len(context.registry.products), "product")
    if not found:
        return f"No product differs: {titles[0]} and {titles[1]} run the same versions."
    numbers = Counter(each.way for each in found)
    words = [f"{number:,} {_way_of_many(way, titles)}" for way, number in numbers.items()]
    many = "differs" if len(found) == 1 else "differ"
    return f"{len(found):,} of {every} {many}: {', '.join(words)}."


def _way_of_many(way: Way, titles: Sequence[str]) -> str:
    a, b = titles
    return {
        "a newer": f"newer in {a}",
        "b newer": f"newer in {b}",
        "only a": f"only in {a}",
        "only b": f"only in {b}",
        "unclear": "with several versions",
    }[way]


def _way_text(way: Way, titles: Sequence[str]) -> str:
    text = _way_of_many(way, titles)
    return text[0].upper() + text[1:]


def _row(context: SiteContext, page: str, found: Comparison, titles: Sequence[str]) -> View:
    difference = found.difference
    name = difference.product
    return {
        "name": name,
        "product": title_of(context, name),
        "href": context.product(page, name),
        "team": found.owner,
        "team_href": team_link(context, page, found.owner),
        "way": found.way,
        "way_text": _way_text(found.way, titles),
        "sides": [
            _side(context, page, difference, state) for state in (difference.a, difference.b)
        ],
        "at": difference.differs_since,
        "when": day_text(difference.differs_since[:10]) if difference.differs_since else "",
        **_ships(context, found, titles),
    }


def _side(context: SiteContext, page: str, difference: Difference, state: CellState) -> View:
    """Return what runs on a side: one version, or that of each instance that differs."""
    deployment = state.deployment
    several = bool(difference.instances) and (difference.a.mixed or difference.b.mixed)
    whole = deployment is not None and not several
    return {
        "version": version_text(state.version) if whole else "",
        "version_full": state.version if whole else "",
        "href": context.deployment(page, deployment) if deployment is not None and whole else "",
        "at": state.since if whole else "",
        "when": day_text(state.since[:10]) if whole else "",
        "instances": [
            {
                "instance": each.instance or "others",
                "version": version_text(version) if version else "",
                "version_full": version,
                "href": _of_instance(context, page, state, version),
            }
            for each in difference.instances
            for version in (each.a if state is difference.a else each.b,)
        ]
        if several
        else [],
    }


def _of_instance(context: SiteContext, page: str, state: CellState, version: str) -> str:
    found: list[Deployment] = [
        each.current for each in state.instances if each.current and each.version == version
    ]
    if not found and state.deployment is not None and state.version == version:
        found = [state.deployment]
    return context.deployment(page, max(found, key=lambda each: each.at)) if found else ""


def _ships(context: SiteContext, found: Comparison, titles: Sequence[str]) -> View:
    """Return what would ship to the side that is behind: the number of versions, and names."""
    difference = found.difference
    if found.way == "unclear":
        return {"ships": "", "versions": "", "commits": "", "compare": "", "held": ""}
    ahead, behind = (
        (difference.a, titles[1])
        if found.way in ("a newer", "only a")
        else (difference.b, titles[0])
    )
    number = found.between + 1
    # Those that are kept by name are the newest.
    names = [*difference.between, *ahead.versions][-_NAMED:]
    names = [version_text(each) for each in names]
    if (left := number - len(names)) > 0:
        names.insert(0, f"{left:,} more")
    back = found.rolled_back
    return {
        "ships": f"{count(number, 'version')} that {behind} lacks" if found.between else "",
        "versions": ", ".join(names) if found.between else "",
        "commits": difference_words(difference.commits) if difference.commits else "",
        "compare": outward(difference.compare_url),
        "held": f"rolled back in {context.environment_title(back)}" if back else "",
    }
