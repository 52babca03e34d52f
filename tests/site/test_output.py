"""Files of a site are replaced whole, and nothing is written through what stands in their place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from versioner.site.output import write_file

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"<!doctype html>\n" * 10


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_once_and_again_only_when_it_differs(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    for content in (CONTENT, CONTENT[::-1], b"", b"x" * 3_000_000):
        assert write_file(str(path), content)
        before = path.stat()
        assert path.read_bytes() == content
        assert not write_file(str(path), content)
        assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert names(tmp_path) == ["page.html"]


def test_what_is_no_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_bytes(CONTENT)
    (tmp_path / "link.html").symlink_to(theirs)
    (tmp_path / "lost.html").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe.html")
    for name in ("link.html", "lost.html", "pipe.html"):
        # The content of the first is that of the link's target: only the link itself differs.
        assert write_file(str(tmp_path / name), CONTENT)
        assert (tmp_path / name).is_file()
        assert not (tmp_path / name).is_symlink()
    assert theirs.read_bytes() == CONTENT
    assert not (tmp_path / "gone").exists()


def test_a_draft_that_was_left_is_replaced_and_not_written_into(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"theirs")
    (tmp_path / f".page.html.{os.getpid()}.part").symlink_to(theirs)
    assert write_file(str(tmp_path / "page.html"), CONTENT)
    assert theirs.read_bytes() == b"theirs"
    assert names(tmp_path) == ["page.html", "theirs"]


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_no_draft(tmp_path: Path) -> None:
    (tmp_path / "page.html").mkdir()
    (tmp_path / "page.html" / "kept").write_bytes(b"kept")
    with pytest.raises(OSError, match="directory"):
        write_file(str(tmp_path / "page.html"), CONTENT)
    assert names(tmp_path) == ["page.html"]
    with pytest.raises(FileNotFoundError):
        write_file(str(tmp_path / "gone" / "page.html"), CONTENT)
