"""Compact JSON says what the standard encoder says."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from versioner.registry.index.answers import CellStep
from versioner.serialization.compact_json import ascii_json, compact_json, sorted_json

_VALUES: list[Any] = [
    None, True, 0, -7, 1.5, "", 'a "b" \\ \n\u2028 é 😀', [], {}, [[], {}],
    {"b": [1, {"c": None}], "a": ("x", 2)}, Counter("aab"), CellStep("at", "eu", "1.0"),
]  # fmt: skip


@pytest.mark.parametrize("value", _VALUES)
def test_a_value_is_written_as_by_the_standard_encoder(value: Any) -> None:
    separators = (",", ":")
    assert compact_json(value) == json.dumps(value, ensure_ascii=False, separators=separators)
    assert ascii_json(value) == json.dumps(value, separators=separators)
    assert sorted_json(value) == json.dumps(value, separators=separators, sort_keys=True)


@pytest.mark.parametrize("write", [ascii_json, compact_json, sorted_json])
def test_what_is_no_json_is_refused(write: Any) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write([float("nan")])
    with pytest.raises(TypeError):
        write([object()])
