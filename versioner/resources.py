"""The files packaged with the tool: schemas, site templates, starter files, sample registry."""

from __future__ import annotations

from pathlib import Path

__all__ = ["example_dir", "schemas_dir", "site_templates_dir", "starter_dir"]

_PACKAGE = Path(__file__).resolve().parent


def _packaged(name: str) -> Path:
    # Inside the package in a wheel; next to it in a checkout (pyproject.toml, force-include).
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def schemas_dir() -> Path:
    """Return the folder of the JSON Schemas."""
    return _packaged("schemas")


def site_templates_dir() -> Path:
    """Return the folder of the site's templates and assets."""
    return _packaged("site_templates")


def starter_dir() -> Path:
    """Return the folder of the files that `init` writes into a new registry."""
    return _PACKAGE / "starter"


def example_dir() -> Path:
    """Return the folder of the sample registry."""
    # A wheel has it as `sample`, because `registry` is a module of the package.
    inside = _PACKAGE / "sample"
    return inside if inside.is_dir() else _PACKAGE.parent / "registry"
