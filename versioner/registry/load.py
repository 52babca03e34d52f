"""Read a registry: the bytes of a snapshot as validated records.

Problems are collected and not raised: `Registry.problems` has them. The record of a product is
cached by the product's content.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from versioner import layout
from versioner.git.worktree_snapshot import is_leftover_file
from versioner.models import Problem
from versioner.names import TYPE_ORDER, environment_type, is_name
from versioner.registry.checks import check_registry
from versioner.registry.environment_names import (
    former_environment_names,
    with_environment_names,
)
from versioner.registry.event_order import in_month_order
from versioner.registry.product_checks import check_product
from versioner.registry.records import ProductRecord, Registry
from versioner.validation import codes
from versioner.validation.documents import validate_document
from versioner.validation.logs import LOG_LIMIT, validate_log

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from versioner.git.snapshot import FileEntry, Snapshot
    from versioner.models import Event, LogKind
    from versioner.registry.cache import ProductCache
    from versioner.serialization.documents import DocumentKind

__all__ = ["load_registry"]

_EXPECTED = (
    "only registry.yaml, environments/, products/<name>/{product.yaml,versions/,deployments/,"
    "observations/}, aliases/ and deleted/ belong here; move the file elsewhere in the repository"
)


def load_registry(
    snapshot: Snapshot,
    *,
    products: Collection[str] | None = None,
    cache: ProductCache | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Registry:
    """Load everything, or with `products` those alone (old names lead to new ones).

    `progress` is called with the number of products read and of all to read. Checks across
    products are made only when all of them are loaded. Raises NotFound for an unknown name in
    `products`.
    """
    loader = _Loader(snapshot)
    registry = Registry(revision=snapshot.revision, commit_time=snapshot.commit_time)
    registry.problems = loader.unexpected()
    registry.config = loader.config(registry.problems)
    registry.environments = loader.environments(registry.problems)
    registry.environment_aliases = loader.use_aliases_of(registry.environments)
    registry.aliases = loader.aliases(registry.problems)
    registry.deleted = loader.documents("deleted", registry.problems)
    names = sorted(loader.product_files)
    wanted = names if products is None else _wanted(products, names, registry)
    listed = registry.listed_instances
    for count, name in enumerate(wanted, 1):
        record = registry.products[name] = loader.product(name, cache)
        record.listed = listed
        if progress is not None:
            progress(count, len(wanted))
    for record in registry.products.values():
        registry.problems += record.problems
    if products is None:
        registry.problems += check_registry(registry, snapshot)
    registry.problems = sorted(each for each in registry.problems if not loader.is_there(each))
    return registry


def _wanted(products: Collection[str], names: list[str], registry: Registry) -> list[str]:
    # Names are resolved before any product is read, so the records are empty.
    known = Registry(
        products={name: ProductRecord(name) for name in names},
        aliases=registry.aliases,
        deleted=registry.deleted,
    )
    return sorted({known.resolve(name).name for name in products})


class _Loader:
    """The files of a snapshot, by kind."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.product_files: dict[str, list[str]] = {}
        self._paths: dict[str, list[tuple[str, str]]] = {}
        self._unexpected: list[tuple[str, FileEntry]] = []
        for path, entry in snapshot.entries(layout.ROOT).items():
            place = layout.place_of(path)
            if place is None or entry.kind != "file" or entry.size > LOG_LIMIT:
                self._unexpected.append((path, entry))
            elif place.kind == "product" or place.log_kind is not None:
                self.product_files.setdefault(place.name, []).append(path)
            else:
                self._paths.setdefault(place.kind, []).append((place.name, path))
        self._trees = snapshot.product_trees()
        self._environment_aliases: dict[str, str] = {}
        self._key = ""

    def unexpected(self) -> list[Problem]:
        return [_unexpected_entry(path, entry) for path, entry in self._unexpected]

    def is_there(self, problem: Problem) -> bool:
        """Return whether a problem is of a missing file that has another extension."""
        return problem.code == codes.MISSING and problem.path in self._meant

    @cached_property
    def _meant(self) -> set[str]:
        return {layout.with_yaml_extension(path) for path, _ in self._unexpected}

    def documents(self, kind: DocumentKind, problems: list[Problem]) -> dict[str, dict[str, Any]]:
        found = sorted(self._paths.get(kind, ()))
        contents = self.snapshot.read_many([path for _, path in found])
        documents = {}
        for name, path in found:
            document, wrong = validate_document(kind, contents[path], path)
            problems += wrong
            if document is not None:
                documents[name] = document
        return documents

    def config(self, problems: list[Problem]) -> dict[str, Any]:
        config = self.documents("config", problems).get("")
        if config is None and layout.CONFIG not in self.snapshot.entries(layout.ROOT):
            problems.append(
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

    def environments(self, problems: list[Problem]) -> dict[str, dict[str, Any]]:
        documents = self.documents("environment", problems)
        for name, document in documents.items():
            document.setdefault("type", environment_type(name))
            document.setdefault("order", TYPE_ORDER[document["type"]])
        return dict(sorted(documents.items(), key=lambda item: (item[1]["order"], item[0])))

    def use_aliases_of(self, environments: Mapping[str, dict[str, Any]]) -> dict[str, str]:
        """Return the former names of environments, which are resolved in all events read later."""
        files = {name for name, _ in self._paths.get("environment", ())}
        self._environment_aliases = aliases = former_environment_names(environments, files)
        if aliases:
            text = json.dumps(sorted(aliases.items()))
            self._key = f"+{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        return aliases

    def aliases(self, problems: list[Problem]) -> dict[str, str]:
        return {name: alias["to"] for name, alias in self.documents("alias", problems).items()}

    def product(self, name: str, cache: ProductCache | None) -> ProductRecord:
        tree = self._trees.get(name)
        # The events that were read depend on the former names of environments, too.
        key = f"{tree}{self._key}"
        kept = cache.get(name, key) if cache is not None and tree is not None else None
        if kept is not None:
            with suppress(KeyError, TypeError):
                return _from_cache(name, tree, kept)
        record = self._read_product(name, tree)
        if cache is not None and tree is not None:
            cache.put(name, key, _for_cache(record))
        return record

    def _read_product(self, name: str, tree: str | None) -> ProductRecord:
        paths = layout.in_log_order(self.product_files[name])
        contents = self.snapshot.read_many(paths)
        logs: dict[LogKind, list[Event]] = {"build": [], "deployment": [], "observation": []}
        document: dict[str, Any] | None = None
        problems: list[Problem] = []
        has_years = False
        for path in paths:
            place = layout.place_of(path)
            if place is not None and place.log_kind is not None:
                has_years |= place.is_of_year
                events, wrong = validate_log(place.log_kind, contents[path], path)
                if self._environment_aliases:
                    events = with_environment_names(events, self._environment_aliases)
                logs[place.log_kind] += events
            else:
                document, wrong = validate_document("product", contents[path], path)
            problems += wrong
        if has_years:
            logs = {kind: in_month_order(events) for kind, events in logs.items()}
        record = ProductRecord(
            name=name,
            document=document or {"name": name},
            tree=tree,
            builds=logs["build"],
            deployment_events=logs["deployment"],
            observations=logs["observation"],
            problems=problems,
        )
        record.problems += check_product(record, contents)
        return record


def _unexpected_entry(path: str, entry: FileEntry) -> Problem:
    what = {
        "file": (codes.UNEXPECTED_FILE, "this file does not belong in a registry", _EXPECTED),
        "link": (codes.LINK, "symbolic links are not followed here", "put the file itself here"),
        "submodule": (codes.LINK, "a submodule cannot be part of a registry", "remove it"),
    }
    if entry.kind == "file" and entry.size > LOG_LIMIT:
        message = f"the file has {entry.size:,} bytes, more than {LOG_LIMIT:,}"
        return Problem(path, 0, 0, codes.SIZE, message, "no file of a registry is this large")
    if entry.kind == "file" and (hint := _place_for(path)):
        message = "this file does not belong in a registry"
        return Problem(path, 0, 0, codes.UNEXPECTED_FILE, message, hint)
    if is_leftover_file(path):
        message = "this file of an editor or the system was committed"
        hint = "run `git rm --cached` on it, and add it to .gitignore"
        return Problem(path, 0, 0, codes.UNEXPECTED_FILE, message, hint)
    fallback = (codes.LINK, "this is not a regular file", "remove it")
    code, message, hint = what.get(entry.kind, fallback)
    return Problem(path, 0, 0, code, message, hint)


def _place_for(path: str) -> str:
    """Return the hint for a file whose place in a registry is known, "" for another file."""
    meant = layout.with_yaml_extension(path)
    folder, _, name = path.removeprefix(f"{layout.ROOT}/").partition("/")
    stem = name.removesuffix(".yaml")
    if not meant and folder == "products" and name.endswith(".yaml") and is_name(stem):
        meant = layout.product_path(stem)
    inner = name.partition("/")[0]
    if folder == "environments" and name == f"{inner}/environment.yaml" and is_name(inner):
        meant = layout.environment_path(inner)
    return f"rename it: git mv {path} {meant}" if meant else ""


def _for_cache(record: ProductRecord) -> dict[str, Any]:
    return {
        "document": record.document,
        "builds": record.builds,
        "deployments": record.deployment_events,
        "observations": record.observations,
        "problems": [
            (p.path, p.line, p.column, p.code, p.message, p.hint, p.severity)
            for p in record.problems
        ],
    }


def _from_cache(name: str, tree: str | None, kept: dict[str, Any]) -> ProductRecord:
    return ProductRecord(
        name=name,
        document=kept["document"],
        tree=tree,
        builds=kept["builds"],
        deployment_events=kept["deployments"],
        observations=kept["observations"],
        problems=[Problem(*fields) for fields in kept["problems"]],
    )
