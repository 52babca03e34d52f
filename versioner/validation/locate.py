"""Problems at their lines and columns, which are only looked up in files that have problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from versioner.models import Problem
from versioner.secret_scanning import find_secrets
from versioner.serialization.yaml_parser import YamlError, yaml_events
from versioner.validation import codes
from versioner.validation.messages import explain, field_name
from versioner.validation.schemas import kind_of_pattern
from versioner.validation.strict_yaml import ambiguity_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from versioner.validation.strict_yaml import AmbiguousScalar
    from versioner.validation.violations import Pointer, Violation

__all__ = ["ContentProblem", "locate", "locate_problems", "secret_problems"]


class ContentProblem(NamedTuple):
    """A problem of a value that no schema describes; `pointer` leads to the value."""

    pointer: Pointer
    code: str
    message: str
    hint: str


class _Position(NamedTuple):
    """A line and a column, counted from 1, and the text of a plain scalar there."""

    line: int
    column: int
    source: str = ""


# A pointer, and whether the position of its key is meant instead of that of its value.
_Target = tuple["Pointer", bool]


def locate_problems(
    path: str,
    data: bytes,
    *,
    violations: Sequence[Violation] = (),
    content_problems: Sequence[ContentProblem] = (),
    ambiguous: Sequence[AmbiguousScalar] = (),
    first_line: int = 1,
) -> list[Problem]:
    """Return the problems of a file, or of its part `data` that begins at `first_line`.

    A scalar that is ambiguous and breaks the schema has one problem, with the schema's hint.
    """
    values = {scalar.pointer: scalar for scalar in ambiguous if not scalar.is_key}
    keys = {scalar.pointer for scalar in ambiguous if scalar.is_key}
    hints: dict[Pointer, str] = {}
    others: list[Violation] = []
    for violation in violations:
        pointer = violation.full_pointer
        if pointer in values:
            hints[pointer] = _ambiguity_hint(violation, values[pointer])
        elif not (violation.is_key and pointer in keys):
            others.append(violation)
    problems = [
        ambiguity_problem(path, scalar, "" if scalar.is_key else hints.get(scalar.pointer, ""))
        for scalar in ambiguous
    ]
    content_problems = _without_repeats(content_problems, others)
    problems += _at_positions(path, data, others, content_problems, first_line)
    return sorted(problems)


def secret_problems(value: Any) -> Iterator[ContentProblem]:
    """Yield a problem for each text that looks like a secret key, without the text."""
    for pointer in find_secrets(value):
        yield ContentProblem(
            pointer,
            codes.SECRET,
            f"{field_name(pointer) or 'a key'} contains a text that looks like a secret key",
            "remove it here, and revoke the key where it is used: the history of git keeps it",
        )


def locate(data: bytes, pointer: Sequence[str | int], *, key: bool = False) -> tuple[int, int]:
    """Return the line and column of a value or, with `key`, of its key.

    For a pointer that leads nowhere, they are those of the last mapping or list on its way; (0, 0)
    for a text that cannot be parsed.
    """
    target = (tuple(pointer), key)
    position = _locate_all(data, [target])[target]
    return position.line, position.column


def _without_repeats(
    content_problems: Sequence[ContentProblem], violations: Sequence[Violation]
) -> list[ContentProblem]:
    """Return the problems without the secrets in URLs that are refused for their password."""
    urls = {violation.full_pointer for violation in violations if _is_url_violation(violation)}
    return [
        problem
        for problem in content_problems
        if problem.code != codes.SECRET or problem.pointer not in urls
    ]


def _is_url_violation(violation: Violation) -> bool:
    pattern = violation.schema.get("pattern", "") if violation.keyword == "pattern" else ""
    return kind_of_pattern(pattern) in ("url", "repository")


def _at_positions(
    path: str,
    data: bytes,
    violations: Sequence[Violation],
    content_problems: Sequence[ContentProblem],
    first_line: int,
) -> Iterator[Problem]:
    if not violations and not content_problems:
        return
    targets = [(violation.full_pointer, violation.is_key) for violation in violations]
    content_targets = [(problem.pointer, False) for problem in content_problems]
    positions = _locate_all(data, [*targets, *content_targets])
    for violation, target in zip(violations, targets, strict=True):
        line, column, source = positions[target]
        yield Problem(path, line + first_line - 1, column, *explain(violation, source))
    for pointer, code, message, hint in content_problems:
        line, column, _ = positions[pointer, False]
        yield Problem(path, line + first_line - 1, column, code, message, hint)


def _ambiguity_hint(violation: Violation, scalar: AmbiguousScalar) -> str:
    expected = violation.schema.get("type")
    if expected == "boolean":
        is_yes = scalar.text.lower() in ("y", "yes", "on", "1")
        return f"write {'true' if is_yes else 'false'}"
    if expected in ("integer", "number"):
        return "write a plain number, such as 100"
    return ""


def _locate_all(data: bytes, targets: Iterable[_Target]) -> Mapping[_Target, _Position]:
    """Return the positions of several targets, found in one pass over the text."""
    targets = set(targets)
    finder = _Finder(targets)
    try:
        for event in yaml_events(data.decode(errors="replace")):
            finder.take(event)
    except YamlError:
        pass
    return {target: finder.position_of(target) for target in targets}


class _Finder:
    """A reader of the parser's events that notes the positions of targets."""

    def __init__(self, targets: Iterable[_Target]) -> None:
        # The targets, and the collections on the way to them.
        self._pointers = {
            pointer[:size] for pointer, _ in targets for size in range(len(pointer) + 1)
        }
        self._values: dict[Pointer, _Position] = {}
        self._keys: dict[Pointer, _Position] = {}
        self._open: list[_Collection] = []

    def take(self, event: Any) -> None:
        name = type(event).__name__
        if name in ("SequenceEndEvent", "MappingEndEvent"):
            if self._open:
                self._open.pop()
        elif name in ("ScalarEvent", "AliasEvent"):
            self._take_scalar(event, is_alias=name == "AliasEvent")
        elif name in ("SequenceStartEvent", "MappingStartEvent"):
            pointer = self._note_value(event)
            self._open.append(_Collection(pointer, None if name[0] == "M" else 0))

    def position_of(self, target: _Target) -> _Position:
        pointer, is_key = target
        if is_key and pointer in self._keys:
            return self._keys[pointer]
        for size in range(len(pointer), -1, -1):
            if pointer[:size] in self._values:
                return self._values[pointer[:size]]
        return _Position(0, 0)

    def _take_scalar(self, event: Any, *, is_alias: bool) -> None:
        parent = self._open[-1] if self._open else None
        if parent is None or parent.index is not None or parent.key is not None or is_alias:
            self._note_value(event)
            return
        parent.key = event.value
        pointer = (*parent.pointer, event.value)
        if pointer in self._pointers:
            # Of two equal keys the last one has the value that is read.
            self._keys[pointer] = _position_of(event)

    def _note_value(self, event: Any) -> Pointer:
        pointer: Pointer = ()
        if self._open:
            parent = self._open[-1]
            pointer = (*parent.pointer, parent.next_step())
        if pointer in self._pointers:
            self._values[pointer] = _position_of(event)
        return pointer


class _Collection:
    """An open list with its next index, or an open mapping (`index` None) with its last key."""

    __slots__ = ("index", "key", "pointer")

    def __init__(self, pointer: Pointer, index: int | None) -> None:
        self.pointer = pointer
        self.index = index
        self.key: str | None = None

    def next_step(self) -> str | int:
        """Return the index or key of the next value."""
        if self.index is not None:
            self.index += 1
            return self.index - 1
        key, self.key = self.key, None
        return "" if key is None else key


def _position_of(event: Any) -> _Position:
    is_plain = not getattr(event, "style", True)
    mark = event.start_mark
    return _Position(mark.line + 1, mark.column + 1, event.value[:200] if is_plain else "")
