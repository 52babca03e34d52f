"""Read the input of `versioner observe` in one of its formats, which is detected."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from versioner.editing.workloads.docker import is_docker, read_docker
from versioner.editing.workloads.ecs import is_ecs, read_ecs
from versioner.editing.workloads.kubernetes import is_kubernetes, read_kubernetes
from versioner.editing.workloads.rows import is_table, read_table
from versioner.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from versioner.editing.workloads.workload import Workload

__all__ = ["FORMATS", "MOST_BYTES", "Format", "read_workloads"]

Format = Literal["kubernetes", "docker", "ecs", "csv"]
FORMATS: Final = get_args(Format)

# A cluster with ten thousand pods has some 80 MB.
MOST_BYTES: Final = 256 * 1024 * 1024

_COMMANDS: Final[dict[Format, str]] = {
    "kubernetes": "kubectl get deployments,statefulsets,daemonsets,pods -A -o json",
    "docker": "docker ps --format json",
    "ecs": "aws ecs describe-services --output json, with aws ecs describe-task-definition",
    "csv": "a table with the columns product,version,artifact",
}
_JSON_FORMATS: Final[
    dict[
        Format,
        tuple[
            Callable[[dict[str, Any]], bool],
            Callable[[Iterable[dict[str, Any]]], Iterator[Workload]],
        ],
    ]
] = {
    "kubernetes": (is_kubernetes, read_kubernetes),
    "docker": (is_docker, read_docker),
    "ecs": (is_ecs, read_ecs),
}


def read_workloads(data: bytes, format_: Format | None = None) -> tuple[Format, list[Workload]]:
    """Return the format of an input, and the workloads that it lists.

    Raises InvalidInput, with the command whose output is read as the hint, for an input that is
    too large, cut off, or in no known format, and for one that is not in the format given.
    """
    text = _decoded(data)
    if not text.strip():
        hint = f"give the output of `{_COMMANDS[format_ or 'kubernetes']}`"
        raise InvalidInput(
            "the input is empty: the command that wrote it may have failed", hint=hint
        )
    if format_ == "csv" or (format_ is None and is_table(text)):
        return "csv", list(read_table(text))
    documents = _documents(text, format_)
    found = format_ or _detect(documents)
    belongs, read = _JSON_FORMATS[found]
    other = next((each for each in documents if not belongs(each)), None)
    if other is not None:
        raise _other_format(other, found)
    return found, list(read(documents))


def _decoded(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise InvalidInput(
            f"the input has more than {MOST_BYTES // 1024 // 1024:,} MiB",
            hint="observe a part of it, for example one namespace, as an --instance of its own",
        )
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        # What `>` of Windows PowerShell writes.
        encoding = "utf-16"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"the input is not UTF-8: {error.reason} at byte {error.start:,}",
            hint="give the unchanged, uncompressed output of the command",
        ) from None


def _documents(text: str, format_: Format | None) -> list[dict[str, Any]]:
    """Return the JSON objects of a text; lists are opened, and objects may follow each other."""
    decoder = json.JSONDecoder()
    space = re.compile(r"[ \t\r\n]*")
    found: list[dict[str, Any]] = []
    at = space.match(text).end()  # type: ignore[union-attr]
    if text[at] not in "{[":
        raise _no_json(text, format_)
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except RecursionError:
            raise InvalidInput(
                "the JSON is nested too deeply", hint="give the output of the command as it is"
            ) from None
        except ValueError as error:
            raise _bad_json(text, error) from None
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(each, dict) for each in values):
            raise InvalidInput(
                "the input has JSON values that are not objects", hint=_usage(format_)
            )
        found += values
        at = space.match(text, at).end()  # type: ignore[union-attr]
    return found


def _bad_json(text: str, error: ValueError) -> InvalidInput:
    if not isinstance(error, json.JSONDecodeError):
        return InvalidInput(
            "the input has a number that is too long",
            hint="give the output of the command as it is",
        )
    where = f"line {error.lineno}, column {error.colno}"
    is_cut = error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated string")
    if is_cut:
        return InvalidInput(
            f"the JSON is incomplete ({where})",
            hint="the command that wrote it was interrupted, or the file was cut: run it again",
        )
    return InvalidInput(
        f"the input is not JSON: {error.msg} at {where}",
        hint="give the output of the command as it is",
    )


def _no_json(text: str, format_: Format | None) -> InvalidInput:
    first = text.strip().partition("\n")[0]
    if re.match(r"(---|apiVersion:|kind:|items:|services:)", first):
        what = "the input is YAML"
    elif re.match(r"(NAMESPACE\b|NAME\s|CONTAINER ID\b|-{5,}|\|)", first):
        what = "the input is the text table of a command, not JSON"
    elif format_ is not None:
        what = "the input is not JSON"
    else:
        what = "the format of the input is unknown"
    return InvalidInput(what, hint=_usage(format_))


def _detect(documents: list[dict[str, Any]]) -> Format:
    for name, (belongs, _) in _JSON_FORMATS.items():
        if documents and belongs(documents[0]):
            return name
    if not documents:
        raise InvalidInput(
            "the input is an empty list, so its format is unknown", hint=_usage(None)
        )
    keys = ", ".join(ascii(key)[1:-1] for key in list(documents[0])[:5])
    raise InvalidInput(
        f"the format of the input is unknown: its first object has the keys {keys[:80]}"
        if keys
        else "the format of the input is unknown: its first object is empty",
        hint=_usage(None),
    )


def _other_format(document: dict[str, Any], wanted: Format) -> InvalidInput:
    for name, (belongs, _) in _JSON_FORMATS.items():
        if belongs(document):
            return InvalidInput(
                f"the input is in the format {name}, not {wanted}",
                hint=f"give --format {name}, or leave --format out; run `observe` once for each "
                "format",
            )
    return InvalidInput(f"the input is not in the format {wanted}", hint=_usage(wanted))


def _usage(format_: Format | None) -> str:
    if format_ is not None:
        return f"give the output of `{_COMMANDS[format_]}`"
    told = "; ".join(f"{name}: {command}" for name, command in _COMMANDS.items())
    return f"give one of these: {told}"
