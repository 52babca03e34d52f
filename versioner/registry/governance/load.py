"""Read what may ship from the files of a snapshot; problems are collected, not raised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from versioner import layout
from versioner.git.files.worktree_snapshot import is_leftover_file
from versioner.models.governance import Governance, UnreadableFile
from versioner.registry.governance.rules import rule_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from versioner.git.snapshot import Snapshot
    from versioner.models import Problem

__all__ = ["LoadedGovernance", "load_governance"]

_RULES = f"{layout.ROOT}/rules/"
_REQUESTS = f"{layout.ROOT}/requests/"
_OF_REQUESTS: Final = ("request", "request-decision", "template")
_REMEDY = "`versioner validate` says what belongs here"


class KeptRules(Protocol):
    """Where the documents of rules without problems are kept between commands."""

    def get(self) -> list[list[Any]] | None:
        """Return the paths and documents, None where none are kept of these files."""

    def put(self, documents: list[list[Any]]) -> None:
        """Keep them."""


@dataclass(frozen=True)
class LoadedGovernance:
    """What the files say, and their problems; a file with an error is in `unreadable` as well."""

    governance: Governance
    problems: tuple[Problem, ...] = ()


def load_governance(
    snapshot: Snapshot,
    paths: Mapping[str, Sequence[tuple[str, str]]],
    config: Mapping[str, Any],
    unexpected: Sequence[str],
    kept: KeptRules | None = None,
) -> LoadedGovernance:
    """Return what may ship; `paths` are names and paths by kind of place (`layout.Place`).

    `config` is registry.yaml, empty where it has errors; `unexpected` are the files that do not
    belong in a registry. The documents of rules are taken from `kept` where it has them.
    """
    problems: list[Problem] = []
    unreadable = [*_misplaced(unexpected, _RULES), *_misplaced(unexpected, _REQUESTS)]
    documents = _documents(snapshot, sorted(paths.get("rule", ())), problems, unreadable, kept)
    # A registry.yaml that is not read, as one beyond all limits, is not read here either.
    is_read = layout.CONFIG not in unexpected
    groups = _groups(snapshot, config) if is_read else None
    if groups is None:
        unreadable.append(_unreadable_groups(snapshot, is_read=is_read))
    rules = tuple(rule_of(document, path) for path, document in documents)
    found = Governance(rules, groups=groups or {})
    if any(kind in paths for kind in _OF_REQUESTS):
        # Slow to import, and not needed where there are rules only.
        from versioner.registry.governance.requests import read_requests

        requests = read_requests(snapshot, paths)
        unreadable += requests.unreadable
        problems += requests.problems
        found = replace(found, requests=requests.requests, templates=requests.templates)
    found = replace(found, unreadable=tuple(sorted_files(unreadable)))
    return LoadedGovernance(found, tuple(sorted(problems)))


def _documents(
    snapshot: Snapshot,
    paths: Sequence[tuple[str, str]],
    problems: list[Problem],
    unreadable: list[UnreadableFile],
    kept: KeptRules | None,
) -> list[list[Any]]:
    """Return the paths and documents of rules, and add the problems of their files."""
    if not paths:
        return []
    if kept is not None and (found := kept.get()) is not None:
        return found
    from versioner.registry.governance.rule_files import read_rule

    contents = snapshot.read_many([path for _, path in paths])
    documents = []
    for _, path in paths:
        read = read_rule(contents[path], path)
        problems += read.problems
        if read.document is not None:
            documents.append([path, read.document])
        if read.unreadable is not None:
            unreadable.append(read.unreadable)
    if kept is not None and not problems:
        kept.put(documents)
    return documents


def sorted_files(files: Sequence[UnreadableFile]) -> list[UnreadableFile]:
    """Return unreadable files in order of their paths."""
    return sorted(files, key=lambda each: (each.path, each.line))


def _misplaced(unexpected: Sequence[str], folder: str) -> Iterator[UnreadableFile]:
    """Yield the files of a folder that are not read, and may be meant to be."""
    for path in unexpected:
        name = path.lower()
        # A link in place of the folder hides all files in it.
        is_inside = path.startswith(folder) or path == folder.removesuffix("/")
        if is_inside and not is_leftover_file(path):
            is_meant = name.endswith((".yaml", ".yml")) or "." not in name.rpartition("/")[2]
            if is_meant:
                yield UnreadableFile(path, 0, f"this file is not read here: {_REMEDY}")


def _unreadable_groups(snapshot: Snapshot, *, is_read: bool) -> UnreadableFile:
    """Return where the groups of registry.yaml, or the file as a whole, cannot be read."""
    from versioner.validation.documents import validate_document

    data = (snapshot.read(layout.CONFIG) if is_read else None) or b""
    problems = sorted(validate_document("config", data, layout.CONFIG)[1])
    own = [each for each in problems if each.message.startswith("groups")]
    first = next(iter(own or problems), None)
    line, reason = (first.line, f": {first.message}") if first else (0, "")
    return UnreadableFile(layout.CONFIG, line, f"its groups cannot be read{reason}")


def _groups(snapshot: Snapshot, config: Mapping[str, Any]) -> dict[str, tuple[str, ...]] | None:
    """Return the groups, None where they cannot be read.

    An error elsewhere in registry.yaml leaves them readable.
    """
    groups = config.get("groups", {})
    if not config:
        data = snapshot.read(layout.CONFIG)
        if data is None:
            return {}
        from versioner.validation.schema_check import find_violations
        from versioner.validation.strict_yaml import read_yaml

        value = read_yaml(data, layout.CONFIG).value
        if not isinstance(value, dict):
            return None
        groups = value.get("groups", {})
        if "groups" in value and find_violations(
            "registry", {"schema_version": 1, "groups": groups}
        ):
            return None
    return {name: tuple(people) for name, people in groups.items()}
