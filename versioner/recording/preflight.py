"""Judge the start of a deployment at the tip on which it is recorded (governance.md, section 5).

Only a start is judged: every other event is a fact that has happened. The question is that of
`versioner check` a moment before. Of the tip's files the event's product is read whole, and of
other products only what a rule asks for. The module is imported where the tip has rules, requests
or decisions about the product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from versioner import layout
from versioner.errors import Blocked, InvalidInput
from versioner.git.objects import reading, tip_view
from versioner.git.snapshot import snapshot_at
from versioner.models.governance import ConcurrencyBlock
from versioner.names import is_name, nearest
from versioner.recording.tip_snapshot import TipSnapshot
from versioner.registry.event_order import seconds_of
from versioner.registry.governance.signatures import add_signatures
from versioner.registry.head import load_head
from versioner.registry.load import load_registry
from versioner.rules.gate import Question, evaluate
from versioner.rules.gate.open_logs import open_periods
from versioner.rules.gate.open_times import SEARCHED_YEARS
from versioner.rules.gate.requests import versions_in
from versioner.rules.gate.unread import unread_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.models import Event
    from versioner.models.governance import Rule
    from versioner.registry.records import Registry
    from versioner.rules.gate.question import Answer

__all__ = ["Fetch", "Preflight", "Refused", "TipReads", "refusal_of"]

# Seconds.
_CLOCKS_DIFFER: Final = 300


class Refused(Blocked):
    """A start that rules refuse; `answer` has each reason, by `rules` among others."""

    is_of_rules = True

    def __init__(
        self, message: str, *, hint: str = "", answer: Answer, rules: Sequence[Rule] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.answer, self.rules = answer, rules


class Fetch(Protocol):
    """What fetches files of the tip that are not here; of `trees` the directories alone."""

    def __call__(
        self, place: Repository, files: Sequence[str], trees: Sequence[str] = (), /
    ) -> None:
        """Fetch them."""


class TipReads(Protocol):
    """What is read of a tip once for many starts."""

    def snapshot(self, place: Repository) -> Snapshot:
        """Return the files of the tip."""

    def head(self, place: Repository, tip: Snapshot) -> Registry:
        """Return a registry without products of the tip with changes; the caller adds to it."""


@dataclass(frozen=True)
class Preflight:
    """The judge of starts that one command records.

    `now` is the time of the command. `fetch` fetches files of the tip, None where all are there.
    `report` is given each answer and the rules, for a caller that passes on more than a decision.
    `reads` has what was read for the starts before, where one process judges many.
    """

    now: str
    fetch: Fetch | None = None
    report: Callable[[Answer, Sequence[Rule]], None] | None = None
    reads: TipReads | None = None

    def judge(
        self,
        place: Repository,
        product: str,
        event: Event,
        changes: Mapping[str, bytes | None],
    ) -> tuple[list[dict[str, str]], bool]:
        """Return the overrides that took effect, and whether an enabled rule applies.

        `changes` are what is not committed yet, without the event itself. Raises Refused where
        the start is refused, UnreadableRules where it cannot be judged, and InvalidInput for an
        override of no rule.
        """
        registry, question = self._read(place, product, event, changes)
        _check_overrides(registry, event)
        add_signatures(registry, place, place.tip or "", [registry.target_of(product)])
        answer = evaluate(registry, question)
        if answer.unreadable:
            raise unread_error(answer.unreadable, "not recorded: ")
        if self.report is not None:
            self.report(answer, registry.governance.rules)
        if not answer.allowed:
            raise refusal_of(answer, registry.governance.rules)
        reasons = {each["rule"]: each["reason"] for each in event.get("overrides") or ()}
        overridden = [
            {"rule": each.rule, "reason": reasons.get(each.rule) or reasons["all"]}
            for each in answer.verdicts
            if each.outcome == "overridden" and each.enforcement == "enabled"
        ]
        return overridden, any(each.enforcement == "enabled" for each in answer.verdicts)

    def _read(
        self,
        place: Repository,
        product: str,
        event: Event,
        changes: Mapping[str, bytes | None],
    ) -> tuple[Registry, Question]:
        assert place.tip is not None  # noqa: S101 -- an event has a registry at the tip
        if self.fetch is not None:
            self.fetch(place, [*_beside_products(place), layout.product_dir(product)])
        base = snapshot_at(place, place.tip) if self.reads is None else self.reads.snapshot(place)
        tip = TipSnapshot(base, changes, place.object_format)
        head = load_head(tip) if self.reads is None else self.reads.head(place, tip)
        question = Question(
            product,
            event["version"],
            event["environment"],
            event.get("instance", ""),
            self._moment(event, base.commit_time or ""),
            event.get("invoke_id", ""),
            tuple(each["rule"] for each in event.get("overrides") or ()),
        )
        whole, periods = _wanted(head, question)
        names = [product, *whole]
        if periods:
            if self.fetch is not None:
                self.fetch(place, (), [layout.ROOT])
            tip = tip.with_recent(names, periods)
            names = list(dict.fromkeys([*names, *tip.names_with_events()]))
        if self.fetch is not None and len(names) > 1:
            self.fetch(place, [path for name in names for path in tip.paths_of(name)])
        known = tip.product_names()
        names = [each for each in names if each in known]
        return load_registry(tip, products=names, head=head), question

    def _moment(self, event: Event, tip_time: str) -> str:
        """Return the moment of the question: now.

        Clocks differ, and a command may have waited for others: a start that is at the tip must not
        lie in the future of the question.
        """
        now = max(event["at"], self.now)
        is_near = tip_time > now and seconds_of(tip_time) - seconds_of(now) <= _CLOCKS_DIFFER
        return tip_time if is_near else now


def _beside_products(place: Repository) -> list[str]:
    """Return the paths of all that the registry has at the tip beside its products."""
    with reading(place) as reader:
        names = tip_view(place, reader).directory(layout.ROOT) or {}
    return [f"{layout.ROOT}/{name}" for name in names if name != "products"]


def _wanted(head: Registry, question: Question) -> tuple[list[str], frozenset[str]]:
    """Return the other products that are read, and the periods that are read of all products."""
    whole: dict[str, None] = {}
    for request in head.governance.requests:
        versions = versions_in(head, request)
        if request.state == "open" and versions.get(question.product) == question.version:
            whole.update(dict.fromkeys(versions))
    whole.pop(question.product, None)
    if not any(
        isinstance(rule.block, ConcurrencyBlock)
        and rule.block.per == "environment"
        and rule.enforcement != "disabled"
        for rule in head.governance.rules
    ):
        return list(whole), frozenset()
    return list(whole), open_periods(head, question)


def _check_overrides(registry: Registry, event: Event) -> None:
    """Raise InvalidInput for an override of a rule that does not exist."""
    # Of a rule that cannot be read, the answer says so.
    unread = {each.path for each in registry.governance.unreadable}
    known = [each.name for each in registry.governance.rules]
    for each in event.get("overrides") or ():
        name = each["rule"]
        if name != "all" and name not in known and layout.rule_path(name) not in unread:
            near = nearest(name, known) if is_name(name) else []
            raise InvalidInput(
                f'there is no rule "{name}" to override',
                field="overrides",
                hint=f"did you mean {' or '.join(near)}?"
                if near
                else "`versioner rule list` shows the rules",
            )


def refusal_of(answer: Answer, rules: Sequence[Rule]) -> Refused:
    """Return the error of a start that is refused, with every reason."""
    question = answer.question
    reasons = {rule.name: rule.reason for rule in rules}
    place = question.environment + (f"/{question.instance}" if question.instance else "")
    lines = [f"refused: {question.product} {question.version} to {place} ({answer.code})"]
    for each in answer.refusals:
        name = each.rule or each.type
        because = " ".join(reasons.get(each.rule, "").split())
        lines.append(f"  {name}: {each.message}" + (f" ({because})" if because else ""))
        if each.hint:
            lines.append(f"    {each.hint}")
    when = _from_when(answer)
    may_override = [
        each.rule
        for each in answer.refusals
        if each.rule
        and any(rule.name == each.rule and rule.override == "with-reason" for rule in rules)
    ]
    names = " ".join(f"--override {name}" for name in may_override)
    all_of_them = len(may_override) == len(answer.refusals)
    hint = f"{when}; in an emergency: {names} --reason TEXT" if all_of_them else when
    return Refused("\n".join(lines), hint=hint, answer=answer, rules=rules)


def _from_when(answer: Answer) -> str:
    if answer.is_never_open:
        return f"no time of the next {SEARCHED_YEARS} years is open for all of these rules"
    return f"allowed from {answer.allowed_from}" if answer.allowed_from else "no time alone will do"
