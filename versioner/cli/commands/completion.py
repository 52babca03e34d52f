"""versioner completion: print the completion script of a shell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from versioner.cli.params import examples_epilog
from versioner.names import is_name

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["completion", "environment_names", "product_names"]


@click.command(
    epilog=examples_epilog(
        'eval "$(versioner completion bash)"            # in ~/.bashrc',
        'eval "$(versioner completion zsh)"             # in ~/.zshrc',
        "versioner completion fish > ~/.config/fish/completions/versioner.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script with which a shell completes commands, options and names."""
    from click.shell_completion import get_completion_class

    from versioner.cli.main import cli

    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(script(cli, {}, "versioner", "_VERSIONER_COMPLETE").source())


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
