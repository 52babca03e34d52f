from __future__ import annotations

import pytest

from tests.builders import NOW, build, deployment, moment, product, registry
from versioner.errors import InvalidInput, NotFound
from versioner.query.compare.environments import EnvironmentAt, diff, parse_environment_at

GITHUB = {
    "source_system": "github",
    "source_server": "https://github.com",
    "scm_repository": "acme/api",
}
API = product(
    "api",
    builds=[
        build(f"1.{n}", minutes=n, scm_sha=f"{n}" * 40, **GITHUB) for n in range(1, 6)
    ],
    deployments=[
        deployment("1.1", minutes=10),
        deployment("1.2", minutes=20),
        deployment("1.5", minutes=30, environment="staging"),
    ],
)  # fmt: skip
WEB = product("web", [deployment("7"), deployment("7", environment="staging")])
JOBS = product("jobs", [deployment("3", environment="staging")])
EVERYTHING = registry(API, WEB, JOBS)


def test_two_environments_differ_where_they_run_different_versions():
    found = diff(EVERYTHING, EnvironmentAt("staging"), EnvironmentAt("production"), now=moment(60))
    assert [(each.product, each.a.version, each.b.version, each.newer) for each in found] == [
        ("api", "1.5", "1.2", "a"), ("jobs", "3", "", ""),
    ]  # fmt: skip
    api, jobs = found
    assert api.between == ("1.3", "1.4")
    assert api.compare_url == f"https://github.com/acme/api/compare/{'2' * 40}...{'5' * 40}"
    assert (jobs.between, jobs.compare_url) == ((), "")


def test_the_other_way_round_the_link_still_leads_from_old_to_new():
    found = diff(EVERYTHING, EnvironmentAt("production"), EnvironmentAt("staging"), now=moment(60))
    assert (found[0].newer, found[0].between) == ("b", ("1.3", "1.4"))
    assert found[0].compare_url.endswith(f"{'2' * 40}...{'5' * 40}")


def test_one_environment_at_two_moments():
    before, now = EnvironmentAt("production", moment(15)), EnvironmentAt("production")
    (only,) = diff(EVERYTHING, before, now, now=moment(60))
    assert (only.product, only.a.version, only.b.version, only.between) == (
        "api", "1.1", "1.2", (),
    )  # fmt: skip


def test_one_product_alone():
    sides = EnvironmentAt("staging"), EnvironmentAt("production")
    found = diff(EVERYTHING, *sides, now=NOW, product="jobs")
    assert [each.product for each in found] == ["jobs"]
    with pytest.raises(NotFound):
        diff(EVERYTHING, *sides, now=NOW, product="job")
    with pytest.raises(NotFound):
        diff(EVERYTHING, EnvironmentAt("stagng"), EnvironmentAt("production"), now=NOW)


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("production", EnvironmentAt("production")),
        ("production@2026-11-01", EnvironmentAt("production", "2026-11-01T00:00:00Z")),
        (
            "production@2026-11-01T10:00:00+01:00",
            EnvironmentAt("production", "2026-11-01T09:00:00Z"),
        ),
        ("production@7d", EnvironmentAt("production", "2026-11-15T10:15:00Z")),
    ],
)
def test_a_side_is_an_environment_and_perhaps_a_moment(text, side):
    assert parse_environment_at(text, NOW) == side


@pytest.mark.parametrize("text", ["", "@2026-11-01", "production@", "production@then"])
def test_other_sides_are_refused(text):
    with pytest.raises(InvalidInput):
        parse_environment_at(text, NOW)
