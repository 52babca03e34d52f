"""Events on a protected branch: they wait in the inbox, as those of `track` do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.fixtures.bare_registry import Post, commit_on_branch
from tests.server.conftest import ADDRESS, bearer, clock_at, token_for
from versioner.remote.url import Remote
from versioner.server.app import create_app
from versioner.server.settings import ServerSettings

HOOK = '#!/bin/sh\ncase "$1" in {refs}) echo GH006: protected; exit 1;; esac\n'


def wired(status: str = "success", **more: Any) -> dict[str, Any]:
    fields = {"product_name": "shop", "environment_name": "staging", "version": "7.0"}
    return {**fields, "status": status, **more}


@pytest.fixture
def client(post: Post, tmp_path: Path) -> Iterator[TestClient]:
    """Return a client of a server whose remote takes nothing on its branch."""
    protect(post, "refs/heads/*")
    settings = ServerSettings(Remote(f"file://{post.path}"), tmp_path / "state", clock_at())
    made = TestClient(create_app(settings), base_url=ADDRESS)
    made.headers.update(bearer(token_for(settings, "admin")))
    yield made
    made.app.state.services.writer.close()  # type: ignore[attr-defined]


def protect(post: Post, refs: str) -> None:
    hook = post.path / "hooks/update"
    hook.write_text(HOOK.format(refs=refs))
    hook.chmod(0o755)


def test_an_event_for_a_protected_branch_waits_in_the_inbox_and_is_collected(
    post: Post, client: TestClient
) -> None:
    before = post.git("rev-parse", "main")
    sent = wired(invoke_id="run-1")
    first = client.post("/deployment-events/", json=sent)
    again = client.post("/deployment-events/", json=sent)
    assert (first.status_code, again.status_code) == (202, 202)
    told = first.json()
    assert told["received_as"] == again.json()["received_as"]
    assert (told["status"], told["id"]) == ("completed", told["event_id"])
    assert told["id"] == again.json()["id"]
    body = wired(version="7.1")
    twice = [client.post("/deployment-events/", json=body).json()["event_id"] for _ in range(2)]
    assert twice[0] == twice[1]
    event = {"product": "shop", "environment": "staging", "version": "7.2", "id": "own"}
    own = client.post("/api/v1/events", json=event)
    assert (own.status_code, own.json()["outcome"]) == (202, "received")
    build = client.post("/build-events/", json=wired(version="7.3"))
    assert (build.status_code, build.json()["status"]) == (202, "completed")
    assert post.git("rev-parse", "main") == before
    assert {told["id"], twice[0], "own"} <= {ref.rpartition("/")[2] for ref in post.refs()}
    (post.path / "hooks/update").unlink()
    post.collect(now="2999-01-01T00:00:00Z")
    assert {told["id"], twice[0], "own"} <= set(post.ids())
    assert client.post("/deployment-events/", json=sent).status_code == 200


def test_no_answer_has_the_place_of_a_remote_on_this_machine(
    post: Post, client: TestClient
) -> None:
    (post.path / "hooks/update").unlink()
    event = {"product": "shop", "environment": "staging", "version": "7.2", "id": "own"}
    for status in (201, 200):
        answer = client.post("/api/v1/events", json=event)
        assert (answer.status_code, answer.json()["pushed_to"]) == (status, "remote")
    protect(post, "refs/*")
    refusal = f"echo {post.path}; exit 1"
    (post.path / "hooks/update").write_text(f"#!/bin/sh\n{refusal}\n")
    refused = [
        client.post("/api/v1/events", json={**event, "id": "other"}),
        client.post("/deployment-events/", json=wired(invoke_id="run-2")),
    ]
    assert [each.status_code for each in refused] == [503, 503]
    for answer in refused:
        assert str(post.path) not in answer.text


def test_what_the_rules_refuse_does_not_reach_the_inbox(post: Post, client: TestClient) -> None:
    (post.path / "hooks/update").unlink()
    rule = {
        "name": "two-eyes",
        "type": "version-approval",
        "version-approval": {"types": {"qa": 1}},
    }
    assert client.post("/api/v1/rules", json=rule).status_code == 201
    protect(post, "refs/heads/*")
    refused = client.post("/deployment-events/", json=wired("started"))
    assert (refused.status_code, refused.json()["code"]) == (428, "QUALITY_APPROVAL_REQUIRED")
    assert client.post("/deployment-events/", json=wired()).status_code == 202


def test_a_remote_that_takes_nothing_anywhere_is_unavailable(
    post: Post, client: TestClient
) -> None:
    protect(post, "refs/*")
    answer = client.post("/deployment-events/", json=wired())
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"]


def test_a_registry_that_records_directly_uses_no_inbox(post: Post, client: TestClient) -> None:
    protect(post, "nothing")
    config = post.git("show", "main:registry/registry.yaml") + "\nvia: direct\n"
    commit_on_branch(post, "registry/registry.yaml", config.encode())
    protect(post, "refs/heads/*")
    assert client.post("/deployment-events/", json=wired()).status_code == 503
    assert post.refs() == []
