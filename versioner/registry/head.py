"""Read what a registry has beside its products: configuration, environments, aliases, deletions."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from versioner import layout
from versioner.models import Problem
from versioner.names import TYPE_ORDER, environment_type
from versioner.registry.environment_names import former_environment_names
from versioner.registry.records import Registry
from versioner.registry.unexpected import is_expected, unexpected_entry, without_misnamed
from versioner.validation import codes
from versioner.validation.documents import validate_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from versioner.git.snapshot import Snapshot
    from versioner.registry.governance.load import LoadedGovernance
    from versioner.serialization.documents import DocumentKind

__all__ = ["load_head"]


def load_head(snapshot: Snapshot) -> Registry:
    """Return a registry without its products, with the problems of all other files."""
    registry = Registry(revision=snapshot.revision, commit_time=snapshot.commit_time)
    files = _HeadFiles(snapshot)
    registry.problems += files.problems
    registry.config = files.config()
    registry.environments = files.environments()
    registry.environment_aliases = former_environment_names(
        registry.environments, {name for name, _ in files.paths.get("environment", ())}
    )
    registry.aliases = {name: each["to"] for name, each in files.documents("alias").items()}
    registry.deleted = files.documents("deleted")
    registry.load_governance = files.governance_loader(registry.config)
    registry.problems = sorted(without_misnamed(files.problems, files.unexpected))
    return registry


class _HeadFiles:
    """The files outside the products, by kind, and their problems."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.problems: list[Problem] = []
        self.unexpected: list[str] = []
        self.paths: dict[str, list[tuple[str, str]]] = {}
        self._snapshot = snapshot
        self._has_config = False
        for path, entry in snapshot.selected_entries(()).items():
            self._has_config |= path == layout.CONFIG
            place = layout.place_of(path)
            if place is None or not is_expected(path, entry):
                self.unexpected.append(path)
                self.problems.append(unexpected_entry(path, entry))
            else:
                self.paths.setdefault(place.kind, []).append((place.name, path))

    def documents(self, kind: DocumentKind) -> dict[str, dict[str, Any]]:
        found = sorted(self.paths.get(kind, ()))
        contents = self._snapshot.read_many([path for _, path in found])
        documents = {}
        for name, path in found:
            document, wrong = validate_document(kind, contents[path], path)
            self.problems += wrong
            if document is not None:
                documents[name] = document
        return documents

    def config(self) -> dict[str, Any]:
        config = self.documents("config").get("")
        if config is None and not self._has_config:
            self.problems.append(
                Problem(
                    layout.CONFIG,
                    0,
                    0,
                    codes.MISSING,
                    "this is no registry: the file is missing",
                    "run `versioner init` to start one",
                )
            )
        return config or {}

    def governance_loader(self, config: dict[str, Any]) -> Callable[[], LoadedGovernance]:
        """Return the function that reads what may ship, once."""
        snapshot, paths, unexpected = self._snapshot, self.paths, self.unexpected

        @cache
        def load() -> LoadedGovernance:
            # Most commands ask for none of it.
            from versioner.registry.governance.load import load_governance

            return load_governance(snapshot, paths, config, unexpected)

        return load

    def environments(self) -> dict[str, dict[str, Any]]:
        documents = self.documents("environment")
        for name, document in documents.items():
            document.setdefault("type", environment_type(name))
            document.setdefault("order", TYPE_ORDER[document["type"]])
        return dict(sorted(documents.items(), key=lambda item: (item[1]["order"], item[0])))
