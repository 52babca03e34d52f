"""What the shell offers for a product's or environment's name: what the files here are called."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from versioner.names import is_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

__all__ = ["environment_names", "product_names"]


def product_names(ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Return the products whose names begin with what is typed."""
    return _names(ctx, "products", typed)


def environment_names(ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Return the environments whose names begin with what is typed."""
    return _names(ctx, "environments", typed)


def _names(ctx: click.Context, folder: str, typed: str) -> list[str]:
    try:
        found = os.listdir(_registry(ctx.params.get("repo")) / folder)  # noqa: PTH208 -- names only
    except OSError:
        return []
    names = {name.removesuffix(".yaml") for name in found}
    return sorted(name for name in names if name.startswith(typed) and is_name(name))


def _registry(repo: str | None) -> Path:
    start = Path(repo or os.environ.get("VERSIONER_REPO") or ".").absolute()
    return next(_candidates(start), start / "registry")


def _candidates(start: Path) -> Iterator[Path]:
    for folder in (start, *start.parents):
        if (folder / "registry" / "registry.yaml").is_file():
            yield folder / "registry"
