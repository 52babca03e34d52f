"""Changes of one document, and their notation on the command line: `KEY=VALUE` and `KEY`."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NoReturn

from versioner.errors import InvalidInput, quoted
from versioner.serialization.documents import field_type
from versioner.serialization.values import DEPTH, LARGEST_INTEGER, json_value

__all__ = ["Change", "Set", "Unset", "dotted", "parse_assignment", "parse_key"]


@dataclass(frozen=True, slots=True)
class Set:
    """A change that sets the key at a path to a JSON value."""

    path: tuple[str, ...]
    value: Any


@dataclass(frozen=True, slots=True)
class Unset:
    """A change that removes the key at a path."""

    path: tuple[str, ...]


Change = Set | Unset

_SEGMENT = re.compile(r'"(?:[^"\\]|\\.)*"|[^".=]+')
_BARE: Final = re.compile(r'[^".=\s]+')
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e[-+][0-9]+)?")


def parse_key(text: str) -> tuple[str, ...]:
    """Return the path of a dotted key, in which a segment with a dot is quoted.

    `extra_metadata.team` has two segments, and so has `extra_metadata."my.key"`.
    """
    path, rest = _key_at(text)
    if rest:
        _refuse_key(text)
    return path


def parse_assignment(text: str) -> Set:
    r"""Return the change that `KEY=VALUE` describes.

    The key is dotted (see `parse_key`). The key alone determines how the value is read:

    - fields that are text in the schema take it as it is: `title=1.10` is the text "1.10";
    - `depends_on`, `instances` and `site.hidden_fields` take names separated by commas, or a
      JSON list;
    - `links`, `site.footer_links` take a JSON list; `extra_metadata`, `metadata`, `forge`,
      `commit` and `site` as a whole a JSON object; `order` an integer, `retired` true or false;
    - keys under `extra_metadata` and `metadata` take `true`, `false`, `null`, a number in the form
      that JSON writes it in (`7`, `1.5`; but `1.10`, `007` and `1e3` are text), and a JSON list,
      object or text; any other value is text, also `[a` and `{{ x }}`. `"true"` in double quotes
      is the text;
    - keys under the block of a rule's type are read like those, and as the schema requires
      otherwise: `concurrency.limit` is an integer, `flow.soak` text or a JSON object;
    - `team`, `repository` and `owner` there are text, `tech_stack` text or a JSON list.

    Raises InvalidInput, which names the field, for a value of another form.
    """
    path, rest = _key_at(text)
    if not rest.startswith("="):
        raise InvalidInput(
            f"{quoted(text)} is not KEY=VALUE",
            hint="for example, write extra_metadata.team=identity",
        )
    value = _READERS[field_type(path)](rest[1:], dotted(path))
    return Set(path, value)


def dotted(path: tuple[str, ...]) -> str:
    """Return the dotted key of a path, which `parse_key` reads."""
    return ".".join(
        key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False) for key in path
    )


def _key_at(text: str) -> tuple[tuple[str, ...], str]:
    segments: list[str] = []
    at = 0
    while True:
        found = _SEGMENT.match(text, at)
        if found is None:
            _refuse_key(text)
        segments.append(_segment(found[0], text))
        at = found.end()
        if not text.startswith(".", at):
            return tuple(segments), text[at:]
        at += 1


def _segment(written: str, text: str) -> str:
    if not written.startswith('"'):
        return written.strip() or _refuse_key(text)
    try:
        return str(json.loads(written, strict=False))
    except ValueError:
        return _refuse_key(text)


def _refuse_key(text: str) -> NoReturn:
    raise InvalidInput(
        f"{quoted(text.partition('=')[0])} is not a key",
        hint='separate segments with dots, and quote a segment with a dot: extra_metadata."my.key"',
    )


def _text(value: str, field: str) -> str:
    return value


def _integer(value: str, field: str) -> int:
    if re.fullmatch("-?[0-9]{1,15}", value):
        return int(value)
    raise InvalidInput(f"{field} must be an integer", field=field, hint=f"write {field}=150")


def _boolean(value: str, field: str) -> bool:
    if value in ("true", "false"):
        return value == "true"
    raise InvalidInput(f"{field} must be true or false", field=field, hint=f"write {field}=true")


def _names(value: str, field: str) -> Any:
    if value.lstrip().startswith("["):
        return _list(value, field)
    return [name.strip() for name in value.split(",") if name.strip()]


def _list(value: str, field: str) -> Any:
    is_links = field.endswith("links")
    example = '[{"title": "Docs", "url": "https://example.com"}]' if is_links else '["a", "b"]'
    return _json_of(list, value, field, example)


def _mapping(value: str, field: str) -> Any:
    return _json_of(dict, value, field, '{"key": "value"}')


def _json_of(kind: type, value: str, field: str, example: str) -> Any:
    hint = f"write {field}='{example}'"
    read = _json(value, field, hint)
    if isinstance(read, kind):
        return read
    name = "list" if kind is list else "object"
    raise InvalidInput(f"{field} must be a JSON {name}", field=field, hint=hint)


def _text_or_list(value: str, field: str) -> Any:
    return _list(value, field) if value.lstrip().startswith("[") else value


def _text_or_mapping(value: str, field: str) -> Any:
    return _mapping(value, field) if value.lstrip().startswith("{") else value


def _any(value: str, field: str) -> Any:
    if value in ("true", "false", "null") or (
        value.lstrip().startswith(("[", "{", '"')) and _may_be_json(value)
    ):
        return _json(value, field)
    if _NUMBER.fullmatch(value) and len(value) < 32:
        number = float(value) if "." in value or "e" in value else int(value)
        # A text that JSON would write in another form is not a number: 1.10, 007, 1e3.
        if repr(number) == value and abs(number) <= LARGEST_INTEGER:
            return number
    return value


def _may_be_json(value: str) -> bool:
    try:
        json.loads(value)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


_TEXT_HINT: Final = """write a text that begins with [ { or " in double quotes: '"[a] b"'"""


def _decimal(text: str, *, field: str) -> float:
    """Return a decimal; raise InvalidInput where it would lose digits, as a version would."""
    number = float(text)
    if math.isfinite(number) and repr(number) != text:
        raise InvalidInput(
            f"{field}: {text[:60]} is the number {number}",
            field=field,
            hint=f'write "{text[:60]}" in double quotes for the text, or {number} for the number',
        )
    return number


def _json(value: str, field: str, hint: str = _TEXT_HINT) -> Any:
    try:
        read = json.loads(value, parse_float=partial(_decimal, field=field))
    except (ValueError, RecursionError) as error:
        cause = error.msg if isinstance(error, json.JSONDecodeError) else "too deep or too long"
        raise InvalidInput(
            f"{field}: the value is not JSON: {cause}",
            field=field,
            hint=hint,
        ) from error
    json_value(read, field, DEPTH)
    return read


_READERS: Final = {
    "text": _text,
    "integer": _integer,
    "boolean": _boolean,
    "names": _names,
    "list": _list,
    "mapping": _mapping,
    "text or list": _text_or_list,
    "text or mapping": _text_or_mapping,
    "any": _any,
}
