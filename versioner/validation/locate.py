"""Find where in a YAML text a value or key stands, for the files that have problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.validation.yaml_parser import Refusal, yaml_events

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from versioner.validation.violations import Pointer

__all__ = ["Spot", "locate", "locate_all"]


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
    except Refusal:
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
