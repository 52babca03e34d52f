from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from versioner.rules.near_names import near_name, near_pairs

ENVIRONMENTS = ("production", "staging", "test", "dev", "prod-eu-1")
PRODUCTS = ("user-service", "shop", "payments-api", "web-1", "internal-api", "checkout")


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("prodution", "production"),
        ("produciton", "production"),
        ("porduction", "production"),
        ("prduction", "production"),
        ("prodcution", "production"),
        ("productoin", "production"),
        ("prodcton", "production"),
        ("prod", "production"),
        ("prd", "production"),
        ("Production", ""),
        ("stagin", "staging"),
        ("stage", "staging"),
        ("stg", "staging"),
        ("sta", "staging"),
        ("tests", "test"),
        ("testing", "test"),
        ("development", "dev"),
        ("dve", "dev"),
        ("prodeu1", "prod-eu-1"),
        ("production-eu-1", "prod-eu-1"),
        ("Prod_EU_1", ""),
    ],
)
def test_a_slip_of_an_environment_leads_to_it(slip, meant):
    assert near_name("environment", slip, ENVIRONMENTS) == meant


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("userservice", "user-service"),
        ("user_service", ""),
        ("User.Service 2", ""),
        ("user-services", "user-service"),
        ("usr-service", "user-service"),
        ("user-svc", "user-service"),
        ("user-sevrice", "user-service"),
        ("user-servce", "user-service"),
        ("shpo", "shop"),
        ("shopp", "shop"),
        ("chekcout", "checkout"),
        ("chekout", "checkout"),
        ("chckot", "checkout"),
    ],
)
def test_a_slip_of_a_product_leads_to_it(slip, meant):
    assert near_name("product", slip, PRODUCTS) == meant


@pytest.mark.parametrize(
    "name",
    [
        "web-2",
        "web-10",
        "web",
        "external-api",
        "payments-app",
        "user",
        "ship",
        "checkin",
        "service",
        "payments",
        "shop-api",
        "shop-2",
        "production",
    ],
)
def test_a_product_of_its_own_is_near_no_other(name):
    assert near_name("product", name, PRODUCTS) == ""


@pytest.mark.parametrize(
    "name", ["prod-us-1", "prod-eu-2", "qa", "uat", "production-2", "test-2", "de", "demo", "live"]
)
def test_an_environment_of_its_own_is_near_no_other(name):
    assert near_name("environment", name, ENVIRONMENTS) == ""


def test_the_nearest_of_several_is_given():
    assert near_name("environment", "prod-eu", ("prod-eu-1", "prodeu", "production-eu")) == "prodeu"
    assert near_name("product", "order", ("orders", "odrer")) == "odrer"


@pytest.mark.parametrize("kind", ["product", "environment"])
def test_pairs_are_those_that_each_name_finds_alone(kind):
    words = ["user", "usr", "users", "odrer", "service", "svc", "sevrice", "prod", "production"]
    words += ["prodution", "prodcton", "test", "testing", "stag"]
    names = [*words, *(f"{word}-{number}" for word in words for number in (1, 2))]
    names += [f"{one}-{other}" for one, other in pairwise(words)]
    alone = {pair for pair in combinations(sorted(names), 2) if near_name(kind, pair[0], [pair[1]])}
    assert set(near_pairs(kind, names)) == alone
    assert len(alone) > 20


def test_no_name_is_near_itself_or_to_nothing():
    assert near_name("product", "shop", ["shop"]) == ""
    assert near_name("product", "shop", []) == ""
    assert near_name("product", "!!!", ["shop"]) == ""
    assert list(near_pairs("product", ["shop", "shop"])) == []
