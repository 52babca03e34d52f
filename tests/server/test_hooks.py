"""Deliveries of GitHub, GitLab, Vercel and CDEvents: who sent them, and what is recorded."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import logging
import subprocess
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from starlette.testclient import TestClient

from tests.cli.registries import make_registry
from tests.server.conftest import ADDRESS, bearer, clock_at, token_for
from tests.server.deliveries import DELIVERIES, DIGEST, GITHUB_DEPLOYMENT, GITHUB_STATUS, RECORDED
from versioner.cli.errors import run
from versioner.cli.hook_secrets import hook_secrets
from versioner.errors import UsageFault, VersionerError
from versioner.notify.forms.cdevents import cdevents_request
from versioner.notify.notice_details import NoticeDetails
from versioner.notify.notices import Notice
from versioner.server.app import create_app
from versioner.server.hooks.routes import _READERS
from versioner.server.problems import HttpProblem
from versioner.server.settings import Limits, ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = "2026-11-29T12:00:00Z"
OLD, SECRET = "the-secret-before-this-one", "a-secret-of-the-hooks-0123456789"
SECRETS = dict.fromkeys(("github", "gitlab", "vercel", "cdevents"), (OLD, SECRET))


def signed(system: str, body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Return the headers with which a system signs a body."""
    sha256 = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "github": {"X-Hub-Signature-256": f"sha256={sha256}", "X-GitHub-Delivery": "0b9d"},
        "gitlab": {"X-Gitlab-Token": secret, "X-Gitlab-Event": "Deployment Hook"},
        "vercel": {"x-vercel-signature": hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()},
        "cdevents": {"X-Versioner-Signature": f"sha256={sha256}", "ce-specversion": "1.0"},
    }[system]


def standard(body: bytes, at: int, key: bytes = SECRET.encode()) -> dict[str, str]:
    """Return the headers of Standard Webhooks, as GitLab sends them with a signing token."""
    text = f"msg_1.{at}.".encode() + body
    mac = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{'A' * 43}= v1,{mac}",
    }


# So many deliveries with a wrong signature as the tests send.
LIMITS = Limits(failures=10_000)


class Server:
    """One server for the module, and the registry it writes to."""

    def __init__(self, top: Path, settings: ServerSettings) -> None:
        self.top, self.settings = top, settings
        self.client = TestClient(create_app(settings), base_url=ADDRESS, follow_redirects=False)

    def send(self, system: str, payload: Any, **headers: str) -> Any:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        sent = {"Content-Type": "application/json", **signed(system, body), **headers}
        return self.client.post(f"/hooks/{system}", content=body, headers=sent)

    def message(self, system: str, payload: Any) -> str:
        answer = self.send(system, payload)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["message"])

    def commits(self) -> int:
        done = subprocess.run(
            ["git", "rev-list", "--count", "HEAD"], cwd=self.top, check=True, capture_output=True
        )
        return int(done.stdout)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("hooks")
    top = make_registry(folder / "registry")
    settings = ServerSettings(
        top, folder / "state", clock_at(NOW), hook_secrets=SECRETS, limits=LIMITS
    )
    server = Server(top, settings)
    yield server
    server.client.app.state.services.writer.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", DELIVERIES)
def test_a_delivery_is_recorded_once_however_often_it_comes(server: Server, name: str) -> None:
    system, payload = DELIVERIES[name]
    before = server.commits()
    assert server.message(system, payload) == f"recorded: {RECORDED[name]}"
    assert server.message(system, payload) == f"recorded already: {RECORDED[name]}"
    assert server.commits() == before + 1


def test_a_delivery_that_comes_many_times_at_once_is_recorded_once(server: Server) -> None:
    payload = changed(DELIVERIES["github deployment"][1], ("deployment", "environment"), "at-once")
    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(lambda _: server.send("github", payload), range(16))]
    outcomes = [each.json()["events"][0]["outcome"] for each in answers]
    assert sorted(outcomes) == [*["already"] * 15, "recorded"]


def test_what_is_recorded_is_what_the_system_tells(server: Server) -> None:
    def shown(name: str) -> Any:
        system, payload = DELIVERIES[name]
        event = server.send(system, payload).json()["events"][0]
        shown = subprocess.run(
            ["git", "grep", "-h", event["id"]], cwd=server.top, check=True, capture_output=True
        )
        return shown.stdout.decode()

    assert 'at: "2026-11-20T15:18:49Z"' in (line := shown("github deployment_status"))
    assert 'deploy_url: "https://hello.example.com"' in line
    assert 'scm_repository: "octocat/hello-world"' in line
    assert 'deployed_by: "octocat"' in line
    assert 'source_server: "gitlab.example.com"' in (line := shown("gitlab deployment"))
    assert 'at: "2026-11-20T19:50:00Z"' in line
    assert 'deploy_url: "https://web-shop-mtkps6c3h.vercel.app"' in (
        line := shown("vercel deployment.succeeded")
    )
    assert 'at: "2026-11-20T15:30:00Z"' in line
    assert f'artifacts: {{"artifact": "{DIGEST}"}}' in shown("cdevents service.deployed")
    assert 'build_url: "https://github.com/octocat/hello-world/releases' in shown("github release")


def test_the_list_of_the_system_imported_later_adds_nothing(server: Server, tmp_path: Path) -> None:
    deployment = {**GITHUB_DEPLOYMENT, "id": 9, "url": GITHUB_DEPLOYMENT["url"][:-1] + "9"}
    for status in (None, GITHUB_STATUS):
        payload = {"deployment": deployment} | ({"deployment_status": status} if status else {})
        server.message("github", payload)
    path = tmp_path / "deployments.json"
    path.write_text(json.dumps([{**deployment, "statuses": [GITHUB_STATUS]}]), encoding="utf-8")
    before = server.commits()
    assert run(["import", str(path), "--repo", str(server.top)]) == 0
    assert server.commits() == before


@pytest.mark.parametrize("system", SECRETS)
def test_a_delivery_that_is_not_signed_records_nothing(
    server: Server, system: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = next(each for each in DELIVERIES if each.startswith(system))
    payload = {**DELIVERIES[name][1], "changed": True}
    body = json.dumps(payload).encode()
    good = signed(system, body)
    (header,) = [each for each in good if "signature" in each.lower() or "token" in each.lower()]
    wrong = [
        {},
        {header: ""},
        {header: good[header][:-1]},
        {header: good[header] + "0"},
        {header: "sha256="},
        {header: "é" * 64},
        {header: "x" * 10_000},
        signed(system, body, "another-secret-of-the-hooks-01234"),
        *([] if system == "gitlab" else [signed(system, body + b" ")]),
    ]
    before = server.commits()
    with caplog.at_level(logging.DEBUG):
        for headers in wrong:
            sent = {key: value.encode("utf-8") for key, value in headers.items()}
            answer = server.client.post(f"/hooks/{system}", content=body, headers=sent)
            assert answer.status_code == 401, headers
            assert SECRET not in answer.text
    assert server.commits() == before
    assert SECRET not in caplog.text


def test_however_many_signatures_are_wrong_a_right_one_is_taken(
    serving: Callable[..., TestClient],
) -> None:
    client = serving(hook_secrets=SECRETS, limits=Limits(failures=2))
    body = json.dumps(DELIVERIES["github deployment"][1]).encode()

    def status(secret: str) -> int:
        headers = signed("github", body, secret)
        return client.post("/hooks/github", content=body, headers=headers).status_code

    assert [status("wrong" * 5) for _ in range(3)] == [401, 401, 429]
    assert status(SECRET) == 200
    client.app.state.services.writer.close()  # type: ignore[attr-defined]


def test_the_secret_before_is_good_until_it_is_taken_out(server: Server) -> None:
    body = json.dumps({"zen": "Keep it logically awesome.", "hook_id": 1}).encode()
    answer = server.client.post("/hooks/github", content=body, headers=signed("github", body, OLD))
    assert answer.json()["message"] == "nothing recorded: a ping: the hook works"


@pytest.mark.parametrize("system", ["gitlab", "cdevents"])
def test_a_signature_with_a_time_is_good_for_five_minutes(server: Server, system: str) -> None:
    now = 1795953600
    body = json.dumps(
        DELIVERIES[f"{system} {'deployment' if system == 'gitlab' else 'service.deployed'}"][1]
    )
    sent = body.encode()
    for at, status in ((now, 200), (now - 299, 200), (now - 301, 401), (now + 301, 401)):
        answer = server.client.post(f"/hooks/{system}", content=sent, headers=standard(sent, at))
        assert answer.status_code == status, at
    other = {**standard(sent, now), "webhook-id": "msg_2"}
    assert server.client.post(f"/hooks/{system}", content=sent, headers=other).status_code == 401
    for at in ("x", "-1", "9" * 40, "1e9"):
        headers = {**standard(sent, now), "webhook-timestamp": at}
        answer = server.client.post(f"/hooks/{system}", content=sent, headers=headers)
        assert answer.status_code == 401


def test_a_signing_token_in_base64_is_understood(server: Server) -> None:
    from versioner.server.hooks.signatures import is_signed

    key = b"k" * 32
    secret = "whsec_" + base64.b64encode(key).decode()
    headers = standard(b"{}", 1795953600, key)
    assert is_signed("gitlab", headers, b"{}", [secret], NOW)
    assert not is_signed("gitlab", headers, b"{ }", [secret], NOW)
    assert not is_signed("gitlab", headers, b"{}", ["whsec_!"], NOW)
    assert not is_signed("gitlab", headers, b"{}", [], NOW)


@pytest.mark.parametrize(
    ("system", "payload", "reason"),
    [
        ("github", {"action": "opened", "issue": {}}, "only deployments"),
        ("github", {"action": "created", "release": {"tag_name": "v1"}}, "only its publication"),
        (
            "github",
            {
                "deployment": GITHUB_DEPLOYMENT,
                "deployment_status": {**GITHUB_STATUS, "state": "inactive"},
            },
            "status inactive",
        ),
        ("gitlab", {"object_kind": "push"}, "only events of deployments"),
        ("vercel", {"type": "project.created", "payload": {}}, "only these events"),
        (
            "cdevents",
            {"context": {"type": "dev.cdevents.branch.created.0.1.2"}, "subject": {"id": "x"}},
            "only these events",
        ),
    ],
)
def test_what_is_no_event_is_answered_with_the_reason(
    server: Server, system: str, payload: Any, reason: str
) -> None:
    before = server.commits()
    message = server.message(system, payload)
    assert message.startswith("nothing recorded: ")
    assert reason in message
    assert server.commits() == before


def changed(payload: Any, path: tuple[Any, ...], value: Any) -> Any:
    found = copy.deepcopy(payload)
    inner = found
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return found


@pytest.mark.parametrize(
    ("name", "path", "value", "reason"),
    [
        ("github deployment", ("deployment", "created_at"), "2036-01-01T00:00:00Z", "future"),
        ("github deployment", ("deployment", "created_at"), "yesterday", "is not a time"),
        ("github deployment_status", ("deployment_status", "state"), "shipped", "shipped"),
        ("github deployment", ("deployment", "ref"), "refs/tags/../../x", "version"),
        ("gitlab deployment", ("ref",), None, "refused"),
        ("vercel deployment.succeeded", ("createdAt",), "soon", "time"),
        ("cdevents service.deployed", ("subject", "id"), "", "no product"),
        ("cdevents service.deployed", ("subject", "content", "artifactId"), "", "version"),
    ],
)
def test_what_cannot_be_recorded_is_refused_with_the_reason(
    server: Server, name: str, path: tuple[Any, ...], value: Any, reason: str
) -> None:
    system, payload = DELIVERIES[name]
    payload = changed(payload, path, value)
    if name == "gitlab deployment":
        payload |= {"commit_url": None, "short_sha": None}
    before = server.commits()
    assert reason in server.message(system, payload)
    assert server.commits() == before


def test_a_start_that_a_rule_refuses_is_refused_and_its_result_is_a_fact(server: Server) -> None:
    span = '{"from": "2026-01-01T00:00", "to": "2030-01-01T00:00"}'
    rule = ["rule", "create", "audit", "--type", "schedule", "--reason", "Audit"]
    rule += ["--set", f'schedule={{"blocked": [{{"once": {span}}}]}}']
    rule += ["--set", 'applies_to={"environments": ["frozen"]}']
    assert run([*rule, "--repo", str(server.top)]) == 0
    payload = changed(
        DELIVERIES["github deployment_status"][1], ("deployment_status", "environment"), "frozen"
    )
    started = changed(payload, ("deployment_status", "state"), "in_progress")
    message = server.message("github", started)
    assert message.startswith("refused, nothing recorded: ")
    assert "audit" in message
    assert server.message("github", payload).startswith("recorded: ")


def test_names_of_other_systems_are_made_legal(server: Server) -> None:
    system, payload = DELIVERIES["github deployment"]
    payload = changed(payload, ("deployment", "environment"), "Production (EU) \u202e../..")
    payload = changed(
        payload, ("deployment", "repository_url"), "https://api.github.com/repos/O/My.App"
    )
    assert server.message(system, payload).endswith(
        "deployment of my-app a84d88e7 to production-eu (pending)"
    )


def test_each_hook_and_its_answers_are_described(server: Server) -> None:
    paths = server.client.get("/openapi.json").json()["paths"]
    for system in SECRETS:
        described = paths[f"/hooks/{system}"]["post"]
        assert {"200", "400", "401", "404", "413", "503"} <= described["responses"].keys()
        answer = described["responses"]["200"]["content"]["application/json"]["schema"]
        name = next(each for each in DELIVERIES if each.startswith(system))
        found = server.send(*DELIVERIES[name]).json()
        jsonschema.validate(found, answer)
        for example in answer["examples"]:
            jsonschema.validate(example, answer)
        (header,) = described["parameters"]
        assert header["name"] in signed(system, b"")


def test_github_may_send_a_form(server: Server) -> None:
    _, payload = DELIVERIES["github deployment"]
    form = urllib.parse.urlencode({"payload": json.dumps(payload)}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = server.send("github", form, **kind)
    assert "hello-world" in answer.json()["message"]
    assert server.send("github", b"other=1", **kind).status_code == 400


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[1]", b'"x"', b"1e999999", b'{"a": NaN}', b"\xff\xfe{}", b"[" * 100_000,
     b"[[]]", b"[null, null]", b'[{}, "x"]',
     b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"a": ' + b"1" * 5_000 + b"}"],
)  # fmt: skip
@pytest.mark.parametrize("system", ["github", "cdevents"])
def test_a_signed_body_that_is_no_object_is_a_bad_request(
    server: Server, system: str, body: bytes
) -> None:
    assert server.send(system, body).status_code == 400


@pytest.mark.parametrize("value", [b"1.5", b"{}", b"[{}]", b"null"])
@pytest.mark.parametrize("system", ["github", "cdevents"])
def test_an_object_with_a_key_without_name_is_one_object(
    server: Server, system: str, value: bytes
) -> None:
    answer = server.send(system, b'{"": ' + value + b"}")
    assert answer.status_code == 200
    assert len(answer.json()["events"]) == 1


def test_a_batch_of_cdevents_is_recorded(server: Server) -> None:
    _, payload = DELIVERIES["cdevents service.deployed"]
    batch = [
        {"specversion": "1.0", "data": changed(payload, ("subject", "id"), f"batch-{number}")}
        for number in range(3)
    ]
    before = server.commits()
    found = server.send("cdevents", batch).json()["events"]
    assert [each["outcome"] for each in found] == ["recorded"] * 3
    assert before < server.commits() <= before + 3
    assert server.send("cdevents", [payload] * 101).status_code == 400
    assert server.send("github", [payload]).status_code == 400


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("deployment.completed", {}, "deployment of told 3.1 to staging (completed)"),
        (
            "deployment.completed",
            {"previous": "3.0", "instance": "eu"},
            "deployment of told 3.1 to staging/eu (completed)",
        ),
        (
            "deployment.completed",
            {"previous": "3.2", "also": ("deployment.rollback",), "instance": "us"},
            "deployment of told 3.1 to staging/us (completed)",
        ),
        ("deployment.started", {"version": "3.2"}, "deployment of told 3.2 to staging (started)"),
        ("deployment.failed", {"version": "3.2"}, "deployment of told 3.2 to staging (failed)"),
        ("deployment.undeployed", {}, "undeployment of told 3.1 from staging"),
        ("build.completed", {"version": "4.0"}, "build of told 4.0 (completed)"),
        ("product.deleted", {}, ""),
        ("deployment.preflight_failed", {}, ""),
    ],
)
def test_notifications_of_another_server_of_ours_are_understood(
    server: Server, kind: str, fields: dict[str, Any], message: str
) -> None:
    given = {"version": "3.1", "products": ("told",), "environments": ("staging",), **fields}
    notice = Notice(f"key-{kind}", kind, "2026-11-27T10:00:00Z", **given)
    body, headers = cdevents_request(NoticeDetails(notice), SECRET)
    answer = server.client.post("/hooks/cdevents", content=body, headers=headers)
    assert answer.status_code == 200
    if message:
        assert answer.json()["message"] == f"recorded: {message}"
    else:
        assert answer.json()["message"].startswith("nothing recorded: only these events")


def test_cdevents_may_be_sent_with_a_token_instead(server: Server) -> None:
    body = json.dumps(DELIVERIES["cdevents service.deployed"][1])

    def status(token: str) -> int:
        headers = bearer(token)
        return server.client.post("/hooks/cdevents", content=body, headers=headers).status_code

    assert status(token_for(server.settings, "record")) == 200
    assert status(token_for(server.settings, "read")) == 403
    assert status(token_for(server.settings, "record", products=["other"])) == 403
    assert status("vr_0000_wrong") == 401
    github = server.client.post(
        "/hooks/github", content=body, headers=bearer(token_for(server.settings, "record"))
    )
    assert github.status_code == 401


def test_a_system_without_a_secret_is_not_taken(serving: Callable[..., TestClient]) -> None:
    client = serving()
    for system in SECRETS:
        body = b"{}"
        answer = client.post(f"/hooks/{system}", content=body, headers=signed(system, body, ""))
        assert answer.status_code == 404
        assert f"--hook {system}" in answer.json()["hint"]
    assert client.get("/hooks/github").status_code == 405


def test_a_server_that_cannot_record_now_says_try_again(
    serving: Callable[..., TestClient],
) -> None:
    client = serving(hook_secrets=SECRETS)
    client.app.state.services.writer.close()  # type: ignore[attr-defined]
    system, payload = DELIVERIES["github deployment"]
    body = json.dumps(payload).encode()
    answer = client.post(f"/hooks/{system}", content=body, headers=signed(system, body))
    assert answer.status_code == 503


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in pairs:
        yield (*path, key)
        yield from paths_in(inner, (*path, key))


HOSTILE = (
    None, [], {}, [{}], 0, -1, 1e308, 10**400, True, "", "x" * 100_000, "\x00", "\ud800",
    "../../x", "::error::x", "\u202e", {"": {"": []}}, "2026-13-45T99:99:99Z", "pkg:",
)  # fmt: skip


@pytest.mark.parametrize("name", DELIVERIES)
def test_no_value_of_any_type_at_any_place_is_a_defect(
    name: str, scale: Callable[[int, int], int]
) -> None:
    system, payload = DELIVERIES[name]
    places = [(path, value) for path in paths_in(payload) for value in HOSTILE]
    for path, value in places[:: scale(7, 1)]:
        try:
            _READERS[system](changed(payload, path, value), NOW)
        except (VersionerError, HttpProblem):
            continue


@pytest.mark.parametrize("name", DELIVERIES)
def test_hostile_values_are_answered_and_leave_a_valid_registry(
    server: Server, name: str, scale: Callable[[int, int], int]
) -> None:
    system, payload = DELIVERIES[name]
    places = [(path, value) for path in paths_in(payload) for value in HOSTILE]
    for path, value in places[:: scale(97, 1)]:
        body = json.dumps(changed(payload, path, value)).encode()
        assert server.send(system, body).status_code in (200, 400)
    assert run(["validate", "--repo", str(server.top)]) == 0


def test_secrets_come_from_the_environment_by_name() -> None:
    environ = {"VERSIONER_HOOK_GITHUB": f"{OLD}\n{SECRET}\n", "MINE": SECRET}
    assert hook_secrets(["github", "gitlab=MINE"], environ) == {
        "github": (OLD, SECRET),
        "gitlab": (SECRET,),
    }
    for hook, message in (
        ("jenkins", "is not known"),
        ("vercel", "VERSIONER_HOOK_VERCEL has no secret"),
        ("vercel=SHORT", "too short"),
    ):
        with pytest.raises(UsageFault, match=message):
            hook_secrets([hook], {"SHORT": "short"})
