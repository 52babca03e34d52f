"""approve, reject, revoke, block, unblock: recorded as events are, in a clone and at a URL."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.registries import NOW
from versioner.cli.errors import run
from versioner.editing.session import read_tip
from versioner.git.repository import open_repository
from versioner.registry.history.check import check_history

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.registries import Desk, Outcome
    from versioner.models.governance import Decision

SHA = "ab" * 20
DIGEST = "sha256:" + "cd" * 32
LOG = "registry/products/user-service/decisions/2026-11.yaml"
ALICE = ("--by", "alice")


def decisions(desk: Desk) -> list[Decision]:
    registry = read_tip(open_repository(desk.top))[1]
    assert registry.errors == []
    return list(registry.products["user-service"].decisions)


def build(desk: Desk, version: str = "1.6.0", *more: str) -> None:
    options = ("--product", "user-service", "--version", version, "--scm-sha", SHA)
    assert desk.run("track", "build", *options, *more).code == 0


def approve(desk: Desk, *more: str, version: str = "1.6.0", kind: str = "qa") -> Outcome:
    return desk.run("approve", "user-service", version, "--type", kind, *more)


def groups(desk: Desk, **members: list[str]) -> None:
    path = desk.top / "registry/registry.yaml"
    path.write_text(path.read_text() + f"groups: {json.dumps(members)}\n")
    desk.git("commit", "-qam", "Name the groups")


def test_an_approval_is_one_line_in_one_commit_and_names_what_it_was_made_on(desk: Desk) -> None:
    build(desk, "1.6.0", "--artifact", f"image={DIGEST}")
    before = desk.commits()
    outcome = approve(desk, *ALICE, "--comment", "looks good")
    assert outcome.code == 0
    assert outcome.out.splitlines()[:3] == [
        "recorded: approval of user-service 1.6.0 (qa) by alice",
        "  reason: looks good",
        "  of commit abababababab, image sha256:cdcdcdcdcdcd…",
    ]
    assert desk.commits() == before + 1
    assert desk.git("show", "--format=%s", "--numstat", "HEAD").splitlines() == [
        "Record approval of user-service 1.6.0 (qa)",
        "",
        f"4\t0\t{LOG}",
    ]
    (found,) = decisions(desk)
    assert (found.by, found.scm_sha, found.artifacts) == ("alice", SHA, {"image": DIGEST})
    assert desk.git("status", "--porcelain") == ""


def test_a_retry_with_the_same_time_or_id_is_recorded_once(desk: Desk) -> None:
    build(desk)
    first = approve(desk, *ALICE, "-o", "json").json()
    second = approve(desk, *ALICE, "-o", "json").json()
    assert (first["outcome"], second["outcome"]) == ("recorded", "already_recorded")
    assert first["event"] == second["event"]
    assert second["commit"] is None
    old = {"version": "1.4.0"}
    approve(desk, *ALICE, "--event-id", "own-1", "--at", "2026-11-22T10:00:00Z", **old)
    again = approve(desk, *ALICE, "--event-id", "own-1", "-o", "json", **old).json()
    assert again["outcome"] == "already_recorded"
    other = approve(desk, *ALICE, "--event-id", "own-1", kind="security", **old)
    assert (other.code, "with the approval_type" in other.err) == (5, True)
    taken = approve(desk, *ALICE, "--event-id", "us-1")
    assert taken.code == 5
    assert len(decisions(desk)) == 2


def test_a_block_holds_until_it_is_ended_and_says_who_blocked(desk: Desk) -> None:
    def decide(word: str, *more: str) -> Outcome:
        return desk.run(word, "user-service", "1.4.0", *more)

    assert (decide("unblock", "--at", "2026-11-20T00:00:00Z").code) == 4
    first = decide("block", *ALICE, "-m", "loses orders", "--at", "2026-11-20T09:00:00Z")
    assert (first.code, first.err) == (0, "")
    again = decide("block", "--by", "bob", "--at", "2026-11-20T10:00:00Z")
    assert again.out.splitlines()[:2] == [
        "already recorded: block of user-service 1.4.0 by alice, 2026-11-20T09:00:00Z",
        "  reason: loses orders",
    ]
    assert decide("unblock", "--at", "2026-11-21T09:00:00Z").out.startswith("recorded: end of the")
    assert decide("unblock").out.startswith("already recorded: ")
    words = [each.decision for each in decisions(desk)]
    assert words == ["blocked", "unblocked"]


def test_one_can_only_revoke_what_one_decided(desk: Desk) -> None:
    assert approve(desk, *ALICE, "--at", "2026-11-20T00:00:00Z", version="1.4.0").code == 0
    revoke = ("revoke", "user-service", "1.4.0", "--type", "qa")
    outcome = desk.run(*revoke, "--by", "bob")
    assert outcome.code == 4
    assert "has given no approval" in outcome.err
    assert desk.run(*revoke, *ALICE).code == 0
    assert desk.run(*revoke, *ALICE, "--at", NOW).out.startswith("already recorded")
    assert [each.decision for each in decisions(desk)] == ["approved", "revoked"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("approve", "user-service", "9.9", "-t", "qa"), 4, 'no version "9.9"'),
        (("approve", "user-service", "1.6.0-RC", "-t", "qa"), 4, "no version"),
        (("approve", "user-servise", "1.4.0", "-t", "qa"), 4, "did you mean user-service?"),
        (("approve", "user-service", "..", "-t", "qa"), 4, "version"),
        (("approve", "user-service", "1.4.0", "-t", "Q A"), 4, "type of approval"),
        (("approve", "user-service", "1.4.0"), 2, "--type"),
        (("approve", "user-service", "1.4.0", "-t", "qa", "--at", "2026-09-01T00:00:00Z"), 4,
         "no event names version"),
        (("approve", "user-service", "1.4.0", "-t", "qa", "--at", "2027-01-01T00:00:00Z"), 4,
         "in the future"),
        (("block", "user-service", "1.4.0", "-m", "ghp_" + "a" * 36), 4, "secret"),
        (("block", "user-service", "1.4.0", "-m", "x\x00y"), 4, "comment"),
        (("block", "user-service", "1.4.0", "-m", "x" * 2001), 4, "2,000"),
        (("block", "user-service", "1.4.0", "--wait"), 2, "need a remote"),
        (("approve", "user-service", "1.4.0", "-t", "qa", "--by", "a@x.org"), 4, "people: login"),
        (("review", "user-service", "1.4.0", "--event", "us-4"), 4, "overrides no rule"),
        (("review", "user-service", "1.4.0", "--event", "nope"), 4, "is not a deployment event"),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_is_refused_and_nothing_is_written(
    desk: Desk, arguments: tuple[str, ...], code: int, words: str
) -> None:
    tip = desk.git("rev-parse", "HEAD")
    outcome = desk.run(*arguments)
    assert outcome.code == code
    assert words in outcome.err
    assert "Traceback" not in outcome.err
    assert "ghp_" not in outcome.err
    assert desk.git("rev-parse", "HEAD") == tip
    assert desk.git("status", "--porcelain") == ""


def test_who_deployed_it_is_not_asked_to_approve_and_a_misspelt_type_is_doubted(
    desk: Desk,
) -> None:
    groups(desk, quality=["alice", "Jane", "bob"])
    path = desk.top / "registry/rules/quality.yaml"
    block = "{types: {quality: 2}, not_by: [deployer]}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"name: quality\ntype: version-approval\nversion-approval: {block}\n")
    desk.git("add", "-A")
    desk.git("commit", "-qm", "Ask for approvals")
    approve = ("approve", "user-service", "1.4.0", "--by", "alice", "--type")
    assert "did you mean quality?" in desk.run(*approve, "qualty").err
    assert "did you mean" not in desk.run(*approve, "security").err
    assert desk.run(*approve, "quality").code == 0
    # Jane deployed it.
    refused = desk.run("check", "user-service", "1.4.0", "production").out
    assert "to change it: bob may approve: " in refused


def test_who_is_not_in_the_group_of_a_type_is_told_who_is(desk: Desk) -> None:
    groups(desk, qa=["alice", "bob"])
    outcome = approve(desk, "--by", "mallory", version="1.4.0")
    assert outcome.code == 5
    assert "members: alice, bob" in outcome.err
    assert approve(desk, "--by", "mallory", version="1.4.0", kind="security").code == 0
    assert approve(desk, *ALICE, version="1.4.0").code == 0


def test_a_fact_of_a_later_time_is_not_approved_with_it(desk: Desk) -> None:
    build(desk)
    assert approve(desk, *ALICE, "--at", "2026-11-22T10:00:00Z").code == 4
    build(desk, "1.6.0", "--completed-at", "2026-11-22T09:00:00Z", "--event-id", "early")
    build(desk, "1.6.0", "--artifact", f"image={DIGEST}", "--event-id", "late")
    outcome = approve(desk, *ALICE, "--at", "2026-11-22T10:00:00Z")
    assert outcome.code == 0
    assert "the approval is outdated" in outcome.err
    (found,) = decisions(desk)
    assert (found.scm_sha, found.artifacts) == (SHA, {})


def test_an_event_that_is_void_tells_no_fact_and_names_no_version(desk: Desk) -> None:
    options = ("--product", "user-service", "--environment", "test", "--version", "7.0")
    desk.run("track", "deployment", *options, "--scm-sha", SHA, "--event-id", "v-1")
    assert desk.run("deployment", "void", "v-1", "--reason", "wrong").code == 0
    assert approve(desk, *ALICE, version="7.0").code == 4


def test_a_former_name_of_a_product_finds_it(desk: Desk) -> None:
    assert desk.run("product", "rename", "user-service", "login").code == 0
    assert approve(desk, *ALICE, version="1.4.0").code == 0
    registry = read_tip(open_repository(desk.top))[1]
    assert len(registry.products["login"].decisions) == 1


def test_a_dry_run_shows_the_line_and_writes_nothing(desk: Desk) -> None:
    tip = desk.git("rev-parse", "HEAD")
    outcome = approve(desk, *ALICE, "--dry-run", version="1.4.0")
    assert outcome.out.startswith("would record: approval of user-service 1.4.0 (qa) by alice")
    assert 'decision: "approved"' in outcome.out
    assert desk.git("rev-parse", "HEAD") == tip


def test_rename_merge_delete_and_restore_of_a_product_carry_its_decisions(desk: Desk) -> None:
    approve(desk, *ALICE, version="1.4.0")
    assert desk.run("product", "rename", "user-service", "login").code == 0
    assert desk.run("product", "delete", "login", "--yes").code == 0
    assert desk.run("product", "restore", "login").code == 0
    assert desk.run("product", "merge", "login", "--into", "web-frontend").code == 0
    registry = read_tip(open_repository(desk.top))[1]
    assert [each.by for each in registry.products["web-frontend"].decisions] == ["alice"]
    assert registry.errors == []


def test_an_archive_moves_decisions_like_other_logs(desk: Desk) -> None:
    approve(desk, *ALICE, "--at", "2026-10-05T00:00:00Z", version="1.4.0")
    before = read_tip(open_repository(desk.top))[0]
    assert desk.run("archive", "--before", "2026-11").code == 0
    assert [each.by for each in decisions(desk)] == ["alice"]
    assert check_history([before], read_tip(open_repository(desk.top))[0]) == []


def test_a_comment_can_be_redacted_and_what_a_decision_needs_cannot(desk: Desk) -> None:
    approve(desk, *ALICE, "-m", "call 555-1234", "--event-id", "d-1", version="1.4.0")
    before = read_tip(open_repository(desk.top))[0]
    assert desk.run("deployment", "redact", "d-1", "comment").code == 0
    assert desk.run("deployment", "redact", "d-1", "approval_type").code == 4
    assert desk.run("deployment", "void", "d-1", "--reason", "x").code == 4
    (found,) = decisions(desk)
    assert (found.comment, found.by) == ("", "alice")
    assert check_history([before], read_tip(open_repository(desk.top))[0]) == []


def test_version_show_lists_the_decisions_where_there_are_some(desk: Desk) -> None:
    show = ("version", "show", "user-service", "1.4.0")
    assert "decisions" not in desk.run(*show, "-o", "json").json()
    assert "Decisions" not in desk.run(*show).out
    approve(desk, *ALICE, "-m", "fine", "--at", "2026-11-20T00:00:00Z", version="1.4.0")
    desk.run("block", "user-service", "1.4.0", "--by", "bob", "-m", "loses orders")
    first, second = desk.run(*show, "-o", "json").json()["decisions"]
    assert (first["type"], first["by"], second["comment"]) == ("qa", "alice", "loses orders")
    lines = desk.run(*show).out.splitlines()
    at = lines.index("Decisions")
    assert [line.split()[2] for line in lines[at + 2 : at + 4]] == ["blocked", "approved"]


RULE = b"""name: "closed"
type: "schedule"
schedule: {blocked: [{once: {from: "2026-01-01T00:00", to: "2027-01-01T00:00"}}]}
"""


def test_the_overrides_of_a_deployment_are_reviewed_once(desk: Desk) -> None:
    path = desk.top / "registry/rules/closed.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(RULE)
    desk.git("add", "-A")
    desk.git("commit", "-qm", "Close everything")
    start = ("track", "deployment", "--product", "user-service", "--environment", "production")
    start += ("--version", "1.4.0", "--status", "started", "--event-id", "s-1")
    assert desk.run(*start).code == 5
    assert desk.run(*start, "--override", "closed", "--reason", "outage").code == 0
    review = ("review", "user-service", "1.4.0", "--event", "s-1", *ALICE)
    first, second = (desk.run(*review, "-o", "json").json() for _ in range(2))
    assert (first["outcome"], second["outcome"]) == ("recorded", "already_recorded")
    (found,) = decisions(desk)
    assert (found.decision, found.event, found.by) == ("override-reviewed", "s-1", "alice")
    assert desk.run("review", "user-service", "1.3.9", "--event", "s-1").code == 4


@pytest.fixture
def url(forge: Path) -> str:
    subprocess.run(
        ["git", "-C", str(forge), "config", "uploadpack.allowFilter", "true"], check=True
    )
    return f"file://{forge}"


def at(desk: Desk, url: str, *arguments: str) -> Outcome:
    desk.capsys.readouterr()
    code = run([*arguments, "--repo", url])
    told = desk.capsys.readouterr()
    return type(desk.run("version"))(code, told.out, told.err)


def remote_decisions(forge: Path) -> list[tuple[str, str, str]]:
    registry = read_tip(open_repository(forge))[1]
    record = registry.products["user-service"]
    return [(each.decision, each.version, each.scm_sha) for each in record.decisions]


def test_at_a_url_the_facts_are_those_of_the_remote(desk: Desk, forge: Path, url: str) -> None:
    made = ("track", "build", "--product", "user-service", "--version", "1.6.0")
    assert at(desk, url, *made, "--scm-sha", SHA).code == 0
    command = ("approve", "user-service", "1.6.0", "--type", "qa", *ALICE, "-o", "json")
    first, second = (at(desk, url, *command).json() for _ in range(2))
    assert (first["outcome"], second["outcome"]) == ("recorded", "already_recorded")
    assert remote_decisions(forge) == [("approved", "1.6.0", SHA)]
    outcome = at(desk, url, "block", "user-service", "nope")
    assert (outcome.code, 'no version "nope"' in outcome.err) == (4, True)


def test_through_the_inbox_it_is_received_and_recorded_by_collect(
    desk: Desk, forge: Path, url: str
) -> None:
    command = ("reject", "user-service", "1.4.0", "--type", "qa", *ALICE, "--via", "inbox")
    assert at(desk, url, *command).out.startswith("received: rejection of user-service 1.4.0 (qa)")
    assert at(desk, url, *command).out.startswith("received: ")
    listed = at(desk, url, "inbox", "list").out
    assert "rejection of user-service 1.4.0 (qa)" in listed
    # What cannot be checked without the registry is refused when it is collected, and kept.
    at(desk, url, "block", "user-service", "9.9", *ALICE, "--via", "inbox")
    outcome = at(desk, url, "collect")
    assert "Record" not in outcome.err
    assert "recorded 1 event" in outcome.out
    assert 'there is no version "9.9"' in outcome.out
    assert remote_decisions(forge) == [("rejected", "1.4.0", "")]
    assert at(desk, url, *command, "--wait", "1").code == 0


def test_what_cannot_be_delivered_is_spooled_and_sent_later(
    desk: Desk, forge: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERSIONER_SPOOL", str(tmp_path / "spool"))
    command = ("approve", "user-service", "1.4.0", "--type", "qa", *ALICE)
    away = forge.rename(forge.with_name("away.git"))
    outcome = at(desk, url, *command)
    assert outcome.code == 6
    assert '"kind":"decision"' in outcome.err
    away.rename(forge)
    assert run(["spool", "send"]) == 0
    assert "approval of user-service 1.4.0 (qa)" in desk.capsys.readouterr().out
    assert remote_decisions(forge) == [("approved", "1.4.0", "")]


def test_a_lost_race_is_tried_again_on_the_new_tip(desk: Desk, forge: Path, url: str) -> None:
    other = desk.git("commit-tree", "-p", "main", "-m", "Other", "main^{tree}")
    desk.git("push", "-q", str(forge), f"{other}:refs/heads/other")
    hook = forge / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\nrm hooks/pre-receive\nunset GIT_QUARANTINE_PATH\n"
        f"git update-ref refs/heads/main {other}\n"
    )
    hook.chmod(0o755)
    command = ("block", "user-service", "1.4.0", *ALICE, "-m", "broken", "--via", "direct")
    outcome = at(desk, url, *command)
    assert outcome.code == 0
    assert remote_decisions(forge) == [("blocked", "1.4.0", "")]
    assert not hook.exists()
    subjects = desk.git("-C", str(forge), "log", "-2", "--format=%s", "main").splitlines()
    assert subjects == ["Record block of user-service 1.4.0", "Other"]


HOSTILE: tuple[dict[str, Any], ...] = (
    {"decision": "approved", "version": "1.4.0", "approval_type": "qa", "scm_sha": SHA},
    {"decision": "approved", "version": "1.4.0", "approval_type": ["qa"]},
    {"decision": "approved", "version": "1.4.0"},
    {"decision": "hacked", "version": "1.4.0", "approval_type": "qa"},
    {"decision": "blocked", "version": "../../x"},
    {"decision": "blocked", "version": "1.4.0", "at": "2099-01-01T00:00:00Z"},
    {"decision": "blocked"},
)


def test_a_hostile_submission_is_refused_and_never_recorded(
    desk: Desk, forge: Path, url: str
) -> None:
    from tests.fixtures.bare_registry import Post

    post = Post(forge)
    for number, fields in enumerate(HOSTILE):
        event = {"at": NOW, "by": "alice", **fields}
        document = {
            "format": 1,
            "kind": "decision",
            "product": "user-service",
            "detected": False,
            "event_id": f"h-{number}",
            "event": event,
        }
        post.put(f"user-service/h-{number}", document)
    done = post.collect()
    assert len(done.refused) == len(HOSTILE)
    assert done.recorded == ()
    assert remote_decisions(forge) == []
