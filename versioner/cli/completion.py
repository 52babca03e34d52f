"""versioner completion: the script that teaches a shell our commands and names."""

from __future__ import annotations

import click

from versioner.cli.groups import ending

__all__ = ["completion"]


@click.command(
    epilog=ending(
        'eval "$(versioner completion bash)"            # in ~/.bashrc',
        'eval "$(versioner completion zsh)"             # in ~/.zshrc',
        "versioner completion fish > ~/.config/fish/completions/versioner.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the shell's completion script: commands, options, products, environments."""
    from click.shell_completion import get_completion_class

    from versioner.cli.main import cli

    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(script(cli, {}, "versioner", "_VERSIONER_COMPLETE").source())
