"""Read the rows of a file to import: CSV, CSV.gz or JSON Lines."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from typing import TYPE_CHECKING, Any, Final

from versioner.errors import InvalidInput, UsageFault
from versioner.models import DEPLOYMENT_KEYS
from versioner.names import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["read_rows"]

# The number of a row's last line, counted from 1, and its values by field.
ImportRow = tuple[int, "dict[str, Any]"]

_FIELDS: Final = ("product", *DEPLOYMENT_KEYS)
_METADATA: Final = "extra_metadata."
_ARTIFACTS: Final = "artifacts."
# The limits of an unpacked file, and of one line.
MOST_CHARACTERS: Final = 2**31
LONGEST_LINE: Final = 2**20
_KNOWN: Final = (".csv", ".jsonl", ".ndjson", ".json")


def read_rows(
    path: Path, mapping: Mapping[str, str], *, most_characters: int = MOST_CHARACTERS
) -> Iterator[ImportRow]:
    """Yield the rows; `mapping` gives the field of a column, other columns keep their name.

    A column mapped to `-` is ignored; `extra_metadata.KEY` adds it to the metadata, and
    `artifacts.NAME` is the digest of an artifact. Raises
    UsageFault for a column that is not a field, InvalidInput for a file that is not in the format
    of its name, or that (unpacked) is larger than `most_characters`.
    """
    name = path.name.removesuffix(".gz")
    if not name.endswith(_KNOWN):
        raise UsageFault(
            f"the format of {path} is unknown",
            hint=f"the name must end in {', '.join(_KNOWN)}, or one of these and .gz",
        )
    try:
        with (
            gzip.open(path) if path.suffix == ".gz" else path.open("rb") as raw,
            io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text,
        ):
            lines = _lines(text, most_characters)
            yield from (_csv_rows if name.endswith(".csv") else _json_rows)(lines, mapping)
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{path} is not UTF-8: {error.reason}", hint="convert the file to UTF-8"
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InvalidInput(f"{path} cannot be read: {error}") from None


def _lines(text: io.TextIOWrapper, most_characters: int) -> Iterator[str]:
    """Yield the lines of a file, with limits: a packed file may be larger than the memory."""
    left = most_characters
    number = 0
    while line := text.readline(LONGEST_LINE + 1):
        number += 1
        left -= len(line)
        if len(line) > LONGEST_LINE:
            raise InvalidInput(
                f"line {number} has more than {LONGEST_LINE:,} characters",
                hint="no event is so long: check that this is the right file",
            )
        if left < 0:
            raise InvalidInput(
                f"the file has more than {most_characters:,} characters, unpacked",
                hint="import it in parts: rows that are already recorded are skipped",
            )
        yield line


def _csv_values(lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each row's last line, and its values."""
    reader = csv.reader(lines, strict=True)
    begun = 1
    try:
        for values in reader:
            yield reader.line_num, values
            begun = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise InvalidInput(
                f"line {begun}: a quoted value in this row has no closing quote",
                hint='end each quoted value with a ", and write a " inside a value as ""',
            ) from None
        raise InvalidInput(f"line {begun}: {error}", hint="fix this row") from None


def _csv_rows(lines: Iterator[str], mapping: Mapping[str, str]) -> Iterator[ImportRow]:
    rows = _csv_values(lines)
    _, header = next(rows, (0, None))
    if header is None:
        raise InvalidInput(
            "the file is empty", hint="the first line must contain the names of the columns"
        )
    fields = _fields(header, mapping)
    for number, values in rows:
        if not values:
            continue
        if len(values) != len(header):
            yield (
                number,
                {"": f"the row has {len(values)} values, the header has {len(header)} columns"},
            )
            continue
        yield number, _row_from(dict(zip(fields, values, strict=True)))


def _fields(header: list[str], mapping: Mapping[str, str]) -> list[str]:
    absent = [column for column in mapping if column not in header]
    if absent:
        raise UsageFault(
            f'the file has no column "{absent[0]}"', hint=f"its columns are: {', '.join(header)}"
        )
    fields = [_field(column, mapping) for column in header]
    twice = [field for field in fields if field and fields.count(field) > 1]
    if twice:
        raise UsageFault(
            f"two columns have the field {twice[0]}", hint="ignore one of them: --map 'COLUMN=-'"
        )
    return fields


def _json_rows(lines: Iterator[str], mapping: Mapping[str, str]) -> Iterator[ImportRow]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            # Without its end: an error there would have a place on the next line.
            values = json.loads(line.rstrip())
        except json.JSONDecodeError as error:
            yield number, {"": f"not JSON: the error is at column {error.colno}"}
            continue
        except (ValueError, RecursionError):
            yield number, {"": "not JSON that can be read: a number or the nesting is too long"}
            continue
        if not isinstance(values, dict):
            yield number, {"": "not a JSON object"}
            continue
        row = _row_from({_field(key, mapping): value for key, value in values.items()})
        shortened = next((key for key, value in row.items() if isinstance(value, float)), "")
        if shortened:
            message = f"{shortened} is a number, and a number loses digits (1.10 becomes 1.1): "
            yield number, {"": f'{message}write it as text, "{shortened}": "1.10"'}
            continue
        yield number, row


def _field(column: str, mapping: Mapping[str, str]) -> str:
    name = mapping.get(column, column.strip())
    if name == "-":
        return ""
    if name not in _FIELDS and not name.startswith((_METADATA, _ARTIFACTS)):
        if column in mapping:
            near = nearest(name, _FIELDS)
            meant = f"did you mean {' or '.join(near)}? " if near else ""
            raise UsageFault(
                f'--map {column}={name}: "{name}" is not a field of a deployment',
                hint=f"{meant}use one of {', '.join(_FIELDS)}, or {_METADATA}KEY, "
                f"or {_ARTIFACTS}NAME, or - to ignore the column",
            )
        raise UsageFault(
            f'the column "{column}" is not a field of a deployment',
            hint=f"add --map '{column}=FIELD' (one of {', '.join(_FIELDS)}), "
            f"--map '{column}={_METADATA}{column}' or --map '{column}=-' to ignore it",
        )
    return name


def _row_from(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that are not empty.

    `extra_metadata.KEY` and `artifacts.NAME` columns become one field each.
    """
    row: dict[str, Any] = {}
    inner: dict[str, dict[str, Any]] = {}
    for field, value in values.items():
        if field == "" or value is None or value == "":
            continue
        mapping, separator, key = field.partition(".")
        if separator:
            inner.setdefault(mapping, {})[key] = value
        elif field in ("extra_metadata", "artifacts") and isinstance(value, str):
            row[field] = _mapping(value)
        else:
            row[field] = value
    for mapping, found in inner.items():
        given = row.get(mapping)
        row[mapping] = {**(given if isinstance(given, dict) else {}), **found}
    return row


def _mapping(text: str) -> Any:
    # Text that is not JSON stays text; the check of the event then reports it.
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
