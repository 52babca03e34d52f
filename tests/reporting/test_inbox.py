"""What was handed over is told in words that nothing in it can break out of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from versioner.delivery.collect import CollectResult, Refusal
from versioner.delivery.inbox_admin import HandledEvent
from versioner.errors import Blocked
from versioner.recording.record import RecordResult
from versioner.remote.inbox_refs import Inbox, RefusedEvent, WaitingEvent
from versioner.reporting.delimited import delimited
from versioner.reporting.inbox import (
    collected_json,
    collected_text,
    event_document,
    event_summary,
    handled_text,
    inbox_json,
    inbox_listing,
    inbox_text,
)
from versioner.reporting.terminal import clean

pytestmark = pytest.mark.slow

NOW = "2026-11-22T10:15:00Z"
SAID: dict[str, Any] = {
    "format": 1,
    "kind": "deployment",
    "product": "shop",
    "event": {"version": "1.0", "environment": "staging", "status": "completed"},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
SUBMISSIONS = st.none() | st.dictionaries(
    st.sampled_from(("format", "kind", "product", "event", "x")), JSON, max_size=4
)
# Of any text that git allows in a ref, and some that it does not.
NAMES = st.text(max_size=20) | st.just("\udcff\udcfe")


def waits(submission: dict[str, Any] | None = SAID, key: str = "a1") -> WaitingEvent:
    ref = f"refs/versioner/inbox/shop/{key}"
    return WaitingEvent(ref, "1" * 40, "shop", key, NOW, submission)


def refused(submission: dict[str, Any] | None, refusal: Any, key: str = "b1") -> RefusedEvent:
    ref = f"refs/versioner/refused/shop/{key}"
    return RefusedEvent(ref, "2" * 40, "shop", key, NOW, submission, refusal)


def recorded(event_id: str) -> RecordResult:
    event = {"version": "1.0", "environment": "staging", "status": "completed", "id": event_id}
    return RecordResult("deployment", "shop", event, "path", "line")


def test_an_event_is_described_by_what_it_says_of_itself() -> None:
    assert event_summary(waits()) == "deployment of shop 1.0 to staging (completed)"
    build = {**SAID, "kind": "build", "event": {"version": "1.0", "status": "completed"}}
    assert event_summary(waits(build)) == "build of shop 1.0 (completed)"


def test_one_that_cannot_be_read_is_described_by_its_ref() -> None:
    assert event_summary(waits(None)) == "refs/versioner/inbox/shop/a1 (unreadable)"


def test_what_is_no_text_is_a_question_mark() -> None:
    odd = {"kind": 1, "product": ["x"], "event": {"version": None, "status": {}}}
    assert event_summary(waits(odd)) == "? of ? ? (?)"


@given(SUBMISSIONS, JSON, NAMES)
def test_nothing_in_an_event_breaks_out_of_its_line(
    submission: dict[str, Any] | None, refusal: Any, key: str
) -> None:
    reason = refusal if isinstance(refusal, dict) else None
    held = Inbox((waits(submission, key),), 0, (refused(submission, reason, key),), 0)
    lines = inbox_text(held).split("\n")
    assert len(lines) <= 7
    told = CollectResult(refused=(Refusal("ref", waits(submission, key), Blocked("no")),))
    said = [*lines, collected_text(told), handled_text([HandledEvent(held.refused[0], "")], "gone")]
    for text in said:
        assert clean(text.replace("\n", "")) == text.replace("\n", "")
        text.encode()
    for document in (inbox_json(held), collected_json(told)):
        json.loads(document.encode())


@given(SUBMISSIONS)
def test_the_document_of_an_event_has_the_same_keys_and_kinds_always(
    submission: dict[str, Any] | None,
) -> None:
    document = event_document(waits(submission))
    assert list(document) == ["ref", "key", "at", "kind", "product", "event"]
    assert all(isinstance(document[key], str) for key in ("ref", "key", "at"))
    assert all(document[key] is None or document[key] > "" for key in ("kind", "product"))
    assert isinstance(document["event"], dict)


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ({"message": "was deleted", "hint": "restore it"}, ["was deleted", "restore it"]),
        ({"message": "was deleted"}, ["was deleted"]),
        ({"message": 5, "hint": []}, ["the reason cannot be read"]),
        (None, ["the reason cannot be read"]),
    ],
)
def test_a_refusal_is_told_with_its_reason(refusal: Any, told: list[str]) -> None:
    lines = inbox_text(Inbox(refused=(refused(SAID, refusal),))).split("\n")
    assert lines[1] == f"  shop/b1  {NOW}  deployment of shop 1.0 to staging (completed)"
    assert [line.strip() for line in lines[2:-1]] == told


def test_a_secret_that_was_refused_is_not_told_again() -> None:
    key = "ghp_" + "a1B2" * 9
    event = {**SAID["event"], "version": key, "reason": f"x {key}", "extra_metadata": {key: [key]}}
    submission = {**SAID, "product": key, "event": event}
    held = Inbox((waits(submission),), 0, (refused(submission, {"message": key, "hint": key}),), 0)
    told = CollectResult(refused=(Refusal("ref", held.waiting[0], Blocked(key)),))
    said = [inbox_text(held), inbox_json(held), collected_text(told), collected_json(told)]
    said.append(handled_text([HandledEvent(held.refused[0], "")], "discarded"))
    assert not [text for text in said if "ghp_" in text]


def test_what_is_not_shown_is_counted() -> None:
    held = Inbox((waits(),), 1499, (refused(SAID, None),), 3)
    text = inbox_text(held)
    assert "1,500 events waiting" in text
    assert "4 events refused" in text
    document = json.loads(inbox_json(held))
    assert (document["more_waiting"], document["more_refused"]) == (1499, 3)


def test_a_collect_tells_of_each_outcome() -> None:
    collected = CollectResult(
        recorded=tuple(recorded(f"r{number}") for number in range(22)),
        already=(recorded("x"),),
        refused=(
            Refusal(
                "refs/versioner/refused/shop/r",
                waits(),
                Blocked("shop was deleted", hint="restore it"),
            ),
        ),
        branch="refs/heads/main",
        left=7,
    )
    lines = collected_text(collected).split("\n")
    assert lines[0] == "recorded 22 events on main"
    assert lines[21:] == [
        "  and 2 more",
        "1 event already recorded",
        "refused: deployment of shop 1.0 to staging (completed): shop was deleted",
        "  restore it",
        "  key: shop/r",
        "`versioner inbox list` shows refused events, "
        "`versioner inbox release KEY` returns one to the inbox",
        "7 events still waiting",
    ]


def test_what_is_discarded_is_shown_once_more() -> None:
    released = HandledEvent(refused(SAID, None), "refs/versioner/inbox/shop/b1")
    assert handled_text([released], "released") == (
        "released: deployment of shop 1.0 to staging (completed)"
    )
    discarded = handled_text([HandledEvent(waits(), "")], "discarded").split("\n")
    assert json.loads(discarded[1].removeprefix("  its content: ")) == SAID


def test_an_inbox_as_csv_has_a_row_for_each_event_with_its_state():
    found = Inbox(
        [waits(key="a1")], refused=[refused(SAID, {"message": "no", "hint": "=do"}, "b1")]
    )
    lines = b"".join(delimited(inbox_listing(found), "csv")).decode().split("\r\n")
    assert lines[0].startswith("state,ref,key,at,kind,product,event.version,event.environment")
    ref = "refs/versioner/inbox/shop/a1"
    assert lines[1] == f"waiting,{ref},a1,{NOW},deployment,shop,1.0,staging,completed,,"
    assert lines[2].startswith("refused,") and lines[2].endswith(",no,'=do")


@given(SUBMISSIONS, st.none() | JSON)
def test_any_submission_is_a_row(submission: Any, refusal: Any):
    refusal = refusal if isinstance(refusal, dict) else None
    found = Inbox([waits(submission)], refused=[refused(submission, refusal)])
    for kind in ("csv", "tsv"):
        assert b"".join(delimited(inbox_listing(found), kind)).count(b"\n") >= 3
