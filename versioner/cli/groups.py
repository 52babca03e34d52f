"""Commands under a noun, and how the help of each ends."""

from __future__ import annotations

import click

__all__ = ["NounGroup", "ending"]


class NounGroup(click.Group):
    """Group the commands of one noun; a mistyped one is told which may have been meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            from versioner.names import nearest

            near = nearest(args[0], self.commands)
            known = f" Did you mean {' or '.join(near)}?" if near else ""
            known = known or f" There are {', '.join(self.commands)}."
            ctx.fail(f"No such command '{ctx.command_path} {args[0]}'.{known}")
        return super().resolve_command(ctx, args)


def ending(*examples: str, keys: str = "") -> str:
    """Return the end of a help page: examples, and the keys of the JSON where there is any."""
    word = "Example" if len(examples) == 1 else "Examples"
    lines = [f"\b\n{word}:", *(f"  {example}" for example in examples)]
    text = "\n".join(lines)
    return f"{text}\n\nJSON keys (stable): {keys}" if keys else text
