"""versioner rule, freeze and thaw: files that are written, and what they then say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from versioner.cli import clock

if TYPE_CHECKING:
    from tests.cli.registries import Desk

COUNTS = ("violations", "overrides", "reports")
FROZEN = "freeze-production-2026-11-22"
ASK = ("check", "user-service", "1.4.0", "production")


def test_a_freeze_closes_at_once_and_a_thaw_ends_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = desk.git("rev-parse", "HEAD")
    frozen = desk.run("freeze", "production", "--until", "2026-12-01", "--reason", "Year end")
    assert frozen.code == 0
    assert f"versioner thaw {FROZEN}" in frozen.out
    assert desk.git("rev-list", "--count", f"{before.strip()}..HEAD").strip() == "1"
    assert desk.run(*ASK).code == 5
    assert desk.run("check", "user-service", "1.4.0", "staging").code == 0
    monkeypatch.setattr(clock, "now", lambda: "2026-11-22T11:00:07Z")
    path = desk.top / f"registry/rules/{FROZEN}.yaml"
    until = "2026-12-01T00:00:00"
    commented = path.read_text("utf-8").replace(f'to: "{until}"', f"to:   '{until}' # x")
    path.write_text(commented, "utf-8")
    desk.git("commit", "-qam", "Comment")
    assert desk.run("thaw", FROZEN).code == 0
    changed = desk.git("show", "--format=", "HEAD").splitlines()
    assert changed[-1] == '+        to:   "2026-11-22T11:00:07" # x'
    assert desk.run(*ASK).code == 0
    assert desk.run(*ASK, "--at", "2026-11-22T11:00:06Z").code == 5
    again = desk.run("thaw", FROZEN)
    assert (again.code, "nothing to change" in again.out) == (0, True)


def test_a_freeze_of_a_product_may_begin_later_and_be_called_off(desk: Desk) -> None:
    later = ("--from", "2026-11-25T00:00:00Z", "--until", "2026-11-26T00:00:00Z", "--name", "move")
    assert desk.run("freeze", "production", "-p", "user-service", *later, "--reason", "x").code == 0
    at = ("--at", "2026-11-25T12:00:00Z")
    assert desk.run(*ASK, *at).code == 5
    assert desk.run(*ASK).code == 0
    desk.run("track", "build", "-p", "payment-api", "--version", "9")
    assert desk.run("check", "payment-api", "9", "production", *at).code == 0
    thawed = desk.run("thaw", "move", "--comment", "The move is put off")
    assert "disabled" in thawed.out
    assert desk.git("log", "-1", "--format=%B").endswith("\n\nThe move is put off")
    assert desk.run(*ASK, *at).code == 0


def test_a_freeze_lasts_from_now_in_words_and_says_when_in_its_zone(desk: Desk) -> None:
    frozen = desk.run("freeze", "production", "--until", "2h", "--reason", "Move", "--name", "move")
    assert "closed from Sun 22 Nov 2026 10:15 UTC to Sun 22 Nov 2026 12:15 UTC" in frozen.out
    assert desk.run(*ASK).code == 5
    assert desk.run(*ASK, "--at", "in 2h").code == 0
    zone = ("--time-zone", "Europe/Berlin", "--from", "tomorrow 18:00", "--until", "tuesday 09:00")
    closed = desk.run("freeze", "production", *zone, "--reason", "Night", "--name", "night")
    assert "Mon 23 Nov 2026 18:00 Europe/Berlin to Tue 24 Nov 2026 09:00" in closed.out
    text = (desk.top / "registry/rules/night.yaml").read_text("utf-8")
    assert 'from: "2026-11-23T18:00:00"' in text
    assert 'time_zone: "Europe/Berlin"' in text
    assert desk.run(*ASK, "--at", "2026-11-23T16:59:59Z").code == 0
    refused = desk.run(*ASK, "--at", "monday 17:00")
    assert (refused.code, "Allowed from 2026-11-24T08:00:00Z" in refused.out) == (5, True)
    assert desk.run("validate").code == 0


def test_an_end_in_an_hour_that_passes_twice_is_exact(desk: Desk) -> None:
    # Clocks in Berlin go back at 01:00 UTC; both times are 02:30 there.
    until = ("--until", "2027-10-31T00:30:00Z", "--time-zone", "Europe/Berlin", "--name", "x")
    assert desk.run("freeze", "production", *until, "--reason", "x").code == 0
    assert desk.run(*ASK, "--at", "2027-10-31T00:29:59Z").code == 5
    assert desk.run(*ASK, "--at", "2027-10-31T00:30:00Z").code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--until", "2h ago"), "would end at 2026-11-22T08:15:00Z, and it is 2026-11-22T10:15"),
        (("--until", "today"), "a day means its first second"),
        (("--until", "2h", "--from", "3h"), "before it begins at 2026-11-22T13:15:00Z"),
        (("--until", "2h", "--time-zone", "Europe/Londn"), "write Europe/London"),
        (("--until", "someday"), "monday 09:00"),
        (("--until", "9999-12-31"), "before the year 3000"),
        (("--until", "2h", "--reason", " "), "has no reason"),
    ],
)
def test_a_freeze_that_would_never_be_is_refused_with_what_to_write(
    desk: Desk, options: tuple[str, ...], words: str
) -> None:
    before = desk.git("rev-parse", "HEAD")
    refused = desk.run("freeze", "production", "--reason", "x", *options)
    assert refused.code in (2, 4)
    assert words in refused.err
    assert desk.git("rev-parse", "HEAD") == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("freeze", "production", "--until", "2026-11-22T10:15:00Z", "--reason", "x"), 4),
        (("freeze", "nowhere", "--until", "2026-12-01", "--reason", "x"), 2),
        (("freeze", "production", "-p", "nothing", "--until", "2026-12-01", "--reason", "x"), 2),
        (("freeze", "production", "--until", "soon", "--reason", "x"), 2),
        (("thaw", "nothing"), 2),
        (("rule", "show", "nothing"), 2),
        (("rule", "edit", "nothing", "--set", "title=x"), 2),
        (("rule", "replay", "nothing"), 2),
        (("rule", "create", "Bad Name", "--type", "flow"), 4),
        (("rule", "create", "a", "--type", "flow", "--set", "flow.thru=staging"), 4),
        (("rule", "create", "a", "--type", "concurrency", "--set", "concurrency.limit=0"), 4),
    ],
)
def test_what_cannot_be_written_is_refused(
    desk: Desk, arguments: tuple[str, ...], code: int
) -> None:
    before = desk.git("rev-parse", "HEAD")
    assert desk.run(*arguments).code == code
    assert desk.git("rev-parse", "HEAD") == before


def test_rules_are_created_edited_listed_and_replayed(desk: Desk) -> None:
    base = desk.git("rev-parse", "HEAD").strip()
    create = ("rule", "create", "through-staging", "--type", "flow", "--reason", "Try it first.")
    block = ("--set", "flow.through=staging", "--set", "flow.soak=48h", "--set",
             "flow.still_there=true")  # fmt: skip
    scope = ("--set", "applies_to.environments=production")
    assert desk.run(*create, *block, *scope).code == 0
    assert desk.run(*create).code == 5
    assert desk.run("rule", "edit", "through-staging", "--set", "rollbacks=exempt").code == 0
    example, listed = desk.run("rule", "list", "-o", "json").json()
    assert (example["name"], example["enforcement"]) == ("example-no-friday", "disabled")
    assert (listed["name"], listed["rollbacks"]) == ("through-staging", "exempt")
    shown = desk.run("rule", "show", "through-staging").out
    assert "Try it first." in shown
    assert "through-staging" in desk.run("rule", "list").out
    done = desk.run("rule", "replay", "-o", "json").json()
    # 1.3.9 and 1.4.0 came after a day, payment-api too; the way back was exempt.
    assert (done["judged"], done["refused"], done["rules"][0]["exempt"]) == (4, 3, 1)
    assert {each["wait_seconds"] for each in done["refusals"]} == {86400}
    text = desk.run("rule", "replay", "--base", base, "--since", "2026-10-01").out
    assert "would have refused 2 of 3 deployments" in text
    told = desk.run("validate", "--base", base)
    assert told.code == 0
    assert "rule through-staging: added" in told.out
    assert (
        'rule "through-staging" would have refused 3 of 4 deployments since 2026-08-24' in told.out
    )
    words = 'rule "through-staging" would have refused 3 of 4 deployments'
    path = "registry/rules/through-staging.yaml"
    for command in (("validate", "--base", base), ("rule", "replay", "--base", base)):
        (note,) = json.loads(desk.run(*command, "--format", "gitlab").out)
        assert (note["severity"], note["location"]["path"]) == ("info", path)
        assert words in note["description"]
        noticed = desk.run(*command, "--format", "github")
        assert f"::notice file={path},line=1::{words}" in noticed.out + noticed.err
    log = desk.top / "registry/products/payment-api/deployments/2026-11.yaml"
    text = log.read_text("utf-8")
    log.write_text(text + "- {\n", "utf-8")
    half = desk.run("rule", "replay")
    assert (half.code, "omits what could not be read" in half.err) == (0, True)
    log.write_text(text, "utf-8")
    desk.run("rule", "edit", "through-staging", "--set", "enforcement=disabled")
    assert "would have refused" not in desk.run("validate", "--base", base).out
    assert desk.run("rule", "replay").out == "there are no rules to replay\n"


def test_what_broke_a_rule_is_counted_alike_on_the_site_and_by_the_list(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = 'schedule.blocked=[{"daily": {"from": "00:00", "to": "24:00"}}]'
    for name, mode in (("shut", "enabled"), ("told", "report-only")):
        create = ("rule", "create", name, "--type", "schedule", "--enforcement", mode)
        assert desk.run(*create, "--set", closed).code == 0
    monkeypatch.setattr(clock, "now", lambda: "2026-11-22T11:00:07Z")
    track = ("track", "deployment", "-p", "user-service", "-e", "staging", "--status")
    assert desk.run(*track, "completed", "--version", "1.6.0").code == 0
    start = (*track, "started", "--version", "1.7.0")
    assert desk.run(*start).code == 5
    assert desk.run(*start, "--override", "shut", "--reason", "The shop is down").code == 0
    assert "violations" not in desk.run("rule", "show", "shut", "-o", "json").json()
    assert "last 90 days" not in desk.run("rule", "list").out
    listed = desk.run("rule", "list", "--counts", "-o", "json").json()
    found = {each["name"]: [each[key] for key in COUNTS] for each in listed}
    assert found["shut"] == [1, 1, 0]
    assert found["told"] == [0, 0, 2]
    assert {each["counted_since"] for each in listed} == {"2026-08-24T11:00:07Z"}
    assert "1 violation, 1 override" in desk.run("rule", "list", "--counts").out
    assert "2 reports" in desk.run("rule", "show", "told", "--counts").out
    shown = desk.run("rule", "show", "shut", "--counts", "-o", "json").json()
    assert shown == next(each for each in listed if each["name"] == "shut")
    assert desk.run("site", "build").code == 0
    rules = json.loads((desk.top / "_site/api/v1/rules.json").read_text("utf-8"))
    assert {each["name"]: [each[key] for key in COUNTS] for each in rules["rules"]} == found
    (violation,) = rules["violations"]
    assert (violation["rule"], violation["code"]) == ("shut", "NO_DEPLOY_WINDOW")
    assert (violation["product"], violation["version"]) == ("user-service", "1.6.0")
    assert desk.git("status", "--porcelain", "registry") == ""
    page = (desk.top / "_site/rules/index.html").read_text("utf-8")
    command = f"versioner review user-service 1.6.0 --event {violation['event']}"
    assert command in page
    overview = (desk.top / "_site/index.html").read_text("utf-8")
    assert "1 deployment broke a rule without an override" in overview
    assert "1 deployment in spite of a rule, not reviewed" in overview
    monkeypatch.setattr(clock, "now", lambda: "2026-11-22T11:30:00Z")
    assert desk.run(*command.split()[1:]).code == 0
    assert desk.run("site", "build").code == 0
    assert "broke a rule" not in (desk.top / "_site/index.html").read_text("utf-8")
    rules = json.loads((desk.top / "_site/api/v1/rules.json").read_text("utf-8"))
    assert rules["violations"] == []
    assert next(each for each in rules["rules"] if each["name"] == "shut")["violations"] == 1


def test_a_rule_that_cannot_be_read_is_told_of(desk: Desk) -> None:
    path = desk.top / "registry/rules/broken.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text("name: broken\ntype: flow\n", "utf-8")
    desk.git("add", "-A")
    desk.git("commit", "-qm", "Add a broken rule")
    listed = desk.run("rule", "list", "-o", "json")
    assert [each["name"] for each in json.loads(listed.out)] == ["example-no-friday"]
    assert "warning: registry/rules/broken.yaml:1: flow is missing" in listed.err
    assert desk.run("rule", "replay").code == 1
    assert desk.run("rule", "show", "broken").code == 4
    # It is corrected by an edit, too.
    assert desk.run("rule", "edit", "broken", "--set", "flow.through=staging").code == 0
    assert desk.run("rule", "show", "broken").code == 0


def test_a_replay_knows_what_was_in_progress_in_other_products(desk: Desk) -> None:
    create = ("rule", "create", "one", "--type", "concurrency", "--set", "concurrency.limit=1")
    assert desk.run(*create, "--set", "concurrency.per=environment").code == 0
    done = desk.run("rule", "replay", "-o", "json").json()
    assert (done["judged"], done["refused"]) == (11, 0)
    desk.run("rule", "edit", "one", "--set", "enforcement=disabled")
    # user-service is on its way to staging since 09:45.
    assert desk.run("track", "deployment", "-p", "payment-api", "-e", "staging", "--version", "7",
                    "--status", "completed").code == 0  # fmt: skip
    (refused,) = desk.run("rule", "replay", "one", "-o", "json").json()["refusals"]
    assert (refused["product"], refused["wait_seconds"]) == ("payment-api", 84600)
