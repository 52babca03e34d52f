"""Deployment buttons: what a template becomes, and the problems that `validate` reports."""

from __future__ import annotations

import pytest

from tests.builders import deployment
from tests.registry.files import environment, load, log, product, told
from versioner.registry.buttons import SYSTEM_VARIABLES, Target, buttons_of, fill_template

TARGET = Target("shop", "1.4.0+b/2 é", "production", build_number="17", scm_sha="4f5d1c2a")
JENKINS = "https://ci.example.com/job/deploy"


def config(*lines: str) -> dict[str, bytes]:
    return {"registry/registry.yaml": "\n".join(["schema_version: 1", *lines, ""]).encode()}


def button(url: str, *more: str, title: str = "Deploy") -> list[str]:
    return ["buttons:", f'  - title: "{title}"', f'    url: "{url}"', *more]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{jenkins}?v={vi_version}", f"{JENKINS}?v=1.4.0%2Bb%2F2%20%C3%A9"),
        ("https://x.test/{vi_product_id}/{vi_product_name}", "https://x.test/shop/shop"),
        ("https://x.test/{vi_environment_id}", "https://x.test/production"),
        ("https://x.test/{vi_environment_name}#{vi_sha}", "https://x.test/production#4f5d1c2a"),
        ("https://x.test/?n={vi_build_number}", "https://x.test/?n=17"),
        ("https://x.test/?q={{vi_version}}", "https://x.test/?q={vi_version}"),
        ("https://x.test/{{{vi_product_id}}}", "https://x.test/{shop}"),
    ],
)
def test_a_template_becomes_an_address(template: str, expected: str) -> None:
    registry = load(
        config("variables:", f'  jenkins: "{JENKINS}"', *button(template)), product("shop")
    )
    assert told(registry) == []
    (found,) = buttons_of(registry, registry.products["shop"].document)
    assert found.url(TARGET) == expected


@pytest.mark.parametrize("template", ["a{b", "a}b", "{a{b}", "{}", "{vi_nothing}", "{missing}"])
def test_a_brace_or_a_variable_that_says_nothing_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"a single [{}]|missing variable: "):
        fill_template(template, {"a": "1"}, dict.fromkeys(SYSTEM_VARIABLES, "x"))


def test_a_version_adds_no_parameter_and_no_host() -> None:
    registry = load(product("shop", *button("https://x.test/{vi_version}?to={vi_product_id}")))
    (found,) = buttons_of(registry, registry.products["shop"].document)
    hostile = TARGET._replace(version="../..//evil.test?to=other#x&y")
    assert found.url(hostile) == (
        "https://x.test/..%2F..%2F%2Fevil.test%3Fto%3Dother%23x%26y?to=shop"
    )


def test_the_product_takes_precedence_over_the_registry() -> None:
    registry = load(
        config(
            "variables:",
            '  host: "https://registry.test"',
            "buttons:",
            '  - {title: "Deploy", url: "{host}/shared/{vi_version}"}',
            '  - {title: "Runbook", url: "{host}/runbook"}',
        ),
        product("web"),
        product(
            "shop", "variables:", '  host: "https://shop.test"', *button("{host}/own/{vi_version}")
        ),
    )
    assert told(registry) == []
    own, other = (
        [each.url(TARGET._replace(version="1")) for each in buttons_of(registry, record.document)]
        for record in (registry.products["shop"], registry.products["web"])
    )
    assert own == ["https://shop.test/own/1", "https://shop.test/runbook"]
    assert other == ["https://registry.test/shared/1", "https://registry.test/runbook"]


def test_a_button_of_some_environments_follows_a_rename() -> None:
    registry = load(
        environment("production", 'aliases: ["prod"]'),
        product("shop", *button("https://x.test/", '    environments: ["prod"]')),
    )
    assert told(registry) == []
    (found,) = buttons_of(registry, registry.products["shop"].document)
    assert found.environments == ("production",)
    assert not found.only_when_allowed


def test_a_missing_variable_is_an_error_where_it_is_named() -> None:
    registry = load(product("shop", *button("https://x.test/{branch}?v={vi_version}")))
    assert told(registry) == ["products/shop/product.yaml:4:10 button"]
    (problem,) = registry.problems
    assert problem.message == "missing variable: branch"
    assert "vi_sha" in problem.hint


def test_a_variable_that_only_some_products_have_is_told_with_the_others() -> None:
    shared = config(*button("{host}/{vi_version}"))
    described = product("web", "variables:", '  host: "https://web.test"')
    assert told(load(shared, described)) == []
    assert told(load(shared)) == []
    registry = load(shared, described, *(product(f"p{number}") for number in range(5)))
    assert told(registry) == ["registry.yaml:4:10 button"]
    (problem,) = registry.problems
    assert problem.message == 'missing variable: host in "p0", "p1", "p2" and 2 more'


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://x.test/{", "a single { is neither"),
        ("https://x.test/}", "a single } is neither"),
        ("ftp://x.test/", "no address of a page"),
        ("javascript:alert(1)//{vi_version}", "no address of a page"),
        ("{vi_version}/x", "no address of a page"),
        ("https://bot@x.test/{vi_version}", "no address of a page"),
        ("https://{vi_version}@x.test/", "no address of a page"),
        ("https:///x", "no address of a page"),
    ],
)
def test_an_address_that_leads_nowhere_is_an_error(url: str, message: str) -> None:
    registry = load(product("shop", *button(url)))
    assert told(registry) == ["products/shop/product.yaml:4:10 button"]
    assert message in registry.problems[0].message
    (found,) = buttons_of(registry, registry.products["shop"].document)
    assert found.url(TARGET) == ""


def test_an_environment_that_does_not_exist_is_an_error() -> None:
    registry = load(
        environment("production"),
        product("shop", *button("https://x.test/", '    environments: ["prodution"]')),
        log("shop", deployment(environment="production")),
    )
    assert told(registry) == ["products/shop/product.yaml:5:20 button"]
    assert registry.problems[0].hint.startswith("did you mean production?")


@pytest.mark.parametrize(
    "lines",
    [
        ["variables:", '  vi_version: "x"'],
        ["variables:", '  Upper: "x"'],
        ["variables:", '  a: ""'],
        ["variables:", '  a: "two words"'],
        ["buttons:", '  - {title: "Deploy"}'],
        ["buttons:", '  - {title: "Deploy", url: "https://x.test/", environments: []}'],
        ["buttons:", '  - {title: "Deploy", url: "https://x.test/", only_when: "always"}'],
    ],
)
def test_the_schema_refuses(lines: list[str]) -> None:
    assert told(load(product("shop", *lines))) != []
    assert told(load(config(*lines))) != []
