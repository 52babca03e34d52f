"""Problems of files that do not belong in a registry: links, leftovers, other names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner import layout
from versioner.git.files.worktree_snapshot import is_leftover_file
from versioner.names import is_name
from versioner.validation import codes
from versioner.validation.limits import LOG_LIMIT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from versioner.git.files.entries import FileEntry
    from versioner.models import Problem

__all__ = ["is_expected", "unexpected_entry", "without_misnamed"]

_EXPECTED = (
    "only registry.yaml, environments/, products/<name>/{product.yaml,versions/,deployments/,"
    "observations/,decisions/}, aliases/, deleted/, rules/, templates/ and "
    "requests/<name>/{request,decisions}.yaml belong here; move the file elsewhere in the "
    "repository"
)


def is_expected(path: str, entry: FileEntry) -> bool:
    """Return whether a path below `registry/` is a file that is read."""
    regular = entry.kind == "file" and entry.size <= LOG_LIMIT
    return regular and layout.place_of(path) is not None


def without_misnamed(problems: Iterable[Problem], unexpected: Collection[str]) -> list[Problem]:
    """Return problems without those of missing files that have another extension."""
    meant = {layout.with_yaml_extension(path) for path in unexpected}
    return [each for each in problems if each.code != codes.MISSING or each.path not in meant]


def unexpected_entry(path: str, entry: FileEntry) -> Problem:
    """Return the problem of an entry that is not read."""
    from versioner.models import Problem

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
