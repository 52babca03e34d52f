from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import deployment
from versioner.registry.history.log_compare import OldLog, changed_fields, compare_log, unmatched
from versioner.registry.history.log_index import RawLog
from versioner.serialization.log import append

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

PATH = "registry/products/shop/deployments/2026-11.yaml"


def log(ids: list[int], *, style: Callable[[bytes], bytes] = bytes) -> RawLog:
    events = [deployment(id=f"event-{number}") for number in ids]
    return RawLog(PATH, "deployment", style(append("deployment", None, events)))


def loose(data: bytes) -> bytes:
    """Return the same data as a person may have written it."""
    return data.replace(b'"production"', b"production")


some_ids = st.lists(st.integers(0, 9), unique=True, max_size=8)
styles = st.sampled_from([bytes, loose])


@settings(deadline=None)
@given(old=some_ids, new=some_ids, style=styles, old_style=styles)
def test_a_log_is_right_when_it_begins_with_the_old_one(
    old: list[int],
    new: list[int],
    style: Callable[[bytes], bytes],
    old_style: Callable[[bytes], bytes],
) -> None:
    before, after = log(old, style=old_style), log(new, style=style)
    findings = list(compare_log([OldLog(before, "")], after))
    assert (findings == []) == (new[: len(old)] == old)
    named = {finding.event_id for finding in findings if finding.kind == "missing"}
    assert named == {f"event-{number}" for number in set(old) - set(new)}
    added = {held.id for held in unmatched([OldLog(before, "")], after)}
    assert added == {f"event-{number}" for number in set(new) - set(old)}


@settings(deadline=None)
@given(ids=st.permutations(range(8)), moved=st.integers(0, 7), to=st.integers(0, 7))
def test_one_moved_event_is_the_one_that_is_named(ids: list[int], moved: int, to: int) -> None:
    new = [number for number in ids if number != ids[moved]]
    new.insert(to, ids[moved])
    found = [finding.event_id for finding in compare_log([OldLog(log(ids), "")], log(new))]
    if abs(moved - to) > 1:
        assert found == [f"event-{ids[moved]}"]
    else:
        # Of two neighbours that changed places, either may be said to have moved.
        assert len(found) == abs(moved - to)


def test_a_copy_with_other_data_is_not_the_event_and_counts_as_new() -> None:
    one = deployment(id="one")
    before = RawLog(PATH, "deployment", append("deployment", None, [one]))
    changed = {**one, "version": "6.6.6"}
    after = RawLog(PATH, "deployment", append("deployment", before.data, [changed]))
    assert list(compare_log([OldLog(before, "")], after)) == []
    assert [held.event for held in unmatched([OldLog(before, "")], after)] == [changed]


def test_of_two_events_with_one_id_the_equal_one_is_the_old_one() -> None:
    one = deployment(id="one")
    changed = {**one, "version": "6.6.6"}
    before = RawLog(PATH, "deployment", append("deployment", None, [one]))
    after = RawLog(PATH, "deployment", append("deployment", None, [changed, one]))
    findings = compare_log([OldLog(before, "")], after)
    assert [(finding.kind, finding.line) for finding in findings] == [("early", 4)]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)
events = st.fixed_dictionaries(
    {"id": st.just("one"), "version": st.sampled_from(["1", "2"])},
    optional={
        "reason": st.sampled_from(["a", "b"]),
        "deployed_by": st.sampled_from(["jane", "joe"]),
        "extra_metadata": st.dictionaries(st.sampled_from(["a", "b.c"]), json_values, max_size=2),
    },
)


@settings(deadline=None)
@given(event=events)
def test_an_event_is_what_it_is_whatever_the_order_of_its_keys(event: dict[str, object]) -> None:
    assert changed_fields(event, dict(reversed(event.items()))) == []


@settings(deadline=None)
@given(event=events, data=st.data())
def test_values_may_be_taken_out_and_marked_and_nothing_else_done(
    event: dict[str, object], data: st.DataObject
) -> None:
    metadata = event.get("extra_metadata", {})
    assert isinstance(metadata, dict)
    fields = sorted({*event} - {"id", "version"}) + [f"extra_metadata.{key}" for key in metadata]
    taken = data.draw(st.lists(st.sampled_from(fields), unique=True)) if fields else []
    new = {key: value for key, value in event.items() if key not in taken}
    if "extra_metadata" in new:
        new["extra_metadata"] = {
            key: value for key, value in metadata.items() if f"extra_metadata.{key}" not in taken
        }
    if not taken:
        return
    unmarked = changed_fields(event, new)
    new["redacted"] = sorted(taken)
    assert unmarked
    assert changed_fields(event, new) == []
    assert "version" in changed_fields(event, {**new, "version": "3"})
    assert changed_fields(new, event)
