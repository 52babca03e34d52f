"""versioner completion: print the completion script of a shell."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from versioner.cli.params import examples_epilog
from versioner.names import is_name

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = [
    "approval_types",
    "completion",
    "environment_names",
    "product_names",
    "request_names",
    "rule_names",
    "template_names",
    "version_names",
]


# How many months of each log the completion of versions reads.
_LOGS_READ: Final = 4


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


def rule_names(ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Return the rules whose names begin with what is typed."""
    return _names(ctx, "rules", typed)


def request_names(ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Return the requests whose names begin with what is typed."""
    return _names(ctx, "requests", typed)


def template_names(ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Return the templates whose names begin with what is typed."""
    return _names(ctx, "templates", typed)


def version_names(ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Return the versions of the product that begin with what is typed, latest named first."""
    folder = _registry(ctx.params.get("repo")) / "products" / str(ctx.params.get("product"))
    found: dict[str, None] = {}
    for kind in ("versions", "deployments"):
        # The latest files have the versions that people decide on.
        for path in sorted(folder.glob(f"{kind}/*.yaml"), reverse=True)[:_LOGS_READ]:
            with suppress(OSError):
                lines = re.findall(r'\bversion: "([^"\s]+)"', path.read_text("utf-8", "replace"))
                found.update(dict.fromkeys(reversed(lines)))
    return [name for name in found if name.startswith(typed)]


def approval_types(ctx: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Return the groups of registry.yaml whose names begin with what is typed."""
    from versioner.validation.documents import validate_document

    path = _registry(ctx.params.get("repo")) / "registry.yaml"
    try:
        document, _ = validate_document("config", path.read_bytes(), "registry/registry.yaml")
    except OSError:
        return []
    return sorted(name for name in (document or {}).get("groups", {}) if name.startswith(typed))


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
