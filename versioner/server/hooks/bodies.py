"""Read the body of a delivery, whose signature was checked before."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs

from versioner.serialization.strict_json import read_json
from versioner.server.problems import HttpProblem

__all__ = ["objects_of"]

_FORM: Final = "application/x-www-form-urlencoded"
_DEEPEST: Final = 40


def objects_of(body: bytes, content_type: str, *, most: int) -> list[dict[str, Any]]:
    """Return the object in a body, or the objects in a list of at most `most`.

    GitHub sends a form with the field `payload` unless it is told to send JSON. Raises HttpProblem
    for a body that is none of these; with `most` 0 also for a list.
    """
    try:
        if content_type.partition(";")[0].strip().lower() == _FORM:
            form = parse_qs(body.decode("utf-8"), strict_parsing=True, max_num_fields=10)
            body = form["payload"][0].encode("utf-8")
        found = read_json(body)
    except (ValueError, KeyError):
        raise HttpProblem("bad_request", "the body is not valid JSON") from None
    if isinstance(found, list) and (not most or len(found) > most):
        raise HttpProblem("bad_request", "the body is a list, or a list that is too long")
    objects = found if isinstance(found, list) else [found]
    if not all(isinstance(each, dict) for each in objects) or _depth(objects) > _DEEPEST:
        raise HttpProblem("bad_request", "the body is not a JSON object that can be read")
    return objects


def _depth(value: Any) -> int:
    """Return how deeply objects and lists are nested, as far as it matters."""
    level: list[Any] = [value]
    depth = 0
    while level and depth <= _DEEPEST:
        depth += 1
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        level = [each for each in inner if isinstance(each, dict | list)]
    return depth
