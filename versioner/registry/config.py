"""Read registry.yaml for a writer, without the YAML loader where it was read before.

Importing the YAML loader takes a fifth of the time that recording an event may take, so
the parsed configuration is kept as JSON in the git directory, under the blob's id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from versioner import __version__, layout
from versioner.errors import Blocked, NoRegistry
from versioner.git.objects import read_blobs
from versioner.git.state import keep_json, read_json, state_file

if TYPE_CHECKING:
    from versioner.git.repository import Repository
    from versioner.models import RegistryConfig

__all__ = ["no_registry", "read_config"]


def no_registry(where: str = "on this branch") -> NoRegistry:
    """Return the error for a branch or revision without registry.yaml."""
    return NoRegistry(
        f"there is no registry {where}: {layout.CONFIG} is not there",
        hint="name the registry with --repo or the variable VERSIONER_REPO; `versioner init` "
        "creates one",
    )


def read_config(repository: Repository, blob: str) -> RegistryConfig:
    """Return the configuration at the tip; `blob` is the id of its file there.

    Raises Blocked where the file has errors: nothing is recorded under rules that are unclear.
    """
    if _latest[0] == (repository.common_dir, blob):
        return cast("RegistryConfig", _latest[1])
    config = _read(repository, blob)
    # A server reads it for each event.
    _latest[:] = [(repository.common_dir, blob), config]
    return config


_latest: list[Any] = [None, None]


def _read(repository: Repository, blob: str) -> RegistryConfig:
    kept_in = state_file(repository.common_dir, "config.json")
    key = f"{__version__} {blob}"
    kept = read_json(kept_in)
    if isinstance(kept, dict) and kept.get("key") == key and isinstance(kept.get("config"), dict):
        return cast("RegistryConfig", kept["config"])
    config = _parse(repository)
    keep_json(kept_in, {"key": key, "config": config})
    return cast("RegistryConfig", config)


def _parse(repository: Repository) -> dict[str, Any]:
    from versioner.validation.documents import validate_document

    data = read_blobs(repository, repository.tip, [layout.CONFIG])[layout.CONFIG] or b""
    config, problems = validate_document("config", data, layout.CONFIG)
    errors = [problem for problem in problems if problem.severity == "error"]
    if config is None or errors:
        first = errors[0]
        raise Blocked(
            f"{first.path}:{first.line}:{first.column}: {first.message}",
            hint=f"{first.hint}; the tool writes nothing while {layout.CONFIG} has errors",
        )
    return config
