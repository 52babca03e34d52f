"""What will be read of a partial clone is brought in as few requests as its trees allow."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.clones import LOG, PRODUCT
from tests.fixtures.remotes import FILES, LIMITED, SERVERS, Counting, bare_remote, remote_to
from versioner.errors import GitFailure
from versioner.git.objects import TreeView
from versioner.remote.partial_clone import partial_clone
from versioner.remote.prefetch import Wanted, prefetch

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

MAIN = "refs/heads/main"
VERSIONS = "registry/products/shop/versions/2026-11.yaml"


@pytest.mark.parametrize(("rung", "requests"), list(zip(SERVERS, (2, 6, 1, 0), strict=True)))
def test_a_file_deep_down_takes_as_many_requests_as_levels_that_are_not_there(
    tmp_path: Path, rung: str, requests: int
) -> None:
    with partial_clone(remote_to(bare_remote(tmp_path, SERVERS[rung]))) as clone:
        tip = clone.fetch_tip(MAIN)
        assert tip
        assert clone.level == rung
        with closing(Counting(clone)) as reader:
            wanted = [Wanted(tip, path) for path in (LOG, VERSIONS, "registry/registry.yaml")]
            prefetch(reader, wanted)
            assert len(reader.asked) == requests
            view = TreeView(reader, tip)
            for path in (LOG, VERSIONS, "registry/registry.yaml"):
                entry = view.entry(path)
                assert entry is not None
                found = next(reader.find_or_fetch([entry.id]))
                assert found is not None
                assert found.data == FILES[path]
            assert len(reader.asked) == requests


def test_what_is_there_is_not_asked_for_and_what_lacks_is_asked_for_once(tmp_path: Path) -> None:
    with partial_clone(remote_to(bare_remote(tmp_path, LIMITED))) as clone:
        tip = clone.fetch_tip(MAIN) or ""
        with closing(Counting(clone)) as reader:
            prefetch(reader, [Wanted(tip, LOG), Wanted(tip, LOG), Wanted(tip, VERSIONS)])
            ids = [name for names in reader.asked for name in names]
            assert len(ids) == len(set(ids))
            before = len(reader.asked)
            prefetch(reader, [Wanted(tip, LOG), Wanted(tip, VERSIONS)])
            assert len(reader.asked) == before


def test_of_what_is_only_asked_whether_it_is_there_nothing_is_brought(tmp_path: Path) -> None:
    with partial_clone(remote_to(bare_remote(tmp_path))) as clone:
        tip = clone.fetch_tip(MAIN) or ""
        with closing(Counting(clone)) as reader:
            prefetch(reader, [Wanted(tip, PRODUCT, whole=False)])
            view = TreeView(reader, tip)
            entry = view.entry(PRODUCT)
            assert entry is not None
            assert reader.find_one(entry.id) is None


@pytest.mark.parametrize("path", ["no/such/file", "registry/none.yaml", f"{PRODUCT}/below"])
def test_a_path_that_is_not_there_is_no_failure(tmp_path: Path, path: str) -> None:
    with partial_clone(remote_to(bare_remote(tmp_path))) as clone:
        tip = clone.fetch_tip(MAIN) or ""
        with closing(Counting(clone)) as reader:
            prefetch(reader, [Wanted(tip, path)])
            assert TreeView(reader, tip).entry(path) is None


def test_an_object_that_the_remote_lacks_itself_is_a_failure(tmp_path: Path) -> None:
    with partial_clone(remote_to(bare_remote(tmp_path))) as clone:
        clone.fetch_tip(MAIN)
        with closing(Counting(clone)) as reader:
            # All there is was brought then; who asks once more is told.
            prefetch(reader, [Wanted("1" * 40, "registry")])
            with pytest.raises(GitFailure, match="single objects"):
                list(reader.find_or_fetch(["1" * 40]))
