"""What waits in an inbox comes to the branch, each event once, whatever lies beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.bare_registry import (
    INBOX,
    Post,
    clone_of,
    commit_on_branch,
    copy_of,
    hostile_refs,
    ids_of,
    post_clone,
    push,
    submission,
)
from tests.fixtures.local_registry import NOW, Desk
from versioner.editing.environment_moves import rename_environment
from versioner.editing.products import delete_product, rename_product
from versioner.editing.restore import restore_product
from versioner.errors import Blocked, UsageFault
from versioner.remote.faults import RemoteFailure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from versioner.delivery.collect import CollectResult

pytestmark = pytest.mark.slow

LATER = "2026-11-23T08:00:00Z"
SHA, OTHER_SHA = "1" * 40, "2" * 40


def reasons(collected: CollectResult) -> dict[str, str]:
    """Return why each was refused, by the ref it has now."""
    return {
        each.ref.removeprefix("refs/versioner/refused/"): each.error.message
        for each in collected.refused
    }


# What is folded


def test_an_empty_inbox_is_nothing_to_do(post: Post) -> None:
    before = post.git("rev-parse", "main")
    collected = post.collect()
    assert (collected.recorded, collected.refused, collected.commits) == ((), (), ())
    assert post.git("rev-parse", "main") == before


def test_what_waits_is_one_commit_and_waits_no_more(post: Post) -> None:
    post.put("shop/a1", submission(id="a1", version="2.0"))
    post.put("blog/b1", submission("blog", id="b1", environment="brand-new"))
    before = post.served.commits()
    collected = post.collect()
    assert sorted(ids_of(collected)) == ["a1", "b1"]
    assert collected.commits == (post.git("rev-parse", "main"),)
    assert {each.commit for each in collected.recorded} == set(collected.commits)
    assert post.served.commits() == before + 1
    assert post.refs() == []
    assert {"a1", "b1"} <= set(post.ids())
    assert "registry/products/blog/product.yaml" in post.git("ls-tree", "-r", "--name-only", "main")
    post.served.assert_sound()


def test_its_message_says_how_many_and_then_each(post: Post) -> None:
    post.put("shop/a1", submission(id="a1", version="2.0"), at="2026-11-20T10:00:00Z")
    post.put("shop/a2", submission(id="a2", version="2.1"), at="2026-11-21T10:00:00Z")
    post.collect()
    assert post.git("log", "-1", "--format=%B", "main").split("\n") == [
        "Record 2 events",
        "",
        "Record deployment of shop 2.0 to staging (completed)",
        "Record deployment of shop 2.1 to staging (completed)",
    ]
    assert post.git("log", "-1", "--format=%cI", "main").startswith("2026-11-22T10:15:00")


def test_one_event_has_the_message_of_a_direct_record(post: Post) -> None:
    post.put("shop/a1", submission(id="a1"))
    post.collect()
    subject = "Record deployment of shop 2.0 to staging (completed)"
    assert post.git("log", "-1", "--format=%B", "main") == subject


def test_a_second_collect_does_nothing(post: Post) -> None:
    post.put("shop/a1", submission(id="a1"))
    post.collect()
    after = post.git("rev-parse", "main")
    assert post.collect().commits == ()
    assert post.git("rev-parse", "main") == after


def test_more_than_one_look_shows_is_folded_look_by_look(post: Post) -> None:
    count = 250
    documents = (submission(f"p{number % 7}", f"1.{number}") for number in range(count))
    ids = post.put_many(documents)
    before = post.served.commits()
    collected = post.collect()
    assert ids_of(collected) == ids
    assert (len(collected.commits), collected.left) == (2, 0)
    assert post.served.commits() == before + 2
    found = post.ids()
    assert sorted(each for each in found if each in set(ids)) == sorted(ids)
    assert post.refs() == []
    post.served.assert_sound()


def test_the_oldest_comes_first_in_the_log(post: Post) -> None:
    for key, at in (("a", "2026-11-03"), ("b", "2026-11-01"), ("c", "2026-11-02")):
        when = f"{at}T12:00:00Z"
        post.put(f"tea/{key}", submission("tea", f"1.{key}", id=key, at=when), at=when)
    post.collect()
    assert post.ids("tea") == ["b", "c", "a"]


def test_an_event_of_an_old_name_is_the_products(post: Post, tmp_path: Path) -> None:
    rename_product(post_clone(post, tmp_path).repository, "shop", "store", now=NOW)
    push(tmp_path)
    post.put("shop/a1", submission("shop", id="a1"))
    (recorded,) = post.collect().recorded
    assert recorded.product == "store"
    assert "a1" in post.ids("store")


def test_an_event_of_a_former_name_is_the_environments(post: Post, tmp_path: Path) -> None:
    rename_environment(post_clone(post, tmp_path).repository, "staging", "uat", now=NOW)
    push(tmp_path)
    post.put("shop/a1", submission("shop", id="a1", environment="staging"))
    (recorded,) = post.collect().recorded
    assert (recorded.event["environment"], recorded.created) == ("uat", ())
    post.served.assert_sound()


def test_an_event_that_is_on_the_branch_already_only_waits_no_more(post: Post) -> None:
    # As when the answer to a direct record was lost, and its retry went to the inbox.
    post.put("shop/a1", submission(id="a1"))
    post.collect()
    post.put("shop/a1", submission(id="a1"))
    collected = post.collect()
    assert (ids_of(collected), [each.event["id"] for each in collected.already]) == ([], ["a1"])
    assert post.refs() == []
    assert post.ids("shop").count("a1") == 1


def test_an_event_that_waits_under_two_ids_is_two(post: Post) -> None:
    post.put("shop/a1", submission(id="a1"))
    post.put("shop/a2", submission(id="a2"))
    assert sorted(ids_of(post.collect())) == ["a1", "a2"]


def test_one_event_under_two_refs_is_one(post: Post) -> None:
    post.put("shop/a1", submission(id="a1"))
    post.put("shop/elsewhere", submission(id="a1"))
    collected = post.collect()
    assert (len(collected.recorded), len(collected.already)) == (1, 1)
    assert post.ids("shop").count("a1") == 1


def test_a_run_that_is_known_by_its_own_id_is_recorded_once(post: Post) -> None:
    run = {"source_system": "github", "invoke_id": "7001", "build_number": "12"}
    post.put("shop/r1", submission(id="", **run))
    post.put("shop/r2", submission(id="", **run, deployed_by="omar"))
    collected = post.collect()
    assert (len(collected.recorded), len(collected.already)) == (1, 1)


def test_a_registry_on_another_branch_than_the_remotes_head_is_found(post: Post) -> None:
    post.git("branch", "registry", "main")
    config = post.served.file("registry/registry.yaml") + "branch: registry\n"
    commit_on_branch(post, "registry/registry.yaml", config.encode())
    post.git("branch", "-f", "registry", "main")
    main = post.git("rev-parse", "main")
    commit_on_branch(post, "README.md", b"of the code\n")
    post.put("shop/a1", submission(id="a1"))
    assert post.collect().branch == "refs/heads/registry"
    assert post.served.event_ids("registry").count("a1") == 1
    assert post.git("rev-parse", "registry~1") == main


def test_a_branch_that_is_named_is_the_one(post: Post) -> None:
    post.git("branch", "other", "main")
    post.put("shop/a1", submission(id="a1"))
    post.collect("other")
    assert "a1" in post.served.event_ids("other")
    assert "a1" not in post.ids()


def test_where_no_registry_is_nothing_is_folded_and_nothing_lost(post: Post) -> None:
    post.put("shop/a1", submission(id="a1"))
    with pytest.raises(UsageFault):
        post.collect("nowhere")
    assert post.refs() == ["inbox/shop/a1"]


def test_rules_with_errors_are_no_events_fault(post: Post) -> None:
    commit_on_branch(post, "registry/registry.yaml", b"schema_version: [\n")
    post.put("shop/a1", submission(id="a1"))
    for branch in ("", "main"):
        with pytest.raises(Blocked, match=r"registry\.yaml"):
            post.collect(branch)
    assert post.refs() == ["inbox/shop/a1"]


# What is refused


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"format": 2}, "format 2"),
        ({"format": "1"}, "format '1'"),
        ({"kind": "void"}, "its kind"),
        ({"kind": ["deployment"]}, "its kind"),
        ({"product": None}, "its product"),
        ({"product": "Not A Name"}, "Not A Name"),
        ({"event_id": 7}, "its id"),
        ({"event_id": "no spaces"}, "id"),
        ({"event": []}, "its fields"),
        ({"event": {"colour": "red"}}, "colour"),
    ],
)
def test_what_is_no_event_of_this_tool_is_refused(
    post: Post, said: dict[str, Any], why: str
) -> None:
    post.put("shop/bad", submission() | said)
    post.put("shop/good", submission(id="good"))
    collected = post.collect()
    assert ids_of(collected) == ["good"]
    assert why in reasons(collected)["shop/bad"]
    assert post.refs() == ["refused/shop/bad"]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"scm_sha": OTHER_SHA, "version": "3.0"}, "111111111111"),
        ({"at": "2031-01-01T00:00:00Z"}, "future"),
        ({"at": "yesterday"}, "at"),
        ({"at": None}, "at"),
        ({"at": 12}, "at"),
        ({"version": None}, "version"),
        ({"version": ["1"]}, "version"),
        ({"status": "fine"}, "status"),
        ({"environment": None}, "environment"),
        ({"environment": "../up"}, "environment"),
        ({"extra_metadata": {"a": "x" * 110_000}}, "extra_metadata"),
        ({"reason": "ghp_" + "a1B2" * 9}, "secret"),
        ({"deployment": "never-was"}, "never-was"),
    ],
)
def test_what_a_direct_record_would_refuse_is_refused(
    post: Post, fields: dict[str, Any], why: str
) -> None:
    post.put("shop/first", submission(id="first", version="3.0", scm_sha=SHA))
    post.collect()
    post.put("shop/bad", submission(id="bad", **fields))
    post.put("shop/good", submission(id="good", version="3.1"))
    collected = post.collect()
    assert ids_of(collected) == ["good"]
    assert why in reasons(collected)["shop/bad"]
    (refused,) = post.inbox().refused
    assert refused.refusal is not None
    assert refused.refusal["code"] in (4, 5)
    assert post.refs() == ["refused/shop/bad"]
    assert post.ids().count("bad") == 0


def test_an_event_of_a_deleted_product_waits_for_its_return(post: Post, tmp_path: Path) -> None:
    desk = post_clone(post, tmp_path)
    delete_product(desk.repository, "shop", force=True, by="jane", now=NOW)
    push(tmp_path)
    post.put("shop/a1", submission(id="a1"))
    assert "was deleted" in reasons(post.collect())["shop/a1"]
    restore_product(desk.repository, "shop", now=NOW)
    push(tmp_path)
    assert post.collect().recorded == ()
    assert post.refs() == ["refused/shop/a1"]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"1e999", b'{"a": NaN}', b"\xff\xfe"])
def test_what_is_no_json_object_is_refused(post: Post, data: bytes) -> None:
    post.put("shop/bad", data)
    post.put("shop/good", submission(id="good"))
    collected = post.collect()
    assert (ids_of(collected), list(reasons(collected))) == (["good"], ["shop/bad"])


def test_json_of_any_size_and_depth_is_refused(post: Post) -> None:
    post.put("shop/huge", b'{"a": "' + b"x" * 5_000_000 + b'"}')
    post.put("shop/deep", b"[" * 100_000)
    post.put("shop/good", submission(id="good"))
    collected = post.collect()
    assert ids_of(collected) == ["good"]
    assert sorted(reasons(collected)) == ["shop/deep", "shop/huge"]


def test_a_refusal_holds_the_event_and_stands_on_what_was_handed_over(post: Post) -> None:
    handed_over = post.put("shop/bad", submission(id="bad", status="fine"))
    post.collect()
    refused = "refs/versioner/refused/shop/bad"
    assert post.git("rev-parse", f"{refused}^") == handed_over
    assert post.git("rev-parse", f"{refused}:event.json") == post.git(
        "rev-parse", f"{handed_over}:event.json"
    )
    reason = json.loads(post.git("cat-file", "blob", f"{refused}:refusal.json"))
    assert (reason["code"], reason["at"]) == (4, NOW)
    assert set(reason) == {"code", "message", "hint", "at"}


def test_another_event_refused_under_the_same_id_keeps_the_first(post: Post) -> None:
    post.put("shop/bad", submission(id="bad", status="fine"))
    post.collect()
    post.put("shop/bad", submission(id="bad", status="well"))
    post.collect()
    said = [each.submission for each in post.inbox().refused]
    assert sorted(each["event"]["status"] for each in said if each) == ["fine", "well"]


def test_the_same_event_refused_again_is_one(post: Post) -> None:
    for now in (NOW, LATER):
        post.put("shop/bad", submission(id="bad", status="fine"))
        post.collect(now=now)
    (refused,) = post.inbox().refused
    assert refused.refusal is not None
    assert refused.refusal["at"] == LATER


def test_once_it_is_recorded_its_refusal_ends(post: Post) -> None:
    early = submission(id="early", at="2026-11-23T07:00:00Z")
    post.put("shop/early", early)
    assert post.collect().refused
    # Its pipeline tries again, when its time has come.
    post.put("shop/early", early)
    assert ids_of(post.collect(now=LATER)) == ["early"]
    assert post.refs() == []


def test_what_stands_where_a_products_files_belong_stops_that_product_only(post: Post) -> None:
    commit_on_branch(post, "registry/products/odd", b"no folder\n")
    post.put("odd/a1", submission("odd", id="a1"))
    post.put("shop/good", submission(id="good"))
    collected = post.collect()
    assert ids_of(collected) == ["good"]
    assert "not a directory" in reasons(collected)["odd/a1"]


# Refs that the tool never makes


def test_refs_of_any_name_at_any_object_block_nothing_and_stay_reachable(post: Post) -> None:
    refs = hostile_refs(post)
    post.put("shop/good", submission(id="good"))
    collected = post.collect()
    assert ids_of(collected) == ["good"]
    assert len(collected.refused) == len(refs)
    assert len(post.refs()) == len(refs)
    assert all(each.startswith("refused/") and each.count("/") == 2 for each in post.refs())
    assert len(post.inbox().refused) == len(refs)
    kept = post.git("rev-list", "--objects", "--all")
    lost = {name for name, value in refs.items() if value not in kept}
    # A tag is no part of a commit: what it names is kept.
    assert lost == {"shop/tag", "shop/tag-of-blob"}
    assert post.git("fsck", "--strict", "--no-dangling") == ""
    assert post.collect().refused == ()


def test_a_ref_in_the_way_of_a_refusal_is_gone_round(post: Post) -> None:
    blocks = post.commit({"event.json": b"{}"})
    post.git("update-ref", "refs/versioner/refused/shop", blocks)
    post.git("update-ref", "refs/versioner/refused/tea/bad/below", blocks)
    for product in ("shop", "tea"):
        post.put(f"{product}/bad", submission(product, id="bad", status="fine"))
    post.put("shop/good", submission(id="good"))
    collected = post.collect()
    assert ids_of(collected) == ["good"]
    assert len(collected.refused) == 2
    assert len(post.inbox().refused) == 4


def test_more_hostile_refs_than_one_look_shows_keep_back_nothing(post: Post) -> None:
    stream = [
        f"commit {INBOX}shop/k{number}\ncommitter v <v> 1700000000 +0000\ndata 1\nx\n\n"
        for number in range(210)
    ]
    post.git("fast-import", "--quiet", stdin="".join(stream).encode())
    odd = b"refs/versioner/inbox/shop/\xff".decode("utf-8", "surrogateescape")
    post.git("update-ref", odd, post.commit({"event.json": b"x"}, at="2001-01-01T00:00:00Z"))
    post.put("shop/good", submission(id="good"))
    collected = post.collect()
    assert (ids_of(collected), len(collected.refused), collected.left) == (["good"], 211, 0)


# Any JSON at all

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from([NOW, "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "shop", "staging"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = (
    *("at", "environment", "version", "status", "deployed_by", "reason", "scm_sha", "scm_url"),
    *("invoke_id", "deployment", "extra_metadata", "build_number", "source_system", "void"),
)
EVENTS = st.builds(
    lambda base, changes, event_changes: {
        **base,
        "event": {**base["event"], **event_changes},
        **changes,
    },
    st.sampled_from([submission(), submission("new-one"), {**submission(), "kind": "build"}]),
    st.dictionaries(
        st.sampled_from(("format", "kind", "product", "event_id", "detected", "event")),
        JSON,
        max_size=1,
    ),
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=2),
)


@pytest.mark.thorough
def test_any_json_neither_ends_a_collect_nor_keeps_back_the_good(
    pattern: Path, tmp_path_factory: pytest.TempPathFactory, scale: Callable[[int, int], int]
) -> None:
    # Many a time: so many documents in one collect, for that is what takes the time.
    @settings(max_examples=scale(4, 100), suppress_health_check=list(HealthCheck), print_blob=False)
    @given(st.lists(EVENTS | JSON, min_size=40, max_size=120))
    def holds(documents: list[Any]) -> None:
        post = copy_of(pattern, tmp_path_factory.mktemp("any") / "bare.git")
        texts = {f"shop/n{number}": json.dumps(each) for number, each in enumerate(documents)}
        post.put_all(texts)
        post.put("shop/good", submission(id="good"))
        collected = post.collect()
        assert "good" in ids_of(collected)
        told = len(collected.recorded) + len(collected.already) + len(collected.refused)
        assert told == len(documents) + 1
        assert len(post.refs()) == len(collected.refused)
        ids = post.ids()
        assert len(ids) == len(set(ids))
        assert Desk(clone_of(post.path)).registry.errors == []

    holds()


# A remote that says no


def test_a_remote_that_takes_no_push_loses_nothing(post: Post) -> None:
    hook = post.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'GitLab: protected branches' >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    post.put("shop/a1", submission(id="a1"))
    before = post.git("rev-parse", "main")
    with pytest.raises(RemoteFailure):
        post.collect()
    assert post.refs() == ["inbox/shop/a1"]
    assert post.git("rev-parse", "main") == before


def test_without_atomic_pushes_the_outcome_is_the_same(post: Post) -> None:
    post.git("config", "receive.advertiseAtomic", "false")
    ids = post.put_many(submission(f"p{number % 3}", f"1.{number}") for number in range(205))
    post.put("shop/bad", submission(id="bad", status="fine"))
    collected = post.collect()
    assert ids_of(collected) == ids
    assert post.refs() == ["refused/shop/bad"]
    assert sorted(each for each in post.ids() if each in set(ids)) == sorted(ids)
