"""versioner request: from a template and the difference of environments to a completed request."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.registries import NOW, SHA
from tests.cli.test_decisions import at, groups
from tests.fixtures.bare_registry import Post
from versioner.editing.session import read_tip
from versioner.git.repository import open_repository

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.registries import Desk, Outcome
    from versioner.models.governance import Request

TEMPLATE = b"""name: "usual"
title: "Usual release"
approvals: {qa: 1}
order: [["payment-api"], ["user-service", "web-frontend"]]
steps: {before: ["Tell support"], after: ["Close the channel"]}
"""


OPEN = ("-e", "production", "--version", "user-service=1.4.0", "--approval", "qa=1", "--open")


def put(desk: Desk, path: str, data: bytes) -> None:
    file = desk.top / "registry" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    desk.git("add", "-A")
    desk.git("commit", "-qm", f"Write {path}")


def the_request(desk: Desk, name: str = "r1") -> Request:
    registry = read_tip(open_repository(desk.top))[1]
    assert registry.errors == []
    return next(each for each in registry.governance.requests if each.name == name)


def create(desk: Desk, *options: str, name: str = "r1") -> Outcome:
    return desk.run("request", "create", name, *options)


def shown(desk: Desk, name: str = "r1") -> dict[str, Any]:
    found: dict[str, Any] = desk.run("request", "show", name, "-o", "json").json()
    return found


def test_all_that_differs_is_proposed_and_a_blocked_version_is_not(desk: Desk) -> None:
    put(desk, "templates/usual.yaml", TEMPLATE)
    desk.run("block", "user-service", "1.4.0", "-m", "loses orders")
    outcome = create(desk, "--template", "usual", "--from", "staging", "--to", "production")
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0] == "created request r1 (draft): 1 version to production"
    assert "  left out: user-service 1.4.0 (blocked)" in lines
    assert lines[-1] == "next: versioner request open r1"
    found = the_request(desk)
    assert found.versions == {"web-frontend": "2026.11.1"}
    assert (found.title, found.approvals, found.template) == ("Usual release", {"qa": 1}, "usual")
    assert found.order == (("web-frontend",),)
    assert desk.git("log", "-1", "--format=%s") == "Create request r1"


def test_a_new_registry_has_an_example_of_a_template(desk: Desk) -> None:
    created = create(desk, "--template", "example-release", "-e", "production", "-o", "json").json()
    assert created["request"]["approvals"] == {"qa": 1}
    outcome = create(desk, "--template", "exampel-release", name="r2")
    assert "the templates are example-release" in outcome.err


def test_options_win_over_the_template_and_a_dry_run_writes_nothing(desk: Desk) -> None:
    put(desk, "templates/usual.yaml", TEMPLATE)
    tip = desk.git("rev-parse", "HEAD")
    options = ("--template", "usual", "-e", "staging", "--version", "user-service=1.4.0")
    own = ("--title", "Mine", "--approval", "legal=2", "--before", "Call", "--dry-run")
    made = create(desk, *options, *own, "-o", "json").json()
    assert made["outcome"] == "would_create"
    document = made["request"]
    assert document["title"] == "Mine"
    assert document["approvals"] == {"legal": 2}
    assert document["steps"] == {"before": ["Call"]}
    assert document["environments"] == ["staging"]
    assert desk.git("rev-parse", "HEAD") == tip


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--from", "staging"), 2, "belong together"),
        (("--from", "staging", "--to", "prodction"), 2, "did you mean production?"),
        (("--template", "usaul"), 2, 'no template "usaul"'),
        (("--version", "user-service"), 2, "not of the form"),
        (("--version", "user-servise=1"), 2, "did you mean user-service?"),
        (("--version", "user-service=.."), 4, "version"),
        (("--approval", "qa=0"), 2, "from 1 to 100"),
        (("--approval", "Q A=1"), 4, "name"),
        (("--window", "2026-12-02T08:00:00Z", "2026-12-01T08:00:00Z"), 4, "ends before it begins"),
        (("--window", "tomorrow", "later"), 4, "not a time"),
        (("--open", "-e", "production"), 4, "no version"),
        (("--title", "ghp_" + "a" * 36), 4, "secret"),
        (("--title", "x\x00y"), 4, "title"),
    ],
)
def test_a_request_with_an_error_is_refused_and_nothing_is_written(
    desk: Desk, options: tuple[str, ...], code: int, words: str
) -> None:
    tip = desk.git("rev-parse", "HEAD")
    outcome = create(desk, *options)
    assert outcome.code == code, outcome.err
    assert words in outcome.err
    assert "Traceback" not in outcome.err
    assert "ghp_" not in outcome.err
    assert desk.git("rev-parse", "HEAD") == tip


def test_a_request_goes_from_a_draft_to_completed(desk: Desk) -> None:
    put(desk, "templates/usual.yaml", TEMPLATE)
    groups(desk, qa=["alice", "bob"])
    create(desk, "--template", "usual", "-e", "production", "--version", "web-frontend=2026.11.1")
    approve = ("request", "approve", "r1", "--type", "qa", "--by")
    outcome = desk.run(*approve, "alice")
    assert (outcome.code, "request open r1" in outcome.err) == (5, True)
    assert desk.run("request", "open", "r1", "--by", "jane").code == 0
    assert desk.run("request", "open", "r1").out.startswith("nothing to change")
    assert desk.run(*approve, "mallory").code == 5
    assert desk.run("request", "approve", "r1", "--type", "legal", "--by", "alice").code == 4
    asked = shown(desk)
    assert asked["lacks"] == ["qa 0 of 1", "step before.1"]
    assert [(each["done"], each["by"], each["at"]) for each in asked["steps"]][:1] == [
        (False, None, None)
    ]
    made = desk.run(*approve, "alice", "-m", "fine", "-o", "json").json()
    assert (made["kind"], made["request"]) == ("request-decision", "r1")
    assert made["event"]["of"] == shown(desk)["content"]
    assert desk.run(*approve, "alice").out.startswith("already recorded")
    assert desk.run("request", "step", "r1", "before.2").code == 4
    assert desk.run("request", "step", "r1", "before.1").code == 0
    assert shown(desk)["state"] == "approved"
    assert desk.run("request", "step", "r1", "before.1", "--undo", "--event-id", "u1").code == 0
    assert shown(desk)["state"] == "open"
    assert desk.run("request", "step", "r1", "before.1", "--event-id", "u2").code == 0
    options = ("--product", "web-frontend", "--environment", "production")
    desk.run("track", "deployment", *options, "--version", "2026.11.1")
    assert shown(desk)["state"] == "approved"
    assert desk.run("request", "show", "r1").out.splitlines()[-1] == (
        "next: versioner request step r1 after.1"
    )
    assert desk.run("request", "step", "r1", "after.1").code == 0
    assert shown(desk)["state"] == "completed"
    assert desk.run("request", "list").out == "No requests; --all shows 1 more.\n"
    assert desk.run("request", "list", "--all", "-o", "json").json()[0]["state"] == "completed"
    assert desk.run("validate").code == 0


def test_a_change_of_the_content_asks_for_the_approvals_again(desk: Desk) -> None:
    create(desk, *OPEN)
    old = shown(desk)["content"]
    desk.run("request", "approve", "r1", "--type", "qa", "--by", "alice")
    assert shown(desk)["state"] == "approved"
    outcome = desk.run("request", "add", "r1", f"payment-api={SHA}", "user-service=9.9")
    assert outcome.code == 0
    assert "approvals must be given again" in outcome.out
    assert "no event names user-service 9.9 yet" in outcome.out
    assert shown(desk)["state"] == "open"
    assert (
        desk.run("request", "add", "r1", "--remove", "payment-api", "user-service=1.4.0").code == 0
    )
    # The former content again: the approval was of this one.
    assert shown(desk)["content"] == old
    assert shown(desk)["state"] == "approved"
    stale = desk.run("request", "reject", "r1", "--type", "qa", "--by", "alice", "--of", "ab" * 32)
    assert (stale.code, "not the one that was decided on" in stale.err) == (5, True)
    assert desk.run("request", "add", "r1", "--remove", "nope").code == 4


def test_a_decision_on_content_that_the_request_never_had_is_a_warning(desk: Desk) -> None:
    create(desk, *OPEN)
    desk.run("request", "approve", "r1", "--type", "qa", "--by", "alice")
    desk.run("request", "add", "r1", "user-service=1.3.9")
    assert desk.run("validate", "--strict").code == 0
    log = "registry/requests/r1/decisions.yaml"
    text = (desk.top / log).read_text()
    last = text.splitlines()[-1]
    forged = last.replace('of: "' + last.split('of: "')[1][:64], 'of: "' + "ab" * 32)
    forged = forged.replace(last.split('id: "')[1].split('"')[0], "forged-1")
    (desk.top / log).write_text(f"{text}{forged}\n")
    outcome = desk.run("validate")
    assert outcome.code == 0
    assert f"{log}:{len(text.splitlines()) + 1}:" in outcome.out
    assert "the request never had the content" in outcome.out


def test_a_rejection_and_a_cancellation_are_seen(desk: Desk) -> None:
    create(desk, *OPEN)
    desk.run("request", "reject", "r1", "--type", "qa", "--by", "bob", "-m", "not yet")
    assert shown(desk)["state"] == "rejected"
    assert "qa rejected by bob" in desk.run("request", "list").out
    assert desk.run("request", "cancel", "r1", "--comment", "Put off").code == 0
    assert desk.git("log", "-1", "--format=%B") == "Cancel request r1\n\nPut off"
    assert the_request(desk).state == "cancelled"
    assert desk.run("request", "approve", "r1", "--type", "qa", "--by", "alice").code == 5
    create(desk, name="december")
    outcome = desk.run("request", "show", "decembre")
    assert (outcome.code, "did you mean december?" in outcome.err) == (2, True)


def test_the_opening_says_who_and_when_in_the_same_commit(desk: Desk) -> None:
    create(desk, "-e", "production", "--version", "user-service=1.4.0", "--open", "--by", "jane")
    (opening,) = the_request(desk).decisions
    assert (opening.decision, opening.by, opening.at) == ("opened", "jane", NOW)
    files = desk.git("show", "--format=", "--name-only", "HEAD").splitlines()
    assert files == ["registry/requests/r1/decisions.yaml", "registry/requests/r1/request.yaml"]
    assert create(desk).code == 5


def test_a_list_has_rows_in_every_format(desk: Desk) -> None:
    create(desk, "-e", "production", "--version", "user-service=1.4.0", "--title", "A, b")
    heading, row = desk.run("request", "list", "-o", "csv").out.splitlines()
    assert heading.startswith("name,title,state,environments")
    assert row.startswith('r1,"A, b",draft')
    (line,) = desk.run("request", "list", "-o", "jsonl").out.splitlines()
    assert json.loads(line)["name"] == "r1"
    assert desk.run("request", "list", "--state", "approved").out.startswith("No requests")


@pytest.fixture
def url(desk: Desk, forge: Path) -> str:
    allow = ["config", "uploadpack.allowFilter", "true"]
    subprocess.run(["git", "-C", str(forge), *allow], check=True)
    url = f"file://{forge}"
    options = ("--version", "user-service=1.4.0", "--approval", "qa=1", "--before", "Call")
    assert (
        at(desk, url, "request", "create", "r1", "-e", "production", *options, "--open").code == 0
    )
    return url


def test_at_a_url_a_request_is_created_approved_and_ticked(
    desk: Desk, forge: Path, url: str
) -> None:
    approve = ("request", "approve", "r1", "--type", "qa", "--by", "alice")
    assert at(desk, url, *approve).code == 0
    assert at(desk, url, "request", "step", "r1", "before.1", "--by", "jane").code == 0
    shown_there = at(desk, url, "request", "show", "r1", "-o", "json").json()
    assert shown_there["state"] == "approved"
    assert at(desk, url, "request", "approve", "nope", "--type", "qa").code == 4
    log = desk.git("-C", str(forge), "log", "-2", "--format=%s", "main").splitlines()
    assert log == [
        "Record step before.1 of request r1 (done)",
        "Record approval of request r1 (qa)",
    ]


def test_through_the_inbox_an_approval_names_the_content_it_is_of(
    desk: Desk, forge: Path, url: str
) -> None:
    content = at(desk, url, "request", "show", "r1", "-o", "json").json()["content"]
    approve = ("request", "approve", "r1", "--type", "qa", "--by", "alice", "--via", "inbox")
    assert at(desk, url, *approve).code == 2
    assert at(desk, url, *approve, "--of", content).out.startswith("received: approval of request")
    # The content changes before the approval is recorded: it is refused, and kept with the reason.
    assert at(desk, url, "request", "add", "r1", "user-service=1.3.9").code == 0
    (refused,) = Post(forge).collect().refused
    assert "not the one that was decided on" in refused.error.message
    assert "approval of request r1 (qa)" in at(desk, url, "inbox", "list").out
