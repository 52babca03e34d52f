"""The wire of the hosted product: what its clients send is recorded, and answered as they read."""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from starlette.testclient import TestClient

from tests.fixtures.bare_registry import copy_of
from tests.server.conftest import ADDRESS, bearer, clock_at, token_for
from versioner.server.app import create_app
from versioner.server.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLI = {"Content-Type": "application/json", "User-Agent": "versioner-cli/1.0.10"}
ACTION = {
    "Content-Type": "application/json",
    "User-Agent": "axios/1.12.2",
    "Accept": "application/json, text/plain, */*",
}
SHA = "4f2a9c1d" * 5


def of_cli(status: str = "success", **said: Any) -> dict[str, Any]:
    """Return what the command line client sends from a GitLab job."""
    body = {
        "product_name": "cart",
        "version": "4.1.0",
        "environment_name": "qa",
        "status": status,
        "source_system": "gitlab",
        "build_number": "17",
        "scm_sha": SHA,
        "scm_repository": "acme/cart",
        "deploy_url": "https://gitlab.example/acme/cart/-/jobs/9",
        "invoke_id": "9001",
        "deployed_by": "ann",
        "deployed_by_email": "ann@example.test",
        "deployed_by_name": "Ann",
        "extra_metadata": {"vi_gl_pipeline_id": "9001", "vi_gl_job_id": "77"},
    }
    return {key: value for key, value in {**body, **said}.items() if value is not None}


class Server:
    """One server on a bare registry, and its tokens."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.http = TestClient(create_app(settings), base_url=ADDRESS, follow_redirects=False)
        self.record = token_for(settings, "record")
        self.read = token_for(settings, "read")


class Client:
    """A client of the server, with a product of the test's own."""

    def __init__(self, server: Server, product: str) -> None:
        self.server = server
        self.settings = server.settings
        self.product = product

    def cli(self, status: str = "success", **said: Any) -> dict[str, Any]:
        """Return what the command line client sends of the test's product."""
        return of_cli(status, **{"product_name": self.product, **said})

    def action(self, status: str = "success", **said: Any) -> dict[str, Any]:
        """Return what the action sends: the time of the request is `completed_at` of any status."""
        return self.cli(
            status,
            source_system="github",
            deploy_url="https://github.com/acme/cart/actions/runs/9001",
            completed_at="2026-11-29T12:00:00.512Z",
            extra_metadata={},
            **said,
        )

    def post(self, body: Any, path: str = "/deployment-events/", **headers: str) -> Any:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**CLI, **bearer(self.server.record), **headers}
        return self.server.http.post(f"{ADDRESS}{path}", content=sent, headers=headers)

    def get(self, path: str, **headers: str) -> Any:
        headers = {**bearer(self.server.read), **headers}
        return self.server.http.get(f"{ADDRESS}{path}", headers=headers)

    def events(self) -> list[dict[str, Any]]:
        """Return the product's events on the branch, builds after deployments."""
        place = f"registry/products/{self.product}/"
        found = subprocess.run(
            ["git", "grep", "-h", "^- {", "main", "--", place],
            cwd=str(self.settings.location), capture_output=True, text=True, check=False,
        )  # fmt: skip
        return [yaml.safe_load(line[2:]) for line in found.stdout.splitlines()]


@pytest.fixture(scope="module")
def server(pattern: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("wire")
    post = copy_of(pattern, folder / "bare.git")
    made = Server(ServerSettings(post.path, folder / "state", clock_at()))
    yield made
    made.http.close()


@pytest.fixture
def client(server: Server, request: pytest.FixtureRequest) -> Client:
    name = sha256(request.node.name.encode()).hexdigest()[:8]
    return Client(server, f"cart-{name}")


def test_a_started_and_a_success_of_one_run_are_one_deployment(client: Client) -> None:
    first = client.post(client.cli("started")).json()
    second = client.post(client.cli("success")).json()
    assert first["id"] == second["id"] == first["deployment_id"] == first["event_id"]
    assert second["event_id"] != first["event_id"]
    assert (first["status"], second["status"]) == ("started", "completed")
    assert first["completed_at"] is None
    assert second["completed_at"].endswith("Z")
    assert second["deployed_at"] == first["deployed_at"]
    assert [each["status"] for each in client.events()] == ["started", "completed"]


@pytest.mark.parametrize(
    "path",
    ["/deployment-events/", "/deployment-events", "//deployment-events/", "//deployment-events"],
)
def test_each_form_of_the_path_is_the_endpoint(client: Client, path: str) -> None:
    answer = client.post(client.cli(), path)
    assert answer.status_code == 200
    assert answer.json()["product_id"] == client.product


def test_the_former_path_of_builds_is_that_of_builds(client: Client) -> None:
    build = {"product_name": client.product, "version": "5", "status": "success"}
    for path in ("/version-events/", "/build-events/"):
        assert client.post(build, path).json()["version_id"] == f"{client.product}@5"
    assert len(client.events()) == 1


def test_a_resent_post_is_the_same_event(client: Client) -> None:
    replies = [client.post(client.cli("started")).json() for _ in range(3)]
    assert replies[0] == replies[1] == replies[2]
    assert len(client.events()) == 1


def test_without_a_run_the_same_body_of_the_same_token_is_the_same_event(client: Client) -> None:
    body = client.cli(invoke_id=None, extra_metadata=None)
    first = client.post(body).json()
    assert client.post(body).json() == first
    other = token_for(client.settings, "record")
    assert client.post(body, **bearer(other)).json()["event_id"] != first["event_id"]
    assert client.post({**body, "build_number": "18"}).json()["event_id"] != first["event_id"]
    assert len(client.events()) == 3


def test_the_action_starts_a_deployment_although_it_sends_its_completion(client: Client) -> None:
    reply = client.post(client.action("started"), **ACTION).json()
    assert (reply["status"], reply["completed_at"]) == ("started", None)
    assert client.post(client.action("success"), **ACTION).json()["id"] == reply["id"]


def test_a_completion_before_its_own_start_is_a_lie(client: Client) -> None:
    started = client.post(client.cli("started")).json()
    done = client.post(client.cli(completed_at="2026-11-29T08:00:00Z")).json()
    assert done["id"] == started["id"]
    assert done["completed_at"] >= started["deployed_at"]


def test_a_completion_in_the_past_is_when_it_happened(client: Client) -> None:
    done = client.post(client.cli(completed_at="2026-11-20T08:00:00+02:00")).json()
    assert done["completed_at"] == done["deployed_at"] == "2026-11-20T06:00:00Z"
    assert client.post(client.cli(completed_at="2026-11-20T08:00:00+02:00")).json() == done


def test_unknown_fields_are_ignored_and_values_of_255_characters_are_taken(client: Client) -> None:
    long = "x" * 255
    body = client.cli(
        invoke_id=long, deployed_by=long, deployed_by_name=long, skip_preflight_checks=True, odd={}
    )
    reply = client.post(body)
    assert reply.status_code == 200, reply.text
    assert reply.json()["invoke_id"] == reply.json()["deployed_by"] == long
    too_long = client.post(client.cli(invoke_id=long + "x"))
    assert too_long.status_code == 422
    assert too_long.json()["detail"][0]["loc"] == ["body", "invoke_id"]


def test_a_name_of_a_person_that_cannot_be_kept_costs_no_event(client: Client) -> None:
    reply = client.post(client.cli(deployed_by_name="Ann\tLee\x1b[2J", deployed_by_email="none"))
    assert reply.status_code == 200, reply.text
    (event,) = client.events()
    assert event["extra_metadata"].keys() & {"vi_sent_deployed_by_name"} == set()


@pytest.mark.parametrize(
    ("word", "status"),
    [("cancelled", "aborted"), ("SUCCESS", "completed"), ("skipped", "aborted"),
     ("In Progress", "started"), ("failure", "failed")],
)  # fmt: skip
def test_statuses_are_taken_raw(client: Client, word: str, status: str) -> None:
    assert client.post(client.cli(word)).json()["status"] == status


@pytest.mark.parametrize(
    ("body", "code", "place"),
    [
        (b"{", 400, None),
        (b'{"product_name": NaN}', 400, None),
        (b"[]", 422, ["body"]),
        ({"product_name": None}, 422, ["body", "product_name"]),
        ({"status": "perhaps"}, 422, ["body", "status"]),
        ({"status": 7}, 422, ["body", "status"]),
        ({"product_name": "\ud800"}, 422, ["body", "product_name"]),
        ({"extra_metadata": []}, 422, ["body", "extra_metadata"]),
        ({"extra_metadata": {"a": "\ud800"}}, 422, ["body", "extra_metadata"]),
        ({"completed_at": "yesterday"}, 422, ["body", "completed_at"]),
        ({"version": "a b"}, 422, ["body", "version"]),
        ({"environment_name": "Q A"}, 422, ["body", "environment_name"]),
        ({"extra_metadata": {"a": "x" * 102_400}}, 413, None),
        (b"[" * 100_000, 400, None),
        ({"product_name": "x" * 3_000_000}, 413, None),
    ],
)
def test_a_wrong_body_is_refused_in_both_shapes(
    client: Client, body: Any, code: int, place: list[str] | None
) -> None:
    answer = client.post(body if isinstance(body, bytes) else client.cli(**body))
    told = answer.json()
    assert answer.status_code == code, told
    if place is not None:
        assert told["detail"][0]["loc"] == place
        assert told["message"]
    else:
        assert told["detail"] == told["message"]
        assert told["code"] in ("INVALID_JSON", "METADATA_TOO_LARGE", "TOO_LARGE")
    assert client.events() == []


def test_another_commit_of_a_version_is_a_conflict_in_both_shapes(client: Client) -> None:
    client.post(client.cli("started"))
    body = client.cli(scm_sha="b" * 40, environment_name="prod")
    told = client.post(body)
    assert told.status_code == 409
    flat = told.json()
    assert flat["code"] == flat["detail"]["code"] == "VERSION_CONFLICT"
    assert "was built from" in flat["detail"]["message"]
    assert flat["message"] == flat["detail"]["message"]
    build = client.post({**body, "environment_name": None}, "/build-events/")
    assert build.status_code == 409
    assert build.json()["detail"] == build.json()["message"] == flat["message"]


def test_a_deleted_product_is_refused(client: Client) -> None:
    from versioner.editing.products import delete_product
    from versioner.git.repository import open_repository

    delete_product(open_repository(client.settings.location), "web", now="2026-11-29T12:00:00Z")
    told = client.post(client.cli(product_name="web"))
    assert (told.status_code, told.json()["code"]) == (409, "PRODUCT_DELETED")


def test_a_missing_and_a_wrong_token_and_a_missing_scope(client: Client) -> None:
    for headers, code in (
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer vr_0_wrong"}, 401),
        (bearer(client.server.read), 403),
        (bearer(token_for(client.settings, "record", products=["shop"])), 403),
        (bearer(token_for(client.settings, "record", environments=["staging"])), 403),
    ):
        told = client.post(client.cli(), **headers)
        assert told.status_code == code, headers
        assert isinstance(told.json()["detail"], str)
        assert told.json()["message"] == told.json()["detail"]
        assert told.json()["code"] == {401: "UNAUTHENTICATED", 403: "FORBIDDEN"}[code]
        assert ("www-authenticate" in told.headers) == (code == 401)
    assert client.events() == []


def test_a_build_answers_its_version_and_the_first_start_that_was_told(client: Client) -> None:
    body = {
        "product_name": client.product, "version": "4.1.0", "status": "started", "invoke_id": "5",
        "scm_sha": SHA, "scm_branch": "main", "source_system": "github", "built_by": "ann",
        "build_url": "https://github.com/acme/cart/actions/runs/5", "build_number": "5",
        "started_at": "2026-11-29T11:00:00Z", "error_message": "none",
    }  # fmt: skip
    first = client.post(body, "/build-events/", **ACTION).json()
    again = {**body, "status": "success", "started_at": "2026-11-29T11:30:00Z"}
    second = client.post(again, "/build-events", **ACTION).json()
    assert first["started_at"] == second["started_at"] == "2026-11-29T11:00:00Z"
    assert first["id"] == second["id"]
    assert second["version_id"] == f"{client.product}@4.1.0"
    assert second["status"] == "completed"
    plain = client.post(
        {"product_name": client.product, "version": "4.2.0"}, "//build-events/"
    ).json()
    assert (plain["status"], plain["started_at"]) == ("completed", None)
    assert client.post({**body, "status": "pending", "version": "5"}, "/build-events").json()


def test_the_read_endpoints_answer_lists_and_objects(client: Client) -> None:
    made = client.post(client.cli("started")).json()
    client.post(client.cli("success"))
    (only,) = client.get(f"/deployments/?product={client.product}&status=success").json()
    assert only["id"] == made["id"]
    assert client.get(f"/deployments/{made['event_id']}").json()["id"] == made["id"]
    assert len(client.get("/deployments?environment=qa&limit=1").json()) == 1
    assert client.get(f"/versions/{client.product}@4.1.0").json()["scm_sha"] == SHA
    found = client.get(f"/versions/?scm_sha={SHA[:8]}").json()
    assert made["version_id"] in [each["version_id"] for each in found]
    names = [each["id"] for each in client.get("/products").json()]
    assert {client.product, "shop"} <= set(names)
    assert client.get("/products/shop").json()["description"] == "Sells"
    assert {each["name"] for each in client.get("/environments/").json()} >= {"qa", "staging"}
    assert client.get("/environments/qa").json()["type"] == "test"
    for path in ("deployments/0", "versions/cart@9", "products/no", "environments/no"):
        missing = client.get(f"/{path}")
        assert missing.status_code == 404
        assert isinstance(missing.json()["detail"], str)
    assert client.server.http.get("/deployments/").status_code == 401
    assert client.get("/deployments/?limit=0").status_code == 422
    assert client.get("/deployments/?status=odd").status_code == 422


@pytest.mark.parametrize("query", ["limit=0", "limit=many", "status=flying"])
def test_a_wrong_filter_is_refused_in_both_shapes(client: Client, query: str) -> None:
    told = client.get(f"/deployments/?{query}")
    assert told.status_code == 422
    assert told.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]
    assert told.json()["message"]
    assert (client.get("/deployments/", Authorization="").json()["code"]) == "UNAUTHENTICATED"


def test_links_that_the_clients_print_lead_to_our_pages(client: Client) -> None:
    made = client.post(client.cli("started", version="4.1.0+b/1")).json()
    month = made["deployed_at"][:7]
    page = f"/products/{client.product}/{month}.html"
    link = client.get(f"/manage/deployments?view={made['id']}")
    assert (link.status_code, link.headers["location"]) == (302, f"{page}#d-{made['id']}")
    for path in ("versions?", "catalog?tab=versions&"):
        link = client.get(f"/manage/{path}view={made['version_id']}")
        assert link.headers["location"] == f"{page}#v-4.1.0+b/1"
    for view in ("//evil.example/", "nothing", "../..", "%0d%0aSet-Cookie:x"):
        link = client.get(f"/manage/deployments?view={view}")
        assert link.headers["location"] == "/deployments/index.html"
