"""A submission is one line of JSON, and whoever may push can have written it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.bare_registry import submission
from tests.fixtures.local_registry import NOW
from versioner.errors import InvalidInput
from versioner.recording.context import EventDraft
from versioner.recording.envelope import draft_of, submission_bytes, submission_of

FIELDS = {"at": NOW, "environment": "staging", "version": "2.0", "status": "completed"}
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


def test_a_draft_comes_back_as_one_that_may_have_arrived() -> None:
    draft = EventDraft("deployment", "My Shop", {**FIELDS, "reason": ""}, "a", detected=True)
    line = submission_bytes(draft)
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    back = draft_of(json.loads(line))
    assert back == draft._replace(fields=FIELDS, resent=True, foreign=True)


@given(reason=TEXT, value=st.one_of(TEXT, st.integers(-(2**53), 2**53), st.booleans(), st.none()))
def test_any_text_and_any_metadata_comes_back(reason: str, value: Any) -> None:
    fields = {**FIELDS, "reason": reason, "extra_metadata": {"key": value}}
    try:
        back = draft_of(json.loads(submission_bytes(EventDraft("deployment", "shop", fields, "a"))))
    except InvalidInput:
        # A control by another name, or blank: what a log may not hold is refused here.
        return
    assert back.fields == fields


def test_the_same_draft_is_the_same_bytes() -> None:
    turned = dict(reversed(FIELDS.items()))
    one, two = (EventDraft("deployment", "shop", fields, "a") for fields in (FIELDS, turned))
    assert submission_bytes(one) == submission_bytes(two)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "x" * 3_000_000])
def test_what_is_no_json_or_too_long_is_refused(value: Any) -> None:
    fields = {**FIELDS, "extra_metadata": {"key": value}}
    with pytest.raises(InvalidInput):
        submission_bytes(EventDraft("deployment", "shop", fields, "a"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "format 2"),
        ({"format": True}, "kind|format"),
        ({"format": "1" * 500}, "format"),
        ({"kind": "release"}, "kind"),
        ({"kind": ["build"]}, "kind"),
        ({"event": None}, "fields"),
        ({"event": {}}, "fields"),
        ({"event": {**FIELDS, "id": "x"}}, "no deployment has: id"),
        ({"event": {**FIELDS, "x" * 500: 1}}, "no deployment has"),
        ({"event": {**FIELDS, "at": 5}}, "at"),
        ({"event": {**FIELDS, "version": {"a": 1}}}, "version"),
        ({"event": {**FIELDS, "status": "fine"}}, "status"),
        ({"event": {**FIELDS, "build_url": "javascript:x"}}, "build_url"),
        ({"product": None}, "product"),
        ({"product": 5}, "product"),
        ({"event_id": None}, "id"),
        ({"event_id": ["a"]}, "id"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_submission_is_refused_with_a_short_reason(
    change: dict[str, Any], said: str
) -> None:
    document = {**submission(), **change}
    if change == {"format": True}:
        # To Python it is 1, and nothing else in it is wrong.
        assert draft_of(document).product == "shop"
        return
    with pytest.raises(InvalidInput) as told:
        draft_of(document)
    assert any(word in told.value.message for word in said.split("|"))
    assert len(told.value.message) < 300


@pytest.mark.parametrize("document", [None, [], "x", 5])
def test_what_is_no_object_is_refused(document: Any) -> None:
    with pytest.raises(InvalidInput, match="not a JSON object"):
        draft_of(document)


def test_detected_is_true_only_where_it_says_so() -> None:
    for value, expected in ((True, True), (1, False), ("yes", False), (None, False)):
        assert draft_of({**submission(), "detected": value}).detected is expected


def test_a_document_holds_no_empty_field() -> None:
    told = submission_of(
        EventDraft("build", "shop", {"version": "1", "notes": "", "scm_sha": None})
    )
    assert told["event"] == {"version": "1"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        *(("production", "production"), ("dev", "dev"), ("moon", ""), (None, ""), (["dev"], "")),
        ({"type": "dev"}, ""),
    ],
)
def test_the_type_of_an_environment_comes_back_where_it_is_known(written: Any, read: str) -> None:
    draft = EventDraft("deployment", "shop", FIELDS, "a", environment_type="test")
    document = submission_of(draft)
    assert draft_of(document).environment_type == "test"
    assert draft_of({**document, "environment_type": written}).environment_type == read
    # Without one the line is as it was before there were types.
    assert "environment_type" not in submission_of(draft._replace(environment_type=""))
