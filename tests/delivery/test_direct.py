"""Recording on a remote from the library: each event has its result, and keeps back no other."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.bare_registry import Post, entropy, post_clone, push, submission
from tests.fixtures.local_registry import NOW, Desk
from versioner.delivery.direct import Destination, dry_run, ensure_event_id, record_remotely
from versioner.editing.environment_moves import merge_environment
from versioner.errors import Blocked, InvalidInput, UsageFault, VersionerError
from versioner.recording.context import EventDraft
from versioner.recording.record import RecordResult
from versioner.remote.faults import RemoteFailure
from versioner.remote.url import Remote

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.delivery.direct import Via

pytestmark = pytest.mark.slow

FAR = "2027-11-22T10:15:00Z"
REFUSE = "#!/bin/sh\ncase $1 in {} echo '{}' >&2; exit 1;; esac\n"


@pytest.fixture
def post(desk: Desk, tmp_path: Path) -> Post:
    bare = tmp_path / "bare.git"
    desk.git("clone", "-q", "--bare", str(desk.top), str(bare))
    desk.git("-C", str(bare), "config", "uploadpack.allowFilter", "true")
    return Post(bare)


def draft(
    version: str = "2.0", event_id: str = "", product: str = "shop", **said: Any
) -> EventDraft:
    fields = {"at": NOW, "environment": "staging", "version": version, "status": "completed"}
    return EventDraft("deployment", product, {**fields, **said}, event_id)


def record(
    post: Post, *drafts: EventDraft, via: Via = "auto"
) -> list[RecordResult | VersionerError]:
    target = Destination(Remote(f"file://{post.path}"), via=via)
    return record_remotely(target, drafts, now=NOW, entropy=entropy)


def one(post: Post, event: EventDraft, via: Via = "auto") -> RecordResult:
    (result,) = record(post, event, via=via)
    assert isinstance(result, RecordResult), result
    return result


def hook(post: Post, name: str, text: str) -> None:
    (post.path / "hooks").mkdir(exist_ok=True)
    (post.path / "hooks" / name).write_text(text)
    (post.path / "hooks" / name).chmod(0o755)


def test_many_events_are_one_commit_and_each_has_its_result(post: Post) -> None:
    results = record(
        post,
        draft("2.0", "a"),
        draft("2.1", "b", "brand-new"),
        draft("../etc", "c"),
        draft("9.9", "s-1"),
        draft("2.0", "a"),
    )
    kinds = [type(each) for each in results]
    assert kinds == [RecordResult, RecordResult, InvalidInput, Blocked, RecordResult]
    first, second, last = (results[number] for number in (0, 1, 4))
    assert isinstance(first, RecordResult)
    assert isinstance(second, RecordResult)
    assert isinstance(last, RecordResult)
    assert first.commit == second.commit == post.served.tip()
    assert (first.already, last.already) == (False, True)
    assert post.git("rev-list", "--count", "main") == str(post.served.commits() - 1 + 1)
    assert post.git("show", "-s", "--format=%B", "main").splitlines() == [
        "Record 2 events",
        "",
        "Record deployment of shop 2.0 to staging (completed)",
        "Record deployment of brand-new 2.1 to staging (completed)",
    ]
    assert sorted(post.ids()) == ["a", "b", "s-1", "s-2", "s-3"]


@pytest.mark.parametrize("via", ["inbox", "direct"])
def test_many_events_of_which_two_are_one_go_the_same_way(post: Post, via: Via) -> None:
    results = record(post, draft("2.0", "a"), draft("2.0", "a"), draft("2.1", "b"), via=via)
    assert all(isinstance(each, RecordResult) for each in results)
    assert post.collect().left == 0
    assert sorted(post.ids()) == ["a", "b", "s-1", "s-2", "s-3"]
    assert post.refs() == []


def test_an_event_without_a_run_gets_its_id_before_anything_is_tried() -> None:
    given, run, neither = draft(event_id="a"), draft(invoke_id="run-5"), draft()
    assert (ensure_event_id(given, entropy), ensure_event_id(run, entropy)) == (given, run)
    assert len(ensure_event_id(neither, entropy).event_id) == 32


def test_a_branch_that_moves_all_the_time_leaves_the_inbox(post: Post) -> None:
    # Each look at the branch is too late.
    hook(post, "pre-receive", _MOVES)
    result = one(post, draft("2.0", "a"))
    assert result.received.endswith("/shop/a")
    (post.path / "hooks/pre-receive").unlink()
    assert [each.event["id"] for each in post.collect().recorded] == ["a"]


# Whoever pushes to main finds that another was quicker.
_MOVES = """#!/bin/sh
while read old new ref; do
  case $ref in refs/heads/main)
    export GIT_COMMITTER_NAME=J GIT_COMMITTER_EMAIL=j@x.test GIT_AUTHOR_NAME=J GIT_AUTHOR_EMAIL=j@x
    unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
    made=$(git commit-tree -p refs/heads/main -m More 'refs/heads/main^{tree}')
    git update-ref refs/heads/main $made;;
  esac
done
"""


def test_directly_it_tries_again_from_the_new_tip_and_then_gives_up(post: Post) -> None:
    hook(post, "pre-receive", _MOVES)
    (result,) = record(post, draft("2.0", "a"), via="direct")
    assert isinstance(result, RemoteFailure)
    assert (result.fault, "8 times in a row" in result.message) == ("race", True)
    assert "--via auto" in result.hint
    once = _MOVES.replace(
        "while", f"test -e {post.path}/once && exit; touch {post.path}/once\nwhile"
    )
    hook(post, "pre-receive", once)
    assert one(post, draft("2.0", "a"), via="direct").commit == post.served.tip()


@pytest.mark.parametrize("words", ["GH006: Protected branch update failed", "no"])
def test_where_the_branch_takes_no_push_the_inbox_does(post: Post, words: str) -> None:
    hook(post, "update", REFUSE.format("refs/heads/*)", words))
    assert one(post, draft("2.0", "a")).received
    (result,) = record(post, draft("2.0", "b"), via="direct")
    assert isinstance(result, RemoteFailure)
    assert post.refs() == ["inbox/shop/a"]


def test_where_the_inbox_takes_no_push_either_it_says_so(post: Post) -> None:
    hook(post, "update", "#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n")
    (result,) = record(post, draft("2.0", "a"))
    assert isinstance(result, RemoteFailure)
    assert "not on a Friday" in result.message
    assert post.refs() == []


def test_an_event_from_the_future_is_not_taken_along(post: Post) -> None:
    post.put("shop/far", submission(id="far", at=FAR))
    post.put("shop/near", submission(id="near", version="2.1"))
    one(post, draft("2.2", "a"))
    assert post.refs() == ["inbox/shop/far"]
    assert sorted(post.ids("shop")) == ["a", "near", "s-1", "s-2", "s-3"]


@pytest.mark.parametrize("what", [b"\xff", b"[]", b'{"format": 2}', b"x" * 400_000])
def test_what_waits_and_is_no_event_keeps_nobody_back(post: Post, what: bytes) -> None:
    post.put("shop/odd", what)
    assert one(post, draft("2.2", "a")).commit == post.served.tip()
    assert post.refs() == ["inbox/shop/odd"]


def test_of_very_many_that_wait_twenty_are_taken_along(post: Post) -> None:
    post.put_many(submission(version=f"3.{number}") for number in range(25))
    one(post, draft("2.2", "a"))
    assert len(post.refs()) == 5
    assert len(post.ids("shop")) == 3 + 20 + 1


def test_an_alias_leads_to_the_product_and_a_deleted_one_is_blocked(desk: Desk, post: Post) -> None:
    from versioner.editing.products import delete_product, rename_product

    rename_product(desk.repository, "web", "site", now=NOW)
    delete_product(desk.repository, "site", force=True, by="jane", now=NOW)
    rename_product(desk.repository, "shop", "store", now=NOW)
    desk.git("push", "-q", str(post.path), "main")
    assert one(post, draft("2.0", "a")).product == "store"
    for name in ("site", "web"):
        (result,) = record(post, draft("2.0", "b", name))
        assert isinstance(result, Blocked)
        assert "restore" in result.hint


def test_what_it_would_come_to_is_told_without_a_write(post: Post) -> None:
    before = post.git("for-each-ref")
    target = Destination(Remote(f"file://{post.path}"))
    seen = dry_run(target, draft("2.0", "a", "brand-new"), now=NOW, entropy=entropy)
    assert seen.created == ("registry/products/brand-new/product.yaml",)
    again = draft("1.2", "s-3", at="2026-11-02T09:00:00Z")
    assert dry_run(target, again, now=NOW, entropy=entropy).already
    assert post.git("for-each-ref") == before


def test_no_branch_and_no_registry_are_usage_faults(post: Post) -> None:
    remote = Remote(f"file://{post.path}")
    (result,) = record_remotely(Destination(remote, "none"), [draft()], now=NOW, entropy=entropy)
    assert isinstance(result, UsageFault)
    assert '"none"' in result.message


def test_the_registrys_own_committer_stands_in_where_git_knows_nobody(
    desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with (desk.top / "registry/registry.yaml").open("a") as config:
        config.write('commit:\n  name: "registry-bot"\n  email: "bot@example.test"\n')
    desk.git("commit", "-qam", "Name the committer")
    desk.git("push", "-q", str(post.path), "main")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    one(post, draft("2.0", "a"))
    shown = post.git("show", "-s", "--format=%an <%ae>", "main")
    assert shown == "registry-bot <bot@example.test>"


def test_what_stays_is_sound(post: Post) -> None:
    record(post, draft("2.0", "a"), draft("2.1", "b", "brand-new"))
    record(post, draft("2.2", "c"), via="inbox")
    done = subprocess.run(
        ["git", "fsck", "--strict"], cwd=post.path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_former_name_of_an_environment_is_recorded_under_its_name(
    post: Post, tmp_path: Path
) -> None:
    run = {"source_system": "github", "invoke_id": "9"}
    first = one(post, draft(environment="stagin", **run))
    desk = post_clone(post, tmp_path)
    merge_environment(desk.repository, "stagin", "staging", now=NOW)
    push(tmp_path)
    again = one(post, draft(environment="stagin", **run))
    assert (again.already, again.event["id"]) == (True, first.event["id"])
    other = one(post, draft("2.1", environment="stagin", **run))
    assert (other.event["environment"], other.created) == ("staging", ())
    post.served.assert_sound()
