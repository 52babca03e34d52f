"""The words of status of each CI system and deployment tool, as its documentation spells them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from versioner.errors import InvalidInput
from versioner.models.events import STATUSES
from versioner.models.status_words import STATUS_WORDS
from versioner.names import canonical_status

DOCUMENTATION = Path(__file__).parents[2] / "versioner/docs/recording.md"

# What a pipeline can pass on, or an export holds, by the status that it means.
WORDS = {
    "github job.status": "success=completed failure=failed cancelled=aborted",
    "github conclusions": "success=completed failure=failed cancelled=aborted skipped=aborted "
    "timed_out=failed action_required=pending stale=aborted startup_failure=failed",
    "github deployment statuses": "error=failed failure=failed pending=pending queued=pending "
    "in_progress=started success=completed inactive=undeployed",
    "gitlab CI_JOB_STATUS": "success=completed failed=failed canceled=aborted",
    "gitlab jobs": "created=pending pending=pending running=started manual=pending "
    "scheduled=pending preparing=pending waiting_for_resource=pending canceling=aborted "
    "skipped=aborted waiting_for_callback=pending",
    "gitlab deployments": "created=pending running=started success=completed failed=failed "
    "canceled=aborted skipped=aborted blocked=pending",
    "jenkins currentBuild.result": "SUCCESS=completed UNSTABLE=failed FAILURE=failed "
    "NOT_BUILT=aborted ABORTED=aborted",
    "azure AGENT_JOBSTATUS": "Succeeded=completed SucceededWithIssues=completed Failed=failed "
    "Canceled=aborted Skipped=aborted",
    "azure runs": "notStarted=pending inProgress=started completed=completed cancelling=aborted "
    "postponed=? succeeded=completed partiallySucceeded=completed abandoned=aborted",
    "bitbucket": "PENDING=pending INPROGRESS=started IN_PROGRESS=started SUCCESSFUL=completed "
    "FAILED=failed ERROR=failed STOPPED=aborted PAUSED=pending EXPIRED=aborted",
    "circleci": "success=completed running=started not_run=aborted failed=failed error=failed "
    "failing=failed on_hold=pending canceled=aborted unauthorized=failed queued=pending "
    "timedout=failed infrastructure_fail=failed fixed=completed",
    "buildkite": "running=started scheduled=pending passed=completed failed=failed "
    "failing=failed blocked=pending canceled=aborted canceling=aborted skipped=aborted "
    "not_run=aborted timed_out=failed expired=aborted broken=failed waiting=pending",
    "travis": "created=pending started=started passed=completed failed=failed errored=failed "
    "canceled=aborted broken=failed",
    "drone and woodpecker": "pending=pending running=started success=completed failure=failed "
    "error=failed killed=aborted skipped=aborted blocked=pending declined=aborted",
    "teamcity": "SUCCESS=completed FAILURE=failed ERROR=failed queued=pending running=started",
    "rundeck": "running=started succeeded=completed failed=failed aborted=aborted "
    "timedout=failed failed-with-retry=failed scheduled=pending",
    "codebuild": "SUCCEEDED=completed FAILED=failed FAULT=failed TIMED_OUT=failed "
    "IN_PROGRESS=started STOPPED=aborted",
    "codepipeline": "Superseded=aborted Stopping=aborted InProgress=started Succeeded=completed",
    "cloud build": "QUEUED=pending WORKING=started SUCCESS=completed FAILURE=failed "
    "INTERNAL_ERROR=failed TIMEOUT=failed CANCELLED=aborted EXPIRED=aborted",
    "appveyor": "queued=pending starting=started running=started success=completed failed=failed "
    "cancelled=aborted",
    "semaphore": "initializing=started queuing=pending passed=completed failed=failed "
    "stopped=aborted canceled=aborted stopping=aborted done=completed",
    "bamboo": "Successful=completed Failed=failed InProgress=started Queued=pending",
    "gocd": "Passed=completed Failed=failed Cancelled=aborted Building=? Failing=failed",
    "harness": "Success=completed Errored=failed Aborted=aborted Expired=aborted "
    "ApprovalWaiting=pending ApprovalRejected=aborted AbortedByFreeze=aborted "
    "ResourceWaiting=pending InterventionWaiting=pending",
    "octopus": "Queued=pending Executing=started Failed=failed Canceled=aborted TimedOut=failed "
    "Success=completed Cancelling=aborted",
    "argo": "Pending=pending Running=started Succeeded=completed Skipped=aborted Failed=failed "
    "Error=failed Omitted=aborted Healthy=completed Progressing=started Degraded=failed",
    "spinnaker": "NOT_STARTED=pending RUNNING=started SUCCEEDED=completed TERMINAL=failed "
    "CANCELED=aborted STOPPED=aborted PAUSED=pending SKIPPED=aborted",
    "helm": "deployed=completed uninstalled=undeployed superseded=aborted failed=failed",
}
CASES = [
    (system, *pair.split("="))
    for system, pairs in WORDS.items()
    for pair in pairs.split()
    if not pair.endswith("?")
]


@pytest.mark.parametrize(("system", "word", "status"), CASES)
def test_a_systems_own_word_has_its_meaning(system: str, word: str, status: str) -> None:
    assert canonical_status(word, "deployment") == status
    if status != "undeployed" and word != "deployed":
        assert canonical_status(word, "build") == status


@pytest.mark.parametrize(
    "spelling",
    [
        *("in_progress", "in-progress", "in progress", "IN PROGRESS", "InProgress", "inProgress"),
        *("IN-PROGRESS", " In Progress\n", "In_-_Progress", "deployment.in_progress"),
    ],
)
def test_case_and_separators_do_not_count(spelling: str) -> None:
    assert canonical_status(spelling, "deployment") == "started"


@pytest.mark.parametrize("kind", STATUS_WORDS)
def test_no_two_words_differ_in_separators_and_mean_different_things(kind: str) -> None:
    meanings: dict[str, set[str]] = {}
    for word, status in STATUS_WORDS[kind].items():  # type: ignore[index]
        meanings.setdefault(word.replace("_", ""), set()).add(status)
    assert {word: found for word, found in meanings.items() if len(found) > 1} == {}


def test_the_documentation_lists_every_word() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (`.*`) \|$", text, re.MULTILINE))
    listed = {word: status for status in rows for word in re.findall(r"`(\w+)`", rows[status])}
    words = {**STATUS_WORDS["build"], **STATUS_WORDS["deployment"]}
    assert listed == {word: status for word, status in words.items() if word != status}


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_its_own_word(status: str) -> None:
    assert canonical_status(status, "build") == canonical_status(status, "deployment") == status


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("complted", "completed"),
        ("sucess", "success"),
        ("Succesful", "successful"),
        ("SUCCEDED", "succeeded"),
        ("faled", "failed"),
        ("in-progres", "in_progress"),
        ("timed outt", "timed_out"),
        ("cancled", "canceled"),
        ("pendign", "pending"),
        ("skiped", "skipped"),
    ],
)
def test_a_slip_gets_the_word_that_was_meant(word: str, meant: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        canonical_status(word, "deployment")
    assert f"did you mean {meant}?" in caught.value.hint


@pytest.mark.parametrize(
    "word",
    [
        *("unsuccessful", "incomplete", "not completed", "undone", "unfinished", "redeployed"),
        # One slip away from "passed" and from "paused".
        "pased",
        *("un", "no", "ok", "x" * 10_000, "succeeded failed", "not failed"),
    ],
)
def test_a_word_of_another_meaning_gets_no_suggestion(word: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        canonical_status(word, "deployment")
    assert "did you mean" not in caught.value.hint
    for status in STATUSES:
        assert status in caught.value.hint
