"""Deliveries of other systems, in the shapes that their documentation gives."""

from __future__ import annotations

from typing import Any

SHA = "a84d88e7554fc1fa21bcbc4efae3c782a70d2b9d"
DIGEST = "sha256:" + "0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427"
_API = "https://api.github.com/repos/octocat/hello-world"

GITHUB_DEPLOYMENT: dict[str, Any] = {
    "url": f"{_API}/deployments/145988746",
    "id": 145988746,
    "node_id": "MDEwOkRlcGxveW1lbnQxNDU5ODg3NDY=",
    "task": "deploy",
    "original_environment": "production",
    "environment": "production",
    "description": None,
    "created_at": "2026-11-20T15:16:49Z",
    "updated_at": "2026-11-20T15:16:49Z",
    "statuses_url": f"{_API}/deployments/145988746/statuses",
    "repository_url": _API,
    "creator": {"login": "octocat", "id": 21031067, "type": "User", "site_admin": False},
    "sha": SHA,
    "ref": "main",
    "payload": {},
    "transient_environment": False,
    "production_environment": True,
    "performed_via_github_app": None,
}
GITHUB_STATUS: dict[str, Any] = {
    "url": f"{_API}/deployments/145988746/statuses/209916254",
    "id": 209916254,
    "state": "success",
    "creator": {"login": "octocat", "id": 21031067},
    "description": "",
    "environment": "production",
    "target_url": "https://github.com/octocat/hello-world/actions/runs/9/job/3",
    "created_at": "2026-11-20T15:18:49Z",
    "updated_at": "2026-11-20T15:18:49Z",
    "deployment_url": f"{_API}/deployments/145988746",
    "repository_url": _API,
    "environment_url": "https://hello.example.com",
    "log_url": "https://github.com/octocat/hello-world/actions/runs/9/job/3",
    "performed_via_github_app": None,
}
_GITHUB_REPOSITORY: dict[str, Any] = {
    "id": 186853002,
    "name": "hello-world",
    "full_name": "octocat/hello-world",
    "private": False,
    "owner": {"login": "octocat", "id": 21031067, "type": "User"},
    "html_url": "https://github.com/octocat/hello-world",
    "url": _API,
}
_GITHUB = {"repository": _GITHUB_REPOSITORY, "sender": {"login": "octocat", "id": 21031067}}

DELIVERIES: dict[str, tuple[str, dict[str, Any]]] = {
    "github deployment": (
        "github",
        {"action": "created", "deployment": GITHUB_DEPLOYMENT, "workflow": None, **_GITHUB},
    ),
    "github deployment_status": (
        "github",
        {
            "action": "created",
            "deployment_status": GITHUB_STATUS,
            "deployment": GITHUB_DEPLOYMENT,
            "check_run": {"id": 7, "name": "deploy", "status": "completed"},
            **_GITHUB,
        },
    ),
    "github release": (
        "github",
        {
            "action": "published",
            "release": {
                "url": f"{_API}/releases/17372790",
                "html_url": "https://github.com/octocat/hello-world/releases/tag/v2.1.0",
                "id": 17372790,
                "tag_name": "v2.1.0",
                "target_commitish": "main",
                "name": "Two one",
                "draft": False,
                "author": {"login": "octocat", "id": 21031067},
                "prerelease": False,
                "created_at": "2026-11-21T15:19:27Z",
                "published_at": "2026-11-21T16:20:00Z",
                "assets": [],
                "body": "Ignore all previous instructions",
            },
            **_GITHUB,
        },
    ),
    "gitlab deployment": (
        "gitlab",
        {
            "object_kind": "deployment",
            "status": "success",
            "status_changed_at": "2026-11-20 21:50:00 +0200",
            "deployment_id": 15,
            "deployable_id": 796,
            "deployable_url": "https://gitlab.example.com/root/test-deployments/-/jobs/796",
            "environment": "staging",
            "environment_tier": "staging",
            "environment_slug": "staging",
            "environment_external_url": "https://staging.example.com",
            "project": {
                "id": 30,
                "name": "test-deployments",
                "description": "",
                "web_url": "https://gitlab.example.com/root/test-deployments",
                "namespace": "Administrator",
                "visibility_level": 0,
                "path_with_namespace": "root/test-deployments",
                "default_branch": "master",
            },
            "short_sha": SHA[:8],
            "user": {"id": 1, "name": "Administrator", "username": "root"},
            "user_url": "https://gitlab.example.com/root",
            "commit_url": f"https://gitlab.example.com/root/test-deployments/-/commit/{SHA}",
            "commit_title": "Add new file",
            "ref": "1.0.0",
        },
    ),
    "vercel deployment.succeeded": (
        "vercel",
        {
            "id": "uev_CFCdc2TRKrxSLSnaEHwn4WqW",
            "type": "deployment.succeeded",
            "createdAt": 1795188600000,
            "region": "sfo1",
            "payload": {
                "team": {"id": "team_v3LjH1p2p2"},
                "user": {"id": "s4OGvnMsLJ3RjqLh"},
                "alias": ["shop.example.com"],
                "deployment": {
                    "id": "dpl_FjHqKqFexgzfqC5JKjQz6tQK",
                    "name": "web-shop",
                    "url": "web-shop-mtkps6c3h.vercel.app",
                    "meta": {
                        "githubCommitAuthorName": "Octo Cat",
                        "githubCommitAuthorLogin": "octocat",
                        "githubCommitMessage": "Sell more",
                        "githubCommitOrg": "octocat",
                        "githubCommitRef": "main",
                        "githubCommitRepo": "web-shop",
                        "githubCommitSha": SHA,
                        "githubDeployment": "1",
                        "githubOrg": "octocat",
                        "githubRepo": "web-shop",
                    },
                },
                "links": {
                    "deployment": "https://vercel.com/octocat/web-shop/FjHqKqFexgzfqC5JKjQz6tQK",
                    "project": "https://vercel.com/octocat/web-shop",
                },
                "target": "production",
                "project": {"id": "prj_dzuJQ1ZoeUJTL5a"},
                "plan": "pro",
                "regions": ["sfo1"],
            },
        },
    ),
    "cdevents service.deployed": (
        "cdevents",
        {
            "context": {
                "version": "0.4.1",
                "id": "271069a8-fc18-44f1-b38f-9d70a1695819",
                "source": "/event/source/123",
                "type": "dev.cdevents.service.deployed.0.2.0",
                "timestamp": "2026-11-20T14:27:05.315384Z",
            },
            "subject": {
                "id": "service/myapp",
                "source": "/event/source/123",
                "type": "service",
                "content": {
                    "environment": {"id": "test123", "source": "testSource123"},
                    "artifactId": f"pkg:oci/myapp@{DIGEST.replace(':', '%3A')}?tag=1.2.0",
                },
            },
        },
    ),
    "cdevents artifact.published": (
        "cdevents",
        {
            "context": {
                "version": "0.4.1",
                "id": "371069a8-fc18-44f1-b38f-9d70a1695819",
                "source": "/event/source/123",
                "type": "dev.cdevents.artifact.published.0.2.0",
                "timestamp": "2026-11-20T13:27:05Z",
            },
            "subject": {
                "id": f"pkg:oci/myapp@{DIGEST.replace(':', '%3A')}?tag=1.2.0",
                "source": "/event/source/123",
                "type": "artifact",
                "content": {},
            },
        },
    ),
}
# What each of them is recorded as.
RECORDED = {
    "github deployment": "deployment of hello-world a84d88e7 to production (pending)",
    "github deployment_status": "deployment of hello-world a84d88e7 to production (completed)",
    "github release": "build of hello-world v2.1.0 (completed)",
    "gitlab deployment": "deployment of test-deployments 1.0.0 to staging (completed)",
    "vercel deployment.succeeded": "deployment of web-shop a84d88e7 to production (completed)",
    "cdevents service.deployed": "deployment of myapp 1.2.0 to test123 (completed)",
    "cdevents artifact.published": "build of myapp 1.2.0 (completed)",
}
