"""Every tool of `versioner mcp`, called by the client of the official SDK over stdio."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.registries import SHA
from tests.mcp.conftest import HIDDEN, ORDER, git
from versioner.mcp.answers import NOTICE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mcp.conftest import Session

# What the hosted product has; what writes there and is not a draft here is missing by intent.
HOSTED = {
    "get_deployment_status", "get_deployment_briefing", "get_environment_status",
    "get_deployment_requests", "get_deployment_request_detail", "get_deployments",
    "get_deployment_rules", "check_deployment_readiness", "get_dr_requirements",
    "list_dr_templates", "create_deployment_request", "create_deployment_request_from_template",
    "add_version_to_deployment_request", "add_approval_requirement", "add_deployment_step",
    "get_approval_status",
}  # fmt: skip

PLACE = {"product": "user-service", "environment": "production"}
CALLS: dict[str, dict[str, object]] = {
    "add_approval_requirement": {"request": "march", "approval_type": "qa"},
    "add_deployment_step": {"request": "march", "when": "post", "text": "Close the channel"},
    "add_version_to_deployment_request": {
        "request": "march", "product": "user-service", "version": "1.4.0",
    },
    "check": {**PLACE, "version": "1.4.0"},
    "check_deployment_readiness": {**PLACE, "version": "1.4.0"},
    "compare_environments": {"a": "staging", "b": "production"},
    "create_deployment_request": {"name": "april", "environment": "production"},
    "create_deployment_request_from_template": {"name": "april", "template": "usual"},
    "find_version": {"digits": "sha256:" + "0" * 64},
    "get_approval_status": {"request": "december"},
    "get_changes": {"environment": "production", "since": "2026-10-03"},
    "get_deployment": {"deployment": "us-4"},
    "get_deployment_briefing": {"product": "user-service"},
    "get_deployment_request_detail": {"request": "december"},
    "get_deployment_requests": {},
    "get_deployment_rules": PLACE,
    "get_deployment_status": PLACE,
    "get_deployments": PLACE,
    "get_dr_requirements": {"environment": "production"},
    "get_drift": {},
    "get_environment_status": {"environment": "production"},
    "get_pending_changes": {"source": "staging", "target": "production"},
    "get_incident_changes": {"at": "2026-10-03T12:00:00Z", "hours": 48},
    "get_status_at": {"at": "2026-10-03T10:00:00Z"},
    "get_stuck_versions": {"days": 0},
    "get_today": {"days": 7},
    "get_version": {"product": "user-service", "version": "1.4.0"},
    "get_who_deployed": {"product": "user-service"},
    "list_dr_templates": {},
    "list_environments": {},
    "list_products": {},
    "list_versions": {"product": "user-service"},
}  # fmt: skip


def test_what_happened_lately_and_what_waits_is_answered_as_the_commands_do(
    session: Session,
) -> None:
    today = session.call("get_today", days=7)
    assert today["summary"].startswith("Nothing reached production, nothing was taken back")
    assert any("9e8d7c6b failed in staging" in each["text"] for each in today["sentences"])
    stuck = session.call("get_stuck_versions")["versions"]
    assert [each["product"] for each in stuck] == ["user-service", "web-frontend"]
    assert stuck[0]["reasons"][0] == {
        "code": "rolled back", "at": "2026-10-03T11:00:00Z", "text": None,
    }  # fmt: skip
    assert "request" in {each["code"] for each in stuck[1]["reasons"]}
    before = session.call("get_incident_changes", at="2026-10-03T12:00:00Z", hours=2)
    assert [each["kind"] for each in before["changes"]] == ["rollback"]


def test_what_runs_where_is_answered_as_status_does(session: Session) -> None:
    found = session.call("get_deployment_status", product="user-service")
    (row,) = found["products"]
    assert row["drifting"]
    assert row["cells"]["production"]["version"] == "1.3.9"
    assert row["cells"]["staging"]["no_result"]["version"] == "1.5.0"
    assert session.call("get_deployment_status", environment="staging")["environments"] == [
        "staging"
    ]


def test_what_ran_there_at_a_moment_is_answered(session: Session) -> None:
    found = session.call(
        "get_status_at", at="2026-10-03T10:00:00Z", product="user-service", environment="production"
    )
    assert found["moment"] == "2026-10-03T10:00:00Z"
    assert found["products"][0]["cells"]["production"]["version"] == "1.4.0"


def test_an_environment_is_answered_with_what_runs_there(session: Session) -> None:
    found = session.call("get_environment_status", environment="production")
    assert found["type"] == "production"
    assert {each["product"]: each["version"] for each in found["cells"]} == {
        "payment-api": SHA,
        "user-service": "1.3.9",
    }


def test_a_briefing_has_state_history_requests_and_rules(session: Session) -> None:
    found = session.call("get_deployment_briefing", product="user-service")
    assert found["product"]["running"] == {"staging": "1.4.0", "production": "1.3.9"}
    assert [each["name"] for each in found["requests"]] == ["december"]
    # The rule "tested" is about other products.
    assert [each["name"] for each in found["rules"]] == ["asked", "example-no-friday"]
    assert found["latest_versions"][0]["version"] == "1.5.0"
    assert found["latest_deployments"][0]["id"] == "us-6"


def test_drift_names_the_products_and_what_was_compared(session: Session) -> None:
    found = session.call("get_drift")
    assert found["drifting"] == 1
    assert [each["product"] for each in found["products"]] == ["user-service"]
    assert "production" in found["compared"]


def test_products_and_environments_are_listed(session: Session) -> None:
    assert [each["name"] for each in session.call("list_products")["products"]] == [
        "payment-api",
        "user-service",
        "web-frontend",
    ]
    names = [each["name"] for each in session.call("list_environments")["environments"]]
    assert names == ["development", "test", "staging", "production"]


def test_deployments_are_filtered_and_counted(session: Session) -> None:
    found = session.call("get_deployments", environment="production", person="JANE", limit=1)
    assert found["total"] == 2
    assert [each["id"] for each in found["deployments"]] == ["us-4"]
    failed = session.call("get_deployments", status="FAILURE", since="2026-11-01", until="today")
    assert [each["id"] for each in failed["deployments"]] == ["pa-3"]


def test_pages_follow_each_other_without_a_gap(session: Session) -> None:
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        answer = session.raw("get_deployments", limit=4, cursor=cursor)
        assert answer.structured_content is not None
        seen += [each["id"] for each in answer.structured_content["result"]["deployments"]]
        cursor = answer.structured_content["next_cursor"]
    assert len(seen) == len(set(seen)) == 11


def test_one_deployment_is_answered_with_its_events(session: Session) -> None:
    found = session.call("get_deployment", deployment="us-5")
    assert found["kind"] == "rollback"
    assert [each["reason"] for each in found["events"]] == ["Login failed"]


def test_who_deployed_is_answered(session: Session) -> None:
    found = session.call("get_who_deployed", product="user-service", environment="production")
    assert [(each["deployed_by"], each["version"]) for each in found["deployments"]] == [
        ("omar", "1.3.9"),
        ("jane", "1.4.0"),
        ("jane", "1.3.9"),
    ]


def test_what_changed_between_two_moments_is_answered(session: Session) -> None:
    found = session.call(
        "get_changes", environment="production", since="2026-10-03", until="2026-10-03T10:00:00Z"
    )
    assert found["deployments"] == 1
    (change,) = found["changes"]
    assert (change["a"]["version"], change["b"]["version"]) == ("1.3.9", "1.4.0")
    assert "is after" in session.error("get_changes", environment="test", since="1d", until="2d")


def test_what_would_ship_is_answered(session: Session) -> None:
    compared = session.call("compare_environments", a="staging", b="production")["differences"]
    assert [each["product"] for each in compared] == ["user-service", "web-frontend"]
    found = session.call("get_pending_changes", source="staging", target="production")
    assert found["proposals"][0]["version"] == "1.4.0"


def test_versions_are_listed_shown_and_found(session: Session) -> None:
    listed = session.call("list_versions", product="user-service", limit=2)
    assert listed["total"] == 3
    assert [each["version"] for each in listed["versions"]] == ["1.5.0", "1.4.0"]
    shown = session.call("get_version", product="user-service", version="1.4.0")
    assert shown["running_in"] == ["staging"]
    assert shown["deployments_total"] == 2
    assert session.call("find_version", digits="sha256:" + "0" * 64) == {"versions": []}


def test_rules_are_answered_in_words(session: Session) -> None:
    found = session.call("get_deployment_rules", product="web-frontend", environment="production")
    rules = {each["name"]: each for each in found["rules"]}
    assert rules["tested"]["scope"] == "web-* in production"
    assert found["unreadable"] == []


def test_check_answers_as_the_command_does(session: Session) -> None:
    found = session.call(
        "check", product="web-frontend", version="2026.11.1", environment="production"
    )
    assert (found["allowed"], found["code"]) == (False, "FLOW_VIOLATION")
    assert found["commit"]
    past = session.call(
        "check",
        product="user-service", version="1.4.0", environment="test", at="2026-11-23",
    )  # fmt: skip
    assert past["at"] == "2026-11-23T00:00:00Z"
    assert past["allowed"]


def test_readiness_has_blockers_warnings_and_advice(session: Session) -> None:
    found = session.call(
        "check_deployment_readiness",
        product="web-frontend", environment="production", version="2026.11.1",
    )  # fmt: skip
    assert not found["ready"]
    (blocker,) = found["blockers"]
    assert (blocker["rule"], blocker["why"]) == ("tested", "Nobody tests in production.")
    assert any("asked (reports only)" in each for each in found["warnings"])
    assert any(each.startswith("No time alone will do") for each in found["suggested_next_actions"])
    unknown = session.error(
        "check_deployment_readiness",
        product="user-service", environment="production", version="9.9.9",
    )  # fmt: skip
    assert 'no event names the version "9.9.9"' in unknown


def test_requests_are_listed_by_state_also_in_the_words_of_the_hosted_product(
    session: Session,
) -> None:
    for word in ("", "open", "in_progress", "all"):
        found = session.call("get_deployment_requests", status=word)
        assert "december" in [each["name"] for each in found["requests"]]
    assert session.call("get_deployment_requests", status="rejected")["total"] == 0
    assert "the states are" in session.error("get_deployment_requests", status="shipped")


def test_a_request_is_answered_with_what_it_lacks_and_who_may_approve(session: Session) -> None:
    found = session.call("get_deployment_request_detail", request="december")
    assert found["lacks"] == ["qa 0 of 1"]
    status = session.call("get_approval_status", request="december")
    assert status["approvals"] == [
        {"type": "qa", "needed": 1, "approved_by": [], "rejected_by": [], "who_may": "anybody"}
    ]
    assert "did you mean december" in session.error("get_approval_status", request="decembre")


def test_what_a_request_for_an_environment_needs_is_answered(session: Session) -> None:
    found = session.call("get_dr_requirements", environment="production")
    assert found["approval_types"] == [{"type": "qa", "people": 2, "who_may": "anybody"}]
    assert not found["needs_a_request"]
    assert {each["rule"] for each in found["restrictions"]} == {"asked", "tested"}
    assert "usual" in found["templates"]
    templates = {each["name"]: each for each in session.call("list_dr_templates")["templates"]}
    assert templates["usual"]["approvals"] == {"qa": 1}


def test_a_draft_is_written_only_when_asked_and_is_a_draft(session: Session, top: Path) -> None:
    before = git(top, "rev-parse", "HEAD")
    arguments = {
        "name": "january", "environment": "production", "from_environment": "staging",
        "approvals": {"qa": 1}, "before": ["Tell support"], "title": "January",
        "window_from": "2027-01-04T10:00:00+01:00", "window_to": "2027-01-05T10:00:00Z",
    }  # fmt: skip
    preview = session.call("create_deployment_request", **arguments)
    assert preview["outcome"] == "would_create"
    assert preview["request"]["window"]["from"] == "2027-01-04T09:00:00Z"
    assert "nothing was written" in preview["notes"][0]
    assert git(top, "rev-parse", "HEAD") == before
    made = session.call("create_deployment_request", **arguments, write=True)
    assert made["commit"] == git(top, "rev-parse", "HEAD")
    assert git(top, "log", "-1", "--format=%s") == "Create request january"
    shown = session.call("get_deployment_request_detail", request="january")
    assert (shown["state"], shown["lacks"][0]) == ("draft", "to be opened")


def test_a_draft_from_a_template_takes_it_over_and_grows(session: Session, top: Path) -> None:
    session.call(
        "create_deployment_request_from_template",
        name="february", template="usual", versions={"user-service": "1.4.0"}, write=True,
    )  # fmt: skip
    session.call(
        "add_version_to_deployment_request",
        request="february", product="payment-api", version=SHA, write=True,
    )  # fmt: skip
    session.call(
        "add_approval_requirement",
        request="february", approval_type="security", people=2, write=True,
    )  # fmt: skip
    step = {"request": "february", "when": "pre", "text": "Take a backup"}
    commits = git(top, "rev-list", "--count", "HEAD")
    preview = session.call("add_deployment_step", **step)
    assert preview["request"]["steps"]["before"] == ["Tell support", "Take a backup"]
    assert git(top, "rev-list", "--count", "HEAD") == commits
    session.call("add_deployment_step", **step, write=True)
    found = session.call("get_deployment_request_detail", request="february")
    assert found["versions"] == {"payment-api": SHA, "user-service": "1.4.0"}
    assert [(each["type"], each["needed"]) for each in found["approvals"]] == [
        ("qa", 1),
        ("security", 2),
    ]
    assert [each["text"] for each in found["steps"]] == ["Tell support", "Take a backup"]
    assert found["title"] == "Usual release"


def test_a_request_that_people_opened_is_not_edited(session: Session, top: Path) -> None:
    before = git(top, "rev-parse", "HEAD")
    for tool, arguments in (
        ("add_version_to_deployment_request", {"product": "payment-api", "version": SHA}),
        ("add_approval_requirement", {"approval_type": "qa", "people": 3}),
        ("add_deployment_step", {"when": "after", "text": "Rest"}),
    ):
        message = session.error(tool, request="december", **arguments, write=True)
        assert 'the request "december" is no draft: it is open' in message
    assert git(top, "rev-parse", "HEAD") == before


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("get_deployment_status", {"product": "user-servic"}, "did you mean user-service"),
        ("get_deployment_status", {"produkt": "x"}, "produkt: there is no such argument"),
        ("get_deployment_status", {"limit": 0}, "limit: Input should be greater"),
        ("get_deployment_status", {"limit": 10**9}, "limit: Input should be less"),
        ("get_deployment_status", {"cursor": "-1"}, '"-1" is not a cursor'),
        ("get_deployment_status", {"product": "x" * 5000}, "at most 100 characters"),
        ("get_deployment_status", {"product": ["x"]}, "valid string"),
        ("get_environment_status", {}, "environment: Field required"),
        ("get_status_at", {"at": "soon"}, "soon"),
        ("get_deployments", {"status": "shipped"}, "shipped"),
        ("get_deployment", {"deployment": "nothing"}, "nothing"),
        ("check", {"product": "Bad Name", "version": "1", "environment": "test"}, "bad-name"),
        ("check", {"product": "a", "version": "../../x", "environment": "test"}, "../../x"),
        (
            "create_deployment_request",
            {"name": "../x", "environment": "test", "write": True},
            "legal request name",
        ),
        (
            "create_deployment_request",
            {"name": "december", "environment": "test", "write": True},
            "already exists",
        ),
        (
            "create_deployment_request",
            {"name": "x", "environment": "test", "window_from": "2027-01-01"},
            "2027-01-01",
        ),
        (
            "add_deployment_step",
            {"request": "december", "when": "now", "text": "x"},
            "no draft",
        ),
    ],
)
def test_a_wrong_call_is_a_tool_error_with_the_remedy(
    session: Session, tool: str, arguments: dict[str, object], message: str
) -> None:
    text = session.error(tool, **arguments)
    assert message in text
    assert "Traceback" not in text
    assert "pydantic" not in text


def test_data_is_marked_and_hostile_texts_are_escaped(session: Session) -> None:
    answer = session.raw("get_deployment_briefing", product="payment-api")
    assert answer.structured_content is not None
    assert answer.structured_content["notice"] == NOTICE
    (content,) = answer.content
    notice, data = content.text.split("\n")  # type: ignore[union-attr]
    assert notice == NOTICE
    rest = {key: value for key, value in answer.structured_content.items() if key != "notice"}
    assert json.loads(data) == rest
    product = answer.structured_content["result"]["product"]
    assert product["title"] == "Payments \\u{e0041}\\u{200b}\\u{202e}\\u{fe01}"
    # It stands in a string of its own; no line of the text is the registry's.
    assert product["description"].startswith(ORDER)
    assert not set(HIDDEN) - {"[", "2", "J"} & set(content.text)  # type: ignore[union-attr]


def test_a_refused_value_that_is_a_secret_is_not_repeated(session: Session) -> None:
    secret = "ghp_" + "a1B2" * 9
    for arguments in ({"product": secret}, {secret: "x"}, {"limit": secret}):
        assert secret not in session.error("get_deployment_status", **arguments)


def test_every_tool_answers_a_client_of_the_sdk(session: Session) -> None:
    listed = session.portal.call(session.client.list_tools).tools
    names = {each.name for each in listed}
    assert names >= HOSTED
    assert set(CALLS) == names
    assert not [each for each in names if "approve" in each or each.startswith("deploy")]
    for tool in listed:
        assert session.call(tool.name, **CALLS[tool.name])
        assert tool.annotations is not None
        assert tool.description
        is_draft = "write" in tool.input_schema["properties"]
        assert tool.annotations.read_only_hint is not is_draft
        assert tool.input_schema["additionalProperties"] is False
