"""The state of a request: what people decided on its content, and what was deployed since."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import deployment, product, registry, undeployment
from versioner.models.governance import Decision, Governance, Request
from versioner.registry.governance.content import content_hash
from versioner.registry.governance.requests import request_of
from versioner.rules.gate.requests import request_state, slots_of, waits_for

LATER = "2026-12-31T00:00:00Z"
DOCUMENT: dict[str, Any] = {
    "name": "r1",
    "state": "open",
    "environments": ["production"],
    "versions": {"shop": "2.0.0"},
    "approvals": {"qa": 1},
}
OF = content_hash(DOCUMENT)


def decision(word: str, at: str = "2026-11-02", **fields: Any) -> Decision:
    values = {"by": "alice", "approval_type": "qa", "of": OF, **fields}
    return Decision(id="", at=f"{at}T00:00:00Z", decision=word, **values)  # type: ignore[arg-type]


def step(name: str, word: str = "done", at: str = "2026-11-02") -> Decision:
    return decision(word, at, step=name, approval_type="", of="")


def opened(at: str = "2026-11-01") -> Decision:
    return decision("opened", at, approval_type="", of="")


def request(*decisions: Decision, **fields: Any) -> Request:
    document = {**DOCUMENT, **fields}
    of = content_hash(document)
    numbered = [
        Decision(
            **{
                **{name: getattr(each, name) for name in Decision.__slots__},
                "position": number,
                "of": of if each.of == OF else each.of,
            }
        )
        for number, each in enumerate(decisions)
    ]
    return request_of(document, "registry/requests/r1/request.yaml", numbered)


def state(own: Request, *events: Any, at: str = LATER, groups: Any = None) -> str:
    whole = registry(product("shop", list(events)), product("web"))
    whole.governance = Governance(requests=(own,), groups=groups or {})
    return request_state(whole, own, at)


def test_a_request_is_open_until_each_slot_is_filled():
    assert state(request(opened())) == "open"
    assert state(request(opened(), decision("approved"))) == "approved"
    both = {"approvals": {"qa": 1, "security": 2}}
    some = [decision("approved"), decision("approved", approval_type="security")]
    assert state(request(*some, **both)) == "open"
    twice = [*some, decision("approved", approval_type="security")]
    assert state(request(*twice, **both)) == "open"
    other = [*some, decision("approved", approval_type="security", by="bob")]
    assert state(request(*other, **both)) == "approved"


def test_a_request_without_slots_is_approved_when_it_is_open():
    assert state(request(approvals={})) == "approved"


@pytest.mark.parametrize("word", ["draft", "cancelled"])
def test_what_the_file_says_comes_first(word: str):
    assert state(request(decision("rejected"), state=word)) == word


def test_one_rejection_outweighs_the_approvals_until_it_is_changed_into_one():
    approved, rejected = decision("approved", by="bob"), decision("rejected")
    assert state(request(approved, rejected)) == "rejected"
    assert state(request(approved, rejected, decision("approved"))) == "approved"
    # By time first, then by the place in the log.
    late = decision("rejected", "2026-11-05")
    assert state(request(late, decision("approved", "2026-11-04"))) == "rejected"
    assert state(request(late, decision("approved", "2026-11-05"))) == "approved"
    assert state(request(approved, late), at="2026-11-03T00:00:00Z") == "approved"


@pytest.mark.parametrize("word", ["approved", "rejected"])
def test_a_decision_on_other_content_of_another_type_or_by_an_outsider_counts_for_nothing(
    word: str,
):
    nothing = [
        decision(word, of="ab" * 32),
        decision(word, approval_type="legal"),
        decision(word, by="mallory"),
        decision(word, by=""),
    ]
    assert state(request(*nothing), groups={"qa": ("alice",)}) == "open"
    assert state(request(nothing[3])) == "open"


def test_steps_before_must_be_done_and_may_be_undone():
    steps = {"steps": {"before": ["a", "b"]}}
    approved = decision("approved")
    assert state(request(approved, step("before.1"), **steps)) == "open"
    done = [approved, step("before.1"), step("before.2")]
    assert state(request(*done, **steps)) == "approved"
    assert state(request(*done, step("before.1", "undone"), **steps)) == "open"


def test_a_request_is_completed_when_its_versions_are_there_and_the_steps_after_are_done():
    there = deployment("2.0.0", at="2026-11-03T00:00:00Z")
    assert state(request(opened()), there) == "completed"
    assert state(request(opened()), there, at="2026-11-02T23:59:59Z") == "open"
    assert state(request(opened(), environments=["production", "staging"]), there) == "open"
    steps = {"steps": {"after": ["tell"]}}
    assert state(request(opened(), **steps), there) == "open"
    assert state(request(opened(), step("after.1"), **steps), there) == "completed"
    assert state(request(opened(), decision("rejected")), there) == "rejected"


def test_a_version_that_was_replaced_since_counts_if_it_completed_after_the_opening():
    there = deployment("2.0.0", at="2026-11-03T00:00:00Z")
    replaced = deployment("3.0.0", at="2026-11-04T00:00:00Z")
    assert state(request(opened()), there, replaced) == "completed"
    assert state(request(opened("2026-11-03")), there, replaced) == "completed"
    assert state(request(opened("2026-11-04")), there, replaced) == "open"
    assert state(request(opened("2026-11-04"), opened()), there, replaced) == "completed"
    assert state(request(), there, replaced) == "open"
    gone = undeployment(at="2026-11-05T00:00:00Z")
    assert state(request(opened()), there, gone) == "completed"
    failed = deployment("2.0.0", "failed", at="2026-11-03T00:00:00Z")
    assert state(request(opened()), failed) == "open"


def test_of_instances_each_where_something_runs_must_have_the_version():
    def on(instance: str, version: str, day: int) -> Any:
        return deployment(version, instance=instance, at=f"2026-11-{day:02}T00:00:00Z")

    old = [on("eu", "1.0.0", 1), on("us", "1.0.0", 1)]
    assert state(request(opened()), *old, on("eu", "2.0.0", 3)) == "open"
    assert state(request(opened()), *old, on("eu", "2.0.0", 3), on("us", "2.0.0", 4)) == "completed"
    moved_on = [*old, on("eu", "2.0.0", 3), on("eu", "3.0.0", 5), on("us", "2.0.0", 4)]
    assert state(request(opened()), *moved_on) == "completed"


def test_slots_of_a_rule_are_beside_those_of_the_request():
    own = request(decision("approved"), decision("rejected", approval_type="legal"))
    (legal, qa) = slots_of(own, {}, LATER, types={"legal": 1, "qa": 2})
    assert (qa.needed, qa.approved_by, qa.is_filled) == (2, ("alice",), False)
    assert (legal.rejected_by, legal.is_filled) == (("alice",), False)
    assert state(own) == "approved"


def test_a_signed_slot_counts_signed_approvals_and_any_rejection():
    signed = decision("approved", signed_by=("alice",))
    forged = decision("approved", "2026-11-09", by="alice")
    others = decision("approved", by="bob", signed_by=("alice",))
    (slot,) = slots_of(request(signed, others), {}, LATER, signed=True)
    assert slot.approved_by == ("alice",)
    (slot,) = slots_of(request(decision("rejected"), forged), {}, LATER, signed=True)
    assert (slot.approved_by, slot.rejected_by) == ((), ("alice",))


def test_a_later_stage_waits_for_the_products_of_the_earlier_ones():
    order = {"order": [["shop"], ["web"]], "versions": {"shop": "2.0.0", "web": "1.0.0"}}
    own = request(opened(), **order)
    whole = registry(product("shop", []), product("web"))
    assert waits_for(whole, own, "web", "production", LATER) == ["shop"]
    assert waits_for(whole, own, "shop", "production", LATER) == []
    there = deployment("2.0.0", at="2026-11-03T00:00:00Z")
    whole = registry(product("shop", [there]), product("web"))
    assert waits_for(whole, own, "web", "production", LATER) == []
    assert waits_for(whole, own, "web", "staging", LATER) == ["shop"]
