"""Files that cannot be read, or are in the wrong place: nothing in them is reported as gone."""

from __future__ import annotations

import pytest

from tests.builders import deployment
from tests.registry.files import CONFIG, Files, files, log, product
from versioner.editing.validate import validate_registry
from versioner.git.snapshot import MemorySnapshot
from versioner.query.compare.registries import RegistryChange, changes_between
from versioner.registry.history.check import check_history
from versioner.registry.load import load_registry
from versioner.reporting.changes import change_text

NOW = "2026-11-22T10:15:00Z"
EVENTS = [
    deployment("1.0.0", environment="staging", at="2026-11-20T10:00:00Z"),
    deployment("1.1.0", environment="staging", at="2026-11-21T10:00:00Z"),
]
PRODUCT = "registry/products/shop/product.yaml"
LOG = "registry/products/shop/deployments/2026-11.yaml"
STAGING = "registry/environments/staging.yaml"
BASE = files(product("shop", 'title: "Shop"'), log("shop", *EVENTS))


def compare(now: Files) -> tuple[list[str], list[str], RegistryChange]:
    """Return the problems as `code path`, their hints, and the change since BASE."""
    base, snapshot = MemorySnapshot(BASE), MemorySnapshot(now)
    problems = [*validate_registry(snapshot, now=NOW).problems, *check_history([base], snapshot)]
    change = changes_between(load_registry(base), load_registry(snapshot))
    return [f"{p.code} {p.path}" for p in problems], [p.hint for p in problems], change


def moved(old: str, new: str) -> Files:
    return {path.replace(old, new): data for path, data in BASE.items()}


@pytest.mark.parametrize("path", [PRODUCT, LOG, STAGING, CONFIG])
@pytest.mark.parametrize(
    "damage", [b"\xff\n", b"title: [\n", b"- x\n", b"<<<<<<< HEAD\n", b"title: 1\ntitle: 2\n"]
)
def test_a_file_that_cannot_be_read_takes_nothing_out(path: str, damage: bytes) -> None:
    told, _, change = compare({**BASE, path: BASE[path] + damage})
    assert any(each.endswith(path) for each in told)
    assert change == RegistryChange(unread=(path,))
    assert change_text(change) == f"This change:\n  {path}: not compared, because it has errors"


@pytest.mark.parametrize("path", [PRODUCT, LOG, STAGING, CONFIG])
@pytest.mark.parametrize("extension", [".yml", ".YML", ".YAML"])
def test_a_file_with_another_extension_is_one_error_that_says_how_to_rename_it(
    path: str, extension: str
) -> None:
    other = path.removesuffix(".yaml") + extension
    told, hints, change = compare(moved(path, other))
    told = [each for each in told if not each.startswith("history-missing")]
    assert told == [f"unexpected-file {other}"]
    assert f"rename it: git mv {other} {path}" in hints
    assert change == RegistryChange(unread=(path,))
    assert not any("restore" in hint or "create" in hint for hint in hints)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("registry/products/cart.yaml", "registry/products/cart/product.yaml"),
        ("registry/environments/qa/environment.yaml", "registry/environments/qa.yaml"),
    ],
)
def test_a_file_in_a_place_that_is_nearly_right_is_told_the_right_one(
    path: str, meant: str
) -> None:
    told, hints, _ = compare({**BASE, path: b"name: cart\n"})
    assert (told, hints) == ([f"unexpected-file {path}"], [f"rename it: git mv {path} {meant}"])


def test_a_directory_that_was_moved_by_hand_is_a_rename_without_its_alias() -> None:
    new = moved("products/shop", "products/store")
    new["registry/products/store/product.yaml"] = b'name: "store"\ntitle: "Shop"\n'
    told, hints, change = compare(new)
    assert told == ["history-missing registry/products/store/product.yaml"]
    assert "registry/aliases/shop.yaml" in hints[0]
    (only,) = change.products
    assert (only.kind, only.old_name, only.removed, only.deployments) == ("renamed", "shop", 0, 0)
    new["registry/aliases/shop.yaml"] = b'to: "store"\n'
    assert compare(new)[0] == []


def test_a_directory_that_was_removed_by_hand_is_restored_before_it_is_deleted() -> None:
    told, hints, change = compare({p: d for p, d in BASE.items() if "/shop/" not in p})
    assert told == [f"history-missing {PRODUCT}"]
    restore, delete = hints[0].split(", then ")
    assert "git checkout" in restore and "registry/products/shop/" in restore
    assert "versioner product delete shop" in delete
    assert [each.kind for each in change.products] == ["removed"]


def test_an_event_that_is_really_gone_is_still_reported_beside_a_damaged_file() -> None:
    now = {**BASE, **log("shop", EVENTS[0]), PRODUCT: BASE[PRODUCT] + b"title: [\n"}
    told, _, change = compare(now)
    assert f"history-missing {LOG}" in told
    (only,) = change.products
    assert (only.removed, only.fields) == (1, ())
    assert change.unread == (PRODUCT,)
