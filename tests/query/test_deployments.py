from __future__ import annotations

import pytest

from tests.builders import NOW, deployment, moment, product, registry, void
from versioner.errors import NotFound
from versioner.query.deployments import find, find_by_id

MISTAKE = deployment("1.2", minutes=4, deployed_by="joe")
EVERYTHING = registry(
    product(
        "api",
        [
            deployment("1.0", minutes=0, environment="staging", deployed_by="Jane"),
            deployment("1.0", "started", minutes=1, deployed_by="bot", id="aaaaaaaa1"),
            deployment("1.0", minutes=2, deployed_by_email="jane@example.com", id="aaaaaaaa2"),
            deployment("1.1", "failed", minutes=3, id="aaaabbbb3"),
            MISTAKE,
            void(MISTAKE, minutes=5),
        ],
    ),
    product("web", [deployment("9", minutes=2), deployment("10", minutes=2)]),
    aliases={"old-web": "web"},
)


def found(**filters: object) -> list[str]:
    return [f"{each.product} {each.version}" for each in find(EVERYTHING, **filters)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["api 1.2", "api 1.1", "web 10", "web 9", "api 1.0", "api 1.0"]),
        ({"product": "old-web"}, ["web 10", "web 9"]),
        ({"environment": "staging"}, ["api 1.0"]),
        ({"environment": "dev"}, []),
        ({"version": "1.0"}, ["api 1.0", "api 1.0"]),
        ({"status": "failed"}, ["api 1.1"]),
        ({"status": "completed", "product": "api"}, ["api 1.0", "api 1.0"]),
        ({"status": "void"}, ["api 1.2"]),
        ({"person": "jane"}, ["api 1.0"]),
        ({"person": "JANE@example.com"}, ["api 1.0"]),
        ({"since": moment(3)}, ["api 1.2", "api 1.1"]),
        ({"until": moment(1)}, ["api 1.0", "api 1.0"]),
        ({"since": moment(2), "until": moment(2)}, ["web 10", "web 9"]),
        ({"limit": 2}, ["api 1.2", "api 1.1"]),
        ({"limit": 0}, []),
        ({"product": "api", "version": "1.0", "environment": "production"}, ["api 1.0"]),
    ],
)
def test_filters_narrow_down_and_the_newest_comes_first(filters, expected):
    assert found(**filters) == expected


@pytest.mark.parametrize("filters", [{"product": "ap"}, {"environment": "stagin"}])
def test_an_unknown_name_is_refused(filters):
    with pytest.raises(NotFound):
        found(**filters)


def test_a_deployment_is_found_by_any_of_its_events_and_by_the_beginning_of_an_id():
    assert find_by_id(EVERYTHING, "aaaaaaaa2").id == "aaaaaaaa1"
    assert find_by_id(EVERYTHING, "aaaaaa").id == "aaaaaaaa1"
    assert find_by_id(EVERYTHING, "aaaabbbb3", product="api").version == "1.1"


def test_a_deployment_is_found_by_an_event_of_it_that_is_void():
    first, second = deployment(status="started", minutes=0), deployment(minutes=1)
    everything = registry(product(deployments=[first, second, void(second)]))
    assert find_by_id(everything, second["id"]).id == first["id"]


@pytest.mark.parametrize(
    ("event_id", "said"),
    [
        ("nobody", "no deployment has an id"),
        ("aaaa", 'needs at least 6 characters, "aaaa" has 4'),
        ("", 'needs at least 6 characters, "" has 0'),
        ("AAAAAAAA1", "no deployment has an id"),
    ],
)
def test_an_id_of_nothing_is_refused(event_id, said):
    with pytest.raises(NotFound, match=said):
        find_by_id(EVERYTHING, event_id)


def test_an_id_that_two_products_have_is_not_guessed():
    shops = [product(name, deployments=[deployment(id="same-one")]) for name in ("api", "web")]
    twins = registry(*shops)
    with pytest.raises(
        NotFound, match='deployments of api and web have the id "same-one"'
    ) as caught:
        find_by_id(twins, "same-one")
    assert caught.value.hint == "write one of: api/same-one or web/same-one"
    assert find_by_id(twins, "web/same-one").product == "web"
    assert find_by_id(twins, "web/same-o").product == "web"
    assert find_by_id(twins, "same-one", product="api").product == "api"
    with pytest.raises(NotFound):
        find_by_id(twins, "none/same-one")


def test_the_beginning_of_two_ids_is_refused():
    twins = registry(product(deployments=[deployment(id="abcdef1"), deployment("2", id="abcdef2")]))
    with pytest.raises(NotFound, match="2 deployments") as caught:
        find_by_id(twins, "abcdef")
    assert [line.split() for line in caught.value.hint.splitlines()[1:]] == [
        ["user-service/abcdef1", "1.0.0", "to", "production,", NOW],
        ["user-service/abcdef2", "2", "to", "production,", NOW],
    ]
    assert find_by_id(twins, "user-service/abcdef2").version == "2"


def test_of_many_candidates_ten_are_listed_and_the_others_counted():
    events = [deployment(str(number), id=f"abcdef-{number:02}") for number in range(13)]
    with pytest.raises(NotFound, match="13 deployments") as caught:
        find_by_id(registry(product(deployments=events)), "abcdef")
    assert len(caught.value.hint.splitlines()) == 12
    assert caught.value.hint.endswith("and 3 more")


def test_the_beginning_of_one_id_of_two_products_lists_both_with_their_product():
    shops = [product(name, deployments=[deployment(id="same-one")]) for name in ("api", "web")]
    with pytest.raises(NotFound) as caught:
        find_by_id(registry(*shops), "same-o")
    assert "api/same-one" in caught.value.hint
    assert "web/same-one" in caught.value.hint
