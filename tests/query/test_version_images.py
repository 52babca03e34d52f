"""Images lead to products and to versions; what cannot be told is not guessed."""

from __future__ import annotations

import pytest

from tests.builders import build, deployment, product, registry
from versioner.query.versions.images import KnownVersions, product_named, products_of_image
from versioner.rules.images import parse_image

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
SHA = "4f5d1c2a9b8e7d6c5b4a39281706f5e4d3c2b1a0"


def products(image: str, *records, **fields) -> list[str]:
    parsed = parse_image(image)
    assert parsed is not None
    return products_of_image(registry(*records, **fields), parsed)


def test_the_last_part_of_the_name_is_the_product():
    for image in ("shop", "acme/shop:1", f"localhost:5000/x/shop@{A}"):
        assert products(image, product("shop"), product("web")) == ["shop"]
    assert products("ghcr.io/shop/api", product("shop")) == []


def test_patterns_come_first_and_leave_no_other_image_to_their_product():
    shop = product("shop", observe={"images": ["ghcr.io/acme/monolith", "ghcr.io/acme/shop-*"]})
    monolith = product("monolith")
    assert products("ghcr.io/acme/monolith:1", shop, monolith) == ["shop"]
    assert products("ghcr.io/acme/shop-web:1", shop, monolith) == ["shop"]
    assert products("docker.io/acme/shop:1", shop, monolith) == []
    assert products("docker.io/acme/monolith:1", shop, monolith) == ["monolith"]


def test_an_image_may_belong_to_several_products_and_no_images_to_one():
    web = product("web", observe={"images": ["acme/app"]})
    worker = product("worker", observe={"images": ["acme/app"]})
    assert products("acme/app", web, worker) == ["web", "worker"]
    assert products("acme/web", product("web", observe={"images": []})) == []


def test_former_names_and_slugs_lead_to_the_product():
    assert products("acme/store", product("shop"), aliases={"store": "shop"}) == ["shop"]
    assert products("acme/user_service", product("user-service")) == []
    config = {"names": "slugify"}
    assert products("acme/user_service", product("user-service"), config=config) == ["user-service"]
    assert product_named(registry(product("shop")), "Shop") == ""


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("1.4.0", "1.4.0"),
        ("v1.4.0", "1.4.0"),
        ("V1.4.0", "1.4.0"),
        ("2.0.0", "v2.0.0"),
        ("1.0.0_build5", "1.0.0+build5"),
        ("1.0.0-build5", "1.0.0+build5"),
        ("9.9.9", "9.9.9"),
        (SHA, "1.4.0"),
        (SHA[:7], "1.4.0"),
        (f"sha-{SHA[:8]}", "1.4.0"),
        (f"main-{SHA[:10]}", "1.4.0"),
        ("0123456", "0123456"),
        ("latest", ""),
        ("main", ""),
        ("_x", ""),
        ("RC1", "rc1"),
    ],
)
def test_a_tag_leads_to_a_version(tag: str, expected: str):
    record = product(
        builds=[build("1.4.0", scm_sha=SHA), build("1.0.0+build5"), build("rc1")],
        deployments=[deployment("v2.0.0")],
    )
    assert KnownVersions(record).of_tag(tag) == expected


def test_a_moving_tag_is_a_version_where_the_registry_has_it():
    assert KnownVersions(product(deployments=[deployment("latest")])).of_tag("latest") == "latest"


def test_a_commit_of_two_versions_and_a_tag_of_two_lead_to_none_of_them():
    record = product(
        builds=[build("1.0", scm_sha=SHA), build("1.1", scm_sha=SHA), build("a+b"), build("a/b")]
    )
    known = KnownVersions(record)
    assert known.of_tag(SHA) == SHA
    assert known.of_tag("a_b") == "a_b"


def test_a_digest_leads_to_the_version_that_it_was_recorded_for():
    record = product(
        builds=[build("1.0-rc1", artifacts={"image": A}, minutes=-9)],
        deployments=[deployment("1.0", artifacts={"image": A, "chart": B})],
    )
    known = KnownVersions(record)
    assert known.of_digests([A]) == "1.0"
    assert known.of_digests([A], ["1.0-rc1"]) == "1.0-rc1"
    assert known.of_digests([B], ["1.0-rc1"]) == "1.0"
    assert known.of_digests(["sha256:" + "c" * 64]) == ""
    assert known.has_other_digest("1.0-rc1", [B])
    assert not known.has_other_digest("1.0", [B])
    assert not known.has_other_digest("2.0", [B])
