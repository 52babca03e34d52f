"""Which environments the overview shows at first, and what drifts among them."""

from __future__ import annotations

from tests.builders import NOW, deployment, product, registry
from tests.site.samples import DAY
from versioner.models.governance import Governance, Request
from versioner.registry.governance.load import LoadedGovernance
from versioner.site.context import SiteContext
from versioner.site.views.parts.behind import drift_view

YEAR = 365 * DAY


def many(number: int, environment: str, *, minutes: float, version: str = "1") -> dict[str, list]:  # type: ignore[type-arg]
    return {
        f"p{n}": [deployment(version, environment=environment, minutes=minutes)]
        for n in range(number)
    }


def context_of(*groups: dict[str, list]) -> SiteContext:  # type: ignore[type-arg]
    events: dict[str, list] = {}  # type: ignore[type-arg]
    for group in groups:
        for name, own in group.items():
            events.setdefault(name, []).extend(own)
    return SiteContext(registry(*(product(name, own) for name, own in events.items())), now=NOW)


def test_an_environment_that_was_left_years_ago_is_left_out_and_it_says_why() -> None:
    context = context_of(
        many(20, "production", minutes=-DAY), many(20, "test", minutes=-2 * YEAR, version="old")
    )
    assert context.columns == ("production",)
    why = {each.environment: each.why for each in context.hidden_environments}
    assert why["test"] == "nothing was deployed there in the last year"
    assert context.drifting == frozenset()


def test_an_environment_that_few_products_use_is_left_out() -> None:
    context = context_of(many(20, "production", minutes=-DAY), many(1, "test", minutes=-DAY))
    assert context.columns == ("production",)
    assert (
        dict(context.hidden_environments)["test"]
        == "only 1 product of 20 deployed there in the last year"
    )


def test_in_a_small_registry_one_product_is_enough() -> None:
    context = context_of(many(3, "production", minutes=-DAY), many(1, "test", minutes=-DAY))
    assert context.columns == ("test", "production")


def test_where_nothing_is_alive_all_environments_show() -> None:
    context = context_of(many(3, "production", minutes=-3 * YEAR))
    assert context.columns == ("dev", "test", "staging", "production")
    assert context.hidden_environments == ()


def test_drift_is_reckoned_over_the_columns() -> None:
    context = context_of(
        many(2, "production", minutes=-DAY), many(1, "staging", minutes=-DAY, version="2")
    )
    assert context.drifting == {"p0"}


def test_drift_is_told_with_its_age_its_size_and_where() -> None:
    names = ("staging", "production")
    both = [deployment("1", environment=name, minutes=-9 * DAY) for name in names]
    ahead = [
        *both,
        deployment("2", environment="staging", minutes=-3 * DAY),
        deployment("3", environment="staging", minutes=-DAY),
    ]
    back = [*both, deployment("2", environment="production", minutes=-60)]
    context = SiteContext(registry(product("ahead", ahead), product("back", back)), now=NOW)
    found = drift_view(context, "ahead")
    assert (found["age"], found["size"], found["waits"]) == ("3 days", "2 versions behind", "")
    assert drift_view(context, "back")["size"] == "staging is 1 version behind"
    assert drift_view(context, "back")["age"] == "1 hour"


def test_drift_that_a_request_can_end_says_whose_approval_it_waits_for() -> None:
    events = [
        deployment("1", environment="production", minutes=-9 * DAY),
        deployment("2", environment="staging", minutes=-3 * DAY),
    ]
    wanted = Request(
        "release", "requests/release/request.yaml", {}, state="open", environments=("production",),
        versions={"shop": "2"}, approvals={"qa": 1},
    )  # fmt: skip
    whole = registry(product("shop", events))
    loaded = LoadedGovernance(Governance(requests=(wanted,)))
    whole.load_governance = lambda: loaded
    assert drift_view(SiteContext(whole, now=NOW), "shop")["waits"] == "waits for approval of qa"
