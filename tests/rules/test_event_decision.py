from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import build, cell_of, deployment, moment, undeployment, void
from versioner.errors import Blocked, InvalidInput
from versioner.layout import month_of, year_of
from versioner.rules.event_decision import AlreadyRecorded, New, evaluate_event, same_sha
from versioner.rules.event_identity import derive_event_id
from versioner.rules.visible import VisibleEvents, VisibleLogs
from versioner.serialization import log

if TYPE_CHECKING:
    from versioner.models import Event, EventKind
    from versioner.rules.event_decision import EventDecision
    from versioner.rules.visible import Visible

SHA = "0123456789abcdef0123456789abcdef01234567"


class Writer:
    """Records as a writer does: decides on each event against the logs, and appends what is new.

    It sees the logs as bytes, with and without archived months, and as events, and asserts that all
    give the same decision.
    """

    def __init__(self, *events: Event) -> None:
        self.events: dict[EventKind, list[Event]] = {"build": [], "deployment": []}
        for event in events:
            is_deployment = "environment" in event or "voids" in event
            self.events["deployment" if is_deployment else "build"].append(event)

    def views(self) -> list[Visible]:
        logs: dict[tuple[EventKind, str], bytes] = {}
        archived: dict[tuple[EventKind, str], bytes] = {}
        for kind, events in self.events.items():
            for index, event in enumerate(events):
                key = (kind, month_of(event["at"]))
                logs[key] = log.append(kind, logs.get(key), [event])
                if index < (len(events) + 1) // 2:
                    # The later events arrived after their month was archived.
                    key = (kind, year_of(event["at"]))
                archived[key] = log.append(kind, archived.get(key), [event])
        own = VisibleEvents(self.events["build"], self.events["deployment"])
        return [VisibleLogs(logs), VisibleLogs(archived), own]

    def decide(self, event: Event, kind: EventKind, event_id: str = "") -> EventDecision:
        fields = {key: value for key, value in event.items() if key != "id"}

        def candidate(ordinal: int) -> str:
            return event_id or derive_event_id("user-service", fields, ordinal)

        outcomes: list[Any] = []
        for visible in self.views():
            try:
                outcomes.append(
                    evaluate_event(
                        kind, fields, visible=visible, candidate=candidate, given=bool(event_id)
                    )
                )
            except (Blocked, InvalidInput) as error:
                outcomes.append(error)
        one, *others = outcomes
        assert {type(other) for other in others} == {type(one)}
        if isinstance(one, Exception):
            assert {str(other) for other in others} == {str(one)}
            raise one
        assert others == [one] * len(others)
        return one

    def deploy(self, *args: Any, event_id: str = "", **fields: Any) -> EventDecision:
        decision = self.decide(deployment(*args, **{**RUN, **fields}), "deployment", event_id)
        if isinstance(decision, New):
            self.events["deployment"].append(decision.event)
        return decision

    def build(self, *args: Any, event_id: str = "", **fields: Any) -> EventDecision:
        decision = self.decide(build(*args, **{**RUN, **fields}), "build", event_id)
        if isinstance(decision, New):
            self.events["build"].append(decision.event)
        return decision


RUN = {"source_system": "github", "scm_repository": "acme/user-service", "invoke_id": "9001"}


# ---- idempotence: the cases of the design ------------------------------------------------


def test_a_retry_is_recorded_already():
    writer = Writer()
    first = writer.deploy(minutes=0, deployed_by="jane")
    again = writer.deploy(minutes=3, deployed_by="joe", extra_metadata={"try": 2})
    assert isinstance(first, New)
    assert again == AlreadyRecorded(first.event)


def test_a_retry_over_the_end_of_a_month_is_recorded_already():
    writer = Writer()
    writer.deploy(at="2026-10-31T23:59:59Z")
    assert isinstance(writer.deploy(at="2026-11-01T00:00:01Z"), AlreadyRecorded)


def test_a_status_after_another_is_new():
    writer = Writer()
    verdicts = [writer.deploy(status=status) for status in ("pending", "started", "completed")]
    assert all(isinstance(each, New) for each in verdicts)
    assert len(cell_of("p", "production", writer.events["deployment"]).deployments) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"attempt": "1"}, {"attempt": "2"}, id="a re-run"),
        pytest.param({"job": "deploy (eu)"}, {"job": "deploy (us)"}, id="matrix jobs"),
        pytest.param(
            {"source_system": "jenkins", "source_server": "https://a.example", "invoke_id": "17"},
            {"source_system": "jenkins", "source_server": "https://b.example", "invoke_id": "17"},
            id="two Jenkins servers with the same build number",
        ),
        pytest.param(
            {"source_system": "jenkins", "invoke_id": "17", "job": "deploy-a"},
            {"source_system": "jenkins", "invoke_id": "17", "job": "deploy-b"},
            id="two Jenkins jobs with the same build number",
        ),
        pytest.param(
            {"source_system": "gitlab", "invoke_id": "55", "attempt": "700", "job": "deploy"},
            {"source_system": "gitlab", "invoke_id": "55", "attempt": "701", "job": "deploy"},
            id="a GitLab job run again in its pipeline",
        ),
        pytest.param(
            {"source_system": "gitlab", "invoke_id": "55", "scm_repository": "acme/a"},
            {"source_system": "gitlab", "invoke_id": "55", "scm_repository": "acme/b"},
            id="pipelines of two projects",
        ),
        pytest.param({"invoke_id": "1"}, {"invoke_id": "2"}, id="two runs"),
        pytest.param({"environment": "staging"}, {"environment": "production"}, id="two places"),
    ],
)
def test_another_deployment_of_the_same_version_is_new_and_its_retry_is_not(first, second):
    writer = Writer()
    assert isinstance(writer.deploy(**first), New)
    assert isinstance(writer.deploy(**second), New)
    assert isinstance(writer.deploy(**first), AlreadyRecorded)
    assert isinstance(writer.deploy(**second), AlreadyRecorded)
    assert len(writer.events["deployment"]) == 2


def test_a_b_a_in_one_run_is_three_deployments_and_each_retry_is_recorded_already():
    writer = Writer()
    recorded = []
    for minute, version in enumerate(("1.0", "2.0", "1.0", "2.0", "1.0")):
        first = writer.deploy(version, minutes=10 * minute)
        assert isinstance(first, New)
        recorded.append(first.event["id"])
        for retry in (1, 2):
            again = writer.deploy(version, minutes=10 * minute + retry)
            assert again == AlreadyRecorded(first.event)
    assert len(set(recorded)) == 5
    cell = cell_of("p", "production", writer.events["deployment"])
    assert [each.version for each in cell.completed] == ["1.0", "2.0", "1.0", "2.0", "1.0"]


def test_another_version_elsewhere_or_void_is_not_in_between():
    writer = Writer()
    writer.deploy("1.0", minutes=0)
    writer.deploy("2.0", minutes=1, environment="staging")
    started = writer.deploy("2.0", "started", minutes=2)
    writer.deploy("2.0", "completed", minutes=3)
    writer.events["deployment"].append(void(started.event, minutes=4))
    assert isinstance(writer.deploy("1.0", minutes=5), AlreadyRecorded)


def test_a_retry_that_gives_the_same_time_again_is_recorded_already_whatever_came_later():
    writer = Writer()
    writer.deploy("1.0", at=moment(0))
    writer.deploy("2.0", at=moment(5))
    assert isinstance(writer.deploy("1.0", at=moment(0)), AlreadyRecorded)
    assert isinstance(writer.deploy("1.0", at=moment(6)), New)


def test_a_retry_of_what_was_declared_void_is_recorded_already():
    writer = Writer()
    first = writer.deploy("1.0", minutes=0)
    writer.events["deployment"].append(void(first.event, minutes=1))
    assert isinstance(writer.deploy("1.0", minutes=2), AlreadyRecorded)


def test_a_build_is_recorded_once_a_run_whatever_other_versions_were_built():
    writer = Writer()
    assert isinstance(writer.build("1.0", minutes=0), New)
    assert isinstance(writer.build("2.0", minutes=1), New)
    assert isinstance(writer.build("1.0", minutes=2), AlreadyRecorded)
    assert isinstance(writer.build("1.0", attempt="2"), New)


def test_a_build_and_a_deployment_of_one_run_are_two_events():
    writer = Writer()
    assert isinstance(writer.build(), New)
    assert isinstance(writer.deploy(), New)


# ---- given ids ---------------------------------------------------------------------------


def test_a_given_id_with_the_same_content_is_recorded_already_even_after_another_version():
    writer = Writer()
    first = writer.deploy("1.0", event_id="release-7", minutes=0)
    writer.deploy("2.0", minutes=1)
    again = writer.deploy("1.0", event_id="release-7", minutes=2, reason="retried")
    assert again == AlreadyRecorded(first.event)


@pytest.mark.parametrize(
    "other", [{"version": "2.0"}, {"status": "failed"}, {"environment": "staging"}]
)
def test_a_given_id_with_other_content_is_a_conflict(other):
    writer = Writer()
    writer.deploy(event_id="release-7")
    with pytest.raises(Blocked, match=f"another {next(iter(other))}") as caught:
        writer.deploy(event_id="release-7", **other)
    assert caught.value.exit_code == 5
    assert "--event-id" in caught.value.hint


def test_a_given_id_of_a_build_cannot_be_that_of_a_deployment():
    writer = Writer()
    writer.build(event_id="release-7")
    with pytest.raises(Blocked, match="another kind"):
        writer.deploy(event_id="release-7")


def test_ids_that_differ_in_case_are_two():
    writer = Writer()
    assert isinstance(writer.deploy(event_id="Release-7"), New)
    assert isinstance(writer.deploy(event_id="release-7", environment="staging"), New)


# ---- versions ----------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["build", "deploy"])
@pytest.mark.parametrize("second", ["build", "deploy"])
def test_another_commit_for_a_version_is_a_conflict(first, second):
    writer = Writer()
    getattr(writer, first)("1.0", scm_sha=SHA)
    with pytest.raises(Blocked, match=r"version 1\.0 was built from 0123456789ab") as caught:
        getattr(writer, second)("1.0", scm_sha="f" * 40, invoke_id="2")
    assert "never changes" in caught.value.hint


def test_a_retry_with_another_commit_is_a_conflict():
    writer = Writer()
    writer.deploy(scm_sha=SHA)
    with pytest.raises(Blocked, match="was built from"):
        writer.deploy(scm_sha="f" * 40)
    with pytest.raises(Blocked, match="was built from"):
        writer.deploy(scm_sha="f" * 40, event_id=writer.events["deployment"][0]["id"])


def test_a_short_sha_or_none_is_no_conflict():
    writer = Writer()
    writer.build("1.0", scm_sha=SHA)
    assert isinstance(writer.deploy("1.0", scm_sha=SHA[:7]), New)
    assert isinstance(writer.deploy("1.0", scm_sha=SHA), AlreadyRecorded)
    assert isinstance(writer.deploy("1.0", invoke_id="2"), New)


def test_the_commit_of_a_void_deployment_binds_nobody():
    writer = Writer()
    wrong = writer.deploy("1.0", minutes=0, scm_sha="f" * 40)
    writer.events["deployment"].append(void(wrong.event, minutes=1))
    assert isinstance(writer.deploy("1.0", minutes=2, scm_sha=SHA, invoke_id="2"), New)


ONE, OTHER = (f"sha256:{digit * 64}" for digit in "ab")


@pytest.mark.parametrize("first", ["build", "deploy"])
@pytest.mark.parametrize("second", ["build", "deploy"])
def test_another_digest_under_one_name_of_a_version_is_a_conflict(first, second):
    writer = Writer()
    getattr(writer, first)("1.0", artifacts={"chart": OTHER, "image": ONE})
    with pytest.raises(Blocked, match=r'version 1\.0 has the artifact "image"') as caught:
        getattr(writer, second)("1.0", artifacts={"image": OTHER}, invoke_id="2")
    assert "never changes" in caught.value.hint


def test_a_retry_with_another_digest_is_a_conflict():
    writer = Writer()
    writer.deploy(artifacts={"image": ONE})
    with pytest.raises(Blocked, match='the artifact "image"'):
        writer.deploy(artifacts={"image": OTHER})


def test_the_same_digest_another_name_and_another_version_are_no_conflict():
    writer = Writer()
    writer.build("1.0", artifacts={"image": ONE})
    assert isinstance(writer.deploy("1.0", artifacts={"image": ONE}), New)
    assert isinstance(writer.deploy("1.0", artifacts={"chart": OTHER}, invoke_id="2"), New)
    assert isinstance(writer.deploy("1.1", artifacts={"image": OTHER}), New)
    assert isinstance(writer.deploy("1.0", invoke_id="3"), New)


def test_the_artifacts_of_a_void_deployment_bind_nobody():
    writer = Writer()
    wrong = writer.deploy("1.0", minutes=0, artifacts={"image": ONE})
    writer.events["deployment"].append(void(wrong.event, minutes=1))
    again = writer.deploy("1.0", minutes=2, artifacts={"image": OTHER}, invoke_id="2")
    assert isinstance(again, New)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (SHA, SHA, True),
        (SHA[:7], SHA, True),
        (SHA, SHA[:12], True),
        (SHA[:6], SHA, False),
        (SHA, "f" + SHA[1:], False),
    ],
)
def test_two_shas_are_one_when_seven_digits_or_more_agree_from_the_start(one, other, same):
    assert same_sha(one, other) is same


def test_a_version_that_differs_only_in_case_is_a_conflict_that_names_the_spelling():
    writer = Writer()
    writer.build("1.0-RC")
    with pytest.raises(Blocked, match=r"1\.0-RC only in case") as caught:
        writer.deploy("1.0-rc")
    assert "1.0-RC" in caught.value.hint


# ---- what events name --------------------------------------------------------------------


def test_a_named_deployment_must_exist_and_be_of_the_same_place_and_version():
    writer = Writer()
    started = writer.deploy("1.0", "started")
    named = started.event["id"]
    assert isinstance(writer.deploy("1.0", deployment=named), New)
    with pytest.raises(InvalidInput, match="not one of this product") as caught:
        writer.deploy("1.0", "failed", deployment="nobody")
    assert (caught.value.field, caught.value.exit_code) == ("deployment", 4)
    with pytest.raises(InvalidInput, match=r"one of version 1\.0, not 2\.0"):
        writer.deploy("2.0", deployment=named)
    with pytest.raises(InvalidInput, match="one of environment production, not staging"):
        writer.deploy("1.0", environment="staging", deployment=named)


def test_a_void_names_an_event_that_exists_and_a_second_one_is_recorded_already():
    target = deployment()
    writer = Writer(target)
    first = writer.decide(void(target), "deployment", "void-1")
    assert isinstance(first, New)
    writer.events["deployment"].append(first.event)
    assert writer.decide(void(target), "deployment", "void-2") == AlreadyRecorded(first.event)
    with pytest.raises(InvalidInput, match="not one of this product"):
        writer.decide(void("nobody"), "deployment", "void-3")
    with pytest.raises(InvalidInput, match="voids another event"):
        writer.decide(void("void-1"), "deployment", "void-4")


def test_a_run_that_goes_round_and_round_is_stopped():
    with pytest.raises(Blocked, match="1000 times"):
        evaluate_event(
            "deployment",
            {key: value for key, value in deployment("1.0", minutes=2).items() if key != "id"},
            visible=VisibleEvents(
                deployments=[
                    deployment("1.0", minutes=0, id="a"),
                    deployment("2.0", minutes=1, id="b"),
                ]
            ),
            candidate=lambda _: "a",
        )


def test_events_added_to_a_view_are_seen():
    visible = VisibleEvents()
    assert visible.find("build", "version", "1.0") == []
    event = build("1.0")
    visible.add("build", event)
    assert visible.find("build", "version", "1.0") == visible.events("build") == [event]


# ---- instances and undeployments --------------------------------------------------------


def test_two_instances_are_two_cells_and_a_retry_of_each_is_recorded_already():
    writer = Writer()
    for instance in ("eu", "us"):
        assert isinstance(writer.deploy("1.0", instance=instance, minutes=0), New)
    assert isinstance(writer.deploy("1.0", instance="eu", minutes=2), AlreadyRecorded)
    assert isinstance(writer.deploy("1.0", minutes=2), New)


def test_another_version_on_another_instance_does_not_end_the_retry():
    writer = Writer()
    writer.deploy("1.0", instance="eu", minutes=0)
    writer.deploy("2.0", instance="us", minutes=1)
    assert isinstance(writer.deploy("1.0", instance="eu", minutes=2), AlreadyRecorded)


@pytest.mark.parametrize(("first", "between"), [({"instance": "eu"}, {}), ({}, {"instance": "eu"})])
def test_a_completion_of_the_whole_is_one_of_each_instance(first, between):
    writer = Writer()
    writer.deploy("1.0", minutes=0, **first)
    writer.deploy("2.0", "failed", minutes=1, **between)
    assert isinstance(writer.deploy("1.0", minutes=2, **first), AlreadyRecorded)
    writer.deploy("2.0", minutes=3, **between)
    assert isinstance(writer.deploy("1.0", minutes=4, **first), New)


def test_a_deployment_after_an_undeployment_is_new_and_so_is_the_next_undeployment():
    writer = Writer()

    def remove(minutes: int) -> EventDecision:
        decision = writer.decide(undeployment(minutes=minutes, **RUN), "deployment")
        if isinstance(decision, New):
            writer.events["deployment"].append(decision.event)
        return decision

    writer.deploy("1.0", minutes=0)
    assert isinstance(remove(1), New)
    assert isinstance(remove(2), AlreadyRecorded)
    assert isinstance(writer.deploy("1.0", minutes=3), New)
    assert isinstance(remove(4), New)


def test_a_deployment_of_another_instance_cannot_be_continued():
    writer = Writer(deployment("1.0", "started", instance="eu", id="root"))
    with pytest.raises(InvalidInput, match="is one of instance eu, not us") as caught:
        writer.deploy("1.0", instance="us", deployment="root")
    assert caught.value.hint == "leave --deployment out, or give instance eu"
    with pytest.raises(InvalidInput, match="is one of instance eu, not none"):
        writer.deploy("1.0", deployment="root")


def test_an_undeployment_belongs_to_no_deployment():
    writer = Writer(deployment("1.0", "started", id="root"), undeployment(minutes=1, id="gone"))
    for event in (undeployment(deployment="root"), deployment("1.0", deployment="gone")):
        with pytest.raises(InvalidInput, match="belongs to no deployment"):
            writer.decide(event, "deployment")
