"""Which rules were in force when, by the history of their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from versioner import layout
from versioner.git.files.file_changes import changes_below
from versioner.git.objects import contents_of, read_blobs, reading
from versioner.registry.governance.rules import rule_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.git.files.file_changes import FileChange
    from versioner.git.repository import Repository
    from versioner.models.governance import Rule

__all__ = ["RULES_FOLDER", "RulePeriod", "rule_periods"]

RULES_FOLDER: Final = f"{layout.ROOT}/rules"


class RulePeriod(NamedTuple):
    """A rule as it was after a moment and up to another one; "" for no limit."""

    rule: Rule
    since: str = ""
    until: str = ""


def rule_periods(
    rules: Sequence[Rule], repository: Repository, revision: str, since: int
) -> list[RulePeriod]:
    """Return the rules as they were from a moment (in seconds) to a revision, by name.

    `rules` are those that the registry has now; of them, what is not committed was never in force.
    Left out are the times in which a rule was disabled or could not be read.
    """
    changes: dict[str, list[FileChange]] = {}
    for each in changes_below(repository, RULES_FOLDER, revision, since):
        changes.setdefault(each.path, []).append(each)
    known = {each.path: each for each in rules}
    own = {path: found for path, found in changes.items() if path in known}
    contents = _contents(repository, own)
    others = {path: rule for path, rule in known.items() if path not in own}
    if repository.work_tree is not None:
        others = _committed(repository, revision, others)
    periods = [RulePeriod(rule) for rule in others.values()]
    for path, found in own.items():
        periods += _periods(path, found, contents)
    periods = [each for each in periods if each.rule.enforcement != "disabled"]
    return sorted(periods, key=lambda each: (each.rule.name, each.since))


def _committed(repository: Repository, revision: str, rules: Mapping[str, Rule]) -> dict[str, Rule]:
    """Return rules by path as a revision has them; the files may have changes."""
    found = {}
    for path, data in read_blobs(repository, revision, rules).items():
        rule = _rule(data, path) if data is not None else None
        if rule is not None:
            found[path] = rule
    return found


def _contents(
    repository: Repository, changes: Mapping[str, Sequence[FileChange]]
) -> dict[str, bytes]:
    blobs = {blob for own in changes.values() for each in own for blob in (each.before, each.after)}
    with reading(repository) as reader:
        return contents_of(reader, {blob: blob for blob in blobs - {""}})


def _periods(
    path: str, changes: Sequence[FileChange], contents: Mapping[str, bytes]
) -> Iterator[RulePeriod]:
    first = changes[0]
    states = [("", first.before), *((each.at, each.after) for each in changes)]
    ends = [*(at for at, _ in states[1:]), ""]
    for (since, blob), until in zip(states, ends, strict=True):
        rule = _rule(contents[blob], path) if blob else None
        if rule is not None and (since < until or not until):
            yield RulePeriod(rule, since, until)


def _rule(data: bytes, path: str) -> Rule | None:
    """Return the rule of a file, None where it has errors."""
    from versioner.registry.governance.rule_files import read_rule

    document = read_rule(data, path).document
    return None if document is None else rule_of(document, path)
