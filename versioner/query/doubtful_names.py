"""Find products and environments whose names are probably slips of other ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from versioner.rules.near_names import near_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from versioner.registry.records import ProductRecord, Registry
    from versioner.rules.near_names import NameKind

__all__ = ["DoubtfulName", "doubtful_names"]

# What a product or an environment has that an event has created, with what is filled in.
_CREATED_KEYS: Final = frozenset(("name", "title", "type", "order"))
# A slip has few events, or less than one for this many of the name that is meant.
_FEW: Final = 2
_ONE_IN: Final = 4


class DoubtfulName(NamedTuple):
    """A name that is probably a slip of `near`."""

    kind: NameKind
    name: str
    near: str

    @property
    def text(self) -> str:
        """Return what is doubtful."""
        return f'the {self.kind} "{self.name}" has a name similar to "{self.near}"'

    @property
    def command(self) -> str:
        """Return the command that merges the two."""
        return f"versioner {self.kind} merge {self.name} --into {self.near}"


def doubtful_names(
    registry: Registry,
    *,
    uses_of: Callable[[str], int] | None = None,
    events_of: Callable[[str], int] | None = None,
) -> list[DoubtfulName]:
    """Return the names that are probably slips, environments first.

    A name counts only if nobody has described it: its file is as an event creates it. It is used
    much less than the other one. `uses_of` returns the number of deployment events of an
    environment, `events_of` that of all events of a product; without them they are counted here.
    """
    products = {name: record.document for name, record in registry.products.items()}
    return [
        *_of_kind(
            "environment",
            registry.environments,
            registry.environment_aliases,
            uses_of or (lambda name: _uses_of(registry, name)),
        ),
        *_of_kind(
            "product",
            products,
            {old: registry.target_of(old) for old in registry.aliases},
            events_of or (lambda name: _events_of(registry.products[name])),
        ),
    ]


def _of_kind(
    kind: NameKind,
    documents: Mapping[str, Mapping[str, Any]],
    aliases: Mapping[str, str],
    events: Callable[[str], int],
) -> Iterator[DoubtfulName]:
    """Yield the names that are near another one, or a former name of another one."""
    seen: set[str] = set()
    for near_pair in near_pairs(kind, {*documents, *aliases}):
        pair = {each if each in documents else aliases[each] for each in near_pair}
        if len(pair) == 1 or not pair <= documents.keys():
            continue
        (few, name), (many, near) = sorted((events(each), each) for each in pair)
        is_rare = few < many and (few <= _FEW or few * _ONE_IN <= many)
        if is_rare and documents[name].keys() <= _CREATED_KEYS and name not in seen:
            seen.add(name)
            yield DoubtfulName(kind, name, near)


def _uses_of(registry: Registry, environment: str) -> int:
    return sum(
        event.get("environment") == environment
        for record in registry.products.values()
        for event in record.deployment_events
    )


def _events_of(record: ProductRecord) -> int:
    return len(record.builds) + len(record.deployment_events)
