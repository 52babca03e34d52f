"""What is in the recorder: the modules that its commands import, and nothing else."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from tests.test_layers import MODULES, imports
from tests.validation import examples
from versioner.recorder.closure import modules_needed
from versioner.recorder.contents import LEFT_OUT, ROOTS
from versioner.resources import package_dir
from versioner.validation import schema_check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The packages that the recorder bundles, and those that its modules can do without.
BUNDLED = {"click", "yaml", "dateutil"}
OPTIONAL = {"jsonschema", "jsonschema_rs"}
# GitPython reads the history for `product history` and `restore`, which share a module with
# questions that git answers.
UNREACHED = {"git"}
# What no job that records has a use for.
ELSEWHERE = (
    *("doctor", "export", "site", "setup.init", "setup.scaffold", "registry.history"),
    *("editing.products", "editing.session", "serialization.yaml_edit", "recorder", "server"),
    *("cli.commands.status", "cli.commands.site", "cli.commands.validate", "notify", "mcp"),
)


def closure_of_trees() -> set[str]:
    """Return the closure as the syntax trees have it."""
    found: set[str] = set()
    wanted = [*ROOTS]
    while wanted:
        name = wanted.pop()
        if name in found or any(f"{name}.".startswith(f"{out}.") for out in LEFT_OUT):
            continue
        if name not in MODULES:
            continue
        found.add(name)
        wanted += [name.rpartition(".")[0], *imports(name, typed=False)]
        if name == "versioner.models":
            wanted += [each for each in MODULES if each.startswith("versioner.models.")]
    return found


@pytest.fixture(scope="module")
def needed() -> set[str]:
    return set(modules_needed(package_dir(), ROOTS, LEFT_OUT))


def test_the_modules_are_those_that_the_syntax_trees_import(needed: set[str]) -> None:
    assert needed == closure_of_trees()


def test_no_module_for_other_commands_is_needed(needed: set[str]) -> None:
    others = {f"versioner.{each}" for each in ELSEWHERE}
    assert not {name for name in needed if any(f"{name}.".startswith(f"{o}.") for o in others)}


def test_every_third_party_of_the_modules_is_bundled_or_optional(needed: set[str]) -> None:
    theirs = {
        part
        for name in needed
        for each in imports(name, typed=False)
        if (part := each.partition(".")[0]) not in {*sys.stdlib_module_names, "versioner"}
    }
    assert theirs == BUNDLED | OPTIONAL | UNREACHED


@pytest.fixture
def no_jsonschema(monkeypatch: pytest.MonkeyPatch, with_jsonschema: list[object]) -> Iterator[None]:
    """Make both packages impossible to import, as in the recorder."""
    made = (schema_check._fast_validator, schema_check._precise_validator)
    for cached in made:
        cached.cache_clear()
    for name in OPTIONAL:
        monkeypatch.setitem(sys.modules, name, None)
    yield
    for cached in made:
        cached.cache_clear()


WRONG = (None, True, 1, 1.0, -2.5, "", "A b\n", "2026-02-31", [], ["x", "x"], {}, {"x": None})


def variants(value: Any) -> Iterator[Any]:
    """Yield a value with each of its parts left out, and replaced by values that may be wrong."""
    yield from WRONG
    if isinstance(value, dict):
        yield {**value, "other": 1}
        for key, item in value.items():
            yield {each: value[each] for each in value if each != key}
            yield from ({**value, key: other} for other in variants(item))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from ([*value[:at], other, *value[at + 1 :]] for other in variants(item))


def documents() -> Iterator[tuple[Any, Any]]:
    """Yield the names of schemas, each with a document or a part of a log that is valid."""
    for file in examples.POSITIVE:
        value, _ = examples.validate(file)
        yield examples.schema_of(file), value[:2] if isinstance(value, list) else value


def results(step: int) -> list[object]:
    """Return what is found in all examples, and in documents that are nearly right."""
    schema = schema_check.find_violations
    return [
        *(examples.validate(file) for file in (*examples.POSITIVE, *examples.NEGATIVE)),
        *(
            {(each.pointer, each.name, each.is_key) for each in schema(name, value)}
            for name, document in documents()
            for value in islice(variants(document), 0, None, step)
        ),
    ]


@pytest.fixture(scope="module")
def step(scale: Callable[[int, int], int]) -> int:
    return scale(7, 1)


@pytest.fixture(scope="module")
def with_jsonschema(step: int) -> list[object]:
    return results(step)


@pytest.mark.usefixtures("no_jsonschema")
def test_files_have_the_same_problems_where_jsonschema_is_missing(
    with_jsonschema: list[object], step: int
) -> None:
    with pytest.raises(ImportError):
        import jsonschema  # noqa: F401
    assert len(with_jsonschema) > 400
    assert results(step) == with_jsonschema
