"""A small registry as files in memory, and its problems as lines to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.git.snapshot import MemorySnapshot
from versioner.registry.load import load_registry
from versioner.serialization.log import event_line

if TYPE_CHECKING:
    from versioner.models import Event, EventKind
    from versioner.registry.records import Registry

Files = dict[str, bytes]

CONFIG = "registry/registry.yaml"


def product(name: str, *lines: str) -> Files:
    text = "\n".join([f'name: "{name}"', *lines, ""])
    return {f"registry/products/{name}/product.yaml": text.encode()}


def environment(name: str, *lines: str) -> Files:
    text = "\n".join([f'name: "{name}"', *lines, ""])
    return {f"registry/environments/{name}.yaml": text.encode()}


def log(name: str, *events: Event, kind: EventKind = "deployment", month: str = "2026-11") -> Files:
    folder = "deployments" if kind == "deployment" else "versions"
    lines = "".join(event_line(kind, event) for event in events)
    return {f"registry/products/{name}/{folder}/{month}.yaml": f"# log\n{lines}".encode()}


def files(*parts: Files) -> Files:
    """Join files to a registry with a configuration and two environments."""
    joined: Files = {CONFIG: b"schema_version: 1\n"}
    for part in (environment("staging"), environment("production"), *parts):
        joined |= part
    return joined


def load(*parts: Files) -> Registry:
    return load_registry(MemorySnapshot(files(*parts)))


def told(registry: Registry) -> list[str]:
    """Return each problem as `path:line:column code`, paths without what all share."""
    return [
        f"{each.path.removeprefix('registry/')}:{each.line}:{each.column} {each.code}"
        for each in registry.problems
    ]
