"""Exports of other systems, in the shapes that their documentation gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from versioner.editing.importing.options import ImportNotes, ImportOptions
from versioner.editing.importing.rows import read_rows

if TYPE_CHECKING:
    from pathlib import Path

SHA = "a84d88e7554fc1fa21bcbc4efae3c782a70d2b9d"


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Read documents that follow each other in one file: the rows, and the notes."""

    def read(*documents: Any, **options: Any) -> tuple[list[dict[str, Any]], ImportNotes]:
        path = tmp_path / "export.json"
        path.write_text("\n".join(json.dumps(each, indent=1) for each in documents))
        notes = ImportNotes()
        rows = [row for _, row in read_rows(path, ImportOptions(**options), notes=notes)]
        return rows, notes

    return read


def told(rows: list[dict[str, Any]], *keys: str) -> list[tuple[Any, ...]]:
    keys = keys or ("at", "environment", "version", "status")
    return [tuple(row.get(key) for key in keys) for row in rows]


REPOSITORY = "https://api.github.com/repos/octocat/example"


def github(number: int = 1, **fields: Any) -> dict[str, Any]:
    """A deployment as docs.github.com shows it."""
    return {
        "url": f"{REPOSITORY}/deployments/{number}",
        "id": number,
        "node_id": "MDEwOkRlcGxveW1lbnQx",
        "sha": SHA,
        "ref": "topic-branch",
        "task": "deploy",
        "payload": {},
        "original_environment": "staging",
        "environment": "production",
        "description": "Deploy request from hubot",
        "creator": {"login": "octocat", "id": 1, "type": "User", "site_admin": False},
        "created_at": "2012-07-20T01:19:13Z",
        "updated_at": "2012-07-20T01:19:13Z",
        "statuses_url": f"{REPOSITORY}/deployments/{number}/statuses",
        "repository_url": REPOSITORY,
        "transient_environment": False,
        "production_environment": True,
        **fields,
    }


def github_status(state: str, at: str, number: int = 1, **fields: Any) -> dict[str, Any]:
    """A status of a deployment as docs.github.com shows it."""
    return {
        "url": f"{REPOSITORY}/deployments/{number}/statuses/1",
        "id": 1,
        "state": state,
        "creator": {"login": "octocat", "id": 1},
        "description": "Deployment finished successfully.",
        "environment": "production",
        "target_url": "https://example.com/deployment/42/output",
        "created_at": at,
        "updated_at": at,
        "deployment_url": f"{REPOSITORY}/deployments/{number}",
        "repository_url": REPOSITORY,
        "environment_url": "https://test-branch.lab.acme.com",
        "log_url": "https://example.com/deployment/42/output",
        **fields,
    }


def test_deployments_of_github_without_their_statuses_have_no_result(read: Any) -> None:
    rows, notes = read([github(), github(2, ref="v1.4.0")])
    assert (notes.format, notes.without_status) == ("github-deployments", 2)
    assert told(rows) == [
        ("2012-07-20T01:19:13Z", "production", "a84d88e7", "pending"),
        ("2012-07-20T01:19:13Z", "production", "v1.4.0", "pending"),
    ]
    keys = ("product", "scm_repository", "scm_sha", "scm_branch", "deployed_by", "invoke_id")
    assert told(rows, *keys) == [
        ("example", "octocat/example", SHA, "topic-branch", "octocat", "1"),
        ("example", "octocat/example", SHA, None, "octocat", "2"),
    ]


def test_what_ended_is_told_for_deployments_without_a_status_only(read: Any) -> None:
    rows, notes = read(
        [github(), github(2)],
        [github_status("failure", "2012-07-20T01:22:00Z", 2)],
        constants={"status": "completed"},
    )
    assert [row["status"] for row in rows] == ["completed", "pending", "failed"]
    assert notes.without_status == 0


@pytest.mark.parametrize("form", ["after", "before", "inside"])
def test_statuses_of_github_are_the_events_of_their_deployment(read: Any, form: str) -> None:
    statuses = [
        github_status("inactive", "2012-07-21T00:00:00Z"),
        github_status("success", "2012-07-20T01:22:00Z"),
        github_status("in_progress", "2012-07-20T01:20:00Z"),
    ]
    documents: list[Any] = {
        "after": [[github()], statuses],
        "before": [statuses, [github()]],
        "inside": [[github(statuses=statuses)]],
    }[form]
    rows, notes = read(*documents)
    assert told(rows, "at", "status", "build_url") == [
        ("2012-07-20T01:19:13Z", "pending", None),
        ("2012-07-20T01:20:00Z", "started", "https://example.com/deployment/42/output"),
        ("2012-07-20T01:22:00Z", "completed", "https://example.com/deployment/42/output"),
    ]
    assert {row["invoke_id"] for row in rows} == {"1"}
    assert notes.skipped == {"status inactive": 1}


def test_a_status_without_its_deployment_is_refused(read: Any) -> None:
    rows, _ = read([github_status("success", "2012-07-20T01:22:00Z", 9)], [github()])
    assert [list(row) for row in rows if "" in row] == [[""]]
    assert "is not in the file" in rows[-1][""]


def test_a_server_of_ones_own_is_the_source_server(read: Any) -> None:
    base = "https://ghe.acme.test/api/v3/repos/team/My.App"
    rows, _ = read([github(url=f"{base}/deployments/1", repository_url=base)])
    assert told(rows, "source_server", "scm_repository", "product") == [
        ("ghe.acme.test", "team/My.App", "My.App")
    ]


def test_options_say_otherwise_than_the_export(read: Any) -> None:
    deployment = github(payload={"service": "cart", "tag": "7.0"})
    rows, _ = read(
        [deployment],
        mapping={"payload.service": "product", "payload.tag": "version"},
        constants={"environment": "live"},
        values={("status", "inactive"): "undeployed"},
    )
    assert told(rows, "product", "version", "environment") == [("cart", "7.0", "live")]


def gitlab(**fields: Any) -> dict[str, Any]:
    """A deployment as docs.gitlab.com shows it."""
    return {
        "created_at": "2016-08-11T07:36:40.222Z",
        "updated_at": "2016-08-11T07:38:12.414Z",
        "status": "success",
        "deployable": {
            "commit": {"id": SHA, "short_id": "a84d88e7", "title": "Merge branch 'new-title'"},
            "coverage": None,
            "created_at": "2016-08-11T07:36:27.357Z",
            "finished_at": "2016-08-11T07:36:27.851Z",
            "id": 657,
            "name": "deploy",
            "ref": "main",
            "runner": None,
            "stage": "deploy",
            "started_at": "2016-08-11T07:36:20.000Z",
            "status": "success",
            "tag": False,
            "project": {"ci_job_token_scope_enabled": False},
            "user": {"id": 1, "username": "root", "web_url": "http://gitlab.dev/root"},
            "pipeline": {
                "id": 36,
                "ref": "main",
                "sha": SHA,
                "status": "success",
                "web_url": "http://gitlab.dev/root/project/pipelines/12",
            },
        },
        "environment": {"external_url": "https://about.gitlab.com", "id": 9, "name": "production"},
        "id": 41,
        "iid": 1,
        "ref": "main",
        "sha": SHA,
        "user": {"id": 1, "name": "Administrator", "username": "root"},
        **fields,
    }


def test_deployments_of_gitlab_are_read(read: Any) -> None:
    rows, notes = read([gitlab()])
    assert notes.format == "gitlab-deployments"
    assert told(rows) == [
        ("2016-08-11T07:36:20Z", "production", "a84d88e7", "started"),
        ("2016-08-11T07:36:27Z", "production", "a84d88e7", "completed"),
    ]
    keys = ("product", "scm_repository", "source_server", "deployed_by", "invoke_id", "deploy_url")
    assert told(rows, *keys)[1] == (
        *("project", "root/project", "gitlab.dev", "root", "41", "https://about.gitlab.com"),
    )


@pytest.mark.parametrize(
    ("status", "at", "recorded"),
    [
        ("created", "2016-08-11T07:36:40Z", "pending"),
        ("blocked", "2016-08-11T07:36:40Z", "pending"),
        ("running", "2016-08-11T07:36:40Z", "started"),
        ("success", "2016-08-11T07:38:12Z", "completed"),
        ("failed", "2016-08-11T07:38:12Z", "failed"),
        ("canceled", "2016-08-11T07:38:12Z", "aborted"),
    ],
)
def test_each_status_of_gitlab_is_read(read: Any, status: str, at: str, recorded: str) -> None:
    rows, _ = read([gitlab(status=status, deployable=None)], constants={"product": "shop"})
    assert told(rows, "product", "at", "status") == [("shop", at, recorded)]


def test_a_list_of_gitlab_without_its_project_is_refused_with_the_remedy(read: Any) -> None:
    rows, _ = read([gitlab(deployable={"id": 657, "name": "deploy"})])
    assert "--set product=NAME" in rows[0][""]


def test_a_tag_of_gitlab_is_the_version(read: Any) -> None:
    deployable = {**gitlab()["deployable"], "tag": True}
    rows, _ = read([gitlab(ref="spring-release", deployable=deployable)])
    assert told(rows, "version", "scm_branch")[1] == ("spring-release", None)


LISTED = {
    "Project": {"Id": "Projects-1", "Name": "OctoFX Trading Website"},
    "Environment": {"Id": "Environments-1", "Name": "Acceptance"},
    "Tenant": None,
    "Channel": {"Id": "Channels-1", "Name": "Default"},
    "Created": "2014-10-08T14:10:25.000+00:00",
    "Version": "3.0.14",
    "Assembled": "2014-10-08T14:00:00.000+00:00",
    "PackageVersions": "OctoFX.Web 3.0.14",
    "ReleaseNotes": "",
}


def test_the_list_of_the_octopus_command_line_is_read(read: Any) -> None:
    tenant = {"Id": "Tenants-1", "Name": "North America"}
    rows, notes = read([LISTED, {**LISTED, "Tenant": tenant}])
    assert (notes.format, notes.without_status) == ("octopus-deployments", 2)
    assert told(rows, "product", "environment", "version", "instance") == [
        ("OctoFX Trading Website", "Acceptance", "3.0.14", None),
        ("OctoFX Trading Website", "Acceptance", "3.0.14", "North America"),
    ]


ITEM = {
    "Id": "Deployments-18046",
    "ProjectId": "Projects-1",
    "EnvironmentId": "Environments-1",
    "ReleaseId": "Releases-1",
    "DeploymentId": "Deployments-18046",
    "TaskId": "ServerTasks-1",
    "TenantId": None,
    "ReleaseVersion": "3.0.14",
    "Created": "2014-10-08T14:10:25.000+00:00",
    "QueueTime": "2014-10-08T14:10:25.000+00:00",
    "StartTime": "2014-10-08T14:10:30.000+00:00",
    "CompletedTime": "2014-10-08T14:12:00.000+00:00",
    "State": "Success",
    "IsCompleted": True,
}
PROJECT = {"Id": "Projects-1", "Name": "Trading", "Links": {}}
ENVIRONMENT = {"Id": "Environments-1", "Name": "Acceptance", "Links": {}}
OCTOPUS = [
    ("2014-10-08T14:10:30Z", "Acceptance", "3.0.14", "started"),
    ("2014-10-08T14:12:00Z", "Acceptance", "3.0.14", "completed"),
]


def test_a_dashboard_of_octopus_is_read_with_the_names_that_it_gives(read: Any) -> None:
    dashboard = {
        "Projects": [PROJECT],
        "Environments": [ENVIRONMENT],
        "Items": [ITEM],
        "PreviousItems": [ITEM],
        "Links": {},
    }
    rows, _ = read(dashboard)
    assert told(rows) == OCTOPUS
    assert {row["product"] for row in rows} == {"Trading"}


def octopus_answer(kind: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"ItemType": kind, "TotalResults": len(items), "Items": [*items], "Links": {}}


def test_answers_of_the_octopus_api_are_joined_by_their_ids(read: Any) -> None:
    resource = {
        key: ITEM[key]
        for key in ("Id", "ProjectId", "EnvironmentId", "ReleaseId", "TaskId", "Created")
    }
    deployments = octopus_answer("Deployment", {**resource, "DeployedBy": "jane", "Links": {}})
    release = {"Id": "Releases-1", "Version": "3.0.14", "ProjectId": "Projects-1", "Links": {}}
    task = {key: ITEM[key] for key in ("State", "StartTime", "CompletedTime")}
    answers = (
        octopus_answer("Release", release),
        octopus_answer("Task", {"Id": "ServerTasks-1", "Links": {}, **task}),
        [ENVIRONMENT],
    )
    rows, _ = read([PROJECT], deployments, *answers)
    assert [row for row in rows if "" in row] == []
    assert told(rows) == OCTOPUS
    assert {row["deployed_by"] for row in rows} == {"jane"}
    rows, _ = read(deployments, *answers)
    assert "--value product:Projects-1=NAME" in rows[0][""]
    rows, _ = read(deployments, *answers, values={("product", "Projects-1"): "shop"})
    assert {row["product"] for row in rows} == {"shop"}


def test_the_history_of_octopus_is_read_from_a_table(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(
        "DeploymentId;ProjectName;EnvironmentName;ReleaseVersion;TaskState;Created;StartTime;"
        "CompletedTime;DeployedBy\n"
        "Deployments-1;Trading;Acceptance;3.0.14;Success;2014-10-08 14:10:25.0000000 +00:00;"
        "2014-10-08 14:10:30.0000000 +00:00;2014-10-08 14:12:00.0000000 +00:00;jane\n"
        "Deployments-2;Trading;Live;3.0.14;TimedOut;2014-10-09 14:10:25.0000000 +00:00;;;jane\n"
    )
    rows = [row for _, row in read_rows(path)]
    assert told(rows) == [*OCTOPUS, ("2014-10-09T14:10:25Z", "Live", "3.0.14", "failed")]


def argocd(**status: Any) -> dict[str, Any]:
    """An application as `kubectl get applications.argoproj.io -o json` gives it."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": "shop-production",
            "namespace": "argocd",
            "labels": {"app.kubernetes.io/name": "shop", "environment": "production"},
        },
        "spec": {
            "destination": {"namespace": "shop", "server": "https://kubernetes.default.svc"},
            "project": "default",
            "source": {"path": "shop", "repoURL": "https://git.test/acme/gitops.git"},
        },
        "status": status,
    }


def sync(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "deployStartedAt": f"2022-04-1{number}T18:19:50Z",
        "deployedAt": f"2022-04-1{number}T18:19:52Z",
        "id": number,
        "initiatedBy": {"username": "jane"},
        "revision": SHA,
        "source": {"path": "shop", "repoURL": "https://git.test/acme/gitops.git"},
        **fields,
    }


def test_the_history_of_argo_cd_is_read(read: Any) -> None:
    chart = {"chart": "shop", "repoURL": "https://charts.test", "targetRevision": "1.*"}
    image = {"helm": {"parameters": [{"name": "image.tag", "value": "2.4.1"}]}}
    kustomized = {"kustomize": {"images": ["ghcr.io/acme/shop:2.5.0"]}}
    history = [
        sync(0),
        sync(1, source=chart, revision="1.8.0"),
        sync(2, source=image),
        sync(3, source=None, sources=[{"path": "x"}, kustomized], revisions=[SHA, "b" * 40]),
        sync(4, source={"path": "shop", "targetRevision": "v3.1.0"}),
    ]
    failed = {
        "phase": "Failed",
        "message": "one or more objects failed to apply",
        "startedAt": "2022-04-20T10:00:00Z",
        "finishedAt": "2022-04-20T10:00:09Z",
        "syncResult": {"revision": "c" * 40, "source": {"path": "shop"}},
    }
    listed = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [argocd(history=history, operationState=failed)],
    }
    rows, notes = read(listed)
    assert notes.format == "argocd-applications"
    assert told(rows, "product", "environment", "deployed_by")[0] == ("shop", "production", "jane")
    versions = ["a84d88e7", "1.8.0", "2.4.1", "2.5.0", "v3.1.0"]
    ended = [row for row in rows if row["status"] != "started"]
    assert [row["version"] for row in ended] == [*versions, "cccccccc"]
    assert [row["status"] for row in ended] == [*["completed"] * 5, "failed"]
    assert {row.get("scm_sha") for row in rows} == {None}


def vercel(**fields: Any) -> dict[str, Any]:
    """A deployment as vercel.com/docs/rest-api shows it."""
    return {
        "uid": "dpl_2euZBFqxYdDMDG1jTrHFnNZ2eUVa",
        "name": "docs",
        "url": "docs-9jaeg38me.vercel.app",
        "created": 1609492210000,
        "buildingAt": 1609492211000,
        "ready": 1609492260000,
        "state": "READY",
        "type": "LAMBDAS",
        "creator": {"uid": "eLrCnEgbKhsHyfbiNR7E8496", "username": "johndoe"},
        "meta": {"githubCommitSha": SHA, "githubCommitRef": "main"}
        | {"githubOrg": "acme", "githubRepo": "docs"},
        "target": "production",
        "inspectorUrl": "https://vercel.com/acme/docs/J1hXN00qjUeoYfpEEf7dnDtpSiVq",
        **fields,
    }


def test_the_deployments_of_vercel_are_read(read: Any) -> None:
    rows, notes = read(
        vercel(),
        vercel(uid="dpl_2", state="ERROR", target=None, buildingAt=None, meta={}),
        vercel(uid="dpl_3", state="BUILDING", customEnvironment={"slug": "qa"}),
        vercel(uid="dpl_4", state="DELETED"),
    )
    assert notes.format == "vercel-deployments"
    assert told(rows) == [
        ("2021-01-01T09:10:11Z", "production", "a84d88e7", "started"),
        ("2021-01-01T09:11:00Z", "production", "a84d88e7", "completed"),
        ("2021-01-01T09:11:00Z", "preview", "dpl_2", "failed"),
        ("2021-01-01T09:10:11Z", "qa", "a84d88e7", "started"),
    ]
    assert told(rows, "product", "scm_repository", "deployed_by", "deploy_url")[1] == (
        "docs",
        "acme/docs",
        "johndoe",
        "https://docs-9jaeg38me.vercel.app",
    )
    assert dict(notes.skipped) == {"status DELETED": 1}


def cdevent(kind: str, at: int, **content: Any) -> dict[str, Any]:
    return {
        "context": {
            "version": "0.4.1",
            "id": f"271069a8-{at}",
            "source": "/event/source/123",
            "type": f"dev.cdevents.{kind}.0.2.0",
            "timestamp": f"2026-11-20T14:27:{at:02}.315384Z",
        },
        "subject": {"id": "apps/shop", "content": {"environment": {"id": "test"}, **content}},
    }


def test_cdevents_of_services_are_read(read: Any) -> None:
    digest = "sha256:" + "ab" * 32
    rows, notes = read(
        cdevent("service.deployed", 1, artifactId="pkg:generic/shop@1.2.0%2Bbuild.1"),
        cdevent("service.upgraded", 2, artifactId=f"pkg:oci/shop@{digest}?tag=1.3.0"),
        cdevent("service.rolledback", 3, artifactId=f"pkg:oci/shop@{digest.replace(':', '%3A')}"),
        cdevent("service.removed", 4),
        cdevent("change.merged", 5),
        {**cdevent("x", 6), "context": {"type": "dev.cdeventsx.service.deployed.0.1.0"}},
    )
    assert notes.format == "cdevents"
    assert told(rows, "product", "environment", "version", "status") == [
        ("shop", "test", "1.2.0+build.1", "completed"),
        ("shop", "test", "1.3.0", "completed"),
        ("shop", "test", "abababababab", "completed"),
        ("shop", "test", None, "undeployed"),
    ]
    assert rows[1]["artifacts"] == {"artifact": digest}


def test_an_application_without_an_environment_is_refused_with_the_remedy(read: Any) -> None:
    application = argocd(history=[sync(1)])
    del application["metadata"]["labels"]
    rows, _ = read([application])
    assert "--set environment=NAME" in rows[0][""]
    rows, _ = read([application], mapping={"spec.destination.namespace": "environment"})
    assert told(rows, "product", "environment")[0] == ("shop-production", "shop")


@pytest.mark.parametrize(
    "hostile",
    [
        {**github(), "statuses": 7},
        {**github(), "statuses": ["x", None], "creator": "jane", "repository_url": 3, "url": None},
        {**gitlab(), "deployable": [1], "user": None, "status": 3},
        {**ITEM, "ProjectId": {"a": 1}, "State": ["x"], "TenantId": 4},
        {**argocd(history=[None, 3, {}], operationState=[]), "metadata": {"labels": [1]}},
        argocd(history={"a": 1}, operationState={"phase": "Running", "operation": "x"}),
        argocd(history=[sync(1, source={"helm": {"parameters": {}}, "kustomize": [2]})]),
        vercel(created="x", ready=True, buildingAt=1e308, meta=[1], url=7, target={}),
        {**cdevent("service.deployed", 1), "customData": [1]},
        cdevent("service.deployed", 1, environment=[], artifactId={}),
    ],
    ids=range(10),
)
def test_an_object_of_unexpected_types_is_read_or_refused(read: Any, hostile: Any) -> None:
    rows, _ = read([hostile])
    assert all("" in row or row["status"] for row in rows)
