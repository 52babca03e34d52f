"""What is handed over is checked as far as it can be without its registry, and waits once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.bare_registry import Post
from tests.fixtures.local_registry import NOW, Desk
from versioner.delivery.inbox import prepare_submission, submit
from versioner.errors import Blocked, InvalidInput
from versioner.recording.context import EventDraft
from versioner.recording.record import RecordResult
from versioner.remote.faults import RemoteFailure
from versioner.remote.partial_clone import partial_clone
from versioner.remote.url import Remote

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.errors import VersionerError

SHA = "4f5d1c2a9b8e7d6c5b4a39281706f5e4d3c2b1a0"


def draft(event_id: str = "a", product: str = "shop", **said: Any) -> EventDraft:
    fields = {"at": NOW, "environment": "staging", "version": "2.0", "status": "completed"}
    return EventDraft("deployment", product, {**fields, **said}, event_id)


@pytest.fixture
def post(desk: Desk, tmp_path: Path) -> Post:
    bare = tmp_path / "bare.git"
    desk.git("clone", "-q", "--bare", str(desk.top), str(bare))
    return Post(bare)


def hand(post: Post, *drafts: EventDraft) -> list[RecordResult | VersionerError]:
    with partial_clone(Remote(f"file://{post.path}")) as clone:
        return submit(clone, [prepare_submission(each) for each in drafts])


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"version": ""}, "version"),
        ({"version": "../x"}, "version"),
        ({"environment": ""}, "environment"),
        ({"environment": "Prod!"}, "environment"),
        ({"status": "fine"}, "status"),
        ({"reason": "ghp_" + "A1b2C3d4E5" * 4}, "reason"),
        ({"extra_metadata": {"a": "x" * 103_000}}, "extra_metadata"),
        ({"deployed_by": 5}, "deployed_by"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_can_only_be_refused_is_refused_before_it_is_pushed(
    said: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as told:
        prepare_submission(draft(**said))
    assert field in (told.value.field, *told.value.message.split())


@pytest.mark.parametrize(
    ("product", "detected", "folder"),
    [
        ("shop", False, "shop"),
        ("My.Shop", False, "my-shop"),
        ("Größe/2", True, "groe-2"),
        ("Größe/2", False, ""),
        ("..", True, ""),
        ("", False, ""),
    ],
)
def test_it_waits_under_its_products_name_as_far_as_that_is_legal(
    product: str, detected: bool, folder: str
) -> None:
    event = draft("a", product)._replace(detected=detected)
    if not folder:
        with pytest.raises(InvalidInput):
            prepare_submission(event)
        return
    parcel = prepare_submission(event)
    assert parcel.ref.rpartition("/")[0].endswith(f"inbox/{folder}")
    assert parcel.draft.product == product


def test_people_are_left_out_as_the_registry_says_and_else_as_is_usual() -> None:
    given = draft(deployed_by="jane", deployed_by_email="j@x.test", deployed_by_name="Jane")
    assert set(prepare_submission(given).draft.fields) & {"deployed_by", "deployed_by_email"} == {
        "deployed_by"
    }
    assert "deployed_by" not in prepare_submission(given, {"people": "none"}).draft.fields
    assert prepare_submission(given, {"people": "all"}).draft.fields == given.fields
    assert "deployed_by" not in prepare_submission(draft(deployed_by="j@x.test")).draft.fields


def test_one_that_waits_already_is_the_same_whenever_and_by_whomever(post: Post) -> None:
    (first,) = hand(post, draft())
    (again,) = hand(post, draft(at="2026-11-22T10:20:00Z", deployed_by="omar"))
    assert isinstance(first, RecordResult)
    assert isinstance(again, RecordResult)
    assert (first.already, again.already) == (False, True)
    assert again.commit == first.commit == post.git("rev-parse", "refs/versioner/inbox/shop/a")


@pytest.mark.parametrize(
    "said",
    [
        {"version": "2.1"},
        {"environment": "production"},
        {"status": "failed"},
        {"scm_sha": SHA[::-1]},
        {"artifacts": {"image": f"sha256:{'b' * 64}"}},
    ],
    ids=lambda said: next(iter(said)),
)
def test_one_that_waits_already_with_something_else_is_blocked(
    post: Post, said: dict[str, Any]
) -> None:
    hand(post, draft(scm_sha=SHA, artifacts={"image": f"sha256:{'a' * 64}"}))
    results = hand(post, draft(**{"scm_sha": SHA[:9], **said}), draft("b"))
    assert isinstance(results[0], Blocked)
    assert next(iter(said)) in results[0].message
    assert isinstance(results[1], RecordResult)


def test_what_waits_under_its_name_and_is_no_event_is_told(post: Post) -> None:
    post.put("shop/a", b"noise")
    (result,) = hand(post, draft())
    assert isinstance(result, Blocked)
    assert "versioner inbox list" in result.hint


def test_where_there_is_no_inbox_each_is_told_so(post: Post) -> None:
    post.git("config", "receive.hideRefs", "refs/versioner")
    results = hand(post, draft(), draft("b"))
    assert [type(each) for each in results] == [RemoteFailure] * 2
    assert {each.fault for each in results if isinstance(each, RemoteFailure)} == {"hidden"}
