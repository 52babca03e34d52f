from __future__ import annotations

import pytest

from tests.builders import NOW, deployment, moment, product, registry, void
from versioner.errors import NotFound
from versioner.query.matrix import CellState, matrix


def state(*events, now=NOW, at=None, **environment) -> CellState:
    documents = {"production": environment}
    found = matrix(registry(product(deployments=list(events)), environments=documents), now=now,
                   at=at)  # fmt: skip
    return found.rows[0].cells[0]


def test_rows_are_products_by_name_and_columns_environments_in_display_order():
    records = [product("web", [deployment("2")]), product("api"), product("jobs")]
    found = matrix(registry(*records), now=NOW)
    assert found.environments == ("dev", "test", "staging", "production")
    assert [row.product for row in found.rows] == ["api", "jobs", "web"]
    assert found.rows[2].cells[3].version == "2"
    assert found.rows[0].cells[0] == CellState("api", "dev")
    assert found.at == NOW


def test_a_cell_tells_version_status_and_age():
    done = deployment("1.0", minutes=-90)
    cell = state(done)
    assert (cell.version, cell.status, cell.since) == ("1.0", "completed", moment(-90))
    assert cell.age_seconds == 90 * 60
    assert cell.deployment is not None
    assert cell.deployment.id == done["id"]


def test_a_cell_where_nothing_ever_completed_has_no_version():
    cell = state(deployment("1.0", "failed", minutes=-5))
    assert (cell.version, cell.status, cell.since, cell.age_seconds) == ("", "failed", "", 0)


def test_what_is_in_progress_shows_beside_what_runs():
    cell = state(deployment("1.0", minutes=-60), deployment("1.1", "started", minutes=-5))
    assert (cell.version, cell.status) == ("1.0", "started")
    assert cell.in_progress is not None
    assert cell.in_progress.version == "1.1"
    assert cell.no_result is None


@pytest.mark.parametrize(
    ("environment", "minutes", "status"),
    [
        ({}, -24 * 60, "started"),
        ({}, -24 * 60 - 1, "no result"),
        ({"stale_after": "30m"}, -31, "no result"),
        ({"stale_after": "2d"}, -47 * 60, "started"),
    ],
)
def test_after_stale_after_what_is_in_progress_has_no_result(environment, minutes, status):
    cell = state(
        deployment("1.0", minutes=-9999),
        deployment("1.1", "started", minutes=minutes),
        **environment,
    )
    assert (cell.version, cell.status) == ("1.0", status)
    assert (cell.no_result is not None) == (status == "no result")
    assert (cell.in_progress is None) == (status == "no result")


def test_a_lost_deployment_that_something_completed_since_is_not_shown():
    cell = state(deployment("1.0", "started", minutes=-5000), deployment("1.1", minutes=-10))
    assert (cell.version, cell.status, cell.no_result) == ("1.1", "completed", None)


def test_a_failure_shows_until_something_completes():
    failed = deployment("1.1", "failed", minutes=-10)
    cell = state(deployment("1.0", minutes=-60), failed)
    assert (cell.version, cell.status) == ("1.0", "failed")
    assert cell.failed_last is not None
    assert cell.failed_last.id == failed["id"]
    cell = state(deployment("1.0", minutes=-60), failed, deployment("1.2", minutes=-5))
    assert (cell.status, cell.failed_last) == ("completed", None)


def test_void_deployments_show_nowhere():
    done, failed = deployment("1.1", minutes=-5), deployment("1.2", "failed", minutes=-4)
    cell = state(deployment("1.0", minutes=-60), done, failed, void(done), void(failed))
    assert (cell.version, cell.status) == ("1.0", "completed")


# ---- drift -------------------------------------------------------------------------------


def drifting(environments: list[str] | None = None, **versions: str) -> bool:
    events = [deployment(version, environment=name) for name, version in versions.items()]
    found = matrix(registry(product(deployments=events)), now=NOW, environments=environments)
    return found.rows[0].drifting


def test_a_row_drifts_when_its_cells_differ():
    assert drifting(staging="1.1", production="1.0")
    assert not drifting(staging="1.0", production="1.0")


def test_an_empty_cell_is_no_drift():
    assert not drifting(production="1.0")


def test_drift_is_reckoned_over_the_columns_shown():
    versions = {"test": "1.2", "staging": "1.1", "production": "1.1"}
    assert drifting(**versions)
    assert not drifting(["staging", "production"], **versions)


def test_a_retired_environment_shows_and_drifts_only_when_named():
    events = [deployment("1.0", environment="old-prod"), deployment("1.1")]
    documents = {"production": {}, "old-prod": {"retired": True}}
    everything = registry(product(deployments=events), environments=documents)
    found = matrix(everything, now=NOW)
    assert (found.environments, found.rows[0].drifting) == (("production",), False)
    found = matrix(everything, now=NOW, environments=["old-prod", "production"])
    assert found.environments == ("old-prod", "production")
    assert found.rows[0].drifting


def test_an_environment_without_a_document_still_has_its_column():
    found = matrix(registry(product(deployments=[deployment(environment="qa")])), now=NOW)
    assert found.environments[-1] == "qa"
    assert found.rows[0].cells[-1].version == "1.0.0"


# ---- filters and moments -----------------------------------------------------------------


def test_products_are_found_by_old_names_and_once():
    everything = registry(product("a"), product("b"), aliases={"old-a": "a"})
    found = matrix(everything, now=NOW, products=["b", "old-a", "a"])
    assert [row.product for row in found.rows] == ["a", "b"]


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        ({"products": ["user-servis"]}, "user-service"),
        ({"environments": ["prodution"]}, "production"),
    ],
)
def test_an_unknown_name_is_refused_with_what_was_meant(options, meant):
    with pytest.raises(NotFound) as caught:
        matrix(registry(product()), now=NOW, **options)
    assert f"did you mean {meant}" in caught.value.hint


def test_the_matrix_of_a_moment_knows_nothing_that_came_later():
    events = [
        deployment("1.0", minutes=-100),
        deployment("1.1", "started", minutes=-60),
        deployment("1.1", "completed", minutes=-50),
        deployment("1.2", "failed", minutes=-40),
    ]
    told = [
        (cell.version, cell.status, cell.age_seconds // 60)
        for minutes in (-101, -100, -55, -50, -40)
        for cell in [state(*events, at=moment(minutes))]
    ]
    assert told == [
        ("", "", 0),
        ("1.0", "completed", 0),
        ("1.0", "started", 45),
        ("1.1", "completed", 0),
        ("1.1", "failed", 10),
    ]


def test_the_matrix_of_a_moment_leaves_out_what_was_declared_a_mistake_since():
    mistake = deployment("1.1", minutes=-60)
    events = [deployment("1.0", minutes=-100), mistake, void(mistake, minutes=-1)]
    assert state(*events, at=moment(-30)).version == "1.0"


def test_asking_for_a_moment_leaves_the_record_as_it_was():
    record = product(deployments=[deployment("1.0", minutes=-9), deployment("1.1", minutes=-1)])
    before = record.cells["production"].current
    matrix(registry(record), now=NOW, at=moment(-5))
    assert record.cells["production"].current is before
    assert before is not None
    assert (before.version, before.previous) == ("1.1", "1.0")
