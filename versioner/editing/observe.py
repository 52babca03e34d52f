"""Record what was seen to run, where it differs from what was seen before, in one commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from versioner import layout
from versioner.editing.observed_products import Sighting, Unclaimed, recorded_in, sightings_of
from versioner.editing.session import EditResult, edit_session
from versioner.errors import InvalidInput, NotFound
from versioner.query.observed import (
    ObservationKey,
    ObservedState,
    RecordedState,
    differs_from,
    is_running,
    observed_states,
    recorded_at,
    same_state,
    seen_until,
)
from versioner.rules.event_identity import derive_content_id
from versioner.rules.near_names import near_name
from versioner.serialization import log
from versioner.validation.events import check_event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.editing.session import EditSession
    from versioner.editing.workloads.workload import Workload
    from versioner.git.repository import Repository
    from versioner.models import Changes, Event
    from versioner.registry.records import ProductRecord, Registry

# The most environments that an error names.
_SHOWN: Final = 12

__all__ = ["ObserveResult", "ObservedProduct", "observe"]


@dataclass(frozen=True, slots=True)
class ObservedProduct:
    """What was seen of one product, and whether a line was written about it.

    `notes` are remarks, for example on a version whose digest is another one than recorded.
    """

    product: str
    state: ObservedState
    written: bool
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class ObserveResult:
    """What an observation found.

    `unclaimed` are the images and names that no product claims. `unseen` are the products that
    are recorded to run there, and were not seen now nor before. With `uncertain`, some workload
    names no image, so that no product is recorded as not running. `is_listed` is false for an
    instance that the environment does not list. With `is_late`, a later look at one of the products
    is recorded already.
    """

    environment: str
    instance: str
    source: str
    at: str
    products: list[ObservedProduct] = field(default_factory=list)
    unclaimed: list[Unclaimed] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    uncertain: bool = False
    is_listed: bool = True
    is_late: bool = False
    edited: EditResult = field(default_factory=lambda: EditResult(None, ""))

    @property
    def differing(self) -> list[ObservedProduct]:
        """Return the products that run another version than recorded."""
        return [each for each in self.products if each.state.differs]


def observe(
    repository: Repository,
    workloads: Sequence[Workload],
    *,
    environment: str,
    instance: str = "",
    source: str,
    now: str,
    at: str = "",
    allow_empty: bool = False,
    dry_run: bool = False,
) -> ObserveResult:
    """Compare workloads with what was seen before, and commit what is new.

    A product gets a line if its state differs from the last one that the source saw there, or if
    that was on an earlier day, or if the registry has come to say something else since. A
    product that was seen before and is no longer listed gets a line without a version.

    `at` is when the workloads were listed, if it was not now. Raises NotFound for an unknown
    environment; InvalidInput for workloads that are none, where products were seen before
    (`allow_empty` accepts them).
    """
    at = at or now
    with edit_session(repository) as edit:
        name = _environment(edit.registry, environment)
        key = ObservationKey(name, instance, source)
        _check_instance(key, at)
        listed = edit.registry.environments[name].get("instances", ())
        sightings, unclaimed = sightings_of(edit.registry, workloads, name, now)
        if not workloads and not allow_empty:
            _refuse_empty(edit.registry, key)
        result = ObserveResult(name, instance, source, at, unclaimed=unclaimed)
        result.is_listed = not instance or not listed or instance in listed
        # A workload without a name may be one of a product that seems to be gone.
        result.uncertain = any(each.reason for each in unclaimed)
        new: dict[str, Event] = {}
        for product in sorted(edit.registry.products):
            record = edit.registry.products[product]
            sighting = sightings.get(product)
            found = None
            recorded = recorded_in(edit.registry, record, name, now)
            if sighting is not None or not result.uncertain:
                found = _observe_product(record, key, sighting, recorded, at)
            if found is not None:
                event, observed = found
                result.products.append(observed)
                if observed.written:
                    new[product] = event
                result.is_late |= any(
                    last["at"] > at for last in _seen(record, key).get(key, [])[-1:]
                )
            elif recorded.get(instance, RecordedState()).versions:
                result.unseen.append(product)
        subject = _subject(key, len(new))
        result.edited = EditResult(None, subject)
        if new and not dry_run:
            result.edited = edit.commit(_changes(edit, new), subject, now=now)
    return result


def _environment(registry: Registry, given: str) -> str:
    try:
        return str(registry.environment(given)["name"])
    except NotFound as error:
        near = near_name("environment", given, registry.environments)
        if near:
            error.hint = f"did you mean {near}?"
        elif "did you mean" not in error.hint and registry.environments:
            error.hint = f"the environments are {', '.join(list(registry.environments)[:_SHOWN])}"
        error.hint += f"; `versioner environment create {given}` creates it"
        raise


def _check_instance(key: ObservationKey, now: str) -> None:
    check_event("observation", _event(key, {}, now))


def _refuse_empty(registry: Registry, key: ObservationKey) -> None:
    before = [
        name
        for name, record in registry.products.items()
        if any(is_running(events[-1]) for events in _seen(record, key).values())
    ]
    if before:
        products = "1 product was" if len(before) == 1 else f"{len(before)} products were"
        raise InvalidInput(
            f"the input lists no workload, but {products} seen to run there before",
            hint="check the command that wrote it (its context, namespace and permissions); if "
            "nothing runs there any more, add --allow-empty",
        )


def _seen(record: ProductRecord, key: ObservationKey) -> dict[ObservationKey, list[Event]]:
    seen = seen_until(record.observations)
    return {key: seen[key]} if key in seen else {}


def _observe_product(
    record: ProductRecord,
    key: ObservationKey,
    sighting: Sighting | None,
    recorded: Mapping[str, RecordedState],
    now: str,
) -> tuple[Event, ObservedProduct] | None:
    """Return the observation of a product; None where it is not there and never was."""
    before = _seen(record, key).get(key, [])
    if sighting is None and not before:
        return None
    event = _event(key, sighting.fields if sighting is not None else {}, now)
    event["id"] = derive_content_id(record.name, event)
    last = before[-1] if before else None
    here = recorded_at(recorded, key.instance)
    is_listed = sighting is not None
    written = _is_news(event, last, here, is_listed=is_listed)
    (state,) = observed_states({key: [*before, event]}, key.environment, recorded)
    notes = sighting.notes if sighting is not None else ()
    return event, ObservedProduct(record.name, state, written, notes)


def _event(key: ObservationKey, fields: Mapping[str, Any], now: str) -> Event:
    place = {"environment": key.environment, "instance": key.instance}
    state = {"version": "", **fields}
    event = {"at": now, **place, **state, "source": key.source, "id": "new"}
    return {name: value for name, value in event.items() if value or name == "version"}


def _is_news(event: Event, last: Event | None, recorded: RecordedState, *, is_listed: bool) -> bool:
    """Return whether a line is written about an observation."""
    if last is None or not same_state(event, last):
        return last is None or event["at"] >= last["at"]
    if event["at"] <= last["at"]:
        return False
    # What is gone and stays away is no news each day.
    if is_listed and event["at"][:10] > last["at"][:10]:
        return True
    # The last look was before the registry came to say something else.
    return bool(last["at"] < recorded.since and differs_from(event, recorded))


def _subject(key: ObservationKey, number: int) -> str:
    where = f"{key.environment} {key.instance}".strip()
    return f"Record observation of {where} ({number} product{'s' * (number != 1)})"


def _changes(edit: EditSession, new: Mapping[str, Event]) -> Changes:
    changes: Changes = {}
    for product, event in new.items():
        try:
            check_event("observation", event)
        except InvalidInput as error:
            raise InvalidInput(
                f'the observation of "{product}" cannot be recorded: {error.message}',
                field=error.field,
                hint=error.hint,
            ) from None
        path = layout.log_path(product, "observation", layout.month_of(event["at"]))
        changes[path] = log.append("observation", edit.snapshot.read(path), [event])
    return changes
