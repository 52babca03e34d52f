"""What a reader wants of the index: the products of a snapshot, each in one state."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from versioner import layout
from versioner.git.object_format import hash_object
from versioner.serialization.compact_json import compact_json

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from versioner.git.snapshot import Snapshot
    from versioner.registry.records import Registry

__all__ = ["EnvironmentNames", "Known", "Wanted"]


class EnvironmentNames:
    """What the files of environments say of the names that events have.

    `former` leads from former names to environments, `listed` has the instances of environments.
    """

    def __init__(self, former: Mapping[str, str], listed: Mapping[str, Sequence[str]]) -> None:
        self.former = former
        self.listed = listed
        self._resolved: dict[str, str] = {}

    @property
    def fields(self) -> tuple[dict[str, str], dict[str, Sequence[str]]]:
        """Return the values that make an equal one."""
        return dict(self.former), dict(self.listed)

    def resolved(self, named: str) -> str:
        """Return what the files say of environments that events name (JSON)."""
        if named not in self._resolved:
            names = [(raw, self.former.get(raw, raw)) for raw in json.loads(named)]
            self._resolved[named] = compact_json(
                [(raw, name, self.listed.get(name, ())) for raw, name in names]
            )
        return self._resolved[named]


class Known(NamedTuple):
    """A product in the index."""

    number: int
    is_product: bool


@dataclass
class Wanted:
    """What a reader wants: the products of a snapshot, by name, with their tree ids.

    `every` is whether these are all of them, so that the index must have no other.
    """

    snapshot: Snapshot
    head: Registry
    trees: dict[str, str]
    every: bool

    @classmethod
    def of(cls, snapshot: Snapshot, head: Registry, products: Collection[str] | None) -> Wanted:
        """Return all products of a snapshot, or those named."""
        found = snapshot.product_trees(products)
        names = sorted(found)
        trees = {name: found[name] or _odd_tree(snapshot, name) for name in names}
        return cls(snapshot, head, trees, products is None)

    def __post_init__(self) -> None:
        head = self.head
        self.environments = EnvironmentNames(head.environment_aliases, head.listed_instances)
        self.resolved = self.environments.resolved


def _odd_tree(snapshot: Snapshot, name: str) -> str:
    """Return a key of the files of a product that has no tree id: some are links or submodules."""
    entries = snapshot.entries(layout.product_dir(name))
    text = repr(sorted((path, tuple(entry)) for path, entry in entries.items()))
    return f"odd {hash_object('blob', text.encode('utf-8', 'surrogateescape'))}"
