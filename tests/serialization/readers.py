"""Other people's readers, which have to agree with ours."""

from __future__ import annotations

import json
from typing import Any

import yaml
from ruamel.yaml import YAML

from tests.loading import load_strict

__all__ = ["assert_all_read", "same"]


def same(left: Any, right: Any) -> bool:
    """Tell whether data is equal, types and the sign of zero included."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def assert_all_read(data: bytes, expected: Any) -> None:
    """Hold PyYAML (both parsers), a YAML 1.2 reader and the strict loader to the same data."""
    assert same(yaml.load(data, Loader=yaml.SafeLoader), expected), "PyYAML"
    assert same(yaml.load(data, Loader=yaml.CSafeLoader), expected), "PyYAML with libyaml"
    assert same(YAML(typ="safe", pure=True).load(data.decode()), expected), "YAML 1.2"
    value, problems = load_strict(data, "registry/x.yaml", limit=10_000_000)
    assert not problems, problems
    assert same(value, expected), "the strict loader"
