"""The inbox is looked after: listed, released to be judged again, or discarded."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.bare_registry import (
    INBOX,
    Post,
    hostile_refs,
    ids_of,
    post_clone,
    push,
    submission,
)
from tests.fixtures.local_registry import NOW, Desk
from versioner.delivery.inbox_admin import discard, release
from versioner.editing.products import delete_product
from versioner.editing.restore import restore_product
from versioner.errors import Blocked, NotFound, OperationFailed
from versioner.remote.faults import RemoteFailure

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

REFUSED = "refs/versioner/refused/"


def refuse(post: Post, *keys: str) -> None:
    for key in keys:
        post.put(f"shop/{key}", submission(id=key, status="fine"))
    post.collect()


def test_an_empty_inbox_lists_nothing(post: Post) -> None:
    assert post.inbox() == ((), 0, (), 0, ())


def test_both_kinds_are_listed_with_what_they_say(post: Post) -> None:
    refuse(post, "bad-one")
    post.put("shop/a1", submission(id="a1"))
    held = post.inbox()
    assert [(each.key, each.submission) for each in held.waiting] == [("a1", submission(id="a1"))]
    (refused,) = held.refused
    assert (refused.key, refused.product) == ("bad-one", "shop")
    assert refused.submission == submission(id="bad-one", status="fine")
    assert refused.refusal is not None
    assert "status" in refused.refusal["message"]


def test_of_very_many_the_rest_is_counted_and_any_can_be_named(post: Post) -> None:
    post.put_many(submission(version=f"1.{number}") for number in range(1010))
    held = post.inbox()
    assert (len(held.waiting), held.more_waiting) == (1000, 10)
    (handled,) = discard(post.remote, ["shop-1-1009"])
    assert handled.event.key == "shop-1-1009"


# Release


def test_what_is_released_waits_as_it_was_handed_over(post: Post) -> None:
    handed_over = post.put("shop/bad-one", submission(id="bad-one", status="fine"))
    post.collect()
    (handled,) = release(post.remote, ["bad-one"])
    assert handled.ref == f"{INBOX}shop/bad-one"
    assert post.git("rev-parse", handled.ref) == handed_over
    assert post.refs() == ["inbox/shop/bad-one"]


def test_released_after_the_product_is_back_it_is_recorded(post: Post, tmp_path: Path) -> None:
    desk: Desk = post_clone(post, tmp_path)
    delete_product(desk.repository, "shop", force=True, by="jane", now=NOW)
    push(tmp_path)
    post.put("shop/late-one", submission(id="late-one"))
    assert post.collect().refused
    restore_product(desk.repository, "shop", now=NOW)
    push(tmp_path)
    release(post.remote, ["late-one"])
    assert ids_of(post.collect()) == ["late-one"]
    assert post.refs() == []


def test_what_was_released_in_vain_is_refused_again(post: Post) -> None:
    refuse(post, "bad-one")
    release(post.remote, ["bad-one"])
    assert len(post.collect().refused) == 1
    assert post.refs() == ["refused/shop/bad-one"]


def test_released_twice_it_is_not_there_the_second_time(post: Post) -> None:
    refuse(post, "bad-one")
    release(post.remote, ["bad-one"])
    with pytest.raises(NotFound, match="no refused event"):
        release(post.remote, ["bad-one"])


def test_named_twice_in_one_go_it_is_released_once(post: Post) -> None:
    refuse(post, "bad-one")
    assert len(release(post.remote, ["bad-one", "shop/bad-one", f"{REFUSED}shop/bad-one"])) == 1
    assert post.refs() == ["inbox/shop/bad-one"]


def test_where_it_waits_again_already_only_the_refusal_ends(post: Post) -> None:
    for _ in range(2):
        post.put("shop/bad-one", submission(id="bad-one", status="fine"))
        if not post.inbox().refused:
            post.collect()
    release(post.remote, ["bad-one"])
    assert post.refs() == ["inbox/shop/bad-one"]


def test_where_another_waits_in_its_place_nothing_is_moved(post: Post) -> None:
    refuse(post, "bad-one", "bad-two")
    post.put("shop/bad-one", submission(id="bad-one", version="9.9"))
    with pytest.raises(Blocked, match="another event waits"):
        release(post.remote, ["bad-two", "bad-one"])
    assert post.refs() == ["inbox/shop/bad-one", "refused/shop/bad-one", "refused/shop/bad-two"]


def test_all_that_are_named_are_released_or_none(post: Post) -> None:
    refuse(post, "bad-one", "bad-two")
    with pytest.raises(NotFound):
        release(post.remote, ["bad-one", "no-such-one"])
    assert post.refs() == ["refused/shop/bad-one", "refused/shop/bad-two"]
    assert len(release(post.remote, ["bad-one", "bad-two"])) == 2


def test_every_odd_ref_that_holds_anything_can_be_released_and_discarded(post: Post) -> None:
    hostile_refs(post)
    post.collect()
    refused = [each.ref for each in post.inbox().refused]
    for ref in refused:
        try:
            release(post.remote, [ref])
        except OperationFailed as error:
            assert "has no event" in error.message
    post.collect()
    left = post.inbox()
    assert left.waiting == ()
    assert len(left.refused) == len(refused)
    discard(post.remote, [each.ref for each in left.refused])
    assert post.refs() == []


def test_odd_refs_are_listed_while_they_wait(post: Post) -> None:
    refs = hostile_refs(post)
    listed = {each.ref for each in post.inbox().waiting}
    assert listed == {INBOX + name for name in refs}
    discard(post.remote, sorted(listed))
    assert post.refs() == []


# Keys


def test_the_beginning_of_a_key_is_enough_where_it_names_one(post: Post) -> None:
    refuse(post, "long-key-1", "long-key-2", "other-key")
    with pytest.raises(NotFound, match="names 2 events"):
        release(post.remote, ["long-key"])
    (handled,) = release(post.remote, ["other-"])
    assert handled.event.key == "other-key"


def test_a_whole_key_is_never_taken_for_a_beginning(post: Post) -> None:
    refuse(post, "long-key", "long-key-2")
    (handled,) = release(post.remote, ["long-key"])
    assert handled.event.key == "long-key"


def test_a_short_beginning_names_nothing(post: Post) -> None:
    refuse(post, "long-key-1")
    with pytest.raises(NotFound):
        release(post.remote, ["long"])
    with pytest.raises(NotFound):
        release(post.remote, [""])


def test_one_key_of_two_products_is_told_apart_by_the_product(post: Post) -> None:
    post.put("shop/same-key", submission(id="same-key", status="fine"))
    post.put("web/same-key", submission("web", id="same-key", status="fine"))
    post.collect()
    with pytest.raises(NotFound, match="names 2 events") as caught:
        release(post.remote, ["same-key"])
    assert "PRODUCT/KEY" in caught.value.hint
    assert "web/same-key" in caught.value.hint
    (handled,) = release(post.remote, ["web/same-key"])
    assert handled.event.product == "web"


def test_a_key_that_is_nearly_right_brings_the_right_one(post: Post) -> None:
    refuse(post, "01a2059fc78c")
    with pytest.raises(NotFound) as caught:
        release(post.remote, ["01a2059fc78d"])
    assert "01a2059fc78c" in caught.value.hint


# Discard


def test_what_is_discarded_is_gone_for_good(post: Post) -> None:
    refuse(post, "bad-one")
    post.put("shop/waits-1", submission(id="waits-1"))
    handled = discard(post.remote, ["waits-1", "bad-one"])
    assert [each.ref for each in handled] == ["", ""]
    assert post.refs() == []
    assert post.collect().commits == ()


def test_an_event_that_waits_and_was_refused_needs_its_whole_ref(post: Post) -> None:
    refuse(post, "bad-one")
    post.put("shop/bad-one", submission(id="bad-one"))
    with pytest.raises(NotFound, match="names 2 events") as caught:
        discard(post.remote, ["shop/bad-one"])
    assert "ref" in caught.value.hint
    discard(post.remote, [f"{REFUSED}shop/bad-one"])
    assert post.refs() == ["inbox/shop/bad-one"]


# Remotes


def test_without_atomic_pushes_the_outcome_is_the_same(post: Post) -> None:
    refuse(post, "bad-one", "bad-two")
    post.git("config", "receive.advertiseAtomic", "false")
    release(post.remote, ["bad-one", "bad-two"])
    assert post.refs() == ["inbox/shop/bad-one", "inbox/shop/bad-two"]


def test_without_atomic_pushes_nothing_ends_before_it_stands_elsewhere(post: Post) -> None:
    refuse(post, "bad-one")
    post.git("config", "receive.advertiseAtomic", "false")
    hook = post.path / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ncase $1 in refs/versioner/inbox/*) exit 1 ;; esac\n", "utf-8")
    hook.chmod(0o755)
    with pytest.raises(RemoteFailure):
        release(post.remote, ["bad-one"])
    assert post.refs() == ["refused/shop/bad-one"]


def test_a_remote_of_sha256_keeps_its_inbox_too(tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    init = ["git", "init", "-q", "--bare", "-b", "main", "--object-format=sha256", str(bare)]
    subprocess.run(init, check=True)
    post = Post(bare)
    post.put("shop/a1", submission(id="a1"))
    assert [each.key for each in post.inbox().waiting] == ["a1"]
    discard(post.remote, ["a1"])
    assert post.refs() == []
