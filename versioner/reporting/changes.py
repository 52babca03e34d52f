"""The effect of a change, as text, and as Markdown for the summary of a CI run."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any, Final

from versioner.query.derived.running_versions import place_text
from versioner.reporting.terminal import clean
from versioner.reporting.text import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from versioner.query.compare.registries import (
        EnvironmentChange,
        FieldChange,
        ProductChange,
        RegistryChange,
    )

__all__ = ["change_markdown", "change_rows", "change_text", "code_text"]

_LONGEST: Final = 60
_NOTHING: Final = "This change has no effect on the content of the registry."


def change_text(change: RegistryChange) -> str:
    """Return the change as lines for people."""
    if change.is_empty:
        return _NOTHING
    lines = ["This change:"]
    for title, details in _parts(change, _plain):
        lines.append(f"  {title}")
        lines += [f"    {detail}" for detail in details]
    return "\n".join(lines)


def change_markdown(change: RegistryChange) -> str:
    """Return the change as Markdown; text of the registry is escaped."""
    if change.is_empty:
        return _NOTHING + "\n"
    lines = ["#### This change", ""]
    for title, details in _parts(change, code_text):
        lines.append(f"- {title}")
        lines += [f"  - {detail}" for detail in details]
    return "\n".join(lines) + "\n"


def change_rows(change: RegistryChange) -> list[tuple[str, list[str]]]:
    """Return what changes, in Markdown: the name of each thing with its fate, and the details.

    What runs where is left out.
    """
    bare = replace(change, products=tuple(replace(each, cells=()) for each in change.products))
    return [*_parts(bare, code_text)]


def _parts(change: RegistryChange, show: Callable[[str], str]) -> Iterator[tuple[str, list[str]]]:
    for product in change.products:
        yield f"{show(product.product)}: {_fate(product, show)}", [*_of_product(product, show)]
    for environment in change.environments:
        title = f"environment {show(environment.environment)}: {_fate_of(environment, show)}"
        yield title, _of_environment(environment, show)
    if change.config:
        yield "registry.yaml: changed", [_field(each, show) for each in change.config]
    for each in change.governance:
        title = f"{each.what} {show(each.name)}: {each.kind}"
        yield f"{title}, {each.detail}" if each.detail else title, []
    for path in change.unread:
        yield f"{show(path)}: not compared, because it has errors", []


def _fate(product: ProductChange, show: Callable[[str], str]) -> str:
    if product.kind == "renamed":
        return f"renamed from {show(product.old_name)}"
    return product.kind


def _fate_of(environment: EnvironmentChange, show: Callable[[str], str]) -> str:
    if environment.kind == "renamed":
        return f"renamed from {show(environment.old_name)}"
    if environment.kind == "merged":
        return f"merged into {show(environment.into)}"
    return environment.kind


def _of_product(product: ProductChange, show: Callable[[str], str]) -> Iterator[str]:
    for change in product.fields:
        yield _field(change, show)
    for number, what in (
        (product.builds, "build event"),
        (product.deployments, "deployment event"),
    ):
        if number:
            yield f"{count(number, what)} added"
    if product.removed:
        yield f"{count(product.removed, 'event')} removed"
    if product.voided:
        yield f"marked as a mistake: {', '.join(show(each) for each in product.voided)}"
    for cell in product.cells:
        versions = f"{_version(cell.old, show)} → {_version(cell.new, show)}"
        yield f"{show(place_text(cell.environment, cell.instance))}: {versions}"


def _of_environment(environment: EnvironmentChange, show: Callable[[str], str]) -> list[str]:
    return [_field(change, show) for change in environment.fields]


def _field(change: FieldChange, show: Callable[[str], str]) -> str:
    name = show(change.field)
    if change.old is None:
        return f"{name}: {_value(change.new, show)} added"
    if change.new is None:
        return f"{name}: {_value(change.old, show)} removed"
    return f"{name}: {_value(change.old, show)} → {_value(change.new, show)}"


def _version(version: str, show: Callable[[str], str]) -> str:
    return show(version) if version else "nothing"


def _value(value: Any, show: Callable[[str], str]) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return show(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _plain(text: str) -> str:
    return clean(text)


def code_text(text: str) -> str:
    """Return a text as Markdown that shows it as it is."""
    # Markdown reads its own marks even in <code>: each becomes a character reference.
    safe = escape(clean(text))
    return f"<code>{''.join(_REFERENCES.get(each, each) for each in safe)}</code>"


_REFERENCES: Final = {mark: f"&#{ord(mark)};" for mark in "\\`*_[]!|~@:$"}
