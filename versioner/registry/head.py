"""Read what a registry has beside its products: configuration, environments, aliases, deletions."""

from __future__ import annotations

from dataclasses import astuple
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from versioner import layout
from versioner.git.object_format import hash_object
from versioner.names import TYPE_ORDER, environment_type
from versioner.registry.checks.unexpected_files import (
    is_expected,
    unexpected_entry,
    without_misnamed,
)
from versioner.registry.environment_names import former_environment_names
from versioner.registry.records import Registry
from versioner.validation import codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from versioner.git.files.entries import FileEntry
    from versioner.git.snapshot import Snapshot
    from versioner.models import Problem
    from versioner.registry.governance.load import LoadedGovernance
    from versioner.registry.index.kept_answers import KeptAnswers
    from versioner.serialization.documents import DocumentKind

__all__ = ["key_of_entries", "load_head", "problems_of"]

_GOVERNANCE: Final = tuple(f"{layout.ROOT}/{name}" for name in ("rules", "requests", "templates"))


def key_of_entries(entries: Mapping[str, FileEntry]) -> str:
    """Return a key of files: of their paths, kinds, sizes, ids and modes."""
    text = "".join(f"{path}\0{tuple(entry)}\n" for path, entry in sorted(entries.items()))
    return hash_object("blob", text.encode("utf-8", "surrogateescape"))


def problems_of(rows: Iterable[Sequence[Any]]) -> list[Problem]:
    """Return problems from the values of their fields."""
    found = [*rows]
    if not found:
        return []
    from versioner.models import Problem

    return [Problem(*fields) for fields in found]


def load_head(snapshot: Snapshot, kept: KeptAnswers | None = None) -> Registry:
    """Return a registry without its products, with the problems of all other files.

    The documents are taken from `kept` where it has those of the same files.
    """
    files = _HeadFiles(snapshot)
    registry = Registry(revision=snapshot.revision, commit_time=_commit_time(snapshot, kept))
    found = None if kept is None else kept.get("documents", files.key)
    if found is None:
        files.read_into(registry)
        if kept is not None:
            kept.put("documents", files.key, _documents(registry))
    else:
        _set_documents(registry, found)
    rules = None if kept is None else _KeptRules(kept, files.key)
    registry.load_governance = files.governance_loader(registry.config, rules)
    registry.has_governance = files.has_governance(registry.config)
    return registry


def _commit_time(snapshot: Snapshot, kept: KeptAnswers | None) -> str | None:
    """Return the time of the commit; git need not be asked for what is kept of it."""
    if kept is None or snapshot.revision is None:
        return snapshot.commit_time
    found: str | None = kept.get("commit time", snapshot.revision)
    if found is None and (found := snapshot.commit_time) is not None:
        kept.put("commit time", snapshot.revision, found)
    return found


def _documents(registry: Registry) -> list[Any]:
    return [
        *(registry.config, registry.environments, registry.environment_aliases),
        *(registry.aliases, registry.deleted, [astuple(each) for each in registry.problems]),
    ]


def _set_documents(registry: Registry, found: list[Any]) -> None:
    registry.config, registry.environments, registry.environment_aliases = found[:3]
    registry.aliases, registry.deleted, problems = found[3:]
    registry.problems = problems_of(problems)


class _KeptRules:
    """The documents of the rules of some files, kept with the key of all these files."""

    def __init__(self, kept: KeptAnswers, key: str) -> None:
        self._kept, self._key = kept, key

    def get(self) -> list[list[Any]] | None:
        """Return the paths and documents, None where none are kept of these files."""
        found: list[list[Any]] | None = self._kept.get("rules", self._key)
        return found

    def put(self, documents: list[list[Any]]) -> None:
        """Keep them."""
        self._kept.put("rules", self._key, documents)


def _is_of_governance(path: str) -> bool:
    return path.startswith(_GOVERNANCE) or path == layout.ALLOWED_SIGNERS


class _HeadFiles:
    """The files outside the products, by kind, and their problems."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.problems: list[Problem] = []
        self.unexpected: list[str] = []
        self.paths: dict[str, list[tuple[str, str]]] = {}
        self._snapshot = snapshot
        self._has_config = False
        entries = snapshot.selected_entries(())
        self.key = key_of_entries(entries)
        self._all_paths = tuple(entries)
        for path, entry in entries.items():
            self._has_config |= path == layout.CONFIG
            if path == layout.ALLOWED_SIGNERS and entry.kind == "file":
                continue
            place = layout.place_of(path)
            if place is None or not is_expected(path, entry):
                self.unexpected.append(path)
                self.problems.append(unexpected_entry(path, entry))
            else:
                self.paths.setdefault(place.kind, []).append((place.name, path))

    def read_into(self, registry: Registry) -> None:
        """Set what the files say, and their problems."""
        registry.config = self.config()
        registry.environments = self.environments()
        registry.environment_aliases = former_environment_names(
            registry.environments, {name for name, _ in self.paths.get("environment", ())}
        )
        registry.aliases = {name: each["to"] for name, each in self.documents("alias").items()}
        registry.deleted = self.documents("deleted")
        registry.problems = sorted(without_misnamed(self.problems, self.unexpected))

    def documents(self, kind: DocumentKind) -> dict[str, dict[str, Any]]:
        from versioner.validation.documents import validate_document

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
            from versioner.models import Problem

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

    def has_governance(self, config: dict[str, Any]) -> bool:
        """Return whether a file may say what may ship, also one with errors."""
        return "groups" in config or not config or any(map(_is_of_governance, self._all_paths))

    def governance_loader(
        self, config: dict[str, Any], kept: _KeptRules | None
    ) -> Callable[[], LoadedGovernance]:
        """Return the function that reads what may ship, once."""
        snapshot, paths, unexpected = self._snapshot, self.paths, self.unexpected

        @cache
        def load() -> LoadedGovernance:
            # Most commands ask for none of it.
            from versioner.registry.governance.load import load_governance

            return load_governance(snapshot, paths, config, unexpected, kept)

        return load

    def environments(self) -> dict[str, dict[str, Any]]:
        documents = self.documents("environment")
        for name, document in documents.items():
            document.setdefault("type", environment_type(name))
            document.setdefault("order", TYPE_ORDER[document["type"]])
        return dict(sorted(documents.items(), key=lambda item: (item[1]["order"], item[0])))
