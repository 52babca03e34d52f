"""Turn the values of a row, as a spreadsheet or a tool wrote them, into those of an event."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.columns import is_empty
from versioner.editing.importing.json_rows import load_json
from versioner.editing.importing.options import (
    FIELDS,
    IGNORE,
    MAPS,
    OBJECT,
    UnknownName,
    check_field,
)
from versioner.editing.importing.times import TimeReader
from versioner.errors import InvalidInput
from versioner.models.events import DEFAULT_ARTIFACT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from versioner.editing.importing.options import ImportNotes, ImportOptions

__all__ = ["ValueReader"]

# What a spreadsheet shows for a long number, and for a formula that failed.
_SCIENTIFIC: Final = re.compile(r"[0-9](?:[.,][0-9]+)?E[+-][0-9]{2,3}")
_BROKEN: Final = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|#{3,})")
_TEXTS: Final = frozenset(FIELDS) - {"at", OBJECT, *MAPS}
_FREE: Final = ("reason", "deployed_by_name", "deployed_by_email", "at")


class ValueReader:
    """Reads the values of the rows of one file."""

    def __init__(self, options: ImportOptions, notes: ImportNotes) -> None:
        self._notes = notes
        self._times = TimeReader(options.time_formats, options.time_zone)
        self._values: dict[str, dict[str, str]] = {}
        for (field, word), value in options.values.items():
            check_field(field, f"--value {field}:{word}={value}")
            self._values.setdefault(field, {})[word.strip().casefold()] = value

    def read(
        self, fields: Mapping[str, Any], words: Mapping[str, str] | None = None
    ) -> dict[str, Any] | None:
        """Return a row of an event, or None for a row that a word of it leaves out.

        `words` are the words of status of an export. Raises InvalidInput with the remedy.
        """
        given = dict(fields)
        for field in self._values.keys() & given.keys() if self._values else ():
            if self._replaced(field, given) == IGNORE:
                return None
        if words is not None and self._by_words(given, words) == IGNORE:
            return None
        row: dict[str, Any] = {}
        maps: dict[str, dict[str, Any]] = {}
        for field, value in given.items():
            # Nearly all values are texts that only lose their blanks.
            if type(value) is str and field in _TEXTS:
                text = value.strip()
                if text and "E" not in text and text[0] != "#":
                    row[field] = text
                    continue
            if is_empty(value):
                if field == "status":
                    raise _no_status()
            elif "." not in field:
                row[field] = self._value(field, value)
            else:
                name, _, key = field.partition(".")
                maps.setdefault(name, {})[key] = value
        for name, each in maps.items():
            whole = row.get(name)
            row[name] = {**(whole if isinstance(whole, dict) else {}), **each}
        return row

    def are_texts(self, fields: Collection[str]) -> bool:
        """Return whether `texts` may return rows of a table with these columns."""
        return not self._values and "at" in fields and {*fields} - {"at"} <= _TEXTS

    @staticmethod
    def texts(fields: Sequence[str], cells: Sequence[str]) -> dict[str, Any] | None:
        """Return a row as `read` does where all cells are plain texts, else None."""
        row = dict(zip(fields, map(str.strip, cells), strict=True))
        at, whole = row["at"], "".join(cells)
        # A number that a spreadsheet has rounded has an E, the error of a formula a number sign.
        if len(at) != 20 or at[10] != "T" or at[19] != "Z" or "E" in whole or "#" in whole:
            return None
        return row if all(row.values()) else None

    def _replaced(self, field: str, given: dict[str, Any]) -> str:
        """Replace a value by that of --value, and return it; "" where there is none."""
        text = "" if is_empty(given[field]) else str(given[field])
        value = self._values[field].get(text.strip().casefold(), "")
        if value == IGNORE:
            self._notes.skipped[f"{field} {text}".strip()] += 1
        elif value:
            given[field] = value
        return value

    def _by_words(self, given: dict[str, Any], words: Mapping[str, str]) -> str:
        """Replace the word of status of an export, and return what it is replaced by."""
        if is_empty(given.get("status")):
            # The export does not tell how it ended, and no more is recorded than it tells.
            given["status"] = "pending"
            self._notes.without_status += 1
            return ""
        word = str(given["status"])
        status = words.get(word.strip().lower(), word)
        if status == IGNORE:
            self._notes.skipped[f"status {word}"] += 1
        given["status"] = status
        return status

    def _value(self, field: str, value: Any) -> Any:
        if field == "at":
            return self._times.read(value)
        if field in (OBJECT, *MAPS):
            return _map_of(field, value)
        if isinstance(value, str):
            return _text(field, value)
        if isinstance(value, float) or (field == "version" and type(value) is int):
            raise InvalidInput(
                f"{field} is a number, and a number loses digits (1.10 becomes 1.1): "
                f'write it as text, "{field}": "1.10"'
            )
        if isinstance(value, dict):
            keys = [key for key in value if isinstance(key, str)]
            likely = next((key for key in ("name", "login", "username") if key in keys), "KEY")
            raise InvalidInput(
                f"{field} is an object with the keys {', '.join(keys[:12])}",
                hint=f"choose one: --map {field}.{likely}={field}",
            )
        # The ids of runs and jobs are numbers in the answers of many APIs.
        return str(value) if type(value) is int else value


def _text(field: str, value: str) -> str:
    if isinstance(value, UnknownName):
        raise InvalidInput(
            f'the file does not give the name of the {field} "{value}"',
            hint=f"add --value {field}:{value}=NAME, or add the answer that lists the names",
        )
    if field not in _FREE:
        if "E" in value and _SCIENTIFIC.fullmatch(value.strip()):
            raise InvalidInput(
                f"{field} is {value.strip()}, a number that a spreadsheet has rounded",
                hint="format the column as text where the file comes from, and export it again",
            )
        if value.startswith("#") and _BROKEN.fullmatch(value.strip()):
            raise InvalidInput(
                f"{field} is {value.strip()}, the error of a formula in a spreadsheet",
                hint="correct the cell, and export the file again",
            )
    return value.strip()


def _map_of(field: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if field == "artifacts" and not value.lstrip().startswith("{"):
        return dict(map(_artifact, value.split()))
    # Text that is not JSON stays text; the check of the event then reports it.
    try:
        return load_json(value)
    except (ValueError, RecursionError):
        return value


def _artifact(text: str) -> tuple[str, str]:
    """Return the name and the digest of `[NAME=]DIGEST`, as the option of `track` has it."""
    name, equals, value = text.rpartition("=")
    return name if equals else DEFAULT_ARTIFACT, value.rpartition("@")[2].lower()


def _no_status() -> InvalidInput:
    return InvalidInput(
        "the status is empty",
        field="status",
        hint="write it, or give its meaning: --value status:=completed (or --value status:=- "
        "to leave such rows out)",
    )
