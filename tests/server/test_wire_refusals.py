"""What rules refuse, as the clients of the hosted product read it, and what they only report."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.bare_registry import copy_of
from tests.server.conftest import clock_at
from tests.server.test_wire import ACTION, Client, Server
from versioner.server.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = "2026-11-29T12:00:00Z"
RULES = {
    "weekend": """
name: "weekend"
title: "Weekend freeze"
reason: "nobody is here"
applies_to: {environments: ["production"]}
type: "schedule"
schedule:
  time_zone: "UTC"
  blocked: [{once: {from: "2026-11-28T00:00", to: "2026-11-30T06:00"}}]
""",
    "one-at-a-time": """
name: "one-at-a-time"
applies_to: {environments: ["qa"]}
type: "concurrency"
concurrency: {per: "product", limit: 1}
""",
    "through-qa": """
name: "through-qa"
title: "Through qa"
enforcement: "report-only"
applies_to: {environments: ["staging"]}
type: "flow"
flow: {through: ["qa"]}
""",
    "reviewed": """
name: "reviewed"
applies_to: {environments: ["uat"]}
type: "version-approval"
version-approval: {types: {qa: 1}}
""",
}


def add_rules(bare: Path, work: Path) -> None:
    """Commit the rules to a bare registry, through a clone."""
    subprocess.run(["git", "clone", "-q", str(bare), str(work)], check=True)
    for name, text in RULES.items():
        (work / f"registry/rules/{name}.yaml").write_text(text.lstrip())
    for args in (["add", "-A"], ["commit", "-q", "-m", "Add rules"], ["push", "-q"]):
        subprocess.run(["git", *args], cwd=work, check=True)


@pytest.fixture(scope="module")
def server(pattern: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("rules")
    post = copy_of(pattern, folder / "bare.git")
    add_rules(post.path, folder / "work")
    made = Server(ServerSettings(post.path, folder / "state", clock_at(NOW)))
    yield made
    made.http.close()


@pytest.fixture
def client(server: Server, request: pytest.FixtureRequest) -> Client:
    return Client(server, f"p-{abs(hash(request.node.name)) % 10**8}")


def refused(client: Client, environment: str, code: int, **said: Any) -> dict[str, Any]:
    """Send a start that is refused, and return the body, which has both shapes."""
    answer = client.post(client.cli("started", environment_name=environment, **said))
    assert answer.status_code == code, answer.text
    body: dict[str, Any] = answer.json()
    nested = body.pop("detail")
    assert nested == body
    assert nested["error"] == "deployment_blocked"
    return body


def test_a_closed_window_is_423_with_its_end(client: Client) -> None:
    body = refused(client, "production", 423)
    assert body["code"] == "NO_DEPLOY_WINDOW"
    assert body["retry_after"] == "2026-11-30T06:00:00Z"
    details = body["details"]
    assert (details["rule_name"], details["reason"]) == ("Weekend freeze", "nobody is here")
    assert details["window_end"] == body["retry_after"]
    assert client.events() == []
    # What has happened is recorded: only a start is judged.
    assert client.post(client.cli("success", environment_name="production")).status_code == 200


def test_a_second_start_is_409_and_a_resent_one_is_the_first(client: Client) -> None:
    first = client.post(client.cli("started")).json()
    assert client.post(client.cli("started")).json() == first
    body = refused(client, "qa", 409, version="4.2.0", invoke_id="9002", scm_sha=None)
    assert body["code"] == "DEPLOYMENT_IN_PROGRESS"
    assert body["details"]["rule_name"] == "one-at-a-time"
    client.post(client.cli("success"))
    other = client.cli("started", version="4.2.0", invoke_id="9002", scm_sha=None)
    assert client.post(other).status_code == 200


def test_a_missing_approval_is_428_with_every_verdict(client: Client) -> None:
    body = refused(client, "uat", 428)
    assert body["code"] == "QUALITY_APPROVAL_REQUIRED"
    assert "retry_after" not in body
    (verdict,) = [x for x in body["details"]["verdicts"] if x["rule"] == "reviewed"]
    assert (verdict["status"], verdict["evaluation_result"]) == ("enabled", "failed")


def test_a_rule_that_only_reports_warns_where_the_action_reads_it(client: Client) -> None:
    reply = client.post(client.action("started", environment_name="staging"), **ACTION)
    assert reply.status_code == 200
    evaluated = reply.json()["extra_metadata"]["preflight_status"]["rules_evaluated"]
    warnings = [
        (each["rule_name"], each["error_message"])
        for each in evaluated
        if each["status"] == "report_only" and each["evaluation_result"] == "failed"
    ]
    ((rule, message),) = warnings
    assert rule == "Through qa"
    assert "qa" in message
    again = client.post(client.action("started", environment_name="staging"), **ACTION)
    assert again.json() == reply.json()
