"""Give the columns of tables and the keys of objects their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.editing.importing.options import FIELDS, IGNORE, MAPS, check_field
from versioner.errors import InvalidInput, UsageFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.editing.importing.options import ImportOptions

__all__ = ["Columns", "is_empty"]

# As a column of --map: all columns that have no field.
_OTHERS: Final = "*"
_NONE: Final = object()
_NEEDED: Final = ("product", "at")


class Columns:
    """The fields that the columns of one file have, by their names and by the options."""

    def __init__(self, options: ImportOptions) -> None:
        self._mapping = {key: each for key, each in options.mapping.items() if key != _OTHERS}
        self._others_ignored = options.mapping.get(_OTHERS) == IGNORE
        if _OTHERS in options.mapping and not self._others_ignored:
            raise UsageFault("--map '*=...' ignores all other columns: write --map '*=-'")
        for column, field in self._mapping.items():
            if field != IGNORE:
                check_field(field, f"--map {column}={field}")
        for field, value in options.constants.items():
            check_field(field, f"--set {field}={value}")
        self._constants = options.constants
        self._own: dict[str, str] = {}
        self._seen: set[str] = set()
        self._example: list[str] = []
        self._any = False

    def is_known(self, column: str) -> bool:
        """Return whether a column has a field, or is mentioned in the options."""
        return column in self._mapping or _own_field(column) != ""

    @property
    def has_constants(self) -> bool:
        """Return whether the options give the values of fields."""
        return bool(self._constants)

    def of_header(self, header: Sequence[str]) -> list[str]:
        """Return the field of each column, "" for an ignored one; raise UsageFault."""
        absent = [column for column in self._mapping if column not in header]
        if absent:
            raise UsageFault(
                f'the file has no column "{absent[0]}"',
                hint=f"its columns are: {', '.join(filter(None, header))}",
            )
        fields = [self._of_column(column) for column in header]
        for field in filter(None, fields):
            sources = [name for name, each in zip(header, fields, strict=True) if each == field]
            if len(sources) > 1:
                raise UsageFault(
                    f"two columns have the field {field}: {_quoted(sources)}",
                    hint="ignore one of them: --map 'COLUMN=-'",
                )
            if field in self._constants:
                raise UsageFault(
                    f'--set {field} and the column "{sources[0]}" both give the field {field}',
                    hint=f"ignore the column: --map '{sources[0]}=-', or leave out --set",
                )
        self._check_needed(header, fields)
        return fields

    def _check_needed(self, header: Sequence[str], fields: Sequence[str]) -> None:
        """Raise UsageFault for a field that each row needs, and that no row would have."""
        for needed in _NEEDED:
            if needed not in fields and needed not in self._constants:
                constant = "" if needed == "at" else f", or --set {needed}=NAME"
                raise UsageFault(
                    f"no column has the field {needed}",
                    hint=f"add --map COLUMN={needed}{constant}; "
                    f"the columns are: {', '.join(filter(None, header))}",
                )

    def of_table(
        self, header: Sequence[str], fields: Sequence[str], values: Sequence[str]
    ) -> dict[str, Any]:
        """Return the values of a row of a table by field; raise InvalidInput."""
        if len(values) != len(header):
            if len(values) < len(header) or any(map(str.strip, values[len(header) :])):
                raise InvalidInput(
                    f"the row has {len(values)} values, the header has {len(header)} columns"
                )
            values = values[: len(header)]
        row = dict(zip(fields, values, strict=True))
        if "" in row:
            for name, value in zip(header, values, strict=True):
                if not name and value.strip():
                    raise InvalidInput(
                        "a column without a name has a value",
                        hint="name the column in the first line, or remove the value",
                    )
            del row[""]
        return {**row, **self._constants} if self._constants else row

    def of_object(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of an object by field.

        Raises InvalidInput for two sources of one field, UsageFault for a key that is no field.
        """
        row: dict[str, Any] = {}
        sources: dict[str, str] = {}
        mentioned = self._put_mapped(values, row, sources)
        for key, value in values.items():
            field = "" if key in mentioned else self._of_column(key)
            if field:
                _put(row, sources, field, value, key)
        for field, value in self._constants.items():
            _put(row, sources, field, value, f"--set {field}")
        return row

    def _put_mapped(
        self, values: Mapping[str, Any], row: dict[str, Any], sources: dict[str, str]
    ) -> set[str]:
        """Put the mapped keys into the row, and return the top-level keys that are mentioned."""
        self._note(values)
        mentioned = set()
        for column, field in self._mapping.items():
            value = look_up(values, column, _NONE)
            if value is _NONE:
                continue
            self._seen.add(column)
            mentioned.add(column if column in values else column.partition(".")[0])
            if field != IGNORE:
                _put(row, sources, field, value, column)
        return mentioned

    def over(self, fields: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of an export's row, with those that the options give instead."""
        row: dict[str, Any] = {}
        self._put_mapped(values, row, {})
        constants = dict(self._constants)
        # Where the export tells how a deployment ended, that is not said otherwise for all.
        if fields.get("status"):
            constants.pop("status", None)
        return {**fields, **{k: v for k, v in row.items() if not is_empty(v)}, **constants}

    def check_all_seen(self) -> None:
        """Raise UsageFault for a mapped key that no object of the file has."""
        absent = [column for column in self._mapping if column not in self._seen]
        if self._any and absent:
            raise UsageFault(
                f'no row has the key "{absent[0]}"',
                hint=f"the keys of the first row are: {', '.join(self._example)}",
            )

    def _note(self, values: Mapping[str, Any]) -> None:
        if not self._any:
            self._any = True
            self._example = list(values)[:40]

    def _of_column(self, column: str) -> str:
        field = self._mapping.get(column)
        if field is not None:
            return "" if field == IGNORE else field
        if column not in self._own:
            self._own[column] = self._field(column)
        return self._own[column]

    def _field(self, column: str) -> str:
        field = _own_field(column)
        if field or not column or self._others_ignored:
            return field
        raise UsageFault(
            f'the column "{column}" is not a field of a deployment',
            hint=f"add --map '{column}=FIELD' (one of {', '.join(FIELDS)}), "
            f"--map '{column}=extra_metadata.{column}', or --map '{column}=-' to ignore it "
            "(--map '*=-' ignores all such columns)",
        )


def _own_field(column: str) -> str:
    """Return the field that the name of a column is: in any case, with spaces or hyphens."""
    start, dot, key = column.partition(".")
    if dot and key and start in MAPS:
        return column
    if column in FIELDS:
        return column
    folded = column.strip().lower().replace(" ", "_").replace("-", "_")
    return folded if folded in FIELDS else ""


def is_empty(value: Any) -> bool:
    """Return whether a value says nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


def _put(row: dict[str, Any], sources: dict[str, str], field: str, value: Any, source: str) -> None:
    if not is_empty(value) and not is_empty(row.get(field)):
        raise InvalidInput(
            f'two sources give the field {field}: "{sources[field]}" and "{source}"',
            hint=f"ignore one of them: --map '{source}=-'"
            if not source.startswith("--")
            else f"ignore the key: --map '{sources[field]}=-', or leave out --set",
        )
    if field not in row or not is_empty(value):
        row[field] = value
        sources[field] = source


def look_up(values: Any, path: str, default: Any = None) -> Any:
    """Return the value at a key, or at keys joined by dots (`environment.name`)."""
    if isinstance(values, list) and path.partition(".")[0].isdecimal():
        first, _, rest = path.partition(".")
        within = values[int(first)] if int(first) < len(values) else default
        return within if not rest or within is default else look_up(within, rest, default)
    if not isinstance(values, dict):
        return default
    if path in values:
        return values[path]
    parts = path.split(".")
    # A key may have dots of its own: the longest that is there comes first.
    for count in range(len(parts) - 1, 0, -1):
        key = ".".join(parts[:count])
        if key in values:
            return look_up(values[key], ".".join(parts[count:]), default)
    return default


def _quoted(names: Sequence[str]) -> str:
    return " and ".join(f'"{name}"' for name in names[:3])
