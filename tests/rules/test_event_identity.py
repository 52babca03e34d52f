from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import deployment
from versioner.rules.event_identity import derive_content_id, derive_event_id, random_event_id

RUN = {
    "scm_repository": "acme/user-service",
    "source_system": "github",
    "source_server": "https://github.com",
    "invoke_id": "9001",
    "attempt": "1",
    "job": "deploy",
}


def test_a_derived_id_is_32_hexadecimal_digits_and_stays_the_same():
    # The digits are a promise: another release that derived others would record retries twice.
    event = deployment("1.4.0", **RUN)
    assert derive_event_id("user-service", event) == "466293f2f834416941a7b2e723d58105"


@pytest.mark.parametrize("key", ["version", "environment", "status", *RUN])
def test_a_derived_id_depends_on(key):
    event = deployment("1.4.0", **RUN)
    other = {**event, key: "another"}
    assert derive_event_id("user-service", other) != derive_event_id("user-service", event)


def test_a_derived_id_depends_on_the_product_as_given_and_the_ordinal():
    event = deployment("1.4.0", **RUN)
    ids = {derive_event_id(name, event, n) for name in ("user-service", "users") for n in (0, 1)}
    assert len(ids) == 4


def test_a_derived_id_does_not_depend_on_time_person_links_and_metadata():
    event = deployment("1.4.0", **RUN)
    retry = {
        **event, "at": "2027-01-01T00:00:00Z", "deployed_by": "jane", "id": "x",
        "build_url": "https://ci.example/2", "extra_metadata": {"n": 2}, "scm_sha": "a" * 40,
    }  # fmt: skip
    assert derive_event_id("user-service", retry) == derive_event_id("user-service", event)


def test_the_repository_of_a_run_counts_wherever_it_is_recorded():
    # Beside a version that is given by hand it is no claim; the id is the one that it always had.
    event = deployment("1.4.0", **RUN)
    beside = {key: event[key] for key in event if key != "scm_repository"}
    metadata = {"vi_run_repository": "acme/user-service", "vi_run_sha": "a" * 40}
    same = {**beside, "extra_metadata": metadata}
    other = {**beside, "extra_metadata": {"vi_run_repository": "acme/deploy"}}
    ids = [derive_event_id("user-service", each) for each in (event, same, other, beside)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


@given(st.lists(st.text(), min_size=9, max_size=9), st.lists(st.text(), min_size=9, max_size=9))
def test_parts_never_run_into_each_other(one, other):
    keys = ["version", "environment", "status", *RUN]
    ids = [derive_event_id("p", dict(zip(keys, parts, strict=True))) for parts in (one, other)]
    assert (ids[0] == ids[1]) == (one == other)


def test_a_part_moved_to_its_neighbour_is_another_id():
    one = derive_event_id("p", {"version": "1", "environment": "23"})
    assert one != derive_event_id("p", {"version": "12", "environment": "3"})


def test_random_ids_sort_by_time_and_differ():
    ids = [random_event_id(ms, bytes([n] * 10)) for ms, n in ((1, 9), (1, 10), (2, 0), (300, 0))]
    assert ids == sorted(set(ids))
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)


def test_too_little_randomness_is_refused():
    with pytest.raises(ValueError, match="ten random bytes"):
        random_event_id(1, b"123")


def test_an_imported_rows_id_depends_on_all_it_says_and_its_ordinal():
    row = deployment("1.4.0", deployed_by="jane")
    same = dict(reversed({**row, "id": "another"}.items()))
    assert derive_content_id("p", row) == derive_content_id("p", same)
    others = [({**row, "deployed_by": "joe"}, 0), (row, 1)]
    assert all(derive_content_id("p", *each) != derive_content_id("p", row) for each in others)


def test_the_instance_is_in_the_id_only_where_there_is_one():
    event = deployment("1.4.0", **RUN)
    whole = derive_event_id("user-service", {**event, "instance": ""})
    assert whole == derive_event_id("user-service", event)
    ids = {derive_event_id("user-service", {**event, "instance": each}) for each in ("eu", "us")}
    assert len({*ids, whole}) == 3
