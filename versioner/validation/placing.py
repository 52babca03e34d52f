"""Turn what was found into problems, each at its place in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from versioner.models import Problem
from versioner.secret_shapes import find_secrets
from versioner.validation import codes
from versioner.validation.locate import locate_all
from versioner.validation.messages import explain, field_name
from versioner.validation.schemas import kind_of_pattern
from versioner.validation.strict_yaml import unsure_problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from versioner.validation.strict_yaml import Plain
    from versioner.validation.violations import Fault, Pointer

__all__ = ["Finding", "problems_at", "secret_findings"]


class Finding(NamedTuple):
    """Hold what no schema says of a value, and where the value is in the file."""

    place: Pointer
    code: str
    message: str
    hint: str


def problems_at(
    path: str,
    data: bytes,
    *,
    faults: Sequence[Fault] = (),
    findings: Sequence[Finding] = (),
    unsure: Sequence[Plain] = (),
    first_line: int = 1,
) -> list[Problem]:
    """Return the problems of a file, or of a part that begins at a line of it.

    An unsure scalar is one problem; what the schema wants in its place tells the fix.
    """
    values = {item.pointer: item for item in unsure if not item.is_key}
    keys = {item.pointer for item in unsure if item.is_key}
    hints = {
        fault.place: _unsure_hint(fault, values[fault.place])
        for fault in faults
        if fault.place in values
    }
    left = [
        fault
        for fault in faults
        if fault.place not in values and not (fault.is_key and fault.place in keys)
    ]
    problems = [
        unsure_problem(path, item, "" if item.is_key else hints.get(item.pointer, ""))
        for item in unsure
    ]
    problems += _located(path, data, left, _without_told(findings, left), first_line)
    return sorted(problems)


def secret_findings(value: Any, base: Pointer = ()) -> Iterator[Finding]:
    """Find texts in the shape of a secret key; they are not echoed."""
    for pointer in find_secrets(value):
        yield Finding(
            (*base, *pointer),
            codes.SECRET,
            f"{field_name(pointer) or 'a key'} holds a text in the shape of a secret key",
            "take it out, and replace the key where it is used: git keeps what was committed",
        )


def _without_told(findings: Sequence[Finding], faults: Sequence[Fault]) -> list[Finding]:
    """Leave out that a password in an address is a secret where the address is refused for it."""
    told = {fault.place for fault in faults if _is_address(fault)}
    return [item for item in findings if item.code != codes.SECRET or item.place not in told]


def _is_address(fault: Fault) -> bool:
    pattern = fault.schema.get("pattern", "") if fault.keyword == "pattern" else ""
    return kind_of_pattern(pattern) in ("url", "repository")


def _located(
    path: str,
    data: bytes,
    faults: Sequence[Fault],
    findings: Sequence[Finding],
    first_line: int,
) -> Iterator[Problem]:
    if not faults and not findings:
        return
    wanted = [(fault.place, fault.is_key) for fault in faults]
    spots = locate_all(data, [*wanted, *((finding.place, False) for finding in findings)])
    for fault, pair in zip(faults, wanted, strict=True):
        spot = spots[pair]
        line = spot.line + first_line - 1
        yield Problem(path, line, spot.column, *explain(fault, spot.source))
    for place, code, message, hint in findings:
        spot = spots[place, False]
        yield Problem(path, spot.line + first_line - 1, spot.column, code, message, hint)


def _unsure_hint(fault: Fault, item: Plain) -> str:
    wanted = fault.schema.get("type")
    if wanted == "boolean":
        is_yes = item.text.lower() in ("y", "yes", "on", "1")
        return f"write {'true' if is_yes else 'false'}"
    if wanted in ("integer", "number"):
        return "write a plain number, such as 100"
    return ""
