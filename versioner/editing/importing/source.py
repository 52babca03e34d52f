"""Open a file to import: packed or not, in UTF-8 or as Excel writes it, within limits."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from versioner.editing.importing.options import CONTAINERS, FORMATS
from versioner.errors import InvalidInput, UsageFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from versioner.editing.importing.options import ImportNotes, ImportOptions

__all__ = ["LONGEST_LINE", "MOST_CHARACTERS", "Source", "limited_lines", "open_source", "read_all"]

# The limits of an unpacked file, of a JSON document that is read whole, and of one line.
MOST_CHARACTERS: Final = 2**31
MOST_DOCUMENT: Final = 2**28
LONGEST_LINE: Final = 2**20

_SUFFIXES: Final = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_IN_PARTS: Final = "import it in parts: rows that are already recorded are skipped"
_AS_UTF_8: Final = (
    'save it as UTF-8: in Excel, choose "CSV UTF-8 (comma delimited)"; elsewhere, for example, '
    "iconv -f WINDOWS-1252 -t UTF-8"
)

Source = Path | BinaryIO


@contextmanager
def open_source(
    source: Source, options: ImportOptions, notes: ImportNotes
) -> Iterator[tuple[str, io.TextIOWrapper]]:
    """Yield how a file holds its rows, one of CONTAINERS, and its text.

    `notes` receives how much of it is read. Raises UsageFault where the form cannot be told,
    InvalidInput for content that is no such text.
    """
    shown = str(source) if isinstance(source, Path) else "the input"
    named = _container(source, options) if isinstance(source, Path) else _given(options)
    try:
        with _opened(source) as packed:
            raw = _unpacked(packed, source)
            notes.progress = _progress_of(packed)
            start = raw.peek(4)[:4]
            _check_text(shown, start)
            container = named or _told_by(raw.peek(64))
            encoding = "utf-16" if start[:2] in _UTF_16 else "utf-8-sig"
            with io.TextIOWrapper(raw, encoding=encoding, newline="") as text:
                yield container, text
    except UnicodeError as error:
        reason = getattr(error, "reason", str(error))
        raise InvalidInput(f"{shown} is not UTF-8: {reason}", hint=_AS_UTF_8) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InvalidInput(
            f"{shown} cannot be read: {error}",
            hint="copy the file again; if it is not packed, give it a name without .gz",
        ) from None


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file
    else:
        yield source


def _progress_of(file: BinaryIO) -> Callable[[], tuple[int, int]] | None:
    try:
        size = os.fstat(file.fileno()).st_size
    except OSError:
        # A stream in memory.
        return None
    return lambda: (file.tell(), size)


def _unpacked(file: BinaryIO, source: Source) -> io.BufferedReader:
    raw = file if isinstance(file, io.BufferedReader) else _buffered(file)
    named = isinstance(source, Path) and source.name.lower().endswith(".gz")
    if named or raw.peek(2)[:2] == _GZIP:
        return _buffered(gzip.GzipFile(fileobj=raw))
    return raw


def _buffered(file: Any) -> io.BufferedReader:
    return io.BufferedReader(file)


def _container(path: Path, options: ImportOptions) -> str:
    """Return how a file holds its rows, by the option or by its name; "" for by its content."""
    given = _given(options)
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if given or suffix in _SUFFIXES:
        return given or _SUFFIXES[suffix]
    if options.format:
        return ""
    shown = ", ".join(_SUFFIXES)
    how = f"the name must end in {shown}, or one of these and .gz; or add --format"
    if suffix in (".xlsx", ".xls", ".ods"):
        how = 'save the sheet as "CSV UTF-8 (comma delimited)", a .csv file, and import that'
    raise UsageFault(f"the format of {path} is unknown", hint=how)


def _given(options: ImportOptions) -> str:
    if options.format and options.format not in FORMATS:
        raise UsageFault(
            f'"{options.format}" is not a format', hint=f"use one of {', '.join(FORMATS)}"
        )
    return options.format if options.format in CONTAINERS else ""


def _told_by(start: bytes) -> str:
    begin = start.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")[:1]
    return "json" if begin in (b"[", b"{") else "csv"


def _check_text(shown: str, start: bytes) -> None:
    if start == _ZIP:
        raise InvalidInput(
            f"{shown} is a workbook or an archive, not text",
            hint='save the sheet as "CSV UTF-8 (comma delimited)", and import that file',
        )
    if b"\0" in start and start[:2] not in _UTF_16:
        raise InvalidInput(
            f"{shown} is not UTF-8: it has a zero byte, as in UTF-16 without a byte order mark",
            hint=_AS_UTF_8,
        )


def limited_lines(text: io.TextIOWrapper, most_characters: int) -> Iterator[str]:
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
            raise _too_long(most_characters)
        yield line


def read_all(text: io.TextIOWrapper, most_characters: int) -> str:
    """Return the whole text of a file; raise InvalidInput for one that is too long."""
    most = min(most_characters, MOST_DOCUMENT)
    whole = text.read(most + 1)
    if len(whole) > most:
        raise _too_long(most)
    return whole


def _too_long(most: int) -> InvalidInput:
    return InvalidInput(
        f"the file has more than {most:,} characters, unpacked",
        hint=_IN_PARTS,
    )
