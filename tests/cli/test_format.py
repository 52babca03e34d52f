from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.registry.history.clone import Clone
from versioner import layout
from versioner.cli.errors import run
from versioner.resources import schemas_dir

PRODUCT = layout.product_path("user-service")
LOOSE = b"# ours\r\nname:   user-service   # a name\r\ndescription: 'hello'\r\n"
TIDY = b'# ours\nname: "user-service"  # a name\ndescription: "hello"\n'


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """Return a clone, and stand in it."""
    made = Clone.new(tmp_path / "clone")
    monkeypatch.chdir(made.top)
    return made


def test_a_tidy_registry_is_left_as_it_is(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["format"]) == 0
    assert capsys.readouterr().out == "7 files: nothing to format\n"
    assert clone.git("status", "--porcelain") == ""


def test_a_loose_file_is_written_anew_with_its_comments(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.write(PRODUCT, LOOSE)
    assert run(["format"]) == 0
    assert clone.read(PRODUCT) == TIDY
    assert f"formatted {PRODUCT}\n" in capsys.readouterr().out
    assert run(["validate"]) == 0
    assert clone.git("status", "--porcelain") == f"M {PRODUCT}"


def test_check_lists_and_changes_nothing(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    clone.write(PRODUCT, LOOSE)
    assert run(["format", "--check"]) == 3
    assert clone.read(PRODUCT) == LOOSE
    out = capsys.readouterr().out
    assert out == f"would format {PRODUCT}\n1 of 7 files would change\n"


def test_a_log_gets_one_line_an_event_and_the_history_check_agrees(clone: Clone) -> None:
    path = clone.log("user-service")
    canonical = clone.read(path)
    clone.write(path, canonical.replace(b'"staging"', b"staging").replace(b"- {", b"-   {"))
    clone.commit("Edit by hand")
    assert run(["format"]) == 0
    assert clone.read(path) == canonical
    assert run(["validate", "--base", "HEAD"]) == 0


def test_a_file_that_cannot_be_read_is_left_alone_and_named(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = b"name: [user-service\n"
    clone.write(PRODUCT, broken)
    other = layout.product_path("payment-api")
    clone.write(other, b"name: payment-api\n")
    assert run(["format"]) == 4
    assert clone.read(PRODUCT) == broken
    assert clone.read(other) == b'name: "payment-api"\n'
    assert f"error: {PRODUCT}: not formatted: " in capsys.readouterr().err


def test_only_the_files_that_are_named_are_formatted(clone: Clone) -> None:
    other = layout.product_path("payment-api")
    clone.write(PRODUCT, b"name: user-service\n")
    clone.write(other, b"name: payment-api\n")
    os.chdir("registry/products")
    assert run(["format", "user-service"]) == 0
    assert clone.read(PRODUCT) == b'name: "user-service"\n'
    assert clone.read(other) == b"name: payment-api\n"


def test_links_and_unexpected_files_are_not_touched(clone: Clone, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_bytes(b"name: user-service\n")
    Path(PRODUCT).unlink()
    Path(PRODUCT).symlink_to(outside)
    clone.write("registry/notes.yaml", b"a:   b\n")
    assert run(["format"]) == 0
    assert outside.read_bytes() == b"name: user-service\n"
    assert Path(PRODUCT).is_symlink()
    assert clone.read("registry/notes.yaml") == b"a:   b\n"


def test_a_file_keeps_its_permissions(clone: Clone) -> None:
    clone.write(PRODUCT, LOOSE)
    Path(PRODUCT).chmod(0o640)
    assert run(["format"]) == 0
    assert Path(PRODUCT).stat().st_mode & 0o777 == 0o640


def test_copies_of_the_schemas_become_the_tool_s_where_they_are_named(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    for schema in schemas_dir().glob("*.schema.json"):
        clone.write(f"schemas/{schema.name}", schema.read_bytes())
    assert run(["validate"]) == 0
    assert "schema-drift" not in capsys.readouterr().out
    clone.write("schemas/product.schema.json", b"{}\n")
    assert run(["validate"]) == 0
    assert "schemas/product.schema.json:1:1: warning[schema-drift]" in capsys.readouterr().out
    assert run(["format"]) == 0
    assert clone.read("schemas/product.schema.json") == b"{}\n"
    assert run(["format", "schemas"]) == 0
    own = (schemas_dir() / "product.schema.json").read_bytes()
    assert clone.read("schemas/product.schema.json") == own


def test_a_bare_repository_has_nothing_to_format(
    clone: Clone, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    assert run(["format", "--repo", str(tmp_path / "bare.git")]) == 2
    assert "bare repository" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["../elsewhere.yaml", "no-such-file.yaml"])
def test_a_path_that_is_not_there_or_outside_is_a_mistake(
    clone: Clone, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["format", path]) == 2
    assert path in capsys.readouterr().err


def test_a_file_that_a_sparse_checkout_leaves_out_is_checked_and_named_where_it_is_not_written(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.write(PRODUCT, LOOSE)
    clone.git("commit", "-qam", "Loose")
    clone.git("sparse-checkout", "set", "registry/environments")
    assert run(["format", "--check"]) == 3
    assert f"would format {PRODUCT}\n" in capsys.readouterr().out
    assert run(["format"]) == 4
    assert "git sparse-checkout add registry/products/user-service" in capsys.readouterr().err
    assert clone.git("status", "--porcelain") == ""


def test_a_clone_that_git_writes_with_crlf_is_tidy_and_keeps_its_line_ends(
    clone: Clone, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.git("clone", "-q", "-c", "core.autocrlf=true", ".", str(tmp_path / "windows"))
    repo = ("--repo", str(tmp_path / "windows"))
    path = tmp_path / "windows" / PRODUCT
    assert b"\r\n" in path.read_bytes()
    assert run(["format", "--check", *repo]) == 0
    assert run(["validate", *repo]) == 0
    assert "warning" not in capsys.readouterr().out
    path.write_bytes(LOOSE)
    assert run(["format", *repo]) == 0
    assert path.read_bytes() == TIDY.replace(b"\n", b"\r\n")
