"""The two versions that a question about commits is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.errors import NotFound, UsageFault
from versioner.query.versions.product_versions import show_version

if TYPE_CHECKING:
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["range_of_environments", "range_of_text"]


def range_of_text(record: ProductRecord, text: str) -> tuple[str, str]:
    """Return the versions of `A..B`; of one version alone, the one before it and itself.

    Raises NotFound for a version that the product does not have, and where the version before is
    not known.
    """
    base, dots, head = text.partition("..")
    if dots and (not base or not head):
        raise UsageFault(f'"{text[:200]}" is not A..B', hint="name both versions: 1.3.0..1.4.0")
    if dots:
        return show_version(record, base).version.name, show_version(record, head).version.name
    head = show_version(record, text).version.name
    own = record.recorded_changes.get(head)
    base = own.get("since", "") if own is not None else ""
    if base not in record.versions:
        raise NotFound(
            f"the version before {record.name} {head} is not known",
            hint=f"name it: {record.name} A..{head}",
        )
    return base, head


def range_of_environments(
    registry: Registry, record: ProductRecord, source: str, target: str
) -> tuple[str, str]:
    """Return the version that runs in the target, and the one that would ship from the source."""
    return _running(registry, record, target), _running(registry, record, source)


def _running(registry: Registry, record: ProductRecord, name: str) -> str:
    environment = registry.environment(name)["name"]
    versions = record.cell(environment).versions
    if len(versions) == 1:
        return versions[0]
    if not versions:
        raise NotFound(f"{record.name} does not run in {environment}")
    raise UsageFault(
        f"several versions of {record.name} run in {environment}: {', '.join(versions[:5])}",
        hint="name two of the versions: A..B",
    )
