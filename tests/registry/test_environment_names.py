"""Former names of environments: one environment for every reader, and errors by line."""

from __future__ import annotations

from tests.builders import deployment, moment, product, registry
from tests.registry.files import Files, files, load, log, told
from tests.registry.files import product as product_file
from versioner.git.snapshot import MemorySnapshot
from versioner.query.deployments import find
from versioner.query.matrix import matrix
from versioner.registry.checks.changed_products import load_checked
from versioner.registry.checks.results_file import ValidatedProducts
from versioner.registry.environment_names import former_environment_names

NOW = "2026-11-22T10:15:00Z"
SHOP = product_file("shop")


def environment(name: str, *lines: str) -> Files:
    text = "\n".join([f'name: "{name}"', *lines, ""])
    return {f"registry/environments/{name}.yaml": text.encode()}


PROD = environment("production", 'aliases: ["prod", "stagin"]')


def test_events_of_a_former_name_fold_into_the_environment():
    events = [
        deployment("1.0", at=moment(-60), environment="prod"),
        deployment("2.0", "started", at=moment(-40), environment="production"),
        deployment("2.0", at=moment(-30), environment="stagin"),
        deployment("1.0", at=moment(-20), environment="prod"),
    ]
    loaded = load(SHOP, PROD, log("shop", *events))
    assert told(loaded) == []
    assert loaded.environment_aliases == {"prod": "production", "stagin": "production"}
    cells = loaded.products["shop"].cells
    assert list(cells) == ["production"]
    assert [each.version for each in cells["production"].completed] == ["1.0", "2.0", "1.0"]
    assert cells["production"].completed[-1].kind == "rollback"
    assert loaded.environment("prod")["name"] == "production"
    shown = matrix(loaded, now=NOW, environments=["prod", "production"])
    assert shown.environments == ("production",)
    assert len(find(loaded, environment="stagin")) == 3


def test_a_former_name_that_an_environment_has_or_two_files_have_is_an_error_at_its_line():
    loaded = load(
        SHOP,
        environment("production", "# names", "aliases:", "  - prod", "  - staging", "  - live"),
        environment("live-eu", "aliases: [prod]"),
        environment("live"),
        log("shop", deployment("1.0", environment="prod"), deployment("2.0", environment="live")),
    )
    assert told(loaded) == [
        "environments/production.yaml:4:5 alias",
        "environments/production.yaml:5:5 alias",
        "environments/production.yaml:6:5 alias",
    ]
    messages = [each.message for each in loaded.problems]
    assert messages[0] == '"prod" is a former name of "live-eu", too'
    assert "environment merge staging --into production" in loaded.problems[1].hint
    assert set(loaded.products["shop"].cells) == {"live-eu", "live"}


def test_an_environment_that_has_its_own_name_as_a_former_one_is_told():
    loaded = load(environment("production", "aliases: [production]"))
    (problem,) = loaded.problems
    assert (problem.code, problem.hint) == ("alias", "remove it")


def test_former_names_are_names_and_each_is_listed_once():
    loaded = load(environment("production", "aliases: [Prod, prod, prod]"))
    assert {each.code for each in loaded.problems} == {"name", "value"}
    assert {each.line for each in loaded.problems} == {2}


def test_a_former_name_with_a_file_that_cannot_be_read_leads_nowhere():
    assert former_environment_names({"b": {"aliases": ["a", "c"]}}, {"a"}) == {"c": "b"}


def test_what_is_kept_of_a_product_does_not_remember_former_names(tmp_path):
    """The key of what is kept has the names that were resolved in it."""
    parts = (SHOP, log("shop", deployment("1.0", environment="prod")))
    before, after = (
        MemorySnapshot(files(*parts, *more)) for more in ([environment("prod")], [PROD])
    )
    for snapshot, expected in ((before, ["prod"]), (after, ["production"]), (before, ["prod"])):
        with ValidatedProducts(tmp_path / "validated.sqlite") as kept:
            snapshot.product_trees = lambda names=None: {"shop": "1" * 40}
            loaded = load_checked(snapshot, kept=kept)
            assert loaded.products["shop"].environments_named == {*expected}
            assert list(loaded.products["shop"].cells) == expected


def test_a_registry_without_former_names_is_as_before():
    whole = registry(product("a", [deployment("1.0")]))
    assert whole.environment_name("production") == "production"
    assert whole.environment("production")["name"] == "production"
