"""Checks across files: each problem at its line and column, and nothing said twice."""

from __future__ import annotations

import pytest

from tests.builders import build, deployment, void
from tests.registry.files import environment, load, log, product, told

SHA = "4f5d1c2a9b8e7d6c5b4a39281706f5e4d3c2b1a0"
SHOP = product("shop")


def column(text: str, value: str) -> int:
    """Return where a value's opening quote stands in a canonical line, from 1."""
    return text.index(f'"{value}"') + 1


def line_of(*events, number: int = -1) -> str:
    """Return the canonical line of one of the events."""
    (data,) = log("shop", *events).values()
    return data.decode().splitlines()[number]


def test_a_sound_registry_has_no_problem():
    opening = deployment("1.0", "started", id="a", scm_sha=SHA)
    events = (opening, deployment("1.0", id="b", deployment="a"), void("b", id="c"))
    registry = load(
        SHOP,
        log("shop", *events),
        log("shop", build("1.0", scm_sha=SHA[:8]), kind="build"),
        product("web", 'depends_on: ["shop"]'),
        {"registry/aliases/store.yaml": b'to: "shop"\n'},
        {
            "registry/deleted/gone.yaml": b'deleted_at: "2026-11-01T00:00:00Z"\nlast_commit: "%s"\n'
            % (b"1" * 40)
        },
    )
    assert told(registry) == []


# ---- within a product --------------------------------------------------------------------


def test_a_product_without_its_file_is_told_once():
    registry = load(log("shop", deployment()))
    assert told(registry) == ["products/shop/product.yaml:0:0 missing-file"]


def test_one_id_in_two_months_and_in_two_logs():
    old = deployment("1.0", id="same", at="2026-10-01T00:00:00Z")
    twin, third = deployment("1.1", id="same"), build("1.1", id="same")
    registry = load(
        SHOP,
        log("shop", old, month="2026-10"),
        log("shop", deployment("0.9"), twin),
        log("shop", third, kind="build"),
    )
    where = column(line_of(twin), "same")
    assert told(registry) == [
        f"products/shop/deployments/2026-10.yaml:2:{column(line_of(old), 'same')} duplicate-id",
        f"products/shop/deployments/2026-11.yaml:3:{where} duplicate-id",
    ]


def test_versions_that_differ_in_case_only():
    twin = deployment("1.0-RC1")
    registry = load(SHOP, log("shop", deployment("1.0-rc1"), twin, deployment("1.0-rc10")))
    place = column(line_of(twin), "1.0-RC1")
    assert told(registry) == [f"products/shop/deployments/2026-11.yaml:3:{place} case-twin"]
    assert 'write "1.0-rc1"' in registry.problems[0].hint


def test_two_commits_of_one_version_over_builds_and_deployments():
    other = deployment("1.0", scm_sha="0123456789")
    registry = load(
        SHOP,
        log("shop", build("1.0", scm_sha=SHA), kind="build"),
        log("shop", deployment("1.0", scm_sha=SHA[:7]), other),
    )
    place = column(line_of(other), "0123456789")
    assert told(registry) == [f"products/shop/deployments/2026-11.yaml:3:{place} sha-conflict"]
    assert SHA[:12] in registry.problems[0].message


def test_a_void_event_binds_no_version_to_its_commit():
    wrong = deployment("1.0", scm_sha="0123456789", id="w")
    right = deployment("1.0", scm_sha=SHA)
    assert told(load(SHOP, log("shop", wrong, void("w"), right))) == []


def test_a_short_commit_and_two_long_ones_that_differ():
    events = [deployment("1.0", scm_sha=sha) for sha in (SHA[:7], SHA, SHA[:7] + "0" * 33)]
    registry = load(SHOP, log("shop", *events))
    assert [each.line for each in registry.problems] == [4]


ONE, OTHER = (f"sha256:{digit * 64}" for digit in "ab")


def test_two_digests_of_one_artifact_of_a_version_over_builds_and_deployments():
    other = deployment("1.0", artifacts={"chart": ONE, "image": OTHER})
    registry = load(
        SHOP,
        log("shop", build("1.0", artifacts={"image": ONE}), kind="build"),
        log("shop", deployment("1.0", artifacts={"image": ONE, "chart": ONE}), other),
    )
    place = line_of(other).index("{", 5) + 1
    assert told(registry) == [f"products/shop/deployments/2026-11.yaml:3:{place} artifact-conflict"]
    assert 'the artifact "image"' in registry.problems[0].message


def test_digests_of_other_names_versions_and_void_events_are_no_conflict():
    events = [
        deployment("1.0", artifacts={"image": ONE}, id="w"),
        void("w"),
        deployment("1.0", artifacts={"image": OTHER}),
        deployment("1.0", artifacts={"chart": ONE}),
        deployment("1.1", artifacts={"image": ONE}),
    ]
    assert told(load(SHOP, log("shop", *events))) == []


@pytest.mark.parametrize(
    ("artifacts", "code", "hint"),
    [
        ({"image": ONE.upper().replace("SHA", "sha")}, "value", f'write "{"sha256:" + "a" * 64}"'),
        ({"image": "a" * 64}, "value", f'write "sha256:{"a" * 64}"'),
        ({"image": "sha256:abc"}, "value", "sha256: and 64"),
        ({"image": f"sha1:{'a' * 40}"}, "value", "sha256: and 64"),
        ({"": ONE}, "value", ""),
        ({"my image": ONE}, "value", "letter or digit"),
        ({}, "value", "remove the key"),
        ("image", "type", "mapping"),
    ],
)
def test_artifacts_that_are_not_digests_by_name(artifacts, code, hint):
    registry = load(SHOP, log("shop", deployment("1.0", artifacts=artifacts)))
    (problem,) = registry.problems
    assert (problem.code, problem.line) == (code, 2)
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("key", "named", "code"),
    [
        ("deployment", "nobody", "deployment"),
        ("deployment", "v", "deployment"),
        ("voids", "nobody", "void"),
        ("voids", "v", "void"),
    ],
)
def test_an_event_that_names_none_or_a_void(key, named, code):
    event = deployment(deployment=named) if key == "deployment" else void(named)
    registry = load(SHOP, log("shop", deployment(id="a"), void("a", id="v"), event))
    place = column(line_of(event), named)
    assert told(registry) == [f"products/shop/deployments/2026-11.yaml:4:{place} {code}"]


def test_an_event_of_another_product_is_not_to_be_named():
    registry = load(SHOP, product("web"), log("shop", deployment(id="a")), log("web", void("a")))
    assert [each.code for each in registry.problems] == ["void"]


def test_who_names_an_event_with_errors_is_not_blamed_as_well():
    bad = log("shop", deployment(id="a"), deployment(deployment="a"))
    bad = {path: data.replace(b'"completed"', b'"kaput"', 1) for path, data in bad.items()}
    assert [each.code for each in load(SHOP, bad).problems] == ["value"]


def test_texts_that_look_like_keys_and_ids_mislead_no_position():
    sly = deployment("1.0", scm_sha="0123456789", deployed_by='x", scm_sha: "y', id="id-of-id")
    registry = load(SHOP, log("shop", deployment("1.0", scm_sha=SHA), sly))
    place = column(line_of(sly), "0123456789")
    assert told(registry) == [f"products/shop/deployments/2026-11.yaml:3:{place} sha-conflict"]


def test_positions_are_found_in_a_log_of_another_style():
    text = (
        b"- at: '2026-11-01T00:00:00Z'\n  environment: nowhere\n  version: a1\n"
        b"  status: completed\n  id: x\n"
    )
    registry = load(SHOP, {"registry/products/shop/deployments/2026-11.yaml": text})
    path = "products/shop/deployments/2026-11.yaml"
    assert told(registry) == [f"{path}:1:1 not-canonical", f"{path}:2:16 environment"]


# ---- between products --------------------------------------------------------------------


def test_one_id_in_two_products():
    twin = deployment(id="same")
    registry = load(
        SHOP, product("web"), log("shop", deployment(id="same")), log("web", deployment(), twin)
    )
    place = column(line_of(twin), "same")
    assert told(registry) == [f"products/web/deployments/2026-11.yaml:3:{place} duplicate-id"]
    (problem,) = registry.problems
    assert (problem.severity, registry.errors) == ("warning", [])
    assert "write web/same where an id is needed" in problem.hint


def test_an_environment_that_is_not_there_is_told_once_a_product_with_the_nearest():
    event = deployment(environment="prodution")
    registry = load(SHOP, log("shop", deployment(), event, deployment(environment="prodution")))
    place = column(line_of(event), "prodution")
    assert told(registry) == [f"products/shop/deployments/2026-11.yaml:3:{place} environment"]
    assert "did you mean production?" in registry.problems[0].hint
    assert "versioner environment create prodution" in registry.problems[0].hint


def test_an_environment_whose_file_has_errors_is_told_there_alone():
    broken = {"registry/environments/staging.yaml": b'name: "staging"\ntype: "x"\n'}
    registry = load(SHOP, log("shop", deployment(environment="staging")), broken)
    assert told(registry) == ["environments/staging.yaml:2:7 value"]


def test_dependencies_that_are_missing_or_renamed():
    registry = load(
        SHOP,
        product("web", "depends_on:", '  - "shop"', '  - "shoop"', '  - "store"'),
        {"registry/aliases/store.yaml": b'to: "shop"\n'},
    )
    assert told(registry) == [
        "products/web/product.yaml:4:5 depends-on",
        "products/web/product.yaml:5:5 depends-on",
    ]
    missing, renamed = registry.problems
    assert "did you mean shop?" in missing.hint
    assert (renamed.message, renamed.hint) == ('"store" was renamed', 'write "shop"')


def test_circles_are_told_once_from_their_first_product():
    registry = load(
        product("a", 'depends_on: ["b"]'),
        product("b", 'depends_on: ["d", "c"]'),
        product("c", 'depends_on: ["a"]'),
        product("d", 'depends_on: ["d"]'),
        product("e", 'depends_on: ["a"]'),
    )
    assert told(registry) == [
        "products/a/product.yaml:2:14 cycle",
        "products/d/product.yaml:2:14 cycle",
    ]
    assert registry.problems[0].message.endswith("a -> b -> c -> a")
    assert registry.problems[1].message.endswith("d -> d")


def test_a_long_chain_is_no_circle_and_no_recursion():
    chain = [product(f"p{i}", f'depends_on: ["p{i + 1}"]') for i in range(1500)]
    assert told(load(*chain, product("p1500"))) == []


def test_aliases_that_lead_nowhere_to_aliases_or_hide():
    aliases = {"one": "nobody", "two": "three", "three": "shop", "shop": "shop", "four": "shoop"}
    parts = [
        {f"registry/aliases/{name}.yaml": f'to: "{to}"\n'.encode()} for name, to in aliases.items()
    ]
    registry = load(SHOP, *parts)
    assert told(registry) == [
        "aliases/four.yaml:1:5 alias",
        "aliases/one.yaml:1:5 alias",
        "aliases/shop.yaml:0:0 alias",
        "aliases/two.yaml:1:5 alias",
    ]
    assert registry.problems[0].hint.startswith("did you mean shop?")
    assert registry.problems[3].hint == 'write "shop"'


@pytest.mark.parametrize("name", ["shop", "store"])
def test_a_deletion_record_of_what_is_there(name):
    record = b'deleted_at: "2026-11-01T00:00:00Z"\nlast_commit: "%s"\n' % (b"1" * 40)
    registry = load(
        SHOP,
        {"registry/aliases/store.yaml": b'to: "shop"\n', f"registry/deleted/{name}.yaml": record},
    )
    assert told(registry) == [f"deleted/{name}.yaml:0:0 deleted"]


def test_environments_may_share_everything_but_their_name():
    assert told(load(environment("production-eu"), environment("production-us"))) == []
