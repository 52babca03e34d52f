from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW, build, deployment, product, registry, void
from versioner.query.compare.environments import EnvironmentAt, diff
from versioner.query.versions.numbers import version_number
from versioner.query.versions.order import (
    is_newer,
    rolled_back_from,
    rolled_back_near,
    versions_between,
)


def built_in_order(*names: str, **fields: str):
    return product("a", [], [build(name, minutes=at, **fields) for at, name in enumerate(names)])


@pytest.mark.parametrize(
    "oldest_first",
    [
        ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
         "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0"],
        ["v1.9.0", "1.10.0", "V1.11.0", "v2.0"],
        ["1.9", "1.10", "1.10.1", "1.11.0.5", "1.11.0.12"],
        ["9", "10", "101"],
        ["main-9", "main-10", "main-123"],
        ["release/1.9", "release/v1.10"],
        ["2026.1.31", "2026.02.01", "2026-2-10", "20260211", "2026.02.11-2", "2026.2.11-10",
         "2026.11.01"],
        ["2025.3", "2025.12", "2026.1"],
        ["1.4.0.dev2", "1.4.0a1", "1.4.0b2", "1.4.0rc1", "1.4.0rc10", "1.4.0", "1.4.0.post1"],
        ["1.0.2", "1.0.2a", "1.0.2k"],
        ["1.4.0-rc9", "1.4.0-rc10", "1.4.0.RELEASE", "1.5.0-SNAPSHOT", "1.5.0.Final"],
        ["1.4.0-45-abc1234", "1.4.0-101-9f8e7d6"],
        ["v1.4.0", "v1.4.0-2-g1a2b3c4", "v1.4.0-12-g9c8b7a6", "v1.4.1"],
        ["1.4.0+9", "1.4.0+10", "1.4.0_11", "1.4.1+1"],
        ["1.4-9", "1.4-10", "1.5"],
        ["1.4.0~rc1", "1.4.0"],
        ["9-alpine", "10-alpine"],
        ["my-app-2-1.9.0", "my-app-2-1.10.0"],
    ],
)  # fmt: skip
def test_numbers_decide_whatever_the_order_of_the_builds(oldest_first):
    record = built_in_order(*reversed(oldest_first))
    for older, newer in pairwise(oldest_first):
        assert is_newer(record, newer, older), (older, newer)
        assert not is_newer(record, older, newer), (older, newer)
    if len({version_number(name).way for name in oldest_first}) == 1:
        for older, newer in combinations(oldest_first, 2):
            assert is_newer(record, newer, older), (older, newer)
        assert versions_between(record, oldest_first[-1], oldest_first[0]) == oldest_first[1:-1]


@pytest.mark.parametrize(
    "names",
    [
        ("534", "1.0.0"),
        ("2026.11.1", "1.0.0"),
        ("main-12", "hotfix-3"),
        ("feature-2-foo-15", "feature-2-bar-9"),
        ("f00ba12", "a1b2c3d"),
        ("9f8e7d6c5b4a", "1f8e7d6c5b4a"),
        ("banana", "apple"),
        ("1.4.0-9f8e7d6", "1.4.0-1a2b3c4"),
        ("1.4", "1.4.0"),
        ("1.4.0+main.2", "1.4.0+fix.1"),
        ("1.0.0", "latest"),
    ],
)
def test_what_cannot_be_compared_by_numbers_is_in_the_order_of_time(names):
    assert is_newer(built_in_order(*names), names[1], names[0])
    assert is_newer(built_in_order(*reversed(names)), names[0], names[1])


def test_a_short_commit_of_digits_alone_is_no_number():
    record = product(
        "a",
        [],
        [
            build("9876543", minutes=1, scm_sha="9876543" + "0" * 33),
            build("1234567", minutes=2, scm_sha="1234567" + "0" * 33),
        ],
    )
    assert is_newer(record, "1234567", "9876543")


def test_the_time_is_that_of_the_first_build_or_completion_anywhere_and_not_of_a_try():
    record = product(
        "a",
        [
            deployment("blue", "started", minutes=1, environment="dev"),
            deployment("blue", "failed", minutes=2, environment="dev"),
            deployment("red", minutes=3, environment="dev"),
            deployment("blue", minutes=4, environment="staging"),
        ],
    )
    assert is_newer(record, "blue", "red")


def test_a_version_that_never_completed_has_the_time_of_its_first_event():
    record = product("a", [deployment("blue", "failed", minutes=5), deployment("red", minutes=3)])
    assert is_newer(record, "blue", "red")


def test_a_backport_that_was_built_later_is_not_newer():
    record = product(
        "api",
        [
            deployment("2.0.0", minutes=2, environment="staging"),
            deployment("1.9.9", minutes=9, environment="production"),
        ],
        [build(name, minutes=at) for at, name in enumerate(["1.9.8", "2.0.0", "1.10.0", "1.9.9"])],
    )
    (found,) = diff(
        registry(record), EnvironmentAt("staging"), EnvironmentAt("production"), now=NOW
    )
    assert (found.newer, found.between) == ("a", ("1.10.0",))


def test_versions_between_of_several_ways_of_writing_are_in_the_order_of_time():
    record = built_in_order("1.0.0", "1.2.0", "hotfix", "1.1.0", "2.0.0")
    assert versions_between(record, "1.0.0", "2.0.0") == ["1.2.0", "hotfix", "1.1.0"]


def cell(*versions: str):
    events = [deployment(each, minutes=at) for at, each in enumerate(versions)]
    return product("a", events).cells["production"]


def test_a_rolled_back_version_is_named_until_it_returns():
    assert rolled_back_from(cell("1", "2")) == set()
    assert rolled_back_from(cell("1", "2", "1")) == {"2"}
    assert rolled_back_from(cell("1", "2", "1", "3")) == {"2"}
    assert rolled_back_from(cell("1", "2", "1", "2")) == set()


def test_a_void_rollback_takes_nothing_back():
    one, two, back = (deployment(each, minutes=at) for at, each in enumerate(["1", "2", "1"]))
    record = product("a", [one, two, back, void(back)])
    assert rolled_back_from(record.cells["production"]) == set()


def test_a_rollback_counts_for_the_environments_of_its_stage_and_before():
    def there_and_back(name):
        return [
            deployment(each, minutes=at, environment=name)
            for at, each in enumerate(["1", "2", "1"])
        ]

    record = product("a", [*there_and_back("dev"), deployment("2", environment="production")])
    whole = registry(record)
    assert rolled_back_near(whole, record, "dev") == {"2": "dev"}
    assert rolled_back_near(whole, record, "production") == {}
    record = product("a", there_and_back("production-eu"))
    whole = registry(record, environments={"production-us": {}, "production-eu": {}, "staging": {}})
    assert rolled_back_near(whole, record, "production-us") == {"2": "production-eu"}
    assert rolled_back_near(whole, record, "staging") == {"2": "production-eu"}


NAMES = st.text("0123456789abcrv.-_+/~@:", min_size=1, max_size=16) | st.from_regex(
    r"v?[0-9]{1,8}([.-][0-9]{1,4}){0,4}([-+.]?(rc|alpha|dev|g?[0-9a-f]{7})[.]?[0-9]{0,3})?",
    fullmatch=True,
)


@given(st.lists(NAMES, min_size=2, max_size=5, unique=True))
def test_of_any_two_versions_exactly_one_is_newer(names):
    record = built_in_order(*names)
    for one, other in combinations(names, 2):
        assert is_newer(record, one, other) != is_newer(record, other, one)
        between = versions_between(record, one, other)
        assert between == versions_between(record, other, one)
        assert not {one, other} & {*between}
        old, new = (other, one) if is_newer(record, one, other) else (one, other)
        assert all(is_newer(record, each, old) for each in between)
        assert all(is_newer(record, new, each) for each in between)
