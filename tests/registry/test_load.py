"""Loading: what stands where, what does not belong, and the same from every snapshot."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.builders import build, deployment, void
from tests.fixtures.clones import commit, make, sh
from tests.registry.files import CONFIG, Files, environment, files, load, log, product, told
from versioner.errors import NotFound
from versioner.git.files.worktree_snapshot import snapshot_of_work_tree
from versioner.git.repository import open_repository
from versioner.git.snapshot import MemorySnapshot, snapshot_at
from versioner.registry.load import load_registry
from versioner.validation.strict_yaml import DOCUMENT_LIMIT

if TYPE_CHECKING:
    from pathlib import Path

SHOP = product("shop")


def test_everything_is_where_it_belongs():
    old = deployment("1.0", at="2026-10-31T23:59:59Z")
    registry = load(
        SHOP,
        log("shop", deployment("1.1"), void(old)),
        log("shop", old, month="2026-10"),
        log("shop", build("1.1"), kind="build"),
        {"registry/aliases/store.yaml": b'to: "shop"\n'},
        environment("dev"),
    )
    assert told(registry) == []
    assert registry.config == {"schema_version": 1}
    assert list(registry.environments) == ["dev", "staging", "production"]
    assert registry.environments["dev"] == {"name": "dev", "type": "dev", "order": 100}
    assert registry.aliases == {"store": "shop"}
    record = registry.products["shop"]
    assert [event.get("version") for event in record.deployment_events] == ["1.0", "1.1", None]
    assert (len(record.builds), set(record.versions)) == (1, {"1.0", "1.1"})


def test_environments_stand_in_their_own_order_first():
    first = {"registry/environments/zoo.yaml": b'name: "zoo"\norder: 1\n'}
    assert list(load(first).environments) == ["zoo", "staging", "production"]


def test_without_its_configuration_it_is_no_registry():
    registry = load_registry(MemorySnapshot(environment("staging")))
    assert told(registry) == ["registry.yaml:0:0 missing-file"]
    assert "versioner init" in registry.problems[0].hint


def test_some_products_alone_are_loaded_by_old_names_too():
    parts = files(
        SHOP,
        product("web", 'depends_on: ["nobody"]'),
        {"registry/aliases/old.yaml": b'to: "shop"\n'},
    )
    registry = load_registry(MemorySnapshot(parts), products=["old", "shop"])
    assert (list(registry.products), registry.problems) == (["shop"], [])
    with pytest.raises(NotFound, match="webb"):
        load_registry(MemorySnapshot(parts), products=["webb"])


def test_progress_counts_products():
    told_of = []
    parts = MemorySnapshot(files(SHOP, product("web")))
    load_registry(parts, progress=lambda done, total: told_of.append((done, total)))
    assert told_of == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        ("products/web/product.yaml", b'name: "shop"\n', "products/web/product.yaml:1:7 name"),
        ("environments/qa.yaml", b'name: "test"\n', "environments/qa.yaml:1:7 name"),
        ("products/Web_1/product.yaml", b'name: "web"\n', "products/Web_1/product.yaml:0:0 name"),
        ("products/nul/product.yaml", b'name: "nul"\n', "products/nul/product.yaml:0:0 name"),
        ("registry.yaml", b"schema_version: 2\n", "registry.yaml:1:17 value"),
        ("registry.yaml", b"", "registry.yaml:1:1 type"),
        ("aliases/a.yaml", b"to: []\n", "aliases/a.yaml:1:5 type"),
        ("notes.txt", b"", "notes.txt:0:0 unexpected-file"),
        ("products/shop/notes.md", b"", "products/shop/notes.md:0:0 unexpected-file"),
        ("products/shop/product.yml", b"", "products/shop/product.yml:0:0 unexpected-file"),
        (
            "products/shop/deployments/2026-13.yaml",
            b"",
            "products/shop/deployments/2026-13.yaml:0:0 unexpected-file",
        ),
        ("products/shop.yaml", b"", "products/shop.yaml:0:0 unexpected-file"),
        (
            "products/shop/deployments/old/2026-11.yaml",
            b"",
            "products/shop/deployments/old/2026-11.yaml:0:0 unexpected-file",
        ),
    ],
)
def test_a_file_that_is_wrong_or_out_of_place(path, data, expected):
    assert expected in told(load(SHOP, {f"registry/{path}": data}))


def test_what_an_editor_left_and_was_committed_hears_how_it_goes():
    (problem,) = load(SHOP, {"registry/.DS_Store": b"x"}).problems
    assert problem.code == "unexpected-file"
    assert "git rm --cached" in problem.hint


def test_a_large_file_is_told_and_the_rest_is_read():
    large = {"registry/products/web/product.yaml": b"#" * (DOCUMENT_LIMIT + 1)}
    registry = load(SHOP, large)
    assert [line.partition(" ")[2] for line in told(registry)] == ["size"]
    assert list(registry.products) == ["shop", "web"]


def test_an_event_in_the_file_of_another_month():
    registry = load(SHOP, log("shop", deployment(), month="2026-10"))
    assert told(registry) == ["products/shop/deployments/2026-10.yaml:2:8 month"]
    assert registry.products["shop"].deployment_events == []


def test_one_id_twice_in_a_file_is_told_once():
    registry = load(SHOP, log("shop", deployment(id="x"), deployment(id="x")))
    assert [each.code for each in registry.problems] == ["duplicate-id"]


def test_problems_are_collected_in_order_and_none_is_raised():
    registry = load(
        {
            "registry/products/b/product.yaml": b"name: [",
            "registry/products/a/product.yaml": b"\xff",
        },
        {"registry/environments/staging.yaml": b"&a"},
        {"registry/x": b""},
    )
    assert registry.problems == sorted(registry.problems)
    assert {each.path.split("/")[-2] for each in registry.problems} >= {"a", "b", "environments"}


# ---- from real repositories --------------------------------------------------------------


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return make(tmp_path / "clone", files(SHOP, log("shop", deployment())))


def test_a_revision_the_work_tree_and_memory_read_the_same(clone):
    repository = open_repository(clone)
    tip = load_registry(snapshot_at(repository, "HEAD"))
    tree = load_registry(snapshot_of_work_tree(repository))
    assert tip.revision == tree.revision == repository.tip
    assert tip.commit_time == tree.commit_time is not None
    memory = load_registry(MemorySnapshot(_read(clone)))
    for registry in (tip, tree):
        assert registry.products == memory.products
        assert registry.environments == memory.environments
    assert (
        tip.products["shop"].tree == sh(clone, "rev-parse", "HEAD:registry/products/shop").strip()
    )


def _read(clone: Path) -> Files:
    return {
        path.relative_to(clone).as_posix(): path.read_bytes()
        for path in (clone / "registry").rglob("*.yaml")
    }


def test_a_past_revision_reads_as_it_was(clone):
    commit(clone, product("web"))
    repository = open_repository(clone)
    assert list(load_registry(snapshot_at(repository, "HEAD~1")).products) == ["shop"]
    assert list(load_registry(snapshot_at(repository, "HEAD")).products) == ["shop", "web"]


def test_links_fifos_and_repositories_are_told_and_never_opened(clone):
    top = clone / "registry"
    secret = clone.parent / "secret.yaml"
    secret.write_text('name: "web"\n')
    (top / "products/web").mkdir()
    (top / "products/web/product.yaml").symlink_to(secret)
    (top / "products/linked").symlink_to(top / "products/shop")
    os.mkfifo(top / "environments/pipe.yaml")
    sh(clone, "init", "-q", str(top / "products/inner"))
    registry = load_registry(snapshot_of_work_tree(open_repository(clone)))
    assert told(registry) == [
        "environments/pipe.yaml:0:0 link",
        "products/inner:0:0 link",
        "products/linked:0:0 link",
        "products/web/product.yaml:0:0 link",
    ]
    assert list(registry.products) == ["shop"]


def test_committed_links_are_told_too(clone):
    link = clone / "registry/products/shop/deployments/2026-10.yaml"
    link.symlink_to("2026-11.yaml")
    sh(clone, "add", ".")
    sh(clone, "commit", "-qm", "Link")
    registry = load_registry(snapshot_at(open_repository(clone), "HEAD"))
    assert told(registry) == ["products/shop/deployments/2026-10.yaml:0:0 link"]
    assert registry.products["shop"].tree is None


def test_a_file_beyond_any_limit_is_told_and_not_read(clone):
    path = clone / "registry/products/shop/deployments/2026-10.yaml"
    with path.open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    registry = load_registry(snapshot_of_work_tree(open_repository(clone)))
    assert told(registry) == ["products/shop/deployments/2026-10.yaml:0:0 size"]
    assert len(registry.products["shop"].deployment_events) == 1
    config = clone / CONFIG
    config.unlink()
    with config.open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    path.unlink()
    registry = load_registry(snapshot_of_work_tree(open_repository(clone)))
    assert told(registry) == ["registry.yaml:0:0 size"]
