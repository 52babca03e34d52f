"""An import holds one product in memory, works in a folder that it removes, and leaves no part."""

from __future__ import annotations

import io
import tempfile
import tracemalloc
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.local_registry import NOW, Desk, make_registry
from tests.git_server.disks import fill, small_disk
from versioner.editing.importing.batch import ImportBatch
from versioner.editing.importing.names import ImportNames
from versioner.editing.importing.options import ImportNotes, ImportOptions
from versioner.editing.importing.prepare import RowPreparer
from versioner.editing.importing.rows import read_rows
from versioner.editing.importing.staging import StagedRows
from versioner.editing.imports import RowsRefused, import_file
from versioner.editing.products import rename_product
from versioner.errors import OperationFailed, VersionerError
from versioner.registry.records import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

HEADER = b"at,product,environment,version\n"
CSV = ImportOptions(format="csv")


def table(many: int, product: str = "cart") -> bytes:
    rows = (
        b"2026-10-%02dT%02d:%02d:00Z,%s,staging,1.%d\n"
        % (1 + n // 1440, n // 60 % 24, n % 60, product.encode(), n % 50)
        for n in range(many)
    )
    return HEADER + b"".join(rows)


def peak_of_rows(many: int, folder: Path) -> int:
    """Return the most bytes that the reading and the evaluation of rows take."""
    folder.mkdir()
    registry = Registry(config={"schema_version": 1})
    source = folder / "rows.csv"
    source.write_bytes(table(many))
    notes = ImportNotes()
    names = ImportNames(registry, detected=False)
    with closing(StagedRows(folder)) as staged:
        tracemalloc.start()
        preparer = RowPreparer(names, registry.config, NOW)
        staged.add(preparer.prepare(read_rows(source, CSV, notes=notes)))
        batch = ImportBatch(staged, names, notes)
        for product, rows in staged.by_product():
            assert sum(1 for _ in batch.new_lines(product, rows, None)) == many
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    peak_of_rows(300, tmp_path / "first")
    small, large = (peak_of_rows(many, tmp_path / str(many)) for many in (600, 3_600))
    assert large < small + 60_000, (small, large)


class Pausing(io.RawIOBase):
    """A stream of bytes that is no file, in small parts."""

    def __init__(self, data: bytes) -> None:
        self._parts: Iterator[bytes] = (data[at : at + 999] for at in range(0, len(data), 999))

    def readable(self) -> bool:
        return True

    def read(self, _size: int = -1) -> bytes:
        return next(self._parts, b"")


def test_a_stream_is_read_once_and_leaves_nothing_behind(desk: Desk, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path))
        stream = Pausing(table(700))
        imported = import_file(desk.repository, stream, options=CSV, now=NOW)  # type: ignore[arg-type]
    assert imported.added == 700
    assert not [*tmp_path.glob("versioner-*")]
    desk.assert_sound()


def test_a_rename_while_the_rows_are_read_leads_them_to_the_new_name(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(table(300, "shop"))
    reports: list[int] = []

    def rename_once(rows: int, _done: int, _size: int) -> None:
        if not reports:
            rename_product(desk.repository, "shop", "store", now=NOW)
        reports.append(rows)

    imported = import_file(desk.repository, path, now=NOW, reading=rename_once)
    assert (imported.added, imported.created) == (300, ())
    # The rows were read again under the lock.
    assert reports == [256, 256]
    assert len(desk.registry.products["store"].deployment_events) == 303
    assert "shop" not in desk.registry.products
    desk.assert_sound()


def test_a_row_that_is_refused_at_the_end_leaves_no_object(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    twin = b"2026-10-30T00:00:00Z,zz,staging,1.0-RC\n2026-10-30T00:00:01Z,zz,staging,1.0-rc\n"
    path.write_bytes(table(300) + twin)
    before = desk.git("count-objects", "-v")
    with pytest.raises(RowsRefused, match=r"line 303: version 1\.0-rc differs") as refused:
        import_file(desk.repository, path, now=NOW)
    assert refused.value.result.added == 0
    assert desk.git("count-objects", "-v") == before
    assert import_file(desk.repository, path, now=NOW, skip_invalid=True).added == 301
    desk.assert_sound()


def test_what_a_killed_import_left_is_removed_by_the_next(desk: Desk, tmp_path: Path) -> None:
    left = desk.top / ".git/versioner/incoming/pack"
    left.mkdir(parents=True)
    (left / "tmp_pack_killed").write_bytes(b"PACK" * 1000)
    (left / "pack-1.pack").write_bytes(b"PACK")
    path = tmp_path / "rows.csv"
    many = b"".join(
        b"2026-10-01T00:00:00Z,product-%d,staging,1\n" % number for number in range(120)
    )
    path.write_bytes(HEADER + many)
    assert import_file(desk.repository, path, now=NOW).added == 120
    assert not left.parent.exists()
    assert not (desk.top / ".git/objects/pack/pack-1.pack").exists()
    desk.git("fsck", "--strict")
    desk.assert_sound()


def test_a_full_disk_for_the_rows_is_an_error_that_names_the_folder(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(table(6_000))
    before = desk.commits()
    with (
        small_disk(tmp_path / "small", 1024 * 1024) as small,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(tempfile, "tempdir", str(small))
        with pytest.raises(OperationFailed, match=str(small)) as failed:
            import_file(desk.repository, path, now=NOW)
        assert "TMPDIR" in failed.value.hint
        assert [*small.iterdir()] == []
    assert desk.commits() == before
    desk.assert_sound()


def test_a_full_disk_for_the_objects_leaves_none_of_them(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    # Products are so many that the commit is made by `git fast-import`.
    rows = [table(300, f"cart-{number}").removeprefix(HEADER) for number in range(20)]
    path.write_bytes(HEADER + b"".join(rows))
    with small_disk(tmp_path / "disk", 8 * 1024 * 1024) as small:
        desk = Desk(make_registry(small / "registry"))
        before = desk.git("rev-parse", "HEAD")
        objects = desk.git("count-objects")
        filler = fill(small, leave=40_000)
        with pytest.raises(VersionerError):
            import_file(desk.repository, path, now=NOW)
        assert desk.git("count-objects") == objects
        assert not [*(desk.top / ".git/objects/pack").glob("tmp*")]
        assert not [*(desk.top / ".git").glob("fast_import_crash*")]
        filler.unlink()
        assert desk.git("rev-parse", "HEAD") == before
        assert import_file(desk.repository, path, now=NOW).added == 6_000
        desk.assert_sound()


def test_an_environment_with_an_error_keeps_its_file(desk: Desk, tmp_path: Path) -> None:
    file = desk.top / "registry/environments/qa.yaml"
    file.write_text('name: "qa"\ncolour: "red"\n')
    desk.git("add", ".")
    desk.git("commit", "-q", "-m", "Add an environment with an unknown key")
    path = tmp_path / "rows.csv"
    path.write_bytes(HEADER + b"2026-10-01T00:00:00Z,shop,qa,1\n")
    imported = import_file(desk.repository, path, now=NOW)
    assert imported.added == 1
    assert file.read_text() == 'name: "qa"\ncolour: "red"\n'
    assert imported.created == ()
