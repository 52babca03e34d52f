"""Read the rows of a file to import, whatever it is: each becomes the fields of an event."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.columns import Columns
from versioner.editing.importing.csv_rows import read_table
from versioner.editing.importing.exports import export_of, reader_of
from versioner.editing.importing.json_rows import are_lines, read_documents, read_json_lines
from versioner.editing.importing.options import (
    SHAPES,
    ImportNotes,
    ImportOptions,
    Place,
    SourceRow,
)
from versioner.editing.importing.source import (
    LONGEST_LINE,
    MOST_CHARACTERS,
    limited_lines,
    open_source,
    read_all,
)
from versioner.editing.importing.values import ValueReader
from versioner.errors import InvalidInput

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Iterator, Mapping

    from versioner.editing.importing.options import ImportRow
    from versioner.editing.importing.source import Source

__all__ = ["read_objects", "read_rows"]

# How many objects are looked at to tell which system a file is from.
_LOOKED_AT: Final = 20


def read_rows(
    source: Source,
    options: ImportOptions | None = None,
    *,
    notes: ImportNotes | None = None,
    most_characters: int = MOST_CHARACTERS,
) -> Iterator[ImportRow]:
    """Yield the rows of a file; `notes` receives what there is to tell of it.

    Raises UsageFault for options and columns that cannot be, InvalidInput for a file that is
    not in its format, or that (unpacked) is larger than `most_characters`. A row that cannot be
    read is yielded with the reason under the key "".
    """
    options = options or ImportOptions()
    notes = notes if notes is not None else ImportNotes()
    columns = Columns(options)
    values = ValueReader(options, notes)
    with open_source(source, options, notes) as (container, text):
        if container in ("csv", "tsv"):
            lines = limited_lines(text, most_characters)
            yield from _table_rows(lines, container, options, notes, columns, values)
            return
        rows = _json_rows(text, container, most_characters)
        yield from _object_rows(rows, container, options, notes, columns, values)


def read_objects(
    objects: Iterable[Mapping[str, Any]], shape: str, notes: ImportNotes
) -> Iterator[ImportRow]:
    """Yield the rows of objects of an export, as of a file that has them.

    A row that cannot be read is yielded with the reason under the key "".
    """
    options = ImportOptions(format=shape)
    rows = (SourceRow(Place(1, number), each) for number, each in enumerate(objects))
    yield from _export_rows(rows, shape, Columns(options), ValueReader(options, notes))


def _json_rows(text: io.TextIOWrapper, container: str, most_characters: int) -> Iterator[SourceRow]:
    if container == "jsonl":
        yield from read_json_lines(limited_lines(text, most_characters))
        return
    first = text.readline(LONGEST_LINE)
    if are_lines(first):
        lines = limited_lines(text, most_characters)
        yield from read_json_lines(chain([first], lines))
    else:
        yield from read_documents(first + read_all(text, most_characters))


def _object_rows(
    rows: Iterator[SourceRow],
    container: str,
    options: ImportOptions,
    notes: ImportNotes,
    columns: Columns,
    values: ValueReader,
) -> Iterator[ImportRow]:
    first = list(islice(rows, _LOOKED_AT))
    shape = _shape_of(first, options)
    notes.format = shape or container
    if shape:
        yield from _export_rows(chain(first, rows), shape, columns, values)
        columns.check_all_seen()
        return
    for place, given, fault in chain(first, rows):
        if fault:
            yield place, {"": fault}
            continue
        try:
            row = values.read(columns.of_object(given))
        except InvalidInput as error:
            row = _refused(error)
        if row is not None:
            yield place, row
    columns.check_all_seen()


def _shape_of(rows: list[SourceRow], options: ImportOptions) -> str:
    """Return the export that a file is, by the option, else by its objects."""
    if options.format:
        return options.format if options.format in SHAPES else ""
    found = (export_of(row.values) for row in rows if row.values)
    return next(filter(None, found), "")


def _export_rows(
    rows: Iterable[SourceRow], shape: str, columns: Columns, values: ValueReader
) -> Iterator[ImportRow]:
    reader = reader_of(shape)
    sources = [
        row
        if row.fault or reader.is_one(row.values)
        else row._replace(fault=f"not an object of {shape}")
        for row in rows
    ]
    for place, fields, given, fault in reader.read(sources):
        if fault:
            yield place, {"": fault}
            continue
        try:
            whole = columns.over(fields, given)
            _check_complete(whole)
            row = values.read(whole, reader.WORDS)
        except InvalidInput as error:
            row = _refused(error)
        if row is not None:
            yield place, row


def _check_complete(fields: dict[str, Any]) -> None:
    """Raise InvalidInput for a field that an export does not tell."""
    for field in ("product", "environment"):
        if not fields.get(field):
            raise InvalidInput(
                f"the export has no {field}",
                hint=f"add --set {field}=NAME, or --map KEY={field} with a key of its objects",
            )


def _table_rows(
    lines: Iterator[str],
    container: str,
    options: ImportOptions,
    notes: ImportNotes,
    columns: Columns,
    values: ValueReader,
) -> Iterator[ImportRow]:
    header, table = read_table(lines, tabs=container == "tsv", known=columns.is_known)
    shape = _shape_of([SourceRow(Place(1), dict.fromkeys(header, "x"))], options)
    if shape:
        notes.format = shape
        objects = (SourceRow(Place(n), dict(zip(header, row, strict=False))) for n, row in table)
        yield from _export_rows(objects, shape, columns, values)
        return
    notes.format = container
    fields = columns.of_header(header)
    are_texts = not columns.has_constants and values.are_texts(fields)
    for number, cells in table:
        if are_texts and len(cells) == len(fields) and (plain := values.texts(fields, cells)):
            yield Place(number), plain
            continue
        try:
            row = values.read(columns.of_table(header, fields, cells))
        except InvalidInput as error:
            row = _refused(error)
        if row is not None:
            yield Place(number), row


def _refused(error: InvalidInput) -> dict[str, Any]:
    return {"": f"{error.message} ({error.hint})" if error.hint else error.message}
