"""Find what the tool carries with it: schemas and site templates."""

from __future__ import annotations

from pathlib import Path

__all__ = ["example_dir", "schemas_dir", "site_templates_dir", "starter_dir"]

_PACKAGE = Path(__file__).resolve().parent


def _carried(name: str) -> Path:
    # Inside the package in a wheel; beside it in a checkout (pyproject.toml, force-include).
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def schemas_dir() -> Path:
    """Return the folder of the JSON Schemas."""
    return _carried("schemas")


def site_templates_dir() -> Path:
    """Return the folder of the site's templates and assets."""
    return _carried("site_templates")


def starter_dir() -> Path:
    """Return the folder of the files that a new registry begins with."""
    return _PACKAGE / "starter"


def example_dir() -> Path:
    """Return the folder of the sample registry."""
    # The package's copy has another name, for `registry` is a module of it.
    inside = _PACKAGE / "sample"
    return inside if inside.is_dir() else _PACKAGE.parent / "registry"
