"""Read what may ship from the files of a snapshot; problems are collected, not raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from versioner.models.governance import Governance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from versioner.git.snapshot import Snapshot
    from versioner.models import Problem

__all__ = ["LoadedGovernance", "load_governance"]


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
) -> LoadedGovernance:
    """Return what may ship; `paths` are names and paths by kind of place (`layout.Place`).

    `config` is registry.yaml, empty where it has errors; `unexpected` are the files that do not
    belong in a registry.
    """
    groups = {name: tuple(people) for name, people in config.get("groups", {}).items()}
    return LoadedGovernance(Governance(groups=groups))
