"""The version of the reader: another one after each change of what reads records."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import versioner
from versioner.registry import reader_version as module
from versioner.registry.reader_version import reader_version
from versioner.resources import schemas_dir


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Copy the modules of the tool, to change some of them."""
    source = Path(versioner.__file__).parent
    return Path(
        shutil.copytree(source, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__"))
    )


@pytest.mark.parametrize(
    "name",
    ["names.py", "models/events.py", "registry/fold/product.py", "registry/history/check.py",
     "git/snapshot.py", "validation/logs.py", "serialization/log.py"],
)  # fmt: skip
def test_a_changed_module_at_any_depth_below_the_site_is_another_reader(package, name):
    before = reader_version(package, schemas_dir())
    assert reader_version(package, schemas_dir()) == before
    (package / name).write_text((package / name).read_text() + "# changed\n")
    assert reader_version(package, schemas_dir()) != before


def test_a_moved_or_new_module_is_another_reader(package):
    seen = {reader_version(package, schemas_dir())}
    (package / "registry/fold/product.py").rename(package / "registry/history/product.py")
    seen.add(reader_version(package, schemas_dir()))
    deeper = package / "newer/one/two"
    deeper.mkdir(parents=True)
    (deeper / "module.py").write_text("")
    seen.add(reader_version(package, schemas_dir()))
    (deeper / "module.py").write_text("changed")
    seen.add(reader_version(package, schemas_dir()))
    assert len(seen) == 4


def test_the_same_files_installed_at_another_time_are_the_same_reader(package, tmp_path):
    """A pipeline installs the tool for each run, and keeps the index between runs."""
    copies = Path(shutil.copytree(schemas_dir(), tmp_path / "schemas"))
    before = reader_version(package, copies)
    for path in (*package.rglob("*.py"), *copies.iterdir()):
        os.utime(path, ns=(1, 1))
    assert reader_version(package, copies) == before


def test_a_version_that_is_remembered_is_that_of_the_files_as_they_are(package, tmp_path):
    memory = tmp_path / "reader.json"
    for change in ("", "# changed\n", "# again\n"):
        module = package / "registry/fold/product.py"
        module.write_text(module.read_text() + change)
        expected = reader_version(package, schemas_dir())
        for _ in range(2):
            assert reader_version(package, schemas_dir(), memory) == expected
    for damaged in ("", "[]", '{"looks": 1}', "{" * 99_999):
        memory.write_text(damaged)
        assert reader_version(package, schemas_dir(), memory) == expected


def test_a_changed_schema_is_another_reader(package, tmp_path):
    copies = Path(shutil.copytree(schemas_dir(), tmp_path / "schemas"))
    before = reader_version(package, copies)
    (copies / "product.schema.json").write_text("{}")
    assert reader_version(package, copies) != before


def test_a_module_that_only_reads_records_is_the_same_reader(package):
    before = reader_version(package, schemas_dir())
    (package / "site/render.py").write_text("")
    (package / "cli/commands/new.py").write_text("")
    assert reader_version(package, schemas_dir()) == before


def test_no_module_that_reads_a_record_is_left_out_of_the_key():
    code = (
        "import sys, versioner.registry.load, versioner.registry.index, versioner.validation.logs,"
        "versioner.registry.checks.changed_products, versioner.validation.documents,"
        "versioner.git.snapshot;"
        "print(*(name for name in sys.modules if name.startswith('versioner.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name.split(".")[1] for name in done.stdout.split()}.isdisjoint(module._ABOVE)


def test_another_release_is_another_reader(package, monkeypatch):
    before = reader_version(package, schemas_dir())
    monkeypatch.setattr(module, "__version__", "99.0")
    assert reader_version(package, schemas_dir()) != before
