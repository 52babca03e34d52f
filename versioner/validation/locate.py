"""Turn what was found into problems, each at its place in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

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
    from versioner.validation.violations import Fault, Pointer

__all__ = ["Finding", "locate", "problems_at", "secret_findings"]


class Spot(NamedTuple):
    """Hold a place, counted from 1, and the text of a plain scalar that stands there."""

    line: int
    column: int
    source: str = ""


_NOWHERE: Final = Spot(0, 0)


def locate(data: bytes, pointer: Sequence[str | int], *, key: bool = False) -> tuple[int, int]:
    """Return line and column of a value or, with `key`, of its key.

    Where the pointer leads nowhere, they are those of the innermost mapping or list on its way;
    (0, 0) where the text cannot be parsed.
    """
    wanted = (tuple(pointer), key)
    spot = locate_all(data, [wanted])[wanted]
    return spot.line, spot.column


def locate_all(
    data: bytes, wanted: Iterable[tuple[Pointer, bool]]
) -> Mapping[tuple[Pointer, bool], Spot]:
    """Find several places in one pass; each wanted pair is a pointer and whether its key."""
    pairs = set(wanted)
    finder = _Finder(pairs)
    try:
        for event in yaml_events(data.decode(errors="replace")):
            finder.take(event)
    except YamlError:
        pass
    return {pair: finder.spot(pair) for pair in pairs}


class _Finder:
    """Follow the parser's events with a pointer to where they are."""

    def __init__(self, pairs: set[tuple[Pointer, bool]]) -> None:
        self._near = {pointer[:size] for pointer, _ in pairs for size in range(len(pointer) + 1)}
        self._values: dict[Pointer, Spot] = {}
        self._keys: dict[Pointer, Spot] = {}
        # Of each open collection: its pointer, its next index (None for a mapping), its key.
        self._open: list[_Collection] = []

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        if kind in ("SequenceEndEvent", "MappingEndEvent"):
            if self._open:
                self._open.pop()
        elif kind in ("ScalarEvent", "AliasEvent"):
            self._scalar(event, kind)
        elif kind in ("SequenceStartEvent", "MappingStartEvent"):
            pointer = self._place(event)
            self._open.append(_Collection(pointer, None if kind[0] == "M" else 0))

    def spot(self, pair: tuple[Pointer, bool]) -> Spot:
        pointer, is_key = pair
        if is_key and pointer in self._keys:
            return self._keys[pointer]
        for size in range(len(pointer), -1, -1):
            if pointer[:size] in self._values:
                return self._values[pointer[:size]]
        return _NOWHERE

    def _scalar(self, event: Any, kind: str) -> None:
        top = self._open[-1] if self._open else None
        if top is not None and top.index is None and top.key is None and kind == "ScalarEvent":
            top.key = event.value
            pointer = (*top.pointer, event.value)
            if pointer in self._near:
                # The last of two equal keys is the one whose value counts.
                self._keys[pointer] = _spot_of(event)
            return
        self._place(event)

    def _place(self, event: Any) -> Pointer:
        pointer: Pointer = ()
        if self._open:
            top = self._open[-1]
            pointer = (*top.pointer, top.step())
        if pointer in self._near:
            self._values[pointer] = _spot_of(event)
        return pointer


class _Collection:
    """Count the items, or hold the waiting key, of one open list or mapping."""

    __slots__ = ("index", "key", "pointer")

    def __init__(self, pointer: Pointer, index: int | None) -> None:
        self.pointer = pointer
        self.index = index
        self.key: str | None = None

    def step(self) -> str | int:
        if self.index is not None:
            self.index += 1
            return self.index - 1
        key, self.key = self.key, None
        return "" if key is None else key


def _spot_of(event: Any) -> Spot:
    is_plain = not getattr(event, "style", True)
    mark = event.start_mark
    return Spot(mark.line + 1, mark.column + 1, event.value[:200] if is_plain else "")


class Finding(NamedTuple):
    """Hold what no schema says of a value, and where the value is in the file."""

    place: Pointer
    code: str
    message: str
    hint: str


def problems_at(
    path: str,
    data: bytes,
    *,
    faults: Sequence[Fault] = (),
    findings: Sequence[Finding] = (),
    ambiguous: Sequence[AmbiguousScalar] = (),
    first_line: int = 1,
) -> list[Problem]:
    """Return the problems of a file, or of a part that begins at a line of it.

    An ambiguous scalar is one problem; what the schema wants in its place tells the fix.
    """
    values = {item.pointer: item for item in ambiguous if not item.is_key}
    keys = {item.pointer for item in ambiguous if item.is_key}
    hints = {
        fault.place: _ambiguous_hint(fault, values[fault.place])
        for fault in faults
        if fault.place in values
    }
    left = [
        fault
        for fault in faults
        if fault.place not in values and not (fault.is_key and fault.place in keys)
    ]
    problems = [
        ambiguity_problem(path, item, "" if item.is_key else hints.get(item.pointer, ""))
        for item in ambiguous
    ]
    problems += _located(path, data, left, _without_told(findings, left), first_line)
    return sorted(problems)


def secret_findings(value: Any, base: Pointer = ()) -> Iterator[Finding]:
    """Find texts in the shape of a secret key; they are not echoed."""
    for pointer in find_secrets(value):
        yield Finding(
            (*base, *pointer),
            codes.SECRET,
            f"{field_name(pointer) or 'a key'} holds a text in the shape of a secret key",
            "take it out, and replace the key where it is used: git keeps what was committed",
        )


def _without_told(findings: Sequence[Finding], faults: Sequence[Fault]) -> list[Finding]:
    """Leave out that a password in an address is a secret where the address is refused for it."""
    told = {fault.place for fault in faults if _is_address(fault)}
    return [item for item in findings if item.code != codes.SECRET or item.place not in told]


def _is_address(fault: Fault) -> bool:
    pattern = fault.schema.get("pattern", "") if fault.keyword == "pattern" else ""
    return kind_of_pattern(pattern) in ("url", "repository")


def _located(
    path: str,
    data: bytes,
    faults: Sequence[Fault],
    findings: Sequence[Finding],
    first_line: int,
) -> Iterator[Problem]:
    if not faults and not findings:
        return
    wanted = [(fault.place, fault.is_key) for fault in faults]
    spots = locate_all(data, [*wanted, *((finding.place, False) for finding in findings)])
    for fault, pair in zip(faults, wanted, strict=True):
        spot = spots[pair]
        line = spot.line + first_line - 1
        yield Problem(path, line, spot.column, *explain(fault, spot.source))
    for place, code, message, hint in findings:
        spot = spots[place, False]
        yield Problem(path, spot.line + first_line - 1, spot.column, code, message, hint)


def _ambiguous_hint(fault: Fault, item: AmbiguousScalar) -> str:
    wanted = fault.schema.get("type")
    if wanted == "boolean":
        is_yes = item.text.lower() in ("y", "yes", "on", "1")
        return f"write {'true' if is_yes else 'false'}"
    if wanted in ("integer", "number"):
        return "write a plain number, such as 100"
    return ""
