"""The schemas themselves: described, closed, and read alike by every engine."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, get_args

import jsonschema_rs
import pytest

from versioner.models import BUILD_KEYS, DEPLOYMENT_KEYS, OBSERVATION_KEYS, STATUSES
from versioner.models.documents import Alias, Deletion, Environment, Product, RegistryConfig
from versioner.names import INSTANCE_PATTERN, NAME_PATTERN, VERSION_PATTERN, is_version
from versioner.resources import schemas_dir
from versioner.validation.fast_patterns import with_fast_patterns
from versioner.validation.schemas import SchemaName, bundled_schema
from versioner.validation.violations import KEYWORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

regress = pytest.importorskip("regress", reason="check-jsonschema brings the ECMA engine")

FILES = sorted(schemas_dir().glob("*.schema.json"))
NOTES = {"title", "description", "examples", "$schema", "$defs"}


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((schemas_dir() / f"{name}.schema.json").read_text())
    return content


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for item in schema.values():
            yield from parts(item)
    elif isinstance(schema, list):
        for item in schema:
            yield from parts(item)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_field_is_described_and_unknown_keys_are_refused(file: Any) -> None:
    for part in parts(json.loads(file.read_text())):
        fields = part.get("properties")
        if fields and "type" in part:
            assert "additionalProperties" in part
            for name, field in fields.items():
                assert field.get("title"), name
                assert field.get("description"), name


def test_the_patterns_of_names_are_those_of_the_schema() -> None:
    definitions = read("common")["$defs"]
    assert definitions["name"]["pattern"] == f"^(?:{NAME_PATTERN})$(?!\\n)"
    assert definitions["instance"]["pattern"] == f"^(?:{INSTANCE_PATTERN})$(?!\\n)"
    assert definitions["version"]["pattern"] == f"^(?:{VERSION_PATTERN})$(?!\\n)"
    assert definitions["status"]["enum"] == list(STATUSES)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("build-event", BUILD_KEYS),
        ("deployment-event", DEPLOYMENT_KEYS),
        ("observation", OBSERVATION_KEYS),
        ("product", tuple(Product.__annotations__)),
        ("environment", tuple(Environment.__annotations__)),
        ("registry", tuple(RegistryConfig.__annotations__)),
        ("alias", tuple(Alias.__annotations__)),
        ("deletion", tuple(Deletion.__annotations__)),
    ],
)
def test_models_and_schemas_name_the_same_keys_in_the_same_order(
    name: str, keys: tuple[str, ...]
) -> None:
    assert tuple(read(name)["properties"]) == keys


@pytest.mark.parametrize("name", get_args(SchemaName))
def test_schemas_use_only_keywords_that_the_small_finder_knows(name: str) -> None:
    schema = bundled_schema(name)  # type: ignore[arg-type]
    used: set[str] = set()
    waiting: list[Any] = [schema]
    seen: set[str] = set()
    while waiting:
        part = waiting.pop()
        if not isinstance(part, dict):
            continue
        assert False not in part.get("properties", {}).values()
        assert set(part.get("not", {"enum": []})) == {"enum"}
        used |= set(part) - NOTES
        for keyword in ("items", "additionalProperties", "propertyNames", "if", "then", "else"):
            waiting.append(part.get(keyword))
        waiting += part.get("properties", {}).values()
        target = part.get("$ref", "").removeprefix("#/$defs/")
        if target and target not in seen:
            seen.add(target)
            waiting.append(schema["$defs"][target])
    assert used <= KEYWORDS


def patterns() -> list[str]:
    found = {
        part["pattern"]
        for file in FILES
        for part in parts(json.loads(file.read_text()))
        if isinstance(part.get("pattern"), str)
    }
    return sorted(found)


TEXTS = [
    "",
    "a",
    "user-service",
    "1.4.0",
    "2026-11-22T10:15:00Z",
    "2024-02-29T10:15:00Z",
    "2100-02-29T10:15:00Z",
    "2000-02-29T10:15:00Z",
    "https://example.com/a?b#c",
    "https://u:p@example.com/",
    "jane@example.com",
    "0123456789abcdef0123456789abcdef01234567",
    "24h",
    "Ünïcode 𝄞",
    *("a..b", "a//b", "a/./b", "a.", "a:", "x.lock", "nul.b", "b/nul/b", "b/COM1", "com1", "git"),
    "con",
    "a\tb",
    "a\x85b",
    "a\x00b",
    "a\u2028",
    "main",
    "Europe/Berlin",
    "x" * 3000,
]


@pytest.mark.parametrize("pattern", patterns())
def test_python_rust_and_ecma_engines_agree_on_a_pattern(pattern: str) -> None:
    rust = jsonschema_rs.validator_for({"pattern": pattern})
    fast = jsonschema_rs.validator_for(with_fast_patterns({"type": "string", "pattern": pattern}))
    ecma = regress.Regex(pattern, "u")
    for base in TEXTS:
        for text in (base, f"{base}\n", f"{base}\r\n", f"\n{base}", f"{base} "):
            verdicts = {
                re.search(pattern, text) is not None,
                rust.is_valid(text),
                fast.is_valid(text),
                ecma.find(text) is not None,
            }
            assert len(verdicts) == 1, ascii(text)


def test_look_aheads_that_belong_to_one_alternative_stay_in_the_pattern() -> None:
    for pattern in (r"^(?:(?!ab)a.|b.)$(?!\n)", r"^(?:(?!ab)(?:a.|b.))$(?!\n)", r"^(?!a)|b$"):
        schema = {"type": "string", "pattern": pattern}
        plain, fast = map(jsonschema_rs.validator_for, (schema, with_fast_patterns(schema)))
        for text in ("ab", "ac", "bb", "ab\n", "b", "a", ""):
            assert plain.is_valid(text) == fast.is_valid(text), (pattern, text)


def test_an_event_is_validated_in_bulk_without_look_aheads() -> None:
    definitions = with_fast_patterns(bundled_schema("deployments-log"))["$defs"]
    for name in ("name", "instance", "version", "time", "person", "sha", "line", "id", "url"):
        assert "(?!" not in definitions[name]["pattern"], name


@pytest.mark.parametrize("name", sorted(read("common")["$defs"]))
def test_no_one_line_value_ends_in_a_newline(name: str) -> None:
    definition = read("common")["$defs"][name]
    if "pattern" not in definition or name in ("text", "reason"):
        return
    for text in definition.get("examples", ["abc"]):
        assert re.search(definition["pattern"], text)
        assert not re.search(definition["pattern"], text + "\n")


@pytest.mark.parametrize(
    "version", ["1.10", "a..b", "a/./b", "x.lock", "nul", "1" * 129, "é", "a:"]
)
def test_names_and_schema_agree_on_versions(version: str) -> None:
    validator = jsonschema_rs.validator_for(read("common")["$defs"]["version"])
    assert validator.is_valid(version) == is_version(version)
