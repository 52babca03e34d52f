"""Read rules from their files: each as a document, or as an unreadable file with its scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.models.governance import EVERYWHERE, Scope, UnreadableFile
from versioner.registry.governance.rule_checks import rule_content_problems
from versioner.validation.documents import validate_document
from versioner.validation.locate import locate_problems
from versioner.validation.schema_check import find_violations
from versioner.validation.strict_yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from versioner.models import Problem

__all__ = ["ReadRule", "read_rule"]

_SCOPE_KEYS: Final = ("products", "teams", "environments", "environment_types")


class ReadRule(NamedTuple):
    """The document of a rule, or the unreadable file in its place, with the file's problems."""

    document: dict[str, Any] | None
    unreadable: UnreadableFile | None
    problems: list[Problem]


def read_rule(data: bytes, path: str) -> ReadRule:
    """Read the file of a rule."""
    document, problems = validate_document("rule", data, path)
    if document is not None:
        content = list(rule_content_problems(document))
        problems = locate_problems(path, data, content_problems=content) if content else problems
    errors = [problem for problem in problems if problem.severity == "error"]
    if document is None or errors:
        return ReadRule(None, _unreadable_rule(data, errors[0]), problems)
    return ReadRule(document, None, problems)


def _unreadable_rule(data: bytes, problem: Problem) -> UnreadableFile:
    """Return the unreadable file of a rule with an error; its scope is read as far as possible."""
    value = read_yaml(data, problem.path).value
    document = value if isinstance(value, dict) else {}
    return UnreadableFile(
        problem.path,
        problem.line,
        problem.message,
        _readable_scope(document.get("applies_to")) or EVERYWHERE,
        _readable_exception(document.get("except")),
    )


def _readable_scope(value: Any) -> Scope | None:
    """Return the keys of a scope that can be read; the others are left out, None for no scope."""
    if not isinstance(value, dict):
        return None
    readable = {
        key: tuple(value[key]) for key in _SCOPE_KEYS if key in value and _is_readable(key, value)
    }
    return Scope(**readable)


def _readable_exception(value: Any) -> Scope | None:
    """Return an exception if all of it can be read: a part of one would except too much."""
    scope = _readable_scope(value)
    is_whole = isinstance(value, dict) and value and set(value) <= set(_SCOPE_KEYS)
    if scope is None or not is_whole:
        return None
    return scope if all(getattr(scope, key) is not None for key in value) else None


def _is_readable(key: str, scope: Mapping[str, Any]) -> bool:
    # A wrong item is perhaps a name that was written wrong, so the whole key excludes nothing.
    rule = {"name": "x", "type": "schedule", "schedule": {}, "applies_to": {key: scope[key]}}
    return not find_violations("rule", rule)
