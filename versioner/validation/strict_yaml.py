"""Load YAML that every reader understands alike, and refuse the rest with its place.

Refused are anchors, aliases, tags, directives, merge keys, several documents, duplicate keys,
control characters, byte order marks, deep nesting and size; and plain scalars that versions of
YAML read differently. The parser is libyaml; PyYAML's own where it was built without.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from versioner.models import Problem
from versioner.validation import codes
from versioner.validation.scalars import read_plain
from versioner.validation.yaml_parser import Refusal, bounded, decode, place_of_offset, yaml_events

if TYPE_CHECKING:
    from versioner.validation.violations import Pointer

__all__ = [
    "DEPTH_LIMIT",
    "DOCUMENT_LIMIT",
    "Plain",
    "Reading",
    "read_yaml",
    "unsure_problem",
]

DOCUMENT_LIMIT: Final = 64 * 1024
DEPTH_LIMIT: Final = 8

# Where libyaml takes what other readers do not: tabs between words, a comment at a block's sign.
_LENIENT: Final = re.compile(r"\t|[|>][-+0-9]*#")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Plain:
    """Point at a plain scalar that readers differ about; lines and columns count from 1."""

    pointer: Pointer
    text: str
    line: int
    column: int
    is_key: bool = False


@dataclass(slots=True)
class Reading:
    """Hold what a file says: its value, or why it has none.

    `unsure` are the plain scalars that readers differ about; their text stands in the value.
    A file with `problems` may still have a value, so that its other faults can be told, too.
    """

    value: Any = None
    is_read: bool = False
    problems: list[Problem] = field(default_factory=list)
    unsure: list[Plain] = field(default_factory=list)


def unsure_problem(path: str, item: Plain, hint: str = "") -> Problem:
    """Return the problem of a scalar that readers differ about."""
    what = f"the key {item.text}" if item.is_key else item.text
    return Problem(
        path,
        item.line,
        item.column,
        codes.RETYPED,
        f"{bounded(what)} without quotes is not read alike by all YAML readers",
        hint or f'write "{bounded(item.text)}"',
    )


def read_yaml(data: bytes, path: str, *, limit: int = DOCUMENT_LIMIT) -> Reading:
    """Read a file as far as it can be read, collecting what is wrong with it."""
    reading = Reading()
    try:
        text = decode(data, limit)
        _refuse_directives(text)
        builder = _Builder(path, reading)
        builder.build(text)
        if _LENIENT.search(text):
            _refuse_leniency(text)
        reading.is_read = True
    except Refusal as refusal:
        reading.value = None
        reading.problems.append(Problem(path, *refusal.parts))
    return reading


def _refuse_directives(text: str) -> None:
    # Before the first content only: after it, a directive begins a second document.
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("%"):
            hint = "take the line that begins with % out"
            raise Refusal(number, 1, codes.YAML, "a directive is not allowed", hint)
        if line.strip() and not line.lstrip().startswith("#"):
            return


def _refuse_leniency(text: str) -> None:
    # PyYAML's own parser is slow, so that a large file must do without what needs its word.
    if len(text) > DOCUMENT_LIMIT:
        found = _LENIENT.search(text)
        line, column = place_of_offset(text, found.start() if found else 0)
        hint = 'write a tab as "\\t" in double quotes, and a space before #'
        message = "a tab, or a # without a space, is not allowed in a large file"
        raise Refusal(line, column, codes.YAML, message, hint)
    for _ in yaml_events(text, pure=True):
        pass


class _Builder:
    """Build plain data from events, bounded in depth; one file, one builder."""

    def __init__(self, path: str, reading: Reading) -> None:
        self._path = path
        self._reading = reading
        self._documents = 0
        # Of each open collection: itself, and in a mapping the key that waits for its value.
        self._open: list[tuple[Any, list[str]]] = []
        self._pointer: list[str | int] = []

    def build(self, text: str) -> None:
        import yaml

        handlers = {
            yaml.DocumentStartEvent: self._document,
            yaml.AliasEvent: self._alias,
            yaml.ScalarEvent: self._scalar,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceEndEvent: self._end,
            yaml.MappingEndEvent: self._end,
        }
        for event in yaml_events(text):
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse(event, "a second document begins here", "keep one document a file")

    def _alias(self, event: Any) -> None:
        self._refuse(
            event,
            f"the alias *{bounded(event.anchor)} is not allowed",
            "write the value out; put a text that begins with * in double quotes",
        )

    def _scalar(self, event: Any) -> None:
        self._check_properties(event)
        if self._open and isinstance(self._open[-1][0], dict) and not self._open[-1][1]:
            self._key(event)
            return
        value: Any = event.value
        if not event.style:
            value, is_sure = read_plain(value)
            if not is_sure:
                self._reading.unsure.append(self._plain(event, self._next_pointer()))
        elif event.style == '"':
            self._check_surrogates(event)
        self._add(value)

    def _key(self, event: Any) -> None:
        key = event.value
        mapping, waiting = self._open[-1]
        if not event.style:
            plain = read_plain(key)
            if key == "<<":
                self._refuse(event, "a merge key is not allowed", "write the keys out")
            if not plain.is_sure or not isinstance(plain.value, str):
                pointer = (*self._pointer, key)
                self._reading.unsure.append(self._plain(event, pointer, is_key=True))
        elif event.style == '"':
            self._check_surrogates(event)
        if key in mapping:
            self._note(
                event,
                codes.DUPLICATE_KEY,
                f"the key {bounded(key)} stands here twice",
                "leave one of the two out",
            )
        waiting.append(key)

    def _sequence(self, event: Any) -> None:
        self._begin(event, [])

    def _mapping(self, event: Any) -> None:
        self._begin(event, {})

    def _begin(self, event: Any, made: Any) -> None:
        self._check_properties(event)
        if self._open and isinstance(self._open[-1][0], dict) and not self._open[-1][1]:
            self._refuse(event, "a key must be text", "put the key in double quotes")
        if len(self._open) >= DEPTH_LIMIT:
            self._refuse(
                event,
                f"lists and mappings are nested more than {DEPTH_LIMIT} deep",
                "keep the data flatter, or write the inner part as text",
            )
        pointer = self._next_pointer()
        self._add(made)
        self._pointer = list(pointer)
        self._open.append((made, []))

    def _end(self, _: Any) -> None:
        self._open.pop()
        if self._pointer:
            self._pointer.pop()

    def _next_pointer(self) -> Pointer:
        if not self._open:
            return ()
        parent, waiting = self._open[-1]
        step = waiting[0] if isinstance(parent, dict) else len(parent)
        return (*self._pointer, step)

    def _add(self, value: Any) -> None:
        if not self._open:
            self._reading.value = value
            return
        parent, waiting = self._open[-1]
        if isinstance(parent, dict):
            parent[waiting.pop()] = value
        else:
            parent.append(value)

    def _check_properties(self, event: Any) -> None:
        if event.anchor is not None:
            self._refuse(
                event,
                f"the anchor &{bounded(event.anchor)} is not allowed",
                "write the value out; put a text that begins with & in double quotes",
            )
        if event.tag is not None:
            self._refuse(
                event,
                f"the tag {bounded(event.tag)} is not allowed",
                "take it out; put a text that begins with ! in double quotes",
            )

    def _check_surrogates(self, event: Any) -> None:
        if not event.value.isascii() and _SURROGATE.search(event.value):
            self._refuse(
                event,
                "half a character (a lone surrogate) is escaped here",
                "write the character itself, or its one \\U escape",
            )

    def _plain(self, event: Any, pointer: Pointer, *, is_key: bool = False) -> Plain:
        mark = event.start_mark
        return Plain(pointer, event.value, mark.line + 1, mark.column + 1, is_key)

    def _note(self, event: Any, code: str, message: str, hint: str) -> None:
        mark = event.start_mark
        self._reading.problems.append(
            Problem(self._path, mark.line + 1, mark.column + 1, code, message, hint)
        )

    def _refuse(self, event: Any, message: str, hint: str) -> None:
        mark = event.start_mark
        raise Refusal(mark.line + 1, mark.column + 1, codes.YAML, message, hint)
