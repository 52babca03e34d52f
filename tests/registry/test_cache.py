"""The cache: the same registry with it and without, whatever became of its file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import versioner
from tests.builders import build, deployment, void
from tests.registry.files import files, log, product
from versioner.git.snapshot import MemorySnapshot
from versioner.registry import cache as module
from versioner.registry.cache import ProductCache, reader_version
from versioner.registry.load import load_registry
from versioner.resources import schemas_dir

FILES = files(
    product("shop", "extra_metadata: {num: 1, frac: 1.5, none: null, list: [1, {aa: bb}]}"),
    log("shop", deployment("1.0", id="a", extra_metadata={"ü": [1, 2.0, None, True]}), void("a")),
    log("shop", build("1.0"), kind="build"),
    product("web", 'depends_on: ["shop"]', "titel: x"),
    log("web", deployment("1"), deployment("1", environment="nowhere")),
)


class Counting(ProductCache):
    """Count what is found and what is put."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.found = self.put_in = 0

    def get(self, name, tree):
        kept = super().get(name, tree)
        self.found += kept is not None
        return kept

    def put(self, name, tree, record):
        self.put_in += 1
        super().put(name, tree, record)


def read(path: Path, parts=FILES):
    with Counting(path) as cache:
        registry = load_registry(MemorySnapshot(parts), cache=cache)
    return registry, cache.found, cache.put_in


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "versioner/cache.sqlite"


def test_the_registry_is_the_same_with_the_cache_filled_or_empty_or_none(path):
    plain = load_registry(MemorySnapshot(FILES))
    assert len(plain.problems) == 2
    for expected in ((0, 2), (2, 0)):
        registry, found, put = read(path)
        assert (found, put) == expected
        assert registry == plain
        assert registry.products["shop"].versions == plain.products["shop"].versions


def test_a_changed_product_is_read_anew_and_the_others_are_not(path):
    read(path)
    changed = FILES | product("web", 'title: "W"')
    registry, found, put = read(path, changed)
    assert (found, put) == (1, 1)
    assert registry == load_registry(MemorySnapshot(changed))
    assert read(path)[1:] == (2, 0)


def test_equal_files_of_two_products_are_two_entries(path):
    parts = files(product("a"), log("a", deployment("1", id="x")))
    twin = {key.replace("products/a/", "products/b/"): data for key, data in parts.items()}
    for _ in range(2):
        registry, _, _ = read(path, parts | twin)
        assert registry == load_registry(MemorySnapshot(parts | twin))
    assert {each.code for each in registry.problems} == {"name", "duplicate-id"}


def test_a_few_states_of_a_product_are_kept(path):
    for number in range(9):
        read(path, files(product("shop", f'title: "{number}"')))
    with sqlite3.connect(path) as connection:
        (rows,) = connection.execute("SELECT COUNT(*) FROM records").fetchone()
    assert rows == 4
    assert read(path, files(product("shop", 'title: "8"')))[1] == 1


def test_another_reader_finds_nothing_of_an_earlier_ones(path, monkeypatch):
    read(path)
    monkeypatch.setattr(module, "__version__", "99.0")
    assert read(path)[1:] == (0, 2)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Copy the modules of the tool, to change some of them."""
    source = Path(versioner.__file__).parent
    return Path(
        shutil.copytree(source, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__"))
    )


@pytest.mark.parametrize(
    "name",
    ["names.py", "models/events.py", "registry/fold.py", "registry/history/check.py",
     "git/snapshot.py", "validation/logs.py", "serialization/log.py"],
)  # fmt: skip
def test_a_changed_module_at_any_depth_below_the_site_is_another_reader(package, name):
    before = reader_version(package, schemas_dir())
    assert reader_version(package, schemas_dir()) == before
    (package / name).write_text((package / name).read_text() + "# changed\n")
    assert reader_version(package, schemas_dir()) != before


def test_a_moved_or_new_module_is_another_reader(package):
    seen = {reader_version(package, schemas_dir())}
    (package / "registry/fold.py").rename(package / "registry/history/fold.py")
    seen.add(reader_version(package, schemas_dir()))
    deeper = package / "newer/one/two"
    deeper.mkdir(parents=True)
    (deeper / "module.py").write_text("")
    seen.add(reader_version(package, schemas_dir()))
    os.utime(deeper / "module.py", ns=(1, 1))
    seen.add(reader_version(package, schemas_dir()))
    assert len(seen) == 4


def test_a_changed_schema_is_another_reader(package, tmp_path):
    copies = Path(shutil.copytree(schemas_dir(), tmp_path / "schemas"))
    before = reader_version(package, copies)
    (copies / "product.schema.json").write_text("{}")
    assert reader_version(package, copies) != before


def test_a_module_that_only_reads_records_leaves_the_cache_as_it_is(package):
    before = reader_version(package, schemas_dir())
    (package / "site/render.py").write_text("")
    (package / "cli/commands/new.py").write_text("")
    assert reader_version(package, schemas_dir()) == before


def test_no_module_that_reads_a_record_is_left_out_of_the_key():
    code = (
        "import sys, versioner.registry.load, versioner.registry.cache, versioner.validation.logs,"
        "versioner.validation.documents, versioner.git.snapshot;"
        "print(*(name for name in sys.modules if name.startswith('versioner.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name.split(".")[1] for name in done.stdout.split()}.isdisjoint(module._ABOVE)


@pytest.mark.parametrize("damage", ["text", "cut", "empty", "table", "record", "shape"])
def test_a_damaged_file_is_a_miss_and_heals(path, damage):
    plain, _, _ = read(path)
    for journal in path.parent.glob("cache.sqlite-*"):
        journal.unlink()
    if damage in ("text", "cut", "empty"):
        data = path.read_bytes()
        path.write_bytes({"text": b"nonsense" * 999, "cut": data[:600], "empty": b""}[damage])
    else:
        statement = {
            "table": "ALTER TABLE records RENAME COLUMN record TO other",
            "record": "UPDATE records SET record = '{'",
            "shape": "UPDATE records SET record = '{\"document\": 1}'",
        }[damage]
        connection = sqlite3.connect(path)
        connection.execute(statement)
        connection.commit()
        connection.close()
    assert read(path)[0] == plain
    assert read(path)[0] == plain
    if damage != "table":
        assert read(path)[1:] == (2, 0)


@pytest.mark.parametrize("obstacle", ["a file for a folder", "a folder for a file"])
def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, obstacle):
    path = tmp_path / "versioner/cache.sqlite"
    if obstacle == "a file for a folder":
        path.parent.write_text("")
    else:
        path.mkdir(parents=True)
    assert read(path)[0] == load_registry(MemorySnapshot(FILES))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written_is_done_without(path):
    read(path)
    path.parent.chmod(0o500)
    try:
        assert read(path)[0] == load_registry(MemorySnapshot(FILES))
    finally:
        path.parent.chmod(0o700)


def test_a_cache_that_another_process_holds_is_done_without(path, monkeypatch):
    read(path)
    connect = sqlite3.connect
    monkeypatch.setattr(module.sqlite3, "connect", lambda path, **_: connect(path, timeout=0.05))
    holder = connect(path)
    holder.execute("BEGIN IMMEDIATE")
    changed = FILES | product("web", 'title: "W"')
    assert read(path, changed)[0] == load_registry(MemorySnapshot(changed))
    holder.close()
    assert read(path)[1:] == (2, 0)


def test_many_at_once_read_the_same(path):
    plain = load_registry(MemorySnapshot(FILES))
    with ThreadPoolExecutor(6) as pool:
        assert all(found == plain for found, _, _ in pool.map(read, [path] * 12))
    assert read(path)[0] == plain
