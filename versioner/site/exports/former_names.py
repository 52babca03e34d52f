"""The names in addresses of files for other sites and programs, which follow no redirect of a page.

A badge in a README and the address of a feed stay right after a product or an environment got
another name: the file is there under each of its names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from versioner.site.context import SiteContext

__all__ = ["environment_names", "product_names"]


def product_names(context: SiteContext, name: str) -> list[str]:
    """Return the name of a product, and its former names."""
    return [name, *context.former_names.get(name, ())]


def environment_names(context: SiteContext, name: str) -> list[str]:
    """Return the name of an environment, and its former names that no other one has."""
    aliases = context.registry.environment_aliases.items()
    former = (old for old, new in aliases if new == name and old not in context.environments)
    return [name, *sorted(former)]
