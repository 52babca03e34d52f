"""Hints for a value of the wrong shape, and for a key that belongs one level deeper."""

from __future__ import annotations

import pytest

from versioner.validation.documents import validate_document

PATHS = {
    "product": "registry/products/shop/product.yaml",
    "environment": "registry/environments/shop.yaml",
    "config": "registry/registry.yaml",
}
FIRST = {"product": "name: shop", "environment": "name: shop", "config": "schema_version: 1"}


@pytest.mark.parametrize(
    ("kind", "line", "hint"),
    [
        ("product", "team: x", "write it under extra_metadata: extra_metadata: {team: ...}"),
        ("product", "owner: x", "write it under extra_metadata: extra_metadata: {owner: ...}"),
        ("environment", "owner: x", "write it under metadata: metadata: {owner: ...}"),
        ("config", "time_zone: UTC", "write it under site: site: {time_zone: ...}"),
        ("config", "url: https://x.test", "write it under forge: forge: {url: ...}"),
        ("config", "email: a@b.test", "write it under commit: commit: {email: ...}"),
        ("product", "depends_on: cart", 'write a list: depends_on: ["cart"]'),
        ("product", "depends_on: cart, mail", 'write a list: depends_on: ["cart", "mail"]'),
        ("product", "depends_on: {cart: 1}", 'write a list: depends_on: ["cart"]'),
        ("environment", "instances: eu, us", 'write a list: instances: ["eu", "us"]'),
        (
            "product",
            "links: https://x.test",
            'write a list of links: links: [{title: "Docs", url: "https://x.test"}]',
        ),
        (
            "product",
            "links: {wiki: 'https://x.test'}",
            'write a list of links: links: [{title: "wiki", url: "https://x.test"}]',
        ),
        (
            "product",
            "links: [https://x.test]",
            'write a link: {title: "Docs", url: "https://x.test"}',
        ),
    ],
)
def test_the_hint_shows_what_to_write(kind, line: str, hint: str) -> None:
    data = f"{FIRST[kind]}\n{line}\n".encode()
    content, (problem,) = validate_document(kind, data, PATHS[kind])
    assert (content, problem.hint) == (None, hint)


def test_a_key_that_is_near_a_known_one_and_one_of_ones_own() -> None:
    data = b"name: shop\ntitel: x\nbudget: 3\n"
    _, found = validate_document("product", data, PATHS["product"])
    assert found[0].hint.startswith("did you mean title?")
    assert found[1].hint.endswith("; keys of your own belong under extra_metadata")


def test_a_secret_in_the_place_of_a_list_is_not_repeated() -> None:
    secret = "ghp_" + "a1B2" * 9
    data = f"name: shop\ndepends_on: {secret}\n".encode()
    _, found = validate_document("product", data, PATHS["product"])
    assert found
    assert not any(secret in each.hint + each.message for each in found)
