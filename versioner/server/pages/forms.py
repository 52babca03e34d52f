"""Forms and their fields, and the texts of typed values in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from versioner.errors import InvalidInput
from versioner.serialization.assignments import dotted, parse_assignment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "Field",
    "Form",
    "Option",
    "Pair",
    "Section",
    "filled_rows",
    "pairs_of",
    "read_pairs",
    "refuse_twice",
    "section_line",
    "text_of_value",
    "value_of_text",
    "words",
]

# Empty rows below those that are filled: a form without script cannot add one.
_SPARE_ROWS = 3
_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of a list."""

    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A row with a key and a value; `was` is the key in the file, "" for a new row."""

    key: str
    value: str
    was: str = ""


@dataclass(slots=True)
class Field:
    """A field of a form; `first` and `second` name the columns of pairs.

    `about` are other names that errors give what the field holds.
    """

    name: str
    label: str
    kind: Literal["text", "textarea", "select", "pairs"] = "text"
    value: str = ""
    hint: str = ""
    fault: str = ""
    required: bool = False
    lines: int = 3
    options: Sequence[Option] = ()
    rows: Sequence[Pair] = ()
    first: str = "Key"
    second: str = "Value"
    about: Sequence[str] = ()


@dataclass(slots=True)
class Form:
    """A form: where it is sent, its fields, and the word on its button."""

    action: str
    fields: Sequence[Field]
    button: str
    title: str = ""
    danger: bool = False
    hidden: Sequence[tuple[str, str]] = ()

    def view(self) -> dict[str, Any]:
        """Return the form as the template reads it."""
        return asdict(self)


@dataclass(slots=True)
class Section:
    """A part of a page above its forms: a list, or a text as it is."""

    title: str
    note: str = ""
    lines: Sequence[dict[str, str]] = ()
    text: str = ""

    def view(self) -> dict[str, Any]:
        """Return the section as the template reads it."""
        return asdict(self)


def section_line(text: str, href: str = "", link: str = "") -> dict[str, str]:
    """Return a line of a section, with a link where it has one."""
    return {"text": text, "href": href, "link": link}


def words(text: str) -> list[str]:
    """Return the names in a text with commas, spaces or line breaks between them."""
    return [each for each in text.replace(",", " ").split() if each]


def text_of_value(key: str, value: Any) -> str:
    """Return the text of a value of metadata, which `value_of_text` reads back."""
    if isinstance(value, str) and _reads_back(key, value, value):
        return value
    return json.dumps(value, ensure_ascii=False)


def value_of_text(key: str, text: str) -> Any:
    """Return the value that a text of metadata means, as `--set` reads it; raise InvalidInput."""
    return parse_assignment(f"{dotted(('extra_metadata', key))}={text}").value


def _reads_back(key: str, text: str, value: Any) -> bool:
    try:
        found = value_of_text(key, text)
    except InvalidInput:
        return False
    return type(found) is type(value) and bool(found == value)


def pairs_of(values: Iterable[tuple[str, str]]) -> list[Pair]:
    """Return the rows of pairs, with some empty ones below them."""
    rows = [Pair(key, value, key) for key, value in values]
    return [*rows, *[Pair("", "")] * _SPARE_ROWS]


def read_pairs(form: Mapping[str, str], name: str) -> list[Pair]:
    """Return the rows that were sent for a field, those without key and value left out."""
    found = []
    for number in range(1, _MOST_ROWS + 1):
        if f"{name}-{number}-key" not in form:
            break
        key = form[f"{name}-{number}-key"].replace("\r\n", "\n").strip()
        value = form.get(f"{name}-{number}-value", "").replace("\r\n", "\n").strip()
        was = form.get(f"{name}-{number}-was", "")
        if key or value or was:
            found.append(Pair(key, value, was))
    return found


def filled_rows(form: Mapping[str, str], name: str, *, needs: tuple[str, str]) -> list[Pair]:
    """Return the rows that were filled; raise InvalidInput for a half or a second one.

    `needs` are the words for what each row has, "" for a value that it may lack.
    """
    rows = [row for row in read_pairs(form, name) if row.key or row.value]
    for row in rows:
        lacking = needs[0] if not row.key else needs[1] if not row.value else ""
        if lacking:
            raise InvalidInput(
                f'"{(row.key or row.value)[:40]}" has no {lacking}', field=name,
                hint="fill both, or empty the row",
            )  # fmt: skip
    if needs[0] != "title":
        refuse_twice(rows, name, needs[0])
    return rows


def refuse_twice(rows: Iterable[Pair], name: str, what: str) -> None:
    """Raise InvalidInput where two rows have the same key; `what` is the word for it."""
    seen = set()
    for row in rows:
        if row.key and row.key in seen:
            raise InvalidInput(
                f'the {what} "{row.key}" occurs twice', field=name, hint="remove one row"
            )
        seen.add(row.key)
