"""Read the rows of JSON: one value a line, arrays, and the lists in the answers of APIs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.options import FIELDS, Place, SourceRow
from versioner.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

__all__ = ["are_lines", "load_json", "read_documents", "read_json_lines"]

_SPACE: Final = re.compile(r"[ \t\r\n\ufeff]*")
# The keys under which APIs give the list of an answer.
_LISTS: Final = (
    *("items", "Items", "data", "deployments", "Deployments", "results", "values", "value", "rows"),
)
_TOO_LONG: Final = "not JSON that can be read: a number is too long, or the nesting is too deep"


class _NotUnique(ValueError):
    """An object with a key twice: which of the two values holds is not told."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in found if keys.count(key) > 1)
        raise _NotUnique(f'the key "{twice}" occurs twice: remove one of them')
    return found


def _no_constant(name: str) -> Any:
    raise _NotUnique(f"not JSON: {name} is not valid in JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
# To find the end of a value that is refused.
_LAX: Final = json.JSONDecoder()


def load_json(text: str) -> Any:
    """Return the value of a JSON text; raise ValueError, also for a key that occurs twice."""
    return _DECODER.decode(text)


def are_lines(first: str) -> bool:
    """Return whether a file that begins with this line has one object on each line."""
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def read_json_lines(lines: Iterable[str]) -> Iterator[SourceRow]:
    """Yield the object on each line that is not empty."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = Place(number)
        try:
            # Without its end: an error there would have a place on the next line.
            values = load_json(line.strip("\ufeff").rstrip())
        except json.JSONDecodeError as error:
            yield SourceRow(place, {}, f"not JSON: the error is at column {error.colno}")
        except _NotUnique as error:
            yield SourceRow(place, {}, str(error))
        except (ValueError, RecursionError):
            yield SourceRow(place, {}, _TOO_LONG)
        else:
            yield from _unwrapped(place, values)


def _unwrapped(place: Place, value: Any) -> Iterator[SourceRow]:
    key = _list_key(value)
    several = value[key] if key else value
    if not isinstance(several, list):
        yield _row(place, value)
        return
    for item, each in enumerate(several, 1):
        yield _row(Place(place.line, item), each)


def _row(place: Place, value: Any) -> SourceRow:
    if isinstance(value, dict):
        return SourceRow(place, value)
    return SourceRow(place, {}, "not a JSON object")


def _list_key(value: Any) -> str:
    """Return the key of the list that an answer of an API holds, "" where a value is a row."""
    if not isinstance(value, dict) or any(key in value for key in FIELDS):
        return ""
    keys = [key for key in _LISTS if key in value and isinstance(value[key], list)]
    lists = [key for key in value if isinstance(value[key], list) and value[key]]
    return keys[0] if len(keys) == 1 and set(lists) <= {keys[0]} else ""


def read_documents(text: str) -> Iterator[SourceRow]:
    """Yield the objects of JSON values that follow each other: arrays, answers or objects.

    Raises InvalidInput for text that is not JSON.
    """
    return _Scanner(text).rows()


class _Scanner:
    """JSON text that is decoded value by value, so that each has its line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._counted = 0
        self._line = 1
        self._last = Place(0)

    def rows(self) -> Iterator[SourceRow]:
        index = self._skip(0)
        while index < len(self._text):
            if self._text[index] == "[":
                index = yield from self._elements(index)
            else:
                index = yield from self._value(index)
            index = self._skip(index)

    def _value(self, index: int) -> Generator[SourceRow, None, int]:
        row, end = self._decoded(index)
        key = "" if row.fault else _list_key(row.values)
        if not key:
            yield row
            return end
        self._last = Place(0)
        yield from self._elements(self._start_of(index, key))
        return end

    def _elements(self, index: int, *, within: bool = False) -> Generator[SourceRow, None, int]:
        """Yield the elements of an array, and those of the arrays (pages) that it holds."""
        index = self._skip(index + 1)
        while self._at(index) != "]":
            if self._at(index) == "[" and not within:
                index = yield from self._elements(index, within=True)
            else:
                row, index = self._decoded(index)
                yield row
            index = self._skip(index)
            if self._at(index) == ",":
                index = self._skip(index + 1)
                if self._at(index) == "]":
                    raise self._fault(index)
            elif self._at(index) != "]":
                raise self._fault(index)
        return index + 1

    def _decoded(self, index: int) -> tuple[SourceRow, int]:
        place = self._place(index)
        try:
            value, end = _DECODER.raw_decode(self._text, index)
        except json.JSONDecodeError as error:
            raise self._fault(error.pos) from None
        except _NotUnique as error:
            return SourceRow(place, {}, str(error)), _LAX.raw_decode(self._text, index)[1]
        except (ValueError, RecursionError):
            raise InvalidInput(f"line {place.line}: {_TOO_LONG}") from None
        return _row(place, value), end

    def _start_of(self, index: int, wanted: str) -> int:
        """Return where the value of a key of the object at `index` begins."""
        index = self._skip(index + 1)
        while True:
            key, index = _LAX.raw_decode(self._text, index)
            index = self._skip(self._skip(index) + 1)
            if key == wanted:
                return index
            index = self._skip(_LAX.raw_decode(self._text, index)[1])
            index = self._skip(index + 1)

    def _skip(self, index: int) -> int:
        found = _SPACE.match(self._text, index)
        return found.end() if found is not None else index

    def _at(self, index: int) -> str:
        return self._text[index : index + 1]

    def _place(self, index: int) -> Place:
        self._line += self._text.count("\n", self._counted, index)
        self._counted = index
        same = self._line == self._last.line
        self._last = Place(self._line, max(self._last.item, 1) + 1 if same else 0)
        return self._last

    def _fault(self, index: int) -> InvalidInput:
        line = self._text.count("\n", 0, index) + 1
        column = index - self._text.rfind("\n", 0, index)
        return InvalidInput(
            f"line {line}: not JSON: the error is at column {column}", hint="fix the file"
        )
