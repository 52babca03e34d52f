"""versioner inbox, as it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.registries import NOW, Desk
from tests.fixtures.bare_registry import Post, submission

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def post(desk: Desk, forge: Path) -> Post:
    """Have one event wait, and one refused."""
    post = Post(forge)
    post.put("user-service/bad-one", submission("user-service", id="bad-one", status="fine"))
    post.collect(now=NOW)
    post.put("user-service/waits-1", submission("user-service", "2.1", id="waits-1"))
    return post


def test_an_empty_one_is_told(desk: Desk, forge: Path) -> None:
    assert desk.run("inbox", "list").out == "No events are waiting, and none were refused.\n"


def test_it_lists_what_waits_and_what_was_refused_and_why(desk: Desk, post: Post) -> None:
    lines = desk.run("inbox", "list").out.splitlines()
    assert lines[0] == "1 event waiting for `versioner collect`"
    assert lines[1] == (
        f"  user-service/waits-1  {NOW}  deployment of user-service 2.1 to staging (completed)"
    )
    assert lines[2] == "1 event refused"
    assert lines[3].startswith(f"  user-service/bad-one  {NOW}  deployment of user-service 2.0")
    assert "status" in lines[4]
    assert "`versioner inbox release KEY`" in lines[-1]


def test_its_json_has_stable_keys(desk: Desk, post: Post) -> None:
    document = desk.run("inbox", "list", "--output", "json").json()
    assert list(document) == ["waiting", "more_waiting", "refused", "more_refused"]
    keys = ["ref", "key", "at", "kind", "product", "event"]
    assert list(document["waiting"][0]) == keys
    assert list(document["refused"][0]) == [*keys, "message", "hint"]


def test_what_it_shows_can_be_released_and_discarded(desk: Desk, post: Post) -> None:
    told = desk.run("inbox", "release", "user-service/bad-one")
    assert told.out == "released: deployment of user-service 2.0 to staging (fine)\n"
    assert post.refs() == ["inbox/user-service/bad-one", "inbox/user-service/waits-1"]
    told = desk.run("inbox", "discard", "bad-one", "waits-1", "--yes")
    assert told.code == 0
    # For the last time, so with all that it said.
    assert '"version": "2.1"' in told.out
    assert post.refs() == []


def test_nothing_is_discarded_unasked(desk: Desk, post: Post) -> None:
    told = desk.run("inbox", "discard", "bad-one")
    assert (told.code, "--yes" in told.err) == (2, True)
    assert len(post.refs()) == 2


@pytest.mark.parametrize("what", ["release", "discard"])
def test_an_unknown_key_is_told_with_what_to_do(desk: Desk, post: Post, what: str) -> None:
    told = desk.run("inbox", what, "no-such", *(["--yes"] if what == "discard" else []))
    assert told.code == 2
    assert "`versioner inbox list` shows them" in told.err


def test_without_a_key_it_is_a_matter_of_usage(desk: Desk, post: Post) -> None:
    assert desk.run("inbox", "release").code == 2


def test_a_clone_without_a_remote_has_no_inbox(desk: Desk) -> None:
    told = desk.run("inbox", "list")
    assert (told.code, "--repo" in told.err) == (2, True)
