"""Product records whose parts are read from the index when they are first used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from versioner.models import Cell
from versioner.registry.head import problems_of
from versioner.registry.index.encoding import decode_course, decode_state
from versioner.registry.records import EnvironmentUse, ProductRecord, Registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.models import Deployment, Event, Undeployment
    from versioner.models.events import RecordedChanges
    from versioner.registry.index.reading import Rows

__all__ = ["Documents", "IndexedCell", "IndexedProduct", "IndexedRegistry"]

# After so many documents were read one by one, all are read together.
_FEW: Final = 8
_LOGS = {
    "builds": "build",
    "deployment_events": "deployment",
    "observations": "observation",
    "decision_events": "decision",
}


class Documents:
    """The documents of products, read one by one; after a few, all of them together."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._read = 0
        self._every: dict[str, str] | None = None

    def of_product(self, number: int, name: str) -> dict[str, Any]:
        """Return the document of a product."""
        self._read += 1
        if self._read > _FEW and self._every is None:
            self._every = dict(self._rows.documents())
        every = self._every
        text = self._rows.of_product(number, "document") if every is None else every[name]
        found: dict[str, Any] = json.loads(text)
        return found


class IndexedRegistry(Registry):
    """A registry of products in the index; `rows` are None where it has some of them only.

    Then `use_of_all` and `dependencies_of_all` may have what is known of all.
    """

    rows: Rows | None = None
    use_of_all: EnvironmentUse | None = None
    dependencies_of_all: dict[str, list[str]] | None = None

    def environment_use(self, since: str) -> EnvironmentUse:
        """Return how many products were deployed since a moment, and where."""
        if self.use_of_all is not None:
            return self.use_of_all
        if self.rows is None:
            return super().environment_use(since)
        return EnvironmentUse(*self.rows.places_since(since))

    @property
    def dependencies(self) -> dict[str, list[str]]:
        """Return the products that each product depends on; those without any are left out."""
        if self.dependencies_of_all is not None:
            return self.dependencies_of_all
        if self.rows is None:
            return super().dependencies
        return {
            name: needed
            for name, document in self.rows.dependencies()
            if name in self.products and (needed := json.loads(document).get("depends_on"))
        }


class IndexedProduct(ProductRecord):
    """A product in the index; what it is asked for is read once, and stays."""

    def __init__(
        self,
        rows: Rows,
        number: int,
        name: str,
        tree: str | None,
        listed: Mapping[str, Sequence[str]],
        documents: Documents,
    ) -> None:
        self._rows, self._number, self._documents = rows, number, documents
        self.name, self.tree, self.listed = name, tree, listed

    def __getattr__(self, name: str) -> Any:
        # The fields of a record that are not read yet.
        if name in _LOGS:
            found: Any = self._events_of(name)
        elif name == "document":
            found = self._documents.of_product(self._number, self.name)
        elif name == "problems":
            rows = json.loads(self._rows.of_product(self._number, "problems"))
            found = problems_of(rows)
        else:
            raise AttributeError(name)
        setattr(self, name, found)
        return found

    def _events_of(self, name: str) -> list[Event]:
        kind = _LOGS[name]
        if not self._rows.has_log(self._number, kind):
            return []
        return list(self._rows.events(self._number, kind).values())

    @property
    def environments_named(self) -> set[str]:
        """Return the environments that its events and observations name."""
        return {name for _, name, _ in json.loads(self._rows.of_product(self._number, "resolved"))}

    @property
    def cells(self) -> dict[str, Cell]:
        """Return the cells that have events, by environment, in order of name."""
        found: dict[str, Cell] | None = self.__dict__.get("_cells")
        if found is None:
            found = self.__dict__["_cells"] = {
                environment: IndexedCell(self, environment, state)
                for environment, state in self._rows.cells(self._number)
            }
        return found

    @property
    def recorded_changes(self) -> Mapping[str, RecordedChanges]:
        """Return the commits of each version since the one before it, where they are known.

        Neither events nor versions are read for it.
        """
        rows = self._rows.changes(self._number)
        return {version: json.loads(data) for version, data in rows}

    @property
    def deployments(self) -> list[Deployment]:
        """Return the deployments of all cells, oldest first, void ones included."""
        self._read_history()
        found: list[Deployment] = self.__dict__["_deployments"]
        return found

    def release(self) -> None:
        """Drop the events, deployments, versions and cells: they are read again when used."""
        for name in (*_LOGS, "_cells", "_deployments", "_courses", "versions", "decisions"):
            self.__dict__.pop(name, None)

    def _read_history(self) -> None:
        """Read the deployments of all cells."""
        if "_deployments" in self.__dict__:
            return
        events = self._rows.events(self._number, "deployment")
        self.__dict__.setdefault("deployment_events", list(events.values()))
        entries = self._rows.entries_of_product(self._number, self.name, events)
        by_environment: dict[str, list[Deployment]] = {}
        undeployments: dict[str, list[Undeployment]] = {}
        deployments: list[Deployment] = []
        for _, entry in entries:
            if entry.kind == "undeployment":
                undeployments.setdefault(entry.environment, []).append(entry)
            else:
                deployments.append(entry)
                by_environment.setdefault(entry.environment, []).append(entry)
        for environment, cell in self.cells.items():
            cell.deployments = by_environment.get(environment, [])
            cell.undeployments = undeployments.get(environment, [])
        self.__dict__["_deployments"] = deployments

    def _course_of(self, environment: str) -> str:
        """Return what happened in a cell, as the index has it."""
        courses: dict[str, str] | None = self.__dict__.get("_courses")
        if courses is None:
            courses = self.__dict__["_courses"] = dict(self._rows.courses(self._number))
        return courses[environment]


class IndexedCell(Cell):
    """A cell in the index; its deployments are read when they are first used."""

    _record: IndexedProduct

    def __init__(self, record: IndexedProduct, environment: str, state: str) -> None:
        self.product, self.environment = record.name, environment
        self._record = record
        decode_state(self, state)

    def __getattr__(self, name: str) -> Any:
        if name in ("completed", "periods"):
            # Most of what is asked for are deployments alone.
            decode_course(self, self._record._course_of(self.environment))
        elif name in ("deployments", "undeployments"):
            self._record._read_history()
        else:
            raise AttributeError(name)
        return getattr(self, name)
