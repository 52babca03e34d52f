from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import void
from tests.registry.history.clone import Clone, event, event_id
from versioner import layout
from versioner.errors import NotFound, OperationFailed
from versioner.git.merge_base import walk_from
from versioner.git.objects import reading
from versioner.git.repository import open_repository
from versioner.serialization.documents import dump_document
from versioner.serialization.format import format_file
from versioner.serialization.log import event_line
from versioner.validation import codes

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.models import Problem

pytestmark = pytest.mark.slow

NOW = "2026-11-22T10:15:00Z"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Return a clone on a branch of its own, with a registry on main."""
    made = Clone.new(tmp_path / "clone")
    made.branch("change")
    return made


def gist(problems: list[Problem]) -> list[tuple[str, str, int]]:
    return [(problem.code, problem.path, problem.line) for problem in problems]


# ---- right -------------------------------------------------------------------------------


def test_people_s_files_may_change_freely(clone: Clone) -> None:
    document = {"name": "user-service", "description": "All about users"}
    clone.write(layout.product_path("user-service"), dump_document("product", document))
    clone.add_product("web-frontend")
    clone.commit("Describe")
    assert clone.check() == []


def test_uncommitted_changes_are_seen_and_may_be_right(clone: Clone) -> None:
    clone.add_product("web-frontend")
    assert clone.check() == []


def test_a_stale_branch_lacks_only_what_came_after_it_was_made(clone: Clone) -> None:
    clone.switch("main")
    clone.record("user-service", event("user-service", 4))
    clone.add_product("web-frontend")
    clone.commit("Go on")
    clone.switch("change")
    clone.add_product("mailer")
    clone.commit("Add mailer")
    assert clone.check() == []


@pytest.mark.parametrize("way", ["--no-ff", "--squash"])
def test_a_merged_or_squashed_branch_keeps_what_main_recorded(clone: Clone, way: str) -> None:
    clone.add_product("mailer")
    clone.commit("Add mailer")
    clone.switch("main")
    before = clone.git("rev-parse", "HEAD")
    clone.record("user-service", event("user-service", 4))
    clone.commit("Record")
    clone.git("merge", "-q", way, "change")
    clone.commit("Merge")
    assert clone.check("HEAD^") == []
    assert clone.check(before, allow=True) == []


def test_a_rebased_branch_keeps_what_main_recorded(clone: Clone) -> None:
    clone.add_product("mailer")
    clone.commit("Add mailer")
    clone.switch("main")
    clone.record("user-service", event("user-service", 4))
    clone.commit("Record")
    clone.switch("change")
    clone.git("rebase", "-q", "main")
    assert clone.check() == []


def test_a_branch_that_merged_main_has_main_s_events_as_its_base(clone: Clone) -> None:
    clone.add_product("mailer")
    clone.commit("Add mailer")
    clone.switch("main")
    clone.record("user-service", event("user-service", 4))
    clone.commit("Record")
    clone.switch("change")
    clone.git("merge", "-q", "-m", "Take main", "main")
    clone.switch("main")
    clone.record("user-service", event("user-service", 5))
    clone.commit("Record again")
    clone.switch("change")
    assert clone.check() == []


def test_format_changes_nothing(clone: Clone) -> None:
    path = clone.log("user-service")
    canonical = clone.read(path)
    # As a person's editor leaves it: other quotes, other order of keys, another line width.
    loose = canonical.replace(b'environment: "production"', b"environment: production")
    clone.switch("main")
    clone.write(path, loose)
    clone.commit("Write by hand")
    clone.branch("tidy")
    clone.write(path, format_file("deployment", loose))
    assert clone.read(path) == canonical != loose
    assert clone.check() == []


@pytest.mark.parametrize(
    "field", ["deployed_by", "extra_metadata.mail", "extra_metadata", "artifacts.image"]
)
def test_a_redaction_is_right(clone: Clone, field: str) -> None:
    clone.switch("main")
    old = event(
        "user-service",
        4,
        extra_metadata={"mail": "jane@example.test", "region": "eu"},
        artifacts={"image": f"sha256:{'a' * 64}"},
    )
    clone.record("user-service", old)
    clone.commit("Record")
    clone.branch("redact")
    top, _, key = field.partition(".")
    new: dict[str, Any] = {**old, "redacted": [field]}
    if key == "mail":
        new[top] = {"region": "eu"}
    else:
        del new[top]
    clone.replace("user-service", 4, new)
    assert clone.check() == []


def test_a_renamed_product_is_followed_by_its_alias(clone: Clone) -> None:
    rename(clone, "user-service", "accounts")
    clone.commit("Rename")
    assert clone.check() == []


def test_two_renames_in_one_change_are_followed(clone: Clone) -> None:
    rename(clone, "user-service", "accounts")
    clone.commit("Rename")
    rename(clone, "accounts", "identity")
    assert clone.check() == []


def test_a_renamed_product_cannot_lose_an_event(clone: Clone) -> None:
    clone.replace("user-service", 2, None)
    rename(clone, "user-service", "accounts")
    path = clone.log("accounts")
    line = clone.read(path).decode().splitlines().index(line_of(event("user-service", 3))) + 1
    assert gist(clone.check()) == [(codes.HISTORY_MISSING, path, line)]


def test_a_product_goes_as_a_whole_with_its_record(clone: Clone) -> None:
    delete(clone, "user-service")
    clone.commit("Delete")
    assert clone.check() == []


def test_a_restored_product_is_right(clone: Clone) -> None:
    restored = delete_and_restore(clone)
    clone.commit("Restore")
    assert restored
    assert clone.check() == []


def test_a_restored_product_cannot_come_back_with_less_or_other_events(clone: Clone) -> None:
    delete_and_restore(clone)
    path = clone.log("user-service")
    third = clone.line_of("user-service", 3)
    clone.replace("user-service", 3, event("user-service", 3, deployed_by="mallory"))
    clone.replace("user-service", 1, None)
    assert gist(clone.check()) == [
        (codes.HISTORY_MISSING, path, third - 2),
        (codes.HISTORY_CHANGED, path, third - 1),
    ]


def test_a_product_made_anew_may_be_joined_with_what_it_was(clone: Clone) -> None:
    clone.switch("main")
    old = clone.read(clone.log("user-service"))
    delete(clone, "user-service")
    clone.commit("Delete")
    clone.remove(layout.deleted_path("user-service"))
    clone.add_product("user-service")
    anew = event("user-service", 7)
    clone.record("user-service", anew)
    clone.commit("Make it anew")
    clone.branch("join")
    clone.write(clone.log("user-service"), old + event_line("deployment", anew).encode())
    assert clone.check() == []


def test_a_product_made_anew_cannot_be_joined_with_a_part_of_what_it_was(clone: Clone) -> None:
    clone.switch("main")
    clone.record("user-service", event("user-service", 8), month="2026-10")
    clone.commit("Record")
    october = clone.read(clone.log("user-service", "2026-10"))
    delete(clone, "user-service")
    clone.commit("Delete")
    clone.remove(layout.deleted_path("user-service"))
    clone.add_product("user-service")
    clone.record("user-service", event("user-service", 7))
    clone.commit("Make it anew")
    clone.branch("join")
    clone.write(clone.log("user-service", "2026-10"), october)
    # The log of November is as on main, and lacks what was in it before the deletion.
    line = clone.line_of("user-service", 7)
    expected = (codes.HISTORY_MISSING, clone.log("user-service"), line)
    assert gist(clone.check(allow=True)) == [expected] * 3


def test_new_events_are_right_only_where_they_are_allowed(clone: Clone) -> None:
    clone.record("user-service", event("user-service", 4), event("user-service", 5))
    path, line = clone.log("user-service"), clone.line_of("user-service", 4)
    problems = clone.check()
    assert gist(problems) == [(codes.HISTORY_ADDED, path, line)]
    assert "2 events" in problems[0].message
    assert "--allow-log-changes" in problems[0].hint
    assert clone.check(allow=True) == []


def test_a_new_log_is_a_log_change_too(clone: Clone) -> None:
    clone.add_product("mailer")
    clone.record("mailer", event("mailer", 1))
    clone.record(
        "user-service", event("user-service", 40, at="2026-12-01T10:00:00Z"), month="2026-12"
    )
    assert gist(clone.check()) == [
        (codes.HISTORY_ADDED, clone.log("mailer"), 4),
        (codes.HISTORY_ADDED, clone.log("user-service", "2026-12"), 4),
    ]
    assert clone.check(allow=True) == []


def test_a_void_is_a_log_change_too(clone: Clone) -> None:
    clone.record("user-service", void(event_id("user-service", 2), at=NOW))
    assert [problem.code for problem in clone.check()] == [codes.HISTORY_ADDED]
    assert clone.check(allow=True) == []


# ---- wrong -------------------------------------------------------------------------------


def test_an_edited_event_is_found_at_its_field(clone: Clone) -> None:
    clone.replace("user-service", 2, event("user-service", 2, deployed_by="mallory"))
    (problem,) = clone.check(allow=True)
    line = clone.line_of("user-service", 2)
    text = clone.read(problem.path).decode().splitlines()[line - 1]
    assert gist([problem]) == [(codes.HISTORY_CHANGED, clone.log("user-service"), line)]
    assert text[problem.column - 1 :].startswith('"mallory"')
    assert "deployed_by" in problem.message
    assert "mallory" not in problem.message


def test_a_changed_sha_is_found_at_its_field(clone: Clone) -> None:
    clone.replace("user-service", 2, event("user-service", 2, scm_sha="deadbeef"))
    (problem,) = clone.check()
    line = clone.line_of("user-service", 2)
    assert gist([problem]) == [(codes.HISTORY_CHANGED, clone.log("user-service"), line)]
    assert "scm_sha" in problem.message


@pytest.mark.parametrize(
    ("old", "new"),
    [(1, 1.0), (1, True), (0, False), ({"a": [1]}, {"a": [True]}), ("1", 1), (None, "")],
)
def test_values_that_python_takes_for_equal_are_not(clone: Clone, old: Any, new: Any) -> None:
    clone.switch("main")
    clone.record("user-service", event("user-service", 4, extra_metadata={"key": old}))
    clone.commit("Record")
    clone.branch("edit")
    clone.replace("user-service", 4, event("user-service", 4, extra_metadata={"key": new}))
    assert [problem.code for problem in clone.check()] == [codes.HISTORY_CHANGED]


def test_a_deleted_event_is_found_where_it_stood(clone: Clone) -> None:
    line = clone.line_of("user-service", 2)
    clone.replace("user-service", 2, None)
    (problem,) = clone.check(allow=True)
    assert gist([problem]) == [(codes.HISTORY_MISSING, clone.log("user-service"), line)]
    assert event_id("user-service", 2) in problem.message


def test_a_deleted_last_event_is_found_at_the_last_line(clone: Clone) -> None:
    clone.replace("user-service", 3, None)
    line = clone.line_of("user-service", 2)
    assert gist(clone.check()) == [(codes.HISTORY_MISSING, clone.log("user-service"), line)]


def test_a_deleted_log_is_one_problem(clone: Clone) -> None:
    clone.remove(clone.log("user-service"))
    (problem,) = clone.check()
    assert gist([problem]) == [(codes.HISTORY_MISSING, clone.log("user-service"), 0)]
    assert "3 events" in problem.message


def test_a_log_that_cannot_be_read_is_one_problem(clone: Clone) -> None:
    path = clone.log("user-service")
    clone.write(path, clone.read(path) + b"- {unclosed\n")
    assert gist(clone.check()) == [(codes.HISTORY_MISSING, path, 0)]


def test_a_reordered_event_is_found_where_it_went(clone: Clone) -> None:
    clone.replace("user-service", 3, None)
    path = clone.log("user-service")
    lines = clone.read(path).decode().splitlines(keepends=True)
    lines.insert(clone.line_of("user-service", 1) - 1, line_of(event("user-service", 3)) + "\n")
    clone.write(path, "".join(lines).encode())
    line = clone.line_of("user-service", 3)
    assert gist(clone.check()) == [(codes.HISTORY_ORDER, path, line)]


def test_a_new_event_before_old_ones_is_wrong_even_where_allowed(clone: Clone) -> None:
    path = clone.log("user-service")
    lines = clone.read(path).decode().splitlines(keepends=True)
    lines.insert(clone.line_of("user-service", 2) - 1, line_of(event("user-service", 9)) + "\n")
    clone.write(path, "".join(lines).encode())
    line = clone.line_of("user-service", 9)
    assert gist(clone.check(allow=True)) == [(codes.HISTORY_ORDER, path, line)]


def test_an_event_moved_to_another_month_is_missing_from_its_own(clone: Clone) -> None:
    line = clone.line_of("user-service", 2)
    clone.replace("user-service", 2, None)
    clone.record("user-service", event("user-service", 2), month="2026-12")
    (problem,) = clone.check(allow=True)
    assert gist([problem]) == [(codes.HISTORY_MISSING, clone.log("user-service"), line)]
    assert clone.log("user-service", "2026-12") in problem.message


def test_an_event_moved_to_another_product_is_missing_from_its_own(clone: Clone) -> None:
    line = clone.line_of("user-service", 2)
    clone.replace("user-service", 2, None)
    clone.record("payment-api", event("user-service", 2))
    added = clone.read(clone.log("payment-api")).count(b"\n")
    assert gist(clone.check()) == [
        (codes.HISTORY_ADDED, clone.log("payment-api"), added),
        (codes.HISTORY_MISSING, clone.log("user-service"), line),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"deployed_by": None, "redacted": []},
        {"deployed_by": "x", "redacted": ["deployed_by"]},
        {"version": "9.9.9", "redacted": ["version"]},
        {"deployed_by": None, "scm_sha": "deadbeef", "redacted": ["deployed_by"]},
        {"redacted": ["notes"]},
        {"deployed_by": None, "redacted": "deployed_by"},
    ],
)
def test_what_only_looks_like_a_redaction_is_an_edit(clone: Clone, change: dict[str, Any]) -> None:
    changed = {**event("user-service", 2), **change}
    clone.replace(
        "user-service", 2, {key: value for key, value in changed.items() if value is not None}
    )
    assert [problem.code for problem in clone.check()] == [codes.HISTORY_CHANGED]


def test_a_redacted_value_cannot_come_back(clone: Clone) -> None:
    clone.switch("main")
    redacted = {**event("user-service", 2), "redacted": ["deployed_by"]}
    del redacted["deployed_by"]
    clone.replace("user-service", 2, redacted)
    clone.commit("Redact")
    clone.branch("back")
    clone.replace("user-service", 2, event("user-service", 2))
    assert [problem.code for problem in clone.check()] == [codes.HISTORY_CHANGED]


def test_a_product_that_goes_without_record_is_one_problem(clone: Clone) -> None:
    clone.remove(layout.product_dir("user-service"))
    (problem,) = clone.check()
    assert gist([problem]) == [(codes.HISTORY_MISSING, layout.product_path("user-service"), 0)]
    assert "versioner product delete user-service" in problem.hint


def test_a_record_does_not_excuse_a_part_of_a_product(clone: Clone) -> None:
    data = dump_document("deleted", {"deleted_at": NOW, "last_commit": "0" * 40})
    clone.write(layout.deleted_path("user-service"), data)
    clone.remove(clone.log("user-service"))
    assert gist(clone.check()) == [(codes.HISTORY_MISSING, clone.log("user-service"), 0)]


def test_an_alias_to_nowhere_does_not_excuse_a_deletion(clone: Clone) -> None:
    clone.remove(layout.product_dir("user-service"))
    clone.write(layout.alias_path("user-service"), dump_document("alias", {"to": "nowhere"}))
    assert [problem.code for problem in clone.check()] == [codes.HISTORY_MISSING]


# ---- merges ------------------------------------------------------------------------------


def evil_merge(clone: Clone) -> str:
    """Merge two branches that recorded, and drop what one of them did."""
    clone.record("payment-api", event("payment-api", 4))
    clone.commit("Record payments")
    clone.branch("other", "main")
    clone.record("user-service", event("user-service", 4))
    clone.commit("Record users")
    clone.switch("change")
    clone.git("merge", "-q", "--no-commit", "--no-ff", "other")
    clone.replace("user-service", 4, None)
    return clone.commit("Merge, and drop an event")


def test_an_evil_merge_is_found_though_the_merge_base_knows_nothing_of_it(clone: Clone) -> None:
    merge = evil_merge(clone)
    (problem,) = clone.check(allow=True)
    line = clone.line_of("user-service", 3)
    assert gist([problem]) == [(codes.HISTORY_MISSING, clone.log("user-service"), line)]
    assert merge[:12] in problem.message


def test_an_evil_merge_that_was_mended_since_is_right(clone: Clone) -> None:
    evil_merge(clone)
    clone.record("user-service", event("user-service", 4))
    clone.commit("Bring it back")
    assert clone.check(allow=True) == []


def test_a_merge_that_drops_what_main_recorded_is_found(clone: Clone) -> None:
    clone.switch("main")
    clone.record("user-service", event("user-service", 4))
    clone.commit("Record")
    clone.switch("change")
    clone.git("merge", "-q", "-s", "ours", "-m", "Ours", "main")
    line = clone.line_of("user-service", 3)
    assert gist(clone.check()) == [(codes.HISTORY_MISSING, clone.log("user-service"), line)]


def test_a_merge_of_two_branches_that_recorded_is_right(clone: Clone) -> None:
    clone.record("user-service", event("user-service", 4))
    clone.commit("Record four")
    clone.branch("other", "main")
    clone.record("user-service", event("user-service", 5))
    clone.commit("Record five")
    clone.switch("change")
    clone.git("merge", "-q", "--no-commit", "other", check=False)
    path = clone.log("user-service")
    kept = [line for line in clone.read(path).splitlines(True) if line[:7] not in _CONFLICT]
    clone.write(path, b"".join(kept))
    clone.commit("Merge both")
    assert clone.check(allow=True) == []


_CONFLICT = (b"<<<<<<<", b"=======", b">>>>>>>")


@pytest.mark.parametrize("product", ["payment-api", "user-service"])
def test_each_of_several_merge_bases_counts(clone: Clone, product: str) -> None:
    """A criss-cross: either branch merged the other's first commit."""
    clone.record("payment-api", event("payment-api", 4))
    first = clone.commit("Record payments")
    clone.branch("other", "main")
    clone.record("user-service", event("user-service", 4))
    second = clone.commit("Record users")
    clone.git("merge", "-q", "-m", "Take the first", first)
    clone.switch("change")
    clone.git("merge", "-q", "-m", "Take the second", second)
    # What either base has is not new.
    assert clone.check("other") == []
    clone.replace(product, 4, None)
    clone.commit("Drop one")
    found = {(problem.code, problem.path) for problem in clone.check("other")}
    assert found == {(codes.HISTORY_MISSING, clone.log(product))}


# ---- what git is told to believe ---------------------------------------------------------


def test_a_replace_ref_does_not_hide_a_lost_event(clone: Clone) -> None:
    base = clone.git("rev-parse", "main")
    clone.replace("user-service", 2, None)
    tip = clone.commit("Drop an event")
    clone.git("replace", base, tip)
    assert [problem.code for problem in clone.check(base)] == [codes.HISTORY_MISSING]


def test_a_graft_does_not_hide_a_lost_event(clone: Clone) -> None:
    clone.replace("user-service", 2, None)
    tip = clone.commit("Drop an event")
    clone.switch("main")
    later = clone.commit("Go on")
    clone.switch("change")
    # The graft says that the later commit came from the change, which would then be the merge base.
    info = clone.top / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "grafts").write_text(f"{later} {tip}\n", "ascii")
    assert clone.git("merge-base", "main", "change") == tip
    assert [problem.code for problem in clone.check()] == [codes.HISTORY_MISSING]


def test_a_shallow_clone_says_what_to_fetch(clone: Clone, tmp_path: Path) -> None:
    clone.add_product("mailer")
    clone.commit("Add mailer")
    clone.switch("main")
    clone.add_product("other")
    clone.commit("Go on")
    shallow = tmp_path / "shallow"
    args = ["git", "clone", "-q", "--depth=1", "--no-single-branch", f"file://{clone.top}"]
    subprocess.run([*args, str(shallow)], check=True)
    refuse_walk(Clone(shallow), "origin/change", "fetch --unshallow")


def test_a_shallow_clone_without_the_base_says_what_to_fetch(clone: Clone, tmp_path: Path) -> None:
    clone.add_product("mailer")
    clone.commit("Add mailer")
    shallow = tmp_path / "shallow"
    args = ["git", "clone", "-q", "--depth=1", "-b", "change", f"file://{clone.top}"]
    subprocess.run([*args, str(shallow)], check=True)
    refuse_walk(Clone(shallow), "origin/main", "fetch --unshallow")


def test_a_shallow_clone_that_hides_the_best_merge_base_is_refused(clone: Clone) -> None:
    root = clone.git("rev-parse", "main")
    clone.switch("main")
    clone.record("user-service", event("user-service", 4))
    best = clone.commit("Record")
    clone.switch("change")
    clone.git("merge", "-q", "--no-ff", "-m", "Take main", "main")
    cut = clone.commit("Go on")
    clone.branch("side", root)
    clone.commit("Begin aside")
    clone.git("merge", "-q", "-m", "Join", "change")
    assert clone.git("merge-base", "main", "side") == best
    assert clone.check() == []
    (clone.top / ".git" / "shallow").write_text(f"{cut}\n", "ascii")
    assert clone.git("merge-base", "main", "side") == root
    refuse_walk(clone, "main", "fetch --unshallow")


def test_two_commits_are_enough_for_a_pull_request_s_merge(clone: Clone, tmp_path: Path) -> None:
    """CI checks out the merge of a pull request, often with its two parents and no more."""
    clone.add_product("mailer")
    clone.commit("Add mailer")
    clone.switch("main")
    clone.record("user-service", event("user-service", 4))
    clone.commit("Record")
    clone.branch("pull")
    clone.git("merge", "-q", "--no-ff", "-m", "Merge", "change")
    shallow = tmp_path / "shallow"
    args = ["git", "clone", "-q", "--depth=2", "-b", "pull", f"file://{clone.top}"]
    subprocess.run([*args, str(shallow)], check=True)
    assert Clone(shallow).check("HEAD^1") == []


def test_an_unrelated_history_is_refused(clone: Clone) -> None:
    clone.git("checkout", "-q", "--orphan", "alone")
    clone.commit("Begin anew")
    refuse_walk(clone, "main", "fetch")


def test_an_unknown_revision_is_a_mistake_of_the_caller(clone: Clone) -> None:
    repo = open_repository(clone.top)
    with reading(repo) as reader, pytest.raises(NotFound, match="no-such-branch"):
        walk_from(repo, reader, "no-such-branch", "HEAD")


def refuse_walk(clone: Clone, base: str, hint: str) -> None:
    repo = open_repository(clone.top)
    with reading(repo) as reader, pytest.raises(OperationFailed) as caught:
        walk_from(repo, reader, base, "HEAD")
    assert hint in caught.value.hint
    assert caught.value.exit_code == 1


# ---- edits that the tool makes, by hand --------------------------------------------------


def line_of(an_event: dict[str, Any]) -> str:
    return event_line("deployment", an_event).rstrip("\n")


def rename(clone: Clone, old: str, new: str) -> None:
    clone.git("mv", layout.product_dir(old), layout.product_dir(new))
    clone.write(layout.product_path(new), dump_document("product", {"name": new}))
    clone.write(layout.alias_path(old), dump_document("alias", {"to": new}))


def delete(clone: Clone, name: str) -> None:
    last = clone.git("rev-parse", "HEAD")
    clone.remove(layout.product_dir(name))
    data = dump_document("deleted", {"deleted_at": NOW, "last_commit": last})
    clone.write(layout.deleted_path(name), data)


def delete_and_restore(clone: Clone) -> bytes:
    """Delete a product on main, and bring it back on a branch."""
    clone.switch("main")
    log = clone.read(clone.log("user-service"))
    delete(clone, "user-service")
    clone.commit("Delete")
    clone.branch("restore")
    clone.add_product("user-service")
    clone.write(clone.log("user-service"), log)
    clone.remove(layout.deleted_path("user-service"))
    return log
