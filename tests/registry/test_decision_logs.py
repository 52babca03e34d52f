"""The logs of decisions: read, checked, formatted, indexed and compared like other logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import deployment
from tests.registry.files import Files, files, load, log, product, told
from versioner.git.snapshot import MemorySnapshot
from versioner.layout import place_of, request_decisions_path
from versioner.registry.history.check import check_history
from versioner.registry.index.session import read_index
from versioner.registry.index.store import IndexStore
from versioner.registry.load import load_registry
from versioner.serialization.format import format_file
from versioner.serialization.log import append, event_line, header

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.models import Event

SHOP = product("shop")
RUNNING = log("shop", deployment("1.4.0", at="2026-11-01T00:00:00Z"))
DIGEST = "sha256:" + "ab" * 32
OF = "cd" * 32


def approval(**fields: Any) -> Event:
    return {
        "at": "2026-11-22T10:15:00Z",
        "version": "1.4.0",
        "decision": "approved",
        "approval_type": "qa",
        "by": "alice",
        "id": "d1",
        **fields,
    }


def block(**fields: Any) -> Event:
    event = approval(decision="blocked", id="d2", **fields)
    del event["approval_type"]
    return event


def decisions(*events: Event, month: str = "2026-11") -> Files:
    lines = "".join(event_line("decision", event) for event in events)
    return {f"registry/products/shop/decisions/{month}.yaml": f"# log\n{lines}".encode()}


def request_log(*events: Event) -> Files:
    lines = "".join(event_line("request-decision", event) for event in events)
    return {request_decisions_path("r1"): f"# log\n{lines}".encode()}


def opened(event_id: str = "q1", **fields: Any) -> Event:
    return {"at": "2026-11-22T10:15:00Z", "decision": "opened", **fields, "id": event_id}


def test_decisions_are_read_beside_the_deployments_and_deploy_nothing():
    event = approval(scm_sha="ab" * 20, artifacts={"image": DIGEST}, comment="looks good")
    registry = load(SHOP, RUNNING, decisions(event, block()))
    assert told(registry) == []
    record = registry.products["shop"]
    first, second = record.decisions
    assert (first.by, first.approval_type, first.artifacts) == ("alice", "qa", {"image": DIGEST})
    assert (second.decision, second.position) == ("blocked", 1)
    assert record.event_count == 1
    assert record.latest_at == "2026-11-22T10:15:00Z"


def test_a_line_has_the_keys_in_the_order_of_the_schema():
    event = approval(comment="ok", scm_sha="ab" * 4, artifacts={"image": DIGEST})
    assert event_line("decision", dict(reversed(event.items()))) == (
        '- {at: "2026-11-22T10:15:00Z", version: "1.4.0", decision: "approved", '
        'approval_type: "qa", by: "alice", comment: "ok", scm_sha: "abababab", '
        f'artifacts: {{"image": "{DIGEST}"}}, id: "d1"}}\n'
    )


@pytest.mark.parametrize(
    ("kind", "event"), [("decision", approval()), ("request-decision", opened())]
)
def test_a_new_log_names_its_schema_and_is_in_canonical_form(kind: Any, event: Event):
    made = append(kind, None, [event])
    assert made.startswith(header(kind).encode())
    assert f"schemas/{kind}s-log.schema.json".encode() in made
    assert format_file(kind, made) == made


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (approval(version=".."), "version"),
        (approval(decision="accepted"), "value"),
        (approval(approval_type="Q A"), "name"),
        (approval(step="before.1"), "unknown-key"),
        (approval(event="e1"), "value"),
        (approval(scm_sha="XY"), "value"),
        (approval(comment="ghp_" + "a" * 36), "secret"),
        (approval(at="2026-10-01T00:00:00Z"), "month"),
        ({**block(), "approval_type": "qa"}, "value"),
        ({**block(), "decision": "override-reviewed"}, "required"),
        ({key: value for key, value in approval().items() if key != "approval_type"}, "required"),
    ],
    ids=str,
)
def test_a_wrong_value_is_reported_on_its_line(event: Event, code: str):
    keys = {key: value for key, value in event.items() if key != "step"}
    line = event_line("decision", keys)
    if "step" in event:
        line = line.replace(", id:", ', step: "before.1", id:')
    log_file = {"registry/products/shop/decisions/2026-11.yaml": f"# log\n{line}".encode()}
    found = told(load(SHOP, RUNNING, log_file))
    own = [each for each in found if each.startswith("products/shop/decisions/2026-11.yaml:2:")]
    assert code in [each.rpartition(" ")[2] for each in own]


def test_an_id_that_an_event_of_the_product_has_is_reported():
    registry = load(SHOP, log("shop", deployment("1.4.0", id="d1")), decisions(approval()))
    assert [line.partition(" ")[2] for line in told(registry)] == ["duplicate-id"]


def test_a_merge_conflict_in_a_log_of_decisions_is_told_as_such():
    path = "registry/products/shop/decisions/2026-11.yaml"
    line = event_line("decision", approval())
    data = f"<<<<<<< HEAD\n{line}=======\n{event_line('decision', block())}>>>>>>> other\n"
    registry = load(SHOP, RUNNING, {path: data.encode()})
    assert "a merge conflict is not resolved here" in [each.message for each in registry.problems]
    assert len(registry.products["shop"].decisions) == 2


def test_only_months_and_years_are_logs_of_decisions():
    assert place_of("registry/products/shop/decisions/2026-13.yaml") is None
    assert place_of("registry/requests/r1/decisions/2026-11.yaml") is None
    assert place_of("registry/requests/r1/other.yaml") is None
    for path, kind in (
        ("registry/products/shop/decisions/2026-11.yaml", "decision"),
        ("registry/products/shop/decisions/2026.yaml", "decision"),
        ("registry/requests/r1/decisions.yaml", "request-decision"),
    ):
        place = place_of(path)
        assert place is not None
        assert place.log_kind == kind


def history_codes(before: Files, after: Files, *, allow: bool = False) -> list[str]:
    base, now = (MemorySnapshot(files(SHOP, RUNNING, each)) for each in (before, after))
    return [each.code for each in check_history([base], now, allow_log_changes=allow)]


@pytest.mark.parametrize(
    ("log_of", "first", "second", "other"),
    [
        (decisions, approval(), block(), approval(by="mallory")),
        (request_log, opened(), opened("q2", by="bob"), opened(by="mallory")),
    ],
    ids=["of-versions", "of-requests"],
)
def test_the_history_check_lets_decisions_only_be_added(
    log_of: Any, first: Event, second: Event, other: Event
):
    before = log_of(first, second)
    more = log_of(first, second, {**first, "id": "d9"})
    assert history_codes(before, before) == []
    assert history_codes(before, more, allow=True) == []
    assert history_codes(before, more) == ["history-added"]
    assert history_codes(before, log_of(first)) == ["history-missing"]
    assert history_codes(before, log_of(other, second)) == ["history-changed"]
    assert history_codes(before, log_of(second, first)) == ["history-order"]
    assert history_codes(before, {}) == ["history-missing"]


@pytest.mark.parametrize(
    ("event", "field", "is_fine"),
    [
        (approval(comment="x"), "comment", True),
        (approval(), "by", True),
        (approval(decision="rejected"), "by", False),
        (approval(decision="revoked"), "by", False),
        (approval(), "approval_type", False),
    ],
)
def test_a_redaction_of_what_a_decision_needs_is_a_change(event: Event, field: str, is_fine: bool):
    redacted = {key: value for key, value in event.items() if key != field}
    after = decisions({**redacted, "redacted": [field]})
    assert history_codes(decisions(event), after) == ([] if is_fine else ["history-changed"])


def test_the_index_sees_a_change_of_a_log_of_decisions(tmp_path: Path):
    store = IndexStore(tmp_path / "index.sqlite", "reader")
    states = (decisions(approval()), decisions(approval(), block()), decisions(block()), {})
    for state in states:
        snapshot = MemorySnapshot(files(SHOP, RUNNING, state))
        expected = load_registry(snapshot).products["shop"]
        with read_index(store, snapshot, products=["shop"]) as index:
            record = index.registry().products["shop"]
            assert record.decisions == expected.decisions
            assert record.cells["production"].current.version == "1.4.0"
            assert index.counts().events == 1 + len(expected.decisions)
