"""Our own API: reads with ETags and cursors, and writes that are commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from tests.server.conftest import ADDRESS, bearer, clock_at, token_for
from versioner.remote.url import Remote
from versioner.server.app import create_app
from versioner.server.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fixtures.bare_registry import Post


@pytest.fixture
def api(serving: Callable[..., TestClient], settings: ServerSettings) -> TestClient:
    """Return a client with all scopes."""
    client = serving()
    client.headers.update(bearer(token_for(settings, "admin")))
    return client


def event(version: str, status: str = "completed", **more: Any) -> dict[str, Any]:
    fields = {"product": "shop", "environment": "staging", "version": version, "status": status}
    return {**fields, **more}


def test_an_event_is_recorded_once_and_is_in_the_list(api: TestClient) -> None:
    first = api.post("/api/v1/events", json=event("9.0", id="run-1"))
    assert (first.status_code, first.json()["outcome"]) == (201, "recorded")
    again = api.post("/api/v1/events", json=event("9.0", id="run-1"))
    assert (again.status_code, again.json()["outcome"]) == (200, "already_recorded")
    found = api.get("/api/v1/deployments", params={"product": "shop", "version": "9.0"}).json()
    assert [each["id"] for each in found["deployments"]] == ["run-1"]
    shown = api.get("/api/v1/deployments/run-1").json()
    assert shown["version"] == "9.0"


def test_an_event_has_the_commits_that_are_given_and_no_hostile_ones(api: TestClient) -> None:
    assert api.post("/api/v1/events", json=event("9.3")).status_code == 201
    commits = [{"id": "4f5d1c2a9e", "subject": "Fix (#12)", "author": "Jane Doe"}]
    answer = api.post("/api/v1/events", json=event("9.4", changes={"commits": commits}))
    recorded = answer.json()["event"]["changes"]
    assert recorded["since"] == "9.3"
    # `people: login` allows no name.
    assert recorded["commits"] == [{"id": "4f5d1c2a9e", "subject": "Fix (#12)", "keys": ["#12"]}]
    hostile: list[Any] = [
        "all", 7, [], {}, {"commits": "x"}, {"commits": [3]}, {"commits": [{"id": "zz"}]},
        {"commits": [{"id": "4f5d1c2a", "subject": "two\nlines"}]},
        {"commits": [{"id": "4f5d1c2a", "subject": "\u202eflip"}]},
        {"commits": [{"id": "4f5d1c2a"}] * 201}, {"commits": [], "since": ".."},
        {"commits": [{"id": "4f5d1c2a", "subject": "ghp_" + "a" * 36}]},
    ]  # fmt: skip
    events = [event("9.5", changes=each) for each in hostile]
    refused = api.post("/api/v1/events/batch", json={"events": events}).json()
    assert refused["refused"] == len(hostile)
    assert all("changes" in str(each["problem"]) for each in refused["results"])


def test_a_batch_has_the_outcome_of_each_and_one_refusal_stops_no_other(api: TestClient) -> None:
    events = [event("9.1", id="a"), event("9.1", "flying", id="b"), event("9.2", id="c")]
    answer = api.post("/api/v1/events/batch", json={"events": events})
    results = answer.json()["results"]
    assert answer.status_code == 200
    assert [each.get("outcome") for each in results] == ["recorded", None, "recorded"]
    assert (answer.json()["refused"], results[1]["problem"]["code"]) == (1, "invalid")


def test_pages_of_deployments_follow_each_other_without_gap_or_repetition(api: TestClient) -> None:
    events = [event(f"8.{n}", id=f"e{n}", at=f"2026-11-2{n // 4}T10:00:00Z") for n in range(14)]
    assert api.post("/api/v1/events/batch", json={"events": events}).json()["refused"] == 0
    whole = api.get("/api/v1/deployments", params={"limit": 1000}).json()
    assert whole["next"] is None
    seen, address = [], "/api/v1/deployments?limit=3"
    while address:
        answer = api.get(address)
        seen += answer.json()["deployments"]
        link = answer.links.get("next")
        assert (link is None) == (answer.json()["next"] is None)
        address = link["url"] if link else ""
    assert seen == whole["deployments"]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "2026-11-20T10:00:00Z 1", "é", "a" * 200])
def test_a_cursor_of_the_clients_own_is_refused(api: TestClient, cursor: str) -> None:
    answer = api.get("/api/v1/deployments", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["field"]) == (409, "cursor")


def test_a_document_that_the_client_has_is_not_sent_again(api: TestClient) -> None:
    first = api.get("/api/v1/products/shop")
    etag = first.headers["etag"]
    assert api.get("/api/v1/products/shop", headers={"If-None-Match": etag}).status_code == 304
    assert api.get("/api/v1/products/shop", headers={"If-None-Match": f'W/{etag}, "x"'}).text == ""
    assert api.get("/api/v1/products/shop", headers={"If-None-Match": '"x"'}).status_code == 200


def test_an_edit_keeps_what_the_file_says_and_a_lost_update_is_412(api: TestClient) -> None:
    made = api.post("/api/v1/products", json={"name": "tea", "title": "Tea", "links": []})
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/products/tea")
    first = api.get("/api/v1/products/tea")
    seen = {"If-Match": first.headers["etag"]}
    patch = {"description": "Leaves", "extra_metadata": {"team": "kitchen"}}
    done = api.patch("/api/v1/products/tea", json=patch, headers=seen)
    assert (done.status_code, len(done.json()["commit"])) == (200, 40)
    lost = api.patch("/api/v1/products/tea", json={"description": "Water"}, headers=seen)
    assert (lost.status_code, lost.json()["code"]) == (412, "precondition_failed")
    found = api.get("/api/v1/products/tea").json()
    assert (found["title"], found["description"]) == ("Tea", "Leaves")
    null = api.patch("/api/v1/products/tea", json={"extra_metadata": None, "links": None})
    assert null.status_code == 200
    assert "extra_metadata" not in api.get("/api/v1/products/tea").json()
    same = api.patch("/api/v1/products/tea", json={"description": "Leaves"})
    assert same.json()["commit"] is None


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        ({"name": "coffee"}, "refused"),
        ({"titel": "x"}, "refused"),
        ({"title": 7}, "refused"),
        ({"links": [{"title": "x", "url": "javascript:alert(1)"}]}, "refused"),
        ({"extra_metadata": {"key": "AKIAIOSFODNN7EXAMPLE"}}, "refused"),
    ],
)
def test_a_patch_that_makes_the_file_wrong_changes_nothing(
    api: TestClient, patch: dict[str, Any], code: str
) -> None:
    before = api.get("/api/v1/products/shop").headers["etag"]
    answer = api.patch("/api/v1/products/shop", json=patch)
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert api.get("/api/v1/products/shop").headers["etag"] == before


def test_a_product_is_deleted_by_its_name_and_restored(api: TestClient) -> None:
    wrong = api.request("DELETE", "/api/v1/products/shop", json={"name": "shoe"})
    assert (wrong.status_code, wrong.json()["field"]) == (409, "name")
    body = {"name": "shop"}
    needed = api.request("DELETE", "/api/v1/products/shop", json=body)
    assert (needed.status_code, needed.json()["code"]) == (409, "conflict"), needed.text
    forced = api.request("DELETE", "/api/v1/products/shop", json={**body, "force": True})
    assert forced.status_code == 200, forced.text
    assert api.get("/api/v1/products/shop").status_code == 404
    assert api.post("/api/v1/products/shop/restore").status_code == 200
    assert api.get("/api/v1/products/shop").status_code == 200


def test_names_change_and_former_names_stay_valid(api: TestClient) -> None:
    assert api.post("/api/v1/products/shop/rename", json={"name": "store"}).status_code == 200
    assert api.get("/api/v1/products/shop").json()["former_names"] == ["shop"]
    assert api.post("/api/v1/environments", json={"name": "uat", "type": "test"}).status_code == 201
    assert api.post("/api/v1/environments/uat/rename", json={"name": "qa"}).status_code == 200
    assert api.get("/api/v1/environments/uat").json()["name"] == "qa"
    assert api.post("/api/v1/environments/qa/merge", json={"into": "staging"}).status_code == 200
    names = [each["name"] for each in api.get("/api/v1/environments").json()["environments"]]
    assert "qa" not in names


def test_a_mistake_is_voided_and_a_value_redacted(api: TestClient) -> None:
    api.post("/api/v1/events", json=event("9.0", id="oops", deployed_by="jane"))
    redacted = api.post("/api/v1/events/oops/redact/deployed_by")
    assert redacted.status_code == 200, redacted.text
    void = api.post("/api/v1/events/oops/void", json={"reason": "by mistake"})
    assert void.status_code == 200, void.text
    found = api.get("/api/v1/deployments/oops").json()
    assert found["void"]["reason"] == "by mistake"
    assert found["deployed_by"] is None
    assert api.post("/api/v1/events/none/void", json={"reason": "x"}).status_code == 404


def test_rules_and_decisions_change_the_answer_of_the_check(api: TestClient) -> None:
    api.post("/api/v1/events", json=event("9.0"))
    asked = {"product": "shop", "version": "9.0", "environment": "staging"}
    assert api.get("/api/v1/check", params=asked).json()["allowed"] is True
    rule = {
        "name": "two-eyes",
        "type": "version-approval",
        "applies_to": {"environments": ["staging"]},
        "version-approval": {"types": {"qa": 1}},
    }
    made = api.post("/api/v1/rules", json=rule)
    assert made.status_code == 201, made.text
    refused = api.get("/api/v1/check", params=asked).json()
    assert refused["allowed"] is False
    start = api.post("/api/v1/events", json=event("9.0", "started"))
    assert (start.status_code, start.json()["code"]) == (409, "conflict")
    details = start.json()["details"]
    assert details["verdicts"] == refused["verdicts"]
    assert details.keys() == refused.keys()
    batch = api.post("/api/v1/events/batch", json={"events": [event("9.0", "started")]}).json()
    assert batch["results"][0]["problem"]["details"]["verdicts"] == refused["verdicts"]
    decision = {"version": "9.0", "decision": "approved", "approval_type": "qa"}
    approved = api.post("/api/v1/products/shop/decisions", json=decision)
    assert approved.status_code == 201, approved.text
    assert api.get("/api/v1/check", params=asked).json()["allowed"] is True
    disabled = api.patch("/api/v1/rules/two-eyes", json={"enforcement": "disabled"})
    assert disabled.status_code == 200
    assert api.get("/api/v1/rules/two-eyes").json()["enforcement"] == "disabled"


def test_a_rule_for_a_protected_branch_is_on_a_new_branch(post: Post, tmp_path: Path) -> None:
    hook = post.path / "hooks/update"
    hook.write_text(
        '#!/bin/sh\n[ "$1" != refs/heads/main ] || { echo GH006: protected; exit 1; }\n'
    )
    hook.chmod(0o755)
    before = post.git("rev-parse", "main")
    settings = ServerSettings(Remote(f"file://{post.path}"), tmp_path / "state", clock_at())
    client = TestClient(create_app(settings), base_url=ADDRESS)
    client.headers.update(bearer(token_for(settings, "admin")))
    rule = {
        "name": "two-eyes",
        "type": "version-approval",
        "version-approval": {"types": {"qa": 1}},
    }
    made = client.post("/api/v1/rules", json=rule)
    told = made.json()
    assert made.status_code == 201, told
    assert told["branch"] == f"rule-two-eyes-{told['commit'][:8]}"
    assert "location" not in made.headers
    assert post.git("rev-parse", told["branch"]) == told["commit"]
    assert post.git("rev-parse", "main") == before == post.git("rev-parse", f"{told['commit']}^")
    assert client.get("/api/v1/rules/two-eyes").status_code == 404
    product = client.post("/api/v1/products", json={"name": "pay"})
    assert (product.status_code, product.json()["code"]) == (503, "unavailable")
    client.app.state.services.writer.close()


def test_a_freeze_closes_an_environment_until_it_is_thawed(api: TestClient) -> None:
    api.post("/api/v1/events", json=event("9.0"))
    body = {"environment": "staging", "until": "2999-01-01T00:00:00Z", "reason": "sale"}
    frozen = api.post("/api/v1/freezes", json=body)
    assert frozen.status_code == 201, frozen.text
    asked = {"product": "shop", "version": "9.0", "environment": "staging"}
    assert api.get("/api/v1/check", params=asked).json()["code"] == "NO_DEPLOY_WINDOW"
    assert api.post(f"{frozen.headers['location']}/thaw").status_code == 200
    assert api.get("/api/v1/check", params=asked).json()["allowed"] is True


def test_a_request_is_created_opened_approved_and_cancelled(api: TestClient) -> None:
    api.post("/api/v1/events", json=event("9.0"))
    body = {
        "name": "friday",
        "versions": {"shop": "9.0"},
        "fields": {
            "environments": ["production"],
            "approvals": {"qa": 1},
            "steps": {"before": ["tell support"]},
        },
    }
    made = api.post("/api/v1/requests", json=body)
    assert made.status_code == 201, made.text
    assert api.post("/api/v1/requests/friday/open").status_code == 200
    step = {"decision": "done", "step": "before.1"}
    assert api.post("/api/v1/requests/friday/decisions", json=step).status_code == 201
    approval = {"decision": "approved", "approval_type": "qa"}
    approved = api.post("/api/v1/requests/friday/decisions", json=approval)
    assert approved.status_code == 201, approved.text
    assert api.get("/api/v1/requests/friday").json()["state"] == "approved"
    assert api.post("/api/v1/requests/friday/cancel").status_code == 200
    assert api.get("/api/v1/requests").json()["requests"][0]["state"] == "cancelled"
    wrong = api.post("/api/v1/requests/friday/decisions", json={"decision": "approved"})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "refused")


def test_the_matrix_the_metrics_and_the_versions_are_read(api: TestClient) -> None:
    api.post("/api/v1/events", json=event("9.0"))
    cells = {row["product"]: row["cells"] for row in api.get("/api/v1/status").json()["products"]}
    assert cells["shop"]["staging"]["version"] == "9.0"
    past = api.get("/api/v1/status", params={"at": "2001-01-01"}).json()
    assert past["products"][0]["cells"]["staging"]["version"] is None
    assert api.get("/api/v1/metrics", params={"by": "week"}).json()["frequency"]["count"] >= 1
    names = [
        each["version"] for each in api.get("/api/v1/products/shop/versions").json()["versions"]
    ]
    assert "9.0" in names
    assert api.get("/api/v1/products/shop/versions/9.0").json()["version"] == "9.0"


def test_a_token_does_what_its_scopes_and_limits_allow(
    serving: Callable[..., TestClient], settings: ServerSettings
) -> None:
    client = serving()
    pipeline = bearer(token_for(settings, "record", environments=("staging",)))
    assert client.post("/api/v1/events", json=event("9.0"), headers=pipeline).status_code == 201
    elsewhere = event("9.0", environment="production")
    assert client.post("/api/v1/events", json=elsewhere, headers=pipeline).status_code == 403
    unread = client.get("/api/v1/deployments", headers=pipeline)
    assert (unread.status_code, "token create NAME --scope read" in unread.json()["hint"]) == (
        403,
        True,
    )
    assert client.post("/api/v1/products", json={"name": "x"}, headers=pipeline).status_code == 403
    assert client.get("/api/v1/deployments").status_code == 401
    editor = bearer(token_for(settings, "edit", products=("other",)))
    assert client.patch("/api/v1/products/shop", json={}, headers=editor).status_code == 403
    assert client.post("/api/v1/rules", json={}, headers=editor).status_code == 422
    freeze = {"environment": "staging", "until": "2999-01-01", "reason": "x"}
    assert client.post("/api/v1/freezes", json=freeze, headers=editor).status_code == 403


def test_a_parameter_that_a_path_does_not_have_is_refused_with_the_nearest(api: TestClient) -> None:
    answer = api.get("/api/v1/deployments", params={"enviroment": "staging"})
    assert (answer.status_code, answer.json()["field"]) == (422, "enviroment")
    assert "environment" in answer.json()["hint"]


def test_a_body_that_is_nested_too_deeply_is_refused(api: TestClient) -> None:
    deep = '{"a":' * 900 + "1" + "}" * 900
    for path in ("products/shop", "environments/staging"):
        body = f'{{"extra_metadata": {{"x": {deep}}}}}'
        answer = api.patch(
            f"/api/v1/{path}", content=body, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize("method", ["POST /api/v1/events", "PATCH /api/v1/products/shop"])
def test_a_body_of_another_media_type_is_refused_with_the_header_to_send(
    api: TestClient, method: str
) -> None:
    # What `curl -d` sends where no header is given.
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = api.request(*method.split(), content='{"product": "shop"}', headers=form)
    assert answer.status_code == 422
    assert answer.json()["hint"] == "send JSON, with the header Content-Type: application/json"
    patched = api.request(*method.split(), json=["shop"])
    assert (patched.status_code, "hint" in patched.json()) == (422, False)


def test_a_body_without_the_fields_of_a_form_changes_nothing(api: TestClient) -> None:
    told = {"description": "Sells tea", "links": [{"title": "Code", "url": "https://example.com"}]}
    assert api.patch("/api/v1/products/shop", json=told).status_code == 200
    for sent in ({"json": {}}, {"content": b""}, {"data": {"title": "Shop"}}):
        assert api.post("/edit/products/shop", **sent).status_code == 303  # type: ignore[arg-type]
    found = api.get("/api/v1/products/shop").json()
    assert {**found, **told, "title": "Shop"} == found
