"""The consequences of a change, as the Markdown of a comment on a pull or merge request.

Text of the registry stands in `<code>` with each mark of Markdown as a character reference, so that
nothing in it is a link, a mention, HTML or a new cell. A long report is cut: each table then has
fewer rows, and says how many are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from versioner.query.commits.words import difference_words
from versioner.query.derived.running_versions import place_text
from versioner.query.gate.rule_words import requirement_words, scope_words
from versioner.reporting.changes import change_rows, code_text
from versioner.reporting.terminal import clean
from versioner.reporting.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.models import Problem
    from versioner.models.governance import Rule
    from versioner.query.compare.registries import ProductChange, RegistryChange
    from versioner.rules.gate.replay import Replay, ReplayedRule

__all__ = ["MARKER", "Review", "review_markdown"]

# A workflow finds its comment by this line, and updates it in place.
MARKER: Final = "<!-- versioner-review -->"

# GitHub refuses more than 65,536 characters; the workflow adds a link to the preview.
_LONGEST_BYTES: Final = 60_000
_ROWS: Final = (100, 50, 25, 12, 6, 3, 1)
_LONGEST_TEXT: Final = 300
_REFUSED_SHOWN: Final = 10


@dataclass(slots=True)
class Review:
    """What a comment tells: the verdict, the problems and the change with its consequences.

    `rules` are the rules before and after, each None where there is none; `before` and `after` are
    what they would have done to the same deployments.
    """

    verdict: str
    problems: Sequence[Problem] = ()
    change: RegistryChange | None = None
    rules: Sequence[tuple[Rule | None, Rule | None]] = ()
    before: Replay | None = None
    after: Replay | None = None


@dataclass(slots=True)
class _Table:
    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""

    def lines(self, most: int) -> Iterator[str]:
        yield from ("", f"#### {self.title}", "")
        if self.note:
            yield from (self.note, "")
        yield f"| {' | '.join(self.head)} |"
        yield f"|{' --- |' * len(self.head)}"
        for row in self.rows[:most]:
            yield f"| {' | '.join(row)} |"
        if len(self.rows) > most:
            yield from ("", f"{most:,} of {len(self.rows):,} rows; {len(self.rows) - most:,} more.")


def review_markdown(review: Review) -> str:
    """Return the Markdown of a review, within the limit of the forges."""
    text = ""
    for most in _ROWS:
        text = _text(review, most)
        if len(text.encode()) <= _LONGEST_BYTES:
            return text
    # Not even one row of each table: the verdict alone is left, and where the rest is.
    return f"{_heading(review)}\n\nThe report is too long for a comment: see the log of the job.\n"


def _text(review: Review, most: int) -> str:
    lines = [_heading(review)]
    for table in _tables(review):
        lines += table.lines(most)
    lines += _closing(review)
    return "\n".join(lines) + "\n"


def _heading(review: Review) -> str:
    is_wrong = any(each.severity == "error" for each in review.problems)
    verdict = "This change has errors" if is_wrong else "This change is valid"
    return f"{MARKER}\n### Registry: {verdict}\n\n{escape(review.verdict)}."


def _tables(review: Review) -> Iterator[_Table]:
    if review.problems:
        rows = [_problem_row(each) for each in review.problems]
        yield _Table("Problems", ("Severity", "Where", "What", "Remedy"), rows)
    if review.change is None:
        return
    if rows := [(title, "<br>".join(details)) for title, details in change_rows(review.change)]:
        yield _Table("What changes", ("What", "Change"), rows)
    products = review.change.products
    has_commits = any(cell.commits is not None for each in products for cell in each.cells)
    if cells := [row for each in products for row in _cell_rows(each, has_commits=has_commits)]:
        head = ("Product", "Environment", "Before", "After", *(["Commits"] if has_commits else []))
        yield _Table("What runs where", head, cells)
    if review.rules:
        yield _Table("Rules in words", ("Rule", "Before", "After"), [*map(_rule_row, review.rules)])
    yield from _replayed(review)


def _problem_row(problem: Problem) -> tuple[str, ...]:
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path
    return problem.severity, _code(place), _code(problem.message), _code(problem.hint)


def _cell_rows(product: ProductChange, *, has_commits: bool) -> Iterator[tuple[str, ...]]:
    for cell in product.cells:
        place = place_text(cell.environment, cell.instance)
        versions = (_code(each) if each else "nothing" for each in (cell.old, cell.new))
        words = _code(difference_words(cell.commits)) if cell.commits is not None else ""
        commits = [words] if has_commits else []
        yield (_code(product.product), _code(place), *versions, *commits)


def _rule_row(pair: tuple[Rule | None, Rule | None]) -> tuple[str, ...]:
    old, new = pair
    names = {each.name for each in pair if each is not None}
    return (*map(_code, names), _rule_text(old), _rule_text(new))


def _rule_text(rule: Rule | None) -> str:
    if rule is None:
        return "no rule"
    words = f"{scope_words(rule)}: {requirement_words(rule.block)}"
    return f"{_code(words)} ({rule.enforcement})"


def _replayed(review: Review) -> Iterator[_Table]:
    old = {each.name: each for each in review.before.rules} if review.before else {}
    new = {each.name: each for each in review.after.rules} if review.after else {}
    names = sorted({*old, *new})
    done = review.after or review.before
    if not names or done is None:
        return
    rows = [(_code(name), _outcome(old.get(name)), _outcome(new.get(name))) for name in names]
    since = f" since {done.since[:10]}" if done.since else ""
    note = (
        f"Asked about the {count(done.deployments, 'deployment')} that began{since}, each at its "
        "own moment, as if every rule were enabled."
    )
    yield _Table("What the rules would have done", ("Rule", "Before", "After"), rows, note)
    refused = review.after.refused if review.after is not None else []
    if refused:
        shown = [
            (
                each.at[:16].replace("T", " "),
                f"{_code(each.product)} {_code(each.version)}",
                _code(place_text(each.environment, each.instance)),
                _code(", ".join(each.rules)) + (", a rollback" if each.is_rollback else ""),
            )
            for each in reversed(refused)
        ]
        is_cut = len(shown) > _REFUSED_SHOWN
        note = f"The last {_REFUSED_SHOWN} of {len(shown):,}." if is_cut else ""
        head = ("Began (UTC)", "Deployment", "Environment", "Refused by")
        yield _Table("Would have been refused", head, shown[:_REFUSED_SHOWN], note)


def _outcome(rule: ReplayedRule | None) -> str:
    if rule is None:
        return "not asked"
    text = f"{rule.refused:,} refused, {rule.judged - rule.refused - rule.exempt:,} allowed"
    if rule.exempt:
        text += f", {count(rule.exempt, 'rollback')} exempt"
    return text


def _closing(review: Review) -> Iterator[str]:
    if review.change is None:
        return
    if review.change.is_empty:
        yield from ("", "This change has no effect on the content of the registry.")
    why = _of_metrics(review.change)
    words = f"figures of the past may change, because {why}" if why else "unchanged"
    yield from ("", f"**Metrics:** {words}.")


def _of_metrics(change: RegistryChange) -> str:
    """Return why figures of the past may be others, "" where none is."""
    if any(each.field.split(".")[0] == "metrics" for each in change.config):
        return "registry.yaml defines them in another way"
    events = sum(each.builds + each.deployments + each.removed for each in change.products)
    if events:
        return f"the change adds or removes {count(events, 'event')}"
    if any(each.kind in ("added", "restored", "removed") for each in change.products):
        return "products are added or removed"
    if change.environments:
        return "environments change"
    return ""


def _code(text: str) -> str:
    short = clean(text) if len(text) <= _LONGEST_TEXT else f"{clean(text[: _LONGEST_TEXT - 1])}…"
    return code_text(short) if short else ""
