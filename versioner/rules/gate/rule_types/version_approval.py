"""Who approved: the decisions in force of each type, and rules of type version-approval."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from versioner.registry.event_order import seconds_of
from versioner.rules.gate.finding import Finding, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from versioner.models.governance import Decision, VersionApprovalBlock
    from versioner.rules.gate.facts import Facts, VersionEvents
    from versioner.rules.gate.question import Question

__all__ = ["Tally", "judge_version_approval", "tally"]

_DECIDED = ("approved", "rejected", "revoked")


@dataclass(slots=True)
class Tally:
    """The people who approved or rejected, of one type of approval; `why_not` by person."""

    type: str
    needed: int
    approved: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    why_not: dict[str, str] = field(default_factory=dict)

    @property
    def is_filled(self) -> bool:
        """Return whether enough people approved, and nobody rejected."""
        return not self.rejected and len(self.approved) >= self.needed

    @property
    def text(self) -> str:
        """Return the tally for people: qa: 1 of 2, by alice."""
        text = f"{self.type}: {len(self.approved)} of {self.needed}"
        if self.approved:
            text += f", by {listed(self.approved)}"
        if self.rejected:
            text += f", rejected by {listed(self.rejected)}"
        for person, why in self.why_not.items():
            text += f", not counted: {person} ({why})"
        return text


def tally(
    decisions: Iterable[Decision],
    needed: Mapping[str, int],
    groups: Mapping[str, tuple[str, ...]],
    why_not: Callable[[Decision], str],
    *,
    signed: bool = False,
) -> list[Tally]:
    """Return the approvals of each type that is needed, by the latest decision of each person.

    `why_not` returns why an approval does not count, "" for one that does; rejections always count.
    What people outside the group of a type decided counts for nothing, and neither does what nobody
    is named for. With `signed`, no approval without a signature takes a rejection back: anybody may
    have written it.
    """
    latest: dict[tuple[str, str], Decision] = {}
    for decision in sorted(decisions, key=lambda each: (each.at, each.position)):
        if decision.decision in _DECIDED and decision.approval_type in needed:
            group = groups.get(decision.approval_type)
            key = decision.approval_type, decision.by
            is_foreign = signed and decision.decision == "approved" and not is_signed(decision)
            if is_foreign and key in latest and latest[key].decision == "rejected":
                continue
            if decision.by and (group is None or decision.by in group):
                latest[key] = decision
    found = {name: Tally(name, count) for name, count in needed.items()}
    for (name, person), decision in latest.items():
        own = found[name]
        if decision.decision == "rejected":
            own.rejected.append(person)
        elif decision.decision == "approved":
            why = why_not(decision)
            if why:
                own.why_not[person] = why
            else:
                own.approved.append(person)
    return list(found.values())


def is_signed(decision: Decision) -> bool:
    """Return whether the commit of a decision has a good signature of who decided."""
    return bool(decision.signed_by) and decision.by in (decision.signed_by or ())


def is_outdated(decision: Decision, events: VersionEvents) -> bool:
    """Return whether a commit or digest is known of a version that an approval does not name."""
    commits = (decision.scm_sha,) if decision.scm_sha else ()
    # One of two commits may be the short form of the other.
    named = all(
        any(known.startswith(own) or own.startswith(known) for own in commits)
        for known in events.commits
    )
    return not (named and events.digests <= {*decision.artifacts.values()})


def judge_version_approval(
    block: VersionApprovalBlock, facts: Facts, question: Question, now: int
) -> Finding | None:
    """Return which approvals of a version lack, None where all are there."""
    events = facts.version(question.product, question.version)
    decisions = facts.decisions(question.product, question.version)
    why_not = _Conditions(block, facts, question, events, now).why_not
    tallies = tally(
        decisions, block.types, facts.registry.governance.groups, why_not, signed=block.signed
    )
    if all(each.is_filled for each in tallies):
        return None
    message = "; ".join(each.text for each in tallies)
    hint = _hint(tallies, facts, question, _people(block, events))
    return Finding("QUALITY_APPROVAL_REQUIRED", message, hint=hint)


class _Conditions:
    """When an approval of a version counts."""

    def __init__(
        self,
        block: VersionApprovalBlock,
        facts: Facts,
        question: Question,
        events: VersionEvents,
        now: int,
    ) -> None:
        self._block, self._events, self._now = block, events, now
        self._people = _people(block, events)
        self._after: int | None = None
        if block.after:
            name = facts.registry.environment_name(block.after)
            firsts = facts.timeline(question.product, name).first_completions
            self._after = firsts.get(question.version)

    def why_not(self, decision: Decision) -> str:
        """Return why an approval does not count, "" for one that does."""
        block, at = self._block, seconds_of(decision.at)
        if decision.by.casefold() in self._people:
            return f"is the {self._people[decision.by.casefold()]}"
        if block.after and (self._after is None or at < self._after):
            return f"before it was in {block.after}"
        if block.expires_after is not None and self._now - at >= block.expires_after:
            return "expired"
        if is_outdated(decision, self._events):
            return "outdated: of another commit or digest"
        if block.signed and not is_signed(decision):
            return "not signed"
        return ""


def _people(block: VersionApprovalBlock, events: VersionEvents) -> dict[str, str]:
    """Return the people whose approval does not count, with what each of them is."""
    found: dict[str, str] = {}
    for what in block.not_by:
        log, key = (
            (events.builds, "built_by")
            if what == "builder"
            else (events.deployments, "deployed_by")
        )
        for event in log:
            for field_name in (key, f"{key}_email", f"{key}_name"):
                if event.get(field_name):
                    found.setdefault(event[field_name].casefold(), what)
    return found


def _hint(tallies: list[Tally], facts: Facts, question: Question, excluded: Collection[str]) -> str:
    """Return who can change what; `excluded` are people whose approval does not count."""
    groups = facts.registry.governance.groups
    parts = []
    for each in tallies:
        if each.rejected:
            command = f"`versioner revoke {question.product} {question.version} --type {each.type}`"
            parts.append(f"{listed(each.rejected)} may take it back: {command}")
        elif not each.is_filled:
            out = {*each.approved, *excluded}
            people = [
                name for name in groups.get(each.type, ()) if not {name, name.casefold()} & out
            ]
            who = listed(people) if each.type in groups else "anybody"
            command = (
                f"`versioner approve {question.product} {question.version} --type {each.type}`"
            )
            parts.append(f"{who or 'nobody'} may approve: {command}")
    return "; ".join(parts)
