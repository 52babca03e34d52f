"""Read what options ask for: what makes no sense there is a matter of usage."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from versioner.errors import InvalidInput, UsageFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

__all__ = ["assignments_of", "read_for"]


@contextmanager
def read_for(what: str) -> Iterator[None]:
    """Turn the refusal of a value into one of the option or argument it was given to."""
    try:
        yield
    except InvalidInput as error:
        raise UsageFault(f"{what}: {error.message}", hint=error.hint) from None


def assignments_of(
    _ctx: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuse a --set that assigns nothing."""
    for text in texts:
        if "=" not in text:
            raise UsageFault(
                f"--set {text}: that is not KEY=VALUE", hint="write --set extra_metadata.team=x"
            )
    return texts
