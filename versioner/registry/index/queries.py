"""Questions to one state of the index."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, Final

from versioner.git.object_format import hash_object
from versioner.registry.head import key_of_entries, problems_of
from versioner.registry.index.answers import (
    CellStep,
    DeploymentFilter,
    FoundEvent,
    FoundSource,
    IndexCounts,
)
from versioner.registry.index.others import OtherProducts
from versioner.registry.index.records import Documents, IndexedProduct, IndexedRegistry
from versioner.registry.index.schema import key_range, product_of_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from versioner.models import Cell, Deployment, Problem, Undeployment
    from versioner.registry.index.kept_answers import KeptAnswers
    from versioner.registry.index.reading import Rows
    from versioner.registry.index.wanted import Known, Wanted
    from versioner.registry.records import ProductRecord

    Entry = Deployment | Undeployment

__all__ = ["RegistryIndex"]

# As `query.deployments.find` sorts: the latest first, and of one second by name, in reverse.
_NEWEST: Final = (
    "d.at DESC, (SELECT name FROM products WHERE id = d.key >> 40) DESC, d.environment DESC,"
    " d.instance DESC, d.kind = 'undeployment' DESC, d.rank DESC, d.key DESC"
)
_OPEN: Final = "d.status IN ('pending', 'started')"
_OLDEST: Final = _NEWEST.replace(" DESC", "")
# The condition of all rows.
_ALL: Final = "1"
# The problems between products that follow from few things, and those that follow from all files.
_OF_DOCUMENTS: Final = "problems between documents"
_OF_TREES: Final = "problems between products"


class RegistryIndex:
    """One state of the index, that of the files of a snapshot.

    `head` is the registry without products: configuration, environments, aliases and deletions,
    with the problems of their files.
    """

    def __init__(
        self, rows: Rows, wanted: Wanted, known: Mapping[str, Known], kept: KeptAnswers
    ) -> None:
        self.head = wanted.head
        self.kept = kept
        self._wanted = wanted
        self._rows = rows
        self._numbers = {
            name: known[name].number for name in wanted.trees if known[name].is_product
        }
        self._names = {number: name for name, number in self._numbers.items()}
        self._records: dict[str, IndexedProduct] = {}
        self._listed = self.head.listed_instances
        self._documents = Documents(rows)

    @property
    def product_names(self) -> list[str]:
        """Return the names of the products, in order."""
        return [*self._numbers]

    def product(self, name: str) -> IndexedProduct:
        """Return the record of a product by its name; each of its parts is read when it is used.

        The same object is returned each time. A record of which only `cells` are used reads only
        what the cells say of now: `deployments`, `completed`, `undeployments` and `periods` of
        a cell are read with the deployments of the product.
        """
        found = self._records.get(name)
        if found is None:
            found = self._records[name] = self._record(name)
        return found

    def _record(self, name: str) -> IndexedProduct:
        tree = self._wanted.trees[name]
        known = None if tree.startswith("odd ") else tree
        return IndexedProduct(
            self._rows, self._numbers[name], name, known, self._listed, self._documents
        )

    @property
    def others(self) -> OtherProducts:
        """Return the products for which the index was not opened."""
        return OtherProducts(self._rows, self._wanted)

    def forget(self, name: str) -> None:
        """Drop the record of a product: what was read of it is read again when it is used."""
        self._records.pop(name, None)

    def registry(self) -> IndexedRegistry:
        """Return a registry with the records of all products that the index was opened for.

        Every query, report and page takes it as it takes a registry that was loaded. Problems
        between products are in it when the index was opened for all of them.
        """
        registry = self._without_problems({name: self.product(name) for name in self._numbers})
        registry.problems = self.problems()
        return registry

    def _without_problems(self, products: dict[str, ProductRecord]) -> IndexedRegistry:
        head = self.head
        registry = IndexedRegistry(
            head.revision, head.commit_time, head.config, head.environments,
            head.environment_aliases, products, head.aliases, head.deleted,
            load_governance=head.load_governance, has_governance=head.has_governance,
            find_open=self.open_deployments,
        )  # fmt: skip
        registry.rows = self._rows if self._wanted.every else None
        return registry

    def problems(self) -> list[Problem]:
        """Return the problems of all files that were asked for, in order."""
        found = [*self.head.problems]
        names = self._rows.select("SELECT name, problems FROM products WHERE problems <> '[]'")
        for name, problems in names:
            if name in self._wanted.trees:
                found += problems_of(json.loads(problems))
        if self._wanted.every:
            found += self._problems_between()
        return sorted(found)

    def _problems_between(self) -> list[Problem]:
        """Return the problems between products, which follow from what is kept with a key.

        They are of the files beside the products, of the documents of products, and of the
        environments that their events name. Where more of the products was read to find them,
        or one has a position in a file, the key has the trees of the products, too.
        """
        sharing = self._sharing_products()
        keys = self._keys_between(sharing)
        for name, key in keys.items():
            if (kept := self.kept.get(name, key)) is not None:
                return problems_of(kept)
        from versioner.registry.checks.across_products import check_registry

        # No part of these records was read before.
        registry = self._without_problems({name: self._record(name) for name in self._numbers})
        read = self._rows.histories_read
        problems = check_registry(registry, self._wanted.snapshot, sharing)
        few = not problems and self._rows.histories_read == read
        name = _OF_DOCUMENTS if few else _OF_TREES
        self.kept.put(name, keys[name], [astuple(each) for each in problems])
        return problems

    def _keys_between(self, sharing: Collection[str]) -> dict[str, str]:
        entries = self._wanted.snapshot.selected_entries(())
        few = f"{key_of_entries(entries)} {sorted(sharing)} {self._rows.facts_of_products()}"
        every = f"{few} {sorted(self._wanted.trees.items())}"
        return {
            name: hash_object("blob", text.encode("utf-8", "surrogateescape"))
            for name, text in ((_OF_DOCUMENTS, few), (_OF_TREES, every))
        }

    def _sharing_products(self) -> set[str]:
        """Return the products of which an event has the id of an event of another product."""
        found = set[str]()
        for (event_id,) in self._rows.select("SELECT id FROM shared_ids"):
            keys = self._rows.select("SELECT key FROM events WHERE id = ?", event_id)
            numbers = {product_of_key(key) for (key,) in keys}
            if len(numbers) > 1:
                found |= {self._names[number] for number in numbers if number in self._names}
        return found

    def cells(
        self, products: Collection[str] | None = None, environments: Collection[str] | None = None
    ) -> Iterator[Cell]:
        """Yield cells that have events, by product and environment; only what they say of now."""
        for name in self._numbers if products is None else sorted(products):
            for environment, cell in self.product(name).cells.items():
                if environments is None or environment in environments:
                    yield cell

    def deployments(
        self,
        wanted: DeploymentFilter = DeploymentFilter(),  # noqa: B008 -- it cannot be changed
        *,
        newest_first: bool = True,
        limit: int | None = None,
    ) -> Iterator[Entry]:
        """Yield the deployments and undeployments that match, in the order of `find`.

        They are read as they are asked for: the first ones cost what they are, and not what all
        cost. `product` and `environment` are names as they are, not old ones.
        """
        condition, values = self._condition(wanted)
        order = _NEWEST if newest_first else _OLDEST
        if limit is not None:
            order, values = f"{order} LIMIT ?", [*values, limit]
        yield from self._rows.entries(self._names, condition, values, order)

    def cell_steps(self, product: str, environment: str, before: str) -> Iterator[CellStep]:
        """Yield what took effect in a cell before a moment, the latest first."""
        rows = self._rows.select(
            "SELECT d.changed_at, d.instance, d.version, d.kind, d.rest FROM deployments d"
            # With the plus, no index of environments is used: a product has few rows.
            " WHERE d.key >= ? AND d.key < ? AND +d.environment = ? AND d.changed_at < ?"
            " AND d.void = 0 AND d.status IN ('completed', 'undeployed')"
            " ORDER BY d.changed_at DESC, d.rank DESC, d.key DESC",
            *(*key_range(self._numbers[product]), environment, before),
        )
        for at, instance, version, kind, rest in rows:
            if kind != "undeployment":
                yield CellStep(at, instance, version)
            elif not version or "n" in json.loads(rest or "{}"):
                yield CellStep(at, instance, "")

    def open_deployments(self, environment: str = "", at: str = "") -> Iterator[Deployment]:
        """Yield the valid deployments that may be open at a moment, or were at any, of a place."""
        condition, values = f"d.void = 0 AND (d.changed_at > d.at OR {_OPEN})", []
        if environment:
            condition = (
                "d.environment = ? AND d.void = 0 AND d.at <= ? AND d.key IN ("
                f"SELECT key FROM deployments d WHERE environment = ? AND {_OPEN} UNION SELECT key"
                " FROM deployments WHERE environment = ? AND changed_at > at AND changed_at > ?)"
            )
            values = [environment, at, environment, environment, at]
        for entry in self._rows.entries(self._names, condition, values, _OLDEST):
            if entry.kind != "undeployment":
                yield entry

    def count_deployments(
        self,
        wanted: DeploymentFilter = DeploymentFilter(),  # noqa: B008 -- as above
    ) -> int:
        """Return the number of deployments and undeployments that match."""
        if wanted == DeploymentFilter(wanted.product):
            # Rows of products have the number; the deployments need not be counted.
            names = {*self._numbers} if wanted.product is None else {wanted.product}
            entries = self._rows.select("SELECT name, entries FROM products")
            return sum(count for name, count in entries if name in names)
        condition, values = self._condition(wanted)
        # Without a condition SQLite counts pages and not rows.
        where = f"WHERE {condition}" if condition != _ALL else ""
        rows = self._rows.select(f"SELECT COUNT(*) FROM deployments d {where}", *values)
        return int(next(rows)[0])

    def _condition(self, wanted: DeploymentFilter) -> tuple[str, list[Any]]:
        terms: list[str] = []
        values: list[Any] = []

        def add(term: str, *more: Any) -> None:
            terms.append(term)
            values.extend(more)

        if wanted.product is not None:
            add("d.key >= ? AND d.key < ?", *key_range(self._numbers[wanted.product]))
        elif not self._wanted.every:
            ranges = [key_range(number) for number in self._numbers.values()]
            text = " OR ".join(["d.key >= ? AND d.key < ?"] * len(ranges)) or "0"
            add(f"({text})", *(bound for each in ranges for bound in each))
        if wanted.environment is not None:
            add("d.environment = ?", wanted.environment)
        if wanted.version is not None:
            add("d.version = ?", wanted.version)
        if wanted.status == "void":
            add("d.void = 1")
        elif wanted.status is not None:
            add("d.void = 0 AND d.status = ?", wanted.status)
        if wanted.since is not None:
            add("d.at >= ?", wanted.since)
        if wanted.until is not None:
            add("d.at <= ?", wanted.until)
        if wanted.changed_since is not None:
            add("(d.changed_at >= ? OR d.void = 1)", wanted.changed_since)
        if wanted.person is not None:
            add("instr(d.people, ?) > 0", f"\n{wanted.person.casefold()}\n")
        return " AND ".join(terms) or _ALL, values

    def counts(self) -> IndexCounts:
        """Return the number of products, of their events and of their deployments."""
        rows = self._rows.select(
            "SELECT name, builds + events + observations + decisions, deployments FROM products"
        )
        own = [(events, deployments) for name, events, deployments in rows if name in self._numbers]
        return IndexCounts(len(own), sum(each[0] for each in own), sum(each[1] for each in own))

    def find_ids(self, prefix: str, limit: int = 100) -> list[FoundEvent]:
        """Return the events whose ids begin with a text, in order of id and product.

        Builds, deployment events, declarations of mistakes, observations and decisions are among
        them.
        """
        last = prefix + "\U0010ffff"
        rows = self._rows.select(
            "SELECT id, key FROM events WHERE id >= ? AND id < ? ORDER BY id, key", prefix, last
        )
        found = []
        for event_id, key in rows:
            name = self._names.get(product_of_key(key))
            if name is not None:
                found.append(FoundEvent(name, event_id))
                if len(found) == limit:
                    break
        return sorted(found, key=lambda each: (each.id, each.product))

    def find_deployments(self, text: str, *, is_whole: bool) -> dict[str, list[Entry | None]]:
        """Return for each product what its deployment events are whose ids begin with a text.

        With `is_whole`, the text is a whole id. An event that is the first one of a deployment or
        undeployment gives that; any other one gives None.
        """
        found: dict[str, list[Entry | None]] = {}
        for key in self._rows.keys_of_ids(text, text if is_whole else text + "\U0010ffff"):
            name = self._names.get(product_of_key(key))
            if name is not None:
                entries = self._rows.entries(self._names, "d.key = ?", [key], "d.key")
                found.setdefault(name, []).append(next(entries, None))
        return found

    def find_source(self, digits: str, fewest: int = 7) -> list[FoundSource]:
        """Return the versions with a digest or commit that begins with some hexadecimal digits.

        A recorded commit may be shorter than the digits, but has at least `fewest` of them.
        """
        shorter = [digits[:length] for length in range(fewest, len(digits))]
        rows = self._rows.select(
            "SELECT product, version FROM sources WHERE digits >= ? AND digits < ?"
            f" OR digits IN ({', '.join('?' * len(shorter))})",
            digits,
            digits + "g",
            *shorter,
        )
        found = {
            FoundSource(self._names[number], version)
            for number, version in rows
            if number in self._names
        }
        return sorted(found)
