"""Recorded environments are detected as recorded; hostile ones never do harm."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.ci.recorded import ENVIRONMENTS, detected, environment, variables_of
from versioner.ci import DetectedRun, detect
from versioner.ci.systems.order import SYSTEMS
from versioner.models import BUILD_KEYS
from versioner.names import is_name, is_version
from versioner.resources import schemas_dir

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

VARIABLES = sorted({name for system in SYSTEMS for name in variables_of(system)})
TOKEN = "hunter2-s3cr3t"
GITHUB_TOKEN = "ghp_" + "A1b2C3d4E5" * 4


def schema_of(kind: str) -> Draft202012Validator:
    def load(name: str) -> Any:
        return json.loads((schemas_dir() / name).read_text(encoding="utf-8"))

    common = Resource.from_contents(load("common.schema.json"))
    registry = Registry().with_resource("common.schema.json", common)
    return Draft202012Validator(load(f"{kind}-event.schema.json"), registry=registry)


DEPLOYMENT = schema_of("deployment")
BUILD = schema_of("build")


def check_recordable(found: DetectedRun) -> None:
    """Assert that all of it fits into an event of either kind as it is."""
    fields = {key: value for key, value in found.fields.items() if not key.startswith("person")}
    assert set(fields) <= set(BUILD_KEYS)
    assert all(found.fields.values())
    for kind, who in ((DEPLOYMENT, "deployed_by"), (BUILD, "built_by")):
        person = {
            key.replace("person", who): value
            for key, value in found.fields.items()
            if key.startswith("person")
        }
        event = {
            **fields,
            **person,
            "at": "2026-11-22T10:15:00Z",
            "version": found.version or "1.0",
            "status": "completed",
            "source_system": found.source_system,
            "extra_metadata": found.extra_metadata,
            "id": "e1",
        }
        if kind is DEPLOYMENT:
            event["environment"] = "production"
        assert [error.message for error in kind.iter_errors(event)] == []
    assert found.product == "" or is_name(found.product)
    assert found.version == "" or is_version(found.version)
    values = [*found.fields.values(), *found.extra_metadata.values(), found.summary_file]
    text = "\n".join(values)
    text.encode("utf-8")
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\u200b-\u200f]", text
    )


@pytest.mark.parametrize("recorded", ENVIRONMENTS, ids=lambda path: path.stem)
def test_a_recorded_environment_gives_the_result_beside_it(recorded: Path) -> None:
    found = detected(environment(recorded.stem))
    assert found._asdict() == json.loads(recorded.with_suffix(".json").read_text(encoding="utf-8"))
    check_recordable(found)


def test_every_system_has_recorded_environments() -> None:
    found = {detected(environment(path.stem)).source_system for path in ENVIRONMENTS}
    assert found == {system.name for system in SYSTEMS}


def test_systems_are_told_in_the_order_of_the_reference() -> None:
    assert [system.name for system in SYSTEMS] == [
        *("forgejo", "gitea", "github", "gitlab", "jenkins", "circleci", "bitbucket"),
        *("azure-devops", "travis", "rundeck"),
        *("buildkite", "woodpecker", "harness", "drone", "teamcity", "aws-codebuild"),
        *("semaphore", "appveyor", "bamboo", "gocd", "codefresh"),
    ]


def test_no_recorded_token_is_in_any_result() -> None:
    for path in ENVIRONMENTS:
        for secret in ("s3cr3t", "hunter2", "not-a-real-one", "not_a_real_one"):
            assert secret not in repr(detect(environment(path.stem)))


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"CI": "true"},
        {"GITHUB_ACTIONS": "false", "GITHUB_SHA": "a" * 40},
        {"JENKINS_URL": ""},
        {"BUILD_NUMBER": "7", "BUILD_URL": "https://ci.example.com/7"},
    ],
)
def test_outside_of_a_known_system_nothing_is_detected(environ: dict[str, str]) -> None:
    assert detect(environ) is None


def test_jobs_of_one_matrix_are_told_apart_and_a_retry_in_a_job_is_not() -> None:
    leg = environment("github-push")
    other = {**leg, "RUNNER_TRACKING_ID": "github_00000000-6c94-40ee-a160-8b3fd282c3a1"}
    assert detected(leg).fields["job"] != detected(other).fields["job"]
    assert detected(leg) == detected({**leg, "GITHUB_ACTION": "__run_3"})


def test_a_rerun_differs_in_its_attempt_only() -> None:
    first, again = (
        detected({**environment("github-push"), "GITHUB_RUN_ATTEMPT": attempt}).fields
        for attempt in "12"
    )
    assert (first.pop("attempt"), again.pop("attempt")) == ("1", "2")
    assert first == again


@pytest.mark.parametrize(
    ("sha", "recorded", "version"),
    [
        ("abc1234", "abc1234", "abc1234"),
        ("ABCDEF0123", "abcdef0123", "abcdef01"),
        ("a" * 64, "a" * 64, "a" * 8),
        *(
            (bad, None, "")
            for bad in ("", "HEAD", "abc12", "a" * 65, "abc1234\n::error::x", "12g4567")
        ),
    ],
)
def test_a_commit_is_recorded_only_where_it_is_one(
    sha: str, recorded: str | None, version: str
) -> None:
    found = detected({**environment("github-push"), "GITHUB_SHA": sha})
    assert (found.fields.get("scm_sha"), found.version) == (recorded, version)


@pytest.mark.parametrize(
    "url",
    [
        f"https://bot:{TOKEN}@git.example.com/acme/user-service.git",
        f"https://{TOKEN}@git.example.com/acme/user-service",
        f"HTTPS://bot:{TOKEN}@GIT.example.com/acme/user-service.git/",
        f"https://bot:{TOKEN}/x@git.example.com/acme/user-service.git",
        f"https://bot:p@{TOKEN}@git.example.com/acme/user-service.git",
        f"https://bot%3A{TOKEN}%40git.example.com/acme/user-service.git",
        f"https://git.example.com/acme/user-service.git?private_token={TOKEN}",
        f"https://git.example.com/acme/user-service.git#{TOKEN}",
        f"//bot:{TOKEN}@git.example.com/acme/user-service.git",
        f"https:bot:{TOKEN}@git.example.com/acme/user-service.git",
        f"https:/bot:{TOKEN}@git.example.com/acme/user-service.git",
        f"https:\\\\bot:{TOKEN}@git.example.com\\acme\\user-service.git",
        f"https://bot:{TOKEN}\n@git.example.com/acme/user-service.git",
        f"ssh://git:{TOKEN}@git.example.com:7999/acme/user-service.git",
        f"git:{TOKEN}@git.example.com:acme/user-service.git",
        f"git+https://bot:{TOKEN}@git.example.com/acme/user-service.git",
        f"git::https://bot:{TOKEN}@git.example.com/acme/user-service.git",
        "git@git.example.com:acme/user-service.git",
        "git.example.com:acme/user-service.git",
        "https://[2001:db8::1]:8443/acme/user-service.git",
        "acme/user-service",
    ],
)
def test_a_clone_address_of_every_shape_loses_its_host_and_its_token(url: str) -> None:
    found = detected({"JENKINS_URL": "https://ci.example.com", "GIT_URL": url})
    assert TOKEN not in repr(found)
    if not url.startswith("git.example.com:"):
        assert found.fields["scm_repository"] == "acme/user-service"
    assert found.product == "user-service"


@pytest.mark.parametrize(
    ("url", "recorded"),
    [
        (f"https://bot:{TOKEN}@ci.example.com/job/7/", "https://ci.example.com/job/7/"),
        (f"https://{TOKEN}@CI.example.com", "https://ci.example.com"),
        (f"https://ci.example.com/7?token={TOKEN}&tab=log", "https://ci.example.com/7?tab=log"),
        (f"https://ci.example.com/7?%74oken={TOKEN};a=b", "https://ci.example.com/7?a=b"),
        (f"https://ci.example.com/7#access_token={TOKEN}", "https://ci.example.com/7"),
        (f"https://bot:12/{TOKEN}@ci.example.com/7", None),
        (f"https://bot:{TOKEN}/x@ci.example.com/7", None),
        (f"https://bot%3A{TOKEN}%40ci.example.com/7", None),
        (f"https://ci.example.com\\@evil.example/{TOKEN}", None),
        (f"https://ci.example.com/{GITHUB_TOKEN}/7", None),
        (f"https://ci.example.com/7?x={GITHUB_TOKEN}", None),
        (f"ftp://bot:{TOKEN}@ci.example.com/7", None),
        (f"javascript:alert('{TOKEN}')", None),
        (f"//bot:{TOKEN}@ci.example.com/7", None),
        ("vstfs:///Build/Build/98765", None),
        ("https://", None),
        ("https://ci.example.com/" + "a" * 100_000, None),
        ("https://ci.example.com/a b\n::error::x", "https://ci.example.com/a%20b%0A::error::x"),
        ("https://ci.example.com/é\udcff\ud800", "https://ci.example.com/%C3%A9%FF%ED%A0%80"),
        ("https://[::1]:8080/7", "https://[::1]:8080/7"),
    ],
)
def test_a_page_of_every_shape_loses_its_token_or_is_left_out(
    url: str, recorded: str | None
) -> None:
    found = detected({"JENKINS_URL": "https://ci.example.com", "BUILD_URL": url})
    assert found.fields.get("build_url") == recorded
    assert TOKEN not in repr(found)
    assert GITHUB_TOKEN not in repr(found)
    check_recordable(found)


@pytest.mark.parametrize(
    ("branch", "recorded"),
    [
        ("main\n::error::pwned", "main ::error::pwned"),
        ("main\r\n##vso[task.setvariable]x", "main ##vso[task.setvariable]x"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07main", "main"),
        ("\x9b2Jmain", "main"),
        ("ma\u202ein\u2066", "main"),
        ("\u200bma\ufeffin\U000e0041", "main"),
        ("caf\udce9", "caf\ufffd"),
        ("feature/naïve-日本", "feature/naïve-日本"),
        ("x" * 100_000, "x" * 200),
        (GITHUB_TOKEN, None),
        ("x" * 190 + GITHUB_TOKEN, None),
        ("refs/heads/refs/heads/x", "refs/heads/x"),
        ("  ", None),
        ("\x00\x07", None),
    ],
)
def test_a_hostile_branch_is_made_harmless(branch: str, recorded: str | None) -> None:
    environ = {**environment("github-push"), "GITHUB_REF_NAME": branch, "GITHUB_REF": ""}
    found = detected(environ)
    assert found.fields.get("scm_branch") == recorded
    check_recordable(found)


def test_long_run_ids_are_cut_and_still_differ() -> None:
    runs = {
        detected({**environment("github-push"), "GITHUB_RUN_ID": "7" * 300 + end}).fields[
            "invoke_id"
        ]
        for end in "123"
    }
    assert len(runs) == 3
    assert {len(run) for run in runs} == {200}


@pytest.mark.parametrize("value", ["", "a\nb", "/tmp/\x1b[2J", "/tmp/\udcff", "/" + "a" * 5000])
def test_a_command_file_with_an_unseemly_path_is_not_used(value: str) -> None:
    environ = {**environment("github-push"), "GITHUB_OUTPUT": value}
    assert detected(environ).output_file == ""


@pytest.mark.parametrize("person", ["dependabot[bot]", "jane", "DOMAIN\\jane", "Jåne Dœ"])
def test_a_person_is_recorded_as_reported(person: str) -> None:
    environ = {**environment("github-push"), "GITHUB_ACTOR": person}
    assert detected(environ).fields["person"] == person


@pytest.mark.parametrize(
    "address", ["jane", "jane@", "<jane@example.com>", "a@b@c", "x" * 400 + "@b"]
)
def test_what_is_no_e_mail_address_is_not_recorded_as_one(address: str) -> None:
    environ = {**environment("gitlab-branch"), "GITLAB_USER_EMAIL": address}
    assert "person_email" not in detected(environ).fields


HOSTILE = st.one_of(
    st.text(st.characters(), max_size=40),  # lone surrogates too
    st.sampled_from(
        [
            *(
                "\x1b[31m",
                "::error::x",
                "##vso[x]",
                "\u202e",
                "\udcff",
                "x" * 100_000,
                "refs/pull/1/merge",
            ),
            *(GITHUB_TOKEN, f"https://a:{TOKEN}@h/x", "https://[", "{GITHUB_SHA}", "\\1", "%", "@"),
        ]
    ),
).flatmap(lambda head: st.text(max_size=20).map(lambda tail: head + tail))


def test_anything_in_the_variables_gives_something_recordable(
    scale: Callable[[int, int], int],
) -> None:
    @settings(deadline=None, max_examples=scale(150, 10_000))
    @given(
        system=st.sampled_from(SYSTEMS),
        values=st.dictionaries(st.sampled_from(VARIABLES), HOSTILE, min_size=3, max_size=25),
    )
    def check(system: Any, values: dict[str, str]) -> None:
        variable, _, value = system.present.partition("=")
        found = detect({**values, variable: value or "x"})
        assert found is not None
        check_recordable(found)
        assert GITHUB_TOKEN not in repr(found)

    check()


def test_detection_imports_nothing_slow() -> None:
    code = "import sys, versioner.ci; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=schemas_dir().parent,
        capture_output=True,
        text=True,
        check=True,
    )
    slow = {"urllib.parse", "hashlib", "json", "jsonschema", "yaml", "git", "click", "subprocess"}
    assert not slow & set(ran.stdout.split())
