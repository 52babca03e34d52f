"""Load YAML that every reader reads alike; refuse everything else, with its line and column.

Refused are anchors, aliases, tags, directives, merge keys, second documents, duplicate keys,
control characters, byte order marks, deep nesting and size; and plain scalars that YAML versions
read differently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from versioner.models import Problem
from versioner.serialization.values import DEPTH, json_value
from versioner.serialization.yaml_parser import (
    LENIENT,
    YamlError,
    line_and_column,
    read_plain,
    shortened,
    yaml_events,
)
from versioner.validation import codes
from versioner.validation.decoding import NotStrictYaml, decode

if TYPE_CHECKING:
    from versioner.validation.violations import Pointer

__all__ = ["DOCUMENT_LIMIT", "AmbiguousScalar", "Reading", "ambiguity_problem", "read_yaml"]

# Bytes of a people's file.
DOCUMENT_LIMIT: Final = 64 * 1024

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class AmbiguousScalar:
    """A plain scalar that YAML readers disagree on; its line and column count from 1."""

    pointer: Pointer
    text: str
    line: int
    column: int
    is_key: bool = False


@dataclass(slots=True)
class Reading:
    """The value of a file, or the problems why it has none.

    The value of an ambiguous scalar is its text. A file with `problems` may still have a value
    (`is_read`), so that the other problems of the file can be reported with them.
    """

    value: Any = None
    is_read: bool = False
    problems: list[Problem] = field(default_factory=list)
    ambiguous: list[AmbiguousScalar] = field(default_factory=list)
    numbers: list[tuple[Pointer, str]] = field(default_factory=list)
    """The plain decimals, with their text, that would be written in another form: `1.10`."""


def ambiguity_problem(path: str, scalar: AmbiguousScalar, hint: str = "") -> Problem:
    """Return the problem of an ambiguous scalar."""
    subject = f"the key {scalar.text}" if scalar.is_key else scalar.text
    return Problem(
        path,
        scalar.line,
        scalar.column,
        codes.RETYPED,
        f"YAML readers disagree on {shortened(subject)} without quotes",
        hint or f'write "{shortened(scalar.text)}"',
    )


def read_yaml(data: bytes, path: str, *, limit: int = DOCUMENT_LIMIT) -> Reading:
    """Return the value of a file as far as it can be read, and its problems."""
    reading = Reading()
    try:
        text = decode(data, limit)
        _refuse_directives(text)
        _Builder(path, reading).build(text)
        if LENIENT.search(text):
            _refuse_leniency(text)
        reading.is_read = True
    except YamlError as error:
        code = error.code if isinstance(error, NotStrictYaml) else codes.YAML
        problem = Problem(path, error.line, error.column, code, error.message, error.hint)
        reading.value = None
        reading.problems.append(problem)
    return reading


def _refuse_directives(text: str) -> None:
    # Before the first content only: after it, a directive begins a second document.
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("%"):
            hint = "remove the line that begins with %"
            raise NotStrictYaml(number, 1, codes.YAML, "a directive is not allowed", hint)
        if line.strip() and not line.lstrip().startswith("#"):
            return


def _refuse_leniency(text: str) -> None:
    # Only PyYAML's own parser refuses this; it is too slow to run on a large file.
    if len(text) > DOCUMENT_LIMIT:
        found = LENIENT.search(text)
        line, column = line_and_column(text, found.start() if found else 0)
        hint = 'write a tab as "\\t" in double quotes, and a space before #'
        message = "a tab, or a # without a space before it, is not allowed in a large file"
        raise NotStrictYaml(line, column, codes.YAML, message, hint)
    for _ in yaml_events(text, pure=True):
        pass


class _Builder:
    """A builder of one file's plain data from the parser's events."""

    def __init__(self, path: str, reading: Reading) -> None:
        self._path = path
        self._reading = reading
        self._documents = 0
        # Each open collection, with the key of a mapping that has no value yet.
        self._open: list[tuple[Any, list[str]]] = []
        self._pointer: list[str | int] = []

    def build(self, text: str) -> None:
        handlers = {
            "DocumentStartEvent": self._document,
            "AliasEvent": self._alias,
            "ScalarEvent": self._scalar,
            "SequenceStartEvent": self._sequence,
            "MappingStartEvent": self._mapping,
            "SequenceEndEvent": self._end,
            "MappingEndEvent": self._end,
        }
        for event in yaml_events(text):
            handler = handlers.get(type(event).__name__)
            if handler is not None:
                handler(event)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse(event, "a second document begins here", "write one document per file")

    def _alias(self, event: Any) -> None:
        self._refuse(
            event,
            f"the alias *{shortened(event.anchor)} is not allowed",
            "write the value itself; put a text that begins with * in double quotes",
        )

    def _scalar(self, event: Any) -> None:
        self._check_properties(event)
        if self._open and isinstance(self._open[-1][0], dict) and not self._open[-1][1]:
            self._key(event)
            return
        value: Any = event.value
        if not event.style:
            value, is_ambiguous = read_plain(value)
            if is_ambiguous:
                self._note_ambiguity(event, self._next_pointer())
            elif isinstance(value, float) and json_value(value, "", DEPTH) != event.value:
                self._reading.numbers.append((self._next_pointer(), event.value))
        elif event.style == '"':
            self._check_surrogates(event)
        self._add(value)

    def _key(self, event: Any) -> None:
        key = event.value
        mapping, pending = self._open[-1]
        if not event.style:
            plain = read_plain(key)
            if key == "<<":
                self._refuse(event, "a merge key is not allowed", "write the keys themselves")
            if plain.is_ambiguous or not isinstance(plain.value, str):
                self._note_ambiguity(event, (*self._pointer, key), is_key=True)
        elif event.style == '"':
            self._check_surrogates(event)
        if key in mapping:
            self._note_duplicate(event)
        pending.append(key)

    def _sequence(self, event: Any) -> None:
        self._begin(event, [])

    def _mapping(self, event: Any) -> None:
        self._begin(event, {})

    def _begin(self, event: Any, collection: Any) -> None:
        self._check_properties(event)
        if self._open and isinstance(self._open[-1][0], dict) and not self._open[-1][1]:
            self._refuse(event, "a key must be text", "put the key in double quotes")
        if len(self._open) >= DEPTH:
            self._refuse(
                event,
                f"lists and mappings are nested more than {DEPTH} levels deep",
                "use fewer levels, or write the inner part as text",
            )
        pointer = self._next_pointer()
        self._add(collection)
        self._pointer = list(pointer)
        self._open.append((collection, []))

    def _end(self, _: Any) -> None:
        self._open.pop()
        if self._pointer:
            self._pointer.pop()

    def _next_pointer(self) -> Pointer:
        if not self._open:
            return ()
        parent, pending = self._open[-1]
        step = pending[0] if isinstance(parent, dict) else len(parent)
        return (*self._pointer, step)

    def _add(self, value: Any) -> None:
        if not self._open:
            self._reading.value = value
            return
        parent, pending = self._open[-1]
        if isinstance(parent, dict):
            parent[pending.pop()] = value
        else:
            parent.append(value)

    def _check_properties(self, event: Any) -> None:
        if event.anchor is not None:
            self._refuse(
                event,
                f"the anchor &{shortened(event.anchor)} is not allowed",
                "write the value itself; put a text that begins with & in double quotes",
            )
        if event.tag is not None:
            self._refuse(
                event,
                f"the tag {shortened(event.tag)} is not allowed",
                "remove it; put a text that begins with ! in double quotes",
            )

    def _check_surrogates(self, event: Any) -> None:
        if not event.value.isascii() and _SURROGATE.search(event.value):
            self._refuse(
                event,
                "the escape is half a character (a lone surrogate)",
                "write the character itself, or one \\U escape for the whole character",
            )

    def _note_ambiguity(self, event: Any, pointer: Pointer, *, is_key: bool = False) -> None:
        mark = event.start_mark
        scalar = AmbiguousScalar(pointer, event.value, mark.line + 1, mark.column + 1, is_key)
        self._reading.ambiguous.append(scalar)

    def _note_duplicate(self, event: Any) -> None:
        mark = event.start_mark
        message = f"the mapping has the key {shortened(event.value)} twice"
        place = (self._path, mark.line + 1, mark.column + 1)
        problem = Problem(*place, codes.DUPLICATE_KEY, message, "remove one of the two")
        self._reading.problems.append(problem)

    def _refuse(self, event: Any, message: str, hint: str) -> None:
        mark = event.start_mark
        raise NotStrictYaml(mark.line + 1, mark.column + 1, codes.YAML, message, hint)
