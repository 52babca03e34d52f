"""The repository of a server is packed now and then, and keeps what no ref names yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.git.object_format import hash_object
from versioner.git.repository import open_repository
from versioner.server.writer.tidying import tidy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.local_registry import Desk


def test_many_objects_are_packed_and_those_of_no_ref_stay(desk: Desk, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    desk.git("clone", "-q", "--bare", "--no-local", str(desk.top), str(bare))
    # git guesses the number of loose objects from those of this one folder.
    texts = [str(number) for number in range(4000)]
    texts = [each for each in texts if name_of(each).startswith("17")][:3]
    for text in texts:
        (tmp_path / text).write_text(text)
        desk.git("-C", str(bare), "hash-object", "-w", "--", str(tmp_path / text))
    tree = desk.git("-C", str(bare), "rev-parse", "main^{tree}").strip()
    new = desk.git("-C", str(bare), "commit-tree", "-p", "main", "-m", "Next", tree).strip()
    desk.git("-C", str(bare), "update-ref", "refs/heads/main", new)
    file = bare / "objects" / new[:2] / new[2:]
    tidy(open_repository(bare))
    assert file.exists()

    desk.git("-C", str(bare), "config", "gc.auto", "1")
    tidy(open_repository(bare))
    assert not file.exists()
    assert desk.git("-C", str(bare), "rev-parse", "main").strip() == new
    assert (bare / "refs/heads/main").exists()
    for text in texts:
        assert desk.git("-C", str(bare), "cat-file", "-t", name_of(text)).strip() == "blob"


def name_of(text: str) -> str:
    """Return the id of a file with a text."""
    return hash_object("blob", text.encode())
