"""Check what was sent for each field, and find the field that an error is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from versioner.editing.session import InvalidEdit
from versioner.errors import InvalidInput, NotFound, ValidationFailed
from versioner.server.pages.forms import read_pairs
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.errors import VersionerError
    from versioner.models import Problem
    from versioner.server.pages.forms import Field, Form
    from versioner.server.services import Services

__all__ = ["check_form", "mark_faults", "require_products"]

_LONGEST: Final = {"text": 10_000, "textarea": 60_000}
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_CONTROL_OR_LINE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
# A message of `validate` begins with the key that it is about: links[0].title.
_KEY: Final = re.compile(r"[A-Za-z_][\w-]*(?:\[\d+\]|\.[\w-]+)*")


def require_products(services: Services, names: Iterable[str], field: str) -> None:
    """Raise InvalidInput of a field for a product that is not in the registry."""
    try:
        with services.reader.index([*names]):
            pass
    except NotFound as error:
        hint = error.hint if error.hint.startswith("did you mean") else ""
        raise InvalidInput(error.message, field=field, hint=hint) from error


def check_form(form: Form, values: Mapping[str, str]) -> None:
    """Raise InvalidInput for the first field that was sent with a text it cannot have."""
    for each in form.fields:
        if each.kind == "pairs":
            _check_pairs(each, values)
        elif each.name in values:
            _check_field(each, values[each.name].replace("\r\n", "\n").strip())


def _check_field(field: Field, text: str) -> None:
    if field.required and not text:
        raise InvalidInput("this field is empty", field=field.name)
    if field.kind == "select":
        if text not in [each.value for each in field.options]:
            raise InvalidInput(
                "this is not one of the choices", field=field.name, hint="choose one from the list"
            )
        return
    _check_text(field.name, text, is_line=field.kind == "text", longest=_LONGEST[field.kind])


def _check_pairs(field: Field, values: Mapping[str, str]) -> None:
    for number, row in enumerate(read_pairs(values, field.name), 1):
        for column, text in ((field.first, row.key), (field.second, row.value)):
            what = f'"{column} {number}": '
            _check_text(field.name, text, is_line=True, longest=_LONGEST["text"], what=what)


def _check_text(name: str, text: str, *, is_line: bool, longest: int, what: str = "") -> None:
    if len(text) > longest:
        raise InvalidInput(
            f"{what}the text has {len(text):,} characters, more than {longest:,}",
            field=name, hint="shorten it, or link to it",
        )  # fmt: skip
    if (_CONTROL_OR_LINE if is_line else _CONTROL).search(text):
        raise InvalidInput(
            f"{what}the text has "
            + ("a line break or a control character" if is_line else "a control character"),
            field=name,
            hint="write it on one line" if is_line else "remove the control characters",
        )


def mark_faults(forms: Iterable[Form], error: VersionerError) -> bool:
    """Put an error beside the fields that it is about; return whether all of it stands there."""
    fields = [each for form in forms for each in form.fields]
    if isinstance(error, ValidationFailed | InvalidEdit) and error.problems:
        marked = [_mark_problem(fields, each) for each in error.problems]
        return all(marked)
    return isinstance(error, InvalidInput) and _mark(
        fields, [error.field], error.message, error.hint
    )


def _mark_problem(fields: list[Field], problem: Problem) -> bool:
    if problem.code == codes.SIZE:
        # The longest text is the one to shorten.
        written = [each for each in fields if each.kind != "select"]
        key = max(written, key=_size, default=None)
        return key is not None and _mark(fields, [key.name], problem.message, problem.hint)
    found = _KEY.match(problem.message)
    parts = re.split(r"[.\[\]]+", found[0]) if found is not None else []
    if problem.message.startswith("the key "):
        parts = ["extra_metadata"]
    return _mark(fields, parts, problem.message, problem.hint)


def _size(field: Field) -> int:
    return len(field.value) + sum(len(row.key) + len(row.value) for row in field.rows)


def _mark(fields: list[Field], parts: Iterable[str], message: str, hint: str) -> bool:
    for part in filter(None, parts):
        for each in fields:
            if part == each.name or part in each.about:
                each.fault = each.fault or message + (f": {hint}" if hint else "")
                return True
    return False
