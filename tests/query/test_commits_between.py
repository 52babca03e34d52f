"""The commits between two versions, as recorded, against a source whose ancestry is known."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from versioner.query.commits.between import commits_behind, commits_between
from versioner.registry.records import ProductRecord

if TYPE_CHECKING:
    from versioner.models import Event

AT = "2026-11-01T09:{:02}:{:02}Z"


def built(number: int, version: str, **changes: object) -> Event:
    """Return the build of a version, with what is recorded of its commits."""
    at = AT.format(number // 60, number % 60)
    event: Event = {"at": at, "version": version, "status": "completed", "id": f"b-{number}"}
    if changes:
        event["changes"] = changes
    return event


def commits(*ids: str) -> list[dict[str, str]]:
    return [{"id": each.ljust(10, "0")} for each in ids]


def ids(found: object) -> list[str]:
    return [each["id"].rstrip("0") for each in found.commits]  # type: ignore[attr-defined]


@pytest.fixture
def record() -> ProductRecord:
    """Return three versions in a row, a patch of the first, and one after the patch was merged."""
    builds = [
        built(1, "1.0"),
        built(2, "1.1", since="1.0", commits=commits("b", "a")),
        built(3, "1.2", since="1.1", commits=commits("c"), more=4),
        built(4, "1.1.1", since="1.1", commits=commits("f")),
        built(5, "1.3", since="1.1.1", commits=commits("9", "8", "c")),
    ]
    return ProductRecord("tea", builds=builds)


def test_what_a_later_version_adds_is_what_an_earlier_one_takes_away(record: ProductRecord) -> None:
    forward = commits_between(record, "1.0", "1.1.1")
    assert forward.exact
    assert ids(forward.added) == ["f", "b", "a"]
    assert forward.removed.count == 0
    backward = commits_between(record, "1.1.1", "1.0")
    assert ids(backward.removed) == ["f", "b", "a"]
    assert backward.added.count == 0
    assert commits_behind(record, "1.0", "1.1.1") == 3
    assert commits_behind(record, "1.1.1", "1.0") == 0
    assert commits_behind(record, "1.1", "1.1") == 0


def test_two_branches_differ_by_both_of_their_lists(record: ProductRecord) -> None:
    record.builds[2]["changes"] = {"since": "1.1", "commits": commits("c")}
    found = commits_between(record, "1.2", "1.3")
    assert ids(found.added) == ["9", "8", "f"]
    assert ids(found.removed) == []
    found = commits_between(record, "1.2", "1.1.1")
    assert (ids(found.added), ids(found.removed)) == (["f"], ["c"])


def test_commits_that_are_not_listed_are_counted(record: ProductRecord) -> None:
    found = commits_between(record, "1.0", "1.2")
    assert (found.added.count, found.exact) == (7, True)
    # Those of both branches may be the same ones.
    assert not commits_between(record, "1.2", "1.1.1").exact
    assert commits_behind(record, "1.2", "1.1.1") is None


def test_a_version_whose_commits_are_not_known_is_named(record: ProductRecord) -> None:
    record.builds.append(built(6, "1.4"))
    record.builds.append(built(7, "1.5", since="1.4", commits=commits("d")))
    found = commits_between(record, "1.3", "1.5")
    assert (ids(found.added), found.exact, found.unknown) == (["d"], False, ("1.4",))
    assert commits_behind(record, "1.3", "1.5") is None
    assert commits_behind(record, "1.4", "1.5") == 1
    partial = built(8, "1.6", partial=True, commits=commits("e"))
    record = ProductRecord("tea", builds=[*record.builds, partial])
    found = commits_between(record, "1.5", "1.6")
    assert (ids(found.added), found.exact, found.unknown) == (["e"], False, ("1.6",))


def test_the_first_whole_list_of_a_version_counts() -> None:
    builds = [
        built(1, "1.0", partial=True, commits=commits("a")),
        built(3, "1.0", since="0.9", commits=commits("a", "b")),
        built(2, "1.0", since="0.8", commits=commits("a", "c")),
    ]
    changes = ProductRecord("tea", builds=builds).recorded_changes["1.0"]
    assert changes.get("since") == "0.8"


def test_lists_that_name_each_other_end() -> None:
    builds = [
        built(1, "1.0", since="1.1", commits=commits("a")),
        built(2, "1.1", since="1.0", commits=commits("b")),
        built(3, "1.2"),
    ]
    record = ProductRecord("tea", builds=builds)
    assert not commits_between(record, "1.1", "1.2").exact
    assert ids(commits_between(record, "1.0", "1.1").removed) == ["a"]


def test_the_difference_is_that_of_the_histories() -> None:
    random = Random(5)
    # A history with merges: each version has the commits of the version it was built on, of
    # another one where two are merged, and some of its own.
    has: dict[str, set[str]] = {"v0": set()}
    builds = [built(0, "v0")]
    for number in range(1, 40):
        names = list(has)
        since, merged = random.choice(names), random.choice(names)
        own = {f"{number:02}{letter}" for letter in "abc"[: random.randrange(4)]}
        has[f"v{number}"] = has[since] | has[merged] | own
        new = sorted(has[f"v{number}"] - has[since])
        builds.append(built(number, f"v{number}", since=since, commits=commits(*new)))
    record = ProductRecord("tea", builds=builds)
    for _ in range(400):
        base, head = random.sample(list(has), 2)
        found = commits_between(record, base, head)
        added, removed = ({each["id"] for each in x.commits} for x in (found.added, found.removed))
        assert found.exact
        assert added == {each["id"] for each in commits(*(has[head] - has[base]))}
        assert removed == {each["id"] for each in commits(*(has[base] - has[head]))}
        assert commits_behind(record, base, head) == len(added)
