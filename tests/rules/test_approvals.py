"""Whose approvals count, and what takes a rejection back."""

from __future__ import annotations

import pytest

from versioner.models.governance import Decision
from versioner.rules.gate.rule_types.version_approval import tally


def decided(word: str, minute: int, *, by: str = "ann", signed: bool = False) -> Decision:
    return Decision(
        f"d{minute}", f"2026-11-22T10:{minute:02}:00Z", by, word, "qa",
        signed_by=(by,) if signed else (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("second", "rejected"),
    [
        (decided("approved", 2), ["ann"]),
        (decided("approved", 2, signed=True), []),
        (decided("revoked", 2), []),
        (decided("approved", 2, by="bob"), ["ann"]),
    ],
    ids=["unsigned", "signed", "revoked", "another person"],
)
def test_an_unsigned_approval_takes_no_rejection_back(
    second: Decision, rejected: list[str]
) -> None:
    decisions = [decided("rejected", 1), second]
    (found,) = tally(decisions, {"qa": 1}, {}, lambda _: "", signed=True)
    assert found.rejected == rejected


def test_without_signatures_the_latest_decision_of_a_person_counts() -> None:
    decisions = [decided("rejected", 1), decided("approved", 2)]
    (found,) = tally(decisions, {"qa": 1}, {}, lambda _: "")
    assert (found.rejected, found.approved) == ([], ["ann"])
