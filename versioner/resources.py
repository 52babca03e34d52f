"""The files packaged with the tool: schemas, site templates, starter files, sample registry.

The recorder is the package in a zip archive, with some of its modules and the schemas alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from versioner import IS_RECORDER

__all__ = [
    "RECORDER_COMMANDS",
    "ZONES",
    "archive_path",
    "docs_dir",
    "example_dir",
    "package_dir",
    "read_packaged",
    "read_schema",
    "schemas_dir",
    "site_templates_dir",
    "starter_dir",
]

_PACKAGE = Path(__file__).resolve().parent

# The commands of the recorder, each with its module in `versioner.cli.commands`.
RECORDER_COMMANDS: Final = {"track": "track", "spool": "spool", "check": "gate.check"}
# The recorder's file of time zones.
ZONES: Final = "zones.bin"


def archive_path() -> Path:
    """Return the path of the recorder's file."""
    return _PACKAGE.parent


def read_packaged(path: str) -> bytes:
    """Return a file of the package in the recorder, by its path in the package."""
    # Relative to the archive, which may have been reached by another name.
    data: bytes = __spec__.loader.get_data(os.path.join("versioner", *path.split("/")))  # type: ignore[union-attr]  # noqa: PTH118
    return data


def package_dir() -> Path:
    """Return the folder of the package."""
    return _PACKAGE


def _packaged(name: str) -> Path:
    # Inside the package in a wheel; next to it in a checkout (pyproject.toml, force-include).
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def docs_dir() -> Path:
    """Return the folder of the user documentation."""
    return _PACKAGE / "docs"


def schemas_dir() -> Path:
    """Return the folder of the JSON Schemas."""
    return _packaged("schemas")


def read_schema(name: str) -> bytes:
    """Return a JSON Schema by its name without `.schema.json`."""
    file = f"{name}.schema.json"
    return read_packaged(f"schemas/{file}") if IS_RECORDER else (schemas_dir() / file).read_bytes()


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
