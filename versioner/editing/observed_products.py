"""Lead workloads to products and versions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from versioner.query.matrix import cell_state, recorded_states, stale_after
from versioner.query.versions.images import KnownVersions, product_named, products_of_image
from versioner.rules.images import Image, parse_image

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.editing.workloads.workload import Workload
    from versioner.query.observed import RecordedState
    from versioner.registry.records import ProductRecord, Registry

__all__ = ["Sighting", "Unclaimed", "recorded_in", "sightings_of"]

# The most items that the schema allows in a list of an observation.
_MOST: Final = 20
_MOST_WORKLOADS: Final = 5


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of one product: the fields of an observation, and remarks."""

    fields: dict[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Unclaimed:
    """An image, or a product's name, that belongs to no product of the registry.

    `workloads` are the first of `count` places that have it. `reason` says why a workload names
    no image at all.
    """

    image: str
    workloads: list[str] = field(default_factory=list)
    count: int = 0
    reason: str = ""


@dataclass(slots=True)
class _Seen:
    """What runs of one product, gathered from its workloads."""

    versions: set[str] = field(default_factory=set)
    images: set[str] = field(default_factory=set)
    digests: dict[str, set[str]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    partly: bool = False


def recorded_in(
    registry: Registry, record: ProductRecord, environment: str, now: str
) -> dict[str, RecordedState]:
    """Return what is recorded of a product in an environment, by instance."""
    stale = stale_after(registry, environment)
    return recorded_states(cell_state(record.cell(environment), now=now, stale_after=stale))


def sightings_of(
    registry: Registry, workloads: Iterable[Workload], environment: str, now: str
) -> tuple[dict[str, Sighting], list[Unclaimed]]:
    """Return what was seen by product, and the workloads of no product by image."""
    seen: dict[str, _Seen] = {}
    known: dict[str, KnownVersions] = {}
    current: dict[str, list[str]] = {}
    unclaimed: dict[str, Unclaimed] = {}
    claims: dict[str, list[str]] = {}
    for workload in workloads:
        image = parse_image(workload.image) if workload.image else None
        claimed = workload.product or (image.name if image is not None else "")
        if claimed not in claims:
            claims[claimed] = _products_of(registry, workload, image)
        products = claims[claimed]
        for product in products:
            record = registry.products[product]
            if product not in known:
                states = recorded_in(registry, record, environment, now).values()
                known[product] = KnownVersions(record)
                current[product] = [name for each in states for name in each.versions]
            gathered = seen.setdefault(product, _Seen())
            if workload.running:
                _gather(gathered, workload, image, known[product], current[product])
        if not products:
            _leave_over(unclaimed, workload, image)
    found = {product: _sighting(each) for product, each in seen.items()}
    return found, [unclaimed[name] for name in sorted(unclaimed)]


def _products_of(registry: Registry, workload: Workload, image: Image | None) -> list[str]:
    if workload.product:
        name = product_named(registry, workload.product)
        return [name] if name else []
    return products_of_image(registry, image) if image is not None else []


def _gather(
    seen: _Seen, workload: Workload, image: Image | None, known: KnownVersions, current: list[str]
) -> None:
    digests = list(workload.digests)
    if image is not None and image.digest and image.digest not in digests:
        digests.append(image.digest)
    tag = workload.version or (image.tag if image is not None else "")
    tagged = (workload.version and known.of_name(workload.version)) or (tag and known.of_tag(tag))
    recorded = known.of_digests(digests, [*([tagged] if tagged else []), *current])
    version = recorded or tagged
    if recorded and tagged and recorded != tagged:
        seen.notes[f'the tag "{tag}" is on the image that was recorded for {recorded}'] = None
    elif version and known.has_other_digest(version, digests):
        seen.notes[f"{version} runs with another digest than recorded"] = None
    name = image.last_part if image is not None else "artifact"
    for digest in digests[:1]:
        seen.digests.setdefault(name, set()).add(digest)
    if version:
        seen.versions.add(version)
    else:
        seen.images.add(workload.image or digests[0])
    seen.partly = seen.partly or workload.partly


def _sighting(seen: _Seen) -> Sighting:
    versions, images = sorted(seen.versions)[:_MOST], sorted(seen.images)[:_MOST]
    is_one = len(versions) == 1 and not images and not seen.partly
    fields = {
        "version": versions[0] if is_one else "",
        "versions": [] if is_one else versions,
        "images": images,
        "artifacts": _artifacts(seen.digests),
    }
    return Sighting({key: value for key, value in fields.items() if value}, tuple(seen.notes))


def _artifacts(digests: dict[str, set[str]]) -> dict[str, str]:
    """Return a digest by name; further ones of one image are numbered."""
    found: dict[str, str] = {}
    for name, several in sorted(digests.items()):
        for number, digest in enumerate(sorted(several), 1):
            found[name if number == 1 else f"{name}-{number}"] = digest
    return dict(list(found.items())[:_MOST])


def _leave_over(unclaimed: dict[str, Unclaimed], workload: Workload, image: Image | None) -> None:
    if image is not None:
        name, reason = image.name, ""
    else:
        name = (workload.product or workload.image)[:200]
        reason = "" if workload.product else "this is not the name of an image"
        if not name:
            name, reason = workload.name, "it names no image"
    if name in unclaimed and not workload.running:
        # What is wanted was counted where it runs.
        return
    each = unclaimed.setdefault(name, Unclaimed(name, reason=reason))
    each.count += 1
    if len(each.workloads) < _MOST_WORKLOADS and workload.name not in each.workloads:
        each.workloads.append(workload.name)
